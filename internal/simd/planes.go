package simd

import "math"

// Planes says where a channel lies in a batch of images: as many planes of Pixels
// floats as there are Samples, Stride floats apart. Slices that go with it begin at
// the first plane.
//
// Sums are of float64: 16 of them take turns within a plane, a pixel j belonging to
// sum j%16 whatever its sample, and are added up by halves. So all kernel versions
// agree bit for bit, as they do in the elementwise functions.
type Planes struct{ Samples, Pixels, Stride int }

// planeSums are the sums that take turns.
type planeSums [16]float64

// total adds up the sums, which it overwrites.
func (s *planeSums) total() float64 {
	for n := len(s) / 2; n >= 1; n /= 2 {
		for i := range n {
			s[i] += s[n+i]
		}
	}
	return s[0]
}

// Sum returns Σ x.
func (p Planes) Sum(x []float32) float64 {
	var sums planeSums
	if p.holds(x) {
		p.sum(&sums, x)
	}
	return sums.total()
}

// SumSquares returns Σ (x-mean)².
func (p Planes) SumSquares(x []float32, mean float64) float64 {
	var sums planeSums
	if p.holds(x) {
		p.sumSquares(&sums, x, mean)
	}
	return sums.total()
}

// SumProducts returns Σ dy and Σ dy·(x-mean).
func (p Planes) SumProducts(dy, x []float32, mean float64) (sum, products float64) {
	var sums [2]planeSums
	if p.holds(dy, x) {
		p.sumProducts(&sums, dy, x, mean)
	}
	return sums[0].total(), sums[1].total()
}

// Normalize computes y = (x-mean)·factor + bias, or, with relu, Relu of that.
func (p Planes) Normalize(y, x []float32, mean, factor, bias float32, relu bool) {
	least := float32(math.Inf(-1))
	if relu {
		least = 0
	}
	if p.holds(y, x) {
		p.normalize(y, x, mean, factor, bias, least)
	}
}

// NormalizeBackward computes dx = factor·(dy - constant - (x-mean)·slope).
func (p Planes) NormalizeBackward(dx, dy, x []float32, mean, factor, constant, slope float32) {
	if p.holds(dx, dy, x) {
		p.normalizeBackward(dx, dy, x, mean, factor, constant, slope)
	}
}

// holds says whether there are any pixels. It panics unless they lie within the
// slices.
func (p Planes) holds(slices ...[]float32) bool {
	if p.Samples < 0 || p.Pixels < 0 || p.Stride < 0 {
		panic("simd: Planes: bad size")
	}
	if p.Samples == 0 || p.Pixels == 0 {
		return false
	}
	for _, s := range slices {
		if len(s) < (p.Samples-1)*p.Stride+p.Pixels {
			panic("simd: Planes: slice too short")
		}
	}
	return true
}
