package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/lock"
	"github.com/deepfry/deepfry/kernel"
	"github.com/deepfry/deepfry/kernel/machine"
	"github.com/deepfry/deepfry/predict"
)

type fitCommand struct {
	flags.KernelChoice
	Table   string   `arg:"" help:"A CSV or LIBSVM file, gzipped or not; - for the standard input; or images: mnist, fashion, IDX files, an .npz file, or a folder of pictures of the same size, with a subfolder for each class."`
	Target  string   `placeholder:"COLUMN" help:"What to learn, by name or by number from 1 on. Default: the last column."`
	Task    string   `enum:"auto,classification,regression" default:"auto" help:"${enum}. auto: classification for texts and for up to 20 different whole numbers."`
	Test    string   `placeholder:"TABLE" help:"Measure on this table. Default: on rows that are held out."`
	Holdout *float64 `placeholder:"PART" help:"Hold out this part of the rows to measure on. Default: 0.2 for tables; images have test images of their own."`

	N         int    `placeholder:"N" help:"Frequencies; each gives two features, cosine and sine. Default: 1024, fewer for small tables, more for images."`
	Machine   string `enum:"auto,ridge,sgd,logistic" default:"auto" help:"${enum}. ridge: least squares, solved at once. sgd: the same by preconditioned gradient steps, for more features than memory holds the square of. logistic: probabilities of classes. auto: ridge, but sgd for mnist and fashion."`
	Ridge     string `default:"auto" placeholder:"X" help:"Regularisation: a number, or auto, which rows that are held out choose."`
	Epochs    int    `placeholder:"N" help:"Passes of sgd over the rows. Default: as many as rows that are held out prefer."`
	Posterior bool   `help:"Also learn how uncertain predictions are, which predict then says. Ridge and regression alone; the model file grows by (features)²/2 numbers."`

	Impute   string   `enum:"none,mean,median" default:"none" help:"What takes the place of missing values (empty, NA, NaN, null, ?): ${enum}."`
	Category []string `placeholder:"COLUMN" help:"A column whose numbers are names, not quantities. Can be repeated."`
	Drop     []string `placeholder:"COLUMN" help:"A column to leave out. Can be repeated."`
	Raw      bool     `help:"Do not standardise columns."`
	flags.TableFormat
	flags.DataOptions
	flags.MemoryLimit
	flags.Output
	Seed uint64 `default:"1" help:"Of features, of the rows that are held out and of their order."`
	Out  string `placeholder:"MODEL" help:"Default: a file in runs that is called after the table and the settings; an earlier one of that name is kept under another."`
	JSON bool   `name:"json" help:"Write one JSON object."`
}

func (*fitCommand) Help() string {
	return `Examples:

  deepfry fit iris.csv                            the last column is what to learn
  deepfry fit houses.csv --target price --impute median --posterior
  deepfry fit a9a.gz --test a9a.t --machine logistic
  zcat measurements.gz | deepfry fit - --out m.safetensors --json
  deepfry fit mnist                               in a minute or two`
}

func (c *fitCommand) Run(term *console.Terminal) error {
	if err := c.checkFlags(); err != nil {
		return err
	}
	data, err := c.open()
	if err != nil {
		return flags.HintTable(err)
	}
	if !c.JSON {
		for _, line := range data.said {
			fmt.Fprintln(term.Stdout, line)
		}
	}
	fitter := &fitter{fitCommand: c, term: term, data: data, bar: console.NewBar(term)}
	defer fitter.bar.Stop()
	if err := fitter.run(); err != nil {
		return flags.HintTable(err)
	}
	fitter.bar.Stop()
	path, err := fitter.save()
	if err != nil {
		return err
	}
	return fitter.report(path)
}

// save writes the model. An earlier one is kept, unless --out named the file; fits of
// the same name that end at one time do so one after the other.
func (f *fitter) save() (path string, err error) {
	if f.Out != "" {
		return f.Out, f.model.Save(f.Out)
	}
	path = f.name()
	release, err := lock.Acquire(path)
	for ; errors.Is(err, lock.ErrHeld) && f.term.Context.Err() == nil; release, err = lock.Acquire(path) {
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		return "", err
	}
	defer release()
	if err := keepEarlier(f.term, path); err != nil {
		return "", err
	}
	return path, f.model.Save(path)
}

