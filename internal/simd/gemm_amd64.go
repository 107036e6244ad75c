//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels gemm -pkg simd -out ../simd/gemm_amd64.s -stubs ../simd/gemm_stubs_amd64.go

import (
	"unsafe"

	"github.com/deepfry/deepfry/internal/cpu"
)

// storeMasks[16-n:] starts with n times -1, followed by zeros.
var storeMasks = [32]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}

// gemmTiles multiplies a group of rows of A by count panels of B, of which
// width columns count.
func gemmTiles(c, a Matrix, b []float32, rowStride, panelStride, count, width int, e Epilogue) {
	rowBias, columnBias := unsafe.SliceData(e.RowBias), unsafe.SliceData(e.ColumnBias)
	switch cpu.Current() {
	case cpu.AVX512:
		if width > 16 {
			gemmWide512(a.Rows, a.Cols, &a.Data[0], a.RowStride, a.ColStride, &b[0], rowStride, panelStride,
				&c.Data[0], c.RowStride, count, &storeMasks[32-width], e.Accumulate, rowBias, columnBias, e.ReLU)
		} else {
			gemmNarrow512(a.Rows, a.Cols, &a.Data[0], a.RowStride, a.ColStride, &b[0], rowStride, panelStride,
				&c.Data[0], c.RowStride, count, &storeMasks[16-width], e.Accumulate, rowBias, columnBias, e.ReLU)
		}
	case cpu.AVX2:
		if width > 8 {
			gemmWide256(a.Rows, a.Cols, &a.Data[0], a.RowStride, a.ColStride, &b[0], rowStride, panelStride,
				&c.Data[0], c.RowStride, count, &storeMasks[32-width-8], e.Accumulate, rowBias, columnBias, e.ReLU)
		} else {
			gemmNarrow256(a.Rows, a.Cols, &a.Data[0], a.RowStride, a.ColStride, &b[0], rowStride, panelStride,
				&c.Data[0], c.RowStride, count, &storeMasks[16-width], e.Accumulate, rowBias, columnBias, e.ReLU)
		}
	default:
		gemmTilesRef(c, a, b, rowStride, panelStride, count, width, e)
	}
}

// arrangeTransposed is arrange for at least 8 rows and a RowStride of 1.
func arrangeTransposed(dst []float32, stride int, m Matrix, padded bool) {
	if cpu.Current() == cpu.Ref {
		arrangeRef(dst, stride, m)
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
