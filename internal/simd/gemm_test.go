package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

const guard = float32(12345)

// guarded returns n random floats that start off a cache line, with guard
// values around them, and a function that checks those.
func guarded(r *rand.Rand, n, offset int) (x []float32, check func(t testing.TB)) {
	const margin = 40
	all := make([]float32, n+2*margin)
	for i := range all {
		all[i] = guard
	}
	x = all[margin-offset : margin-offset+n : margin-offset+n]
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
	return x, func(t testing.TB) {
		t.Helper()
		for i, v := range all {
			if at := i - (margin - offset); (at < 0 || at >= n) && v != guard {
				t.Fatalf("element %d of a slice of %d was overwritten", at, n)
			}
		}
	}
}

func random(r *rand.Rand, n int) []float32 {
	x, _ := guarded(r, n, 0)
	return x
}

// onVersions runs body once for every kernel version.
func onVersions(t testing.TB, body func(v cpu.Version)) {
	for _, v := range cpu.Available() {
		restore := cpu.Use(v)
		body(v)
		restore()
	}
}

func sameBits(x, y []float32) bool {
	for i := range x {
		if math.Float32bits(x[i]) != math.Float32bits(y[i]) {
			return false
		}
	}
	return len(x) == len(y)
}

// product is a random problem: C has a leading dimension larger than its
// columns, A any strides, and B contiguous rows or columns.
type product struct {
	a, b     Matrix
	c        []float32
	stride   int // of C
	m, n, k  int
	epilogue Epilogue
}

func drawProduct(t *rapid.T) (product, *rand.Rand) {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	size := rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(1, 70), rapid.IntRange(1, 300))
	depth := rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(1, 70), rapid.IntRange(500, 1100))
	p := product{m: size.Draw(t, "m"), n: size.Draw(t, "n"), k: depth.Draw(t, "k")}
	p.epilogue = Epilogue{Accumulate: rapid.Bool().Draw(t, "accumulate"), ReLU: rapid.Bool().Draw(t, "ReLU")}
	switch rapid.SampledFrom([]string{"none", "rows", "columns"}).Draw(t, "bias") {
	case "rows":
		p.epilogue.RowBias, _ = guarded(r, p.m, 1)
	case "columns":
		p.epilogue.ColumnBias, _ = guarded(r, p.n, 1)
	}
	extra := rapid.IntRange(0, 3)
	p.a = view(r, p.m, p.k, rapid.IntRange(1, 2).Draw(t, "inner stride of A"), extra.Draw(t, "extra of A"), rapid.Bool().Draw(t, "A transposed"))
	p.b = view(r, p.k, p.n, 1, extra.Draw(t, "extra of B"), rapid.Bool().Draw(t, "B transposed"))
	p.stride = p.n + extra.Draw(t, "extra of C")
	p.c = random(r, p.m*p.stride)
	return p, r
}

func view(r *rand.Rand, rows, cols, inner, extra int, transposed bool) Matrix {
	if transposed {
		return view(r, cols, rows, inner, extra, false).T()
	}
	stride := cols*inner + extra
	return Matrix{Data: random(r, rows*stride+1)[1:], Rows: rows, Cols: cols, RowStride: stride, ColStride: inner}
}

// run returns a copy of C with the product in it.
func (p product) run(t testing.TB, r *rand.Rand) []float32 {
	c, check := guarded(r, len(p.c), 3)
	copy(c, p.c)
	scratch, checkScratch := guarded(r, GemmScratch(p.m, p.n, p.k), 1)
	Gemm(p.matrix(c), p.a, p.b, p.epilogue, scratch)
	check(t)
	checkScratch(t)
	return c
}

func (p product) matrix(c []float32) Matrix {
	return Matrix{Data: c, Rows: p.m, Cols: p.n, RowStride: p.stride, ColStride: 1}
}

// verify compares with sums in float64, and what lies between the rows of C
// with what was there.
func (p product) verify(t testing.TB, c []float32) {
	for i := range p.m {
		for j := range p.stride {
			old := float64(p.c[i*p.stride+j])
			want, size := old, math.Abs(old)
			if j < p.n {
				want, size = p.element(i, j, old)
			}
			got := float64(c[i*p.stride+j])
			if !(math.Abs(got-want) <= 1e-6*size) {
				t.Fatalf("%v: C(%d, %d) = %v, want %v", cpu.Current(), i, j, got, want)
			}
		}
	}
}

