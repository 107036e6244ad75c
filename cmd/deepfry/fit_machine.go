package main

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/kernel"
	"github.com/deepfry/deepfry/kernel/machine"
)

// preset holds settings for a data set: what flags say by default. Zeros are
// chosen anew.
type preset struct {
	kernel  string  // that gamma is for
	gamma   float64 // found on a hold-out
	machine string
	n       int
	epochs  int
}

// presets were found on the last 5,000 training images, for rows of unit length:
// for MNIST among γ of 0.6, 0.7, 1, 1.6 and 2.5, 3 to 8 epochs, and n from 8,192 to
// 32,768; for Fashion-MNIST among γ of 1 and 3, which do alike.
var presets = map[string]preset{
	"mnist":   {kernel: "gaussian", gamma: 1, machine: "sgd", n: 32768, epochs: 6},
	"fashion": {kernel: "gaussian", gamma: 3, machine: "sgd", n: 32768, epochs: 6},
}

// searchN bounds the frequencies of features that settings are tried with.
const searchN = 512

// defaultN is the number of frequencies: as many as a small table has rows.
func (f *fitter) defaultN() int {
	n := 256
	for n < 1024 && n < f.data.train {
		n *= 2
	}
	return n
}

func (f *fitter) fitLinear(ctx context.Context) (*machine.Model, error) {
	problem := machine.Problem{Train: f.data.learn, HoldOut: f.data.validation, Progress: f.progress("linear baseline")}
	model, _, err := machine.Ridge(ctx, problem, machine.RidgeOptions{Refit: true})
	return model, err
}

// choose sets the machine, its features and candidates for the ridge: as flags
// or a preset say, or as the validation rows prefer.
func (f *fitter) choose(ctx context.Context) error {
	p := f.data.preset
	if f.Machine == "auto" {
		f.Machine = p.machine
	}
	if f.Machine == p.machine {
		f.N, f.Epochs = cmp.Or(f.N, p.n), cmp.Or(f.Epochs, p.epochs)
	}
	n := cmp.Or(f.N, f.defaultN())
	if err := f.checkMemory(n); err != nil {
		return err
	}
	var err error
	if f.ridges, err = f.ridgeFlag(); err != nil {
		return err
	}
	if f.gamma, err = f.GammaFlag(); err != nil {
		return err
	}
	switch {
	case f.gamma > 0:
	case !f.HasGamma():
		f.gamma = 1
	case p.gamma > 0 && f.Kernel == p.kernel:
		f.gamma = p.gamma
	default:
		if err := f.search(ctx, min(n, searchN)); err != nil {
			return err
		}
	}
	f.features, err = f.newFeatures(n, f.gamma)
	return err
}

func (f *fitter) newFeatures(n int, gamma float64) (*kernel.Features, error) {
	k, err := f.Make(gamma)
	if err != nil {
		return nil, err
	}
	return kernel.NewFeatures(k, kernel.Options{Inputs: f.data.learn.Columns().Inputs, N: n, Sampling: f.Sampling(), Seed: f.Seed})
}

// search chooses γ with n frequencies. The best ridge depends little on n and the
// number of rows, so that a few candidates around it are enough for the fit.
func (f *fitter) search(ctx context.Context, n int) error {
	problem := machine.Problem{Train: f.data.learn, HoldOut: f.data.validation, Scaling: f.data.scaling, Progress: f.progress("bandwidth")}
	summary, err := machine.Survey(ctx, f.data.learn, 1000, f.Seed)
	if err != nil {
		return err
	}
	inputs := f.data.learn.Columns().Inputs
	best, _, err := machine.Search(ctx, problem, machine.SearchOptions{
		Features: func(bandwidth float64) (kernel.FeatureMap, error) {
			return f.newFeatures(n, f.GammaOf(bandwidth, inputs))
		},
		Start: cmp.Or(machine.MedianDistance(summary.Sample, f.data.scaling, f.Seed), 1),
		Seed:  f.Seed,
	})
	if err != nil {
		return err
	}
	f.gamma = f.GammaOf(best.Bandwidth, inputs)
	if f.ridges == nil {
		step := math.Sqrt(10)
		f.ridges = []float64{best.Ridge * step, best.Ridge, best.Ridge / step, best.Ridge / 10}
	}
	return nil
}

// fit fits the machine to all rows but those to measure on. What is not given is
// chosen on the validation rows before.
func (f *fitter) fit(ctx context.Context) error {
	switch f.Machine {
	case "ridge":
		return f.fitRidge(ctx)
	case "sgd":
		return f.fitEigenPro(ctx)
	}
	return f.fitLogistic(ctx)
}

func (f *fitter) problem(stage string) machine.Problem {
	return machine.Problem{Train: f.data.all, Scaling: f.data.scaling, Features: f.features, Progress: f.progress(stage)}
}

// choosing is the problem with rows held out.
func (f *fitter) choosing(stage string) machine.Problem {
	problem := f.problem(stage)
	problem.Train, problem.HoldOut = f.data.learn, f.data.validation
	return problem
}

// fitRidge needs one pass over the rows for all ridges.
func (f *fitter) fitRidge(ctx context.Context) error {
	options := machine.RidgeOptions{Ridges: f.ridges, Refit: true, Posterior: f.Posterior}
	model, report, err := machine.Ridge(ctx, f.choosing("ridge"), options)
	if err == nil {
		f.model, f.ridge = model, report.Ridge
	}
	return err
}

func (f *fitter) fitEigenPro(ctx context.Context) error {
	options := machine.EigenProOptions{Epochs: f.Epochs, Seed: f.Seed}
	if options.Epochs == 0 {
		_, report, err := machine.EigenPro(ctx, f.choosing("choosing epochs"), options)
		if err != nil {
			return err
		}
		options.Epochs = report.Epochs
	}
	var err error
	f.model, _, err = machine.EigenPro(ctx, f.problem("sgd"), options)
	return err
}

func (f *fitter) fitLogistic(ctx context.Context) error {
	ridges, err := f.ridgeFlag() // those of a search are for squares
	if err != nil {
		return err
	}
	options := machine.LogisticOptions{Ridges: ridges, Seed: f.Seed}
	if ridges == nil {
		_, report, err := machine.Logistic(ctx, f.choosing("choosing regularisation"), options)
		if err != nil {
			return err
		}
		options.Ridges = []float64{report.Ridge}
	}
	f.ridge = options.Ridges[0]
	f.model, _, err = machine.Logistic(ctx, f.problem("logistic"), options)
	return err
}

// checkMemory refuses features that the machine has no memory for.
func (f *fitter) checkMemory(n int) error {
	features, err := f.newFeatures(n, 1)
	if err != nil {
		return err
	}
	outputs, targets := int64(features.Outputs()), int64(f.data.all.Columns().Targets())
	bytes, hint := int64(1<<28), "choose a smaller --n, or allow more with --memory"
	switch f.Machine {
	case "ridge": // covariances, 4 bytes for each pair of features, and a factor, 2
		bytes += 6 * outputs * outputs
		hint = "choose a smaller --n or --machine sgd, or allow more with --memory"
	case "sgd": // features of 2,000 rows, their eigenvectors, and sums of weights
		bytes += outputs * (16<<10 + 16*targets)
	case "logistic": // the weights and gradients of 15 steps
		bytes += outputs * 8 * 40 * targets
	}
	if err := f.Check(fmt.Sprintf("%s with %s features", f.Machine, thousands.Apart(int(outputs))), bytes); err != nil {
		return console.Hint(err, hint)
	}
	return nil
}
