// Package approximation is the subcommand that measures how near random features
// come to a kernel.
package approximation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/drawing"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/kernel"
	"github.com/deepfry/deepfry/kernel/machine"
)

// Command is deepfry kernel.
type Command struct {
	Table    string            `arg:"" help:"A CSV or LIBSVM file, gzipped or not; - for the standard input; or mnist, fashion, a folder of IDX files, or one of pictures of the same size, with a subfolder for each class."`
	Kernel   string            `default:"gaussian" placeholder:"KERNEL" help:"gaussian, laplacian, matern:NU (0.5, 1.5 or 2.5), arccosine:ORDER (0, 1 or 2) or polynomial:DEGREE."`
	Gamma    string            `default:"auto" placeholder:"G" help:"The kernel's scale, as for fit; auto takes it from the median distance of rows."`
	Features []kernel.Sampling `default:"fastfood,rks,orf,sorf" help:"How frequencies are drawn."`
	N        []int             `name:"n" default:"256,1024,4096" help:"Numbers of frequencies."`
	Phase    bool              `help:"Take n cosines with phases, rather than n pairs of a cosine and a sine."`
	Rows     int               `default:"1000" help:"Rows whose kernel values are approximated."`
	Seeds    int               `default:"10" help:"Draws of each number of frequencies."`
	Train    []int             `placeholder:"N" help:"Numbers of training rows for the time of a prediction. Default: all, half of them, a quarter and so on; 0 measures none."`
	Time     time.Duration     `default:"300ms" help:"How long to measure a prediction."`
	Seed     uint64            `default:"1" help:"Draws the rows and all frequencies."`
	Plot     string            `placeholder:"FILE" help:"Draw errors and times: a file that ends in .svg, .png or .pdf."`
	JSON     bool              `name:"json" help:"Write one JSON object."`

	Target   string   `placeholder:"COLUMN" help:"The column that is no input, by name or by number from 1 on. Default: the last column."`
	Impute   string   `enum:"none,mean,median" default:"none" help:"What takes the place of missing values: ${enum}."`
	Category []string `placeholder:"COLUMN" help:"A column whose numbers are names, not quantities. Can be repeated."`
	Drop     []string `placeholder:"COLUMN" help:"A column to leave out. Can be repeated."`
	Raw      bool     `help:"Do not standardise columns."`
	flags.TableFormat
	flags.MemoryLimit
	flags.Output
}

func (*Command) Help() string {
	return `How near products of random features come to a kernel, for each way to draw them:
the relative error of the Gram matrix, |ZZ' - K| / |K| (Frobenius), and that of its
values, the mean of |z(x)'z(y) - k(x, y)| over that of k(x, y), for all pairs x ≠ y.
Behind ± is the standard deviation over seeds. Then the time of a prediction by an
exact kernel machine, which grows with the rows that it was trained on, and by
features, which does not.

Examples:

  deepfry kernel mnist
  deepfry kernel mnist --kernel matern:1.5 --n 256,1024,4096,16384 --plot kernel.svg
  deepfry kernel houses.csv --target price --features fastfood,sorf --train 0 --json`
}

// kernelResult is the command's JSON.
type kernelResult struct {
	Table         string           `json:"table"`
	Inputs        int              `json:"inputs"`
	Kernel        json.RawMessage  `json:"kernel"`
	Rows          int              `json:"rows"` // of the Gram matrix
	Seeds         int              `json:"seeds"`
	Threads       int              `json:"threads"`
	Approximation []approximation  `json:"approximation"`
	Slopes        []slope          `json:"slopes,omitempty"`
	Prediction    []predictionTime `json:"prediction,omitempty"`
	PredictionBy  kernel.Sampling  `json:"prediction_features,omitempty"`
	PredictionN   int              `json:"prediction_n,omitempty"`
}

// slope is that of the logarithm of the values' error against log n. Independent
// draws have -1/2.
type slope struct {
	Features kernel.Sampling `json:"features"`
	Slope    float64         `json:"slope"`
}

