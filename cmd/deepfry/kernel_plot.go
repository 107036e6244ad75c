package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/internal/wholefile"
	"github.com/deepfry/deepfry/kernel"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
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
	if err := writePlots(plots, path); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}

// logPlot has logarithmic axes.
func logPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(6)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Scale, axis.Tick.Marker = plot.LogScale{}, plot.TickerFunc(logTicks)
		axis.Padding = vg.Points(5)
	}
	p.Legend.Top, p.Legend.Padding = true, vg.Points(2)
	p.Add(plotter.NewGrid())
	return p
}

// logTicks marks 1, 2 and 5 times powers of ten.
func logTicks(low, high float64) (ticks []plot.Tick) {
	for power := math.Floor(math.Log10(low)); power <= math.Log10(high); power++ {
		for _, factor := range []float64{1, 2, 5} {
			if v := factor * math.Pow(10, power); v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.6g", v)})
			}
		}
	}
	return ticks
}

func (r *kernelResult) errorPlot(title, label string, value func(approximation) spread) *plot.Plot {
	p := logPlot(title, "frequencies n", label)
	p.X.Tick.Marker = r.frequencyTicks()
	var order []kernel.Sampling
	curves := map[kernel.Sampling]*bars{}
	for _, a := range r.Approximation {
		curve := curves[a.Features]
		if curve == nil {
			curve = &bars{}
			curves[a.Features], order = curve, append(order, a.Features)
		}
		s := value(a)
		curve.XYs = append(curve.XYs, plotter.XY{X: float64(a.N), Y: max(s.Mean, smallestKernelError)})
		// The axis has no place for a bar that reaches 0.
		below := min(s.Deviation, 0.9*s.Mean)
		curve.YErrors = append(curve.YErrors, struct{ Low, High float64 }{below, s.Deviation})
	}
	for i, name := range order {
		addBars(p, string(name), *curves[name], i)
	}
	keepLogAxis(&p.X)
	keepLogAxis(&p.Y)
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

// bars is a curve with error bars.
type bars struct {
	plotter.XYs
	plotter.YErrors
}

func addBars(p *plot.Plot, name string, b bars, index int) {
	line, points, err := plotter.NewLinePoints(b.XYs)
	if err != nil {
		panic("deepfry: a curve that cannot be drawn")
	}
	errorBars, err := plotter.NewYErrorBars(b)
	if err != nil {
		panic("deepfry: error bars that cannot be drawn")
	}
	colour := plotutil.Color(index)
	line.Color, line.Width = colour, vg.Points(1.2)
	points.Color, points.Shape, points.Radius = colour, draw.CircleGlyph{}, vg.Points(2)
	errorBars.Color, errorBars.CapWidth = colour, vg.Points(5)
	p.Add(line, points, errorBars)
	p.Legend.Add(name, line, points)
}

func (r *kernelResult) timePlot() *plot.Plot {
	p := logPlot("Time of a prediction", "training rows", "time (µs)")
	p.Legend.Left = true
	var exact, features bars
	for _, t := range r.Prediction {
		exact.XYs = append(exact.XYs, plotter.XY{X: float64(t.TrainRows), Y: t.ExactNS / 1e3})
		features.XYs = append(features.XYs, plotter.XY{X: float64(t.TrainRows), Y: t.FeaturesNS / 1e3})
	}
	exact.YErrors, features.YErrors = make(plotter.YErrors, len(exact.XYs)), make(plotter.YErrors, len(exact.XYs))
	addBars(p, "exact kernel machine", exact, 4)
	addBars(p, fmt.Sprintf("%s, n = %d", r.PredictionBy, r.PredictionN), features, 0)
	keepLogAxis(&p.X)
	keepLogAxis(&p.Y)
	return p
}

// writePlots writes plots side by side, in the format that the file's name ends
// in.
func writePlots(plots []*plot.Plot, path string) error {
	width, height := vg.Length(len(plots))*13*vg.Centimeter, 10*vg.Centimeter
	canvas, err := draw.NewFormattedCanvas(width, height, strings.TrimPrefix(filepath.Ext(path), "."))
	if err != nil {
		return err
	}
	whole := draw.New(canvas)
	whole.SetColor(color.White)
	whole.Fill(whole.Rectangle.Path())
	pad := 3 * vg.Millimeter
	tiles := draw.Tiles{Rows: 1, Cols: len(plots), PadX: 8 * vg.Millimeter, PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad}
	for i, part := range plot.Align([][]*plot.Plot{plots}, tiles, whole)[0] {
		plots[i].Draw(part)
	}
	var content bytes.Buffer
	if _, err := canvas.WriteTo(&content); err != nil {
		return err
	}
	return wholefile.WriteBytes(path, content.Bytes())
}
