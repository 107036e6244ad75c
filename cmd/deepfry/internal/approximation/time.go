package approximation

import (
	"fmt"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/internal/simd"
	"github.com/deepfry/deepfry/kernel"
)

// predictionTime is how long a machine takes that has so many training rows.
type predictionTime struct {
	TrainRows  int     `json:"train_rows"`
	ExactNS    float64 `json:"exact_ns"`    // Σ_i α_i·k(x_i, x)
	FeaturesNS float64 `json:"features_ns"` // w·z(x)
}

// predictionRows are predicted at a time.
const predictionRows = 256

// timePredictions measures predictions of a row on all cores. What a machine has
// learnt does not change how long they take: its weights are arbitrary.
func timePredictions(term *console.Terminal, k kernel.Kernel, o kernel.Options, data rowSet, train []int, budget time.Duration, steps *steps) ([]predictionTime, error) {
	f, err := kernel.NewFeatures(k, o)
	if err != nil {
		return nil, err
	}
	x := data.first(min(predictionRows, data.len()))
	rows := x.len()
	z, weights, plan := make([]float32, rows*f.Outputs()), bench.Normals(f.Outputs()), f.Plan(rows)
	bySum := weightedSums(rows, f.Outputs())
	byFeatures := func() {
		plan(z, x.data, rows)
		bySum(z, weights)
	}
	var times []predictionTime
	for _, n := range train {
		steps.next(fmt.Sprintf("predictions, %d training rows", n))
		support, values, dual := data.first(n), make([]float32, rows*n), bench.Normals(n)
		sum := weightedSums(rows, n)
		exact, err := bench.Measure(term, budget, func() {
			kernel.CrossGram(values, k, x.data, support.data, x.inputs)
			sum(values, dual)
		})
		if err != nil {
			return nil, err
		}
		features, err := bench.Measure(term, budget, byFeatures)
		if err != nil {
			return nil, err
		}
		times = append(times, predictionTime{n, exact.Per(rows).Median, features.Per(rows).Median})
	}
	return times, nil
}

// weightedSums returns a function that multiplies a matrix [rows, n] by a vector.
func weightedSums(rows, n int) func(matrix, vector []float32) {
	sums := simd.RowMajor(make([]float32, rows), 1, rows)
	scratch := make([]float32, simd.GemmScratch(1, rows, n))
	return func(matrix, vector []float32) {
		simd.Gemm(sums, simd.RowMajor(vector, 1, n), simd.RowMajor(matrix, rows, n).T(), simd.Epilogue{}, scratch)
	}
}
