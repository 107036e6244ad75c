package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/deepfry/deepfry/internal/wholefile"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// checkPlot fails if a flag names a file that does not end in a known format.
func checkPlot(flag, path string) error {
	switch filepath.Ext(path) {
	case ".svg", ".png", ".pdf":
		return nil
	}
	if path == "" {
		return nil
	}
	return fmt.Errorf("%s %s: name a file that ends in .svg, .png or .pdf", flag, path)
}

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
			if r.Test != nil {
				test = append(test, plotter.XY{X: float64(r.Epoch), Y: max(r.Test.ErrorPercent, smallestError)})
			}
		}
		if err := addCurve(p, k.fc+" test", test, i, nil); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
		if err := addCurve(p, k.fc+" training", training, i, []vg.Length{vg.Points(4), vg.Points(3)}); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
	}
	keepLogAxis(&p.Y)
	if err := writePlot(p, path); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}

// keepLogAxis widens an axis of a single value, which the library would widen
// below 0.
func keepLogAxis(axis *plot.Axis) {
	if axis.Min == axis.Max {
		axis.Min, axis.Max = axis.Min/2, axis.Max*2
	}
}

// writePlot writes the plot in the format that the file's name ends in.
func writePlot(p *plot.Plot, path string) error {
	writer, err := p.WriterTo(18*vg.Centimeter, 11*vg.Centimeter, strings.TrimPrefix(filepath.Ext(path), "."))
	if err != nil {
		return err
	}
	var content bytes.Buffer
	if _, err := writer.WriteTo(&content); err != nil {
		return err
	}
	return wholefile.WriteBytes(path, content.Bytes())
}

// smallestError stands for no error at all on the logarithmic scale: less than
// one image in 60,000.
const smallestError = 0.001

func addCurve(p *plot.Plot, name string, points plotter.XYs, color int, dashes []vg.Length) error {
	if len(points) == 0 {
		return nil
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Dashes, line.Width = plotutil.Color(color), dashes, vg.Points(1.5)
	p.Add(line)
	p.Legend.Add(name, line)
	return nil
}
