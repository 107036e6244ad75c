package fastfood

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

// step is everything that a Workspace computes from a batch.
type step struct {
	y, dx []float32
	d     *Gradients
}

// runStep does a step by one version of the kernels. Memory around the rows is
// guarded.
func runStep(t fataler, version cpu.Version, v *Transform, x, dy []float32) step {
	defer cpu.Use(version)()
	const guard, margin = -77, 16
	guarded := func(n int) (memory, inside []float32) {
		memory = slices.Repeat([]float32{guard}, n+2*margin)
		return memory, memory[margin-3:][:n]
	}
	yMemory, y := guarded(len(dy))
	dxMemory, dx := guarded(len(x))
	d := newGradients(v)
	w := NewWorkspace(v, len(x)/v.Inputs, true)
	w.Forward(y, x)
	w.Backward(dx, dy, x, d)
	for _, memory := range [][]float32{yMemory, dxMemory} {
		for i, value := range memory {
			if outside := i < margin-3 || i >= len(memory)-margin-3; outside && value != guard {
				t.Fatalf("%v: %v was written %d floats from the start of a guarded slice", version, value, i-margin+3)
			}
		}
	}
	return step{y, dx, d}
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface{ Fatalf(string, ...any) }

// checkVersions compares every version with rows one by one, in Go.
func checkVersions(t fataler, v *Transform, x, dy []float32) {
	want := runStep(t, cpu.Ref, v, x, dy)
	for _, version := range cpu.Available() {
		got := runStep(t, version, v, x, dy)
		for i := range want.y {
			if math.Float32bits(got.y[i]) != math.Float32bits(want.y[i]) {
				t.Fatalf("%v: y[%d, %d] = %v, want the bits of %v", version, i/v.Outputs, i%v.Outputs, got.y[i], want.y[i])
			}
		}
		// An output is about 1, so that this is the size of a sum for S. There
		// may be few of those, all of them small by chance.
		size := math.Sqrt(float64(len(x) / v.Inputs))
		checkClose(t, version, "S", got.d.S, want.d.S, size)
		checkClose(t, version, "G", got.d.G, want.d.G, meanSize(want.d.G))
		checkClose(t, version, "B", got.d.B, want.d.B, meanSize(want.d.B))
		checkClose(t, version, "x", got.dx, want.dx, meanSize(want.dx))
	}
}

// meanSize returns the root of the mean square.
func meanSize(x []float32) float64 { return norm(x) / math.Sqrt(float64(len(x))) }

func norm(x []float32) float64 {
	var squares float64
	for _, v := range x {
		squares += float64(v) * float64(v)
	}
	return math.Sqrt(squares)
}

// checkClose compares up to the rounding of numbers of the given size.
func checkClose(t fataler, version cpu.Version, name string, got, want []float32, size float64) {
	for i := range want {
		if difference := math.Abs(float64(got[i]) - float64(want[i])); !(difference <= 1e-5*size) {
			t.Fatalf("%v: d%s[%d] = %v, want %v", version, name, i, got[i], want[i])
		}
	}
}

func TestVersionsAgree(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		inputs := rapid.IntRange(1, 600).Draw(r, "inputs")
		outputs := rapid.IntRange(1, 1500).Draw(r, "outputs")
		batch := rapid.IntRange(1, 40).Draw(r, "batch")
		v := mustSample(r, inputs, outputs, 1, rapid.Uint64().Draw(r, "seed"), drawOptions(r, inputs))
		checkVersions(r, v, gaussian(batch*inputs, 1), gaussian(batch*outputs, 2))
	})
}

// TestVersionsAgreeOnEverySize takes sizes around those of tiles and parts.
func TestVersionsAgreeOnEverySize(t *testing.T) {
	for dim := 16; dim <= 4096; dim *= 2 {
		for _, size := range [][2]int{{dim, dim}, {dim/2 + 1, dim + 1}, {dim - 7, 2*dim - 15}} {
			v := mustSample(t, size[0], size[1], 1.4, 3)
			batches := []int{1, 3, 8, 11, 16, 19, 40}
			if dim <= 64 {
				batches = nil
				for batch := range 40 {
					batches = append(batches, batch+1)
				}
			}
			for _, batch := range batches {
				checkVersions(t, v, gaussian(batch*size[0], 1), gaussian(batch*size[1], 2))
			}
		}
	}
}

