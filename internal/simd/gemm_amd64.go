//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels gemm -pkg simd -out ../simd/gemm_amd64.s -stubs ../simd/gemm_stubs_amd64.go

import (
	"unsafe"

	"github.com/deepfry/deepfry/internal/cpu"
)

// storeMasks[16-n:] starts with n times -1, followed by zeros.
var storeMasks = [32]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}

// tileKernel is a family of tiles.
type tileKernel func(rows, k int, a *float32, aRow, aCol int, b *float32, bRow, bPanel int, c *float32, cRow, panels int,
	mask *int32, accumulate bool, rowBias, columnBias *float32, relu bool)

// run multiplies a group of rows of A by count panels of B, whose last vector
// has last columns.
func (t tileKernel) run(c, a *Matrix, b []float32, stride, panelStride, count, last int, e *Epilogue) {
	t(a.Rows, a.Cols, &a.Data[0], a.RowStride, a.ColStride, &b[0], stride, panelStride, &c.Data[0], c.RowStride, count,
		&storeMasks[16-last], e.Accumulate, unsafe.SliceData(e.RowBias), unsafe.SliceData(e.ColumnBias), e.ReLU)
}

// gemmTiles multiplies a group of rows of A by count panels of B, of which
// width columns count.
func gemmTiles(c, a *Matrix, b []float32, rowStride, panelStride, count, width int, e *Epilogue) {
	var t tileKernel
	switch version := cpu.Current(); {
	case version == cpu.AVX512 && width > 16:
		t, width = gemmWide512, width-16
	case version == cpu.AVX512:
		t = gemmNarrow512
	case version == cpu.AVX2 && width > 8:
		t, width = gemmWide256, width-8
	case version == cpu.AVX2:
		t = gemmNarrow256
	default:
		gemmTilesRef(c, a, b, rowStride, panelStride, count, width, e)
		return
	}
	t.run(c, a, b, rowStride, panelStride, count, width, e)
}

// gemmFew multiplies few rows of A by B, which stays where it is, if there is a
// kernel for that. It does whole panels, and returns how many columns they are.
func gemmFew(c, a, b *Matrix, e *Epilogue) int {
	switch version := cpu.Current(); {
	case version == cpu.AVX512 && b.ColStride == 1 && a.Rows == 1:
		return gemmStreaming(gemmRow512, 256, c, a, b, e)
	case version == cpu.AVX512 && b.ColStride == 1:
		return gemmStreaming(gemmFew512, 128, c, a, b, e)
	case version == cpu.AVX2 && b.ColStride == 1 && a.Rows == 1:
		return gemmStreaming(gemmRow256, 64, c, a, b, e)
	case version == cpu.AVX2 && b.ColStride == 1:
		return gemmStreaming(gemmFew256, 32, c, a, b, e)
	}
	return 0
}

// gemmStreaming multiplies few rows of A by wide panels of B.
func gemmStreaming(t tileKernel, columns int, c, a, b *Matrix, e *Epilogue) (done int) {
	m, k := a.Rows, a.Cols
	depth := blockSize(k, blockK)
	for ; done+columns <= c.Cols; done += columns {
		c, e := c.slice(0, done, m, columns), e.slice(0, done, m, columns)
		for p := 0; p < k; p += depth {
			d := min(depth, k-p)
			a, e := a.slice(0, p, m, d), e.inBlock(p == 0, p+d == k)
			t.run(&c, &a, b.Data[p*b.RowStride+done:], b.RowStride, 0, 1, 16, &e)
		}
	}
	return done
}

// arrangeTransposed is arrange for at least 8 rows and a RowStride of 1.
func arrangeTransposed(dst []float32, stride int, m Matrix, padded bool) {
	switch {
	case cpu.Current() == cpu.Ref:
		arrangeRef(dst, stride, m)
		return
	case cpu.Current() == cpu.AVX512 && m.Rows >= 16:
		for j := 0; j < m.Cols; j += 16 {
			transpose16(&dst[j], stride, &m.Data[j*m.ColStride], m.ColStride, min(16, m.Cols-j), m.Rows)
		}
		return
	}
	j := 0
	for ; j+8 <= m.Cols; j += 8 {
		transpose8(&dst[j], stride, &m.Data[j*m.ColStride], m.ColStride, 8, m.Rows)
	}
	switch {
	case j == m.Cols:
	case padded:
		transpose8(&dst[j], stride, &m.Data[j*m.ColStride], m.ColStride, m.Cols-j, m.Rows)
	default:
		arrangeRef(dst[j:], stride, m.slice(0, j, m.Rows, m.Cols-j))
	}
}

// gatherPanels copies panels of as many columns as a tile has from rows of B.
func gatherPanels(dst []float32, b Matrix) {
	switch _, cols := tileSize(); {
	case b.Cols == 0:
	case cpu.Current() == cpu.AVX512:
		copyPanels512(&dst[0], b.Rows*cols, &b.Data[0], b.RowStride, b.Rows, b.Cols/cols)
	case cpu.Current() == cpu.AVX2:
		copyPanels256(&dst[0], b.Rows*cols, &b.Data[0], b.RowStride, b.Rows, b.Cols/cols)
	default:
		gatherPanelsRef(dst, b)
	}
}
