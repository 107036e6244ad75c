package linear

import "math"

// Dot returns the sum of products of two vectors of the same length, in
// float64.
func Dot(a, b []float32) float64 {
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

// Subtract computes a -= factor·b.
func Subtract(a, b []float32, factor float32) {
	for i, v := range b[:len(a)] {
		a[i] -= factor * v
	}
}

// Scale computes a *= factor.
func Scale(a []float32, factor float32) {
	for i := range a {
		a[i] *= factor
	}
}

// Centre subtracts from every row of x [rows, columns] their mean, and returns
// it.
func Centre(x []float32, columns int) []float32 {
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
		Subtract(x[r*columns:(r+1)*columns], mean, 1)
	}
	return mean
}

// RelativeError returns ‖a-b‖/‖b‖; 0 if both are the same.
func RelativeError(a, b []float32) float64 {
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
