package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

// TestDotsInt8 compares with sums in float64, and cuts the rows of B in two. AVX2 and
// AVX-512 agree to the last bit.
func TestDotsInt8(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		m, n, k := rapid.IntRange(0, 3).Draw(rt, "m"), rapid.IntRange(0, 40).Draw(rt, "n"), rapid.IntRange(0, 100).Draw(rt, "k")
		numbers, scales := make([]int8, n*k), random(r, n)
		for i := range numbers {
			numbers[i] = int8(r.IntN(256) - 128)
		}
		a := random(r, m*(k+2))
		e := Epilogue{ReLU: rapid.Bool().Draw(rt, "ReLU")}
		if rapid.Bool().Draw(rt, "bias") {
			e.ColumnBias = random(r, n)
		}
		b := NewInt8Matrix(numbers, scales, n, k)
		for i := range b.Data { // behind the rows, where nothing counts
			if k > 0 && i%b.rowStride >= k {
				b.Data[i] = 99
			}
		}
		cut := rapid.IntRange(0, n).Draw(rt, "cut")
		var last []float32
		onVersions(t, func(v cpu.Version) {
			dots := func(bounds ...int) []float32 {
				c, check := guarded(r, m*(n+1), 3)
				for i := range len(bounds) - 1 {
					first, count := bounds[i], bounds[i+1]-bounds[i]
					to := Matrix{Data: c, Rows: m, Cols: n, RowStride: n + 1, ColStride: 1}
					from := Matrix{Data: a, Rows: m, Cols: k, RowStride: k + 2, ColStride: 1}
					DotsInt8(to.slice(0, first, m, count), from, b, first, e.slice(0, first, m, count))
				}
				check(t)
				return c
			}
			whole := dots(0, n)
			for i := range m {
				for j := range n {
					var want, size float64
					for p := range k {
						v := float64(a[i*(k+2)+p]) * float64(numbers[j*k+p]) * float64(scales[j])
						want, size = want+v, size+math.Abs(v)
					}
					if e.ColumnBias != nil {
						want += float64(e.ColumnBias[j])
					}
					if e.ReLU {
						want = max(want, 0)
					}
					if got := float64(whole[i*(n+1)+j]); !(math.Abs(got-want) <= 1e-5*(1+size)) {
						t.Fatalf("%v: c[%d, %d] = %v, want %v", v, i, j, got, want)
					}
				}
			}
			cutInTwo := dots(0, cut, n)
			for i := range m {
				if !sameBits(whole[i*(n+1):][:n], cutInTwo[i*(n+1):][:n]) {
					t.Fatalf("%v: %d rows cut at %d give other bits", v, n, cut)
				}
				if v != cpu.Ref && last != nil && !sameBits(whole[i*(n+1):][:n], last[i*(n+1):][:n]) {
					t.Fatalf("%v gives other bits", v)
				}
			}
			if v != cpu.Ref {
				last = whole
			}
		})
	})
}

func TestDotsInt8Panics(t *testing.T) {
	x := make([]float32, 100)
	b := NewInt8Matrix(make([]int8, 12), x[:3], 3, 4)
	for name, call := range map[string]func(){
		"numbers":    func() { NewInt8Matrix(make([]int8, 11), x[:3], 3, 4) },
		"scales":     func() { NewInt8Matrix(make([]int8, 12), x[:2], 3, 4) },
		"shapes":     func() { DotsInt8(RowMajor(x, 1, 3), RowMajor(x, 1, 5), b, 0, Epilogue{}) },
		"rows":       func() { DotsInt8(RowMajor(x, 1, 3), RowMajor(x, 1, 4), b, 1, Epilogue{}) },
		"accumulate": func() { DotsInt8(RowMajor(x, 1, 3), RowMajor(x, 1, 4), b, 0, Epilogue{Accumulate: true}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

// BenchmarkDotsInt8 compares with float32 where weights come from memory, on one core.
func BenchmarkDotsInt8(b *testing.B) {
	const n, k = 4096, 9216
	r := rand.New(rand.NewPCG(1, 1))
	weights, scales, a, c := random(r, n*k), random(r, n), random(r, k), make([]float32, n)
	numbers := make([]int8, n*k)
	for i := range numbers {
		numbers[i] = int8(r.IntN(255) - 127)
	}
	eighth := NewInt8Matrix(numbers, scales, n, k)
	for _, version := range cpu.Available()[1:] {
		restore := cpu.Use(version)
		b.Run(version.String()+"/float32", func(b *testing.B) {
			for b.Loop() {
				Dots(RowMajor(c, 1, n), RowMajor(a, 1, k), RowMajor(weights, n, k), Epilogue{})
			}
		})
		b.Run(version.String()+"/int8", func(b *testing.B) {
			for b.Loop() {
				DotsInt8(RowMajor(c, 1, n), RowMajor(a, 1, k), eighth, 0, Epilogue{})
			}
		})
		restore()
	}
}
