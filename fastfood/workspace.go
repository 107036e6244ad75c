package fastfood

import (
	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/par"
)

// gradientChunks is the number of parts into which a batch is split for the
// gradients of the diagonals. Each part sums in order and the parts are added
// in order, so that the result does not depend on the number of cores.
const gradientChunks = 8

// Gradients receives the gradients of the loss with respect to the diagonals,
// [Blocks, Dim] each. Backward adds to them.
type Gradients[T fwht.Float] struct {
	S, G, B []T
}

// Workspace applies a Transform to batches of rows. It holds all memory that
// this needs, so that its methods allocate nothing. Any number of workspaces
// may share a Transform; one workspace serves one goroutine at a time, and
// uses all cores.
type Workspace[T fwht.Float] struct {
	transform *Transform[T]
	maxBatch  int
	training  bool
	workers   int

	permuted []T // ΠHBx: [batch, Blocks, Dim] when training, else [workers, Dim]
	mixed    []T // HGΠHBx, likewise
	scratch  []T // [workers, 2, Dim]
	partial  []T // gradients: [gradientChunks, 3, Blocks·Dim]

	// The arguments of the call under way, and the loop bodies made once.
	y, x, dy, dx     []T
	batch            int
	gradients        *Gradients[T]
	forward, reverse func(chunk, worker int)
	reduce           func(chunk, worker int)
}

// NewWorkspace returns a workspace for up to maxBatch rows at a time. One that
// is made for training keeps what Backward needs.
func NewWorkspace[T fwht.Float](t *Transform[T], maxBatch int, training bool) *Workspace[T] {
	w := &Workspace[T]{transform: t, maxBatch: maxBatch, training: training, workers: par.Workers()}
	kept := w.workers * t.Dim
	if training {
		kept = maxBatch * t.Blocks * t.Dim
		w.partial = make([]T, gradientChunks*3*t.Blocks*t.Dim)
	}
	w.permuted = make([]T, kept)
	w.mixed = make([]T, kept)
	w.scratch = make([]T, w.workers*2*t.Dim)
	w.forward, w.reverse, w.reduce = w.forwardChunk, w.backwardChunk, w.reduceChunk
	return w
}

// Forward computes y = V·x for every row of a batch. x is [batch, Inputs] and
// y is [batch, Outputs], both row-major; the batch follows from their lengths.
func (w *Workspace[T]) Forward(y, x []T) {
	w.setBatch(y, x)
	w.y, w.x = y, x
	par.For(rowChunks(w.batch), w.workers, w.forward)
	w.y, w.x = nil, nil
}

// Backward is the adjoint of the last Forward: dy holds the gradient of the
// loss with respect to y. It overwrites dx, unless that is nil, with Vᵀ·dy, and
// adds the diagonals' gradients to gradients, unless that is nil. The input x
// must be the one that Forward was given.
func (w *Workspace[T]) Backward(dx, dy, x []T, gradients *Gradients[T]) {
	if !w.training {
		panic("fastfood: Backward on a workspace that is not for training")
	}
	w.setBatch(dy, x)
	if dx != nil && len(dx) != len(x) {
		panic("fastfood: dx and x have different lengths")
	}
	w.dx, w.dy, w.x, w.gradients = dx, dy, x, gradients
	par.For(gradientChunks, w.workers, w.reverse)
	if gradients != nil {
		par.For(3*w.transform.Blocks, w.workers, w.reduce)
	}
	w.dx, w.dy, w.x, w.gradients = nil, nil, nil, nil
}

func (w *Workspace[T]) setBatch(y, x []T) {
	t := w.transform
	w.batch = len(x) / t.Inputs
	if len(x) != w.batch*t.Inputs || len(y) != w.batch*t.Outputs {
		panic("fastfood: x is not [batch, Inputs] or y is not [batch, Outputs]")
	}
	if w.batch > w.maxBatch {
		panic("fastfood: the batch is larger than the workspace")
	}
}

// rowsPerChunk is how many rows a core takes at a time in Forward, where no
// result depends on the split.
const rowsPerChunk = 4

func rowChunks(batch int) int { return (batch + rowsPerChunk - 1) / rowsPerChunk }

func (w *Workspace[T]) forwardChunk(chunk, worker int) {
	t := w.transform
	u := w.scratch[worker*2*t.Dim:][:t.Dim]
	for row := chunk * rowsPerChunk; row < min(w.batch, (chunk+1)*rowsPerChunk); row++ {
		x := w.x[row*t.Inputs:][:t.Inputs]
		y := w.y[row*t.Outputs:][:t.Outputs]
		for b := range t.Blocks {
			slot := worker
			if w.training {
				slot = row*t.Blocks + b
			}
			out := y[b*t.Dim : min(t.Outputs, (b+1)*t.Dim)]
			t.block(b).forward(out, x, u, w.permuted[slot*t.Dim:][:t.Dim], w.mixed[slot*t.Dim:][:t.Dim])
		}
	}
}

func (w *Workspace[T]) backwardChunk(chunk, worker int) {
	t := w.transform
	scratch := w.scratch[worker*2*t.Dim:][:2*t.Dim]
	u, v := scratch[:t.Dim], scratch[t.Dim:]
	if w.gradients != nil {
		clear(w.partial[chunk*3*len(t.S):][:3*len(t.S)])
	}
	for row := chunk * w.batch / gradientChunks; row < (chunk+1)*w.batch/gradientChunks; row++ {
		x := w.x[row*t.Inputs:][:t.Inputs]
		dy := w.dy[row*t.Outputs:][:t.Outputs]
		var dx []T
		if w.dx != nil {
			dx = w.dx[row*t.Inputs:][:t.Inputs]
			clear(dx)
		}
		for b := range t.Blocks {
			slot := row*t.Blocks + b
			out := dy[b*t.Dim : min(t.Outputs, (b+1)*t.Dim)]
			t.block(b).backward(dx, w.partialBlock(chunk, b), out, x, u, v,
				w.permuted[slot*t.Dim:][:t.Dim], w.mixed[slot*t.Dim:][:t.Dim])
		}
	}
}

// partialBlock returns the chunk's own sums for the diagonals of block b, or
// nothing if they are not wanted.
func (w *Workspace[T]) partialBlock(chunk, b int) block[T] {
	if w.gradients == nil {
		return block[T]{}
	}
	dim, size := w.transform.Dim, len(w.transform.S)
	sums := w.partial[chunk*3*size:][:3*size]
	return block[T]{s: sums[b*dim:][:dim], g: sums[size+b*dim:][:dim], b: sums[2*size+b*dim:][:dim]}
}

// reduceChunk adds all chunks' sums for one block of one diagonal, in order.
func (w *Workspace[T]) reduceChunk(chunk, _ int) {
	dim, size := w.transform.Dim, len(w.transform.S)
	diagonal, b := chunk%3, chunk/3
	total := [3][]T{w.gradients.S, w.gradients.G, w.gradients.B}[diagonal][b*dim:][:dim]
	for i := range total {
		var sum T
		for c := range gradientChunks {
			sum += w.partial[(c*3+diagonal)*size+b*dim+i]
		}
		total[i] += sum
	}
}
