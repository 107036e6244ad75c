package kernel

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/dataset"
)

var digitSeeds = flag.Int("digits.seeds", 3, "seeds of the test of errors on digits")

// digits returns rows of MNIST's pixels, 0 to 1, and the γ of a bandwidth that
// is the median distance.
func digits(t testing.TB, rows int) (x []float32, gamma float64) {
	data, err := dataset.Open("mnist")
	if err != nil {
		t.Skip(err)
	}
	x = make([]float32, rows*784)
	for i := range x {
		x[i] = float32(data.Train.Pixels[i]) / 255
	}
	var distances []float64
	for i := range rows {
		for j := range i {
			var sum float64
			for c := range 784 {
				d := float64(x[i*784+c] - x[j*784+c])
				sum += d * d
			}
			distances = append(distances, sum)
		}
	}
	slices.Sort(distances)
	return x, 0.5 / distances[len(distances)/2]
}

// meanError is the mean |z(x)·z(y) - k(x, y)| over pairs and seeds.
func meanError(t testing.TB, k Kernel, o Options, x []float32, rows, seeds int) float64 {
	want, got := make([]float32, rows*rows), make([]float32, rows*rows)
	Gram(want, k, x, o.Inputs)
	var sum float64
	for seed := range seeds {
		o.Seed = uint64(seed)
		f, err := NewFeatures(k, o)
		if err != nil {
			t.Fatal(err)
		}
		z := make([]float32, rows*f.Outputs())
		f.Plan(rows)(z, x, rows)
		Gram(got, Linear{}, z, f.Outputs())
		for i := range rows {
			for j := range i {
				sum += math.Abs(float64(got[i*rows+j]) - float64(want[i*rows+j]))
			}
		}
	}
	return sum / float64(seeds*rows*(rows-1)/2)
}

func TestDigitsError(t *testing.T) {
	const rows = 200
	x, gamma := digits(t, rows)
	for _, phase := range []bool{false, true} {
		for _, s := range []Sampling{RKS, Fastfood, ORF, SORF} {
			e := meanError(t, Gaussian{gamma}, Options{Inputs: 784, N: 4096, Sampling: s, Phase: phase}, x, rows, *digitSeeds)
			fmt.Println(phase, s, e)
		}
	}
}
