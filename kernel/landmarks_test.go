package kernel

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
)

func mustLandmarks(t testing.TB, k Kernel, rows []float32, inputs int) *Landmarks {
	t.Helper()
	l, err := NewLandmarks(k, rows, inputs)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLandmarks compares with At, for as many rows as were planned and then for fewer,
// and on any number of cores.
func TestLandmarks(t *testing.T) {
	const d, landmarks, rows = 7, gramTile + 9, gramTile + 30
	x, y := randomRows(rows, d, 1), randomRows(landmarks, d, 2)
	for _, k := range kernels() {
		l := mustLandmarks(t, k, y, d)
		if l.Inputs() != d || l.Outputs() != landmarks || l.Kernel() != k || !slices.Equal(l.Rows(), y) {
			t.Fatalf("%s: %d inputs, %d outputs, kernel %v", k.Kind(), l.Inputs(), l.Outputs(), l.Kernel())
		}
		tolerance := 1e-5
		if (k == Matern{0.5, 1.5}) || (k == ArcCosine{0}) {
			tolerance = 2e-3 // not smooth where rows are alike
		}
		run, z := l.Plan(rows), make([]float32, rows*landmarks)
		for _, count := range []int{rows, 5, 0} {
			z := z[:count*landmarks]
			run(z, x[:count*d], count)
			for i, got := range z {
				want := k.At(x[i/landmarks*d:][:d], y[i%landmarks*d:][:d])
				if math.Abs(float64(got)-want) > tolerance {
					t.Fatalf("%s %v, %d rows: row %d, landmark %d is %v, want %v", k.Kind(), k, count, i/landmarks, i%landmarks, got, want)
				}
			}
		}
		run(z, x, rows)
		cores := runtime.GOMAXPROCS(0)
		for _, count := range []int{1, 2, 3} {
			runtime.GOMAXPROCS(count)
			again := make([]float32, len(z))
			l.Plan(rows)(again, x, rows)
			if !slices.Equal(again, z) {
				t.Errorf("%s: kernels are others on %d cores", k.Kind(), count)
			}
		}
		runtime.GOMAXPROCS(cores)
	}
}

func TestLandmarksAllocateNothing(t *testing.T) {
	const d, landmarks, rows = 3, 20, 10
	x, z := randomRows(rows, d, 1), make([]float32, rows*landmarks)
	for _, k := range []Kernel{Gaussian{1}, Laplacian{1}, ArcCosine{1}} {
		run := mustLandmarks(t, k, randomRows(landmarks, d, 2), d).Plan(rows)
		check.Allocations(t, k.Kind(), 1000, func() { run(z, x, rows) })
	}
}

func TestBadLandmarks(t *testing.T) {
	nan, infinite := float32(math.NaN()), float32(math.Inf(1))
	for what, test := range map[string]struct {
		kernel Kernel
		rows   []float32
		inputs int
	}{
		"no kernel":        {nil, []float32{1, 2}, 2},
		"a negative gamma": {Gaussian{-1}, []float32{1, 2}, 2},
		"no rows":          {Gaussian{1}, nil, 2},
		"half a row":       {Gaussian{1}, []float32{1, 2, 3}, 2},
		"no inputs":        {Gaussian{1}, []float32{1, 2}, 0},
		"NaN":              {Gaussian{1}, []float32{1, nan}, 2},
		"infinite":         {Gaussian{1}, []float32{1, infinite}, 2},
	} {
		if l, err := NewLandmarks(test.kernel, test.rows, test.inputs); err == nil || l != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	l := mustLandmarks(t, Gaussian{1}, []float32{1, 2, 3, 4}, 2)
	run, z := l.Plan(2), make([]float32, 6)
	for what, call := range map[string]func(){
		"fewer than no rows":     func() { l.Plan(-1) },
		"more than planned":      func() { run(z[:6], make([]float32, 6), 3) },
		"x of another length":    func() { run(z[:4], make([]float32, 3), 2) },
		"z of another length":    func() { run(z[:3], make([]float32, 4), 2) },
		"memory that they share": func() { run(z[:4], z[2:6], 2) },
	} {
		check.Panics(t, what, "kernel: ", call)
	}
}
