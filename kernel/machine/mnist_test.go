package machine

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/kernel"
)

func mnistTable(t testing.TB, set *dataset.Images) *Table {
	x := make([]float32, len(set.Pixels))
	for i, v := range set.Pixels {
		x[i] = float32(v) / 255
	}
	table, err := NewClasses(784, x, set.Labels, set.Classes)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func env(name string, value float64) float64 {
	if v, err := strconv.ParseFloat(os.Getenv(name), 64); err == nil {
		return v
	}
	return value
}

func TestDev(t *testing.T) {
	data, err := dataset.Open("mnist")
	if err != nil {
		t.Fatal(err)
	}
	all := mnistTable(t, data.Train)
	rows := int(env("ROWS", 10000))
	p := Problem{Train: all.Slice(0, rows), HoldOut: all.Slice(55000, 60000)}
	p.Scaling.UnitRows = env("UNIT", 1) == 1
	var k kernel.Kernel = kernel.Gaussian{Gamma: kernel.GammaOf(env("SIGMA", 0.7))}
	switch os.Getenv("KERNEL") {
	case "matern5":
		k = kernel.Matern{Nu: 2.5, Length: env("SIGMA", 1)}
	case "matern3":
		k = kernel.Matern{Nu: 1.5, Length: env("SIGMA", 1)}
	case "matern1":
		k = kernel.Matern{Nu: 0.5, Length: env("SIGMA", 1)}
	case "laplacian":
		k = kernel.Laplacian{Gamma: env("SIGMA", 1)}
	case "arc":
		k = kernel.ArcCosine{Order: int(env("SIGMA", 1))}
	case "poly":
		k = kernel.Polynomial{Degree: int(env("SIGMA", 4)), Gamma: 1, Offset: env("OFFSET", 0)}
	}
	p.Features, err = kernel.NewFeatures(k, kernel.Options{Inputs: 784, N: int(env("N", 1024)), Seed: 1, Sampling: kernel.Sampling(os.Getenv("SAMPLING"))})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	stage := ""
	p.Progress = func(q Progress) {
		if q.Stage != stage {
			t.Logf("%v %+v", time.Since(start), q)
			stage = q.Stage
		}
	}
	if os.Getenv("SGD") != "" {
		_, report, err := EigenPro(context.Background(), p, EigenProOptions{Sample: int(env("SAMPLE", 0)), MaxBatch: int(env("BATCH", 0)), Epochs: int(env("EPOCHS", 0)), Patience: 10})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range report.Scores {
			t.Logf("%d: %d wrong %.2f%%, rmse %.4f, loss %.3g", i, s.Wrong, 100*s.Error(all.Columns()), s.RMSE, report.Losses[i])
		}
		t.Logf("%v q %d batch %d step %g", time.Since(start), report.Eigenvectors, report.Batch, report.Step)
		return
	}
	_, report, err := Ridge(context.Background(), p, RidgeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range report.Scores {
		t.Logf("%.2g: %d wrong %.2f%%, rmse %.4f", report.Ridges[i], s.Wrong, 100*s.Error(all.Columns()), s.RMSE)
	}
	t.Logf("%v condition %.3g residual %.3g", time.Since(start), report.Condition, report.Residual)
}