// TestVersionsAgreeOnMixedSizes takes Dims with and without tiles, with parts of
// runs and of none.
func TestVersionsAgreeOnMixedSizes(t *testing.T) {
	for _, dim := range []int{12, 24, 40, 56, 72, 144, 160, 400, 576, 800, 1280, 9216} {
		for _, size := range [][2]int{{dim, dim}, {dim - 1, dim + 1}} {
			v := mustSample(t, size[0], size[1], 1.4, 3, Options{Padding: Mixed})
			if v.Dim != dim {
				t.Fatalf("Dim %d, want %d", v.Dim, dim)
			}
			for _, batch := range []int{1, 3, 8, 19} {
				checkVersions(t, v, gaussian(batch*size[0], 1), gaussian(batch*size[1], 2))
			}
		}
	}
}

// TestDiagonalsBeyondRows has infinities where no input or output is. They
// must not meet the zeros of the padding.
func TestDiagonalsBeyondRows(t *testing.T) {
	const inputs, outputs, batch = 21, 50, 11
	v := mustSample(t, inputs, outputs, 1, 3)
	for b := range v.Blocks {
		for i := inputs; i < v.Dim; i++ {
			v.B[b*v.Dim+i] = float32(math.Inf(1))
		}
	}
	for i := outputs; i < len(v.S); i++ {
		v.S[i] = float32(math.Inf(1))
	}
	checkVersions(t, v, gaussian(batch*inputs, 1), gaussian(batch*outputs, 2))
}

func TestBackwardOfTiles(t *testing.T) {
	const inputs, outputs, batch = 50, 300, 37
	v := mustSample(t, inputs, outputs, 1, 5)
	x, dy := gaussian(batch*inputs, 1), gaussian(batch*outputs, 2)
	for _, version := range cpu.Available() {
		restore := cpu.Use(version)
		run := func(cores int, dx []float32, d *Gradients) []float32 {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			w := NewWorkspace(v, batch, true)
			y := make([]float32, len(dy))
			w.Forward(y, x)
			w.Backward(slices.Clone(dx), dy, x, d) // what it leaves must not matter
			w.Backward(dx, dy, x, d)
			if d == nil {
				return dx
			}
			return slices.Concat(y, dx, d.S, d.G, d.B)
		}
		gradients := func() *Gradients {
			return newGradients(v)
		}
		dx := slices.Repeat([]float32{float32(math.NaN())}, len(x))
		all := run(1, dx, gradients())
		if !slices.Equal(run(3, make([]float32, len(x)), gradients()), all) {
			t.Errorf("%v: cores matter", version)
		}
		if !slices.Equal(run(1, make([]float32, len(x)), nil), dx) {
			t.Errorf("%v: dx depends on whether gradients are wanted", version)
		}
		d := gradients()
		if run(1, nil, d); !slices.Equal(slices.Concat(d.S, d.G, d.B), all[len(dy)+len(x):]) {
			t.Errorf("%v: gradients depend on whether dx is wanted", version)
		}
		restore()
	}
}

func TestTilesAllocateNothing(t *testing.T) {
	for _, version := range cpu.Available() {
		restore := cpu.Use(version)
		for _, options := range []Options{{}, {Padding: Mixed}, {Group: 4}} {
			v := mustSample(t, 158, 250, 1, 1, options) // Dim 256 or 160
			x, dy := gaussian(21*158, 1), gaussian(21*250, 2)
			y, dx := make([]float32, len(dy)), make([]float32, len(x))
			d := newGradients(v)
			w := NewWorkspace(v, 21, true)
			w.Forward(y, x)
			if n := testing.AllocsPerRun(20, func() {
				w.Forward(y, x)
				w.Backward(dx, dy, x, d)
			}); n != 0 {
				t.Errorf("%v, Dim %d: %v allocations a step", version, v.Dim, n)
			}
		}
		restore()
	}
}

// BenchmarkForward and BenchmarkForwardBackward use one core. They compare
// versions with rows one by one, whose transforms have the best kernels too.
func BenchmarkForward(b *testing.B)         { benchmarkSizes(b, false) }
func BenchmarkForwardBackward(b *testing.B) { benchmarkSizes(b, true) }

