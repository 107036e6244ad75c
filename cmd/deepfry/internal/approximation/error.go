package approximation

import (
	"fmt"
	"math"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/kernel"
)

// approximation is how near features of one kind come to a kernel.
type approximation struct {
	Features kernel.Sampling `json:"features"` // how frequencies were drawn
	N        int             `json:"n"`        // frequencies
	Outputs  int             `json:"outputs"`  // numbers in a row of features
	Gram     spread          `json:"gram_relative_error"`
	Values   spread          `json:"value_relative_error"`
	Absolute spread          `json:"value_mean_absolute_error"`
	RowNS    float64         `json:"row_ns"`  // median time of a row of features, in a batch of all rows
	DrawNS   float64         `json:"draw_ns"` // median time of making the features
}

// spread is a mean and a standard deviation over seeds.
type spread struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"` // 0 for a single seed
}

func (s spread) String() string { return fmt.Sprintf("%.3f%% ± %.3f%%", 100*s.Mean, 100*s.Deviation) }

func spreadOf(values []float64) (s spread) {
	for _, v := range values {
		s.Mean += v / float64(len(values))
	}
	if len(values) > 1 {
		squares := 0.0
		for _, v := range values {
			squares += (v - s.Mean) * (v - s.Mean)
		}
		s.Deviation = math.Sqrt(squares / float64(len(values)-1))
	}
	return s
}

// exactGram is a Gram matrix, and memory to approximate it.
type exactGram struct {
	kernel          kernel.Kernel
	rows            rowSet
	exact, products []float32 // [rows, rows]
	norm            float64   // Frobenius, of exact
	mean            float64   // of |k(x, y)|, over pairs x ≠ y
	features        []float32 // at least [rows, outputs]
}

func newExactGram(k kernel.Kernel, rows rowSet) *exactGram {
	n := rows.len()
	g := &exactGram{kernel: k, rows: rows, exact: make([]float32, n*n), products: make([]float32, n*n)}
	kernel.Gram(g.exact, k, rows.data, rows.inputs)
	g.norm, g.mean = g.compare(g.products) // with zeros
	return g
}

// compare returns the Frobenius norm of the difference, and the mean absolute
// difference over pairs of different rows.
func (g *exactGram) compare(other []float32) (norm, mean float64) {
	n, diagonal := g.rows.len(), 0.0
	for i, v := range g.exact {
		difference := math.Abs(float64(v) - float64(other[i]))
		norm += difference * difference
		mean += difference
		if i%(n+1) == 0 {
			diagonal += difference
		}
	}
	return math.Sqrt(norm), (mean - diagonal) / float64(n*(n-1))
}

// approximate draws features by several seeds, from that of the options on.
func (g *exactGram) approximate(term *console.Terminal, o kernel.Options, seeds int, steps *steps) (approximation, error) {
	var gram, values, absolute, row, draw []float64
	a := approximation{N: o.N}
	for seed := range seeds {
		if err := term.Context.Err(); err != nil {
			return a, err
		}
		steps.next(fmt.Sprintf("%s, n = %d", o.Sampling, o.N))
		start := time.Now()
		seeded := o
		seeded.Seed += uint64(seed)
		f, err := kernel.NewFeatures(g.kernel, seeded)
		if err != nil {
			return a, err
		}
		draw = append(draw, float64(time.Since(start)))
		a.Features, a.Outputs = f.Options().Sampling, f.Outputs()
		row = append(row, float64(g.project(f))/float64(g.rows.len()))
		norm, mean := g.compare(g.products)
		gram, values, absolute = append(gram, norm/g.norm), append(values, mean/g.mean), append(absolute, mean)
	}
	a.Gram, a.Values, a.Absolute = spreadOf(gram), spreadOf(values), spreadOf(absolute)
	a.RowNS, a.DrawNS = bench.Summarize(row).Median, bench.Summarize(draw).Median
	return a, nil
}

// project fills in the products of all pairs of features, and returns how long
// the features took.
func (g *exactGram) project(f *kernel.Features) time.Duration {
	rows, outputs := g.rows.len(), f.Outputs()
	plan := f.Plan(rows)
	if len(g.features) < rows*outputs {
		g.features = make([]float32, rows*outputs)
		plan(g.features, g.rows.data, rows) // the system gives memory when it is first used
	}
	z := g.features[:rows*outputs]
	start := time.Now()
	plan(z, g.rows.data, rows)
	taken := time.Since(start)
	kernel.Gram(g.products, kernel.Linear{}, z, outputs)
	return taken
}
