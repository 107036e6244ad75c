package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/internal/simd"
)

// structured multiplies by S·H̃·G·Π·H̃·B, if first is there with H̃·first·x for
// x.
type structured struct {
	inputs  int
	n       int
	first   []float32 // signs, [Dim], or nil
	matrix  *fastfood.Transform
	phases  []float32 // [n], or nil
	sharedB int       // blocks in groups of so many have the same B
	half    int       // unless 0, only so many outputs of the first of two blocks are used
}

// fastfoodGroup is how many blocks share B and Π.
const fastfoodGroup = 4

// newFastfood draws a Fastfood transform whose rows are scales times those of
// a Gaussian matrix. Every row is exactly Gaussian, as in Le, Sarlós and Smola.
// But rows of a block have G in common, and that makes the mean of a kernel's
// estimates over all rows spread more than it does for independent ones: as
// ‖H̃GΠH̃Bx‖ does for a given x. So G is stratified here. Some blocks share B and Π,
// and so Π·H̃·B·x, and the squares that their diagonals G have at a place sum up
// to nearly the same at all places. That takes two blocks at least, of which
// halves are used where one would do.
func newFastfood(k Kernel, o Options) (*structured, error) {
	if err := o.checkStructured(); err != nil {
		return nil, err
	}
	t := &structured{inputs: o.Inputs, n: o.N, phases: o.phases(), sharedB: fastfoodGroup}
	outputs := o.N
	if blocks, dim, _ := fastfood.Size(o.Inputs, o.N); blocks == 1 {
		t.half = (o.N + 1) / 2
		outputs = dim + max(1, o.N-t.half)
	}
	var err error
	if t.matrix, err = fastfood.New(o.Inputs, outputs); err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	scales := frequencyScales(k, o)
	for first := 0; first < t.matrix.Blocks; first += fastfoodGroup {
		t.drawFastfood(k, o, first, min(t.matrix.Blocks, first+fastfoodGroup), scales)
	}
	return t, nil
}

// frequencies returns which frequencies a block computes.
func (t *structured) frequencies(block int) (first, last int) {
	if t.half > 0 {
		return min(block, 1) * t.half, min(t.half+block*t.n, t.n)
	}
	return block * t.matrix.Dim, min((block+1)*t.matrix.Dim, t.n)
}

// epilogue returns what the workspace does with products. It drops what is not
// used of two blocks.
func (t *structured) epilogue(finish finish) fastfood.Epilogue {
	if t.half == 0 {
		return fastfood.Epilogue{Bias: t.phases, Map: finish}
	}
	var bias []float32
	if t.phases != nil {
		bias = make([]float32, t.matrix.Outputs)
		copy(bias, t.phases[:t.half])
		copy(bias[t.matrix.Dim:], t.phases[t.half:])
	}
	return fastfood.Epilogue{Bias: bias, Map: func(row, column int, products []float32) {
		for block := range 2 {
			first, last := t.frequencies(block)
			shift := block*t.matrix.Dim - first
			from, to := max(column, first+shift), min(column+len(products), last+shift)
			if from < to {
				finish(row, from-shift, products[from-column:to-column])
			}
		}
	}}
}

// drawFastfood draws a group of blocks.
func (t *structured) drawFastfood(k Kernel, o Options, first, last int, scales []float64) {
	matrix, dim := t.matrix, t.matrix.Dim
	from := first * dim
	o.signs(matrix.B[from:][:dim], "fastfood B", first)
	random.Permute(matrix.Perm[from:][:dim], o.stream("fastfood Π", first))
	for b := first + 1; b < last; b++ {
		copy(matrix.B[b*dim:][:dim], matrix.B[from:])
		copy(matrix.Perm[b*dim:][:dim], matrix.Perm[from:])
	}
	stratifiedNormals(matrix.G[from:last*dim], last-first, o.stream("fastfood G", first))
	for b := first; b < last; b++ {
		squares := 0.0
		for _, g := range matrix.G[b*dim:][:dim] {
			squares += float64(float64(g) * float64(g))
		}
		factor := math.Sqrt(float64(dim) / squares) // a row of H̃GΠH̃B has the length ‖G‖/√d
		lengths := o.stream("fastfood S", b)
		from, to := t.frequencies(b)
		for i, scale := range scales[from:to] {
			matrix.S[b*dim+i] = float32(rowLength(k, dim, lengths) * scale * factor)
		}
	}
}

