package fwht

import "fmt"

// TransformColumns replaces the matrix X of rows·columns points, stored row
// after row, by H·X, where H is the Hadamard matrix of order rows: it transforms
// each column, as [Transform] or [TransformMixed] would. With 64 columns or more,
// a multiple of 64, this is the fastest way to transform a batch that can be laid
// out so: no pair of a level lies in one register. Orthonormal multiplies by
// 1/√rows; Sequency orders the rows, of which there must be a power of two.
//
// The number of rows must be a length that [TransformMixed] takes, that of
// columns at least 1, and their product len(x); otherwise there is an error,
// and x stays as it was. TransformColumns runs on one core and allocates
// nothing, but for scratch memory at the first use with a single column.
func TransformColumns[T Float](x []T, rows, columns int, options ...Option) error {
	option := union(options)
	f, err := factorsFor("the number of rows", rows, option)
	if err != nil {
		return err
	}
	if columns < 1 {
		return fmt.Errorf("fwht: the number of columns is %d, want at least 1", columns)
	}
	if columns > len(x) || len(x) != rows*columns {
		return fmt.Errorf("fwht: len(x) is %d, want rows·columns = %d·%d", len(x), rows, columns)
	}
	if rows > 1 { // the scale of one row is 1
		transformMixed(x, f.orders[:f.count], f.power, columns, scaleFor[T](rows, option))
	}
	if option&Sequency != 0 {
		toSequency(x, columns)
	}
	return nil
}

// transformColumns is transform with single rows, of which there are 2 or
// more, in the place of blocks: nothing is to be done in them.
func transformColumns[T Float](x []T, columns int, scale T) {
	rows := len(x) / columns
	if rows <= 8 && shortColumnsAssembly(x, rows, columns, scale) {
		return
	}
	radix := radixFor(rows)
	h := len(x) / radix
	if h > columns {
		for i := 0; i < len(x); i += h {
			transformColumns(x[i:i+h], columns, 1)
		}
	}
	// The kernels take columns in multiples of at most 256 bytes.
	whole := h - h%(256/sizeOf[T]())
	if whole > 0 {
		combine(x, h, whole, radix, scale)
	}
	if whole < h {
		combineRef(x[whole:], h, h-whole, radix, scale)
	}
}
