package approximation

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/kernel"
)

// TestApproximation compares with errors that are computed pair by pair.
func TestApproximation(t *testing.T) {
	const rows, d, seeds = 12, 5, 3
	x := rowSet{bench.Normals(rows * d), d}
	k := kernel.Gaussian{Gamma: 0.1}
	options := kernel.Options{Inputs: d, N: 64, Sampling: kernel.RKS, Seed: 7}
	got, err := newExactGram(k, x).approximate(&console.Terminal{Context: t.Context(), Stderr: &bytes.Buffer{}}, options, seeds, &steps{bar: console.NewBar(&console.Terminal{})})
	if err != nil {
		t.Fatal(err)
	}
	var gram, values, absolute float64
	for seed := range uint64(seeds) {
		options.Seed = 7 + seed
		f, err := kernel.NewFeatures(k, options)
		if err != nil {
			t.Fatal(err)
		}
		z := rowSet{make([]float32, rows*f.Outputs()), f.Outputs()}
		f.Plan(rows)(z.data, x.data, rows)
		var wrong, whole, off, sum float64
		for i := range rows {
			for j := range rows {
				want, product := k.At(row(x, i), row(x, j)), 0.0
				for c, v := range row(z, i) {
					product += float64(v) * float64(row(z, j)[c])
				}
				wrong += (product - want) * (product - want)
				whole += want * want
				if i != j {
					off += math.Abs(product - want)
					sum += want
				}
			}
		}
		gram += math.Sqrt(wrong/whole) / seeds
		values += off / sum / seeds
		absolute += off / (rows * (rows - 1)) / seeds
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"Gram", got.Gram.Mean, gram}, {"values", got.Values.Mean, values}, {"absolute", got.Absolute.Mean, absolute}} {
		if math.Abs(c.got-c.want) > 1e-4*c.want {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if got.Features != kernel.RKS || got.N != 64 || got.Outputs != 128 || got.Gram.Deviation <= 0 {
		t.Errorf("got %+v", got)
	}
}

func row(r rowSet, i int) []float32 { return r.data[i*r.inputs:][:r.inputs] }

func TestSpread(t *testing.T) {
	if s := spreadOf([]float64{1, 2, 3, 6}); s.Mean != 3 || math.Abs(s.Deviation-math.Sqrt(14.0/3)) > 1e-12 {
		t.Errorf("%+v", s)
	}
	if s := spreadOf([]float64{5}); s != (spread{5, 0}) {
		t.Errorf("%+v", s)
	}
}

func TestSlope(t *testing.T) {
	var points []approximation
	for _, n := range []int{256, 1024, 4096} {
		points = append(points, approximation{N: n, Values: spread{Mean: 3 / math.Sqrt(float64(n))}})
	}
	if got := slopeOf(points); math.Abs(got+0.5) > 1e-12 {
		t.Errorf("slope %v, want -1/2", got)
	}
}

func TestDefaultTrainingRows(t *testing.T) {
	for _, test := range []struct {
		given []int
		total int
		want  []int
	}{
		{nil, 60000, []int{937, 1875, 3750, 7500, 15000, 30000, 60000}},
		{nil, 12, []int{12}},
		{nil, 100, []int{50, 100}},
		{[]int{0}, 100, []int{}},
		{[]int{10, 10, 200}, 100, []int{10}},
	} {
		c := Command{Train: test.given}
		if c.completeTrain(test.total); !slices.Equal(c.Train, test.want) {
			t.Errorf("--train %v of %d rows became %v, want %v", test.given, test.total, c.Train, test.want)
		}
	}
}
