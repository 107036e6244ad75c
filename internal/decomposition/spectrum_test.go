package decomposition

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/internal/linear"
	"gonum.org/v1/gonum/mat"
)

func normals(n int, seed uint64) []float32 {
	x := make([]float32, n)
	fillNormal(x, rand.New(rand.NewPCG(seed, 1)))
	return x
}

// matrixOf returns A [rows, columns] with the given singular values, and random
// singular vectors.
func matrixOf(sigma []float64, rows, columns int) []float32 {
	u, v := normals(len(sigma)*rows, 1), normals(len(sigma)*columns, 2)
	source := rand.New(rand.NewPCG(3, 1))
	orthonormalise(u, rows, 0, source)
	orthonormalise(v, columns, 0, source)
	a := make([]float32, rows*columns)
	for i := range rows {
		row := make([]float64, columns)
		for k, s := range sigma {
			for j, w := range v[k*columns:][:columns] {
				row[j] += s * float64(u[k*rows+i]) * float64(w)
			}
		}
		for j, w := range row {
			a[i*columns+j] = float32(w)
		}
	}
	return a
}

// errorsOf returns ‖A - A·V·Vᵀ‖ for the first r = 0, 1, … vectors.
func errorsOf(a []float32, columns int, vectors []float32) (errors []float64) {
	rest := make([]float64, len(a))
	for i, v := range a {
		rest[i] = float64(v)
	}
	norm := func() float64 {
		sum := 0.0
		for _, v := range rest {
			sum += v * v
		}
		return math.Sqrt(sum)
	}
	errors = append(errors, norm())
	for v := range slices.Chunk(vectors, columns) {
		for row := range slices.Chunk(rest, columns) {
			along := 0.0
			for j, w := range v {
				along += row[j] * float64(w)
			}
			for j, w := range v {
				row[j] -= along * float64(w)
			}
		}
		errors = append(errors, norm())
	}
	return errors
}

func checkOrthonormal(t *testing.T, vectors []float32, n int) {
	t.Helper()
	for i := range len(vectors) / n {
		for j := range i + 1 {
			want := 0.0
			if i == j {
				want = 1
			}
			if d := linear.Dot(vectors[i*n:][:n], vectors[j*n:][:n]); math.Abs(d-want) > 1e-5 {
				t.Fatalf("v[%d]·v[%d] = %v", i, j, d)
			}
		}
	}
}

// sizes are below and above exactSize: square, wide and tall.
var sizes = [][2]int{{150, 150}, {60, 300}, {300, 60}, {280, 280}, {260, 400}, {400, 260}}

// TestSingularOfSteepSpectrum compares with Eckart and Young's bound, the root of
// the sum of the squares of the σ that are cut off, down to float32's rounding.
func TestSingularOfSteepSpectrum(t *testing.T) {
	for _, decades := range []float64{0.25, 0.08} { // of each σ after the one before
		var sigma []float64
		for s := 1.0; s > 1e-9 && len(sigma) < 50; s *= math.Pow(10, -decades) {
			sigma = append(sigma, s)
		}
		for _, size := range sizes {
			rows, columns := size[0], size[1]
			a := matrixOf(sigma, rows, columns)
			s, err := Singular(a, columns, 55, 1)
			if err != nil {
				t.Fatal(err)
			}
			checkOrthonormal(t, s.Vectors, columns)
			floor := 2e-7 * math.Sqrt(float64(max(rows, columns))) * sigma[0]
			sum, errors := 0.0, errorsOf(a, columns, s.Vectors)
			for r := len(sigma) - 1; r >= 0; r-- {
				sum += sigma[r] * sigma[r]
				if least := math.Sqrt(sum); errors[r] > max(1.03*least, floor) {
					t.Errorf("%v, %v decades: the error at rank %d is %.3g, want %.3g", size, decades, r, errors[r], least)
				}
				want := sigma[r] * sigma[r]
				if got := s.Energies[r]; math.Abs(got-want) > 0.03*want+floor*floor {
					t.Errorf("%v, %v decades: energy %d is %.3g, want %.3g", size, decades, r, got, want)
				}
			}
		}
	}
}