// element returns an element of C and the sum of the sizes of its terms.
func (p product) element(i, j int, old float64) (sum, size float64) {
	add := func(term float64) {
		sum += term
		size += math.Abs(term)
	}
	if p.epilogue.Accumulate {
		add(old)
	}
	if bias := p.epilogue.RowBias; bias != nil {
		add(float64(bias[i]))
	}
	if bias := p.epilogue.ColumnBias; bias != nil {
		add(float64(bias[j]))
	}
	for q := range p.k {
		add(float64(p.a.Data[i*p.a.RowStride+q*p.a.ColStride]) * float64(p.b.Data[q*p.b.RowStride+j*p.b.ColStride]))
	}
	if p.epilogue.ReLU {
		sum = max(sum, 0)
	}
	return sum, size
}

func TestGemm(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p, r := drawProduct(rt)
		results := map[cpu.Version][]float32{}
		onVersions(t, func(v cpu.Version) {
			c := p.run(t, r)
			p.verify(t, c)
			results[v] = c
		})
		if best := results[cpu.AVX512]; best != nil && !sameBits(best, results[cpu.AVX2]) {
			t.Fatal("AVX2 and AVX-512 differ")
		}
	})
}

// TestGemmEpilogue compares with a product that accumulates only, and passes
// over C after it, to the last bit. A row of A that holds NaN gives a row of it.
func TestGemmEpilogue(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p, r := drawProduct(rt)
		if p.m > 0 && p.k > 0 && rapid.Bool().Draw(rt, "NaN") {
			p.a.Data[0] = float32(math.NaN())
		}
		plain := p
		plain.epilogue = Epilogue{Accumulate: p.epilogue.Accumulate}
		onVersions(t, func(v cpu.Version) {
			got, want := p.run(t, r), plain.run(t, r)
			for i := range p.m {
				row := want[i*p.stride:][:p.n]
				for j := range row {
					if p.epilogue.RowBias != nil {
						row[j] += p.epilogue.RowBias[i]
					}
					if p.epilogue.ColumnBias != nil {
						row[j] += p.epilogue.ColumnBias[j]
					}
					if p.epilogue.ReLU && row[j] < 0 {
						row[j] = 0
					}
				}
			}
			for i := range want {
				bothNaN := math.IsNaN(float64(got[i])) && math.IsNaN(float64(want[i]))
				if !bothNaN && !sameBits(got[i:i+1], want[i:i+1]) {
					t.Fatalf("%v: element %d of C is %v, want %v", v, i, got[i], want[i])
				}
			}
		})
	})
}

// TestGemmTiles runs every height and width of tiles.
func TestGemmTiles(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for m := 1; m <= 15; m++ {
		for n := 1; n <= 66; n++ {
			p := product{m: m, n: n, k: 3, stride: n + 1, epilogue: Epilogue{Accumulate: n%2 == 0, ReLU: n%3 == 0}}
			p.a, p.b, p.c = view(r, m, 3, 1, 0, m%2 == 0), view(r, 3, n, 1, 0, m%3 == 0), random(r, m*(n+1))
			if n%5 < 2 {
				p.epilogue.ColumnBias = random(r, n)
			} else if n%5 < 4 {
				p.epilogue.RowBias = random(r, m)
			}
			onVersions(t, func(cpu.Version) { p.verify(t, p.run(t, r)) })
		}
	}
}

// TestGemmCollidingRows has rows of B that are packed though contiguous.
func TestGemmCollidingRows(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	p := product{m: 130, n: 75, k: 20, stride: 75, c: random(r, 130*75)}
	p.a, p.b = view(r, p.m, p.k, 1, 0, false), view(r, p.k, p.n, 1, 1024-p.n, false)
	onVersions(t, func(cpu.Version) { p.verify(t, p.run(t, r)) })
}

// TestGemmTiled cuts C into four tiles at a random element.
func TestGemmTiled(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p, r := drawProduct(rt)
		i, j := rapid.IntRange(0, p.m).Draw(rt, "i"), rapid.IntRange(0, p.n).Draw(rt, "j")
		onVersions(t, func(v cpu.Version) {
			whole := p.run(t, r)
			tiled := append([]float32(nil), p.c...)
			tile := func(i0, i1, j0, j1 int) {
				if i0 == i1 || j0 == j1 || p.k == 0 {
					return
				}
				Gemm(p.matrix(tiled).slice(i0, j0, i1-i0, j1-j0), p.a.slice(i0, 0, i1-i0, p.k), p.b.slice(0, j0, p.k, j1-j0),
					p.epilogue.slice(i0, j0, i1-i0, j1-j0), make([]float32, GemmScratch(i1-i0, j1-j0, p.k)))
			}
			tile(0, i, 0, j)
			tile(0, i, j, p.n)
			tile(i, p.m, 0, j)
			tile(i, p.m, j, p.n)
			if p.k > 0 && !sameBits(whole, tiled) {
				t.Fatalf("%v: tiles at (%d, %d) differ from the whole", v, i, j)
			}
		})
	})
}

