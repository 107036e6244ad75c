package random

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/deepfry/deepfry/internal/check"
)

func TestVariates(t *testing.T) {
	source := rand.NewPCG(1, 2)
	var normals, chis []float64
	for range 20000 {
		normals = append(normals, Normal(source))
		x := Chi(source, 6)
		chis = append(chis, x*x)
	}
	check.Distribution(t, "normal", normals, distuv.UnitNormal.CDF)
	var pairs []float64
	for range 10000 {
		a, b := NormalPair(Uniform(source), Uniform(source))
		pairs = append(pairs, (a+b)/math.Sqrt2, (a-b)/math.Sqrt2)
	}
	check.Distribution(t, "sums of pairs", pairs, distuv.UnitNormal.CDF)
	check.Distribution(t, "chi, 6 degrees", chis, distuv.ChiSquared{K: 6}.CDF)
	for i := range chis {
		x := Chi(source, 5)
		chis[i] = x * x
	}
	check.Distribution(t, "chi, 5 degrees", chis, distuv.ChiSquared{K: 5}.CDF)

	// A uniform permutation puts every entry at every place equally often.
	const size, rounds = 8, 8000
	var counts [size][size]float64
	perm := make([]int32, size)
	for range rounds {
		Permute(perm, source)
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
	if bound := (distuv.ChiSquared{K: (size - 1) * (size - 1)}).Quantile(1 - check.FalseAlarm); statistic > bound {
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
		if got, want := CosineOfTurns(u), math.Cos(2*math.Pi*u); math.Abs(got-want) > 1e-15 {
			t.Fatalf("CosineOfTurns(%v) = %v, want %v", u, got, want)
		}
		x, e := source.ExpFloat64()+1e-300, source.IntN(200)-100
		if got, want := logarithm(x, e), math.Log(x)+float64(e)*math.Ln2; math.Abs(got-want) > 4e-16*max(1, math.Abs(want)) {
			t.Fatalf("logarithm(%v, %d) = %v, want %v", x, e, got, want)
		}
	}
	if logarithm(1, 0) != 0 || CosineOfTurns(0) != 1 {
		t.Error("log(1) is not 0 or cos(0) is not 1")
	}
}
