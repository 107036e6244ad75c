package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/drawing"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/lock"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/predict"
	"github.com/deepfry/deepfry/train"
)

type trainCommand struct {
	flags.LayerChoice
	flags.DataOptions
	Model     string   `placeholder:"NAME" help:"A model, as for inspect: tinyvgg and tinygap are the smallest; caffenet, alexnet and vgg16 are for folders of large pictures. Without it, the reference and the network that --fc describes train side by side: LeNet for grey images of 28×28, smallvgg for other images and folders of pictures."`
	Input     string   `placeholder:"3x64x64" help:"The input of lenet, smallvgg, tinyvgg or tinygap: channels x height x width, to which pictures of a folder are scaled. Default: the images' own, or, for a folder, what fits its pictures."`
	Fit       string   `enum:",stretch,cover" default:"" placeholder:"stretch" help:"How pictures of a folder become the network's input: stretch them to it, whatever their proportions, or keep these, scale them to cover it, and take the middle (cover). Everything that reads the checkpoint, or an ONNX file of it, does the same. Default: stretch, or as the network of --init has it."`
	Init      string   `placeholder:"FILE" help:"Go on from the network of a checkpoint or an ONNX file, instead of a model with random weights. Where its classes are others than the data's, it gets a new last layer."`
	Memory    *float64 `placeholder:"GIB" help:"Keep the scaled pictures of a folder in so many GiB of memory, and read those beyond anew whenever they are wanted; and refuse a network that needs more. Default: 1 for pictures, 8 for a network."`
	Data      string   `default:"mnist" help:"mnist, fashion, IDX files, an .npz file, a folder of pictures with a subfolder for each class (and train and test above them, or about a tenth of each class is for tests), or a list of pictures (.csv, .tsv or .txt, with a name and a label a line); pictures are scaled to the network's input."`
	Seed      uint64   `default:"1" help:"Of initial weights, order, dropout and augmentation."`
	Out       string   `default:"runs" placeholder:"DIR" help:"Folder for checkpoints, which are called after data, network, settings and seed. One that is there already is kept, under another name."`
	Log       string   `placeholder:"FILE" help:"Write a JSON object a line: start, step, epoch, done. With --resume, add to the file."`
	LogEvery  *int     `placeholder:"K" help:"Of which steps --log has loss and learning rate: every K-th. Default: 100."`
	Plot      string   `placeholder:"FILE" help:"Write learning curves: .svg, .png or .pdf."`
	Resume    bool     `help:"Go on from the checkpoints of an interrupted run; with --epochs or --steps also from those of a run with fewer, when it is finished: to that length, with the learning rate's schedule anew over what is added."`
	Overwrite bool     `help:"Replace files of --log and --plot that are there. Checkpoints are kept in any case, under another name."`

	flags.RecipeChoice
	Holdout *int `placeholder:"N" help:"Measure on the last N training images after every epoch, which are not trained on, and on the test images after the last one alone: for choosing settings. A folder that has pictures for validation beside those for tests is measured so, too."`

	sideBySide bool               // no --model was given: the reference trains, too
	pictures   nn.Shape           // input of the network for a folder of pictures, else nil
	characters bool               // the classes of the folder are called as digits or letters are, which have a left and a right
	initial    *predict.Predictor // of --init, or nil
	// newClassifier says that the network of --init has got one.
	newClassifier bool
}

func (*trainCommand) Help() string {
	return `Examples:

  deepfry train
  deepfry train --resume                                   after Ctrl-C, or a crash
  deepfry train --resume --epochs 30                       10 epochs were not enough
  deepfry train --model lenet --fc adaptive:2048 --epochs 20 --seed 7
  deepfry train --data fashion --augment --log run.jsonl --plot curves.svg
  deepfry train --model lenet --fc fastfood:1024 --recipe caffe
  deepfry train --model lenet --rate 0.001 --holdout 5000  to choose a setting
  deepfry train --data pictures                            pictures/cat/1.png, pictures/dog/1.png, ...
  deepfry train --data pictures --model lenet --input 3x48x48
  deepfry train --data mine --init runs/smallvgg-pictures-dense-seed1.safetensors --rate 0.001`
}

