// Package benchmarks is the subcommand that measures transforms, products, layers
// and networks on this machine.
package benchmarks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/internal/cpu"
)

// Command is deepfry bench.
type Command struct {
	FWHT     benchFWHT     `cmd:"" name:"fwht" help:"The Walsh-Hadamard transform."`
	Fastfood benchFastfood `cmd:"" name:"fastfood" help:"The Fastfood transform, and the dense product that it replaces."`
	Features benchFeatures `cmd:"" help:"Random features of a Gaussian kernel."`
	GEMM     benchGEMM     `cmd:"" name:"gemm" help:"The matrix product."`
	Conv     benchConv     `cmd:"" help:"The convolutions of a model."`
	Train    benchTrain    `cmd:"" help:"Training steps of a model."`
	Model    benchModel    `cmd:"" help:"Inference by a model, a checkpoint or an ONNX file."`
	Scaling  benchScaling  `cmd:"" help:"What several cores gain over one."`
	Compare  benchCompare  `cmd:"" help:"Compare two files that --json wrote."`
	Plot     benchPlot     `cmd:"" help:"Draw time against size, from a file that fastfood --json wrote."`
}

func (*Command) Help() string {
	return `Examples:

  deepfry bench fwht --n 1024,4096 --threads 1
  deepfry bench fastfood --sizes 1024:1024,9216:16384 --batch 64 --json > new.json
  deepfry bench train --model lenet --threads 2 --layers
  deepfry bench model net.onnx --batch 1,16 --threads 1,2
  deepfry bench compare old.json new.json`
}

// benchFlags are those of every benchmark.
type benchFlags struct {
	Threads []int         `default:"1" help:"Cores to use: several numbers are measured one after the other."`
	Kernel  string        `placeholder:"VERSION" help:"ref, avx2 or avx512. Default: the best that runs here."`
	Time    time.Duration `default:"300ms" help:"How long to measure a case."`
	JSON    bool          `name:"json" help:"Write a JSON object a line: for each number of cores the machine, then a case each."`
	flags.MemoryLimit
}

// benchGroup is cases that share memory, which they take only while they are
// measured.
type benchGroup struct {
	name  string
	bytes int64                       // about what the cases hold
	build func() ([]benchCase, error) // for as many cores as par.Workers says
}

// benchCase is something to measure.
type benchCase struct {
	benchmark, name string
	run             func()
	times           func(ctx context.Context, budget time.Duration) (bench.Times, error) // in place of run
	rows            int                                                                  // that one run handles
	operations      float64                                                              // floating-point operations of a row
	additions       bool                                                                 // whether the peak of additions is the limit, not that of multiply-adds
	network         networkFacts                                                         // of a whole network's inference
}

// networkFacts are what there is to know of a network's inference beside its time.
type networkFacts struct {
	about string // a line on the network, whatever the batch

	Batch          int     `json:"batch,omitempty"`
	Latency        float64 `json:"latency_ns,omitempty"` // of a whole batch, the median
	Samples        float64 `json:"samples_per_second,omitempty"`
	MultiplyAdds   int     `json:"multiply_adds,omitempty"` // of a sample
	Weights        int     `json:"weights,omitempty"`
	ParameterBytes int     `json:"parameter_bytes,omitempty"` // in memory, biases and permutations included
	WorkspaceBytes uint64  `json:"workspace_bytes,omitempty"` // activations and scratch memory
}

// errSkip is the error of a case that has nothing to measure.
var errSkip = errors.New("nothing to measure")

// measure measures the groups in turn and writes the results, also those before
// an error.
func (f benchFlags) measure(term *console.Terminal, list func() ([]benchGroup, error)) error {
	version, err := f.version()
	if err != nil {
		return err
	}
	for _, threads := range f.Threads {
		if threads < 1 || threads > 1024 || f.Time <= 0 {
			return fmt.Errorf("--threads %d --time %v: want 1 to 1024 and a positive time", threads, f.Time)
		}
		if n := runtime.NumCPU(); threads > n {
			fmt.Fprintf(term.Stderr, "--threads %d share the %d cores of this machine\n", threads, n)
		}
	}
	groups, err := list()
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := f.Check(g.name, g.bytes); err != nil {
			return err
		}
	}
	defer cpu.Use(version)()
	report := newBenchReport(term, f.JSON, version)
	for _, threads := range f.Threads {
		if err = f.measureGroups(report, groups, threads); err != nil {
			break
		}
	}
	return cmp.Or(err, report.flush())
}

// measureGroups measures the machine and the groups with so many threads.
func (f benchFlags) measureGroups(report *benchReport, groups []benchGroup, threads int) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	machine, err := bench.MeasureMachine(report.term, threads, f.Time/3)
	if err != nil {
		return err
	}
	if err := report.begin(machine); err != nil {
		return err
	}
	for _, g := range groups {
		if err := f.measureGroup(report, g); err != nil {
			return err
		}
	}
	return nil
}

// measureGroup builds and measures cases. The memory of the group before is
// given back first.
func (f benchFlags) measureGroup(report *benchReport, g benchGroup) error {
	runtime.GC()
	report.progress(g.name)
	cases, err := g.build()
	if err != nil {
		return err
	}
	for _, c := range cases {
		report.progress(c.benchmark + " " + c.name)
		times, err := c.measure(report.term, f.Time)
		if err == errSkip {
			continue
		}
		if err != nil {
			return err
		}
		if err := report.add(c, times); err != nil {
			return err
		}
	}
	return nil
}

// measure returns the times of a row.
func (c benchCase) measure(ctx context.Context, budget time.Duration) (times bench.Times, err error) {
	if c.times != nil {
		times, err = c.times(ctx, budget)
	} else {
		times, err = bench.Measure(ctx, budget, c.run)
	}
	return times.Per(c.rows), err
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
