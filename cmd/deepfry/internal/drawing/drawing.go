// Package drawing makes the plots of the subcommands.
package drawing

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"strings"

	"github.com/deepfry/deepfry/internal/wholefile"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// CheckPlot fails if a flag names a file that does not end in a known format.
func CheckPlot(flag, path string) error {
	switch filepath.Ext(path) {
	case ".svg", ".png", ".pdf":
		return nil
	}
	if path == "" {
		return nil
	}
	return fmt.Errorf("%s %s: name a file that ends in .svg, .png or .pdf", flag, path)
}

// KeepLogAxis widens an axis of a single value, which the library would widen
// below 0.
func KeepLogAxis(axis *plot.Axis) {
	if axis.Min == axis.Max {
		axis.Min, axis.Max = axis.Min/2, axis.Max*2
	}
}

// Write writes the plot in the format that the file's name ends in.
func Write(p *plot.Plot, path string) error {
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

// AddCurve draws a line in the colour of the index, if there are points.
func AddCurve(p *plot.Plot, name string, points plotter.XYs, color int, dashes []vg.Length) error {
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

// LogPlot returns a plot that has logarithmic axes.
func LogPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(6)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Scale, axis.Tick.Marker = plot.LogScale{}, plot.TickerFunc(LogTicks)
		axis.Padding = vg.Points(5)
	}
	p.Legend.Top, p.Legend.Padding = true, vg.Points(2)
	p.Add(plotter.NewGrid())
	return p
}

// LogTicks marks 1, 2 and 5 times powers of ten.
func LogTicks(low, high float64) (ticks []plot.Tick) {
	for power := math.Floor(math.Log10(low)); power <= math.Log10(high); power++ {
		for _, factor := range []float64{1, 2, 5} {
			if v := factor * math.Pow(10, power); v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.6g", v)})
			}
		}
	}
	return ticks
}

// Bars is a curve with error Bars.
type Bars struct {
	plotter.XYs
	plotter.YErrors
}

// AddBars draws a curve with error bars, in the colour of the index.
func AddBars(p *plot.Plot, name string, b Bars, index int) {
	line, points, err := plotter.NewLinePoints(b.XYs)
	if err != nil {
		panic("deepfry: a curve that cannot be drawn")
	}
	errorBars, err := plotter.NewYErrorBars(b)
	if err != nil {
		panic("deepfry: error Bars that cannot be drawn")
	}
	colour := plotutil.Color(index)
	line.Color, line.Width = colour, vg.Points(1.2)
	points.Color, points.Shape, points.Radius = colour, draw.CircleGlyph{}, vg.Points(2)
	errorBars.Color, errorBars.CapWidth = colour, vg.Points(5)
	p.Add(line, points, errorBars)
	p.Legend.Add(name, line, points)
}

// WriteSideBySide writes plots side by side, in the format that the file's name ends
// in.
func WriteSideBySide(plots []*plot.Plot, path string) error {
	return WriteGrid([][]*plot.Plot{plots}, path)
}

// WriteGrid is WriteSideBySide for rows of plots, of which some may be shorter.
func WriteGrid(rows [][]*plot.Plot, path string) error {
	columns := 0
	for _, row := range rows {
		columns = max(columns, len(row))
	}
	width, height := vg.Length(columns)*13*vg.Centimeter, vg.Length(len(rows))*10*vg.Centimeter
	canvas, err := draw.NewFormattedCanvas(width, height, strings.TrimPrefix(filepath.Ext(path), "."))
	if err != nil {
		return err
	}
	whole := draw.New(canvas)
	whole.SetColor(color.White)
	whole.Fill(whole.Rectangle.Path())
	pad := 3 * vg.Millimeter
	tiles := draw.Tiles{Rows: len(rows), Cols: columns, PadX: 8 * vg.Millimeter, PadY: pad, PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad}
	grid := make([][]*plot.Plot, len(rows))
	for i, row := range rows {
		grid[i] = make([]*plot.Plot, columns)
		copy(grid[i], row)
	}
	for i, parts := range plot.Align(grid, tiles, whole) {
		for j, part := range parts {
			if grid[i][j] != nil {
				grid[i][j].Draw(part)
			}
		}
	}
	var content bytes.Buffer
	if _, err := canvas.WriteTo(&content); err != nil {
		return err
	}
	return wholefile.WriteBytes(path, content.Bytes())
}
