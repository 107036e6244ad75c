package approximation

import (
	"fmt"
	"strconv"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/drawing"
	"github.com/deepfry/deepfry/kernel"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// drawKernel draws errors against n, and times of predictions against the number
// of training rows, side by side.
func drawKernel(path string, r *kernelResult) error {
	if path == "" {
		return nil
	}
	plots := []*plot.Plot{
		r.errorPlot("Gram matrix", "relative error (Frobenius)", func(a approximation) spread { return a.Gram }),
		r.errorPlot("Kernel values", "mean absolute error", func(a approximation) spread { return a.Absolute }),
	}
	if r.Prediction != nil {
		plots = append(plots, r.timePlot())
	}
	if err := drawing.WriteSideBySide(plots, path); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}

func (r *kernelResult) errorPlot(title, label string, value func(approximation) spread) *plot.Plot {
	p := drawing.LogPlot(title, "frequencies n", label)
	p.X.Tick.Marker = r.frequencyTicks()
	var order []kernel.Sampling
	curves := map[kernel.Sampling]*drawing.Bars{}
	for _, a := range r.Approximation {
		curve := curves[a.Features]
		if curve == nil {
			curve = &drawing.Bars{}
			curves[a.Features], order = curve, append(order, a.Features)
		}
		s := value(a)
		curve.XYs = append(curve.XYs, plotter.XY{X: float64(a.N), Y: max(s.Mean, smallestKernelError)})
		// The axis has no place for a bar that reaches 0.
		below := min(s.Deviation, 0.9*s.Mean)
		curve.YErrors = append(curve.YErrors, struct{ Low, High float64 }{below, s.Deviation})
	}
	for i, name := range order {
		drawing.AddBars(p, string(name), *curves[name], i)
	}
	drawing.KeepLogAxis(&p.X)
	drawing.KeepLogAxis(&p.Y)
	return p
}

// frequencyTicks marks the numbers of frequencies that were measured.
func (r *kernelResult) frequencyTicks() (ticks plot.ConstantTicks) {
	for _, a := range r.Approximation {
		if a.Features == r.Approximation[0].Features {
			ticks = append(ticks, plot.Tick{Value: float64(a.N), Label: strconv.Itoa(a.N)})
		}
	}
	return ticks
}

// smallestKernelError stands for none at all on the logarithmic scale.
const smallestKernelError = 1e-9

func (r *kernelResult) timePlot() *plot.Plot {
	p := drawing.LogPlot("Time of a prediction", "training rows", "time (µs)")
	p.Legend.Left = true
	var exact, features drawing.Bars
	for _, t := range r.Prediction {
		exact.XYs = append(exact.XYs, plotter.XY{X: float64(t.TrainRows), Y: t.ExactNS / 1e3})
		features.XYs = append(features.XYs, plotter.XY{X: float64(t.TrainRows), Y: t.FeaturesNS / 1e3})
	}
	exact.YErrors, features.YErrors = make(plotter.YErrors, len(exact.XYs)), make(plotter.YErrors, len(exact.XYs))
	drawing.AddBars(p, "exact kernel machine", exact, 4)
	drawing.AddBars(p, fmt.Sprintf("%s, n = %d", r.PredictionBy, r.PredictionN), features, 0)
	drawing.KeepLogAxis(&p.X)
	drawing.KeepLogAxis(&p.Y)
	return p
}