// TestSingularOfFlatSpectrum has the slowest fall there is, that of random numbers,
// and takes many vectors.
func TestSingularOfFlatSpectrum(t *testing.T) {
	const rows, columns, count = 300, 340, 290
	a := normals(rows*columns, 3)
	values := make([]float64, len(a))
	for i, v := range a {
		values[i] = float64(v)
	}
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(rows, columns, values), mat.SVDNone) {
		t.Fatal("no SVD")
	}
	sigma := svd.Values(nil)
	s, err := Singular(a, columns, count, 1)
	if err != nil {
		t.Fatal(err)
	}
	checkOrthonormal(t, s.Vectors, columns)
	errors := errorsOf(a, columns, s.Vectors)
	left, kept := s.Total, 0.0
	for r, want := range sigma[:count] {
		if e := math.Sqrt(left); errors[r] > 1.02*e || errors[r] < 0.999*e {
			t.Errorf("the error at rank %d is %.4f of the least", r, errors[r]/e)
		}
		if truly := s.Total - errors[r]*errors[r]; kept > truly+1e-6*s.Total || kept < truly-1e-5*s.Total {
			t.Errorf("rank %d keeps %v of %v, the energies say %v", r, truly, s.Total, kept)
		}
		left -= want * want
		kept += s.Energies[r]
	}
}

// TestSingularOfAnyScale has numbers whose squares float32 does not hold.
func TestSingularOfAnyScale(t *testing.T) {
	for _, scale := range []float64{1e-30, 1e30} {
		for _, size := range sizes {
			a := matrixOf([]float64{scale, scale / 2, scale * 1e-5}, size[0], size[1])
			s, err := Singular(a, size[1], 5, 1)
			if err != nil {
				t.Fatal(err)
			}
			checkOrthonormal(t, s.Vectors, size[1])
			if errors := errorsOf(a, size[1], s.Vectors); errors[3] > 1e-6*scale || errors[2] > 1.01e-5*scale {
				t.Errorf("%v: the errors at ranks 2 and 3 are %v of σ", size, errors[2:4])
			}
			if want := scale * scale / 4; math.Abs(s.Energies[1]-want) > 1e-3*want {
				t.Errorf("%v: energy %v, want %v", size, s.Energies[1], want)
			}
		}
	}
}

// TestSingularOfNothing has vectors along which there is nothing, or no number.
func TestSingularOfNothing(t *testing.T) {
	for _, size := range sizes {
		rows, columns := size[0], size[1]
		s, err := Singular(make([]float32, rows*columns), columns, 1000, 1)
		if err != nil {
			t.Fatal(err)
		}
		if count := min(rows, columns); len(s.Energies) != count || len(s.Vectors) != count*columns || slices.Max(s.Energies) != 0 {
			t.Errorf("%v: %d energies of up to %v", size, len(s.Energies), slices.Max(s.Energies))
		}
		checkOrthonormal(t, s.Vectors, columns)
		for _, v := range []float64{math.NaN(), math.Inf(1)} {
			a := normals(rows*columns, 1)
			a[7] = float32(v)
			if _, err := Singular(a, columns, 3, 1); err == nil {
				t.Errorf("%v: no error for %v", size, v)
			}
		}
	}
}

// TestLeading has all that is wanted of σ from 3e-4 of the largest on.
func TestLeading(t *testing.T) {
	sigma := []float64{1, 0.5, 0.1, 0.01, 0.001}
	for _, size := range sizes {
		a := matrixOf(sigma, size[0], size[1])
		s, err := Leading(a, size[1], 10, 1)
		if err != nil {
			t.Fatal(err)
		}
		checkOrthonormal(t, s.Vectors, size[1])
		for i, v := range sigma {
			if want := v * v; math.Abs(s.Energies[i]-want) > 0.01*want+1e-7 {
				t.Errorf("%v: energy %v, want %v", size, s.Energies[i], want)
			}
		}
		if e := errorsOf(a, size[1], s.Vectors)[len(sigma)-1]; e > 1.1e-3 {
			t.Errorf("%v: the error at rank %d is %v", size, len(sigma)-1, e)
		}
	}
}

func TestSingularOnAnyCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, size := range [][2]int{{150, 200}, {300, 260}, {270, 280}} {
		a := matrixOf([]float64{1, 0.3, 1e-4, 1e-6}, size[0], size[1])
		var first *Spectrum
		for cores := range 3 {
			runtime.GOMAXPROCS(cores + 1)
			s, err := Singular(a, size[1], 40, 1)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = s
			}
			if !slices.Equal(s.Vectors, first.Vectors) || !slices.Equal(s.Energies, first.Energies) {
				t.Errorf("%v: another result on %d cores", size, cores+1)
			}
		}
	}
}