// contestant is a network that trains in this run.
type contestant struct {
	fc          string // such as dense or adaptive:1024
	description nn.Description
	recipe      train.Recipe
	path        string   // of the checkpoint
	oldPath     string   // as versions called it whose names did not tell settings apart
	similar     []string // what --resume goes on from where there is no path
	chance      float64  // the loss of who looks at no image
	trainer     *train.Trainer
	evaluator   *train.Evaluator
	validator   *train.Evaluator // nil: the evaluator measures after every epoch, and else after the last one
	initial     *nn.Network      // that it begins with, or nil for random weights
	fresh       bool             // with random weights: its inputs are to be measured
}

// saveEvery is how much work a crash may cost.
const saveEvery = 30 * time.Second

func (c *trainCommand) Run(term *console.Terminal) error {
	// Whatever can be refused is, before a file of an earlier run is touched.
	if err := c.checkOutputs(); err != nil {
		return err
	}
	data, contestants, err := c.plan(term)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	release, err := c.lock(contestants)
	defer release()
	if err != nil {
		return err
	}
	for _, k := range contestants {
		if err := c.prepare(term, k, data); err != nil {
			return err
		}
		flags.Say(term.Stderr, k.trainer.Said)
	}
	if err := measureInputs(term, contestants, data); err != nil {
		return err
	}
	log, err := openLog(c.Log, c.Resume)
	if err != nil {
		return err
	}
	defer log.close()
	if err := term.Err(); err != nil { // before an earlier result makes room
		return err
	}
	if !c.Resume {
		for _, k := range contestants {
			if err := keepEarlier(term, k.path); err != nil {
				return err
			}
		}
	}
	display := newDisplay(term, contestants, data)
	if err := log.start(c, contestants); err != nil {
		return err
	}
	if err := c.rounds(term, contestants, data, display, log); err != nil {
		return err
	}
	display.table(c, contestants)
	display.learntNothing(contestants)
	return log.done(contestants)
}

// plan opens the data and describes the networks and how they are to be trained.
func (c *trainCommand) plan(term *console.Terminal) (*dataset.Dataset, []*contestant, error) {
	kind, err := c.chooseNetwork()
	if err != nil {
		return nil, nil, err
	}
	recipe, options, err := c.RecipeChoice.Choose(c.pictures, c.characters)
	if err != nil {
		return nil, nil, err
	}
	if p := kind.pictures; p != nil && c.initial == nil { // to read them may take minutes
		options.Input, options.Classes = kind.input, len(p.Classes)
		if _, _, err := c.networks(recipe, options, nil, nil, p.Train, p.Test, p.Validation); err != nil {
			return nil, nil, err
		}
	}
	data, err := c.open(&kind)
	if err != nil {
		return nil, nil, err
	}
	flags.Say(term.Stderr, data.Said)
	if classes := data.Train.ClassNames(); len(classes) < 2 {
		return nil, nil, fmt.Errorf("%s: all images are of one class, %s: want two or more to tell apart", c.Data, strings.Join(classes, ""))
	}
	fmt.Fprintln(term.Stdout, kind.line(data, recipe, c.done(recipe, options)))
	if c.Recipe != "default" && c.Recipe != "caffe" && c.initial == nil {
		fmt.Fprintf(term.Stderr, "--recipe %s says how to train: dropout, normalisation and where a ReLU stands are the network's, as the default recipe has them\n", c.Recipe)
	}
	if recipe.Keep == "best" && data.Validation == nil {
		return nil, nil, console.Hint(errors.New("--keep best, or \"keep\" in --recipe: there are no images for validation"), "--holdout 1000 takes that many of the training images, or put pictures into a folder val beside train and test")
	}
	options.Input = kind.input
	contestants, err := c.contestants(data, recipe, options)
	if c.initial != nil && c.initial.Transpose != c.Transpose {
		fmt.Fprintf(term.Stderr, "--init: the images that its network has seen were read with --transpose=%t, and these are with --transpose=%t\n", c.initial.Transpose, c.Transpose)
	}
	if c.newClassifier {
		fmt.Fprintf(term.Stderr, "--init: the last layer is a new one, for the %d classes of %s\n", len(data.Train.ClassNames()), c.Data)
	}
	return data, contestants, err
}

