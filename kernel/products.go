package kernel

import (
	"fmt"
	"math"
	"slices"

	"github.com/deepfry/deepfry/internal/random"
)

// products makes features of the polynomial kernel, degree by degree:
//
//	(γ·x·y + c)^p = Σ_m b_m·(γ·x·y)^m,  b_m = C(p, m)·c^(p-m)
//
// A feature of degree m is the product of m random projections of x, so that its
// mean product is (x·y)^m (Kar and Karnick, AISTATS 2012, section 3). Of degree
// 0 there is one, which is exact, and of the others shares of n by their part in
// the error, rather than random degrees. Projections whose rows are orthogonal,
// as those of SORF, leave less error than Gaussian ones, and this leaves less
// than a tensor sketch and than the Hermite features that the construction
// of Le, Sarlós and Smola (2013, section 4.5) comes to.
type products struct {
	features int
	constant float32  // the feature of degree 0, if there is one
	factors  []factor // in order of their degrees
}

// projection is a linear kernel times scale².
type projection struct {
	Linear
	scale float64
}

// factor multiplies features by their products with a random matrix.
type factor struct {
	column int // the first feature
	matrix transform
}

func newProducts(k Polynomial, o Options) (*products, error) {
	t := &products{features: o.N}
	terms, shares, err := k.degrees(o.N)
	if err != nil {
		return nil, err
	}
	column := 0
	if shares[0] > 0 {
		t.constant, column = float32(math.Sqrt(terms[0])), 1
	}
	for degree := 1; degree <= k.Degree; degree++ {
		n := shares[degree]
		for i := range degree * min(n, 1) {
			part := o
			part.N, part.Seed = n, random.New(o.Seed, random.For("kernel product"), degree, i).Uint64()
			// Projections have a factor 1/√n each; one is wanted.
			scale := math.Sqrt(k.Gamma * float64(n))
			if i == 0 {
				scale = math.Sqrt(k.Gamma * terms[degree])
			}
			matrix, err := newTransform(projection{scale: scale}, part)
			if err != nil {
				return nil, err
			}
			t.factors = append(t.factors, factor{column, matrix})
		}
		column += n
	}
	return t, nil
}

// degrees returns, for every degree m up to p, the factor b_m and how many of n
// features it gets: in proportion to b_m·√3^m, as a feature's standard deviation
// is at most about √3^m.
func (k Polynomial) degrees(n int) (terms []float64, shares []int, err error) {
	terms, shares = make([]float64, k.Degree+1), make([]int, k.Degree+1)
	weights, total, count := make([]float64, k.Degree+1), 0.0, 0
	term, weight := 1.0, 1.0
	for m := k.Degree; m >= 0; m-- { // C(p, m)·c^(p-m)
		terms[m] = term
		term *= k.Offset * float64(m) / float64(k.Degree-m+1)
	}
	for m := range terms {
		if terms[m] > 0 {
			shares[m] = 1
			count++
			if m > 0 {
				weights[m] = terms[m] * weight
				total += weights[m]
			}
		}
		weight *= math.Sqrt(3)
	}
	if math.IsInf(total, 0) || math.IsNaN(total) {
		return nil, nil, fmt.Errorf("kernel: polynomial: the offset %v to the power of %d is too large", k.Offset, k.Degree)
	}
	if n < count {
		return nil, nil, fmt.Errorf("kernel: n = %d features for a polynomial kernel with %d degrees: want at least one each", n, count)
	}
	rest := n - count
	for m, w := range weights {
		share := int(w / total * float64(n-count))
		share = min(share, rest)
		shares[m] += share
		rest -= share
	}
	shares[k.Degree] += rest
	return terms, shares, nil
}

// start sets features to the empty product.
func (t *products) start(z []float32) {
	for i := range z {
		z[i] = 1
	}
	if t.constant > 0 {
		for i := 0; i < len(z); i += t.features {
			z[i] = t.constant
		}
	}
}

func (t *products) finite() bool {
	return !slices.ContainsFunc(t.factors, func(f factor) bool { return !f.matrix.finite() }) && finite([]float32{t.constant})
}

func (t *products) plan(maxRows int, finish finish) func(x []float32, rows int) {
	var runs []func(x []float32, rows int)
	for _, f := range t.factors {
		runs = append(runs, f.matrix.plan(maxRows, func(row, column int, products []float32) {
			finish(row, f.column+column, products)
		}))
	}
	return func(x []float32, rows int) {
		for _, run := range runs {
			run(x, rows)
		}
	}
}