func (c *Command) Run(term *console.Terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	data, err := c.load(term)
	if err != nil {
		return flags.HintTable(err)
	}
	k, err := c.chooseKernel(data)
	if err != nil {
		return err
	}
	description, err := kernel.MarshalKernel(k)
	if err != nil {
		return err
	}
	if err := c.leaveOut(term, k, data.inputs); err != nil {
		return err
	}
	r := &kernelResult{
		Table: c.Table, Inputs: data.inputs, Kernel: description, Rows: min(c.Rows, data.len()), Seeds: c.Seeds, Threads: par.Workers(),
	}
	steps := &steps{bar: console.NewBar(term), total: len(c.Features)*len(c.N)*c.Seeds + len(c.Train)}
	err = c.measure(term, r, k, data, steps)
	steps.bar.Stop()
	if err != nil {
		return err
	}
	if err := drawKernel(c.Plot, r); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(term.Stdout).Encode(r)
	}
	return r.print(term)
}

// check fails if a flag is out of range.
func (c *Command) check() error {
	if err := cmp.Or(drawing.CheckPlot("--plot", c.Plot), c.CheckOutput("--plot", c.Plot, c.Table)); err != nil {
		return err
	}
	if len(c.N) == 0 || slices.Min(c.N) < 1 || slices.Max(c.N) > 1<<20 {
		return fmt.Errorf("--n %v: want 1 to 2^20", c.N)
	}
	if c.Rows < 2 || c.Rows > 1<<15 || c.Seeds < 1 || c.Seeds > 1<<16 || c.Time <= 0 {
		return fmt.Errorf("--rows %d --seeds %d --time %v: want 2 to 32768 rows, 1 to 65536 seeds and a positive time", c.Rows, c.Seeds, c.Time)
	}
	for _, sampling := range c.Features {
		if !slices.Contains([]kernel.Sampling{kernel.Fastfood, kernel.RKS, kernel.ORF, kernel.SORF}, sampling) {
			return fmt.Errorf("--features %s: want fastfood, rks, orf and sorf, or some of them", sampling)
		}
	}
	if _, err := c.kernelFlags().Make(1); err != nil {
		return err
	}
	for _, n := range c.Train {
		if n < 0 || n > 1<<24 {
			return fmt.Errorf("--train %d: want 1 to 2^24 rows, or 0 to measure no predictions", n)
		}
	}
	slices.Sort(c.N)
	slices.Sort(c.Train)
	return nil
}

func (c *Command) kernelFlags() flags.KernelChoice {
	return flags.KernelChoice{Kernel: c.Kernel, Features: "auto", Gamma: c.Gamma}
}

// chooseKernel returns the kernel that the flags say, on the scale of the rows.
func (c *Command) chooseKernel(data rowSet) (kernel.Kernel, error) {
	chosen := c.kernelFlags()
	gamma, err := chosen.GammaFlag()
	if err != nil {
		return nil, err
	}
	if gamma == 0 {
		rows, err := machine.NewTargets(data.inputs, 1, data.data, make([]float64, data.len()))
		if err != nil {
			return nil, err
		}
		// Rows that are all alike have no distance.
		gamma = chosen.GammaOf(cmp.Or(machine.MedianDistance(rows, machine.Scaling{}, c.Seed), 1), data.inputs)
	}
	return chosen.Make(gamma)
}