// lock has no other run write the files of this one until release is called.
func (c *trainCommand) lock(contestants []*contestant) (release func(), err error) {
	var held []func()
	release = func() {
		for _, release := range held {
			release()
		}
	}
	acquire := func(path string) error {
		release, err := lock.Acquire(path)
		if err == nil {
			held = append(held, release)
		}
		return err
	}
	for _, k := range contestants {
		if err := acquire(k.path); err != nil {
			return release, console.Hint(fmt.Errorf("--out: %w", err), "choose another folder with --out; runs with other settings have files of other names")
		}
	}
	for _, path := range []string{c.Log, c.Plot} {
		if path != "" {
			if err := acquire(path); err != nil {
				return release, fmt.Errorf("--log and --plot: %w", err)
			}
		}
	}
	return release, c.checkOutputs() // anew: another run may have made them
}

// checkOutputs fails if the plot or the log can't be written, or would replace what is
// not of this run.
func (c *trainCommand) checkOutputs() error {
	if m := c.Memory; m != nil && !(*m > 0 && *m < 1<<20) {
		return fmt.Errorf("--memory %v: want more than 0 and less than %d GiB", *m, 1<<20)
	}
	switch k := c.LogEvery; {
	case k != nil && *k < 1:
		return fmt.Errorf("--log-every %d: want at least 1", *k)
	case k != nil && c.Log == "":
		return fmt.Errorf("--log-every %d without --log: there is no file for it", *k)
	}
	output := flags.Output{Overwrite: c.Overwrite || c.Resume}
	if c.Log != "" && filepath.Clean(c.Log) == filepath.Clean(c.Plot) {
		return fmt.Errorf("--plot %s: the log is written there: name another file", c.Plot)
	}
	inputs := flags.Inputs(c.Data, c.Init, c.Recipe)
	if !c.Resume { // whose files are this run's own, also in the data's folder
		inputs = append(inputs, c.Data)
	}
	return cmp.Or(drawing.CheckPlot("--plot", c.Plot), output.CheckOutput("--plot", c.Plot, inputs...), output.CheckOutput("--log", c.Log, inputs...))
}

// open reads the data, for the network's input, which it completes where that is the
// images' own; with a hold-out, the last training images are for validation.
func (c *trainCommand) open(kind *networkKind) (*dataset.Dataset, error) {
	options := c.DataOptions.Options(kind.input)
	options.Split, options.Cover = c.splitToResume(), cmp.Or(c.Fit, c.plainFit()) == "cover"
	options.Memory = c.forPictures()
	if kind.pictures != nil {
		flags.LimitHeap(options.Memory)
	}
	data, err := dataset.OpenWith(c.Data, options)
	if err != nil {
		return nil, err
	}
	if c.Fit != "" && !data.Pictures {
		return nil, fmt.Errorf("--fit %s: only for a folder of pictures: the images of %s are taken as they are", c.Fit, c.Data)
	}
	kind.complete(c, data)
	if c.Holdout != nil {
		err = flags.HoldOut(data, *c.Holdout)
	}
	return data, err
}

// forPictures is how many bytes of scaled pictures are kept.
func (c *trainCommand) forPictures() int64 {
	if c.Memory == nil {
		return 1 << 30
	}
	return max(1, int64(*c.Memory*(1<<30))) // 0 is a default
}

// plainFit is --fit where the flag is not given.
func (c *trainCommand) plainFit() string {
	if c.initial != nil && c.initial.Preparation == predict.Covered {
		return "cover"
	}
	return "stretch"
}

// splitToResume returns the version of the rule that split the folder of pictures of
// the run that goes on, or 0.
func (c *trainCommand) splitToResume() int {
	if !c.Resume {
		return 0
	}
	fc := cmp.Or(c.FC, flags.DefaultFC(c.Model))
	if c.initial != nil {
		fc = "init"
	}
	path, oldPath, similar := c.paths(c.Model, fc, c.LayerChoice)
	for _, path := range append([]string{path, oldPath}, similar...) {
		if meaning := meaningOf(path); meaning.Preparation == predict.Stretched || meaning.Preparation == predict.Covered {
			return meaning.FolderSplit()
		}
	}
	return 0
}

