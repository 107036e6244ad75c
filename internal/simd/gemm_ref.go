package simd

// gemmTilesRef multiplies up to 4 rows of A by count panels of 4 columns of B,
// of which the last width columns count.
func gemmTilesRef(c, a *Matrix, b []float32, rowStride, panelStride, count, width int, e *Epilogue) {
	var tile [4][4]float32
	for q := range count {
		panel := b[q*panelStride:]
		for j := 0; j < width; j += 2 {
			products4x2(&tile, j, a, panel[j:], rowStride)
		}
		for i := range c.Rows {
			storeRef(c.Data[i*c.RowStride+4*q:][:width], tile[i][:width], e.slice(i, 4*q, 1, width))
		}
	}
}

// storeRef stores sums in a part of a row of C.
func storeRef(row, sums []float32, e Epilogue) {
	if e.Accumulate {
		addRef(sums, row)
	}
	if e.RowBias != nil {
		addConstantRef(sums, e.RowBias[0])
	}
	if e.ColumnBias != nil {
		addRef(sums, e.ColumnBias)
	}
	if e.ReLU {
		reluRef(sums, sums)
	}
	copy(row, sums)
}

// products4x2 fills columns j and j+1 of a tile: eight sums and their factors
// fit in 16 registers. Rows that A lacks repeat the last one. The conversions
// to float32 keep Go from fusing products with sums on some machines.
func products4x2(tile *[4][4]float32, j int, a *Matrix, b []float32, rowStride int) {
	var row [4][]float32
	for i := range row {
		row[i] = a.Data[min(i, a.Rows-1)*a.RowStride:]
	}
	var s00, s01, s10, s11, s20, s21, s30, s31 float32
	for p := range a.Cols {
		b0, b1 := b[p*rowStride], b[p*rowStride+1]
		at := p * a.ColStride
		a0, a1, a2, a3 := row[0][at], row[1][at], row[2][at], row[3][at]
		s00 += float32(a0 * b0)
		s01 += float32(a0 * b1)
		s10 += float32(a1 * b0)
		s11 += float32(a1 * b1)
		s20 += float32(a2 * b0)
		s21 += float32(a2 * b1)
		s30 += float32(a3 * b0)
		s31 += float32(a3 * b1)
	}
	tile[0][j], tile[0][j+1] = s00, s01
	tile[1][j], tile[1][j+1] = s10, s11
	tile[2][j], tile[2][j+1] = s20, s21
	tile[3][j], tile[3][j+1] = s30, s31
}

// gatherPanelsRef copies panels of as many columns as a tile has from rows of B.
func gatherPanelsRef(dst []float32, b Matrix) {
	_, cols := tileSize()
	for j := 0; j < b.Cols; j += cols {
		for p := range b.Rows {
			dst = dst[copy(dst, b.Data[p*b.RowStride+j:][:cols]):]
		}
	}
}
