package simd

import "github.com/deepfry/deepfry/internal/cpu"

// Matrix is a view of float32 data: element (i, j) is
// Data[i*RowStride+j*ColStride].
type Matrix struct {
	Data                 []float32
	Rows, Cols           int
	RowStride, ColStride int
}

// RowMajor returns the view of a dense rows × cols matrix, rows one after the
// other.
func RowMajor(data []float32, rows, cols int) Matrix {
	return Matrix{Data: data, Rows: rows, Cols: cols, RowStride: cols, ColStride: 1}
}

// T returns the transposed view of the same data.
func (m Matrix) T() Matrix {
	return Matrix{Data: m.Data, Rows: m.Cols, Cols: m.Rows, RowStride: m.ColStride, ColStride: m.RowStride}
}

// RowRange returns the view of rows first to last-1.
func (m Matrix) RowRange(first, last int) Matrix { return m.slice(first, 0, last-first, m.Cols) }

// ColumnRange returns the view of columns first to last-1.
func (m Matrix) ColumnRange(first, last int) Matrix { return m.slice(0, first, m.Rows, last-first) }

// slice returns the view of rows × cols elements from (i, j) on.
func (m Matrix) slice(i, j, rows, cols int) Matrix {
	m.Rows, m.Cols = rows, cols
	if rows == 0 || cols == 0 {
		m.Data = nil
	} else {
		m.Data = m.Data[i*m.RowStride+j*m.ColStride:]
	}
	return m
}

const (
	// blockK bounds the inner dimension of a block. It is the same for all
	// kernel versions, since it decides in which order an element is summed.
	blockK = 512
	// blockN bounds the columns of a block of B, so that the block stays in
	// the second-level cache. It is a multiple of every tile's columns.
	blockN = 256
	// transposedLimit bounds the smaller dimension of a product that may be
	// computed transposed, and so the scratch memory for that.
	transposedLimit = 256
	// alignment is the number of floats in a cache line.
	alignment = 16
)

// Gemm computes C = A·B, or C += A·B when accumulate is true, with A of m × k,
// B of k × n and C of m × n elements, k in one thread. C has ColStride 1, B has
// ColStride 1 or RowStride 1, A has any strides, and C overlaps neither.
//
// The inner dimension is cut into ⌈k/512⌉ blocks of equal size, but for the
// last. Within a block, an element is a chain of multiply-adds from 0 on; the
// blocks' sums are then added to C in order. That order depends on k alone, so
// callers may cut C into tiles as they like.
//
// Scratch has at least GemmScratch(m, n, k) floats, whose contents do not
// matter.
func Gemm(c, a, b Matrix, accumulate bool, scratch []float32) {
	checkGemm(c, a, b, scratch)
	if c.Rows == 0 || c.Cols == 0 {
		return
	}
	if a.Cols == 0 {
		if !accumulate {
			for i := range c.Rows {
				clear(c.Data[i*c.RowStride:][:c.Cols])
			}
		}
		return
	}
	scratch = align(scratch)
	if transposedPays(a, b, accumulate) {
		gemmTransposed(c, a, b, accumulate, scratch)
	} else {
		gemmBlocks(c, a, b, accumulate, scratch)
	}
}

// GemmScratch returns the floats of scratch that Gemm needs at most for a
// product of up to m × n elements with an inner dimension of up to k.
func GemmScratch(m, n, k int) int {
	columns := min(blockN, roundUp(max(m, n), 32))
	block := min(k, blockK) * columns
	transposed := min(m, n, transposedLimit) * max(m, n)
	return alignment + block + roundUp(transposed, alignment)
}

