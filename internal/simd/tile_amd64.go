//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels tile -pkg simd -out ../simd/tile_amd64.s -stubs ../simd/tile_stubs_amd64.go

import "github.com/deepfry/deepfry/internal/cpu"

func loadTile(tile []float32, x Samples, width, rows, gap, samples int) {
	switch cpu.Current() {
	case cpu.AVX512:
		loadTile512(&tile[0], &x.Data[0], x.Sample, x.Row, width, rows, gap, samples, &storeMasks[0])
	case cpu.AVX2:
		loadTile256(&tile[0], &x.Data[0], x.Sample, x.Row, width, rows, gap, min(samples, 8), &storeMasks[8])
		upper := &x.Data[0]
		if samples > 8 {
			upper = &x.Data[8*x.Sample]
		}
		loadTile256(&tile[8], upper, x.Sample, x.Row, width, rows, gap, max(samples-8, 0), &storeMasks[8])
	default:
		loadTileRef(tile, x, width, rows, gap, samples)
	}
}

func storeTile(y Samples, tile []float32, width, rows, samples int) {
	switch cpu.Current() {
	case cpu.AVX512:
		storeTile512(&y.Data[0], y.Sample, y.Row, &tile[0], width, rows, samples, &storeMasks[0])
	case cpu.AVX2:
		storeTile256(&y.Data[0], y.Sample, y.Row, &tile[0], width, rows, min(samples, 8), &storeMasks[8])
		if samples > 8 {
			storeTile256(&y.Data[8*y.Sample], y.Sample, y.Row, &tile[8], width, rows, samples-8, &storeMasks[8])
		}
	default:
		storeTileRef(y, tile, width, rows, samples)
	}
}

func sumLanes(dst []float32, dstRow int, tile []float32, tileRow, width, rows int) {
	switch cpu.Current() {
	case cpu.AVX512:
		sumLanes512(&dst[0], dstRow, &tile[0], tileRow, width, rows, &storeMasks[0])
	case cpu.AVX2:
		sumLanes256(&dst[0], dstRow, &tile[0], tileRow, width, rows, &storeMasks[8])
	default:
		sumLanesRef(dst, dstRow, tile, tileRow, width, rows)
	}
}
