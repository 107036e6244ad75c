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

// Epilogue is what Gemm does with an element of A·B, in this order, each step
// with a rounding of its own. The zero Epilogue stores it.
type Epilogue struct {
	Accumulate bool      // add it to what C holds
	RowBias    []float32 // unless nil, one for each row of C: add it. At most one of the biases is there.
	ColumnBias []float32 // unless nil, one for each column of C: add it
	ReLU       bool      // replace it by +0 if it is negative; NaN and -0 stay, as in Relu
}

// Gemm computes C = A·B and applies an epilogue, with A of m × k, B of k × n and
// C of m × n elements, in one thread. C has ColStride 1, B has ColStride 1 or
// RowStride 1, A has any strides, and C overlaps nothing else.
//
// The inner dimension is cut into ⌈k/512⌉ blocks of equal size, but for the
// last. Within a block, an element is a chain of multiply-adds from 0 on; the
// blocks' sums are then added to C in order. That order depends on k alone, so
// callers may cut C into tiles as they like.
//
// Scratch has at least GemmScratch(m, n, k) floats, whose contents do not
// matter.
func Gemm(c, a, b Matrix, e Epilogue, scratch []float32) {
	checkGemm(c, a, b, e, scratch)
	if c.Rows == 0 || c.Cols == 0 {
		return
	}
	if a.Cols == 0 {
		gemmOfZero(c, e)
		return
	}
	scratch = align(scratch)
	if transposedPays(a, b, e.Accumulate) {
		gemmTransposed(c, a, b, e, scratch)
	} else {
		gemmBlocks(c, a, b, e, scratch)
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

func checkGemm(c, a, b Matrix, e Epilogue, scratch []float32) {
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
	if e.RowBias != nil && (len(e.RowBias) != c.Rows || e.ColumnBias != nil) || e.ColumnBias != nil && len(e.ColumnBias) != c.Cols {
		panic("simd: Gemm: want one bias of C's rows or columns")
	}
}

// gemmOfZero is the epilogue of a product without an inner dimension.
func gemmOfZero(c Matrix, e Epilogue) {
	for i := range c.Rows {
		row := c.Data[i*c.RowStride:][:c.Cols]
		if !e.Accumulate {
			clear(row)
		}
		if e.RowBias != nil {
			AddConstant(row, e.RowBias[i])
		}
		if e.ColumnBias != nil {
			Add(row, e.ColumnBias)
		}
		if e.ReLU {
			Relu(row, row)
		}
	}
}

// inBlock returns the epilogue of a block of the inner dimension. Blocks before
// the last only accumulate.
func (e Epilogue) inBlock(first, last bool) Epilogue {
	if !last {
		e = Epilogue{Accumulate: e.Accumulate}
	}
	e.Accumulate = e.Accumulate || !first
	return e
}

// slice returns the epilogue of rows × cols elements from (i, j) on.
func (e Epilogue) slice(i, j, rows, cols int) Epilogue {
	if e.RowBias != nil {
		e.RowBias = e.RowBias[i : i+rows]
	}
	if e.ColumnBias != nil {
		e.ColumnBias = e.ColumnBias[j : j+cols]
	}
	return e
}

// t returns the epilogue of the transposed product.
func (e Epilogue) t() Epilogue {
	e.RowBias, e.ColumnBias = e.ColumnBias, e.RowBias
	return e
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
func gemmTransposed(c, a, b Matrix, e Epilogue, scratch []float32) {
	t := RowMajor(scratch, c.Cols, c.Rows)
	if e.Accumulate {
		arrange(t.Data, t.RowStride, c.T(), false)
	}
	gemmBlocks(t, b.T(), a.T(), e.t(), scratch[roundUp(c.Rows*c.Cols, alignment):])
	arrange(c.Data, c.RowStride, t.T(), false)
}

// gemmBlocks cuts the inner dimension and the columns into blocks, and the rows
// into groups of one tile's height, as equal as can be.
func gemmBlocks(c, a, b Matrix, e Epilogue, scratch []float32) {
	m, n, k := c.Rows, c.Cols, a.Cols
	rows, _ := tileSize()
	groups := (m + rows - 1) / rows
	depth := blockSize(k, blockK)
	for p := 0; p < k; p += depth {
		d := min(depth, k-p)
		e := e.inBlock(p == 0, p+d == k)
		for j := 0; j < n; j += blockN {
			w := min(blockN, n-j)
			block := packPanels(b.slice(p, j, d, w), m, scratch)
			for g := range groups {
				i, next := g*m/groups, (g+1)*m/groups
				gemmPanels(c.slice(i, j, next-i, w), a.slice(i, p, next-i, d), block, e.slice(i, j, next-i, w))
			}
		}
	}
}

// gemmPanels multiplies a group of rows by the panels of a block of B.
func gemmPanels(c, a Matrix, b panels, e Epilogue) {
	_, cols := tileSize()
	count, rest := c.Cols/cols, c.Cols%cols
	if count > 0 {
		gemmTiles(c, a, b.data, b.rowStride, b.panelStride, count, cols, e)
	}
	if rest > 0 {
		j := count * cols
		gemmTiles(c.slice(0, j, c.Rows, rest), a, b.last, cols, 0, 1, rest, e.slice(0, j, c.Rows, rest))
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
