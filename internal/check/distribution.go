package check

import (
	"math"
	"slices"
	"testing"
)

// FalseAlarm is the probability with which a statistical test fails on numbers
// that are distributed as claimed. The seeds are fixed, so that a test either
// always passes or always fails.
const FalseAlarm = 1e-3

// Distribution is the Kolmogorov-Smirnov test with its asymptotic bound.
func Distribution(t *testing.T, name string, sample []float64, cdf func(float64) float64) {
	t.Helper()
	slices.Sort(sample)
	n := float64(len(sample))
	var distance float64
	for i, x := range sample {
		p := cdf(x)
		distance = max(distance, p-float64(i)/n, float64(i+1)/n-p)
	}
	if bound := math.Sqrt(-math.Log(FalseAlarm/2)/2) / math.Sqrt(n); distance > bound {
		t.Errorf("%s: Kolmogorov-Smirnov distance %.4f, want at most %.4f (%d samples)", name, distance, bound, len(sample))
	}
}
