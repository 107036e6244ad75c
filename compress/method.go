package compress

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/deepfry/deepfry/internal/decomposition"
	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/internal/simd"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// Method is a way to replace a fully-connected layer y = W·x + b.
type Method string

const (
	// SVD replaces W by a product of two matrices, B·A, of rank r, nearest to W,
	// or nearest on the data where there are any: r·(inputs + outputs) weights
	// (Denil et al., Predicting Parameters in Deep Learning, NIPS 2013; Yang et al., ICCV 2015,
	// section 6.2.3).
	SVD Method = "svd"
	// Fastfood replaces W by a product of r Adaptive Fastfood transforms, fitted
	// to the layer's outputs: 3·r·(the padded outputs or inputs) weights.
	Fastfood Method = "fastfood"
	// RandomProjection replaces x by r random features, S·H·G·Π·H·B·x with fixed
	// diagonals, and W by the matrix that is best for them.
	RandomProjection Method = "rp"
	// LowRank has the form of SVD, but random numbers: it must be trained.
	LowRank Method = "lowrank"
	// Auto takes for every layer the best of SVD, Fastfood and RandomProjection.
	Auto Method = "auto"
)

// Rank says how large a replacement is: the rank r of SVD and LowRank, the number of
// features of RandomProjection. At most one of its numbers is not 0.
type Rank struct {
	N      int     // the rank itself
	Part   float64 // or a part of the smaller side of W: 0.5 is the paper's SVD-half
	Energy float64 // or as many as keep this part of the energy; SVD only
}

// check returns an error unless at most one of the numbers is given, in its range.
func (r Rank) check() error {
	given := 0
	for _, v := range []float64{float64(r.N), r.Part, r.Energy} {
		if v != 0 {
			given++
		}
	}
	part := func(v float64) bool { return v >= 0 && v <= 1 }
	if given > 1 || r.N < 0 || !part(r.Part) || !part(r.Energy) {
		return fmt.Errorf("compress: rank %d, part %v, energy %v: want one of them, the rank at least 1, a part and an energy of at most 1", r.N, r.Part, r.Energy)
	}
	return nil
}

// ParseRank reads N, half, quarter, energy (for 0.95) or energy:PART.
func ParseRank(text string) (Rank, error) {
	switch text {
	case "half":
		return Rank{Part: 0.5}, nil
	case "quarter":
		return Rank{Part: 0.25}, nil
	case "energy":
		return Rank{Energy: 0.95}, nil
	}
	if len(text) > 7 && text[:7] == "energy:" {
		if e, err := strconv.ParseFloat(text[7:], 64); err == nil && e > 0 && e <= 1 {
			return Rank{Energy: e}, nil
		}
	} else if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return Rank{N: n}, nil
	}
	return Rank{}, fmt.Errorf("rank %q: want a whole number of at least 1, half, quarter, energy, or energy:PART with a part of at most 1", text)
}

// size returns the rank for a layer, of at most limit.
func (r Rank) size(l *Layer, energies *basis, limit int) int {
	n := r.N
	switch {
	case r.Part > 0:
		n = int(math.Round(r.Part * float64(min(l.Inputs, l.Outputs))))
	case r.Energy > 0:
		var ok bool
		if n, ok = energies.rankFor(r.Energy); !ok { // beyond the break-even: a rank that will be refused
			n = min(l.Inputs, l.Outputs)
		}
		n = roundUp(n)
	}
	return max(1, min(n, limit))
}

// roundUp makes a rank that is not given a multiple of the kernels' vectors: of 8
// floats (AVX2), or of 16 (AVX-512) where that adds little.
func roundUp(n int) int {
	multiple := 16
	switch {
	case n <= 8:
		return n
	case n <= 64:
		multiple = 8
	}
	return (n + multiple - 1) / multiple * multiple
}

// fit is what a layer's replacements are made from.
type fit struct {
	*Layer
	x, y []float32 // inputs and outputs [n, Inputs or Outputs] on data, or nil
	seed uint64

	found *basis    // once it is wanted
	mean  []float32 // of y
}

// basis returns the directions of the outputs, at least rank of them. With data it
// is that of the centred outputs, plus a little of that of W so that directions
// which the data do not show come in their own order.
func (f *fit) basis(rank int) *basis {
	rank = min(rank, f.Inputs, f.Outputs)
	if f.found != nil && len(f.found.energies) >= rank {
		return f.found
	}
	if f.wide() {
		f.found = newBasis(f.weights, f.Inputs, rank, f.seed)
		return f.found
	}
	n := len(f.y) / f.Outputs
	rows := make([]float32, 0, (n+f.Inputs)*f.Outputs)
	rows = append(rows, f.y...)
	if n > 0 {
		f.mean = centre(rows, f.Outputs)
	}
	for j := range f.Inputs {
		for i := range f.Outputs {
			rows = append(rows, f.weights[i*f.Inputs+j])
		}
	}
	if n > 0 {
		const little = 0.01
		whole := dot(rows[:n*f.Outputs], rows[:n*f.Outputs])
		if energy := dot(f.weights, f.weights); energy > 0 {
			scale(rows[n*f.Outputs:], float32(math.Sqrt(little*whole/energy)))
		}
	}
	f.found = newBasis(rows, f.Outputs, rank, f.seed)
	return f.found
}

