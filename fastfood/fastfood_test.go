package fastfood

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/check"
	"pgregory.net/rapid"
)

// denseMatrix multiplies the factors of V as dense matrices: H by its
// definition, H_ij = (-1)^(number of ones that i and j share), if Dim is a power
// of two, and else by package fwht.
func denseMatrix(t *Transform) []float64 {
	power := t.Dim&(t.Dim-1) == 0
	columns := make([]float64, t.Dim*t.Dim)
	for i := range t.Dim {
		columns[i*t.Dim+i] = 1
	}
	if !power {
		if err := fwht.TransformColumns(columns, t.Dim, t.Dim); err != nil {
			panic(err)
		}
	}
	hadamard := func(i, j int) float64 {
		sign := 1.0
		for both := i & j; both != 0; both &= both - 1 {
			sign = -sign
		}
		if !power {
			sign = columns[i*t.Dim+j]
		}
		return sign / math.Sqrt(float64(t.Dim))
	}
	v := make([]float64, t.Outputs*t.Inputs)
	for row := range t.Outputs {
		k, i := t.block(row/t.Dim), row%t.Dim
		for j := range t.Inputs {
			var sum float64
			for m := range t.Dim {
				for c := range k.group {
					column := m - m%k.group + c
					sum += hadamard(i, m) * float64(k.g[m*k.group+c]) * hadamard(int(k.perm[column]), j)
				}
			}
			v[row*t.Inputs+j] = float64(k.s[i]) * sum * float64(k.b[j])
		}
	}
	return v
}

// gaussian returns n normally distributed numbers.
func gaussian(n int, seed uint64) []float32 {
	source := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(source.NormFloat64())
	}
	return x
}

func mustSample(t fataler, inputs, outputs int, gain float64, seed uint64, options ...Options) *Transform {
	v, err := Sample(inputs, outputs, gain, seed, options...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return v
}

// drawOptions draws a padding, and a group that divides the length that it leads to.
func drawOptions(r *rapid.T, inputs int) Options {
	o := Options{Padding: rapid.SampledFrom([]Padding{PowerOfTwo, Mixed}).Draw(r, "padding")}
	_, dim, err := Size(inputs, 1, o)
	if err != nil {
		r.Fatalf("%v", err)
	}
	for o.Group = rapid.SampledFrom([]int{0, 1, 2, 4, 8}).Draw(r, "group"); dim%max(o.Group, 1) > 0; o.Group /= 2 {
	}
	return o
}

// newGradients returns zeros for all gradients.
func newGradients(t *Transform) *Gradients {
	return &Gradients{make([]float32, len(t.S)), make([]float32, len(t.G)), make([]float32, len(t.B))}
}

func TestForwardEqualsDenseMatrix(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		inputs := rapid.IntRange(1, 40).Draw(r, "inputs")
		outputs := rapid.IntRange(1, 150).Draw(r, "outputs")
		batch := rapid.IntRange(3, 21).Draw(r, "batch")
		seed := rapid.Uint64().Draw(r, "seed")
		v := mustSample(t, inputs, outputs, 1, seed, drawOptions(r, inputs))
		dense := denseMatrix(v)
		x := gaussian(batch*inputs, seed)
		y := make([]float32, batch*outputs)
		NewWorkspace(v, batch, rapid.Bool().Draw(r, "training")).Forward(y, x)
		for row := range batch {
			for i := range outputs {
				var want float64
				for j := range inputs {
					want += dense[i*inputs+j] * float64(x[row*inputs+j])
				}
				if got := y[row*outputs+i]; !(math.Abs(float64(got)-want) <= 1e-5) { // an output is about 1
					r.Fatalf("row %d, output %d: got %v, want %v", row, i, got, want)
				}
			}
		}
		for i, got := range v.Matrix() {
			if size := 1 / math.Sqrt(float64(v.Dim)); !(math.Abs(float64(got)-dense[i]) <= 1e-5*size) {
				r.Fatalf("Matrix()[%d] = %v, want %v", i, got, dense[i])
			}
		}
	})
}

