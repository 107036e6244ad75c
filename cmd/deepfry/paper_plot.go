package main

import (
	"fmt"
	"math"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/drawing"
	"github.com/deepfry/deepfry/paper"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// formNames are those of the legend, in its order.
var formNames = []struct {
	form paper.Form
	name string
}{
	{paper.DataSVD, "SVD, trained on"}, {paper.LowRank, "low rank from scratch"}, {paper.Adaptive, "Fastfood, adaptive"},
	{paper.Fixed, "Fastfood, fixed"}, {paper.Projection, "random projection"}, {paper.Pooling, "global average pooling"}, {paper.Dense, "dense"},
}

// largestShown is the largest error that is drawn, as a multiple of the least: what
// matters is below it.
const largestShown = 2.5

// drawCompression draws the test error against the bytes stored, with the
// reference's convolutions and with all layers trained.
func drawCompression(path, data string, groups []paper.Group) error {
	if path == "" {
		return nil
	}
	least := math.Inf(1)
	for _, g := range groups {
		least = min(least, g.Mean)
	}
	var plots []*plot.Plot
	for _, frozen := range []bool{true, false} {
		title := data + ": all layers trained"
		if frozen {
			title = data + ": the reference's convolutions"
		}
		drawn := 0
		p := drawing.LogPlot(title, "fully-connected layers (kB)", "test error (%), ± a standard error")
		p.X.Tick.Marker = plot.TickerFunc(kilobyteTicks)
		p.Y.Scale, p.Y.Tick.Marker = plot.LinearScale{}, plot.DefaultTicks{}
		for i, f := range formNames {
			var b drawing.Bars
			for _, g := range groups {
				if g.Form == f.form && (g.Frozen == frozen || g.Form == paper.Dense) && !g.Untrained && g.Mean <= largestShown*least {
					b.XYs = append(b.XYs, plotter.XY{X: float64(g.Bytes), Y: g.Mean})
					b.YErrors = append(b.YErrors, struct{ Low, High float64 }{g.StandardError, g.StandardError})
				}
			}
			if len(b.XYs) > 0 {
				drawing.AddBars(p, f.name, b, i)
				drawn++
			}
		}
		if drawn == 0 {
			continue
		}
		drawing.KeepLogAxis(&p.X)
		plots = append(plots, p)
	}
	if len(plots) == 0 {
		return fmt.Errorf("--plot: there is no curve: only untrained networks were measured")
	}
	if err := drawing.WriteSideBySide(plots, path); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}

// kilobyteTicks are those of drawing.LogTicks for thousands of what the axis has.
func kilobyteTicks(low, high float64) []plot.Tick {
	ticks := drawing.LogTicks(low/1000, high/1000)
	for i := range ticks {
		ticks[i].Value *= 1000
	}
	return ticks
}
