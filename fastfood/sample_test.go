package fastfood

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// falseAlarm is the probability with which each statistical test below would
// fail on numbers that are distributed as claimed. The seeds are fixed, so
// that a test either always passes or always fails.
const falseAlarm = 1e-3

// checkDistribution is the Kolmogorov-Smirnov test with its asymptotic bound.
func checkDistribution(t *testing.T, name string, sample []float64, cdf func(float64) float64) {
	t.Helper()
	slices.Sort(sample)
	n := float64(len(sample))
	var distance float64
	for i, x := range sample {
		p := cdf(x)
		distance = max(distance, p-float64(i)/n, float64(i+1)/n-p)
	}
	if bound := math.Sqrt(-math.Log(falseAlarm/2)/2) / math.Sqrt(n); distance > bound {
		t.Errorf("%s: Kolmogorov-Smirnov distance %.4f, want at most %.4f (%d samples)", name, distance, bound, len(sample))
	}
}

// normalQuantile is exceeded in absolute value with probability p.
func normalQuantile(p float64) float64 { return -distuv.UnitNormal.Quantile(p / 2) }

// TestRowsHaveOneLength: every row of H̃GΠH̃B has the length ‖G‖/√d exactly.
func TestRowsHaveOneLength(t *testing.T) {
	for _, d := range []int{64, 56} {
		v := mustSample(t, d, d, 1, 3, Mixed)
		var squares float64
		for i, g := range v.G {
			squares += g * g
			v.S[i] = 1
		}
		want := math.Sqrt(squares / float64(d))
		matrix := v.Matrix()
		for i := range d {
			if got := norm(matrix[i*d:][:d]); math.Abs(got-want) > 1e-12 {
				t.Errorf("Dim %d: row %d has the length %v, want %v", d, i, got, want)
			}
		}
	}
}

func norm(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// TestRowEntriesAreIndependentGaussians: over seeds, the entries of a row of
// H̃GΠH̃B are N(0, 1/d) and uncorrelated, as are their squares.
func TestRowEntriesAreIndependentGaussians(t *testing.T) {
	testRowEntries(t, 16)
	testRowEntries(t, 12)
}

func testRowEntries(t *testing.T, d int) {
	const seeds, row = 3000, 5
	entries := make([][]float64, d)
	for seed := range seeds {
		v := mustSample(t, d, d, 1, uint64(seed), Mixed)
		for i := range v.S {
			v.S[i] = math.Sqrt(float64(d))
		}
		for j, x := range v.Matrix()[row*d:][:d] {
			entries[j] = append(entries[j], x)
		}
	}
	pairs := float64(d * (d - 1) / 2)
	bound := normalQuantile(falseAlarm/(2*pairs)) / math.Sqrt(seeds)
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
	checkDistribution(t, "entries of one row", slices.Concat(entries...), distuv.UnitNormal.CDF)
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
	for _, d := range []int{1, 2, 8, 12, 20, 32} {
		const gain, seeds = 1.5, 2000
		var entries, squaredLengths []float64
		for seed := range seeds {
			v := mustSample(t, d, d, gain, uint64(seed), Mixed)
			row := v.Matrix()[(seed%d)*d:][:d]
			entries = append(entries, row[seed%d]*math.Sqrt(float64(d))/gain)
			length := norm(row) / gain
			squaredLengths = append(squaredLengths, length*length*float64(d))
		}
		checkDistribution(t, "entries of V", entries, distuv.UnitNormal.CDF)
		checkDistribution(t, "squared lengths of V's rows", squaredLengths, distuv.ChiSquared{K: float64(d)}.CDF)
	}
}

func TestVariates(t *testing.T) {
	source := rand.NewPCG(1, 2)
	var normals, chis []float64
	for range 20000 {
		normals = append(normals, normal(source))
		x := chi(source, 6)
		chis = append(chis, x*x)
	}
	checkDistribution(t, "normal", normals, distuv.UnitNormal.CDF)
	checkDistribution(t, "chi, 6 degrees", chis, distuv.ChiSquared{K: 6}.CDF)

	// A uniform permutation puts every entry at every place equally often.
	const size, rounds = 8, 8000
	var counts [size][size]float64
	perm := make([]int32, size)
	for range rounds {
		permute(perm, source)
		for i, p := range perm {
			counts[i][p]++
		}
	}
	var statistic float64
	for i := range counts {
		for _, c := range counts[i] {
			statistic += (c - rounds/size) * (c - rounds/size) / (rounds / size)
		}
	}
	// The doubly stochastic counts have (size-1)² degrees of freedom, and the
	// statistic is size/(size-1) times smaller than a chi-square one.
	statistic *= float64(size-1) / size
	if bound := (distuv.ChiSquared{K: (size - 1) * (size - 1)}).Quantile(1 - falseAlarm); statistic > bound {
		t.Errorf("permutation: chi-square %.1f, want at most %.1f", statistic, bound)
	}
}

// TestChiSquareQuantile compares probabilities, from one far end to the other.
func TestChiSquareQuantile(t *testing.T) {
	for _, d := range []float64{2 * largestExactChi, 1024, 16384} {
		exact := distuv.ChiSquared{K: d}
		for z := -6.0; z <= 6; z += 1. / 16 {
			got, want := exact.CDF(chiSquareQuantile(z, d)), distuv.UnitNormal.CDF(z)
			if math.Abs(got-want) > 1e-7 {
				t.Errorf("%v degrees: the quantile of z = %v has the probability %v, want %v", d, z, got, want)
			}
		}
	}
}

func TestElementaryFunctions(t *testing.T) {
	source := rand.New(rand.NewPCG(5, 6))
	for range 10000 {
		u := source.Float64()
		if got, want := cosineOfTurns(u), math.Cos(2*math.Pi*u); math.Abs(got-want) > 1e-15 {
			t.Fatalf("cosineOfTurns(%v) = %v, want %v", u, got, want)
		}
		x, e := source.ExpFloat64()+1e-300, source.IntN(200)-100
		if got, want := logarithm(x, e), math.Log(x)+float64(e)*math.Ln2; math.Abs(got-want) > 4e-16*max(1, math.Abs(want)) {
			t.Fatalf("logarithm(%v, %d) = %v, want %v", x, e, got, want)
		}
	}
	if logarithm(1, 0) != 0 || cosineOfTurns(0) != 1 {
		t.Error("log(1) is not 0 or cos(0) is not 1")
	}
}

// TestSampleIsTheSameEverywhere compares with a hash of the numbers' bits that
// SamplerVersion 1 gave on amd64.
func TestSampleIsTheSameEverywhere(t *testing.T) {
	v, err := Sample[float32](800, 2048, math.Sqrt2, 42)
	if err != nil {
		t.Fatal(err)
	}
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
	more, err := Sample[float32](800, 5000, math.Sqrt2, 42)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(more.S[:2048], v.S) || !slices.Equal(more.Perm[:2048], v.Perm) {
		t.Error("a block depends on how many blocks there are")
	}
}
