package simd

import "math"

// SinCos computes sin[i], cos[i] = sin(x[i]), cos(x[i]), within 0.53 units in
// the last place for |x[i]| up to 2^20, and as math.Sincos beyond. All versions
// agree bit for bit; the sine of -0 is +0. x may be sin or cos.
func SinCos(sin, cos, x []float32) {
	if len(sin) != len(x) || len(cos) != len(x) {
		panic("simd: SinCos: slices of different lengths")
	}
	done := sinCosVectors(sin, cos, x)
	for i := done; i < len(x); i++ {
		sin[i], cos[i] = sinCosRef(x[i])
	}
}

// sinCosLargest bounds the arguments that are reduced by two parts of π/2: the
// first has 33 bits, so that its multiples up to 2^20 are exact.
const sinCosLargest = 1 << 20

// sinCosRef works in float64, in which the polynomials of Taylor are exact to
// 3e-9 of the result for |r| ≤ π/4. Conversions keep the compiler from fusing
// multiply-adds, so that all versions agree.
func sinCosRef(v float32) (sin, cos float32) {
	x := float64(v)
	if !(math.Abs(x) <= sinCosLargest) {
		s, c := math.Sincos(x)
		return float32(s), float32(c)
	}
	turns := math.RoundToEven(float64(x * (2 / math.Pi)))
	r := x - float64(turns*0x1.921fb544p+00)
	r -= float64(turns * 0x1.0b4611a626331p-34)

	square := float64(r * r)
	s := float64(square*(1.0/362880)) - 1.0/5040
	s = float64(s*square) + 1.0/120
	s = float64(s*square) - 1.0/6
	s = float64(float64(s*square)*r) + r
	c := float64(square*(-1.0/3628800)) + 1.0/40320
	c = float64(c*square) - 1.0/720
	c = float64(c*square) + 1.0/24
	c = float64(c*square) - 1.0/2
	c = float64(c*square) + 1

	quadrant := int64(turns)
	if quadrant&1 != 0 {
		s, c = c, s
	}
	if quadrant&2 != 0 {
		s = -s
	}
	if (quadrant+1)&2 != 0 {
		c = -c
	}
	return float32(s), float32(c)
}
