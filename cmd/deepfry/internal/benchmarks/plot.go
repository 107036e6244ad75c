package benchmarks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/drawing"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

type benchPlot struct {
	Results string `arg:"" help:"What deepfry bench fastfood --json wrote."`
	Out     string `short:"o" required:"" placeholder:"FILE" help:"A file that ends in .svg, .png or .pdf."`
	flags.Output
}

func (*benchPlot) Help() string {
	return `Examples:

  deepfry bench fastfood --sizes 1024:1024,4096:4096 --json > sizes.json
  deepfry bench plot sizes.json -o sizes.svg`
}

// Run draws the medians of cases d→n against n on logarithmic axes, a line for
// each benchmark.
func (c *benchPlot) Run(term *console.Terminal) error {
	if err := cmp.Or(drawing.CheckPlot("--out", c.Out), c.CheckOutput("--out", c.Out, c.Results)); err != nil {
		return err
	}
	results, order, err := readResults(c.Results)
	if err != nil {
		return err
	}
	lines, names := map[string]plotter.XYs{}, []string(nil)
	for _, key := range order {
		var d, n int
		if _, err := fmt.Sscanf(key.name, "%d→%d", &d, &n); err != nil {
			continue
		}
		if _, seen := lines[key.benchmark]; !seen {
			names = append(names, key.benchmark)
		}
		lines[key.benchmark] = append(lines[key.benchmark], plotter.XY{X: float64(n), Y: results[key].Median / 1e3})
	}
	if len(names) == 0 {
		return fmt.Errorf("%s has no cases of deepfry bench fastfood", c.Results)
	}
	p := plot.New()
	p.Title.Text = "Time of a row by the layer's outputs"
	p.X.Label.Text, p.Y.Label.Text = "outputs n", "time (µs)"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	for i, name := range names {
		points := lines[name]
		slices.SortFunc(points, func(a, b plotter.XY) int { return int(a.X - b.X) })
		var dashes []vg.Length
		if strings.HasSuffix(name, "backward") {
			dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		}
		if err := drawing.AddCurve(p, name, points, i, dashes); err != nil {
			return err
		}
	}
	drawing.KeepLogAxis(&p.X)
	drawing.KeepLogAxis(&p.Y)
	if err := drawing.Write(p, c.Out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}
