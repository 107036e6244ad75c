package machine

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/kernel"
)

func mnistTable(b *testing.B, set *dataset.Images) *Table {
	b.Helper()
	x := make([]float32, len(set.Pixels))
	for i, v := range set.Pixels {
		x[i] = float32(v) / 255
	}
	table, err := NewClasses(784, x, set.Labels, set.Classes)
	if err != nil {
		b.Fatal(err)
	}
	return table
}

// BenchmarkMNIST fits machines to MNIST's raw pixels and reports the error on the
// test images. Kernel, scaling, bandwidth, and epochs or ridge, are chosen on the
// last 5,000 training images; the fit that is timed is then one to all 60,000.
//
//	go test ./kernel/machine -run '^$' -bench MNIST/EigenPro -benchtime 1x -v -timeout 30m
func BenchmarkMNIST(b *testing.B) {
	if testing.Short() {
		b.Skip("takes minutes")
	}
	b.Run("EigenPro", func(b *testing.B) { mnist(b, 1<<16, mnistEigenPro) })
	b.Run("Ridge", func(b *testing.B) { mnist(b, 1<<13, mnistRidge) })
	b.Run("Linear", func(b *testing.B) { mnist(b, 0, mnistRidge) })
}

// mnist chooses features of n frequencies (0: the pixels) and calls fit twice: with
// rows held out, and with all.
func mnist(b *testing.B, n int, fit func(b *testing.B, p Problem, chosen *float64) *Model) {
	data, err := dataset.Open("mnist")
	if err != nil {
		b.Skip(err)
	}
	all, test := mnistTable(b, data.Train.(*dataset.Images)), mnistTable(b, data.Test.(*dataset.Images))
	for b.Loop() {
		start := time.Now()
		p := Problem{Train: all.Slice(0, 55000), HoldOut: all.Slice(55000, 60000)}
		if n > 0 {
			p.Features, p.Scaling = mnistSearch(b, p, n)
		}
		b.Logf("search for a kernel: %.0f s", time.Since(start).Seconds())
		var chosen float64
		fit(b, p, &chosen)
		search := time.Since(start)
		start = time.Now()
		p.Train, p.HoldOut = all, nil
		m := fit(b, p, &chosen)
		took := time.Since(start)
		score, err := Evaluate(context.Background(), m, test)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(100*score.Error(test.Columns()), "%error")
		b.ReportMetric(search.Seconds(), "s/search")
		b.ReportMetric(took.Seconds(), "s/fit")
	}
}

// mnistSearch tries kernels on rows as they are and on rows of unit length, with
// 1,024 frequencies and four folds of 4,000 rows. More rows and frequencies bear a smaller
// bandwidth: the best kernel is tried with some on all rows, with n/4.
func mnistSearch(b *testing.B, p Problem, n int) (kernel.FeatureMap, Scaling) {
	type family struct {
		name     string
		unitRows bool
		kernel   func(bandwidth float64) kernel.Kernel
	}
	gaussian := func(s float64) kernel.Kernel { return kernel.Gaussian{Gamma: kernel.GammaOf(s)} }
	matern := func(s float64) kernel.Kernel { return kernel.Matern{Nu: 2.5, Length: s} }
	featuresOf := func(f family, bandwidth float64, n int) (kernel.FeatureMap, error) {
		return kernel.NewFeatures(f.kernel(bandwidth), kernel.Options{Inputs: 784, N: n, Seed: 1})
	}
	ctx := context.Background()
	summary, err := Survey(ctx, p.Train, 4000, 1)
	if err != nil {
		b.Fatal(err)
	}
	folds := make([]int, summary.Sample.Len())
	for i := range folds { // rows are in a random order
		folds[i] = i % 4
	}
	var best SearchStep
	var chosen family
	for _, f := range []family{{"gaussian", false, gaussian}, {"gaussian, unit rows", true, gaussian}, {"matern 5/2, unit rows", true, matern}} {
		sample := Problem{Train: summary.Sample, Scaling: Scaling{UnitRows: f.unitRows}}
		step, _, err := Search(ctx, sample, SearchOptions{
			Seed: 1, Partitions: [][]int{folds}, Features: func(bandwidth float64) (kernel.FeatureMap, error) { return featuresOf(f, bandwidth, 1024) },
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("%s: bandwidth %.3f, log loss %.4f, %.2f%% wrong", f.name, step.Bandwidth, step.Score.LogLoss, 100*step.Score.ErrorRate)
		if chosen.kernel == nil || step.Score.LogLoss < best.Score.LogLoss {
			best, chosen = step, f
		}
	}
	p.Scaling = Scaling{UnitRows: chosen.unitRows}
	rmse, bandwidth := 0.0, 0.0
	for _, factor := range []float64{1, 0.8, 0.64, 0.51} {
		var err error
		if p.Features, err = featuresOf(chosen, factor*best.Bandwidth, n/4); err != nil {
			b.Fatal(err)
		}
		_, report, err := EigenPro(ctx, p, EigenProOptions{Seed: 1, Epochs: 3})
		if err != nil {
			b.Fatal(err)
		}
		score := report.Scores[report.Epochs-1]
		b.Logf("bandwidth %.3f, n = %d: RMSE %.4f, %d of %d wrong", factor*best.Bandwidth, n/4, score.RMSE, score.Wrong, score.Rows)
		if bandwidth == 0 || score.RMSE < rmse {
			bandwidth, rmse = factor*best.Bandwidth, score.RMSE
		}
	}
	features, err := featuresOf(chosen, bandwidth, n)
	if err != nil {
		b.Fatal(err)
	}
	return features, p.Scaling
}

// mnistEigenPro chooses the number of epochs.
func mnistEigenPro(b *testing.B, p Problem, epochs *float64) *Model {
	options := EigenProOptions{Seed: 1, Epochs: 8}
	if *epochs > 0 {
		options.Epochs = int(*epochs)
	}
	m, report, err := EigenPro(context.Background(), p, options)
	if err != nil {
		b.Fatal(err)
	}
	*epochs = float64(report.Epochs)
	b.Logf("%d eigenvectors, batches of %d, %d epochs; held out: %s", report.Eigenvectors, report.Batch, report.Epochs, percents(report.Scores))
	return m
}

// mnistRidge chooses the ridge.
func mnistRidge(b *testing.B, p Problem, ridge *float64) *Model {
	var options RidgeOptions
	if p.Features != nil {
		options.Ridges = []float64{1e-5, 1e-6, 1e-7}
	}
	if *ridge > 0 {
		options.Ridges = []float64{*ridge}
	}
	m, report, err := Ridge(context.Background(), p, options)
	if err != nil {
		b.Fatal(err)
	}
	*ridge = report.Ridge
	b.Logf("ridge %.3g, condition %.3g; held out: %s", report.Ridge, report.Condition, percents(report.Scores))
	return m
}

func percents(scores []Score) (text string) {
	for _, s := range scores {
		text += fmt.Sprintf("%.2f%% ", 100*float64(s.Wrong)/float64(s.Rows))
	}
	return text
}
