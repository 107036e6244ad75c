package kernel

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/deepfry/deepfry/internal/check"
)

func kernels() []Kernel {
	all, _ := every()
	return slices.Compact(all)
}

// TestGram compares with At, far from the origin, where squares are large.
func TestGram(t *testing.T) {
	const d, rows, others = 7, gramTile + 30, 11
	for _, offset := range []float32{0, 50} {
		x, y := randomRows(rows, d, 1), randomRows(others, d, 2)
		for _, k := range kernels() {
			if offset != 0 && k.geometry() == innerProducts {
				continue
			}
			for i := range x {
				x[i] += offset
			}
			for i := range y {
				y[i] += offset
			}
			g, cross := make([]float32, rows*rows), make([]float32, others*rows)
			Gram(g, k, x, d)
			CrossGram(cross, k, y, x, d)
			tolerance := 1e-5
			if (k == Matern{0.5, 1.5}) || (k == ArcCosine{0}) {
				tolerance = 2e-3 // not smooth where rows are alike
			}
			near := func(what string, got float32, a, b []float32) {
				if want := k.At(a, b); math.Abs(float64(got)-want) > tolerance {
					t.Fatalf("%s %v, offset %v: %v is %v, want %v", k.Kind(), k, offset, what, got, want)
				}
			}
			for i := range rows {
				for j := range rows {
					if g[i*rows+j] != g[j*rows+i] {
						t.Fatalf("%s: not symmetric at %d, %d", k.Kind(), i, j)
					}
					near("Gram", g[i*rows+j], x[i*d:][:d], x[j*d:][:d])
				}
				for j := range others {
					near("CrossGram", cross[j*rows+i], y[j*d:][:d], x[i*d:][:d])
				}
			}
			again := make([]float32, rows*rows)
			cores := runtime.GOMAXPROCS(1)
			Gram(again, k, x, d)
			runtime.GOMAXPROCS(cores)
			if !slices.Equal(again, g) {
				t.Errorf("%s: the matrix depends on the number of cores", k.Kind())
			}
			for i := range x {
				x[i] -= offset
			}
			for i := range y {
				y[i] -= offset
			}
		}
	}
}

// TestGramIsPositive: no eigenvalue is below 0 by more than rounding.
func TestGramIsPositive(t *testing.T) {
	const d, rows = 5, 60
	x := randomRows(rows, d, 4)
	copy(x[d:], x[:d]) // two rows are the same
	for _, k := range kernels() {
		g := make([]float32, rows*rows)
		Gram(g, k, x, d)
		m := mat.NewSymDense(rows, nil)
		for i := range rows {
			for j := range i + 1 {
				m.SetSym(i, j, float64(g[i*rows+j]))
			}
		}
		var eigen mat.EigenSym
		if !eigen.Factorize(m, false) {
			t.Fatal("no eigenvalues")
		}
		values := eigen.Values(nil)
		if least := slices.Min(values); least < -1e-6*slices.Max(values) {
			t.Errorf("%s %v: an eigenvalue is %v", k.Kind(), k, least)
		}
	}
}

func TestGramOfNothing(t *testing.T) {
	for _, k := range kernels() {
		Gram(nil, k, nil, 3)
		CrossGram(nil, k, []float32{1, 2, 3}, nil, 3)
		CrossGram(nil, k, nil, []float32{1, 2, 3}, 3)
	}
}

// TestArcCosine compares with the mean over Gaussian weights that the kernel is
// (Cho and Saul, equation 1), of 2 dimensions on a grid of angles.
func TestArcCosine(t *testing.T) {
	x, y := []float32{1, 0.5}, []float32{-0.3, 2}
	for order := range 3 {
		const steps = 100000
		sum := 0.0
		for i := range steps {
			s, c := math.Sincos(2 * math.Pi * (float64(i) + 0.5) / steps)
			a, b := c*float64(x[0])+s*float64(x[1]), c*float64(y[0])+s*float64(y[1])
			if a > 0 && b > 0 {
				sum += math.Pow(a*b, float64(order))
			}
		}
		radius := []float64{1, 2, 8}[order] // E χ_2^2q
		if got, want := (ArcCosine{order}).At(x, y), 2*radius*sum/steps; math.Abs(got-want) > 1e-4*want {
			t.Errorf("order %d: %v, want %v", order, got, want)
		}
	}
}

// TestOrthogonal: the matrix is orthogonal, and its entries are distributed as
// those of a uniformly random direction: squares as Beta(1/2, (d-1)/2).
func TestOrthogonal(t *testing.T) {
	const d, seeds = 6, 400
	var squares []float64
	mean := 0.0
	for seed := range seeds {
		q := make([]float64, d*d)
		orthogonal(q, make([]float64, 2*d), Options{Seed: uint64(seed)}.stream("test", 0))
		for i := range d {
			for j := range d {
				sum := 0.0
				for c := range d {
					sum += q[i*d+c] * q[j*d+c]
				}
				if i == j {
					sum--
				}
				if math.Abs(sum) > 1e-12 {
					t.Fatalf("rows %d and %d: product off by %v", i, j, sum)
				}
			}
		}
		v := q[seed%(d*d)]
		squares = append(squares, v*v)
		mean += v / seeds
	}
	check.Distribution(t, "squared entries", squares, distuv.Beta{Alpha: 0.5, Beta: float64(d-1) / 2}.CDF)
	if bound := 4 / math.Sqrt(d*seeds); math.Abs(mean) > bound {
		t.Errorf("entries have the mean %v, want 0 ± %v", mean, bound)
	}
}

// TestProjectionKeepsDistances: with the n of Dimension, distances² of 40 points
// are within the distortion, for every sampling; and they are exact where n = d
// orthogonal rows are all there are.
func TestProjectionKeepsDistances(t *testing.T) {
	const points, d, distortion = 40, 500, 0.35
	n, err := Dimension(points, distortion)
	if err != nil {
		t.Fatal(err)
	}
	x := randomRows(points, d, 9)
	before := squaredDistancesOf(x, d)
	for _, s := range []Sampling{RKS, Sparse, Fastfood, SORF, ORF} {
		f, err := NewProjection(d, n, s, 3)
		if err != nil {
			t.Fatal(err)
		}
		allowed := distortion
		if s == Fastfood {
			allowed *= 1.4
		}
		for i, after := range squaredDistancesOf(apply(f, x), n) {
			if ratio := after / before[i]; math.Abs(ratio-1) > allowed {
				t.Errorf("%s, n = %d: pair %d has the ratio %.3f", s, n, i, ratio)
			}
		}
	}
	f, _ := NewProjection(d, d, ORF, 3)
	for i, after := range squaredDistancesOf(apply(f, x), d) {
		if math.Abs(after/before[i]-1) > 1e-5 {
			t.Errorf("orf with n = d: the ratio is %v", after/before[i])
		}
	}
	for _, bad := range []struct {
		points     int
		distortion float64
	}{{1, 0.5}, {10, 0}, {10, 1}, {10, math.NaN()}, {10, 1e-6}} {
		if _, err := Dimension(bad.points, bad.distortion); err == nil {
			t.Errorf("Dimension(%d, %v): no error", bad.points, bad.distortion)
		}
	}
}

func squaredDistancesOf(x []float32, d int) (squares []float64) {
	for i := 0; i < len(x); i += d {
		for j := 0; j < i; j += d {
			sum := 0.0
			for c := range d {
				difference := float64(x[i+c]) - float64(x[j+c])
				sum += difference * difference
			}
			squares = append(squares, sum)
		}
	}
	return squares
}