func checkGemm(c, a, b Matrix, scratch []float32) {
	if c.Rows != a.Rows || a.Cols != b.Rows || c.Cols != b.Cols {
		panic("simd: Gemm: shapes do not match")
	}
	if c.ColStride != 1 && c.Cols > 1 || !contiguous(b) {
		panic("simd: Gemm: strides of B or C not supported")
	}
	if !c.fits() || !a.fits() || !b.fits() {
		panic("simd: Gemm: data too short for the shape")
	}
	if len(scratch) < GemmScratch(c.Rows, c.Cols, a.Cols) {
		panic("simd: Gemm: scratch too short")
	}
}

func (m Matrix) fits() bool {
	if m.Rows < 0 || m.Cols < 0 || m.RowStride < 0 || m.ColStride < 0 {
		return false
	}
	return m.Rows == 0 || m.Cols == 0 || len(m.Data) > (m.Rows-1)*m.RowStride+(m.Cols-1)*m.ColStride
}

// contiguous tells whether rows or columns are contiguous.
func contiguous(m Matrix) bool {
	return m.ColStride == 1 || m.RowStride == 1 || m.Cols <= 1 || m.Rows <= 1
}

// transposedPays tells whether Cᵀ = Bᵀ·Aᵀ is faster. That can be where B would
// have to be transposed to become contiguous, and where n is far from a whole
// number of vectors.
func transposedPays(a, b Matrix, accumulate bool) bool {
	m, n, k := a.Rows, b.Cols, a.Cols
	if min(m, n) > transposedLimit || !contiguous(a) {
		return false
	}
	return gemmCost(n, m, k, a.ColStride == 1, true, accumulate) < gemmCost(m, n, k, b.ColStride != 1, false, accumulate)
}

// gemmCost estimates a time in tenths of a cycle, as measured on a Zen 5: half a
// cycle for a product of vectors of 16 floats, 0.3 cycles for a float
// transposed. Only the ratio matters.
func gemmCost(m, n, k int, packs, transposesC, accumulate bool) int {
	products, transposed := m*k*((n+15)/16), 0
	if packs {
		transposed += k * n
	}
	if transposesC {
		transposed += m * n
	}
	if transposesC && accumulate {
		transposed += m * n
	}
	return 5*products + 3*transposed
}

// gemmTransposed computes Cᵀ in scratch. A product's factors may change
// places, so that the sums are the same to the last bit.
func gemmTransposed(c, a, b Matrix, accumulate bool, scratch []float32) {
	t := RowMajor(scratch, c.Cols, c.Rows)
	if accumulate {
		arrange(t.Data, t.RowStride, c.T(), false)
	}
	gemmBlocks(t, b.T(), a.T(), accumulate, scratch[roundUp(c.Rows*c.Cols, alignment):])
	arrange(c.Data, c.RowStride, t.T(), false)
}

// gemmBlocks cuts the inner dimension and the columns into blocks, and the rows
// into groups of one tile's height, as equal as can be.
func gemmBlocks(c, a, b Matrix, accumulate bool, scratch []float32) {
	m, n, k := c.Rows, c.Cols, a.Cols
	rows, _ := tileSize()
	groups := (m + rows - 1) / rows
	depth := blockSize(k, blockK)
	for p := 0; p < k; p += depth {
		d := min(depth, k-p)
		for j := 0; j < n; j += blockN {
			w := min(blockN, n-j)
			block := packPanels(b.slice(p, j, d, w), m, scratch)
			for g := range groups {
				i, next := g*m/groups, (g+1)*m/groups
				gemmPanels(c.slice(i, j, next-i, w), a.slice(i, p, next-i, d), block, accumulate)
			}
		}
		accumulate = true
	}
}

// gemmPanels multiplies a group of rows by the panels of a block of B.
func gemmPanels(c, a Matrix, b panels, accumulate bool) {
	_, cols := tileSize()
	count := c.Cols / cols
	if count > 0 {
		gemmTiles(c, a, b.data, b.rowStride, b.panelStride, count, cols, accumulate)
	}
	if rest := c.Cols % cols; rest > 0 {
		gemmTiles(c.slice(0, count*cols, c.Rows, rest), a, b.last, cols, 0, 1, rest, accumulate)
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