// TestGradients compares Backward with central differences of the loss
// Σ weight ⊙ y. The loss is linear in each of x, S, G and B alone, so that the
// differences are exact up to rounding, of which a long step leaves little.
func TestGradients(t *testing.T) {
	for _, c := range []struct {
		inputs, outputs int
		options         Options
	}{
		{1, 1, Options{}}, {5, 7, Options{}}, {8, 8, Options{}}, {6, 3, Options{}}, {10, 40, Options{}},
		{10, 30, Options{Padding: Mixed}}, {20, 20, Options{Padding: Mixed}}, {33, 5, Options{Padding: Mixed}},
		{5, 7, Options{Group: 2}}, {8, 20, Options{Group: 4}}, {6, 3, Options{Group: 8}}, {30, 40, Options{Group: 8}},
		{10, 30, Options{Mixed, 4}}, {19, 20, Options{Mixed, 2}}, {33, 5, Options{Mixed, 4}}, {30, 40, Options{Group: 2}},
	} {
		inputs, outputs, batch := c.inputs, c.outputs, 5
		v := mustSample(t, inputs, outputs, 1.3, 7, c.options)
		x := gaussian(batch*inputs, 1)
		weight := gaussian(batch*outputs, 2)
		w := NewWorkspace(v, batch, true)
		loss := func() float64 {
			y := make([]float32, len(weight))
			w.Forward(y, x)
			var sum float64
			for i := range y {
				sum += float64(weight[i]) * float64(y[i])
			}
			return sum
		}
		loss()
		d := newGradients(v)
		dx := make([]float32, len(x))
		w.Backward(dx, weight, x, d)
		check := func(name string, values, gradient []float32) {
			t.Helper()
			size := meanSize(gradient)
			for i := range values {
				const step = 4
				before := values[i]
				values[i] = before + step
				up := loss()
				values[i] = before - step
				down := loss()
				values[i] = before
				if want := (up - down) / (2 * step); !(math.Abs(float64(gradient[i])-want) <= 1e-5*size) {
					t.Errorf("%d → %d: d%s[%d] = %v, want %v", inputs, outputs, name, i, gradient[i], want)
				}
			}
		}
		check("x", x, dx)
		check("S", v.S, d.S)
		check("G", v.G, d.G)
		check("B", v.B, d.B)
	}
}

func TestPadding(t *testing.T) {
	for _, c := range []struct {
		inputs      int
		padding     Padding
		blocks, dim int
	}{
		{800, PowerOfTwo, 2, 1024}, {800, Mixed, 3, 800},
		{790, Mixed, 3, 800}, {9216, Mixed, 1, 9216}, {2048, Mixed, 1, 2048}, {1, Mixed, 2000, 1},
	} {
		if blocks, dim, err := Size(c.inputs, 2000, Options{Padding: c.padding}); blocks != c.blocks || dim != c.dim || err != nil {
			t.Errorf("%d inputs, padding %q: %d blocks of %d, %v, want %d of %d", c.inputs, c.padding, blocks, dim, err, c.blocks, c.dim)
		}
	}
}

func TestBackwardAddsToGradientsAndOverwritesInput(t *testing.T) {
	v := mustSample(t, 6, 20, 1, 1)
	x, dy := gaussian(3*6, 3), gaussian(3*20, 4)
	w := NewWorkspace(v, 3, true)
	w.Forward(make([]float32, len(dy)), x)
	n := len(v.S)
	run := func(d *Gradients) []float32 {
		dx := slices.Repeat([]float32{99}, len(x))
		w.Backward(dx, dy, x, d)
		return dx
	}
	once := newGradients(v)
	dx := run(once)
	twice := &Gradients{slices.Clone(once.S), slices.Clone(once.G), slices.Clone(once.B)}
	if !slices.Equal(dx, run(twice)) || !slices.Equal(dx, run(nil)) {
		t.Error("dx depends on what it held, or on whether gradients are wanted")
	}
	for i := range n {
		if twice.S[i] != 2*once.S[i] || twice.G[i] != 2*once.G[i] || twice.B[i] != 2*once.B[i] {
			t.Fatalf("entry %d of a diagonal's gradient was not added to", i)
		}
	}
}