func TestGemmAllocates(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	a, b, c := random(r, 20*30), random(r, 30*40), random(r, 20*40)
	scratch := make([]float32, GemmScratch(20, 40, 30))
	onVersions(t, func(v cpu.Version) {
		n := testing.AllocsPerRun(10, func() {
			Gemm(RowMajor(c, 20, 40), RowMajor(a, 20, 30), RowMajor(b, 40, 30).T(), Epilogue{ReLU: true}, scratch)
		})
		if n != 0 {
			t.Errorf("%v: %v allocations", v, n)
		}
	})
}

func TestGemmPanics(t *testing.T) {
	x := make([]float32, 100)
	for name, call := range map[string]func(){
		"shapes": func() {
			Gemm(RowMajor(x, 2, 3), RowMajor(x, 2, 4), RowMajor(x, 3, 3), Epilogue{}, make([]float32, 9999))
		},
		"scratch": func() { Gemm(RowMajor(x, 2, 3), RowMajor(x, 2, 4), RowMajor(x, 4, 3), Epilogue{}, nil) },
		"bias": func() {
			Gemm(RowMajor(x, 2, 3), RowMajor(x, 2, 4), RowMajor(x, 4, 3), Epilogue{RowBias: x[:3]}, make([]float32, 9999))
		},
		"data": func() {
			Gemm(RowMajor(x[:5], 2, 3), RowMajor(x, 2, 4), RowMajor(x, 4, 3), Epilogue{}, make([]float32, 9999))
		},
		"strides": func() {
			Gemm(RowMajor(x, 3, 2).T(), RowMajor(x, 2, 4), RowMajor(x, 4, 3), Epilogue{}, make([]float32, 9999))
		},
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

// gemmShapes are those of LeNet and CaffeNet layers, by role.
var gemmShapes = []struct {
	name                     string
	m, n, k                  int
	transposedA, transposedB bool
	accumulate               bool
}{
	{"conv forward 2", 50, 64, 500, false, false, false},
	{"conv forward 1", 20, 576, 25, false, false, false},
	{"conv data gradient", 500, 64, 50, true, false, false},
	{"conv weight gradient 2", 500, 50, 64, false, true, true},
	{"conv weight gradient 1", 25, 20, 576, false, true, true},
	{"dense forward 64", 64, 500, 800, false, true, false},
	{"dense forward 128", 128, 500, 800, false, true, false},
	{"dense output", 128, 10, 1024, false, true, false},
	{"dense data gradient", 128, 800, 500, false, false, false},
	{"dense weight gradient", 500, 800, 128, true, false, true},
	{"square 512", 512, 512, 512, false, false, false},
	{"square 1024", 1024, 1024, 1024, false, false, false},
}

func BenchmarkGemm(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, s := range gemmShapes {
		onVersions(b, func(v cpu.Version) {
			b.Run(fmt.Sprintf("%s %dx%dx%d/%v", s.name, s.m, s.k, s.n, v), func(b *testing.B) {
				x, y := view(r, s.m, s.k, 1, 0, s.transposedA), view(r, s.k, s.n, 1, 0, s.transposedB)
				c := RowMajor(random(r, s.m*s.n), s.m, s.n)
				scratch := make([]float32, GemmScratch(s.m, s.n, s.k))
				b.ReportAllocs()
				for b.Loop() {
					Gemm(c, x, y, Epilogue{Accumulate: s.accumulate}, scratch)
				}
				reportRate(b, 2*s.m*s.n*s.k)
			})
		})
	}
}

func reportRate(b *testing.B, operations int) {
	b.ReportMetric(float64(operations)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
}

func TestGemmScratchGrows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.IntRange(0, 2000)
		m, n, k := size.Draw(rt, "m"), size.Draw(rt, "n"), size.Draw(rt, "k")
		less := func(n int) int { return rapid.IntRange(0, n).Draw(rt, "smaller") }
		if small, large := GemmScratch(less(m), less(n), less(k)), GemmScratch(m, n, k); small > large {
			t.Fatalf("a smaller product needs %d floats, more than %d", small, large)
		}
	})
}
