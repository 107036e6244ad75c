package simd

// rows describes planes of rows: row i of plane p starts at
// data[p*plane+i*stride].
type rows struct {
	data          []float32
	stride, plane int
}

// copyRowsRef copies planes of height rows of width floats.
func copyRowsRef(dst, src rows, width, height, planes int) {
	for p := range planes {
		for i := range height {
			copy(dst.data[p*dst.plane+i*dst.stride:][:width], src.data[p*src.plane+i*src.stride:][:width])
		}
	}
}

// addRowsRef adds planes of height rows of width floats.
func addRowsRef(dst, src rows, width, height, planes int) {
	for p := range planes {
		for i := range height {
			addRef(dst.data[p*dst.plane+i*dst.stride:][:width], src.data[p*src.plane+i*src.stride:][:width])
		}
	}
}

// copyEveryRef copies every so manyth float of rows.
func copyEveryRef(dst []float32, dstStride int, src []float32, srcStride, every, width, height int) {
	for i := range height {
		from, to := src[i*srcStride:], dst[i*dstStride:][:width]
		for j := range to {
			to[j] = from[j*every]
		}
	}
}