// planned is a network of the run before there are data for it.
type planned struct {
	fc          string
	layers      flags.LayerChoice
	description nn.Description
}

// networks describes the networks of the run, the initial one or else those that the flags
// ask for, and fails if they do not take the data's images (nil: not known yet) or need more
// memory than they may. It returns what they need.
func (c *trainCommand) networks(recipe train.Recipe, options models.Options, initial *nn.Network, data dataset.Source, images int, measured ...int) (all []planned, bytes int64, err error) {
	fc := cmp.Or(c.FC, flags.DefaultFC(c.Model))
	fcs := []string{fc}
	switch {
	case initial != nil:
		fcs = []string{"init"}
	case c.sideBySide && fc != "dense":
		fcs = []string{"dense", fc}
	}
	for i, fc := range fcs {
		p := planned{fc: fc, layers: c.LayerChoice}
		if fc == "dense" && len(fcs) > 1 {
			p.layers.Classifier, p.layers.Padding = "dense", "power-of-two"
		}
		if initial != nil {
			p.description = initial.Description
		} else if p.description, err = p.layers.Describe(c.Model, options, fc); err != nil {
			return nil, 0, err
		}
		if data != nil {
			if err := flags.CheckInput(p.description, c.inputFlag(), data, c.Data); err != nil {
				return nil, 0, err
			}
		}
		more, err := train.Memory(p.description, recipe, images, measured...)
		if err != nil {
			return nil, 0, err
		}
		bytes += more
		if err := c.limit().Check(trainingOf(fcs[:i+1], recipe), bytes); err != nil {
			return nil, 0, console.Hint(err, "choose smaller batches (--batch), cut large ones into parts (--parts), take a smaller network, or allow more with --memory")
		}
		all = append(all, p)
	}
	return all, bytes, nil
}

// contestants makes of the networks what trains on the data.
func (c *trainCommand) contestants(data *dataset.Dataset, recipe train.Recipe, options models.Options) (contestants []*contestant, err error) {
	options.Classes = len(data.Train.ClassNames())
	var initial *nn.Network
	if c.initial != nil {
		if initial, err = c.reclassified(data); err != nil {
			return nil, err
		}
	}
	measured := []int{data.Test.Len()}
	if data.Validation != nil {
		measured = append(measured, data.Validation.Len())
	}
	networks, bytes, err := c.networks(recipe, options, initial, data.Train, data.Train.Len(), measured...)
	if err != nil {
		return nil, err
	}
	for _, n := range networks {
		k := &contestant{fc: n.fc, description: n.description, recipe: recipe, initial: initial, chance: chance(data.Train, recipe.Smoothing)}
		k.path, k.oldPath, k.similar = c.paths(c.Model, n.fc, n.layers)
		contestants = append(contestants, k)
	}
	if data.Pictures {
		flags.LimitHeap(c.forPictures() + bytes)
	}
	return contestants, nil
}

// prepare gives k a new trainer, or one that goes on from its checkpoint.
func (c *trainCommand) prepare(term *console.Terminal, k *contestant, data *dataset.Dataset) (err error) {
	if c.Resume {
		k.trainer, err = c.resume(term, k, data.Train, data.Test.Len())
	}
	if err == nil && k.trainer == nil {
		network := k.initial
		if k.fresh = network == nil; k.fresh {
			network, err = nn.New(k.description, c.Seed)
		}
		if err == nil {
			k.trainer, err = train.New(network, data.Train, k.recipe, c.Seed)
		}
	}
	if err != nil {
		return err
	}
	if k.evaluator, err = train.NewEvaluator(k.trainer.Network, data.Test); err != nil {
		return err
	}
	if data.Validation != nil {
		if k.validator, err = train.NewEvaluator(k.trainer.Network, data.Validation); err != nil {
			return err
		}
	}
	return k.extend()
}

