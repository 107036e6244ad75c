package machine

import (
	"context"
	"math"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// factor is the Cholesky factor L of A = C + ridge·I = L·Lᵀ, tile by tile, where
// C is what a gram holds. Tiles of the diagonal hold the inverses of L's, so that
// solving is all products. It is in float32, at the speed of products; only small
// blocks on the diagonal are factorized in float64. Where more is needed than that, it
// preconditions conjugate gradients (solver).
type factor struct {
	l     *lower[float32]
	build *cholesky // nil before the first one
}

func newFactor(n int) *factor { return &factor{l: newLower[float32](n)} }

// compute factorizes C + ridge·I, of the size that f has, and returns whether
// that is positive definite in float32. The error is ctx's.
func (f *factor) compute(ctx context.Context, g *gram, ridge float64) (bool, error) {
	if f.build == nil {
		width := min(side, g.n)
		f.build = &cholesky{
			factor:   f,
			diagonal: make([]float64, width*width),
			block:    make([]float64, blockSide*blockSide),
			left:     make([]float32, blockSide*width),
			right:    make([]float32, blockSide*width),
			out:      par.Scratch[float32](par.Workers(), width*width),
			row:      par.Scratch[float64](par.Workers(), width),
			scratch:  par.Scratch[float32](par.Workers(), simd.GemmScratch(width, width, g.n)),
		}
	}
	build := f.build
	build.gram, build.ridge = g, ridge
	count := tiles(g.n)
	for j := range count {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		build.column = j
		par.For(count-j, par.Workers(), build.subtract)
		if !build.invertDiagonal() {
			return false, nil
		}
		par.For(count-j-1, par.Workers(), build.divide)
	}
	return true, nil
}

// cholesky is the state of a factorization, column of tiles by column.
type cholesky struct {
	*factor
	gram     *gram
	ridge    float64
	column   int       // j
	diagonal []float64 // A_jj - Σ L_jk·L_jkᵀ
	out      [][]float32

	block       []float64 // of the diagonal of the diagonal tile
	left, right []float32 // [blockSide, side]

	row     [][]float64
	scratch [][]float32
}

// subtract computes A_ij - Σ_k<j L_ik·L_jkᵀ for a tile i ≥ j.
func (c *cholesky) subtract(chunk, worker int) {
	j, i := c.column, c.column+chunk
	height, width, first := c.l.height(i), c.l.height(j), j*side
	out := simd.RowMajor(c.out[worker], height, width)
	if j > 0 {
		simd.Gemm(out, panelOf(c.l, i, 0, first), panelOf(c.l, j, 0, first).T(), simd.Epilogue{}, c.scratch[worker])
	}
	for r := range height {
		row := c.row[worker][:width]
		c.gram.entries(row, i*side+r, first, first+width, c.ridge)
		if j > 0 {
			for k, v := range out.Data[r*width:][:width] {
				row[k] -= float64(v)
			}
		}
		if i == j {
			copy(c.diagonal[r*width:], row)
			continue
		}
		tile := c.l.row(i*side + r)[first:]
		for k, v := range row {
			tile[k] = float32(v)
		}
	}
}

// blockSide is the height of the rows that a diagonal tile is factorized by.
const blockSide = 32

// invertDiagonal stores the inverse X of L_jj, some rows at a time: with the X of the
// rows before them, and their part B of A_jj, left of the block D on the diagonal,
//
//	L = B·Xᵀ,  L_D·L_Dᵀ = D - L·Lᵀ,  X_D = L_D⁻¹,  X left of X_D = -X_D·L·X
func (c *cholesky) invertDiagonal() bool {
	n := c.l.height(c.column)
	x := panelOf(c.l, c.column, c.column*side, c.column*side+n)
	for first := 0; first < n; first += blockSide {
		height := min(blockSide, n-first)
		before, rows := x.RowRange(0, first).ColumnRange(0, first), x.RowRange(first, first+height)
		left, right := simd.RowMajor(c.left, height, first), simd.RowMajor(c.right, height, first)
		for r := range height {
			for k, v := range c.diagonal[(first+r)*n:][:first] {
				right.Data[r*first+k] = float32(v)
			}
		}
		simd.Gemm(left, right, before.T(), simd.Epilogue{}, c.scratch[0])
		if !c.invertBlock(first, left) {
			return false
		}
		for r := range height {
			row := rows.Data[r*x.RowStride:][:n]
			for k := range height {
				row[first+k] = float32(c.block[r*height+k])
			}
			clear(row[first+height:])
		}
		simd.Gemm(right, left, before, simd.Epilogue{}, c.scratch[0])
		for i, v := range right.Data[:height*first] {
			right.Data[i] = -v
		}
		simd.Gemm(rows.ColumnRange(0, first), rows.ColumnRange(first, first+height), right, simd.Epilogue{}, c.scratch[0])
	}
	return true
}

// invertBlock computes X_D, with zeros above its diagonal.
func (c *cholesky) invertBlock(first int, left simd.Matrix) bool {
	n, height := c.l.height(c.column), left.Rows
	products := simd.RowMajor(c.out[0], height, height)
	simd.Gemm(products, left, left.T(), simd.Epilogue{}, c.scratch[0])
	block := c.block[:height*height]
	for r := range height {
		for k, v := range c.diagonal[(first+r)*n+first:][:height] {
			block[r*height+k] = v - float64(products.Data[r*height+k])
		}
	}
	return invertCholesky(block, height)
}

// invertCholesky replaces the lower half of A [n, n] by the inverse of its Cholesky
// factor, and the rest by zeros. It returns whether A is positive definite.
func invertCholesky(a []float64, n int) bool {
	for i := range n {
		row := a[i*n:][:n]
		for j := range i + 1 {
			other := a[j*n:][:n]
			sum := row[j]
			for k, v := range row[:j] {
				sum -= v * other[k]
			}
			if j < i {
				row[j] = sum / other[j]
			} else if row[i] = math.Sqrt(sum); !(row[i] > 0) || math.IsInf(row[i], 0) {
				return false
			}
		}
		clear(row[i+1:])
	}
	for i := range n { // row i of X is (e_i - Σ_k<i L_ik·X_k)/L_ii
		row := a[i*n:][:n]
		var x [blockSide]float64
		for k, v := range row[:i] {
			for j, w := range a[k*n:][:k+1] {
				x[j] -= v * w
			}
		}
		pivot := row[i]
		for j, v := range x[:i] {
			row[j] = v / pivot
		}
		row[i] = 1 / pivot
	}
	return true
}

// divide computes L_ij = (A_ij - Σ_k<j L_ik·L_jkᵀ)·L_jj⁻ᵀ for a tile i > j.
func (c *cholesky) divide(chunk, worker int) {
	j, i := c.column, c.column+1+chunk
	first, last := j*side, j*side+c.l.height(j)
	tile := panelOf(c.l, i, first, last)
	out := simd.RowMajor(c.out[worker], tile.Rows, tile.Cols)
	simd.Gemm(out, tile, panelOf(c.l, j, first, last).T(), simd.Epilogue{}, c.scratch[worker])
	for r := range tile.Rows {
		copy(tile.Data[r*tile.RowStride:], out.Data[r*out.Cols:][:out.Cols])
	}
}

// triangular solves with a factor. It serves one goroutine, and uses all cores.
type triangular struct {
	*factor
	x       []float32 // [rows, n]
	rows    int
	steps   steps
	out     [][]float32
	scratch [][]float32
	chunk   func(chunk, worker int)
}

// steps says by what rows are multiplied.
type steps int

const (
	forward steps = iota // x becomes L⁻¹·x
	both                 // x becomes A⁻¹·x = L⁻ᵀ·L⁻¹·x
)

const solveRows = 8 // right-hand sides that a core takes at a time

func newTriangular(f *factor) *triangular {
	t := &triangular{
		factor: f, out: par.Scratch[float32](par.Workers(), solveRows*side),
		scratch: par.Scratch[float32](par.Workers(), simd.GemmScratch(solveRows, f.l.n, f.l.n)),
	}
	t.chunk = t.solveChunk
	return t
}

// solve takes the steps with every row x of [rows, n].
func (t *triangular) solve(x []float32, rows int, steps steps) {
	t.x, t.rows, t.steps = x, rows, steps
	par.For((rows+solveRows-1)/solveRows, par.Workers(), t.chunk)
}

func (t *triangular) solveChunk(chunk, worker int) {
	x := simd.RowMajor(t.x, t.rows, t.l.n).RowRange(chunk*solveRows, min(t.rows, (chunk+1)*solveRows))
	t.forward(x, t.out[worker], t.scratch[worker])
	if t.steps == both {
		t.backward(x, t.out[worker], t.scratch[worker])
	}
}

// forward takes x_i = (x_i - Σ_j<i x_j·L_ijᵀ)·L_ii⁻ᵀ tile by tile.
func (t *triangular) forward(x simd.Matrix, out, scratch []float32) {
	for i := range tiles(t.l.n) {
		first, last := i*side, i*side+t.l.height(i)
		tile := x.ColumnRange(first, last)
		product := simd.RowMajor(out, tile.Rows, tile.Cols)
		simd.Gemm(product, x.ColumnRange(0, first), panelOf(t.l, i, 0, first).T(), simd.Epilogue{}, scratch)
		for r := range tile.Rows {
			row := tile.Data[r*tile.RowStride:][:tile.Cols]
			for k, v := range out[r*tile.Cols:][:tile.Cols] {
				out[r*tile.Cols+k] = row[k] - v
			}
		}
		simd.Gemm(tile, product, panelOf(t.l, i, first, last).T(), simd.Epilogue{}, scratch)
	}
}

// backward takes x_i = x_i·L_ii⁻¹ from the last tile on, and x_j -= x_i·L_ij for j < i.
func (t *triangular) backward(x simd.Matrix, out, scratch []float32) {
	for i := tiles(t.l.n) - 1; i >= 0; i-- {
		first, last := i*side, i*side+t.l.height(i)
		tile := x.ColumnRange(first, last)
		negative := simd.RowMajor(out, tile.Rows, tile.Cols)
		for r := range tile.Rows {
			copy(out[r*tile.Cols:][:tile.Cols], tile.Data[r*tile.RowStride:])
		}
		simd.Gemm(tile, negative, panelOf(t.l, i, first, last), simd.Epilogue{}, scratch)
		for r := range tile.Rows {
			for k, v := range tile.Data[r*tile.RowStride:][:tile.Cols] {
				out[r*tile.Cols+k] = -v
			}
		}
		simd.Gemm(x.ColumnRange(0, first), negative, panelOf(t.l, i, 0, first), simd.Epilogue{Accumulate: true}, scratch)
	}
}
