package simd

// FewRows are rows of A so few that a product takes as long as reading B.
const FewRows = 3

// dotBlock is how many floats of B meet all rows of A before the next: they stay
// in half of a second-level cache.
const dotBlock = 128 << 10

// Dots computes C = A·Bᵀ and applies an epilogue, which may have a ColumnBias and
// ReLU but does not accumulate. It is meant for A [m, k] of up to FewRows rows,
// where B [n, k] is read as fast as memory gives it; Gemm is for more. Rows of A, B
// and C are contiguous, and no scratch is needed.
//
// Unlike Gemm's, a sum is 16 chains of multiply-adds that take turns, which are
// added up by halves: Gemm's single chain would need B transposed. The result
// is the same however rows and columns are cut.
func Dots(c, a, b Matrix, e Epilogue) {
	if c.Rows != a.Rows || c.Cols != b.Rows || a.Cols != b.Cols {
		panic("simd: Dots: shapes do not match")
	}
	if !c.rowsContiguous() || !a.rowsContiguous() || !b.rowsContiguous() {
		panic("simd: Dots: strides not supported, or data too short for the shape")
	}
	if e.Accumulate || e.RowBias != nil || e.ColumnBias != nil && len(e.ColumnBias) != c.Cols {
		panic("simd: Dots: want no accumulation and a bias of C's columns, or none")
	}
	switch {
	case c.Rows == 0 || c.Cols == 0:
	case a.Cols == 0:
		gemmOfZero(c, e)
	default:
		eachDot(&c, &a, &b)
		e.finish(&c)
	}
}

func (m Matrix) rowsContiguous() bool { return m.fits() && (m.ColStride == 1 || m.Cols <= 1) }

func eachDot(c, a, b *Matrix) {
	height := max(1, dotBlock/a.Cols)
	for j := 0; j < b.Rows; j += height {
		block := b.slice(j, 0, min(height, b.Rows-j), b.Cols)
		for i := range a.Rows {
			dotRow(c.Data[i*c.RowStride+j:][:block.Rows], a.Data[i*a.RowStride:][:a.Cols], &block)
		}
	}
}
