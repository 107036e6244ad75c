// Package compression shows the results of deepfry paper compression, as curves, tables
// and JSON.
package compression

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/drawing"
	"github.com/deepfry/deepfry/paper"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// formNames are those of the legend, in its order.
var formNames = []struct {
	form paper.Form
	name string
}{
	{paper.DataSVD, "SVD, trained on"}, {paper.LowRank, "low rank from scratch"}, {paper.Adaptive, "Fastfood, adaptive"},
	{paper.Fixed, "Fastfood, fixed"}, {paper.Block, "Fastfood, blocks in G"}, {paper.Monarch, "Monarch, trained on"}, {paper.Projection, "random projection"}, {paper.Pooling, "global average pooling"}, {paper.Dense, "dense"},
}

// largestShown is the largest error that has its place, as a multiple of the least:
// what matters is below it. Where there are larger ones, a mark at the top says so.
const largestShown = 2.5

// Draw draws the test error against the bytes stored, with the reference's convolutions
// and with all layers trained, in float32 and in eight bits, to the file of that path; to
// none if it is "".
func Draw(path, data string, groups []paper.Group) error {
	if path == "" {
		return nil
	}
	least := math.Inf(1)
	for _, g := range groups {
		least = min(least, g.Mean)
	}
	var rows [][]*plot.Plot
	for _, frozen := range []bool{true, false} {
		var row []*plot.Plot
		for _, int8 := range []bool{false, true} {
			if p := panel(data, groups, frozen, int8, largestShown*least); p != nil {
				row = append(row, p)
			}
		}
		if len(row) > 0 {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return fmt.Errorf("--plot: there is no curve: only untrained networks were measured")
	}
	if err := drawing.WriteGrid(rows, path); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}

// panel returns the plot of one kind of trials and one precision, up to an error, or nil if
// there are none.
func panel(data string, groups []paper.Group, frozen, int8 bool, top float64) *plot.Plot {
	title := data + ": all layers trained"
	if frozen {
		title = data + ": the reference's convolutions"
	}
	if int8 {
		title += ", int8"
	}
	drawn := 0
	p := drawing.LogPlot(title, "fully-connected layers (kB)", "test error (%), ± a standard error")
	p.X.Tick.Marker = plot.TickerFunc(kilobyteTicks)
	p.Y.Scale, p.Y.Tick.Marker = plot.LinearScale{}, plot.DefaultTicks{}
	above := false
	for i, f := range formNames {
		if b := curveOf(groups, f.form, frozen, int8); len(b.XYs) > 0 {
			drawing.AddBars(p, f.name, b, i)
			above = addAbove(p, b, top, i) || above
			drawn++
		}
	}
	if drawn == 0 {
		return nil
	}
	if above {
		p.Y.Max = top
		p.Legend.Add("larger than shown", aboveGlyph(color.Black, 0))
	}
	drawing.KeepLogAxis(&p.X)
	p.X.Max *= 4 // room for the legend
	return p
}

// curveOf returns the test errors of a form against its bytes, the fewest
// first. The dense layer, a single point, belongs to both plots.
func curveOf(groups []paper.Group, form paper.Form, frozen, int8 bool) drawing.Bars {
	var b drawing.Bars
	for _, g := range slices.SortedStableFunc(slices.Values(groups), func(a, b paper.Group) int { return cmp.Compare(a.Bytes, b.Bytes) }) {
		if g.Form == form && (g.Frozen == frozen || g.Form == paper.Dense) && !g.Untrained && !g.Distilled && g.Int8 == int8 {
			b.XYs = append(b.XYs, plotter.XY{X: float64(g.Bytes), Y: g.Mean})
			b.YErrors = append(b.YErrors, struct{ Low, High float64 }{g.StandardError, g.StandardError})
		}
	}
	return b
}

// addAbove marks the points of a curve that are above the top, at the top, and tells
// whether there are any.
func addAbove(p *plot.Plot, b drawing.Bars, top float64, index int) bool {
	above := new(plotter.Scatter)
	for _, point := range b.XYs {
		if point.Y > top {
			above.XYs = append(above.XYs, plotter.XY{X: point.X, Y: top})
		}
	}
	above.GlyphStyle = aboveGlyph(plotutil.Color(index), index).GlyphStyle
	p.Add(above)
	return len(above.XYs) > 0
}

// aboveGlyph is the mark of a curve's points above the top: triangles of curves with
// the same bytes lie one in the other.
func aboveGlyph(c color.Color, index int) *plotter.Scatter {
	return &plotter.Scatter{GlyphStyle: draw.GlyphStyle{Color: c, Shape: draw.TriangleGlyph{}, Radius: vg.Points(2 + float64(index)/2)}}
}

// kilobyteTicks are those of drawing.LogTicks for thousands of what the axis has.
func kilobyteTicks(low, high float64) []plot.Tick {
	ticks := drawing.LogTicks(low/1000, high/1000)
	for i := range ticks {
		ticks[i].Value *= 1000
	}
	return ticks
}
