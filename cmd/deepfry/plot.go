package main

import (
	"fmt"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/drawing"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// drawCurves writes the learning curves so far: solid for the error on the test
// images, dashed for the training error.
func drawCurves(path string, contestants []*contestant) error {
	if path == "" {
		return nil
	}
	p := plot.New()
	p.Title.Text = "Deepfry: errors while training"
	p.X.Label.Text = "epoch"
	p.Y.Label.Text = "error (%)"
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: 2}
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	for i, k := range contestants {
		var test, training plotter.XYs
		for _, r := range k.trainer.History {
			training = append(training, plotter.XY{X: float64(r.Epoch), Y: max(r.TrainErrorPercent, smallestError)})
			if r.Test != nil || r.Validation != nil {
				test = append(test, plotter.XY{X: float64(r.Epoch), Y: max(errorPercent(r), smallestError)})
			}
		}
		if err := drawing.AddCurve(p, k.fc+" test", test, i, nil); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
		if err := drawing.AddCurve(p, k.fc+" training", training, i, []vg.Length{vg.Points(4), vg.Points(3)}); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
	}
	drawing.KeepLogAxis(&p.Y)
	if err := drawing.Write(p, path); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}

// smallestError stands for no error at all on the logarithmic scale: less than
// one image in 60,000.
const smallestError = 0.001
