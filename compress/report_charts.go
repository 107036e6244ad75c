package compress

import (
	"fmt"
	"math"
	"slices"

	"github.com/deepfry/deepfry/internal/thousands"
)

// Charts are drawn in percent of their area, so that they fit every screen while text
// keeps its size.

// tick is a number at an axis. Where there is little room, odd ones are left out.
type tick struct {
	At   float64 // percent of the axis
	Text string
	Odd  bool
}

// barChart shows what every layer takes, of one unit, before and after.
type barChart struct {
	Title string
	Axis  string
	Ticks []tick
	Bars  []bar
}

// bar is a layer.
type bar struct {
	Name          string
	Before, After barValue
}

// barValue is a bar's length in percent of the axis, and what it says.
type barValue struct {
	Length float64
	Text   string
}

// barCharts makes the charts of all units.
func (r *Report) barCharts() []barChart {
	var all []barChart
	for _, unit := range []struct {
		title string
		axis  string
		of    func(c Cost) float64
		write func(x float64) string
	}{
		{"Weights", "weights of a layer", func(c Cost) float64 { return float64(c.Weights) }, grouped},
		{"Bytes", "bytes of a layer", func(c Cost) float64 { return float64(c.Bytes) }, grouped},
		{"Multiply-adds", "multiply-adds for a sample", func(c Cost) float64 { return float64(c.MultiplyAdds) }, grouped},
		{"Time", "µs for a sample", func(c Cost) float64 { return c.Microseconds }, short},
	} {
		chart, most := barChart{Title: unit.title, Axis: unit.axis}, 0.0
		for _, l := range r.Layers {
			most = max(most, unit.of(l.Before), unit.of(l.After))
		}
		chart.Ticks, most = evenTicks(most)
		value := func(c Cost) barValue {
			return barValue{100 * unit.of(c) / most, unit.write(unit.of(c))}
		}
		for _, l := range r.Layers {
			chart.Bars = append(chart.Bars, bar{l.Name, value(l.Before), value(l.After)})
		}
		all = append(all, chart)
	}
	return all
}

func grouped(x float64) string { return thousands.Apart(int(x)) }

// evenTicks returns three to five numbers from 0 to at least most, or to 1, and the
// last of them.
func evenTicks(most float64) (ticks []tick, last float64) {
	if most <= 0 {
		most = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, factor := range []float64{0.25, 0.5, 1, 2.5} {
		if most <= 4*factor*step {
			step *= factor
			break
		}
	}
	n := math.Ceil(most / step * (1 - 1e-9))
	for i := 0.0; i <= n; i++ {
		text := fmt.Sprintf("%.6g", i*step)
		if step >= 1 {
			text = thousands.Apart(int(math.Round(i * step)))
		}
		ticks = append(ticks, tick{100 * i / n, text, int(i)%2 == 1})
	}
	return ticks, n * step
}

// methodStyle is how a method's marks are told from others': by colour and by shape.
type methodStyle struct {
	Name  string
	Index int // of the colours and shapes in the page
}

// styles is how many colours and shapes the page has.
const styles = 6

func styleOf(i int) methodStyle { return methodStyle{registry[i].Name(), i % styles} }

// mark is a trial in a plot of a layer's error against weights.
type mark struct {
	X, Y  float64 // percent of the plot, from the left and from the top
	Style methodStyle
	Text  string
}

// plot is such a plot.
type plot struct {
	Name   string
	Marks  []mark
	Chosen mark   // one of them, or Dense
	Label  string // its name
	Lines  []curve
	Dense  mark // the layer as it was
	X, Y   []tick
}

// curve joins a method's marks.
type curve struct {
	Style  methodStyle
	Points string
}

// plotTrials makes the plot of a layer, or nil if fewer than two trials were measured
// and not refused.
func plotTrials(l LayerReport) *plot {
	trials := slices.DeleteFunc(slices.Clone(l.Tried), func(t Trial) bool { return t.Note != "" || t.Error == nil })
	if len(trials) < 2 {
		return nil
	}
	slices.SortStableFunc(trials, func(a, b Trial) int { return a.Weights - b.Weights })
	p, worst := &plot{Name: l.Name}, 0.0
	for _, t := range trials {
		worst = max(worst, *t.Error)
	}
	log := func(weights int) float64 { return math.Log10(float64(max(weights, 1))) }
	first, last := math.Floor(log(trials[0].Weights)), log(max(l.Before.Weights, 10))
	x := func(weights int) float64 { return 100 * (log(weights) - first) / (last - first) }
	p.Y, worst = evenTicks(100 * worst)
	step := 1.0 // powers of ten
	if last-first > 5 {
		step = 2
	}
	for e := first; e <= last; e += step {
		weights := int(math.Round(math.Pow(10, e)))
		p.X = append(p.X, tick{At: x(weights), Text: thousands.Apart(weights)})
	}
	for i := 1; i < len(p.X) && len(p.X) > 3; i += 2 {
		p.X[i].Odd = true
	}
	p.Dense = mark{X: x(l.Before.Weights), Y: 100, Text: fmt.Sprintf("as it was: %s weights", thousands.Apart(l.Before.Weights))}
	p.Chosen, p.Label = p.Dense, "as it was"
	for i, m := range registry {
		c := curve{Style: styleOf(i)}
		for _, t := range trials {
			if t.Method != m.Name() {
				continue
			}
			k := mark{x(t.Weights), 100 - 100*100**t.Error/worst, c.Style,
				fmt.Sprintf("%s %s: %s weights, error %.2f%%", t.Method, thousands.Apart(t.Size), thousands.Apart(t.Weights), 100**t.Error)}
			p.Marks = append(p.Marks, k)
			c.Points += fmt.Sprintf("%.2f,%.2f ", k.X, k.Y)
			if t.Method == l.Method && t.Size == l.Size {
				p.Chosen, p.Label = k, fmt.Sprintf("%s %s", t.Method, thousands.Apart(t.Size))
			}
		}
		if c.Points != "" {
			p.Lines = append(p.Lines, c)
		}
	}
	return p
}

// Below is At from the top, where an axis points upwards.
func (t tick) Below() float64 { return 100 - t.At }
