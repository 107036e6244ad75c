package simd

func loadTileRef(tile []float32, x Samples, width, rows, gap, samples int) {
	for r := range rows {
		row := tile[r*(width+gap)*TileSamples:][:(width+gap)*TileSamples]
		clear(row)
		for i := range samples {
			for j, v := range x.Data[i*x.Sample+r*x.Row:][:width] {
				row[j*TileSamples+i] = v
			}
		}
	}
}

func storeTileRef(y Samples, tile []float32, width, rows, samples int) {
	for r := range rows {
		row := tile[r*width*TileSamples:][:width*TileSamples]
		for i := range samples {
			to := y.Data[i*y.Sample+r*y.Row:][:width]
			for j := range to {
				to[j] = row[j*TileSamples+i]
			}
		}
	}
}

func sumLanesRef(dst []float32, dstRow int, tile []float32, tileRow, width, rows int) {
	for r := range rows {
		for j := range width {
			lanes := [TileSamples]float32(tile[r*tileRow+j*TileSamples:])
			for n := TileSamples / 2; n > 0; n /= 2 {
				addRef(lanes[:n], lanes[n:2*n])
			}
			dst[r*dstRow+j] += lanes[0]
		}
	}
}