func benchmarkSizes(b *testing.B, training bool) {
	for _, size := range [][2]int{{1024, 1024}, {4096, 4096}, {9216, 16384}} {
		for _, batch := range []int{1, 16, 64, 256} {
			for _, version := range cpu.Available() {
				for _, rows := range []bool{true, false} {
					name := fmt.Sprintf("%d→%d/batch=%d/%v", size[0], size[1], batch, version)
					if rows {
						name += "/rows"
					}
					if version > cpu.Ref {
						b.Run(name, func(b *testing.B) { benchmark(b, size[0], size[1], batch, version, rows, training, Options{}) })
					}
				}
			}
		}
	}
}

// BenchmarkPadding compares as many outputs as a block of the mixed length has.
func BenchmarkPadding(b *testing.B) {
	for _, inputs := range []int{800, 9216} {
		for _, batch := range []int{1, 64} {
			for _, version := range cpu.Available()[1:] {
				for _, padding := range []Padding{PowerOfTwo, Mixed} {
					b.Run(fmt.Sprintf("%d/batch=%d/%v/%s", inputs, batch, version, padding), func(b *testing.B) {
						benchmark(b, inputs, inputs, batch, version, false, true, Options{Padding: padding})
					})
				}
			}
		}
	}
}

// BenchmarkGroups compares matrices in G with a diagonal.
func BenchmarkGroups(b *testing.B) {
	for _, training := range []bool{false, true} {
		for _, batch := range []int{1, 64} {
			for _, version := range cpu.Available()[1:] {
				for _, group := range []int{1, 2, 4, 8} {
					b.Run(fmt.Sprintf("training=%v/batch=%d/%v/group=%d", training, batch, version, group), func(b *testing.B) {
						benchmark(b, 1024, 1024, batch, version, false, training, Options{Group: group})
					})
				}
			}
		}
	}
}

func benchmark(b *testing.B, inputs, outputs, batch int, version cpu.Version, rows, training bool, options Options) {
	defer cpu.Use(version)()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	v := mustSample(b, inputs, outputs, math.Sqrt2, 1, options)
	x, y := gaussian(batch*inputs, 1), make([]float32, batch*outputs)
	dx := make([]float32, len(x))
	d := newGradients(v)
	w := NewWorkspace(v, batch, training)
	w.rowByRow = rows
	step := func() {
		w.Forward(y, x)
		if training {
			w.Backward(dx, y, x, d)
		}
	}
	step() // so that there is memory behind
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/row")
}

// BenchmarkPermutation compares a uniform Π with the identity, forward on one
// core: that is what the order costs, and all that another order could gain in
// the same loops. A batch of 64 moves the vectors of tiles. One of 1 moves single
// numbers, also where a structured Π would allow vectors.
func BenchmarkPermutation(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, n := range []int{1024, 4096, 16384} {
		uniform := mustSample(b, n, n, math.Sqrt2, 1)
		identity := *uniform
		identity.Perm = make([]int32, n)
		for i := range identity.Perm {
			identity.Perm[i] = int32(i)
		}
		for _, batch := range []int{1, 64} {
			b.Run(fmt.Sprintf("%d/batch=%d/uniform", n, batch), func(b *testing.B) { benchmarkForward(b, uniform, batch) })
			b.Run(fmt.Sprintf("%d/batch=%d/identity", n, batch), func(b *testing.B) { benchmarkForward(b, &identity, batch) })
		}
	}
}

func benchmarkForward(b *testing.B, v *Transform, batch int) {
	w := NewWorkspace(v, batch, false)
	x, y := gaussian(batch*v.Inputs, 1), make([]float32, batch*v.Outputs)
	w.Forward(y, x) // so that there is memory behind
	b.ReportAllocs()
	for b.Loop() {
		w.Forward(y, x)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/row")
}

// TestSharedB: to compute H̃·B·x once for several blocks changes no bit.
func TestSharedB(t *testing.T) {
	for _, inputs := range []int{20, 64, 100} {
		v := mustSample(t, inputs, 11*64+5, 1, 1)
		const group = 4
		for b := range v.Blocks {
			copy(v.B[b*v.Dim:][:v.Dim], v.B[b/group*group*v.Dim:])
		}
		x := make([]float32, 21*inputs)
		for i := range x {
			x[i] = float32(i%13) - 6
		}
		want, got := make([]float32, 21*v.Outputs), make([]float32, 21*v.Outputs)
		NewWorkspace(v, 21, false).Forward(want, x)
		w := NewWorkspace(v, 21, false)
		w.SetSharedB(group)
		w.Forward(got, x)
		if !slices.Equal(got, want) {
			t.Errorf("%d inputs: other bits", inputs)
		}
	}
}
