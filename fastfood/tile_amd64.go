//go:build !purego

package fastfood

import (
	"math"

	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/cpu"
)

// A tile holds Dim entries of up to 8 rows of a batch, the rows innermost:
// entry i of row r is at index 8i + r, and the entries of rows that do not
// exist are 0. So the entries i of all rows are 32 bytes that move together:
// the permutation, which moves single numbers in a row, moves vectors in a
// tile, the transform needs no shuffles, and a diagonal's entry is one factor
// for a vector. Rows become tiles and tiles become rows by transpositions on
// the way from and to memory. With 8 rows, both tiles of 1,024 entries nearly
// fit in a first-level cache, and rows that lie a power of two apart in memory
// leave each other their places there, which 16 would not.
//
// All products and sums of Forward are those of block.forward.

// hasTiles says whether this build has kernels for tiles.
const hasTiles = true

// useTile says whether a tile of so many rows, of 8, takes less time than the
// rows one by one. It does for every Dim that the kernels can do, even where
// tiles fit in no cache: measured up to 2^18, where it takes about 0.6 of the
// time.
func useTile(dim, rows int) bool {
	return cpu.Current() != cpu.Ref && dim >= maxRun && dim%runLength() == 0 && rows >= leastTile
}

// forwardTile is forward for rows side by side, from HBx in inner on, where
// loadTile leaves it. y has the columns that belong to the block. It leaves
// HGΠHBx in outer. Both are tiles.
func (k block) forwardTile(y matrix, inner, outer []float32, e Epilogue) {
	dim := len(k.perm)
	part, run := partLengths(dim)
	for i := 0; i < dim; i += part {
		p := outer[i*tileRows:][:part*tileRows]
		mixTile(p, inner, k.perm[i:], k.g[i*k.group:], k.group, part, run > 1)
		transformRuns(p, run)
	}
	transformRuns(outer, part)
	storeTile(y, false, outer, k.s, 1/float32(dim), e)
}

// backwardTile is backward for rows side by side, with the tiles that
// forwardTile left. It overwrites dx if add is false. The scratch tiles u and
// v have the size of inner and outer.
func (k block) backwardTile(dx matrix, add bool, d block, dy, x matrix, u, v, inner, outer []float32) {
	dim := len(k.perm)
	scale := 1 / float32(dim)
	loadTile(u, dy, k.s, scale) // HSe / Dim
	unmixTile(v, u, k.perm, k.g, k.group, inner, d.g)
	part, run := partLengths(dim)
	for i := 0; i < dim; i += part {
		p := v[i*tileRows:][:part*tileRows]
		if run > 1 {
			firstLevels(p, part)
		}
		transformRuns(p, run)
	}
	transformRuns(v, part) // HΠᵀGHSe / Dim
	if d.s != nil {
		sumProducts(d.s, outer, dy, scale)
		sumProducts(d.b, v, x, 1)
	}
	if dx.data != nil {
		storeTile(dx, add, v, k.b, 1, Epilogue{})
	}
}

// partLengths returns how the transform of a tile goes on. Kernels do the levels
// within a run of entries, of runLength if those are the first ones, else of 1.
// Then come those within a part, so that they are done while it is in the
// first-level cache, before another part is begun: a part has up to 512 entries,
// 16 KB, such that all the passes that join parts have radix 8, but for orders
// that are no powers of two.
func partLengths(dim int) (part, run int) {
	part = fwht.PowerOfTwo(dim)
	if part%runLength() != 0 {
		return dim, 1
	}
	for part > 512 {
		part /= 8
	}
	return part, runLength()
}

// transformRuns does the levels that join transformed runs of entries.
func transformRuns(tile []float32, run int) {
	if err := fwht.TransformColumns(tile, len(tile)/(run*tileRows), run*tileRows); err != nil {
		panic("fastfood: " + err.Error()) // Dim is a length of transforms
	}
}

// loadTile leaves H·(scale·diagonal ⊙ row) of the rows of x in a tile.
func loadTile(tile []float32, x matrix, diagonal []float32, scale float32) {
	dim := len(tile) / tileRows
	part, run := partLengths(dim)
	for i := 0; i < dim; i += part {
		p := tile[i*tileRows:][:part*tileRows]
		n := min(part, x.columns-i)
		if n <= 0 {
			clear(tile[i*tileRows:]) // the transform of zeros
			break
		}
		whole := n - n%runLength()
		if whole > 0 {
			load(p, x.data[i:], x.stride, x.rows, diagonal[i:], scale, whole, run > 1)
		}
		if whole < n {
			var e edge
			e.copyIn(x, i+whole)
			copy(e.diagonal[:], diagonal[i+whole:x.columns])
			load(p[whole*tileRows:], e.rows[:], maxRun, x.rows, e.diagonal[:], scale, runLength(), run > 1)
			whole += runLength()
		}
		clear(p[whole*tileRows:])
		transformRuns(p, run)
	}
	transformRuns(tile, part)
}

// storeTile computes scale·diagonal ⊙ row, of the rows of a tile, and sets the
// rows of y to what the epilogue makes of it, or adds that to them.
func storeTile(y matrix, add bool, tile, diagonal []float32, scale float32, e Epilogue) {
	least := float32(math.Inf(-1))
	if e.ReLU {
		least = 0
	}
	whole := y.columns - y.columns%runLength()
	if whole > 0 {
		store(y.data, y.stride, y.rows, add, tile, diagonal, scale, e.Bias, least, whole)
	}
	if whole < y.columns {
		var rest edge
		rest.copyIn(y, whole)
		var bias []float32
		if e.Bias != nil {
			copy(rest.diagonal[:], e.Bias[whole:y.columns])
			bias = rest.diagonal[:]
		}
		store(rest.rows[:], maxRun, y.rows, add, tile[whole*tileRows:], diagonal[whole:], scale, bias, least, runLength())
		for r := range y.rows {
			copy(y.data[r*y.stride+whole:r*y.stride+y.columns], rest.rows[r*maxRun:])
		}
	}
}

// sumProducts adds scale·Σ tile ⊙ x, over the rows, to sums.
func sumProducts(sums, tile []float32, x matrix, scale float32) {
	whole := x.columns - x.columns%runLength()
	if whole > 0 {
		addProducts(sums, tile, x.data, x.stride, x.rows, scale, whole)
	}
	if whole < x.columns {
		var e edge
		e.copyIn(x, whole)
		copy(e.diagonal[:], sums[whole:x.columns])
		addProducts(e.diagonal[:], tile[whole*tileRows:], e.rows[:], maxRun, x.rows, scale, runLength())
		copy(sums[whole:x.columns], e.diagonal[:])
	}
}

// edge is a copy of the last columns of a matrix, fewer than a run, and of that
// part of a diagonal, with zeros behind: the kernels know only whole runs.
type edge struct {
	rows     [tileRows * maxRun]float32
	diagonal [maxRun]float32
}

// copyIn copies the columns of m from i on.
func (e *edge) copyIn(m matrix, i int) {
	for r := range m.rows {
		copy(e.rows[r*maxRun:], m.data[r*m.stride+i:r*m.stride+m.columns])
	}
}
