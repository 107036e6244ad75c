package benchmarks

import (
	"context"
	"fmt"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

type benchScaling struct {
	Threads int           `default:"2" help:"Cores to compare with one."`
	Rounds  int           `default:"9" help:"Alternations of one core and several."`
	Time    time.Duration `default:"50ms" help:"How long to measure a case each time."`
	JSON    bool          `name:"json" help:"Write a JSON object a line, a case each."`
}

func (*benchScaling) Help() string {
	return `Measures how much faster cases get on several cores, beside independent
multiply-adds, which show what the machine allows: cores may share their power,
their caches or, in a virtual machine, themselves. Batches are small enough for
the caches.

Examples:

  deepfry bench scaling
  deepfry bench scaling --threads 4 --rounds 15`
}

// scalingResult is a line of the output.
type scalingResult struct {
	Benchmark string  `json:"benchmark"`
	Case      string  `json:"case"`
	Threads   int     `json:"threads"`
	One       float64 `json:"one_median_ns"`     // of a row, with one core
	Several   float64 `json:"several_median_ns"` // with all of them
	Scaling   float64 `json:"scaling"`           // the median of the rounds' ratios
	Share     float64 `json:"share"`             // of the scaling of multiply-adds in the same round, likewise
}

// multiplyAddsCase makes independent multiply-adds, the same number on any
// number of threads, for about a millisecond.
func multiplyAddsCase(threads int) benchCase {
	const chunks, operations = 64, 4_000_000
	body := func(int, int) { simd.PeakMultiplyAdds(operations) }
	return benchCase{
		benchmark: "multiply-adds", name: "independent", rows: 1, operations: chunks * operations,
		run: func() { par.For(chunks, threads, body) },
	}
}

func scalingCases(threads int) ([]benchCase, error) {
	f := benchFlags{Threads: []int{threads}}
	cases := []benchCase{multiplyAddsCase(threads)}
	for _, list := range []func() ([]benchGroup, error){
		(&benchFWHT{benchFlags: f, N: []int{256, 1024}, Rows: 256, Precision: "float32"}).groups,
		(&benchFWHT{benchFlags: f, N: []int{4096}, Rows: 64, Precision: "float32"}).groups,
		(&benchFastfood{benchFlags: f, Sizes: []string{"1024:1024"}, Batch: []int{64, 256}}).groups,
		(&benchFastfood{benchFlags: f, Sizes: []string{"4096:4096"}, Batch: []int{16, 64}}).groups,
		(&benchGEMM{benchFlags: f, Sizes: []string{"256x1024x1024", "512x512x512"}}).groups,
	} {
		groups, err := list()
		if err != nil {
			return nil, err
		}
		for _, g := range groups {
			more, err := g.build()
			if err != nil {
				return nil, err
			}
			cases = append(cases, more...)
		}
	}
	return cases, nil
}

func (c *benchScaling) Run(term *console.Terminal) error {
	if c.Threads < 2 || c.Threads > 1024 || c.Rounds < 1 || c.Time <= 0 {
		return fmt.Errorf("--threads %d --rounds %d --time %v: want 2 to 1024 threads, at least one round and a positive time", c.Threads, c.Rounds, c.Time)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(c.Threads))
	several, err := scalingCases(c.Threads)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	one, err := scalingCases(1)
	if err != nil {
		return err
	}
	times := make([]scalingTimes, len(one))
	for range c.Rounds {
		for i := range one {
			if err := times[i].measure(term, c, one[i], several[i]); err != nil {
				return err
			}
		}
	}
	var results []scalingResult
	for i, t := range times {
		r := scalingResult{
			Benchmark: one[i].benchmark, Case: one[i].name, Threads: c.Threads,
			One: bench.Summarize(t.one).Median, Several: bench.Summarize(t.several).Median,
		}
		var scalings, shares []float64
		for round := range t.one {
			scaling := func(t scalingTimes) float64 { return t.one[round] / t.several[round] }
			scalings = append(scalings, scaling(t))
			shares = append(shares, scaling(t)/scaling(times[0]))
		}
		r.Scaling, r.Share = bench.Summarize(scalings).Median, bench.Summarize(shares).Median
		results = append(results, r)
	}
	return c.write(term, results)
}

// scalingTimes are a case's medians in each round.
type scalingTimes struct{ one, several []float64 }

// measure runs a case with one core and with several, one right after the
// other: what else the machine does slows both.
func (t *scalingTimes) measure(ctx context.Context, c *benchScaling, one, several benchCase) error {
	runtime.GOMAXPROCS(1)
	times, err := bench.Measure(ctx, c.Time, one.run)
	if err != nil {
		return err
	}
	t.one = append(t.one, times.Per(one.rows).Median)
	runtime.GOMAXPROCS(c.Threads)
	if times, err = bench.Measure(ctx, c.Time, several.run); err != nil {
		return err
	}
	t.several = append(t.several, times.Per(one.rows).Median)
	return nil
}

func (c *benchScaling) write(term *console.Terminal, results []scalingResult) error {
	if c.JSON {
		return console.WriteJSONLines(term.Stdout, results)
	}
	table := tabwriter.NewWriter(term.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "benchmark\tcase\tone core\t%d cores\tscaling\tof multiply-adds'\t\n", c.Threads)
	for _, r := range results {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.2f\t%.0f%%\t\n", r.Benchmark, r.Case, console.Nanoseconds(r.One), console.Nanoseconds(r.Several), r.Scaling, 100*r.Share)
	}
	return table.Flush()
}
