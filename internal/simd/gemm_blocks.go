package simd

import "github.com/deepfry/deepfry/internal/cpu"

const (
	// blockK bounds the inner dimension of a block. It is the same for all
	// kernel versions, since it decides in which order an element is summed.
	blockK = 512
	// blockM and blockN bound the rows of a packed block of A and the columns of
	// a block of B, so that they stay in the second-level cache. BlockN is a
	// multiple of every tile's columns.
	blockM, blockN = 256, 256
	// transposedLimit bounds the smaller dimension of a product that may be
	// computed transposed, and so the scratch memory for that.
	transposedLimit = 256
	// alignment is the number of floats in a cache line.
	alignment = 16
)

// GemmScratch returns the floats of scratch that Gemm needs at most for a
// product of up to m × n elements with an inner dimension of up to k.
func GemmScratch(m, n, k int) int {
	larger, depth := max(m, n), min(k, blockK)
	columns := min(blockK*blockN, depth*roundUp(larger, 32))
	rows := depth * (min(blockM, larger)*4/3 + 16) // packed in groups: see cutRows
	transposed := min(m, n, transposedLimit) * larger
	return alignment + columns + roundUp(rows, alignment) + roundUp(transposed, alignment)
}

// gemm chooses a way. Scratch starts at a cache line, and k is at least 1.
func gemm(c, a, b *Matrix, e *Epilogue, scratch []float32) {
	done := 0
	if c.Rows <= FewRows {
		done = gemmFew(c, a, b, e)
	}
	switch m, n, k := c.Rows, c.Cols-done, a.Cols; {
	case n == 0:
	case done > 0:
		c, b, e := c.ColumnRange(done, c.Cols), b.ColumnRange(done, c.Cols), e.slice(0, done, m, n)
		gemmBlocks(&c, a, &b, &e, scratch)
	case transposedPays(m, n, k, a, b, e.Accumulate):
		gemmTransposed(c, a, b, e, scratch)
	default:
		gemmBlocks(c, a, b, e, scratch)
	}
}

// transposedPays tells whether Cᵀ = Bᵀ·Aᵀ is faster. That can be where B would
// have to be transposed to become contiguous, and where n is far from a whole
// number of vectors.
func transposedPays(m, n, k int, a, b *Matrix, accumulate bool) bool {
	if min(m, n) > transposedLimit || !contiguous(a) {
		return false
	}
	return gemmCost(n, m, k, a.ColStride == 1, true, accumulate) < gemmCost(m, n, k, b.ColStride != 1, false, accumulate)
}

// gemmCost estimates a time in hundredths of a cycle, as measured on a Zen 5: half a
// cycle for a product of vectors of 16 floats, 0.15 cycles for a float
// transposed. Only the ratio matters.
func gemmCost(m, n, k int, packs, transposesC, accumulate bool) int {
	products, transposed := m*k*((n+15)/16), 0
	if n <= 16 {
		products = products * 14 / 10
	}
	if packs {
		transposed += k * n
	}
	if transposesC {
		transposed += m * n
	}
	if transposesC && accumulate {
		transposed += m * n
	}
	return 50*products + 15*transposed
}

// gemmTransposed computes Cᵀ in scratch. A product's factors may change
// places, so that the sums are the same to the last bit.
func gemmTransposed(c, a, b *Matrix, e *Epilogue, scratch []float32) {
	t := RowMajor(scratch, c.Cols, c.Rows)
	if e.Accumulate {
		arrange(t.Data, t.RowStride, c.T(), false)
	}
	left, right, epilogue := b.T(), a.T(), e.t()
	gemmBlocks(&t, &left, &right, &epilogue, scratch[roundUp(c.Rows*c.Cols, alignment):])
	arrange(c.Data, c.RowStride, t.T(), false)
}

// gemmBlocks cuts the inner dimension into blocks, and the rows if A is packed.
func gemmBlocks(c, a, b *Matrix, e *Epilogue, scratch []float32) {
	m, n, k := c.Rows, c.Cols, a.Cols
	depth, height := blockSize(k, blockK), m
	packs := a.ColStride == 1 && collide(a) && n >= 64
	if packs {
		height = blockSize(m, blockM)
	}
	for p := 0; p < k; p += depth {
		d := min(depth, k-p)
		e := e.inBlock(p == 0, p+d == k)
		b := b.slice(p, 0, d, n)
		for i := 0; i < m; i += height {
			h := min(height, m-i)
			c, e := c.slice(i, 0, h, n), e.slice(i, 0, h, n)
			rows, rest := cutRows(a.slice(i, p, h, d), packs, scratch)
			gemmColumns(&c, &rows, &b, &e, rest)
		}
	}
}

// gemmColumns cuts the columns into blocks, which meet all groups of rows.
func gemmColumns(c *Matrix, a *groups, b *Matrix, e *Epilogue, scratch []float32) {
	var block, rows, tiles Matrix
	var epilogue Epilogue
	width := max(blockN, blockK*blockN/b.Rows/blockN*blockN)
	for j := 0; j < c.Cols; j += width {
		w := min(width, c.Cols-j)
		block.set(b, 0, j, b.Rows, w)
		packed := packPanels(&block, c.Rows, scratch)
		for g := range a.count {
			i := a.group(&rows, g)
			tiles.set(c, i, j, rows.Rows, w)
			epilogue.set(e, i, j, rows.Rows, w)
			gemmPanels(&tiles, &rows, &packed, &epilogue)
		}
	}
}

// gemmPanels multiplies a group of rows by the panels of a block of B.
func gemmPanels(c, a *Matrix, b *panels, e *Epilogue) {
	_, cols := tileSize()
	count, rest := c.Cols/cols, c.Cols%cols
	if count > 0 {
		gemmTiles(c, a, b.data, b.rowStride, b.panelStride, count, cols, e)
	}
	if rest > 0 {
		var last Matrix
		var epilogue Epilogue
		last.set(c, 0, count*cols, c.Rows, rest)
		epilogue.set(e, 0, count*cols, c.Rows, rest)
		gemmTiles(&last, a, b.last, cols, 0, 1, rest, &epilogue)
	}
}

// tileSize returns the rows and columns of a register tile.
func tileSize() (rows, cols int) {
	switch cpu.Current() {
	case cpu.AVX512:
		return 14, 32
	case cpu.AVX2:
		return 6, 16
	}
	return 4, 4
}

// blockSize returns the size of ⌈n/limit⌉ equal blocks.
func blockSize(n, limit int) int {
	blocks := max(1, (n+limit-1)/limit)
	return (n + blocks - 1) / blocks
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
