package fastfood

import (
	"hash/fnv"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/deepfry/deepfry/internal/check"
)

// normalQuantile is exceeded in absolute value with probability p.
func normalQuantile(p float64) float64 { return -distuv.UnitNormal.Quantile(p / 2) }

// TestRowsHaveOneLength: every row of H̃GΠH̃B has the length ‖G‖/√d exactly.
func TestRowsHaveOneLength(t *testing.T) {
	for _, group := range []int{1, 2, 4, 8} {
		const d = 56
		v := mustSample(t, d, d, 1, 3, Options{Mixed, group})
		for i := range v.S {
			v.S[i] = 1
		}
		want := norm(v.G) / math.Sqrt(d)
		matrix := v.Matrix()
		for i := range d {
			if got := norm(matrix[i*d:][:d]); !(math.Abs(got-want) <= 1e-6*want) {
				t.Errorf("matrices of %d rows: row %d has the length %v, want %v", group, i, got, want)
			}
		}
	}
}

// TestRowEntriesAreIndependentGaussians: over seeds, the entries of a row of
// H̃GΠH̃B are N(0, 1/d) and uncorrelated, as are their squares.
func TestRowEntriesAreIndependentGaussians(t *testing.T) {
	testRowEntries(t, 16, 1)
	testRowEntries(t, 12, 1)
	testRowEntries(t, 16, 2)
	testRowEntries(t, 12, 4)
	testRowEntries(t, 16, 8)
}

func testRowEntries(t *testing.T, d, group int) {
	const seeds, row = 3000, 5
	entries := make([][]float64, d)
	for seed := range seeds {
		v := mustSample(t, d, d, 1, uint64(seed), Options{Mixed, group})
		for i := range v.S {
			v.S[i] = float32(math.Sqrt(float64(d)))
		}
		for j, x := range v.Matrix()[row*d:][:d] {
			entries[j] = append(entries[j], float64(x))
		}
	}
	pairs := float64(d * (d - 1) / 2)
	bound := normalQuantile(check.FalseAlarm/(2*pairs)) / math.Sqrt(seeds)
	for i := range d {
		for j := range i {
			if c := stat.Correlation(entries[i], entries[j], nil); math.Abs(c) > bound {
				t.Errorf("entries %d and %d are correlated: %.4f, want at most %.4f", i, j, c, bound)
			}
			if c := stat.Correlation(squared(entries[i]), squared(entries[j]), nil); math.Abs(c) > bound {
				t.Errorf("squares of entries %d and %d are correlated: %.4f, want at most %.4f", i, j, c, bound)
			}
		}
	}
	check.Distribution(t, "entries of one row", slices.Concat(entries...), distuv.UnitNormal.CDF)
}

func squared(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v * v
	}
	return y
}

// TestRowsOfVAreGaussian: a row of V, one a seed and so independent, has
// Gaussian entries of variance gain²/d and a length of gain·χ_d/√d.
func TestRowsOfVAreGaussian(t *testing.T) {
	for _, c := range [][2]int{{1, 1}, {2, 1}, {8, 1}, {12, 1}, {20, 1}, {32, 1}, {2, 2}, {12, 4}, {32, 2}, {32, 4}, {32, 8}} {
		d, group := c[0], c[1]
		const gain, seeds = 1.5, 2000
		var entries, squaredLengths []float64
		for seed := range seeds {
			v := mustSample(t, d, d, gain, uint64(seed), Options{Mixed, group})
			row := v.Matrix()[(seed%d)*d:][:d]
			entries = append(entries, float64(row[seed%d])*math.Sqrt(float64(d))/gain)
			length := norm(row) / gain
			squaredLengths = append(squaredLengths, length*length*float64(d))
		}
		check.Distribution(t, "entries of V", entries, distuv.UnitNormal.CDF)
		check.Distribution(t, "squared lengths of V's rows", squaredLengths, distuv.ChiSquared{K: float64(d)}.CDF)
	}
}

// TestSampleIsTheSameEverywhere compares with a hash of the numbers' bits that
// SamplerVersion 1 gave on amd64.
func TestSampleIsTheSameEverywhere(t *testing.T) {
	v := mustSample(t, 800, 2048, math.Sqrt2, 42)
	hash := fnv.New64a()
	for _, diagonal := range [][]float32{v.S, v.G, v.B} {
		for _, x := range diagonal {
			bits := math.Float32bits(x)
			hash.Write([]byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
		}
	}
	for _, p := range v.Perm {
		hash.Write([]byte{byte(p), byte(p >> 8)})
	}
	const want = 0x46bc41196470686e
	if got := hash.Sum64(); got != want {
		t.Errorf("hash of the sampled numbers: %#x, want %#x", got, uint64(want))
	}
	more := mustSample(t, 800, 5000, math.Sqrt2, 42)
	if !slices.Equal(more.S[:2048], v.S) || !slices.Equal(more.Perm[:2048], v.Perm) {
		t.Error("a block depends on how many blocks there are")
	}
}
