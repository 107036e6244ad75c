package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/internal/alias"
	"github.com/deepfry/deepfry/internal/random"
)

// FeatureMap takes rows x to features z(x), so that z(x)·z(y) is about k(x, y).
// It is immutable and may be shared.
type FeatureMap interface {
	Inputs() int  // d, the numbers in a row x
	Outputs() int // the numbers in a row of features

	// Plan returns a function that writes z [rows, Outputs] for x [rows,
	// Inputs], rows ≤ maxRows, both row-major, on all cores. It owns its scratch
	// memory, so that a call allocates nothing. One plan is for one goroutine.
	// Plan panics if maxRows is negative; the function panics if a slice has
	// not the length that it should, and if z and x overlap.
	Plan(maxRows int) func(z, x []float32, rows int)
}

// Sampling says how the frequencies of features are drawn.
type Sampling string

const (
	// RKS, Random Kitchen Sinks, draws them independently: a dense matrix of n·d
	// numbers (Rahimi and Recht, NIPS 2007).
	RKS Sampling = "rks"
	// Fastfood takes O(n·log d) time and 4n numbers (Le, Sarlós and Smola, ICML
	// 2013).
	Fastfood Sampling = "fastfood"
	// ORF, orthogonal random features, makes each d of them orthogonal: a dense
	// matrix of n·d numbers (Yu et al., NIPS 2016).
	ORF Sampling = "orf"
	// SORF, structured orthogonal random features, makes them so by three rounds
	// of Hadamard transforms and random signs (the same). Its rows are not quite
	// Gaussian. Measured means of features' products are within about 0.01 of the
	// kernel, and for ArcCosine of order 0, between rows with few entries that are not
	// 0, within 4/d. To that end fewer than 48 inputs are padded to 256; ORF, which is
	// as fast for so few, has less error.
	SORF Sampling = "sorf"
	// Sparse is for random projections alone: see [NewProjection].
	Sparse Sampling = "sparse"
)

// Options says which features to make of a kernel. Kernel and options together
// are all that there is to store: the same ones give the same random numbers on
// every machine.
type Options struct {
	Inputs   int      `json:"inputs"`             // d
	N        int      `json:"n"`                  // the number of frequencies
	Sampling Sampling `json:"sampling,omitempty"` // "" is Fastfood; SORF for Polynomial and Linear, ORF for few inputs, RKS for Laplacian
	Seed     uint64   `json:"seed"`
	// Phase makes one feature √(2/n)·cos(ω·x + φ) of a frequency ω and a random
	// phase φ, instead of the pair cos(ω·x)/√n and sin(ω·x)/√n: half as many
	// features, and of less accuracy for one frequency.
	Phase bool `json:"phase,omitempty"`
}

// Features is a map from rows to random features, made by [NewFeatures].
type Features struct {
	kernel    Kernel
	options   Options
	outputs   int
	transform transform
}

// transform computes the n products ω·x + phase of each row, or what else
// features are made of, and hands them to finish in pieces.
type transform interface {
	plan(maxRows int, finish finish) func(x []float32, rows int)
	// finite tells whether the numbers drawn are: float32 holds no larger ones.
	finite() bool
}

// finish makes features of a row out of its products from the given column on,
// which it may overwrite.
type finish func(row, column int, products []float32)

// maxNumbers bounds what features keep, so that a mistyped size or a damaged
// description is an error rather than an exhausted memory: 1 GB.
const maxNumbers = 1 << 28

// NewFeatures returns features for a kernel, as the options say. Errors: a
// parameter of the kernel or an option out of its range, a sampling that does
// not exist for the kernel, or frequencies that float32 cannot hold.
func NewFeatures(k Kernel, options Options) (*Features, error) {
	if err := validate(k); err != nil {
		return nil, err
	}
	o := options
	if o.Inputs < 1 || o.N < 1 {
		return nil, fmt.Errorf("kernel: %d inputs and n = %d: want at least 1 of each", o.Inputs, o.N)
	}
	if err := o.choose(k); err != nil {
		return nil, err
	}
	f := &Features{kernel: k, options: o, outputs: o.N}
	if hasCosines(k) && !o.Phase {
		f.outputs = 2 * o.N
	}
	var err error
	if f.transform, err = newTransform(k, o); err != nil {
		return nil, err
	}
	if !f.transform.finite() {
		return nil, fmt.Errorf("kernel: features of %s %+v: frequencies are too large for float32: want a wider kernel", k.Kind(), k)
	}
	return f, nil
}

func finite(x []float32) bool {
	return !slices.ContainsFunc(x, func(v float32) bool { return v-v != 0 })
}

// Kernel returns the kernel that products of features approximate.
func (f *Features) Kernel() Kernel { return f.kernel }

// Options returns what the features were made by, with the sampling that was
// chosen.
func (f *Features) Options() Options { return f.options }

// Inputs returns d, the length of a row.
func (f *Features) Inputs() int { return f.options.Inputs }

// Outputs returns the number of features of a row.
func (f *Features) Outputs() int { return f.outputs }

// Plan is that of [FeatureMap].
func (f *Features) Plan(maxRows int) func(z, x []float32, rows int) {
	if maxRows < 0 {
		panic("kernel: Plan: a negative number of rows")
	}
	var z []float32
	run := f.transform.plan(maxRows, f.finish(&z))
	products, multiply := f.transform.(*products)
	return func(target, x []float32, rows int) {
		if rows < 0 || rows > maxRows {
			panic("kernel: more rows than planned")
		}
		if len(x) != rows*f.Inputs() || len(target) != rows*f.outputs {
			panic("kernel: x is not [rows, Inputs] or z is not [rows, Outputs]")
		}
		if alias.Overlap(target, x) {
			panic("kernel: x and z overlap")
		}
		z = target
		if multiply {
			products.start(z)
		}
		run(x, rows)
		z = nil
	}
}

// stream returns the random numbers of one purpose and one part.
func (o Options) stream(purpose string, part int) *rand.PCG {
	return random.New(o.Seed, random.For("kernel "+purpose), part, 0)
}
