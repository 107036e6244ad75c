package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

var (
	adamWStep    = &AdamWStep{Rate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decay: 0.05, Correction1: 1 / 0.19, Correction2: 1 / 0.002}
	momentumStep = &MomentumStep{Rate: 0.01, Momentum: 0.9, Decay: 0.0005}
)

// vectorKernels apply each kernel to four slices of the same length.
var vectorKernels = []struct {
	name  string
	call  func(a, b, c, d []float32)
	exact bool // bits agree for NaNs too, whose payload depends on the order of operands
	bytes int64
}{
	{"Add", func(a, b, c, d []float32) { Add(a, b) }, false, 12},
	{"Multiply", func(a, b, c, d []float32) { Multiply(a, b, c, 0.3) }, false, 12},
	{"AddConstant", func(a, b, c, d []float32) { AddConstant(a, 0.3) }, false, 8},
	{"Relu", func(a, b, c, d []float32) { Relu(a, b) }, true, 8},
	{"Relu in place", func(a, b, c, d []float32) { Relu(a, a) }, true, 8},
	{"ReluBackward", func(a, b, c, d []float32) { ReluBackward(a, b, c) }, true, 12},
	{"ReluBackward in place", func(a, b, c, d []float32) { ReluBackward(a, a, c) }, true, 12},
	{"AddSquares", func(a, b, c, d []float32) { AddSquares(a, b) }, false, 12},
	{"ResponseNorm", func(a, b, c, d []float32) { ResponseNorm(a, b, d, 0.5, 0.3) }, false, 12},
	{"ResponseNormBackward", func(a, b, c, d []float32) { ResponseNormBackward(a, b, b, c, d, 0.5, 0.3) }, false, 20},
	{"SubtractProducts", func(a, b, c, d []float32) { SubtractProducts(a, b, c, 0.3) }, false, 16},
	{"Momentum", func(a, b, c, d []float32) { Momentum(a, b, c, momentumStep) }, false, 20},
	{"AdamW", func(a, b, c, d []float32) { AdamW(a, b, c, d, adamWStep) }, false, 28},
}

func TestVectors(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 100).Draw(rt, "n")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		values := rapid.SampledFrom([]string{"ordinary", "special"}).Draw(rt, "values")
		for _, k := range vectorKernels {
			inputs := [4][]float32{random(r, n), random(r, n), random(r, n), random(r, n)}
			for i := range inputs {
				if k.exact && values == "special" {
					special(r, inputs[i])
				}
			}
			for i, v := range inputs[3] {
				inputs[3][i] = float32(math.Abs(float64(v))) // AdamW's v, sums of squares
			}
			var want [4][]float32
			onVersions(t, func(v cpu.Version) {
				var got [4][]float32
				for i := range got {
					x, check := guarded(r, n, 2*i+1)
					defer check(t)
					copy(x, inputs[i])
					got[i] = x
				}
				k.call(got[0], got[1], got[2], got[3])
				if v == cpu.Ref {
					want = got
				}
				for i := range got {
					if !sameBits(got[i], want[i]) {
						t.Fatalf("%s: %v differs from ref for %d floats in argument %d", k.name, v, n, i)
					}
				}
			})
		}
	})
}

// TestSteps compares the reference with the equations in float64.
func TestSteps(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	const n = 50
	param, grad, m, v := random(r, n), random(r, n), random(r, n), random(r, n)
	for i := range n {
		v[i] *= v[i]
		p, g := float64(param[i]), float64(grad[i])
		mi, vi := 0.9*float64(m[i])+0.1*g, 0.999*float64(v[i])+0.001*g*g
		want := p - 0.01*(mi/0.19/(math.Sqrt(vi/0.002)+1e-8)+0.05*p)
		velocity := 0.9*float64(m[i]) + 0.01*(g+0.0005*p)

		one := func(x float32) []float32 { return []float32{x} }
		got := one(param[i])
		AdamW(got, one(grad[i]), one(m[i]), one(v[i]), adamWStep)
		near(t, "AdamW", got[0], want)
		got = one(param[i])
		Momentum(got, one(grad[i]), one(m[i]), momentumStep)
		near(t, "Momentum", got[0], p-velocity)
	}
}

func near(t *testing.T, name string, got float32, want float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > 1e-6 {
		t.Fatalf("%s: %v, want %v", name, got, want)
	}
}

func TestRelu(t *testing.T) {
	nan, negative := float32(math.NaN()), float32(math.Copysign(0, -1))
	x := []float32{-1, 2, 0, negative, nan}
	y := make([]float32, len(x))
	Relu(y, x)
	if !sameBits(y, []float32{0, 2, 0, negative, nan}) {
		t.Errorf("Relu(%v) = %v", x, y)
	}
	dx := make([]float32, len(x))
	ReluBackward(dx, []float32{1, 2, 3, 4, 5}, y)
	if !sameBits(dx, []float32{0, 2, 0, 0, 0}) {
		t.Errorf("ReluBackward = %v", dx)
	}
}

func BenchmarkVectors(b *testing.B) {
	const n = 1 << 12
	r := rand.New(rand.NewPCG(1, 1))
	x := [4][]float32{random(r, n), random(r, n), random(r, n), make([]float32, n)}
	for _, k := range vectorKernels {
		onVersions(b, func(v cpu.Version) {
			b.Run(k.name+"/"+v.String(), func(b *testing.B) {
				b.SetBytes(k.bytes * n)
				for b.Loop() {
					k.call(x[0], x[1], x[2], x[3])
				}
			})
		})
	}
}
