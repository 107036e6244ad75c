package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
)

func TestScaledSinCosIsAccurate(t *testing.T) {
	worst := 0.0
	for _, v := range sinCosArguments() {
		sin, cos := scaledSinCosRef(v, 0.5)
		wantSin, wantCos := math.Sincos(float64(v))
		for _, pair := range [][2]float64{{float64(sin), wantSin}, {float64(cos), wantCos}} {
			got, want := 2*pair[0], pair[1]
			if math.IsNaN(want) != math.IsNaN(got) {
				t.Fatalf("x = %v: %v, want %v", v, got, want)
			}
			if !math.IsNaN(want) {
				worst = max(worst, math.Abs(got-want))
			}
		}
	}
	if worst > 3e-7 {
		t.Errorf("the worst error is %.3g, want at most 3e-7", worst)
	}
}

func TestScaledSinCosVersionsAgree(t *testing.T) {
	x := sinCosArguments()
	r := rand.New(rand.NewPCG(3, 4))
	const scale = 0.3
	for _, n := range []int{0, 1, 7, 8, 15, 16, 17, 255, 256, 300, len(x)} {
		for _, clean := range []bool{true, false} {
			arguments := make([]float32, n)
			for i := range arguments {
				arguments[i] = x[len(x)-n+i]
				if clean && !(math.Abs(float64(arguments[i])) <= scaledLargest) {
					arguments[i] = 1
				}
			}
			onVersions(t, func(v cpu.Version) {
				sin, check := guarded(r, n, 3)
				defer check(t)
				cos, check2 := guarded(r, n, 5)
				defer check2(t)
				alone, check3 := guarded(r, n, 1)
				defer check3(t)
				ScaledSinCos(sin, cos, arguments, scale)
				ScaledCos(alone, arguments, scale)
				for i, a := range arguments {
					wantSin, wantCos := scaledSinCosRef(a, scale)
					if !same(sin[i], wantSin) || !same(cos[i], wantCos) || !same(alone[i], wantCos) {
						t.Fatalf("%v, x[%d] = %v: %v, %v and alone %v; want %v, %v", v, i, a, sin[i], cos[i], alone[i], wantSin, wantCos)
					}
				}
			})
		}
	}
}

func BenchmarkScaledSinCos(b *testing.B) {
	const n = 4096
	x, sin, cos := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i] = float32(i)/100 - 20
	}
	onVersions(b, func(v cpu.Version) {
		b.Run("cos/"+v.String(), func(b *testing.B) {
			b.SetBytes(8 * n)
			for b.Loop() {
				ScaledCos(cos, x, 0.1)
			}
		})
		b.Run("sincos/"+v.String(), func(b *testing.B) {
			b.SetBytes(12 * n)
			for b.Loop() {
				ScaledSinCos(sin, cos, x, 0.1)
			}
		})
	})
}
