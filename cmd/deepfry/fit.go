package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/fitting"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/lock"
)

type fitCommand struct {
	flags.KernelChoice
	Table   string   `arg:"" help:"A CSV or LIBSVM file, gzipped or not; - for the standard input; or images: mnist, fashion, IDX files, an .npz file, or a folder or list of pictures of the same size, as for train."`
	Target  []string `placeholder:"COLUMN" help:"What to learn, by name or by number from 1 on. Can be repeated, for several numbers. Default: the last column."`
	Task    string   `enum:"auto,classification,regression" default:"auto" help:"${enum}. auto: classification for texts and for up to 20 different whole numbers."`
	Test    string   `placeholder:"TABLE" help:"Measure on this table. Default: on rows that are held out."`
	Holdout *float64 `placeholder:"PART" help:"Hold out this part of the rows to measure on; the model is fitted to all of them afterwards. Default: 0.2 for tables; images have test images of their own."`
	CV      *int     `name:"cv" placeholder:"K" help:"Also measure by K folds, for each of which settings are chosen anew."`

	N         *int   `placeholder:"N" help:"Landmarks, rows of the table by which kernels are computed; or frequencies, each of which gives two features, cosine and sine. Default: all rows, up to 8192, or 256 to 1024 frequencies, more for images."`
	Machine   string `enum:"auto,ridge,sgd,logistic" default:"auto" help:"${enum}. ridge: least squares, solved at once. sgd: the same by preconditioned gradient steps, for more features than memory holds the square of. logistic: probabilities of classes. auto: ridge, but sgd for mnist and fashion."`
	Ridge     string `default:"auto" placeholder:"X" help:"Regularisation: a number, or auto, which cross-validation chooses."`
	Epochs    *int   `placeholder:"N" help:"Passes of sgd over the rows. Default: as many as rows that are held out prefer."`
	Posterior bool   `help:"Learn how uncertain each prediction is, by a Gaussian process on random features. Ridge and regression alone; the model file grows by (features)²/2 numbers."`

	Impute    string   `enum:"auto,none,mean,median" default:"auto" help:"What takes the place of missing values: ${enum}. auto: the median, or a category of its own, and a column that says where; none: they are an error."`
	Transform string   `enum:"auto,none,log,quantile" default:"auto" help:"What is done to columns of numbers before they are standardised: ${enum}. quantile makes them normally distributed; auto takes what cross-validation prefers."`
	Category  []string `placeholder:"COLUMN" help:"A column whose numbers are names, not quantities. Can be repeated."`
	Drop      []string `placeholder:"COLUMN" help:"A column to leave out. Can be repeated."`
	Keep      []string `placeholder:"COLUMN" help:"A column to keep that would be left out, as a number of the row is. Can be repeated."`
	Weight    string   `placeholder:"COLUMN" help:"How much each row counts."`
	Balanced  bool     `help:"Have all classes count alike, however many rows they have."`
	Raw       bool     `help:"Do not standardise columns."`
	flags.TableFormat
	flags.DataOptions
	flags.MemoryLimit
	flags.Output
	Seed uint64 `default:"1" help:"Of features, of the rows that are held out and of folds."`
	Out  string `placeholder:"MODEL" help:"Default: a file in runs that is called after the table and the settings; an earlier one of that name is kept under another."`
	JSON bool   `name:"json" help:"Write one JSON object."`
}

func (*fitCommand) Help() string {
	return `Examples:

  deepfry fit iris.csv                            the last column is what to learn
  deepfry fit houses.csv --target price --cv 10
  deepfry fit export.csv --encoding latin1 --separator ';' --decimal ,
  deepfry fit a9a.gz --test a9a.t --machine logistic
  zcat measurements.gz | deepfry fit - --out m.safetensors --json
  deepfry fit mnist                               in a minute or two`
}

func (c *fitCommand) Run(term *console.Terminal) error {
	options, err := c.options()
	if err != nil {
		return err
	}
	data, err := c.open()
	if err == nil {
		err = data.Check(options)
	}
	if err != nil {
		return flags.HintTable(err)
	}
	if !c.JSON {
		for _, line := range data.Said {
			fmt.Fprintln(term.Stdout, line)
		}
	}
	bar := console.NewBar(term)
	defer bar.Stop()
	options.Progress = func(stage string, done, total int) { bar.Show(stage, done, total) }
	result, err := fitting.Run(context.Context(term), data, options)
	if err != nil {
		return flags.HintTable(err)
	}
	bar.Stop()
	report := &fitReport{c, data, result}
	path, err := report.save(term)
	if err != nil {
		return err
	}
	if c.JSON {
		return report.writeJSON(term.Stdout, path)
	}
	return report.write(term.Stdout, path)
}

