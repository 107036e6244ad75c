package nn

import (
	"fmt"
	"slices"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// Monarch takes the place of a fully-connected layer on the d values of a sample (Dao et
// al., "Monarch: Expressive Structured Matrices for Efficient and Accurate Training", ICML
// 2022): y = L·P·R·x + bias with block-diagonal L and R and a permutation P. It cuts the
// layer's matrix into Blocks × Blocks tiles of rank 1 each:
//
//	y[i] = Σ_k L[i, k] · z[k, block of i] + bias[i],  z[k, l] = Σ_j R[l, j] · x[j] over block k of the inputs
//
// Blocks have ⌈d/Blocks⌉ inputs and ⌈Out/Blocks⌉ outputs, but for the last ones. R is
// stored [Blocks, d] and L [Out, Blocks], as many numbers as those of a matrix of rank
// Blocks, which has the same R and L for all tiles of a column and of a row.
type Monarch struct {
	Out    int     `json:"out"`
	Blocks int     `json:"blocks"`
	NoBias bool    `json:"no_bias,omitempty"`
	Gain   float64 `json:"gain,omitempty"` // of the initialisation; 0 means 1
}

func (Monarch) Kind() string { return "monarch" }

// monarch is a built Monarch.
type monarch struct {
	Monarch
	in            int
	width, height int // inputs and outputs of a block
	r, l, bias    *Param
}

// Build fails unless there is one input, Out and Blocks are at least 1, and every block
// has an input and an output.
func (m Monarch) Build(name string, in []Shape) (Layer, error) {
	size, err := flattened(in, m.Out)
	if err != nil {
		return nil, err
	}
	if err := checkGain(m.Gain); err != nil {
		return nil, err
	}
	width, err := blockSize(size, m.Blocks, "inputs")
	if err != nil {
		return nil, err
	}
	height, err := blockSize(m.Out, m.Blocks, "outputs")
	if err != nil {
		return nil, err
	}
	if m.Blocks > maxValues/max(size, m.Out) {
		return nil, fmt.Errorf("%d blocks: the layer is too large", m.Blocks)
	}
	l := &monarch{Monarch: m, in: size, width: width, height: height}
	l.r, l.l = newParam(name+".r", Weight, m.Blocks, size), newParam(name+".l", Weight, m.Out, m.Blocks)
	if !m.NoBias {
		l.bias = newParam(name+".bias", Bias, m.Out)
	}
	return l, nil
}

// blockSize returns how many of n inputs or outputs a block has.
func blockSize(n, blocks int, what string) (int, error) {
	if blocks < 1 || blocks > n {
		return 0, fmt.Errorf("%d blocks of %d %s: want 1 to %d", blocks, n, what, n)
	}
	size := (n + blocks - 1) / blocks
	if filled := (n + size - 1) / size; filled < blocks {
		return 0, fmt.Errorf("%d blocks of %d %s: with %d each, %d blocks have them all: take %d, or a divisor of %d", blocks, n, what, size, filled, filled, n)
	}
	return size, nil
}

func (l *monarch) OutShape() Shape   { return Shape{l.Out} }
func (l *monarch) Params() []*Param  { return present(l.r, l.l, l.bias) }
func (l *monarch) MultiplyAdds() int { return l.Blocks * (l.in + l.Out) }

// Init draws R as for a layer of gain 1 on the inputs of a block, and L for Gain.
func (l *monarch) Init(seed uint64) {
	initUniform(l.r, l.width, 1, seed)
	initUniform(l.l, l.Blocks, l.Gain, seed)
}

// monarchRows is how many samples a core takes of a block at a time, where they are
// independent.
const monarchRows = 32

// leastMultiplyAdds are worth handing to other cores.
const leastMultiplyAdds = 64 << 10

// monarchPlan is the memory of the passes of a layer in a workspace. Z is stored twice:
// by blocks of inputs, z[sample, k, l], as R writes it, and by blocks of outputs,
// zt[sample, l, k], as L reads it.
type monarchPlan struct {
	*monarch
	b       *Binding
	z, zt   []float32
	scratch [][]float32 // of each worker, for simd.Gemm
}

// Plan computes, for every block k of the inputs and l of the outputs,
//
//	Z[:, k] = X[:, k]·R[:, k]ᵀ,  Y[:, l] = Zᵀ[:, l]·L[l]ᵀ + bias
//	dZᵀ[:, l] = dY[:, l]·L[l],   dL[l] = dY[:, l]ᵀ·Zᵀ[:, l]
//	dX[:, k] = dZ[:, k]·R[:, k], dR[:, k] = dZ[:, k]ᵀ·X[:, k]
func (l *monarch) Plan(b *Binding) Pass {
	size := b.MaxBatch * l.Blocks * l.Blocks
	p := &monarchPlan{monarch: l, b: b, z: make([]float32, size), zt: make([]float32, size)}
	p.scratch = par.Scratch[float32](b.Workers, l.gemmScratch(b.MaxBatch, b.Training))
	x, y := b.X[0], b.Y
	pass := Pass{Forward: inSequence(
		p.each(true, func(k int, rows rows) (simd.Matrix, simd.Matrix, simd.Matrix, simd.Epilogue) {
			return rows.of(p.inner(p.z, k)), rows.of(p.inputs(x.Value, k)), p.right(l.r.Data, k).T(), simd.Epilogue{}
		}),
		p.transpose(p.zt, p.z),
		p.each(true, func(k int, rows rows) (simd.Matrix, simd.Matrix, simd.Matrix, simd.Epilogue) {
			e := simd.Epilogue{ReLU: b.Epilogue.ReLU}
			if l.bias != nil {
				e.ColumnBias = l.bias.Data[k*l.height : min(l.Out, (k+1)*l.height)]
			}
			return rows.of(p.outputs(y.Value, k)), rows.of(p.inner(p.zt, k)), p.left(l.l.Data, k).T(), e
		}),
	)}
	if b.Training {
		pass.Backward = p.backward(x, y)
	}
	return pass
}

// backward returns the passes back to what is wanted of dL, dR and dX.
func (p *monarchPlan) backward(x, y *Tensor) func() {
	dl, dr := p.b.Gradient(p.l), p.b.Gradient(p.r)
	var left, through, right, input func()
	if dl != nil {
		left = p.each(false, func(k int, rows rows) (simd.Matrix, simd.Matrix, simd.Matrix, simd.Epilogue) {
			return p.left(dl, k), rows.of(p.outputs(y.Grad, k)).T(), rows.of(p.inner(p.zt, k)), simd.Epilogue{}
		})
	}
	if dr != nil || x.Grad != nil {
		dz, dzt := make([]float32, len(p.z)), make([]float32, len(p.z))
		through = inSequence(p.each(true, func(k int, rows rows) (simd.Matrix, simd.Matrix, simd.Matrix, simd.Epilogue) {
			return rows.of(p.inner(dzt, k)), rows.of(p.outputs(y.Grad, k)), p.left(p.l.Data, k), simd.Epilogue{}
		}), p.transpose(dz, dzt))
		if dr != nil {
			right = p.each(false, func(k int, rows rows) (simd.Matrix, simd.Matrix, simd.Matrix, simd.Epilogue) {
				return p.right(dr, k), rows.of(p.inner(dz, k)).T(), rows.of(p.inputs(x.Value, k)), simd.Epilogue{}
			})
		}
		if x.Grad != nil {
			input = p.each(true, func(k int, rows rows) (simd.Matrix, simd.Matrix, simd.Matrix, simd.Epilogue) {
				return rows.of(p.inputs(x.Grad, k)), rows.of(p.inner(dz, k)), p.right(p.r.Data, k), simd.Epilogue{}
			})
		}
	}
	return inSequence(left, through, right, input, p.b.biasGradient(p.bias))
}

// rows are some samples of a batch.
type rows struct{ first, last int }

func (r rows) of(m simd.Matrix) simd.Matrix { return m.RowRange(r.first, r.last) }

// each returns a function that computes C = A·B for every block on all cores: for a few
// samples at a time, or for all where the product sums over them.
func (p *monarchPlan) each(apart bool, product func(block int, samples rows) (c, a, b simd.Matrix, e simd.Epilogue)) func() {
	size := p.b.MaxBatch
	if apart {
		size = min(size, monarchRows)
	}
	body := func(chunk, worker int) {
		first := chunk / p.Blocks * size
		c, a, b, e := product(chunk%p.Blocks, rows{first, min(p.b.Batch(), first+size)})
		if apart && p.b.Batch() <= simd.FewRows && b.RowStride == 1 { // forward
			simd.Dots(c, a, b.T(), e)
			return
		}
		simd.Gemm(c, a, b, e, p.scratch[worker])
	}
	return func() {
		workers := p.b.Workers
		if p.b.Batch()*p.Blocks*max(p.in, p.Out) < leastMultiplyAdds {
			workers = 1
		}
		par.For((p.b.Batch()+size-1)/size*p.Blocks, workers, body)
	}
}

// transpose returns a function that swaps the blocks of inputs and outputs of a z.
func (p *monarchPlan) transpose(to, from []float32) func() {
	n := p.Blocks
	return p.b.EachSample(func(first, last, _ int) {
		for i := first; i < last; i++ {
			to, from := to[i*n*n:][:n*n], from[i*n*n:][:n*n]
			for k := range n {
				for l, v := range from[k*n:][:n] {
					to[l*n+k] = v
				}
			}
		}
	})
}

// The parts of matrices that belong to a block.

func (p *monarchPlan) inputs(x []float32, k int) simd.Matrix {
	return simd.RowMajor(x, p.b.Batch(), p.in).ColumnRange(k*p.width, min(p.in, (k+1)*p.width))
}

func (p *monarchPlan) outputs(y []float32, k int) simd.Matrix {
	return simd.RowMajor(y, p.b.Batch(), p.Out).ColumnRange(k*p.height, min(p.Out, (k+1)*p.height))
}

func (p *monarchPlan) inner(z []float32, k int) simd.Matrix {
	return simd.RowMajor(z, p.b.Batch(), p.Blocks*p.Blocks).ColumnRange(k*p.Blocks, (k+1)*p.Blocks)
}

func (p *monarchPlan) right(r []float32, k int) simd.Matrix {
	return simd.RowMajor(r, p.Blocks, p.in).ColumnRange(k*p.width, min(p.in, (k+1)*p.width))
}

func (p *monarchPlan) left(l []float32, k int) simd.Matrix {
	return simd.RowMajor(l, p.Out, p.Blocks).RowRange(k*p.height, min(p.Out, (k+1)*p.height))
}

// gemmScratch returns the floats of scratch that a core needs.
func (l *monarch) gemmScratch(maxBatch int, training bool) int {
	few := min(maxBatch, monarchRows)
	shapes := [][3]int{{few, l.Blocks, l.width}, {few, l.height, l.Blocks}}
	if training {
		shapes = append(shapes, [3]int{l.height, l.Blocks, maxBatch}, [3]int{few, l.Blocks, l.height}, [3]int{l.Blocks, l.width, maxBatch}, [3]int{few, l.width, l.Blocks})
	}
	var sizes []int
	for _, s := range shapes {
		sizes = append(sizes, simd.GemmScratch(s[0], s[1], s[2]))
	}
	return slices.Max(sizes)
}

// scratchBytes is the layer's part of ScratchBytes.
func (l *monarch) scratchBytes(maxBatch, workers int, training bool) int64 {
	copies := int64(2)
	if training {
		copies = 4
	}
	return 4 * (copies*int64(maxBatch)*int64(l.Blocks)*int64(l.Blocks) + int64(workers)*int64(l.gemmScratch(maxBatch, training)))
}
