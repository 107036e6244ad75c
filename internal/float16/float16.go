// Package float16 converts between float32 and the 16-bit floating-point format
// of IEEE 754: 1 sign, 5 exponent and 10 fraction bits.
package float16

import "math"

// Max is the largest finite number.
const Max = 65504

// From returns the bits of the float16 nearest to v, ties to even. What is too
// large becomes an infinity.
func From(v float32) uint16 {
	bits := math.Float32bits(v)
	sign := uint16(bits >> 16 & 0x8000)
	bits &= 0x7fffffff
	switch {
	case bits > 0x7f800000: // NaN, with the upper bits of its payload
		return sign | 0x7e00 | uint16(bits>>13&0x3ff)
	case bits >= 0x47800000: // 65536 and more
		return sign | 0x7c00
	case bits < 0x38800000: // less than the least normal number, 2^-14
		// In units of the least number, 2^-24; the processor rounds.
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(bits))*(1<<24)))
	}
	rounded := bits + 0xfff + (bits >> 13 & 1) // may carry into the exponent, and to infinity
	return sign | uint16((rounded-0x38000000)>>13)
}

// Overflow returns the index of the first value of which From makes an infinity or
// NaN, or -1.
func Overflow(values []float32) int {
	for i, v := range values {
		if From(v)&0x7c00 == 0x7c00 {
			return i
		}
	}
	return -1
}

// Round replaces values by the nearest float16 numbers.
func Round(values []float32) {
	for i, v := range values {
		values[i] = To(From(v))
	}
}

// To returns the value of a float16.
func To(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent, fraction := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0:
		return float32(math.Copysign(float64(fraction)/(1<<24), float64(1)-2*float64(h>>15)))
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
