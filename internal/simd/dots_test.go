package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

// TestDots compares with sums in float64, and cuts the rows of B in two. AVX2 and
// AVX-512 agree to the last bit.
func TestDots(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		m, n, k := rapid.IntRange(0, 3).Draw(rt, "m"), rapid.IntRange(0, 40).Draw(rt, "n"), rapid.IntRange(0, 100).Draw(rt, "k")
		extra := rapid.IntRange(0, 3)
		p := product{m: m, n: n, k: k, stride: n + extra.Draw(rt, "extra of C")}
		p.a, p.b = view(r, m, k, 1, extra.Draw(rt, "extra of A"), false), view(r, k, n, 1, extra.Draw(rt, "extra of B"), true)
		p.c = random(r, m*p.stride)
		p.epilogue.ReLU = rapid.Bool().Draw(rt, "ReLU")
		if rapid.Bool().Draw(rt, "bias") {
			p.epilogue.ColumnBias, _ = guarded(r, n, 1)
		}
		cut := rapid.IntRange(0, n).Draw(rt, "cut")
		var last []float32
		onVersions(t, func(v cpu.Version) {
			dots := func(bounds ...int) []float32 {
				c, check := guarded(r, len(p.c), 3)
				copy(c, p.c)
				for i := range len(bounds) - 1 {
					first, count := bounds[i], bounds[i+1]-bounds[i]
					Dots(p.matrix(c).slice(0, first, m, count), p.a, p.b.T().slice(first, 0, count, k), p.epilogue.slice(0, first, m, count))
				}
				check(t)
				return c
			}
			whole := dots(0, n)
			p.verify(t, whole)
			if !sameBits(whole, dots(0, cut, n)) {
				t.Fatalf("%v: %d rows cut at %d give other bits", v, n, cut)
			}
			if v != cpu.Ref && last != nil && !sameBits(whole, last) {
				t.Fatalf("%v gives other bits", v)
			}
			if v != cpu.Ref {
				last = whole
			}
		})
	})
}

// TestDotsOrder has sums whose order shows: 2^25 and ones, of which a chain
// loses some.
func TestDotsOrder(t *testing.T) {
	k := 40
	a, b, c := make([]float32, k), make([]float32, k), make([]float32, 1)
	for i := range a {
		a[i], b[i] = 1, 1
	}
	a[0] = 1 << 25
	want := make([]float32, 1)
	wide := RowMajor(b, 1, k)
	dotRowRef(want, a, &wide)
	onVersions(t, func(v cpu.Version) {
		Dots(RowMajor(c, 1, 1), RowMajor(a, 1, k), wide, Epilogue{})
		if c[0] != want[0] || c[0] == 1<<25 || math.Abs(float64(c[0])-float64(1<<25+39)) > 4 {
			t.Errorf("%v: %v, want %v", v, c[0], want[0])
		}
	})
}

func TestDotsAllocates(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	a, b, c := random(r, 40), random(r, 3*40), random(r, 3)
	onVersions(t, func(v cpu.Version) {
		if n := testing.AllocsPerRun(10, func() { Dots(RowMajor(c, 1, 3), RowMajor(a, 1, 40), RowMajor(b, 3, 40), Epilogue{}) }); n != 0 {
			t.Errorf("%v: %v allocations", v, n)
		}
	})
}

func TestDotsPanics(t *testing.T) {
	x := make([]float32, 100)
	for name, call := range map[string]func(){
		"shapes":     func() { Dots(RowMajor(x, 1, 3), RowMajor(x, 1, 4), RowMajor(x, 3, 3), Epilogue{}) },
		"strides":    func() { Dots(RowMajor(x, 1, 3), RowMajor(x, 4, 1), RowMajor(x, 4, 3).T(), Epilogue{}) },
		"data":       func() { Dots(RowMajor(x, 1, 3), RowMajor(x, 1, 4), RowMajor(x[:11], 3, 4), Epilogue{}) },
		"accumulate": func() { Dots(RowMajor(x, 1, 3), RowMajor(x, 1, 4), RowMajor(x, 3, 4), Epilogue{Accumulate: true}) },
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
