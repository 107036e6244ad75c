package compress

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
)

//go:embed report.html
var reportHTML string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"percent": func(x float64) string { return fmt.Sprintf("%.2f%%", 100*x) },
	"fixed":   func(x float64) string { return fmt.Sprintf("%.1f", x) },
	"deref":   func(x *float64) float64 { return *x },
	"bars":    bars,
	"plot":    plotTrials,
	"units":   func() []string { return []string{"weights", "bytes", "multiply-adds", "µs"} },
	"height":  func(r *Report) int { return barHeight*len(r.Layers) + 4 },
}).Parse(reportHTML))

// WriteHTML writes the report as a page that needs no other file.
func (r *Report) WriteHTML(w io.Writer) error { return reportTemplate.Execute(w, r) }

// chartWidth is that of the charts' area, in pixels.
const chartWidth = 560

// barHeight is the room for a layer's two bars.
const barHeight = 34

// bar is a layer before and after in a bar chart.
type bar struct {
	Name          string
	Y             int
	Before, After float64 // widths in pixels
	Text          string
}

// bars makes a bar chart of what the layers take, of one unit.
func bars(r *Report, unit string) []bar {
	value := func(c Cost) float64 {
		switch unit {
		case "bytes":
			return float64(c.Bytes)
		case "multiply-adds":
			return float64(c.MultiplyAdds)
		case "µs":
			return c.Microseconds
		}
		return float64(c.Weights)
	}
	most := 1e-9
	for _, l := range r.Layers {
		most = math.Max(most, math.Max(value(l.Before), value(l.After)))
	}
	var all []bar
	for i, l := range r.Layers {
		before, after := value(l.Before), value(l.After)
		all = append(all, bar{l.Name, barHeight * i, before / most * chartWidth, after / most * chartWidth, fmt.Sprintf("%.6g → %.6g", before, after)})
	}
	return all
}

// mark is a trial in a plot of error against weights.
type mark struct {
	X, Y  float64
	Color string
	Shown bool // it is the one that was chosen
	Text  string
}

// plot is such a plot, with 10^0, 10^1, ... weights on its axis.
type plot struct {
	Marks []mark
	Ticks []mark
}

var methodColors = map[string]string{"svd": "#1f77b4", "fastfood": "#d62728", "rp": "#2ca02c", "lowrank": "#9467bd"}

// plotHeight is for errors from 0 to 100%.
const plotHeight = 200

// plotTrials makes the plot of a layer, or nil if fewer than two trials were made.
func plotTrials(l LayerReport) *plot {
	p := &plot{}
	most := math.Log10(float64(max(l.Before.Weights, 10)))
	for _, t := range l.Tried {
		if t.Note != "" || t.Error == nil {
			continue
		}
		p.Marks = append(p.Marks, mark{
			X: math.Log10(float64(max(t.Weights, 1))) / most * chartWidth, Y: plotHeight * (1 - math.Min(*t.Error, 1)),
			Color: methodColors[t.Method], Shown: t.Method == l.Method && t.Size == l.Size,
			Text: fmt.Sprintf("%s %d: %d weights, error %.2f%%", t.Method, t.Size, t.Weights, 100**t.Error),
		})
	}
	for i := 0; float64(i) <= most; i++ {
		p.Ticks = append(p.Ticks, mark{X: float64(i) / most * chartWidth, Text: fmt.Sprintf("%.0f", math.Pow10(i))})
	}
	if len(p.Marks) < 2 {
		return nil
	}
	return p
}
