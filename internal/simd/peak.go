package simd

import "runtime"

// Peaks of one core, of which the speed of kernels is a share. Each runs for
// about the given number of floating-point operations and returns how many it
// has made.

// PeakMultiplyAdds makes independent multiply-adds, which count as two
// operations each.
func PeakMultiplyAdds(operations int) int { return peakMultiplyAdds(operations) }

// PeakAdditions makes independent additions.
func PeakAdditions(operations int) int { return peakAdditions(operations) }

// peakRef is eight independent sums, each of which multiplies and adds.
func peakRef(rounds int, start [8]float32) float32 {
	s0, s1, s2, s3 := start[0], start[1], start[2], start[3]
	s4, s5, s6, s7 := start[4], start[5], start[6], start[7]
	for range rounds {
		s0, s1, s2, s3 = s0*s0+s0, s1*s1+s1, s2*s2+s2, s3*s3+s3
		s4, s5, s6, s7 = s4*s4+s4, s5*s5+s5, s6*s6+s6, s7*s7+s7
	}
	return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7
}

// addRoundsRef is eight independent sums.
func addRoundsRef(rounds int, start [8]float32) float32 {
	s0, s1, s2, s3 := start[0], start[1], start[2], start[3]
	s4, s5, s6, s7 := start[4], start[5], start[6], start[7]
	for range rounds {
		s0, s1, s2, s3 = s0+s0, s1+s1, s2+s2, s3+s3
		s4, s5, s6, s7 = s4+s4, s5+s5, s6+s6, s7+s7
	}
	return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7
}

// peakStart holds different numbers, so that the compiler cannot make one sum
// of the eight.
var peakStart = [8]float32{0, 1e-9, 2e-9, 3e-9, 4e-9, 5e-9, 6e-9, 7e-9}

func peakMultiplyAddsRef(operations int) int {
	rounds := operations/16 + 1
	runtime.KeepAlive(peakRef(rounds, peakStart)) // lest it is left out
	return rounds * 16
}

func peakAdditionsRef(operations int) int {
	rounds := operations/8 + 1
	runtime.KeepAlive(addRoundsRef(rounds, peakStart))
	return rounds * 8
}
