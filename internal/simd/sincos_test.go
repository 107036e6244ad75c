package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
)

// sinCosArguments covers every exponent up to 2^21, the neighbourhoods of
// multiples of π/2, where sines vanish, and what is no number.
func sinCosArguments() []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	x := []float32{0, float32(math.Copysign(0, -1)), float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1 << 20, -(1 << 20)}
	for exponent := -40; exponent <= 21; exponent++ {
		for range 200 {
			x = append(x, float32(math.Ldexp(2*r.Float64()-1, exponent)))
		}
	}
	for k := range 20000 {
		multiple := float32(float64(k) * math.Pi / 2 * float64(1+k%33))
		x = append(x, multiple, math.Nextafter32(multiple, 0), -math.Nextafter32(multiple, math.MaxFloat32))
	}
	return x
}

// TestSinCosIsAccurate compares with math.Sincos, whose error is far below a
// float32's last place.
func TestSinCosIsAccurate(t *testing.T) {
	worst := 0.0
	for _, v := range sinCosArguments() {
		sin, cos := sinCosRef(v)
		wantSin, wantCos := math.Sincos(float64(v))
		for _, pair := range [][2]float64{{float64(sin), wantSin}, {float64(cos), wantCos}} {
			got, want := pair[0], pair[1]
			if math.IsNaN(want) != math.IsNaN(got) {
				t.Fatalf("x = %v: %v, want %v", v, got, want)
			}
			place := float64(math.Nextafter32(float32(math.Abs(want)), math.MaxFloat32)) - float64(float32(math.Abs(want)))
			if place > 0 {
				worst = max(worst, math.Abs(got-want)/place)
			}
		}
	}
	if worst > 0.53 {
		t.Errorf("the worst error is %.3f units in the last place, want at most 0.53", worst)
	}
}

func TestSinCosVersionsAgree(t *testing.T) {
	x := sinCosArguments()
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 7, 8, 15, 16, 17, 255, 256, 300, len(x)} {
		for _, clean := range []bool{true, false} {
			arguments := make([]float32, n)
			for i := range arguments {
				arguments[i] = x[i]
				if clean && !(math.Abs(float64(x[i])) <= sinCosLargest) {
					arguments[i] = 1
				}
			}
			onVersions(t, func(v cpu.Version) {
				sin, check := guarded(r, n, 3)
				defer check(t)
				cos, check2 := guarded(r, n, 5)
				defer check2(t)
				SinCos(sin, cos, arguments)
				inPlace := append([]float32(nil), arguments...)
				other := make([]float32, n)
				SinCos(inPlace, other, inPlace)
				for i, a := range arguments {
					wantSin, wantCos := sinCosRef(a)
					if !same(sin[i], wantSin) || !same(cos[i], wantCos) || !same(inPlace[i], wantSin) || !same(other[i], wantCos) {
						t.Fatalf("%v, x[%d] = %v: %v, %v and in place %v, %v; want %v, %v", v, i, a, sin[i], cos[i], inPlace[i], other[i], wantSin, wantCos)
					}
				}
			})
		}
	}
}

// same compares bits, but for the payload of NaNs.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func BenchmarkSinCos(b *testing.B) {
	const n = 4096
	x, sin, cos := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i] = float32(i)/100 - 20
	}
	onVersions(b, func(v cpu.Version) {
		b.Run(v.String(), func(b *testing.B) {
			b.SetBytes(12 * n)
			b.ReportAllocs()
			for b.Loop() {
				SinCos(sin, cos, x)
			}
		})
	})
}
