package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/internal/cpu"
)

type benchCommand struct {
	FWHT     benchFWHT     `cmd:"" name:"fwht" help:"The Walsh-Hadamard transform."`
	Fastfood benchFastfood `cmd:"" name:"fastfood" help:"The Fastfood transform, and the dense product that it replaces."`
	GEMM     benchGEMM     `cmd:"" name:"gemm" help:"The matrix product."`
	Conv     benchConv     `cmd:"" help:"The convolutions of a model."`
	Train    benchTrain    `cmd:"" help:"Training steps of a model."`
	Model    benchModel    `cmd:"" help:"Inference by a model or a checkpoint."`
	Scaling  benchScaling  `cmd:"" help:"What several cores gain over one."`
	Compare  benchCompare  `cmd:"" help:"Compare two files that --json wrote."`
	Plot     benchPlot     `cmd:"" help:"Draw time against size, from a file that fastfood --json wrote."`
}

func (*benchCommand) Help() string {
	return `Examples:

  deepfry bench fwht --n 1024,4096 --threads 1
  deepfry bench fastfood --sizes 1024:1024,9216:16384 --batch 64 --json > new.json
  deepfry bench train --model lenet --threads 2 --layers
  deepfry bench model caffenet --batch 1,16
  deepfry bench compare old.json new.json`
}

// benchFlags are those of every benchmark.
type benchFlags struct {
	Threads int           `default:"1" help:"Cores to use."`
	Kernel  string        `placeholder:"VERSION" help:"ref, avx2 or avx512. Default: the best that runs here."`
	Time    time.Duration `default:"300ms" help:"How long to measure a case."`
	JSON    bool          `name:"json" help:"Write a JSON object a line: the machine, then a case each."`
}

// benchResult is a line of the output. Times are of one row, or one product.
type benchResult struct {
	Benchmark string `json:"benchmark"`
	Case      string `json:"case"`
	Threads   int    `json:"threads"`
	Kernel    string `json:"kernel"`
	bench.Times
	GFLOPS float64 `json:"gflops"` // at the median
	Share  float64 `json:"share"`  // of the peak that limits the case
}

// benchCase is something to measure.
type benchCase struct {
	benchmark, name string
	kind            string // of the layer, if it is one
	run             func()
	times           func(ctx context.Context, budget time.Duration) (bench.Times, error) // in place of run
	rows            int                                                                  // that one run handles
	operations      float64                                                              // floating-point operations of a row
	additions       bool                                                                 // whether the peak of additions is the limit, not that of multiply-adds
}

// errSkip is the error of a case that has nothing to measure.
var errSkip = errors.New("nothing to measure")

// measure builds the cases, runs them and writes the results.
func (f benchFlags) measure(term *terminal, build func() ([]benchCase, error)) error {
	version, err := f.version()
	if err != nil {
		return err
	}
	if f.Threads < 1 || f.Threads > 1024 || f.Time <= 0 {
		return fmt.Errorf("--threads %d --time %v: want 1 to 1024 and a positive time", f.Threads, f.Time)
	}
	if n := runtime.NumCPU(); f.Threads > n {
		fmt.Fprintf(term.err, "--threads %d share the %d cores of this machine\n", f.Threads, n)
	}
	defer cpu.Use(version)()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(f.Threads))
	cases, err := build() // workspaces ask how many cores there are
	if err != nil {
		return err
	}
	machine, err := bench.MeasureMachine(term, f.Threads, f.Time/3)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(term.out)
	table := tabwriter.NewWriter(term.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	if f.JSON {
		if err := encoder.Encode(machine); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(term.out, "%v, %d threads; at most %.0f GFLOP/s of additions, %.0f of multiply-adds, %.1f GB/s of memory\n\n",
			version, f.Threads, machine.Additions, machine.MultiplyAdds, machine.Copy)
		fmt.Fprintln(table, "benchmark\tcase\tminimum\tmedian\tp99\tGFLOP/s\tof peak\t")
	}
	for _, c := range cases {
		if err := term.Context.Err(); err != nil {
			return err
		}
		r, err := c.measure(term, f, version, machine)
		if err == errSkip {
			continue
		}
		if err != nil {
			return err
		}
		if f.JSON {
			if err := encoder.Encode(r); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%.1f\t%.0f%%\t\n", r.Benchmark, r.Case,
			nanoseconds(r.Min), nanoseconds(r.Median), nanoseconds(r.P99), r.GFLOPS, 100*r.Share)
	}
	return table.Flush()
}

func (c benchCase) measure(ctx context.Context, f benchFlags, version cpu.Version, machine bench.Machine) (benchResult, error) {
	timeIt := c.times
	if timeIt == nil {
		timeIt = func(ctx context.Context, budget time.Duration) (bench.Times, error) {
			return bench.Measure(ctx, budget, c.run)
		}
	}
	times, err := timeIt(ctx, f.Time)
	if err != nil {
		return benchResult{}, err
	}
	times = times.Per(c.rows)
	r := benchResult{
		Benchmark: c.benchmark, Case: c.name, Threads: f.Threads, Kernel: version.String(),
		Times: times, GFLOPS: c.operations / times.Median,
	}
	r.Share = r.GFLOPS / machine.MultiplyAdds
	if c.additions {
		r.Share = r.GFLOPS / machine.Additions
	}
	return r, nil
}

func (f benchFlags) version() (cpu.Version, error) {
	if f.Kernel == "" {
		return cpu.Current(), nil
	}
	var names []string
	for _, v := range cpu.Available() {
		if v.String() == f.Kernel {
			return v, nil
		}
		names = append(names, v.String())
	}
	return 0, fmt.Errorf("--kernel %s: this machine runs %s", f.Kernel, strings.Join(names, ", "))
}

// nanoseconds writes a time with three digits or more.
func nanoseconds(ns float64) string {
	switch {
	case ns < 1e4:
		return fmt.Sprintf("%.4g ns", ns)
	case ns < 1e7:
		return fmt.Sprintf("%.4g µs", ns/1e3)
	}
	return fmt.Sprintf("%.4g ms", ns/1e6)
}
