package fwht

import "github.com/deepfry/deepfry/internal/paley"

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

// paleyTerms[m] is the plan for the order m.
var paleyTerms = func() (terms [37][][]paley.Term) {
	for _, m := range paley.Orders {
		terms[m] = paley.Terms(m)
	}
	return
}()

// pairs holds, for each pair (a, b) of the elements of a vector, the values that
// a paley.Term means.
type pairs[T Float] [9][8]T

func (p *pairs[T]) set(x []T) {
	for k := range len(x) / 2 {
		a, b := x[2*k], x[2*k+1]
		p[k] = [8]T{a + b, a - b, a, b, -(a + b), -(a - b), -a, -b}
	}
}

// paleyRef is the portable version of multiplyPaley. With
// (x0, x1) a pair of rows, u = x0+x1 and v = x0-x1, it becomes the pair
// (C·u + v, C·v - u). A sum begins with the first term of C, then has that of v
// or u, and then those of C.
func paleyRef[T Float](x []T, h, order int, scale T) {
	var u, v [18]T
	var ofU, ofV pairs[T]
	terms := paleyTerms[order]
	for j := range h {
		for i := range terms {
			x0, x1 := x[2*i*h+j], x[(2*i+1)*h+j]
			u[i], v[i] = x0+x1, x0-x1
		}
		ofU.set(u[:order/2])
		ofV.set(v[:order/2])
		for i, row := range terms {
			y0, y1 := ofU[0][row[0]]+v[i], ofV[0][row[0]]-u[i]
			for k := 1; k < len(row); k++ {
				y0 += ofU[k][row[k]]
				y1 += ofV[k][row[k]]
			}
			x[2*i*h+j], x[(2*i+1)*h+j] = y0*scale, y1*scale
		}
	}
}

// transposeRef is the portable version of transpose.
func transposeRef[T Float](y, x []T, rows, columns, run int) {
	for i := range rows {
		for j := range columns {
			copy(y[(j*rows+i)*run:][:run], x[(i*columns+j)*run:])
		}
	}
}
