package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/alecthomas/kong"
	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/internal/cpu"
	"github.com/deepfry/deepfry/internal/wholefile"
	"github.com/deepfry/deepfry/predict"
)

type compressCommand struct {
	Model      string   `arg:"" help:"An ONNX file, or a checkpoint that train wrote."`
	To         string   `arg:"" optional:"" name:"out" help:"The file to write, as by -o."`
	Out        string   `name:"output" short:"o" placeholder:"FILE" help:"The file to write: ONNX if it ends in .onnx, a checkpoint if it ends in .safetensors."`
	Method     string   `placeholder:"NAME" help:"What takes the place of dense layers: two of a low rank (svd), two block-diagonal matrices with a permutation between them (monarch), Fastfood fitted to them (fastfood), one with square matrices in G (block), a fixed random projection and a dense layer (rp), two of a low rank trained from random numbers (lowrank), or for each layer the best of all but the last (auto). Default: auto where there are data and no --rank, and else svd."`
	Layer      []string `placeholder:"NAME" help:"Layers to replace. Default: all fully-connected ones, but those that save under 1% of the file where no size, --budget or --target-size is given."`
	Rank       string   `placeholder:"N" help:"Rank of svd and lowrank, blocks of monarch, features of rp, rows of the matrices of block (2, 4 or 8): a number, half or quarter of the width, energy (svd: what keeps 95%) or energy:0.99."`
	Transforms int      `placeholder:"N" help:"Fastfood transforms in sequence in place of a layer."`

	Budget     string   `placeholder:"4x" help:"Choose sizes so that the weights become at least so many times less."`
	MaxDrop    *float64 `placeholder:"X" help:"Choose sizes so that at most so many points of accuracy are lost, after fine-tuning if there is any. Default with labels: 0.5."`
	TargetSize string   `placeholder:"1MB" help:"Choose sizes so that the file has at most so many bytes."`

	Data     string  `placeholder:"DATA" help:"mnist, fashion, a folder of IDX files, one of pictures with a subfolder for each class or a list of pictures, as for train, or an .npz file with x_train, y_train, x_test, y_test, or x, y, or arrays without names in this order. Default for a checkpoint with --finetune: what it was trained on."`
	Finetune int     `placeholder:"EPOCHS" help:"Train the whole afterwards, on the original's outputs, and on the data's labels if there are any; the better of before and after is kept. With --max-drop, up to five networks are trained."`
	Rate     float64 `placeholder:"X" help:"Highest learning rate of fine-tuning. Default: 0.001 after svd and monarch, 0.003 after fastfood and rp, 0.005 after lowrank."`
	Seed     uint64  `default:"1" help:"Of random numbers."`
	Input    string  `placeholder:"1x28x28" help:"Shape of a sample, for ONNX files that do not say it."`
	flags.Precision
	AllowSlower bool   `help:"Keep transforms that take longer than the dense layer."`
	DryRun      bool   `help:"Show what would be done; write nothing."`
	Report      string `placeholder:"FILE" help:"Write the report as an HTML page."`
	JSON        bool   `name:"json" help:"Write the report as JSON, and nothing else, on standard output."`
	Quiet       bool   `short:"q" help:"Write the summary alone, and errors."`
	flags.Output
	flags.DataOptions
	flags.Standardization
}

func (*compressCommand) Help() string {
	return `Examples:

  deepfry compress net.onnx smaller.onnx --data images.npz
  deepfry compress net.onnx smaller.onnx
  deepfry compress net.onnx smaller.onnx --rank quarter
  deepfry compress net.onnx smaller.onnx --data pictures --max-drop 1 --finetune 2
  deepfry compress net.onnx -o smaller.onnx --budget 4x --data images.npz --finetune 2 --report report.html
  deepfry compress net.onnx -o smaller.onnx --budget 4x --data pictures --finetune 1
  deepfry compress runs/lenet-mnist-dense-seed1.safetensors -o small.safetensors --method fastfood --data mnist --finetune 5
  deepfry compress runs/lenet-mnist-dense-seed1.safetensors -o small.safetensors --rank quarter --int8
  deepfry compress net.onnx --dry-run --data fashion --json

With data that have labels, and no size or goal, at most half a point of accuracy is
lost (--max-drop 0.5); with data without labels, the outputs' error is at most 10%.
Without data there is svd alone, and nothing is known of the accuracy: layers of which
99% of the energy is kept by at most half of the break-even rank are replaced. If
nothing is worth it, nothing is written, and the exit code is 0.

Sizes are chosen, and fine-tuning is judged, on a fifth of the training samples that
nothing is fitted to, at most 10,000 (where a drop is judged, at least 2,000 or half). Where labels decide and there are 1,000 test samples
or more, half of these have a say too, and the errors that are told are those of the others.

An ONNX file that is not fine-tuned stays as it is, but for the layers that are replaced,
and for weights that become float16 or int8. With --target-size, and neither of these flags,
it is chosen, too, in which of them, or float32, weights are stored. Ctrl-C during
fine-tuning writes the best so far.`
}

