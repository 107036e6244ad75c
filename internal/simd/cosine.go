package simd

import "math"

// ScaledCos computes cos[i] = scale·cos(x[i]) in float32: the cosine is wrong by
// at most 3e-7. That is what a random feature needs, in a fraction of the time
// of [SinCos]: the argument, a sum in float32, is hardly more exact. All versions
// agree bit for bit. x must not overlap cos.
func ScaledCos(cos, x []float32, scale float32) {
	if len(cos) != len(x) {
		panic("simd: ScaledCos: slices of different lengths")
	}
	for i := scaledCosVectors(cos, x, scale); i < len(x); i++ {
		_, cos[i] = scaledSinCosRef(x[i], scale)
	}
}

// ScaledSinCos computes sin[i], cos[i] = scale·sin(x[i]), scale·cos(x[i])
// likewise.
func ScaledSinCos(sin, cos, x []float32, scale float32) {
	if len(sin) != len(x) || len(cos) != len(x) {
		panic("simd: ScaledSinCos: slices of different lengths")
	}
	for i := scaledSinCosVectors(sin, cos, x, scale); i < len(x); i++ {
		sin[i], cos[i] = scaledSinCosRef(x[i], scale)
	}
}

// scaledLargest bounds the arguments that are reduced by three parts of π, the
// first two of which have products with up to 2^13 half turns that are exact.
const scaledLargest = 1 << 14

// scaledSinCosRef takes an argument to r in [-π/2, π/2] by half turns, of which
// an odd number turns both signs. The polynomials interpolate at Chebyshev's
// nodes in r². Conversions keep the compiler from fusing multiply-adds.
func scaledSinCosRef(x, scale float32) (sin, cos float32) {
	if !(math.Abs(float64(x)) <= scaledLargest) {
		sin, cos = sinCosRef(x)
		return sin * scale, cos * scale
	}
	turns := float32(math.RoundToEven(float64(x * float32(1/math.Pi))))
	r := x - float32(turns*0x1.92p+1)
	r -= float32(turns * 0x1.fb4p-11)
	r -= float32(turns * 0x1.4442d2p-23)

	square := float32(r * r)
	c := float32(square*-0x1.1a5aaep-22) + 0x1.9fa5c8p-16
	c = float32(c*square) - 0x1.6c1528p-10
	c = float32(c*square) + 0x1.555552p-5
	c = float32(c*square) - 0.5
	c = float32(c*square) + 1
	s := float32(square*0x1.619d78p-19) - 0x1.9fb654p-13
	s = float32(s*square) + 0x1.11104cp-7
	s = float32(s*square) - 0x1.555554p-3
	s = float32(float32(s*square)*r) + r
	if int(turns)&1 != 0 {
		s, c = -s, -c
	}
	return s * scale, c * scale
}
