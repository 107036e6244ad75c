package simd

import "unsafe"

// panels is a block of B as the tiles read it: panels of as many columns as a
// tile has. Row p of panel q starts at data[q*panelStride+p*rowStride].
type panels struct {
	data                   []float32
	rowStride, panelStride int
	last                   []float32 // the last, narrower panel, packed; unused columns hold anything
}

// packPanels packs a block of B panel by panel. If its rows are contiguous, all
// but a narrower last panel stays where it is, unless the rows are a multiple of
// 4096 bytes apart: then they share a few sets of the caches, and evict each
// other between one group of rows of A and the next.
func packPanels(b Matrix, rowsOfA int, scratch []float32) panels {
	_, cols := tileSize()
	count, rest := b.Cols/cols, b.Cols%cols
	p := panels{data: b.Data, rowStride: b.RowStride, panelStride: cols}
	collide := b.RowStride%1024 == 0 && rowsOfA >= 128
	if b.ColStride != 1 || collide {
		p = panels{data: scratch, rowStride: cols, panelStride: b.Rows * cols}
		for q := range count {
			arrange(scratch, cols, b.slice(0, q*cols, b.Rows, cols), true)
			scratch = scratch[b.Rows*cols:]
		}
	}
	if rest > 0 {
		arrange(scratch, cols, b.slice(0, count*cols, b.Rows, rest), true)
		p.last = scratch
	}
	return p
}

// arrange writes dst[i*stride+j] = m(i, j). It may write more columns, up to a
// multiple of 8, when padded is true.
func arrange(dst []float32, stride int, m Matrix, padded bool) {
	switch {
	case m.ColStride == 1:
		copyRows(rows{data: dst, stride: stride}, rows{data: m.Data, stride: m.RowStride}, m.Cols, m.Rows, 1)
	case m.RowStride == 1 && m.Rows >= 8:
		arrangeTransposed(dst, stride, m, padded)
	default:
		arrangeRef(dst, stride, m)
	}
}

func arrangeRef(dst []float32, stride int, m Matrix) {
	for j := range m.Cols {
		for i := range m.Rows {
			dst[i*stride+j] = m.Data[i*m.RowStride+j*m.ColStride]
		}
	}
}

// align drops up to 15 floats so that the rest starts at a cache line.
func align(x []float32) []float32 {
	skip := -(uintptr(unsafe.Pointer(unsafe.SliceData(x))) / 4) % alignment
	return x[skip:]
}