func (c *compressCommand) Run(term *console.Terminal, parsed *kong.Context) error {
	if err := c.nameOutput(); err != nil {
		return err
	}
	if c.Quiet {
		quiet := *term
		quiet.Stderr = io.Discard
		term = &quiet
	}
	if err := flags.CheckNetworkName("-o", c.Out); err != nil {
		return err
	}
	options, err := c.options(term)
	if err != nil {
		return err
	}
	input, err := flags.ParseShape(c.Input)
	if err != nil {
		return err
	}
	model, err := compress.Open(c.Model, input)
	if err != nil {
		return err
	}
	meaning, err := predict.ReadMeaning(model.Notes())
	if err != nil {
		return fmt.Errorf("%s: %w", c.Model, err)
	}
	if c.Data == "" && c.Finetune > 0 {
		c.Data = meaning.Data
	}
	if err := c.checkOutputs(model); err != nil {
		return err
	}
	if model.Network == nil && c.Out != "" && !compress.IsONNX(c.Out) {
		return fmt.Errorf("-o %s: want a name that ends in .onnx: only networks become checkpoints, and the file can't be imported as one: %w", c.Out, model.Reason)
	}
	if options.Data, err = c.open(term, model); err != nil {
		return err
	}
	result, err := model.Compress(term, options)
	if result == nil {
		return err
	}
	if nothing := errors.Is(err, compress.ErrNothing); nothing && c.Rank == "" && c.Transforms == 0 {
		err = nil // nothing was asked for that could not be done
	} else if !nothing && !c.DryRun { // also of fine-tuning that was interrupted
		if err := result.Save(c.Out); err != nil {
			return err
		}
	}
	describeRun(result.Report, parsed.Args)
	return errors.Join(c.write(term, result.Report), err)
}

// nameOutput sets Out to the file to write, which there are two ways to name.
func (c *compressCommand) nameOutput() error {
	switch {
	case c.To != "" && c.Out != "":
		return fmt.Errorf("there are two files to write, %s and -o %s: name one", c.To, c.Out)
	case c.To != "":
		c.Out = c.To
	case c.Out == "" && !c.DryRun:
		return console.Hint(errors.New("there is no file to write"), "name one behind the model, or ask for --dry-run")
	}
	return nil
}

// checkOutputs fails before hours of work.
func (c *compressCommand) checkOutputs(model *compress.Model) error {
	inputs := append(flags.Inputs(c.Data, model.Files()...), c.Data)
	if c.Out != "" && !c.DryRun {
		for _, path := range outputs(c.Out) {
			if err := c.CheckOutput("-o", path, inputs...); err != nil {
				return err
			}
		}
		if filepath.Clean(c.Out) == filepath.Clean(c.Report) {
			return fmt.Errorf("--report %s: the network is written there: name another file", c.Report)
		}
	}
	return c.CheckOutput("--report", c.Report, inputs...)
}

// describeRun has the report say when, by what and where it was made.
func describeRun(report *compress.Report, arguments []string) {
	release, commit := built()
	report.Date = time.Now().Round(time.Second)
	report.Version = fmt.Sprintf("deepfry %s, commit %s, %s", release, cmp.Or(commit, "unknown"), runtime.Version())
	report.Command = "deepfry"
	for _, argument := range arguments {
		if unsafe := strings.IndexFunc(argument, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./,:=+@%", r)
		}); unsafe >= 0 || argument == "" {
			argument = "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
		}
		report.Command += " " + argument
	}
	report.Machine = fmt.Sprintf("%s, %s, %s/%s, %v kernels", cpu.Name(), console.Counted(runtime.GOMAXPROCS(0), "core"), runtime.GOOS, runtime.GOARCH, cpu.Current())
}