func TestResultsDoNotDependOnCores(t *testing.T) {
	v := mustSample(t, 50, 300, 1, 5)
	const batch = 37
	x, dy := gaussian(batch*50, 1), gaussian(batch*300, 2)
	run := func(cores int) []float32 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		w := NewWorkspace(v, batch, true)
		y, dx := make([]float32, len(dy)), make([]float32, len(x))
		d := newGradients(v)
		w.Forward(y, x)
		w.Backward(dx, dy, x, d)
		return slices.Concat(y, dx, d.S, d.G, d.B)
	}
	want := run(1)
	for _, cores := range []int{2, 4} {
		if !slices.Equal(run(cores), want) {
			t.Errorf("%d cores give other bits than one", cores)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	v := mustSample(t, 100, 256, 1, 1)
	x, dy := gaussian(16*100, 1), gaussian(16*256, 2)
	y, dx := make([]float32, len(dy)), make([]float32, len(x))
	d := newGradients(v)
	before := runtime.GOMAXPROCS(2) // a workspace asks once
	w := NewWorkspace(v, 16, true)
	runtime.GOMAXPROCS(before)
	step := func() {
		w.Forward(y, x)
		w.Backward(dx, dy, x, d)
	}
	check.Allocations(t, "Forward and Backward", 1000, step)
}

func TestCallersMistakesPanic(t *testing.T) {
	v := mustSample(t, 8, 16, 1, 1)
	x, y := gaussian(5*8, 1), make([]float32, 5*16)
	for name, call := range map[string]func(){
		"permutation": func() {
			other := *v
			other.Perm = make([]int32, 16)
			NewWorkspace(&other, 5, true)
		},
		"no forward": func() { NewWorkspace(v, 5, true).Backward(nil, y, x, nil) },
		"other batch": func() {
			w := NewWorkspace(v, 5, true)
			w.Forward(y, x)
			w.Backward(nil, y[:32], x[:16], nil)
		},
		"not for training": func() { NewWorkspace(v, 5, false).Backward(nil, y, x, nil) },
		"large batch":      func() { NewWorkspace(v, 4, false).Forward(y, x) },
		"lengths":          func() { NewWorkspace(v, 5, false).Forward(y, x[1:]) },
		"outputs":          func() { NewWorkspace(v, 5, false).Forward(y[1:], x) },
		"no transform":     func() { NewWorkspace(nil, 5, false) },
		"negative batch":   func() { NewWorkspace(v, -1, false) },
		"absurd batch":     func() { NewWorkspace(v, math.MaxInt, true) },
		"in place": func() {
			square := mustSample(t, 16, 16, 1, 1)
			NewWorkspace(square, 5, false).Forward(y, y)
		},
		"gradient in place of x": func() {
			w := NewWorkspace(v, 5, true)
			w.Forward(y, x)
			w.Backward(x, y, x, nil)
		},
		"gradient in place of dy": func() {
			square := mustSample(t, 16, 16, 1, 1)
			w := NewWorkspace(square, 5, true)
			z := gaussian(5*16, 2)
			w.Forward(y, z)
			w.Backward(y, y, z, nil)
		},
		"permutation of nothing":     func() { Permutation(0, 8, 1) },
		"permutation of less":        func() { Permutation(-1, -8, 1) },
		"permutation without memory": func() { Permutation(math.MaxInt/4, 8, 1) },
		"short bias": func() {
			NewWorkspace(v, 5, false).SetEpilogue(Epilogue{Bias: make([]float32, 15)})
		},
		"y beside a map": func() {
			w := NewWorkspace(v, 5, false)
			w.SetEpilogue(Epilogue{Map: func(int, int, []float32) {}})
			w.Forward(y, x)
		},
	} {
		check.Panics(t, name, "fastfood: ", call)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		inputs, outputs int
		gain            float64
	}{{0, 1, 1}, {1, 0, 1}, {-5, 3, 1}, {4, 4, 0}, {4, 4, -1}, {4, 4, math.NaN()}, {4, 4, math.Inf(1)}, {4, 4, 1e300}, {4, 4, 1e-300}, {1 << 40, 1, 1}, {1<<29 + 1, 1<<30 + 1, 1}} {
		if _, err := Sample(c.inputs, c.outputs, c.gain, 1); err == nil {
			t.Errorf("Sample(%d, %d, %v): no error", c.inputs, c.outputs, c.gain)
		}
	}
	for _, o := range []Options{{Padding: "twelve"}, {Group: 3}, {Group: 8}, {Group: -1}, {Group: 16}} {
		if _, err := Sample(4, 4, 1, 1, o); err == nil {
			t.Errorf("%+v was accepted for 4 inputs", o)
		}
	}
	v := mustSample(t, 8, 16, 1, 1)
	if err := v.Validate(); err != nil {
		t.Error(err)
	}
	for _, dim := range []int{-8, 0, 4, 11} {
		other := *v
		other.Dim = dim
		if other.Validate() == nil {
			t.Errorf("8 inputs padded to %d were accepted", dim)
		}
	}
	for name, change := range map[string]func(*Transform){
		"more inputs":    func(v *Transform) { v.Inputs = 9 },
		"no inputs":      func(v *Transform) { v.Inputs = 0 },
		"more outputs":   func(v *Transform) { v.Outputs = 17 },
		"few outputs":    func(v *Transform) { v.Outputs = 8 },
		"no outputs":     func(v *Transform) { v.Outputs = 0 },
		"overflow":       func(v *Transform) { v.Blocks, v.Dim, v.Outputs = 1<<40, 1<<24, math.MaxInt },
		"short matrices": func(v *Transform) { v.Group = 2 },
		"odd matrices":   func(v *Transform) { v.Group = 3 },
		"no length": func(v *Transform) {
			v.Dim, v.Outputs, v.Blocks = 11, 11, 1
			v.S, v.G, v.B, v.Perm = v.S[:11], v.G[:11], v.B[:11], []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
		},
	} {
		other := *v
		change(&other)
		if other.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, _, err := Size(800, 1<<30, Options{Padding: Mixed}); err == nil {
		t.Error("diagonals of more than 2^30 entries were accepted")
	}
	if _, _, err := Size(1024, 1<<28, Options{Group: 8}); err == nil {
		t.Error("matrices of more than 2^30 entries were accepted")
	}
	if _, _, err := Size(800, 800, Options{}, Options{}); err == nil {
		t.Error("two values of options were accepted")
	}
	for _, bad := range []int32{-1, 8, v.Perm[10]} {
		before := v.Perm[9]
		v.Perm[9] = bad
		if v.Validate() == nil {
			t.Errorf("Π with entry %d was accepted", bad)
		}
		v.Perm[9] = before
	}
	v.G = v.G[:3]
	if v.Validate() == nil {
		t.Error("a short G was accepted")
	}
}