// stratifiedNormals fills g [blocks, dim] with normal numbers, those of a block
// independent. Two blocks get the pair of a radius and an angle, r·cos φ and
// r·sin φ, and the radii of all pairs at one place are a stratified sample. Where
// there is one pair, its two numbers have a radius each.
func stratifiedNormals(g []float32, blocks int, source *rand.PCG) {
	dim := len(g) / blocks
	pairs := (blocks + 1) / 2
	strata := make([]int32, max(2, pairs))
	radii := make([]float64, len(strata))
	for i := range dim {
		random.Permute(strata, source)
		for j, stratum := range strata {
			radii[j] = (float64(stratum) + random.Uniform(source)) / float64(len(strata))
		}
		for pair := range pairs {
			first, second := radii[pair], radii[pair]
			if pairs == 1 {
				second = radii[1]
			}
			turns := random.Uniform(source)
			a, _ := random.NormalPair(first, turns)
			_, b := random.NormalPair(second, turns)
			g[2*pair*dim+i] = float32(a)
			if 2*pair+1 < blocks {
				g[(2*pair+1)*dim+i] = float32(b)
			}
		}
	}
}

// newSORF draws √d·H̃·D1·H̃·D2·H̃·D3, with random signs D and for each block of d
// rows others. Two things are not as in Yu et al., section 4. The first round,
// D3, is the same for all blocks, so that it is done once: it only spreads x
// evenly. And the rows, of length √d there, have the lengths of Gaussian ones, as
// those of ORF: where d is small, features would else be biased. They still would
// be where d is very small: see paddedSORF.
func newSORF(k Kernel, o Options) (*structured, error) {
	padded := o
	if o.padsSORF(k) {
		padded.Inputs = paddedSORF
	}
	if err := padded.checkStructured(); err != nil {
		return nil, err
	}
	dim, err := fwht.NextLength(padded.Inputs)
	if err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	matrix, err := fastfood.New(dim, o.N)
	if err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	t := &structured{inputs: o.Inputs, n: o.N, first: make([]float32, dim), matrix: matrix, sharedB: 1, phases: o.phases()}
	o.signs(t.first, "sorf D3", 0)
	scales := frequencyScales(k, o)
	for b := range matrix.Blocks {
		block := func(diagonal []float32) []float32 { return diagonal[b*dim:][:dim] }
		o.signs(block(matrix.G), "sorf D1", b)
		o.signs(block(matrix.B), "sorf D2", b)
		lengths := o.stream("sorf lengths", b)
		for i := range min(dim, o.N-b*dim) {
			block(matrix.S)[i] = float32(rowLength(k, dim, lengths) * scales[b*dim+i])
		}
	}
	return t, nil
}

// paddedSORF is the length to which SORF pads rows of fewer than fewInputs. Signs
// of few numbers make few directions: in a plane, those of the axes and diagonals.
// However many frequencies there were, Gaussian and Matérn kernels would be off by
// up to 0.36 for up to 4 inputs, 0.1 for 8 and 0.03 for 12, and order 0 of ArcCosine
// by 0.5, 0.2 and 0.15. So padded, they are off by less than 0.005, and that order, whose
// step tells products that are exactly 0 from others, by 0.015.
const paddedSORF = 256

// padsSORF says whether rows are padded to paddedSORF. Features that are products
// need no more than the second moments of directions, which are always right.
func (o Options) padsSORF(k Kernel) bool {
	_, arcCosine := k.(ArcCosine)
	return o.Sampling == SORF && o.Inputs < fewInputs && (hasCosines(k) || arcCosine)
}

// checkStructured returns an error for sizes that are too large.
func (o Options) checkStructured() error {
	blocks, dim, err := fastfood.Size(o.Inputs, o.N)
	if err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	if most := maxNumbers / 4; blocks*dim > most {
		return fmt.Errorf("kernel: n = %d frequencies of %d inputs: at most %d are supported", o.N, o.Inputs, most)
	}
	return nil
}

// signs fills to with 1 and -1.
func (o Options) signs(to []float32, purpose string, part int) {
	source := o.stream(purpose, part)
	for i := range to {
		to[i] = float32(1 - 2*int(source.Uint64()>>63))
	}
}

func (t *structured) finite() bool { return finite(t.matrix.S) }

func (t *structured) plan(maxRows int, finish finish) func(x []float32, rows int) {
	workspace := fastfood.NewWorkspace(t.matrix, maxRows, false)
	workspace.SetEpilogue(t.epilogue(finish))
	workspace.SetSharedB(t.sharedB)
	if t.first == nil {
		return func(x []float32, _ int) { workspace.Forward(nil, x) }
	}
	dim := t.matrix.Dim
	spread := make([]float32, maxRows*dim)
	scale := float32(1 / math.Sqrt(float64(dim)))
	var x []float32
	body := func(i, _ int) {
		row := spread[i*dim:][:dim]
		simd.Multiply(row[:t.inputs], x[i*t.inputs:][:t.inputs], t.first[:t.inputs], scale)
		clear(row[t.inputs:])
		if err := fwht.Transform(row); err != nil {
			panic("kernel: " + err.Error()) // a power of two
		}
	}
	return func(data []float32, rows int) {
		x = data
		par.For(rows, par.Workers(), body)
		x = nil
		workspace.Forward(nil, spread[:rows*dim])
	}
}
