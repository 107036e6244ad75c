package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

func randomRows(rows, d int, seed uint64) []float32 {
	source := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, rows*d)
	for i := range x {
		x[i] = float32(source.NormFloat64() / math.Sqrt(float64(d)))
	}
	return x
}

func dot(x, y []float32) float64 {
	var sum float64
	for i, v := range x {
		sum += float64(v) * float64(y[i])
	}
	return sum
}

func TestGaussian(t *testing.T) {
	const rows, d = 5, 20
	x := randomRows(rows, d, 1)
	for _, phase := range []bool{false, true} {
		k := Gaussian{0.7}
		f, err := NewFeatures(k, Options{Inputs: d, N: 20000, Seed: 3, Phase: phase})
		if err != nil {
			t.Fatal(err)
		}
		z := make([]float32, rows*f.Outputs())
		f.Plan(8)(z, x, rows)
		row := func(i int) []float32 { return z[i*f.Outputs():][:f.Outputs()] }
		for i := range rows {
			for j := range rows {
				want := k.At(x[i*d:][:d], x[j*d:][:d])
				if got := dot(row(i), row(j)); math.Abs(got-want) > 0.03 {
					t.Errorf("%v: k(%d, %d) = %v, want %v", phase, i, j, got, want)
				}
			}
		}
	}
}
