package simd

// Int8Matrix is a matrix of numbers of 8 bits with a scale for each row: element (i, j) is
// Scales[i] · Data[i·stride + j], where the stride is the least multiple of 16 that is not
// less than Cols.
type Int8Matrix struct {
	Data       []int8
	Scales     []float32
	Rows, Cols int
	rowStride  int
}

// NewInt8Matrix copies rows × cols numbers, rows one after the other, and shares scales.
func NewInt8Matrix(numbers []int8, scales []float32, rows, cols int) *Int8Matrix {
	if len(numbers) != rows*cols || len(scales) != rows {
		panic("simd: NewInt8Matrix: numbers or scales do not fit the shape")
	}
	m := &Int8Matrix{Scales: scales, Rows: rows, Cols: cols, rowStride: roundUp(cols, 16)}
	m.Data = make([]int8, rows*m.rowStride)
	for i := range rows {
		copy(m.Data[i*m.rowStride:], numbers[i*cols:(i+1)*cols])
	}
	return m
}

// DotsInt8 is Dots for rows first to first+c.Cols-1 of B, which are a quarter as many bytes
// to read. A sum is multiplied by the row's scale when it is done.
func DotsInt8(c, a Matrix, b *Int8Matrix, first int, e Epilogue) {
	if c.Rows != a.Rows || first < 0 || first+c.Cols > b.Rows || a.Cols != b.Cols {
		panic("simd: DotsInt8: shapes do not match")
	}
	if !c.rowsContiguous() || !a.rowsContiguous() {
		panic("simd: DotsInt8: strides not supported, or data too short for the shape")
	}
	if e.Accumulate || e.RowBias != nil || e.ColumnBias != nil && len(e.ColumnBias) != c.Cols {
		panic("simd: DotsInt8: want no accumulation and a bias of C's columns, or none")
	}
	if c.Rows == 0 || c.Cols == 0 {
		return
	}
	if a.Cols == 0 {
		gemmOfZero(c, e)
		return
	}
	height := max(1, 4*dotBlock/b.rowStride)
	for j := 0; j < c.Cols; j += height {
		n := min(height, c.Cols-j)
		for i := range a.Rows {
			row := c.Data[i*c.RowStride+j:][:n]
			dotRowInt8(row, a.Data[i*a.RowStride:][:a.Cols], b, first+j)
			Multiply(row, b.Scales[first+j:first+j+n], row, 1)
		}
	}
	e.finish(&c)
}