// rounds trains the contestants in turn, an epoch each, until all are done.
func (c *trainCommand) rounds(term *console.Terminal, contestants []*contestant, data *dataset.Dataset, display *display, log *runLog) error {
	notes := predict.MeaningOf(data, c.DataOptions.Options(nil)).Notes()
	every := 100
	flags.Override(&every, c.LogEvery)
	for {
		done := true
		for _, k := range contestants {
			if k.trainer.Done() && k.final().Test != nil {
				continue
			}
			done = false
			err := k.runEpoch(term, notes, func(p train.Progress) {
				display.step(k, p)
				log.step(k, p, every)
			})
			if err != nil {
				display.bar.Stop()
				return c.explain(k, err, notes)
			}
			result := k.trainer.History[len(k.trainer.History)-1]
			display.epoch(k, result)
			log.epoch(k, result)
			if err := k.extend(); err != nil {
				return err
			}
			if err := errors.Join(log.err, drawCurves(c.Plot, contestants)); err != nil {
				return err
			}
		}
		if done {
			return nil
		}
	}
}

// runEpoch trains k for an epoch, measures and saves it. A checkpoint may stand
// between the two. Step is called after every step.
func (k *contestant) runEpoch(ctx context.Context, notes map[string]string, step func(train.Progress)) error {
	t := k.trainer
	// An epoch that is begun was measured by what was there when it began.
	if last := len(t.History) - 1; last < 0 || t.InEpoch() || k.measured(t.History[last]) {
		saved := time.Now()
		err := t.RunEpoch(ctx, func(p train.Progress) error {
			step(p)
			if time.Since(saved) < saveEvery {
				return nil
			}
			saved = time.Now()
			return t.Save(k.path, notes)
		})
		if err != nil {
			return err
		}
	}
	return k.measure(ctx, notes)
}

// measured tells whether an epoch's network was measured as this run does.
func (k *contestant) measured(e train.EpochResult) bool {
	if k.validator == nil {
		return e.Test != nil
	}
	return e.Validation != nil && (e.Test != nil || !k.trainer.Done())
}

// measure measures the network after an epoch, and saves it: on the test images, or on
// those for validation, and on the test images after the last epoch alone, so that
// nothing is chosen by these.
func (k *contestant) measure(ctx context.Context, notes map[string]string) error {
	t := k.trainer
	if last := &t.History[len(t.History)-1]; k.validator != nil && last.Validation == nil {
		result, err := k.validator.Run(ctx)
		if err != nil {
			return err
		}
		t.Judge(result)
	}
	if k.validator == nil || t.Done() {
		result, err := k.evaluator.Run(ctx)
		if err != nil {
			return err
		}
		t.History[len(t.History)-1].Test = &result
	}
	return t.Save(k.path, notes)
}

// errorPercent is the error that a run shows after an epoch: in validation, if it has
// one.
func errorPercent(e train.EpochResult) float64 {
	if e.Validation != nil {
		return e.Validation.ErrorPercent
	}
	return e.Test.ErrorPercent
}

// savedError is the error of an interrupted run.
type savedError struct{}

func (savedError) Error() string { return "interrupted; everything is saved" }
func (savedError) Unwrap() error { return context.Canceled }

// explain saves an interrupted run and says how to go on; of one that diverged
// the last good checkpoint is kept.
func (c *trainCommand) explain(k *contestant, err error, notes map[string]string) error {
	var diverged *train.DivergedError
	switch {
	case errors.Is(err, context.Canceled):
		if err := k.trainer.Save(k.path, notes); err != nil {
			return fmt.Errorf("interrupted, and what is done since the last save is lost: %w", err)
		}
		return console.Hint(savedError{}, "the same command with --resume goes on from here")
	case errors.As(err, &diverged):
		if _, missing := os.Stat(k.path); missing == nil {
			return console.Hint(fmt.Errorf("%s: %w", k.fc, err), "the last good checkpoint is still in "+k.path)
		}
		return fmt.Errorf("%s: %w", k.fc, err)
	case k.trainer.Save(k.path, notes) == nil: // of a picture that can't be read any more, say
		return console.Hint(err, "what is done is saved: the same command with --resume goes on from here")
	}
	return err
}
