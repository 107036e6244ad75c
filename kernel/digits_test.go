package kernel

import (
	"flag"
	"math"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/dataset"
	"gonum.org/v1/gonum/stat"
)

// The figures of docs/results.md: go test ./kernel -run Digits -v -digits.all -digits.seeds 20
var (
	digitSeeds = flag.Int("digits.seeds", 6, "seeds of the tests of errors on digits")
	digitAll   = flag.Bool("digits.all", false, "test errors on digits for all n and bandwidths")
)

// digits returns rows of MNIST's pixels, 0 to 1, and the γ of a bandwidth that
// is the median distance.
func digits(t testing.TB, rows int) (x []float32, gamma float64) {
	data, err := dataset.Open("mnist")
	if err != nil {
		t.Skip(err)
	}
	x = make([]float32, rows*784)
	for i := range x {
		x[i] = float32(data.Train.(*dataset.Images).Pixels[i]) / 255
	}
	var squares []float64
	for i := range rows {
		for j := range i {
			square := 0.0
			for c := range 784 {
				difference := float64(x[i*784+c] - x[j*784+c])
				square += difference * difference
			}
			squares = append(squares, square)
		}
	}
	slices.Sort(squares)
	return x, 0.5 / squares[len(squares)/2]
}

// meanError is the mean |z(x)·z(y) - k(x, y)| over pairs and seeds.
func meanError(t testing.TB, k Kernel, o Options, x []float32, seeds int) float64 {
	rows := len(x) / o.Inputs
	want, got := make([]float32, rows*rows), make([]float32, rows*rows)
	Gram(want, k, x, o.Inputs)
	var sum float64
	for seed := range seeds {
		o.Seed = uint64(seed)
		f := mustFeatures(t, k, o)
		Gram(got, Linear{}, apply(f, x), f.Outputs())
		for i := range rows {
			for j := range i {
				sum += math.Abs(float64(got[i*rows+j]) - float64(want[i*rows+j]))
			}
		}
	}
	return sum / float64(seeds*rows*(rows-1)/2)
}

// TestDigitsError: on pairs of digits at n = 4096, Fastfood's errors are those that
// are expected of Random Kitchen Sinks, and SORF's far below. Of n independent
// frequencies, the mean of cos(ω·(x-y)) has the variance (½ + ½k⁴ - k²)/n for a
// Gaussian kernel, whose value at twice the distance is k⁴.
func TestDigitsError(t *testing.T) {
	const rows = 60
	x, gamma := digits(t, rows)
	k, o := Gaussian{gamma}, Options{Inputs: 784, N: 4096}
	rks := 0.0
	for i := range rows {
		for j := range i {
			square := math.Pow(k.At(x[i*784:][:784], x[j*784:][:784]), 2)
			rks += math.Sqrt(2 / math.Pi * ((1+square*square)/2 - square) / float64(o.N))
		}
	}
	rks /= rows * (rows - 1) / 2
	of := func(s Sampling) float64 {
		o.Sampling = s
		return meanError(t, k, o, x, *digitSeeds)
	}
	fastfood, sorf := of(Fastfood), of(SORF)
	t.Logf("rks %.5f, fastfood %.5f, sorf %.5f", rks, fastfood, sorf)
	if fastfood > 1.1*rks || sorf > 0.5*rks {
		t.Error("Fastfood should be as accurate as RKS, and SORF twice as accurate")
	}
}

// TestDigitsTable logs the mean errors for all samplings, and the slopes of log
// error over log n.
func TestDigitsTable(t *testing.T) {
	if !*digitAll {
		t.Skip("without -digits.all")
	}
	x, median := digits(t, 100)
	for _, gamma := range []float64{median, 4 * median} {
		for _, phase := range []bool{false, true} {
			for _, s := range []Sampling{RKS, Fastfood, ORF, SORF} {
				o := Options{Inputs: 784, Sampling: s, Phase: phase}
				var logN, logError, errors []float64
				for e := 8; e <= 14; e++ {
					o.N = 1 << e
					if s == ORF && o.N > 4096 {
						break
					}
					errors = append(errors, meanError(t, Gaussian{gamma}, o, x, *digitSeeds))
					logN, logError = append(logN, float64(e)), append(logError, math.Log2(errors[e-8]))
				}
				_, slope := stat.LinearRegression(logN, logError, nil, false)
				t.Logf("γ %.4f, phase %v, %s: slope %.3f, errors for n = 2^8 …: %.5f", gamma, phase, s, slope, errors)
			}
		}
	}
}
