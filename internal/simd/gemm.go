package simd

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
func (m Matrix) slice(i, j, rows, cols int) (s Matrix) {
	s.set(&m, i, j, rows, cols)
	return s
}

// set makes m a slice of another matrix. Unlike slice it copies nothing, which
// counts where products are small.
func (m *Matrix) set(of *Matrix, i, j, rows, cols int) {
	m.Rows, m.Cols, m.RowStride, m.ColStride = rows, cols, of.RowStride, of.ColStride
	m.Data = nil
	if rows > 0 && cols > 0 {
		m.Data = of.Data[i*of.RowStride+j*of.ColStride:]
	}
}

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
	gemm(&c, &a, &b, &e, align(scratch))
}

func checkGemm(c, a, b Matrix, e Epilogue, scratch []float32) {
	if c.Rows != a.Rows || a.Cols != b.Rows || c.Cols != b.Cols {
		panic("simd: Gemm: shapes do not match")
	}
	if c.ColStride != 1 && c.Cols > 1 || !contiguous(&b) {
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
	if !e.Accumulate {
		for i := range c.Rows {
			clear(c.Data[i*c.RowStride:][:c.Cols])
		}
	}
	e.finish(&c)
}

// finish is what an epilogue does with the sums in C.
func (e *Epilogue) finish(c *Matrix) {
	for i := range c.Rows {
		row := c.Data[i*c.RowStride:][:c.Cols]
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
func (e Epilogue) slice(i, j, rows, cols int) (s Epilogue) {
	s.set(&e, i, j, rows, cols)
	return s
}

// set makes e a slice of another epilogue, as Matrix.set does.
func (e *Epilogue) set(of *Epilogue, i, j, rows, cols int) {
	e.Accumulate, e.RowBias, e.ColumnBias, e.ReLU = of.Accumulate, nil, nil, of.ReLU
	if of.RowBias != nil {
		e.RowBias = of.RowBias[i : i+rows]
	}
	if of.ColumnBias != nil {
		e.ColumnBias = of.ColumnBias[j : j+cols]
	}
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
func contiguous(m *Matrix) bool {
	return m.ColStride == 1 || m.RowStride == 1 || m.Cols <= 1 || m.Rows <= 1
}