// wide tells whether a matrix [Outputs, Outputs] would be large beside W. Then svd
// uses a basis of the inputs, that of W alone.
func (f *fit) wide() bool { return f.Outputs > 2048 && f.Outputs > 8*f.Inputs }

// svd returns the layer cut to a rank. On data, the bias makes up for what is cut
// from the mean.
func (f *fit) svd(rank int) (*nn.Network, error) {
	b := f.basis(rank)
	if f.wide() { // Ŵ = W·V·Vᵀ
		first, second := b.vectors[:rank*f.Inputs], make([]float32, f.Outputs*rank)
		v, w := simd.RowMajor(first, rank, f.Inputs), simd.RowMajor(f.weights, f.Outputs, f.Inputs)
		product(simd.RowMajor(second, f.Outputs, rank), w, v.T())
		return f.chainOf(rank, first, second, f.bias)
	}
	first, second := b.factors(f.weights, f.Inputs, f.Outputs, rank)
	bias := f.bias
	if f.mean != nil {
		bias = make([]float32, f.Outputs) // of y = U·Uᵀ·(W·x) + bias: what U·Uᵀ leaves of the mean of y
		centred := append([]float32(nil), f.mean...)
		if f.bias != nil {
			subtract(centred, f.bias, 1)
		}
		copy(bias, f.mean)
		for i := range rank {
			u := b.vectors[i*f.Outputs : (i+1)*f.Outputs]
			subtract(bias, u, float32(dot(u, centred)))
		}
	}
	return f.chainOf(rank, first, second, bias)
}

// chainOf returns a chain of two layers, [rank, Inputs] and [Outputs, rank], and a
// bias or nil.
func (f *fit) chainOf(rank int, first, second, bias []float32) (*nn.Network, error) {
	values := [][]float32{first, second}
	if bias != nil {
		values = append(values, bias)
	}
	return newChain(f.Inputs, 0, []nn.Op{nn.Dense{Out: rank, NoBias: true}, nn.Dense{Out: f.Outputs, NoBias: bias == nil}}, values...)
}

// lowRank returns a chain of the form of svd with random numbers.
func (f *fit) lowRank(rank int) (*nn.Network, error) {
	return newChain(f.Inputs, f.seed, []nn.Op{nn.Dense{Out: rank, NoBias: true}, nn.Dense{Out: f.Outputs, Gain: math.Sqrt2}})
}

// fastfoodOps are transforms in sequence. The last ones learn their biases.
func (f *fit) fastfoodOps(transforms int) []nn.Op {
	var ops []nn.Op
	for i := range transforms {
		op := nn.Fastfood{Out: f.Outputs, Learn: "SGB", Gain: 1, NoBias: true}
		if i < transforms-1 {
			op.Out = max(f.Inputs, f.Outputs)
		} else {
			op.NoBias = false
		}
		ops = append(ops, op)
	}
	return ops
}

// Settings of the fit of Fastfood transforms to a layer's outputs.
const (
	fitSteps = 1500
	fitRate  = 0.01 // three times that for diagonals
)

// recipe is that of fine-tuning and of fits: the default one of training, with
// another rate.
func recipe(epochs int, rate float64) train.Recipe {
	r := train.Default()
	r.Epochs, r.Optimizer.Rate = epochs, rate
	return r
}

// fastfood returns transforms fitted to the layer's outputs by gradient descent.
func (f *fit) fastfood(ctx context.Context, transforms int) (*nn.Network, error) {
	chain, err := newChain(f.Inputs, f.seed, f.fastfoodOps(transforms))
	if err != nil {
		return nil, err
	}
	r := recipe(1, fitRate)
	n := len(f.x) / f.Inputs
	r.Epochs = max(1, fitSteps*r.BatchSize/n)
	return chain, train.Rows(ctx, chain, f.x, r, f.seed, train.Imitate(f.y, f.Outputs), nil)
}

// randomProjectionOps are a projection that is fixed, and a matrix.
func (f *fit) randomProjectionOps(features int) []nn.Op {
	return []nn.Op{nn.Fastfood{Out: features, NoBias: true, Gain: 1}, nn.Dense{Out: f.Outputs}}
}

// randomProjection returns random features z = P·x and the matrix A and bias that
// make ‖A·z + bias - y‖² least on the data, with a little of ‖A‖².
func (f *fit) randomProjection(features int) (*nn.Network, error) {
	ops := f.randomProjectionOps(features)
	chain, err := newChain(f.Inputs, f.seed, ops)
	if err != nil {
		return nil, err
	}
	head, err := chain.Slice(0, 1)
	if err != nil {
		return nil, err
	}
	z, y := train.Outputs(head, f.x), append([]float32(nil), f.y...)
	zMean, yMean := centre(z, features), centre(y, f.Outputs)
	a, err := decomposition.LeastSquares(z, y, features, f.Outputs)
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	weight, bias := chain.Param("2.weight").Data, chain.Param("2.bias").Data
	copy(weight, a)
	for i := range bias {
		bias[i] = yMean[i] - float32(dot(weight[i*features:(i+1)*features], zMean))
	}
	return chain, nil
}

// randomInputs are used where there are no data.
func randomInputs(n, size int, seed uint64) []float32 {
	source := rand.New(random.New(seed, random.For("random inputs"), 0, 0))
	x := make([]float32, n*size)
	for i := range x {
		x[i] = float32(source.NormFloat64())
	}
	return x
}