// checkFlags refuses what can be refused before a table is read.
func (c *fitCommand) checkFlags() error {
	if err := c.KernelChoice.Validate(); err != nil {
		return err
	}
	if c.N < 0 {
		return fmt.Errorf("--n %d: want at least 1", c.N)
	}
	switch {
	case c.Holdout == nil:
	case !(*c.Holdout > 0 && *c.Holdout < 1):
		return fmt.Errorf("--holdout %v: want more than 0 and less than 1, such as 0.2", *c.Holdout)
	case c.Test != "":
		return fmt.Errorf("--holdout and --test: want one of them")
	}
	if c.Epochs < 0 {
		return fmt.Errorf("--epochs %d: want at least 1", c.Epochs)
	}
	if c.Posterior && c.Machine != "ridge" && c.Machine != "auto" {
		return fmt.Errorf("--posterior with --machine %s: ridge alone has one", c.Machine)
	}
	if _, err := c.ridgeFlag(); err != nil {
		return err
	}
	if c.Out != "" {
		return c.CheckOutput("--out", c.Out, c.Table, c.Test)
	}
	if err := os.MkdirAll("runs", 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return flags.Output{Overwrite: true}.CheckOutput("--out", filepath.Join("runs", "model.safetensors")) // or another there
}

// ridgeFlag returns the number that the flag gives, or nil for auto.
func (c *fitCommand) ridgeFlag() ([]float64, error) {
	if c.Ridge == "auto" {
		return nil, nil
	}
	v, err := strconv.ParseFloat(c.Ridge, 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return nil, fmt.Errorf("--ridge %s: want auto or a positive number", c.Ridge)
	}
	return []float64{v}, nil
}

// name is the path of the model: in runs, after the table, the kernel and the machine.
func (f *fitter) name() string {
	name := strings.Join([]string{f.data.name, strings.ReplaceAll(f.Kernel, ":", "-"), string(f.features.Options().Sampling),
		strconv.Itoa(f.features.Options().N), f.Machine, seedName(f.Seed)}, "-")
	return filepath.Join("runs", name)
}

// fitter is a fit under way.
type fitter struct {
	*fitCommand
	term *console.Terminal
	data *fitData
	bar  *console.Bar

	features       *kernel.Features
	gamma          float64
	ridges         []float64 // candidates; nil: the machine's own
	ridge          float64   // the chosen one, or 0
	model, linear  *machine.Model
	result         *predict.Tally
	baseline       *predict.Tally
	searched, took time.Duration
}

// run fits the linear baseline, chooses what is to be chosen, and fits the
// machine.
func (f *fitter) run() error {
	var err error
	ctx := context.Context(f.term)
	if f.linear, err = f.fitLinear(ctx); err != nil {
		return err
	}
	start := time.Now()
	if err := f.choose(ctx); err != nil {
		return err
	}
	f.searched = time.Since(start)
	start = time.Now()
	if err := f.fit(ctx); err != nil {
		return err
	}
	f.took = time.Since(start)
	f.model.Notes = f.data.notes
	f.bar.Show("measuring", 0, 0)
	if f.result, err = f.measure(ctx, f.model); err != nil {
		return err
	}
	f.baseline, err = f.measure(ctx, f.linear)
	return err
}

// measure tallies what a machine answers for the rows to measure on.
func (f *fitter) measure(ctx context.Context, m *machine.Model) (*predict.Tally, error) {
	p, err := predict.FromMachine(m, "the machine")
	if err != nil {
		return nil, err
	}
	tallies, err := p.EvaluateRows(ctx, f.data.test)
	if err != nil {
		return nil, err
	}
	return tallies[0], nil
}

// name is what a table is called in the names of files.
func tableName(path string) string {
	if path == "-" {
		return "table"
	}
	name := strings.TrimSuffix(filepath.Base(path), ".gz")
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// task returns the task that the flag gives or the table suggests, and says why.
func (c *fitCommand) task(t *table.Table) (task table.Task, why string) {
	if c.Task != "auto" {
		return table.Task(c.Task), "as --task says"
	}
	task = t.GuessTask()
	switch {
	case t.Schema.Targets[0].Kind == table.Category:
		return task, "its values are texts"
	case task == table.Classification:
		return task, "its values are few whole numbers; --task regression takes them for quantities"
	}
	return task, "its values are numbers"
}
