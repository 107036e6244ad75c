package machine_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/kernel"
	"github.com/deepfry/deepfry/kernel/machine"
)

// waves returns rows of two inputs and the target sin(3·x0)·cos(2·x1), with noise.
func waves(rows int, seed uint64) *machine.Table {
	r := rand.New(rand.NewPCG(seed, 0))
	x, y := make([]float32, 2*rows), make([]float64, rows)
	for i := range y {
		x[2*i], x[2*i+1] = 4*r.Float32()-2, 4*r.Float32()-2
		y[i] = math.Sin(3*float64(x[2*i]))*math.Cos(2*float64(x[2*i+1])) + 0.1*r.NormFloat64()
	}
	table, err := machine.NewTargets(2, 1, x, y)
	if err != nil {
		log.Fatal(err)
	}
	return table
}

// rings returns rows of two inputs, whose class is the ring that they lie in.
func rings(rows int) *machine.Table {
	r := rand.New(rand.NewPCG(1, 0))
	x, labels := make([]float32, 2*rows), make([]int32, rows)
	for i := range labels {
		x[2*i], x[2*i+1] = float32(r.NormFloat64()), float32(r.NormFloat64())
		labels[i] = min(2, int32(math.Hypot(float64(x[2*i]), float64(x[2*i+1]))/0.8))
	}
	table, err := machine.NewClasses(2, x, labels, []string{"inside", "between", "outside"})
	if err != nil {
		log.Fatal(err)
	}
	return table
}

func gaussian(bandwidth float64) (kernel.FeatureMap, error) {
	return kernel.NewFeatures(kernel.Gaussian{Gamma: kernel.GammaOf(bandwidth)}, kernel.Options{Inputs: 2, N: 100, Sampling: kernel.Fastfood, Seed: 1})
}

// A kernel machine with its bandwidth and ridge chosen by five folds, beside the linear
// one.
func Example() {
	ctx := context.Background()
	problem := machine.Problem{Train: waves(700, 1)}
	linear, _, err := machine.Ridge(ctx, problem, machine.RidgeOptions{})
	if err != nil {
		log.Fatal(err)
	}

	folds := make([]int, 700)
	for i := range folds {
		folds[i] = i % 5
	}
	best, _, err := machine.Search(ctx, problem, machine.SearchOptions{Features: gaussian, Partitions: [][]int{folds}})
	if err != nil {
		log.Fatal(err)
	}
	problem.Features, err = gaussian(best.Bandwidth)
	if err != nil {
		log.Fatal(err)
	}
	model, _, err := machine.Ridge(ctx, problem, machine.RidgeOptions{Ridges: []float64{best.Ridge}})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range []*machine.Model{linear, model} {
		score, err := machine.Evaluate(ctx, m, waves(1000, 2))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("RMSE %.1f\n", score.RMSE)
	}
	// Output:
	// RMSE 0.6
	// RMSE 0.1
}

// Kernel ridge regression: all rows are landmarks. Two partitions into folds choose the
// bandwidth and the ridge.
func ExampleSearch() {
	ctx := context.Background()
	const rows = 300
	r := rand.New(rand.NewPCG(1, 0))
	x, y := make([]float32, 2*rows), make([]float64, rows)
	folds := [][]int{make([]int, rows), make([]int, rows)}
	for i := range rows {
		x[2*i], x[2*i+1] = 4*r.Float32()-2, 4*r.Float32()-2
		y[i] = math.Sin(3*float64(x[2*i])) + 0.1*r.NormFloat64()
		folds[0][i], folds[1][i] = i%5, r.IntN(5)
	}
	table, err := machine.NewTargets(2, 1, x, y)
	if err != nil {
		log.Fatal(err)
	}
	landmarks := func(bandwidth float64) (kernel.FeatureMap, error) {
		return kernel.NewLandmarks(kernel.Gaussian{Gamma: kernel.GammaOf(bandwidth)}, x, 2)
	}
	problem := machine.Problem{Train: table}
	best, _, err := machine.Search(ctx, problem, machine.SearchOptions{Features: landmarks, Partitions: folds})
	if err != nil {
		log.Fatal(err)
	}
	problem.Features, err = landmarks(best.Bandwidth)
	if err != nil {
		log.Fatal(err)
	}
	model, _, err := machine.Ridge(ctx, problem, machine.RidgeOptions{Ridges: []float64{best.Ridge}})
	if err != nil {
		log.Fatal(err)
	}
	f := make([]float64, 1)
	model.NewPredictor(1).Predict(f, []float32{0.5, 1}) // sin 1.5 is 0.997
	fmt.Printf("RMSE of folds %.1f, prediction %.0f\n", best.Score.RMSE, f[0])
	// Output: RMSE of folds 0.1, prediction 1
}

// Predictions with the deviation that a new target has: more where rows are few.
func ExamplePredictor_PredictDeviation() {
	features, err := gaussian(0.7)
	if err != nil {
		log.Fatal(err)
	}
	problem := machine.Problem{Train: waves(300, 1), Features: features}
	model, _, err := machine.Ridge(context.Background(), problem, machine.RidgeOptions{Ridges: []float64{1e-4}, Posterior: true})
	if err != nil {
		log.Fatal(err)
	}
	y, s := make([]float64, 2), make([]float64, 2)
	model.NewPredictor(2).PredictDeviation(y, s, []float32{
		0.5, 0, // in the midst of the rows
		3, 3, // outside
	})
	fmt.Printf("%.0f ± %.1f\n", y[0], s[0])
	fmt.Println("less certain outside:", s[1] > 2*s[0])
	// Output:
	// 1 ± 0.1
	// less certain outside: true
}

func ExampleEigenPro() {
	features, err := gaussian(0.8)
	if err != nil {
		log.Fatal(err)
	}
	train, holdOut := machine.Split(rings(1000), 0.25, 1)
	model, report, err := machine.EigenPro(context.Background(), machine.Problem{Train: train, HoldOut: holdOut, Features: features}, machine.EigenProOptions{})
	if err != nil {
		log.Fatal(err)
	}
	best := report.Scores[report.Epochs-1]
	fmt.Println("at most 10% wrong:", best.Error(model.Columns) <= 0.1)
	// Output:
	// at most 10% wrong: true
}

func ExampleLogistic() {
	features, err := gaussian(0.8)
	if err != nil {
		log.Fatal(err)
	}
	model, _, err := machine.Logistic(context.Background(), machine.Problem{Train: rings(500), Features: features}, machine.LogisticOptions{})
	if err != nil {
		log.Fatal(err)
	}
	labels, logits := make([]int32, 3), make([]float64, 9)
	model.NewPredictor(3).Classify(labels, logits, []float32{0, 0.1, 1, 0.7, -2, 1})
	for _, label := range labels {
		fmt.Println(model.Columns.Classes[label])
	}
	// Output:
	// inside
	// between
	// outside
}

// A file holds the model; its random features are a seed in it.
func ExampleModel_Encode() {
	features, err := gaussian(0.7)
	if err != nil {
		log.Fatal(err)
	}
	model, _, err := machine.Ridge(context.Background(), machine.Problem{Train: waves(300, 1), Features: features}, machine.RidgeOptions{})
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := model.Encode(&file); err != nil { // or model.Save(path)
		log.Fatal(err)
	}
	back, err := machine.Decode(file.Bytes()) // or machine.Load(path)
	if err != nil {
		log.Fatal(err)
	}
	y := make([]float64, 1)
	back.NewPredictor(1).Predict(y, []float32{0.5, 0})
	fmt.Printf("%.0f\n", y[0])
	// Output:
	// 1
}
