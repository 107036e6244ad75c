package compress

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Rank says how large a replacement is: the rank r of SVD and LowRank, the number of
// features of RandomProjection, the most blocks of Monarch, the rows of Block's matrices. At
// most one of its numbers is not 0.
type Rank struct {
	N      int     // the rank itself
	Part   float64 // or a part of the smaller side of W: 0.5 is the paper's SVD-half
	Energy float64 // or as many as keep this part of the energy; SVD only
}

// mostOutputs is how many a layer of a network can have, and so the highest rank.
const mostOutputs = 1 << 28

// check returns an error unless at most one of the numbers is given, in its range.
func (r Rank) check() error {
	given := 0
	for _, v := range []float64{float64(r.N), r.Part, r.Energy} {
		if v != 0 {
			given++
		}
	}
	part := func(v float64) bool { return v >= 0 && v <= 1 }
	if given > 1 || r.N < 0 || r.N > mostOutputs || !part(r.Part) || !part(r.Energy) {
		return fmt.Errorf("compress: rank %d, part %v, energy %v: want one of them, the rank from 1 to %d, a part and an energy of at most 1", r.N, r.Part, r.Energy, mostOutputs)
	}
	return nil
}

// ParseRank reads N, half, quarter, energy (for 0.95) or energy:PART.
func ParseRank(text string) (Rank, error) {
	switch text {
	case "half":
		return Rank{Part: 0.5}, nil
	case "quarter":
		return Rank{Part: 0.25}, nil
	case "energy":
		return Rank{Energy: 0.95}, nil
	}
	if len(text) > 7 && text[:7] == "energy:" {
		if e, err := strconv.ParseFloat(text[7:], 64); err == nil && e > 0 && e <= 1 {
			return Rank{Energy: e}, nil
		}
	} else if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return Rank{N: n}, nil
	}
	return Rank{}, fmt.Errorf("rank %q: want a whole number of at least 1, half, quarter, energy, or energy:PART with a part of at most 1", text)
}

// size returns the rank for a layer, unless that hangs on its energy.
func (r Rank) size(l *Layer) int {
	if r.Part > 0 {
		return max(1, int(math.Round(r.Part*float64(min(l.Inputs, l.Outputs)))))
	}
	return r.N
}

// roundUp makes a rank that is not given a multiple of the kernels' vectors: of 8
// floats (AVX2), or of 16 (AVX-512) where that adds little; small ones, of which each
// counts, less.
func roundUp(n int) int {
	multiple := 16
	switch {
	case n <= 8:
		return n
	case n <= 16:
		multiple = 4
	case n <= 64:
		multiple = 8
	}
	return (n + multiple - 1) / multiple * multiple
}

// ladder lists sizes from top down to 1, in steps of about 2^¼.
func ladder(top int) []int {
	var sizes []int
	for i := 0; ; i++ {
		n := roundUp(int(math.Round(float64(top) * math.Pow(2, -float64(i)/4))))
		if n < 1 {
			return sizes
		}
		if n <= top && !slices.Contains(sizes, n) {
			sizes = append(sizes, n)
		}
	}
}
