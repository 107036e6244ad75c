package simd

import "unsafe"

// groups is a block of A, cut into groups of as many rows as a tile has, or
// fewer: as equal as can be.
type groups struct {
	a      Matrix
	count  int
	packed []float32 // unless nil, group after group, each transposed
	stride int       // of a packed group
}

// cutRows packs a block of A if need be, and returns the rest of scratch.
func cutRows(a Matrix, pack bool, scratch []float32) (groups, []float32) {
	height, _ := tileSize()
	g := groups{a: a, count: (a.Rows + height - 1) / height}
	if !pack {
		return g, scratch
	}
	g.stride = height
	if height > 4 { // a whole number of vectors of 8, for transpose8
		g.stride = roundUp(height, 8)
	}
	size := g.stride * a.Cols
	g.packed = scratch[:g.count*size]
	for i := range g.count {
		first := i * a.Rows / g.count
		// Whole vectors are faster, even if they hold rows of the next group.
		arrange(g.packed[i*size:], g.stride, a.RowRange(first, min(first+g.stride, a.Rows)).T(), true)
	}
	return g, scratch[roundUp(len(g.packed), alignment):]
}

// group sets rows to a group and returns the first of them.
func (g *groups) group(rows *Matrix, i int) (first int) {
	first, next := i*g.a.Rows/g.count, (i+1)*g.a.Rows/g.count
	rows.set(&g.a, first, 0, next-first, g.a.Cols)
	if g.packed != nil {
		rows.Data, rows.RowStride, rows.ColStride = g.packed[i*g.stride*g.a.Cols:], 1, g.stride
	}
	return first
}

// panels is a block of B as the tiles read it: panels of as many columns as a
// tile has. Row p of panel q starts at data[q*panelStride+p*rowStride].
type panels struct {
	data                   []float32
	rowStride, panelStride int
	last                   []float32 // the last, narrower panel, packed; unused columns hold anything
}

// packPanels packs a block of B panel by panel. If its rows are contiguous, all
// but a narrower last panel stays where it is, unless the rows collide and are
// read often.
func packPanels(b *Matrix, rowsOfA int, scratch []float32) panels {
	_, cols := tileSize()
	count, rest := b.Cols/cols, b.Cols%cols
	whole := b.ColumnRange(0, count*cols)
	p := panels{data: b.Data, rowStride: b.RowStride, panelStride: cols}
	if b.ColStride != 1 || collide(b) && rowsOfA >= 128 {
		p = panels{data: scratch, rowStride: cols, panelStride: b.Rows * cols}
		if b.ColStride == 1 {
			gatherPanels(scratch, whole)
		} else {
			for q := range count {
				arrange(scratch[q*b.Rows*cols:], cols, b.ColumnRange(q*cols, (q+1)*cols), true)
			}
		}
		scratch = scratch[b.Rows*count*cols:]
	}
	if rest > 0 {
		arrange(scratch, cols, b.ColumnRange(count*cols, b.Cols), true)
		p.last = scratch
	}
	return p
}

// collide tells whether the contiguous rows or columns of a matrix are a
// multiple of 4096 bytes apart. Then they share a few sets of the caches, and
// evict each other before they are read again.
func collide(m *Matrix) bool {
	if m.ColStride == 1 {
		return m.RowStride%1024 == 0 && m.Rows > 1
	}
	return m.ColStride%1024 == 0 && m.Cols > 1
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