// options refuses what can be refused before a table is read.
func (c *fitCommand) options() (fitting.Options, error) {
	o := fitting.Options{
		KernelChoice: c.KernelChoice, MemoryLimit: c.MemoryLimit, Machine: c.Machine, Posterior: c.Posterior,
		Transform: c.Transform, Raw: c.Raw, Impute: table.Impute(c.Impute), Balanced: c.Balanced, Seed: c.Seed,
	}
	flags.Override(&o.N, c.N)
	flags.Override(&o.Epochs, c.Epochs)
	flags.Override(&o.CV, c.CV)
	var err error
	if o.Ridge, err = c.ridgeFlag(); err != nil {
		return o, err
	}
	return o, c.checkFlags()
}

func (c *fitCommand) checkFlags() error {
	if err := c.KernelChoice.Validate(); err != nil {
		return err
	}
	for _, err := range []error{c.checkNumbers(), c.checkPairs(), c.checkKernel()} {
		if err != nil {
			return err
		}
	}
	if c.Out != "" {
		inputs := []string{c.Table, c.Test}
		if flags.IsImages(c.Table) {
			inputs = append(inputs, flags.Inputs(c.Table)...)
		}
		return c.CheckOutput("--out", c.Out, inputs...)
	}
	if err := os.MkdirAll("runs", 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return flags.Output{Overwrite: true}.CheckOutput("--out", filepath.Join("runs", "model.safetensors")) // or another there
}

func (c *fitCommand) checkNumbers() error {
	switch {
	case c.N != nil && *c.N < 1:
		return fmt.Errorf("--n %d: want at least 1", *c.N)
	case c.Epochs != nil && *c.Epochs < 1:
		return fmt.Errorf("--epochs %d: want at least 1", *c.Epochs)
	case c.CV != nil && *c.CV < 2:
		return fmt.Errorf("--cv %d: want at least 2, such as 10", *c.CV)
	case c.Holdout != nil && !(*c.Holdout > 0 && *c.Holdout < 1):
		return fmt.Errorf("--holdout %v: want more than 0 and less than 1, such as 0.2", *c.Holdout)
	}
	return nil
}

// checkPairs refuses flags of which one would do nothing beside the other.
func (c *fitCommand) checkPairs() error {
	switch {
	case c.Holdout != nil && c.Test != "":
		return fmt.Errorf("--holdout and --test: want one of them")
	case c.IgnoreUnknown && c.Test == "":
		return fmt.Errorf("--ignore-unknown without --test: rows of the same table have no unknown categories")
	case c.Posterior && c.Machine != "ridge" && c.Machine != "auto":
		return fmt.Errorf("--posterior with --machine %s: ridge alone has one", c.Machine)
	case c.Posterior && c.Features == "landmarks":
		return fmt.Errorf("--posterior with --features landmarks: it is for random features")
	case c.Epochs != nil && c.Machine != "sgd" && c.Machine != "auto":
		return fmt.Errorf("--epochs with --machine %s: sgd alone has them", c.Machine)
	case c.Ridge != "auto" && c.Machine == "sgd":
		return fmt.Errorf("--ridge with --machine sgd: it is regularised by its --epochs")
	case c.Raw && c.Transform != "auto" && c.Transform != "none":
		return fmt.Errorf("--raw and --transform %s: want one of them", c.Transform)
	case c.Overwrite && c.Out == "":
		return fmt.Errorf("--overwrite without --out: a file in runs is never replaced, but kept under another name")
	}
	return nil
}

// checkKernel refuses flags that the kernel makes no use of.
func (c *fitCommand) checkKernel() error {
	switch gamma := c.Gamma != "auto"; {
	case c.Kernel == fitting.Linear && gamma:
		return fmt.Errorf("--gamma with --kernel linear: it has none")
	case c.Kernel == fitting.Linear && c.Features != "auto":
		return fmt.Errorf("--features %s with --kernel linear: it takes the inputs themselves", c.Features)
	case c.Kernel == fitting.Linear && c.N != nil:
		return fmt.Errorf("--n with --kernel linear: it takes the inputs themselves")
	case gamma && c.Kernel == "auto":
		return fmt.Errorf("--gamma with --kernel auto: kernels differ in what it means: say which, such as --kernel gaussian")
	case gamma && c.Kernel == fitting.Mixture:
		return fmt.Errorf("--gamma with --kernel mixture: it has two, which cross-validation chooses")
	case gamma && !c.HasGamma():
		return fmt.Errorf("--gamma with --kernel %s: it has none", c.Kernel)
	case c.Kernel != fitting.Mixture || c.Features == "landmarks":
		return nil
	case c.Features != "auto":
		return fmt.Errorf("--features %s with --kernel mixture: it has landmarks alone", c.Features)
	case c.Machine == "sgd" || c.Machine == "logistic":
		return fmt.Errorf("--kernel mixture with --machine %s: add --features landmarks, which are what the mixture has", c.Machine)
	case c.Posterior:
		return fmt.Errorf("--kernel mixture with --posterior: that is for random features, and the mixture has landmarks")
	case flags.IsImages(c.Table):
		return fmt.Errorf("--kernel mixture for images: add --features landmarks, which are what the mixture has")
	}
	return nil
}

// ridgeFlag returns the number that the flag gives, or 0 for auto.
func (c *fitCommand) ridgeFlag() (float64, error) {
	if c.Ridge == "auto" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(c.Ridge, 64)
	if err != nil || !(v > 0 && v <= 1e6) {
		return 0, fmt.Errorf("--ridge %s: want auto or a positive number up to 1e6", c.Ridge)
	}
	return v, nil
}

func (c *fitCommand) open() (*fitting.Data, error) {
	if flags.IsImages(c.Table) {
		if err := c.refuseTableFlags(); err != nil {
			return nil, err
		}
		holdout := 0.0
		flags.Override(&holdout, c.Holdout)
		return fitting.OpenImages(c.Table, c.DataOptions.Options(nil), holdout, c.Seed)
	}
	if c.Transpose || c.SkipBad != 0 {
		return nil, fmt.Errorf("%s: --transpose and --skip-bad are for images", c.Table)
	}
	options := c.TableFormat.Options()
	options.Targets, options.Categories, options.Drop, options.Keep, options.Weight = c.Target, c.Category, c.Drop, c.Keep, c.Weight
	o := fitting.TableOptions{Options: options, Task: c.Task, Test: c.Test, Holdout: 0.2, Impute: table.Impute(c.Impute), Seed: c.Seed}
	flags.Override(&o.Holdout, c.Holdout)
	return fitting.OpenTable(c.Table, o)
}

func (c *fitCommand) refuseTableFlags() error {
	if c.TableFormat.Given() {
		return fmt.Errorf("%s: --format, --encoding, --separator, --header, --decimal, --thousands, --missing and --ignore-unknown are for tables", c.Table)
	}
	if c.Target != nil || c.Test != "" || c.Category != nil || c.Drop != nil || c.Keep != nil || c.Weight != "" || c.Balanced || c.Impute != "auto" || c.Task == "regression" || c.Raw || c.Transform != "auto" {
		return fmt.Errorf("%s: --target, --task, --test, --category, --drop, --keep, --weight, --balanced, --impute, --transform and --raw are for tables", c.Table)
	}
	return nil
}

// name is the path of the model: in runs, after the table, the kernel and the machine.
func (r *fitReport) name() string {
	parts := []string{r.data.Name, strings.ReplaceAll(r.result.Settings.Kernel, ":", "-")}
	if r.result.N > 0 {
		parts = append(parts, r.result.Features, strconv.Itoa(r.result.N))
	}
	return filepath.Join("runs", strings.Join(append(parts, r.result.Machine, seedName(r.Seed)), "-"))
}

// save writes the model. An earlier one is kept, unless --out named the file; fits of
// the same name that end at one time do so one after the other.
func (r *fitReport) save(term *console.Terminal) (path string, err error) {
	if r.Out != "" {
		return r.Out, r.result.Model.Save(r.Out)
	}
	path = r.name()
	release, err := lock.Acquire(path)
	for ; errors.Is(err, lock.ErrHeld) && term.Context.Err() == nil; release, err = lock.Acquire(path) {
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		return "", err
	}
	defer release()
	if err := keepEarlier(term, path); err != nil {
		return "", err
	}
	return path, r.result.Model.Save(path)
}
