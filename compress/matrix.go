package compress

import (
	"math"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// tileRows and tileColumns are the parts of a product that a core computes at a
// time. They do not change results.
const tileRows, tileColumns = 256, 512

// product computes C = A·B on all cores.
func product(c, a, b simd.Matrix) {
	rows, columns := (c.Rows+tileRows-1)/tileRows, (c.Cols+tileColumns-1)/tileColumns
	workers := par.Workers()
	scratch := par.Scratch[float32](workers, simd.GemmScratch(min(tileRows, c.Rows), min(tileColumns, c.Cols), a.Cols))
	par.For(rows*columns, workers, func(chunk, worker int) {
		top, left := chunk/columns*tileRows, chunk%columns*tileColumns
		bottom, right := min(top+tileRows, c.Rows), min(left+tileColumns, c.Cols)
		simd.Gemm(c.RowRange(top, bottom).ColumnRange(left, right), a.RowRange(top, bottom), b.ColumnRange(left, right), simd.Epilogue{}, scratch[worker])
	})
}

// dot returns the sum of products, in float64.
func dot(a, b []float32) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(a[i]) * float64(b[i])
		s1 += float64(a[i+1]) * float64(b[i+1])
		s2 += float64(a[i+2]) * float64(b[i+2])
		s3 += float64(a[i+3]) * float64(b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i]) * float64(b[i])
	}
	return s0 + s1 + s2 + s3
}

// subtract computes a -= factor·b.
func subtract(a, b []float32, factor float32) {
	for i, v := range b[:len(a)] {
		a[i] -= factor * v
	}
}

// scale computes a *= factor.
func scale(a []float32, factor float32) {
	for i := range a {
		a[i] *= factor
	}
}

// centre subtracts from every row of x [rows, columns] their mean, and returns
// it.
func centre(x []float32, columns int) []float32 {
	sums := make([]float64, columns)
	rows := len(x) / columns
	for r := range rows {
		for j, v := range x[r*columns : (r+1)*columns] {
			sums[j] += float64(v)
		}
	}
	mean := make([]float32, columns)
	for j, s := range sums {
		mean[j] = float32(s / float64(rows))
	}
	for r := range rows {
		subtract(x[r*columns:(r+1)*columns], mean, 1)
	}
	return mean
}

// relativeError returns ‖a-b‖/‖b‖; 0 if both are zero.
func relativeError(a, b []float32) float64 {
	var difference, whole float64
	for i, v := range b {
		d := float64(a[i]) - float64(v)
		difference += d * d
		whole += float64(v) * float64(v)
	}
	if difference == 0 {
		return 0
	}
	return math.Sqrt(difference / whole)
}
