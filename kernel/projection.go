package kernel

import (
	"fmt"
	"math"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/internal/simd"
)

// NewProjection returns a random projection from inputs to n numbers, which
// keeps products and distances of rows in the mean: features of the kernel
// [Linear]. The sampling may be
//
//	RKS           a dense Gaussian matrix
//	Sparse        entries ±√(s/n) with probability 1/s, else 0, s = max(3, √d)
//	              (Achlioptas, PODS 2001; Li, Hastie and Church, KDD 2006)
//	SORF          a subsampled randomised Hadamard transform, with O(n·log d) operations
//	Fastfood      as fast, but distances spread up to 1.4 times as much
//	ORF           dense with orthogonal rows: exact for n = d
//
// and "" is SORF. [Dimension] says how large n must be.
func NewProjection(inputs, n int, sampling Sampling, seed uint64) (*Features, error) {
	return NewFeatures(Linear{}, Options{Inputs: inputs, N: n, Sampling: sampling, Seed: seed})
}

// Dimension returns an n with which a random projection keeps all squared
// distances between so many points up to a factor of 1 ± distortion, with
// a probability that is positive for Gaussian projections,
//
//	n ≥ 4·ln(points) / (ε²/2 - ε³/3)
//
// (the lemma of Johnson and Lindenstrauss, in the form of Dasgupta and Gupta,
// Random Structures and Algorithms 22, 2003). Errors: fewer than 2 points, and a
// distortion that is not between 0 and 1.
func Dimension(points int, distortion float64) (int, error) {
	if points < 2 {
		return 0, fmt.Errorf("kernel: a projection of %d points: want at least 2", points)
	}
	if !(distortion > 0 && distortion < 1) {
		return 0, fmt.Errorf("kernel: distortion %v: want a number between 0 and 1", distortion)
	}
	n := math.Ceil(4 * math.Log(float64(points)) / (distortion*distortion/2 - distortion*distortion*distortion/3))
	if n > math.MaxInt32 {
		return 0, fmt.Errorf("kernel: distortion %v needs more than %d dimensions", distortion, math.MaxInt32)
	}
	return int(n), nil
}

// sparse is a matrix with few entries, all of the same magnitude.
type sparse struct {
	inputs, n int
	value     float32
	// The columns of row i with positive entries are columns[ends[2i-1]:ends[2i]],
	// those with negative ones columns[ends[2i]:ends[2i+1]].
	columns []int32
	ends    []int
}

func newSparse(o Options) *sparse {
	s := max(3, math.Sqrt(float64(o.Inputs)))
	t := &sparse{inputs: o.Inputs, n: o.N, value: float32(math.Sqrt(s / float64(o.N)))}
	var negative []int32
	for i := range o.N {
		source := o.stream("sparse", i)
		negative = negative[:0]
		for j := range o.Inputs {
			switch u := random.Uniform(source) * 2 * s; {
			case u <= 1:
				t.columns = append(t.columns, int32(j))
			case u <= 2:
				negative = append(negative, int32(j))
			}
		}
		t.ends = append(t.ends, len(t.columns))
		t.columns = append(t.columns, negative...)
		t.ends = append(t.ends, len(t.columns))
	}
	return t
}

func (t *sparse) finite() bool { return true }

// Rows lie side by side, sparseRows of them, and so an entry of the matrix is an
// addition of vectors; sparseColumns results of each row are made at a time.
const (
	sparseRows    = 64
	sparseColumns = 64
)

func (t *sparse) plan(maxRows int, finish finish) func(x []float32, rows int) {
	workers := par.Workers()
	scratch := par.Scratch[float32](workers, (t.inputs+sparseColumns+2)*sparseRows)
	var x []float32
	count := 0
	body := func(chunk, worker int) {
		first := chunk * sparseRows
		rows := min(sparseRows, count-first)
		memory := scratch[worker]
		side, rest := memory[:t.inputs*sparseRows], memory[t.inputs*sparseRows:]
		for r := range rows {
			for j, v := range x[(first+r)*t.inputs:][:t.inputs] {
				side[j*sparseRows+r] = v
			}
		}
		results, sums := rest[:sparseRows*sparseColumns], rest[sparseRows*sparseColumns:]
		for column := 0; column < t.n; column += sparseColumns {
			columns := min(sparseColumns, t.n-column)
			for i := range columns {
				t.row(sums, side, column+i)
				for r := range rows {
					results[r*sparseColumns+i] = t.value * (sums[r] - sums[sparseRows+r])
				}
			}
			for r := range rows {
				finish(first+r, column, results[r*sparseColumns:][:columns])
			}
		}
	}
	return func(data []float32, rows int) {
		x, count = data, rows
		par.For((rows+sparseRows-1)/sparseRows, workers, body)
		x = nil
	}
}

// row sums up the columns with positive and with negative entries of row i.
func (t *sparse) row(sums, side []float32, i int) {
	start := 0
	if i > 0 {
		start = t.ends[2*i-1]
	}
	clear(sums)
	for sign := range 2 {
		end := t.ends[2*i+sign]
		for _, j := range t.columns[start:end] {
			simd.Add(sums[sign*sparseRows:][:sparseRows], side[int(j)*sparseRows:][:sparseRows])
		}
		start = end
	}
}