// write writes the report in all forms that are wanted.
func (c *compressCommand) write(term *console.Terminal, report *compress.Report) error {
	if c.Report != "" {
		var page strings.Builder
		if err := report.WriteHTML(&page); err != nil {
			return err
		}
		if err := wholefile.WriteBytes(c.Report, []byte(page.String())); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	switch {
	case c.JSON:
		return json.NewEncoder(term.Stdout).Encode(report)
	case c.Quiet:
		_, err := fmt.Fprintln(term.Stdout, report.Summary())
		return err
	}
	return report.WriteText(term.Stdout)
}

func (c *compressCommand) options(term *console.Terminal) (o compress.Options, err error) {
	o = compress.Options{
		Output: c.Out, Layers: c.Layer, Transforms: c.Transforms,
		FineTune: c.Finetune, Rate: c.Rate, Seed: c.Seed, AllowSlower: c.AllowSlower,
		Progress: func(text string) { fmt.Fprintln(term.Stderr, text) },
	}
	precision, err := c.Precision.Choose()
	if err != nil {
		return o, err
	}
	if precision != checkpoint.Float32 {
		o.Precisions = []checkpoint.Precision{precision}
	}
	if c.Method != "" {
		if o.Methods, err = compress.ParseMethods(c.Method); err != nil {
			return o, fmt.Errorf("--method: %w", err)
		}
	}
	if c.Rank != "" {
		if o.Rank, err = compress.ParseRank(c.Rank); err != nil {
			return o, fmt.Errorf("--rank: %w", err)
		}
	}
	if c.Budget != "" {
		o.Budget, err = strconv.ParseFloat(strings.TrimSuffix(c.Budget, "x"), 64)
		if err != nil || !(o.Budget > 1) || o.Budget > 1e9 {
			return o, fmt.Errorf("--budget %q: want a factor of more than 1, for example 4x", c.Budget)
		}
	}
	if c.MaxDrop != nil {
		if o.MaxDrop = *c.MaxDrop; !(o.MaxDrop > 0) {
			return o, fmt.Errorf("--max-drop %v: want more than 0 points, for example 0.5", o.MaxDrop)
		}
	}
	if c.TargetSize != "" {
		if o.TargetBytes, err = flags.ParseBytes(c.TargetSize); err != nil {
			return o, fmt.Errorf("--target-size %w", err)
		}
	}
	return o, nil
}

// open reads the data, if there are any to be read, standardised if that is wanted.
func (c *compressCommand) open(term *console.Terminal, model *compress.Model) (*compress.Data, error) {
	if c.Data == "" {
		if !c.Standardization.Value().IsZero() {
			return nil, console.Hint(errors.New("--mean and --std: there are no data to standardise"), "name some with --data")
		}
		return nil, nil
	}
	if model.Network == nil {
		return nil, fmt.Errorf("--data: %s can't be imported as a network: %w", c.Model, model.Reason)
	}
	p, err := predict.FromNetwork(model.Network, model.Notes(), c.Model)
	if err != nil {
		return nil, err
	}
	standardization := c.Standardization.Value()
	if err := p.Standardize(standardization); err != nil {
		return nil, fmt.Errorf("--mean and --std: %w", err)
	}
	data, err := c.read(p)
	if err != nil {
		return nil, err
	}
	flags.Say(term.Stderr, data.Said)
	return data, data.Standardize(standardization, p.Input)
}

// read reads the data for a network.
func (c *compressCommand) read(p *predict.Predictor) (*compress.Data, error) {
	if p.TakesSamples(c.Data) {
		if err := c.ForSamples(c.Data); err != nil {
			return nil, err
		}
		return compress.OpenData(c.Data, p.Input)
	}
	images, err := p.OpenImages(c.Data, c.DataOptions.Options(nil))
	if err != nil {
		return nil, err
	}
	return compress.FromDataset(images, p.Input)
}
