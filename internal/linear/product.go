// Package linear multiplies matrices on all cores, and holds what else several
// packages do with vectors of float32.
package linear

import (
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// Product computes products C = A·B on all cores, to the same bits on any number
// of them. The zero value is ready. It keeps its scratch memory for later calls,
// and serves one goroutine at a time.
type Product struct {
	scratch [][]float32 // of each worker, for simd.Gemm
	mapped  [][]float32 // of each worker: a tile of C for Epilogue.Map
	compute func(chunk, worker int)

	// The current product.
	c, a, b simd.Matrix
	tile    Tile
	e       Epilogue
	dots    bool
	int8    *simd.Int8Matrix // in place of b
}

// Tile is the part of C that a core computes at a time. It changes no bits of
// Multiply, only the time. A number that is 0 means all rows, or columns.
type Tile struct{ Rows, Columns int }

// within returns the tile for a C of rows × columns, neither of them 0.
func (t Tile) within(rows, columns int) Tile {
	whole := func(size, all int) int {
		if size == 0 {
			return all
		}
		return min(size, all)
	}
	return Tile{whole(t.Rows, rows), whole(t.Columns, columns)}
}

// Epilogue is what a product does with an element of A·B, in this order, each
// step with a rounding of its own. The zero Epilogue stores it.
type Epilogue struct {
	Accumulate bool      // add it to what C holds
	Bias       []float32 // unless nil, one for each column of C: add it
	ReLU       bool      // replace it by +0 if it is negative

	// Map, unless it is nil, gets the elements of a row of C from the given column
	// on, which it may overwrite, instead of their being stored: then only C's shape
	// counts, and nothing is accumulated. Elements come in pieces, in any order,
	// several at the same time on different cores.
	Map func(row, column int, elements []float32)
}

// Reserve makes room for products of up to rows × columns elements with an
// inner dimension of up to inner, so that they allocate nothing. Multiply makes it
// where there is none.
func (p *Product) Reserve(rows, columns, inner int, t Tile, e Epilogue) {
	if p.compute == nil {
		p.compute = p.computeTile
	}
	if rows == 0 || columns == 0 {
		return
	}
	t = t.within(rows, columns)
	reserve(&p.scratch, simd.GemmScratch(t.Rows, t.Columns, inner))
	if e.Map != nil {
		reserve(&p.mapped, t.Rows*t.Columns)
	}
}

// reserve makes memory for n floats for each worker, unless there is.
func reserve(memory *[][]float32, n int) {
	if workers := par.Workers(); len(*memory) < workers || len((*memory)[0]) < n {
		*memory = par.Scratch[float32](workers, n)
	}
}

// Multiply computes C = A·B and applies an epilogue, with A of m × k, B of k × n
// and C of m × n elements. Sums and strides are those of simd.Gemm.
func (p *Product) Multiply(c, a, b simd.Matrix, t Tile, e Epilogue) {
	p.multiply(c, a, b, t, e, false)
}

// MultiplyTransposed computes C = A·Bᵀ, with rows of all three contiguous. Where A
// has up to simd.FewRows rows, this is done by simd.Dots, which reads B as fast as memory
// gives it, and whose sums have another order than Multiply's. The epilogue does not
// accumulate.
func (p *Product) MultiplyTransposed(c, a, b simd.Matrix, t Tile, e Epilogue) {
	p.multiply(c, a, b.T(), t, e, a.Rows <= simd.FewRows)
}

// MultiplyInt8 is MultiplyTransposed for an A of up to simd.FewRows rows and a B in eight
// bits.
func (p *Product) MultiplyInt8(c, a simd.Matrix, b *simd.Int8Matrix, t Tile, e Epilogue) {
	p.int8 = b
	p.multiply(c, a, simd.Matrix{Rows: b.Cols, Cols: b.Rows}, t, e, true)
	p.int8 = nil
}

func (p *Product) multiply(c, a, b simd.Matrix, t Tile, e Epilogue, dots bool) {
	if c.Rows != a.Rows || a.Cols != b.Rows || c.Cols != b.Cols {
		panic("linear: shapes do not match")
	}
	if e.Map != nil && e.Accumulate {
		panic("linear: an epilogue that accumulates and maps")
	}
	if c.Rows == 0 || c.Cols == 0 {
		return
	}
	p.Reserve(c.Rows, c.Cols, a.Cols, t, e)
	p.c, p.a, p.b, p.tile, p.e, p.dots = c, a, b, t.within(c.Rows, c.Cols), e, dots
	par.For(parts(c.Rows, p.tile.Rows)*parts(c.Cols, p.tile.Columns), len(p.scratch), p.compute)
	p.c, p.a, p.b, p.e = simd.Matrix{}, simd.Matrix{}, simd.Matrix{}, Epilogue{} // the caller's memory
}

// parts returns the number of parts of n, of up to size each.
func parts(n, size int) int { return (n + size - 1) / size }

func (p *Product) computeTile(chunk, worker int) {
	across := parts(p.c.Cols, p.tile.Columns)
	row, column := chunk/across*p.tile.Rows, chunk%across*p.tile.Columns
	end, columnEnd := min(p.c.Rows, row+p.tile.Rows), min(p.c.Cols, column+p.tile.Columns)
	e := simd.Epilogue{Accumulate: p.e.Accumulate, ReLU: p.e.ReLU}
	if p.e.Bias != nil {
		e.ColumnBias = p.e.Bias[column:columnEnd]
	}
	var out simd.Matrix
	if p.e.Map != nil {
		out = simd.RowMajor(p.mapped[worker], end-row, columnEnd-column)
	} else {
		out = p.c.RowRange(row, end).ColumnRange(column, columnEnd)
	}
	a := p.a.RowRange(row, end)
	switch {
	case p.int8 != nil:
		simd.DotsInt8(out, a, p.int8, column, e)
	case p.dots:
		simd.Dots(out, a, p.b.ColumnRange(column, columnEnd).T(), e)
	default:
		simd.Gemm(out, a, p.b.ColumnRange(column, columnEnd), e, p.scratch[worker])
	}
	if p.e.Map != nil {
		for i := range out.Rows {
			p.e.Map(row+i, column, out.Data[i*out.Cols:][:out.Cols])
		}
	}
}

// Balanced returns a tile for a product of any shape: blocks of up to 256 × 512
// that are halved until there are 32, which many cores share.
func Balanced(rows, columns int) Tile {
	t := Tile{min(rows, 256), min(columns, 512)}
	for max(t.Rows, t.Columns) > 32 && parts(rows, t.Rows)*parts(columns, t.Columns) < 32 {
		if t.Rows >= t.Columns {
			t.Rows = parts(t.Rows, 2)
		} else {
			t.Columns = parts(t.Columns, 2)
		}
	}
	return t
}

// Multiply computes C = A·B with tiles and scratch memory of its own.
func Multiply(c, a, b simd.Matrix) {
	new(Product).Multiply(c, a, b, Balanced(c.Rows, c.Cols), Epilogue{})
}
