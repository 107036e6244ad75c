package kernel

import (
	"fmt"
	"math"

	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/internal/simd"
)

// structured multiplies by S·H̃·G·Π·H̃·B, if first is there with H̃·first·x for
// x.
type structured struct {
	inputs int
	first  []float32 // signs, [Dim], or nil
	matrix *fastfood.Transform[float32]
	phases []float32 // [n], or nil
}

// newFastfood draws a Fastfood transform whose rows are scales times those of
// a Gaussian matrix.
func newFastfood(o Options, scales []float64) (*structured, error) {
	_, dim, err := o.structuredSize()
	if err != nil {
		return nil, err
	}
	matrix, err := fastfood.Sample[float32](o.Inputs, o.N, math.Sqrt(float64(dim)), o.Seed)
	if err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	for i, scale := range scales {
		matrix.S[i] = float32(float64(matrix.S[i]) * scale)
	}
	return &structured{inputs: o.Inputs, matrix: matrix, phases: o.phases()}, nil
}

// newSORF draws √d·H̃·D1·H̃·D2·H̃·D3, with random signs D and for each block of d
// rows others. Two things are not as in Yu et al., section 4. The first round,
// D3, is the same for all blocks, so that it is done once: it only spreads x
// evenly. And the rows, of length √d there, have the lengths of Gaussian ones, as
// those of ORF: where d is small, features would else be biased.
func newSORF(o Options, scales []float64) (*structured, error) {
	_, dim, err := o.structuredSize()
	if err != nil {
		return nil, err
	}
	matrix, err := fastfood.New[float32](dim, o.N)
	if err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	t := &structured{inputs: o.Inputs, first: make([]float32, dim), matrix: matrix, phases: o.phases()}
	o.signs(t.first, "sorf D3", 0)
	for b := range matrix.Blocks {
		block := func(diagonal []float32) []float32 { return diagonal[b*dim:][:dim] }
		o.signs(block(matrix.G), "sorf D1", b)
		o.signs(block(matrix.B), "sorf D2", b)
		lengths := o.stream("sorf lengths", b)
		for i := range min(dim, o.N-b*dim) {
			block(matrix.S)[i] = float32(random.Chi(lengths, dim) * scales[b*dim+i])
		}
	}
	return t, nil
}

func (o Options) structuredSize() (blocks, dim int, err error) {
	blocks, dim, err = fastfood.Size(o.Inputs, o.N)
	if err != nil {
		return 0, 0, fmt.Errorf("kernel: %w", err)
	}
	if most := maxNumbers / 4; blocks*dim > most {
		return 0, 0, fmt.Errorf("kernel: n = %d frequencies of %d inputs: at most %d are supported", o.N, o.Inputs, most)
	}
	return blocks, dim, nil
}

// signs fills to with 1 and -1.
func (o Options) signs(to []float32, purpose string, part int) {
	source := o.stream(purpose, part)
	for i := range to {
		to[i] = float32(1 - 2*int(source.Uint64()>>63))
	}
}

func (t *structured) plan(maxRows int, finish finish) func(x []float32, rows int) {
	workspace := fastfood.NewWorkspace(t.matrix, maxRows, false)
	workspace.SetEpilogue(fastfood.Epilogue[float32]{Bias: t.phases, Map: finish})
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
