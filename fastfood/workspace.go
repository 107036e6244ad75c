package fastfood

import (
	"math"
	"slices"

	"github.com/deepfry/deepfry/internal/alias"
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// gradientChunks is the number of parts into which a batch is split for the
// gradients of the diagonals. Each part sums in order and the parts are added
// in order, so that the result does not depend on the number of cores.
const gradientChunks = 8

// Gradients receives the gradients of the loss with respect to S, G and B, each as long
// as they are. Backward adds to them.
type Gradients struct {
	S, G, B []float32
}

// tileRows is how many rows are done side by side where there are kernels for
// it, leastTile how few of them still are, and rowsPerChunk how many a core takes
// at least in Forward.
const (
	tileRows     = 8
	leastTile    = 3
	rowsPerChunk = 4
)

// Workspace applies a Transform to batches of rows. It holds all memory that
// this needs, so that its methods allocate nothing. Any number of workspaces
// may share a Transform; one workspace serves one goroutine at a time, and
// uses all cores.
//
// Rows are done side by side where there are kernels for it (tile_amd64.go),
// and else one by one. The results of Forward are the same to the bit.
type Workspace struct {
	transform *Transform
	perm      []int32 // a copy of Π, so that it stays valid
	maxBatch  int
	training  bool
	workers   int
	side      int  // the most rows that may be done side by side
	rowByRow  bool // no tiles, for benchmarks
	epilogue  Epilogue
	sharedB   int // blocks in groups of so many have the same B

	// What the transforms leave, for each row or tile, when training: [batch,
	// Blocks, Dim].
	inner   []float32   // ΠHBx of a row, HBx of a tile
	outer   []float32   // HGΠHBx
	mapped  [][]float32 // of each worker, if the epilogue has a Map: [side, columns of a group of blocks]
	scratch [][]float32 // of each worker: [2, side, Dim] for Backward; if not training [3, side, Dim], of which 2 for inner and outer
	partial []float32   // gradients: for each of gradientChunks, of S, G and B of all blocks

	// The arguments of the call under way, and the loop bodies made once.
	y, x, dy, dx     []float32
	batch            int
	forwarded        int // the batch of the last Forward
	gradients        *Gradients
	forward, reverse func(chunk, worker int)
	reduce           func(chunk, worker int)
}

// matrix is some columns of a row-major matrix: element [r, i] is
// data[r·stride + i].
type matrix struct {
	data                  []float32
	stride, rows, columns int
}

// NewWorkspace returns a workspace for up to maxBatch rows at a time. One that
// is made for training keeps what Backward needs. It panics if t is nil or not
// valid, and if maxBatch is negative or no memory could hold so many rows. The
// diagonals may change from call to call, but the workspace keeps the
// permutation that it finds here.
func NewWorkspace(t *Transform, maxBatch int, training bool) *Workspace {
	if t == nil || t.Validate() != nil {
		panic("fastfood: NewWorkspace: the transform is nil or not valid")
	}
	if maxBatch < 0 || maxBatch > math.MaxInt/16/(t.Blocks*t.Dim) {
		panic("fastfood: NewWorkspace: the batch is negative, or larger than memory could hold")
	}
	w := &Workspace{transform: t, perm: slices.Clone(t.Perm), maxBatch: maxBatch, training: training, workers: par.Workers(), sharedB: 1}
	w.side = 1
	if hasTiles && maxBatch >= leastTile {
		w.side = tileRows
	}
	tiles := 3
	if training {
		tiles = 2
		kept := roundUp(maxBatch, w.side) * t.Blocks * t.Dim
		w.inner, w.outer = make([]float32, kept), make([]float32, kept)
		w.partial = make([]float32, gradientChunks*w.sums())
	}
	w.scratch = par.Scratch[float32](w.workers, tiles*w.side*t.Dim)
	w.forward, w.reverse, w.reduce = w.forwardChunk, w.backwardChunk, w.reduceChunk
	return w
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// SetEpilogue sets what the next calls of Forward do with V·x.
func (w *Workspace) SetEpilogue(e Epilogue) {
	if e.Bias != nil && len(e.Bias) != w.transform.Outputs {
		panic("fastfood: SetEpilogue: the bias does not have Outputs entries")
	}
	w.epilogue = e
	if e.Map != nil && w.mapped == nil {
		w.mapped = par.Scratch[float32](w.workers, w.side*w.groupBlocks()*w.transform.Dim)
	}
}

// SetSharedB says that blocks in groups of so many have the same B, as they may
// in a map of features. H̃·B·x is then computed once for those of a group that
// are computed in one go, which small blocks are. It panics if the workspace is
// made for training, where blocks learn on their own.
func (w *Workspace) SetSharedB(blocks int) {
	if w.training || blocks < 1 {
		panic("fastfood: SetSharedB: want at least one block, and no training")
	}
	w.sharedB = blocks
}

// Forward computes y = V·x, or what the epilogue makes of it, for every row of a
// batch. x is [batch, Inputs] and y is [batch, Outputs], both row-major; the
// batch follows from the length of x, and may be of no rows. If the epilogue has a
// Map, y is nil. It panics if a length does not fit, for more rows than the workspace
// is for, and if x and y overlap.
func (w *Workspace) Forward(y, x []float32) {
	w.setBatch(x)
	if w.epilogue.Map == nil {
		w.checkOutputs(y)
	} else if y != nil {
		panic("fastfood: Forward: an epilogue with a Map leaves nothing for y, which must be nil")
	}
	if alias.Overlap(y, x) {
		panic("fastfood: Forward: x and y overlap")
	}
	w.forwarded = w.batch
	w.y, w.x = y, x
	groups := (w.batch + w.chunkRows() - 1) / w.chunkRows()
	par.For(groups*w.blockGroups(), w.workers, w.forward)
	w.y, w.x = nil, nil
}

// Backward is the adjoint of the last Forward: dy [batch, Outputs] holds the
// gradient of the loss with respect to V·x. An epilogue is the caller's to
// differentiate: where there is one, that is not the gradient with respect to y.
// Backward overwrites dx, unless that is nil, with Vᵀ·dy, and adds the diagonals'
// gradients to gradients, unless that is nil. The input x must be the one that
// Forward was given. It panics on a workspace that is not for training, with another
// batch than the last Forward's, if a length does not fit, and if dx overlaps x or dy.
func (w *Workspace) Backward(dx, dy, x []float32, gradients *Gradients) {
	if !w.training {
		panic("fastfood: Backward on a workspace that is not for training")
	}
	w.setBatch(x)
	w.checkOutputs(dy)
	if w.batch != w.forwarded {
		panic("fastfood: Backward with another batch than the last Forward")
	}
	if dx != nil && len(dx) != len(x) {
		panic("fastfood: dx and x have different lengths")
	}
	if alias.Overlap(dx, x) || alias.Overlap(dx, dy) {
		panic("fastfood: Backward: dx overlaps x or dy")
	}
	if t := w.transform; gradients != nil && (len(gradients.S) != len(t.S) || len(gradients.G) != len(t.G) || len(gradients.B) != len(t.B)) {
		panic("fastfood: the gradients are not as long as S, G and B")
	}
	w.dx, w.dy, w.x, w.gradients = dx, dy, x, gradients
	par.For(gradientChunks, w.workers, w.reverse)
	if gradients != nil {
		par.For(3*w.transform.Blocks, w.workers, w.reduce)
	}
	w.dx, w.dy, w.x, w.gradients = nil, nil, nil, nil
}

func (w *Workspace) setBatch(x []float32) {
	w.batch = len(x) / w.transform.Inputs
	if len(x) != w.batch*w.transform.Inputs {
		panic("fastfood: x is not [batch, Inputs]")
	}
	if w.batch > w.maxBatch {
		panic("fastfood: the batch is larger than the workspace")
	}
}

func (w *Workspace) checkOutputs(y []float32) {
	if len(y) != w.batch*w.transform.Outputs {
		panic("fastfood: y is not [batch, Outputs]")
	}
}

// sideBySide returns how many of so many rows are done side by side next: 1 if
// one by one.
func (w *Workspace) sideBySide(rows int) int {
	rows = min(rows, tileRows)
	if w.rowByRow || !useTile(w.transform.Dim, rows) {
		return 1
	}
	return rows
}

// chunkRows is how many rows of a block a core takes at a time in Forward,
// where no result depends on the split.
func (w *Workspace) chunkRows() int { return max(rowsPerChunk, w.sideBySide(w.batch)) }

// groupColumns is how many outputs the blocks have together that a core takes at
// a time, so that an epilogue's Map gets no crumbs where Dim is small.
const groupColumns = 512

// groupBlocks returns how many blocks a core takes at a time.
func (w *Workspace) groupBlocks() int { return max(1, groupColumns/w.transform.Dim) }

func (w *Workspace) blockGroups() int {
	return (w.transform.Blocks + w.groupBlocks() - 1) / w.groupBlocks()
}

func (w *Workspace) forwardChunk(chunk, worker int) {
	size := w.chunkRows()
	row, first := chunk/w.blockGroups()*size, chunk%w.blockGroups()*w.groupBlocks()
	last := min(w.transform.Blocks, first+w.groupBlocks())
	for end := min(w.batch, row+size); row < end; {
		rows := w.sideBySide(end - row)
		w.forwardRows(row, rows, first, last, worker)
		row += rows
	}
}

// forwardRows does blocks first to last-1 of a single row, or of a tile with
// several.
func (w *Workspace) forwardRows(row, rows, first, last, worker int) {
	t := w.transform
	column, end := first*t.Dim, min(t.Outputs, last*t.Dim)
	y := matrix{w.y, t.Outputs, rows, end - column}
	if w.epilogue.Map != nil {
		y = matrix{w.mapped[worker], end - column, rows, end - column}
	} else {
		y.data = y.data[row*t.Outputs+column:]
	}
	for b := first; b < last; b++ {
		loaded := b > first && b%w.sharedB > 0
		w.forwardBlock(y.columnsFrom((b-first)*t.Dim, t.Dim), row, b, worker, loaded)
	}
	if w.epilogue.Map != nil {
		for r := range rows {
			w.epilogue.Map(row+r, column, y.data[r*y.stride:][:y.columns])
		}
	}
}

// columnsFrom returns up to count columns of m from the given one on.
func (m matrix) columnsFrom(from, count int) matrix {
	return matrix{m.data[from:], m.stride, m.rows, min(count, m.columns-from)}
}

// forwardBlock writes the outputs of block b to y. If loaded, the block before has
// left HBx.
func (w *Workspace) forwardBlock(y matrix, row, b, worker int, loaded bool) {
	k, x := w.block(b), w.inputs(w.x, row, y.rows)
	inner, outer := w.kept(row, y.rows, b, worker)
	column := b * w.transform.Dim
	e := w.epilogue.columns(column, column+y.columns)
	if y.rows > 1 {
		if !loaded {
			loadTile(inner, x, k.b, 1)
		}
		k.forwardTile(y, inner, outer, e)
	} else {
		k.forward(y.data[:y.columns], x.data, w.scratch[worker][:w.transform.Dim], inner, outer, e)
	}
}

// block returns block i, with the permutation that has been validated.
func (w *Workspace) block(i int) block {
	k := w.transform.block(i)
	k.perm = w.perm[i*w.transform.Dim:][:w.transform.Dim]
	return k
}

// inputs returns rows of a matrix of the shape of x.
func (w *Workspace) inputs(x []float32, row, rows int) matrix {
	if x == nil {
		return matrix{}
	}
	n := w.transform.Inputs
	return matrix{x[row*n : (row+rows)*n], n, rows, n}
}

// outputs returns the columns of block b in rows of a matrix of the shape of y.
func (w *Workspace) outputs(y []float32, row, rows, b int) matrix {
	n, dim := w.transform.Outputs, w.transform.Dim
	from, to := b*dim, min(n, (b+1)*dim)
	return matrix{y[row*n+from : (row+rows-1)*n+to], n, rows, to - from}
}

// kept returns the memory for what the transforms of block b leave: for a
// single row, or for a tile with several from the given one on.
func (w *Workspace) kept(row, rows, b, worker int) (inner, outer []float32) {
	t := w.transform
	size := t.Dim
	if rows > 1 {
		size *= tileRows
	}
	if !w.training {
		both := w.scratch[worker][w.side*t.Dim:]
		return both[:size], both[size:][:size]
	}
	from := row*t.Blocks*t.Dim + b*size
	return w.inner[from:][:size], w.outer[from:][:size]
}

// gradientRows returns the rows that a chunk of Backward takes: whole tiles, if
// there are any.
func (w *Workspace) gradientRows(chunk int) (from, to int) {
	size := (w.batch + gradientChunks - 1) / gradientChunks
	if w.sideBySide(w.batch) > 1 {
		size = roundUp(size, tileRows)
	}
	return min(w.batch, chunk*size), min(w.batch, (chunk+1)*size)
}

func (w *Workspace) backwardChunk(chunk, worker int) {
	row, end := w.gradientRows(chunk)
	if w.gradients != nil && row < end {
		clear(w.chunkSums(chunk))
	}
	for row < end {
		rows := w.sideBySide(end - row)
		w.backwardRows(row, rows, chunk, worker)
		row += rows
	}
}

// backwardRows does a single row, or a tile with several.
func (w *Workspace) backwardRows(row, rows, chunk, worker int) {
	t := w.transform
	x, dx := w.inputs(w.x, row, rows), w.inputs(w.dx, row, rows)
	if rows == 1 {
		clear(dx.data)
	}
	for b := range t.Blocks {
		k, d, dy := w.block(b), w.partialBlock(chunk, b), w.outputs(w.dy, row, rows, b)
		inner, outer := w.kept(row, rows, b, worker)
		scratch := w.scratch[worker]
		u, v := scratch[:len(inner)], scratch[len(inner):][:len(inner)]
		if rows > 1 {
			k.backwardTile(dx, b > 0, d, dy, x, u, v, inner, outer)
		} else {
			k.backward(dx.data, d, dy.data, x.data, u, v, inner, outer)
		}
	}
}

// sums returns how many gradients there are, of all parameters.
func (w *Workspace) sums() int { return len(w.transform.S) + len(w.transform.G) + len(w.transform.B) }

// chunkSums returns a chunk's own sums.
func (w *Workspace) chunkSums(chunk int) []float32 {
	return w.partial[chunk*w.sums():][:w.sums()]
}

// partialBlock returns the chunk's own sums for the parameters of block b, or
// nothing if they are not wanted.
func (w *Workspace) partialBlock(chunk, b int) block {
	if w.gradients == nil {
		return block{}
	}
	t, sums := w.transform, w.chunkSums(chunk)
	dim, all, group := t.Dim, len(t.S), max(t.Group, 1)
	return block{s: sums[b*dim:][:dim], b: sums[all+b*dim:][:dim], g: sums[2*all+b*dim*group:][:dim*group]}
}

// reduceChunk adds all chunks' sums for one block of one parameter, in order.
func (w *Workspace) reduceChunk(chunk, _ int) {
	parameter, b := chunk%3, chunk/3
	part := func(of block) []float32 { return [3][]float32{of.s, of.g, of.b}[parameter] }
	d, dim, group := w.gradients, w.transform.Dim, max(w.transform.Group, 1)
	total := part(block{s: d.S[b*dim:][:dim], g: d.G[b*dim*group:][:dim*group], b: d.B[b*dim:][:dim]})
	chunks := 0
	for from, to := w.gradientRows(0); from < to; from, to = w.gradientRows(chunks) {
		if chunks > 0 {
			simd.Add(part(w.partialBlock(0, b)), part(w.partialBlock(chunks, b)))
		}
		chunks++
	}
	if chunks > 0 {
		simd.Add(total, part(w.partialBlock(0, b)))
	}
}