// measure fills in what was found.
func (c *Command) measure(term *console.Terminal, r *kernelResult, k kernel.Kernel, data rowSet, steps *steps) (err error) {
	exact := newExactGram(k, data.first(r.Rows))
	for _, sampling := range c.Features {
		var points []approximation
		for _, n := range c.N {
			o := kernel.Options{Inputs: data.inputs, N: n, Sampling: sampling, Seed: c.Seed, Phase: c.Phase}
			a, err := exact.approximate(term, o, c.Seeds, steps)
			if err != nil {
				return err
			}
			points = append(points, a)
		}
		r.Approximation = append(r.Approximation, points...)
		if len(points) > 1 {
			r.Slopes = append(r.Slopes, slope{points[0].Features, slopeOf(points)})
		}
	}
	if len(c.Train) == 0 {
		return nil
	}
	last := r.Approximation[len(c.N)-1] // the first way to draw, with the most frequencies
	r.PredictionBy, r.PredictionN = last.Features, last.N
	o := kernel.Options{Inputs: data.inputs, N: last.N, Sampling: last.Features, Seed: c.Seed, Phase: c.Phase}
	r.Prediction, err = timePredictions(term, k, o, data, c.Train, c.Time, steps)
	return err
}

// leaveOut drops the ways to draw that the kernel does not have. It fails if
// none is left.
func (c *Command) leaveOut(term *console.Terminal, k kernel.Kernel, inputs int) error {
	few := min(slices.Min(c.N), 32) // enough for all terms of a polynomial
	var possible []kernel.Sampling
	var problems []error
	for _, sampling := range c.Features {
		_, err := kernel.NewFeatures(k, kernel.Options{Inputs: inputs, N: few, Sampling: sampling, Phase: c.Phase})
		if err == nil {
			possible = append(possible, sampling)
		} else {
			problems = append(problems, fmt.Errorf("--features %s: %w", sampling, err))
		}
	}
	if possible == nil {
		return problems[0]
	}
	for _, err := range problems {
		fmt.Fprintf(term.Stderr, "left out: %v\n", err)
	}
	c.Features = possible
	return nil
}

func (r *kernelResult) print(term *console.Terminal) error {
	fmt.Fprintf(term.Stdout, "%s: %d rows of %d numbers, kernel %s; ± is one standard deviation over %d seeds, times with %d threads\n\n",
		r.Table, r.Rows, r.Inputs, r.Kernel, r.Seeds, r.Threads)
	table := tabwriter.NewWriter(term.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "features\tn\tGram matrix: error\tvalues: error\tmean absolute\ttime a row\tdrawing\t")
	for _, a := range r.Approximation {
		fmt.Fprintf(table, "%s\t%d\t%v\t%v\t%.5f\t%s\t%s\t\n", a.Features, a.N, a.Gram, a.Values, a.Absolute.Mean,
			console.Nanoseconds(a.RowNS), console.Nanoseconds(a.DrawNS))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if r.Slopes != nil {
		var texts []string
		for _, s := range r.Slopes {
			texts = append(texts, fmt.Sprintf("%s %.3f", s.Features, s.Slope))
		}
		fmt.Fprintf(term.Stdout, "\nslope of log(values: error) against log n: %s\n", strings.Join(texts, ", "))
	}
	if r.Prediction == nil {
		return nil
	}
	fmt.Fprintln(table, "\ntraining rows\texact kernel machine\tfeatures\tratio\t")
	for _, p := range r.Prediction {
		fmt.Fprintf(table, "%s\t%s\t%s\t%.1f\t\n", thousands.Apart(p.TrainRows), console.Nanoseconds(p.ExactNS), console.Nanoseconds(p.FeaturesNS), p.ExactNS/p.FeaturesNS)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(term.Stdout, "\ntime of a prediction, in batches of %d; features: %s, n = %d\n", predictionRows, r.PredictionBy, r.PredictionN)
	return err
}

// slopeOf is the slope of a line through the points, by least squares.
func slopeOf(points []approximation) float64 {
	var x, y, xx, xy float64
	for _, p := range points {
		u, v := math.Log(float64(p.N)), math.Log(p.Values.Mean)
		x, y, xx, xy = x+u, y+v, xx+u*u, xy+u*v
	}
	count := float64(len(points))
	return (count*xy - x*y) / (count*xx - x*x)
}

// steps counts what is measured, on a progress bar.
type steps struct {
	bar         *console.Bar
	done, total int
}

// next says what is measured now.
func (s *steps) next(what string) {
	s.done++
	s.bar.Show(what, s.done, s.total)
}
