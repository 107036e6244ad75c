package fwht

import "math/bits"

// toSequency takes rows of x, each of width elements, from natural to sequency
// order, in place. Of n rows, row k of the result is row
//
//	reverse(gray(k)),  gray(k) = k ^ k>>1
//
// of x, where reverse turns the log2(n) bits of a number around: that is the row
// of H with k sign changes. For row i of H changes sign from column j to j+1 if
// i has an odd number of ones where j and j+1 differ, which are the lowest t+1
// bits for the n/2^(t+1) columns j that end in exactly t ones. The number of
// changes is therefore
//
//	k = Σ_t 2^(log2(n)-1-t) · parity(bits 0 … t of i)
//
// and neighbouring bits of k differ where i has a one: gray(k) = reverse(i).
//
// Short rows of single elements go through scratch memory. Others are exchanged
// in place, by reverse first and then by gray, which takes several times as long.
func toSequency[T Float](x []T, width int) {
	if width == 1 && len(x) <= scratchPoints {
		b := takeBatch[T]()
		gather(x, b.scratch[:])
		b.release()
		return
	}
	reverseBits(x, width)
	grayCode(x, width)
}

// scratchPoints is the length up to which rows are reordered through memory.
const scratchPoints = 1 << 14

// gather does what toSequency says of single elements. Only the bit at which k
// ends in ones and a zero differs between gray(k) and gray(k+1), so that
// reverse(gray(k)) is kept from one k to the next.
func gather[T Float](x, scratch []T) {
	n := len(x)
	scratch = scratch[:n]
	copy(scratch, x)
	from := 0
	for k := range x {
		x[k] = scratch[from]
		from ^= n >> 1 >> bits.TrailingZeros(uint(k+1))
	}
}

// reverseBits exchanges rows i and reverse(i).
func reverseBits[T Float](x []T, width int) {
	n := len(x) / width
	shift := 64 - (bits.Len(uint(n)) - 1)
	for i := range n {
		if j := int(bits.Reverse64(uint64(i)) >> shift); i < j {
			exchange(x[i*width:(i+1)*width], x[j*width:(j+1)*width])
		}
	}
}

// grayCode moves row gray(k) to row k. In the upper half of the rows, the Gray
// code begins with 11 and then 10, against 10 and then 11 in k: the two
// quarters of that half change places. The rest is the same within each half,
// with one bit less.
func grayCode[T Float](x []T, width int) {
	n := len(x) / width
	for h := n / 4; h > 0; h /= 2 {
		for i := 2 * h; i < n; i += 4 * h {
			exchange(x[i*width:(i+h)*width], x[(i+h)*width:(i+2*h)*width])
		}
	}
}

// exchange swaps the elements of a and b, which are of one length.
func exchange[T Float](a, b []T) {
	b = b[:len(a)]
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}
