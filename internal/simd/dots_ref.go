package simd

// dotRowRef multiplies a row of A by all rows of B. The conversion to float32
// keeps Go from fusing products with sums on some machines.
func dotRowRef(c, a []float32, b *Matrix) {
	for j := range c {
		var sums [16]float32
		row := b.Data[j*b.RowStride:][:len(a)]
		for p, v := range row {
			sums[p%16] += float32(a[p] * v)
		}
		for n := 8; n >= 4; n /= 2 {
			for i := range n {
				sums[i] += sums[n+i]
			}
		}
		c[j] = (sums[0] + sums[1]) + (sums[2] + sums[3])
	}
}

// dotRowInt8Ref multiplies a row of A by rows of B from the first one on, but for their
// scales.
func dotRowInt8Ref(c, a []float32, b *Int8Matrix, first int) {
	for j := range c {
		var sums [16]float32
		row := b.Data[(first+j)*b.rowStride:][:len(a)]
		for p, v := range row {
			sums[p%16] += float32(a[p] * float32(v))
		}
		for n := 8; n >= 4; n /= 2 {
			for i := range n {
				sums[i] += sums[n+i]
			}
		}
		c[j] = (sums[0] + sums[1]) + (sums[2] + sums[3])
	}
}
