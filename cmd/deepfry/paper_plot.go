package main

import (
	"fmt"

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

// drawCompression draws the test error against the bytes stored, with the
// reference's convolutions and with all layers trained.
func drawCompression(path, data string, groups []paper.Group) error {
	if path == "" {
		return nil
	}
	var plots []*plot.Plot
	for _, frozen := range []bool{true, false} {
		title := data + ": all layers trained"
		if frozen {
			title = data + ": the reference's convolutions"
		}
		drawn := 0
		p := logPlot(title, "bytes of the fully-connected layers", "test error (%), ± a standard error")
		for i, f := range formNames {
			var b bars
			for _, g := range groups {
				if g.Form == f.form && (g.Frozen == frozen || g.Form == paper.Dense) && !g.Untrained {
					mean := max(g.Mean, smallestError)
					b.XYs = append(b.XYs, plotter.XY{X: float64(g.Bytes), Y: mean})
					b.YErrors = append(b.YErrors, struct{ Low, High float64 }{min(g.StandardError, 0.9*mean), g.StandardError})
				}
			}
			if len(b.XYs) > 0 {
				addBars(p, f.name, b, i)
				drawn++
			}
		}
		if drawn == 0 {
			continue
		}
		keepLogAxis(&p.X)
		keepLogAxis(&p.Y)
		plots = append(plots, p)
	}
	if len(plots) == 0 {
		return fmt.Errorf("--plot: there is no curve: only untrained networks were measured")
	}
	if err := writePlots(plots, path); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}
