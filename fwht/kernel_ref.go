package fwht

// blockLengthRef is the length of the longest block of the portable kernels.
const blockLengthRef = 8

// blocksRef is the portable version of blocks.
func blocksRef[T Float](x []T, size int, scale T) {
	if size == 8 {
		blocks8Ref(x, scale)
		return
	}
	for i := 0; i < len(x); i += size { // a block is size transforms of one point
		combineRef(x[i:i+size], 1, 1, size, scale)
	}
}

func blocks8Ref[T Float](points []T, scale T) {
	for i := 0; i < len(points); i += 8 {
		b := (*[8]T)(points[i:])
		s, t, u, v, w, x, y, z := b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]
		s, t, u, v, w, x, y, z = s+t, s-t, u+v, u-v, w+x, w-x, y+z, y-z
		s, t, u, v, w, x, y, z = s+u, t+v, s-u, t-v, w+y, x+z, w-y, x-z
		b[0], b[1], b[2], b[3] = (s+w)*scale, (t+x)*scale, (u+y)*scale, (v+z)*scale
		b[4], b[5], b[6], b[7] = (s-w)*scale, (t-x)*scale, (u-y)*scale, (v-z)*scale
	}
}

// combineRef is the portable version of combine. It takes radix 1 as well.
func combineRef[T Float](x []T, h, columns, radix int, scale T) {
	switch radix {
	case 8:
		combine8Ref(x, h, columns, scale)
	case 4:
		combine4Ref(x, h, columns, scale)
	case 2:
		x0, x1 := x[:columns], x[h:][:columns]
		for j, a := range x0 {
			b := x1[j]
			x0[j], x1[j] = (a+b)*scale, (a-b)*scale
		}
	default:
		for j := range x[:columns] {
			x[j] *= scale
		}
	}
}

func combine4Ref[T Float](x []T, h, columns int, scale T) {
	x0, x1, x2, x3 := x[:columns], x[h:][:columns], x[2*h:][:columns], x[3*h:][:columns]
	for j := range x0 {
		a, b, c, d := x0[j], x1[j], x2[j], x3[j]
		a, b, c, d = a+b, a-b, c+d, c-d
		x0[j], x1[j], x2[j], x3[j] = (a+c)*scale, (b+d)*scale, (a-c)*scale, (b-d)*scale
	}
}

func combine8Ref[T Float](x []T, h, columns int, scale T) {
	x0, x1, x2, x3 := x[:columns], x[h:][:columns], x[2*h:][:columns], x[3*h:][:columns]
	x4, x5, x6, x7 := x[4*h:][:columns], x[5*h:][:columns], x[6*h:][:columns], x[7*h:][:columns]
	for j := range x0 {
		s, t, u, v, w, x, y, z := x0[j], x1[j], x2[j], x3[j], x4[j], x5[j], x6[j], x7[j]
		s, t, u, v, w, x, y, z = s+t, s-t, u+v, u-v, w+x, w-x, y+z, y-z
		s, t, u, v, w, x, y, z = s+u, t+v, s-u, t-v, w+y, x+z, w-y, x-z
		x0[j], x1[j], x2[j], x3[j] = (s+w)*scale, (t+x)*scale, (u+y)*scale, (v+z)*scale
		x4[j], x5[j], x6[j], x7[j] = (s-w)*scale, (t-x)*scale, (u-y)*scale, (v-z)*scale
	}
}
