package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/compression"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/drawing"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/internal/lock"
	"github.com/deepfry/deepfry/paper"
)

type paperCommand struct {
	Compression paperCompression `cmd:"" help:"A layer cut by SVD, with and without fine-tuning, beside Fastfood and others; and the curves of error against bytes."`
}

type paperCompression struct {
	Data  string   `default:"mnist" help:"mnist, fashion, or a folder of IDX files of 28×28 pixels."`
	Seeds []uint64 `default:"1,2,3,4,5" help:"Each is a reference network and all trials on it."`
	Out   string   `default:"runs/paper" help:"Folder for what is finished; the same command goes on from there."`
	Show  bool     `help:"Show what there is; train nothing."`
	Plot  string   `placeholder:"FILE" help:"Draw the curves, as .svg, .png or .pdf."`
	JSON  bool     `name:"json" help:"Write the results as JSON."`
	flags.Output

	Holdout int      `placeholder:"N" help:"Test on the last N training images instead, to choose settings."`
	Form    []string `placeholder:"FORM" help:"Only trials of these forms: dense, svd, data-svd, lowrank, adaptive, fixed, block, monarch, rp, pooling."`
	Size    []int    `placeholder:"N" help:"Only trials of these sizes."`
	Frozen  *bool    `negatable:"" help:"Only trials with the reference's convolutions, or only others."`
	Epochs  int      `placeholder:"N" help:"With --rate and --dropout: settings instead of the chosen ones."`
	Rate    float64  `placeholder:"X" help:"See --epochs."`
	Dropout float64  `placeholder:"X" help:"See --epochs."`
}

func (*paperCompression) Help() string {
	return `Examples:

  deepfry paper compression --plot mnist.svg
  deepfry paper compression --data fashion --form adaptive,data-svd --frozen
  deepfry paper compression --show

LeNet's hidden layer, 800×500, is replaced in many ways and sizes. That takes some
hours of a core a dataset; Ctrl-C loses the network in training alone. A process for
each dataset, with GOMAXPROCS=1, takes less time than one with two cores.`
}

func (c *paperCompression) Run(term *console.Terminal) error {
	if err := cmp.Or(drawing.CheckPlot("--plot", c.Plot), c.CheckOutput("--plot", c.Plot)); err != nil {
		return err
	}
	o := paper.Options{Data: c.Data, Seeds: c.Seeds, Folder: c.Out, Holdout: c.Holdout, Trials: c.trials()}
	o.Progress = func(text string) { fmt.Fprintln(term.Stderr, text) }
	if len(o.Trials) == 0 {
		return console.Hint(errors.New("no trial has such a form, size and convolutions"), "without --form, --size and --frozen all are run")
	}
	if (c.Rate != 0 || c.Dropout != 0) && c.Epochs == 0 {
		return errors.New("--rate and --dropout take the place of the chosen settings together with --epochs: give all three")
	}
	if c.Epochs > 0 {
		o.Settings = &paper.Settings{Epochs: c.Epochs, Rate: c.Rate, Dropout: c.Dropout}
	}
	if !c.Show {
		if err := os.MkdirAll(c.Out, 0o777); err != nil {
			return err
		}
		release, err := lock.Acquire(o.Record())
		if err != nil {
			return console.Hint(fmt.Errorf("--out: %w", err), "choose another folder with --out")
		}
		defer release()
		if err := paper.Compression(term, o); err != nil {
			return err
		}
	}
	results, err := paper.Read(o.Record())
	if err != nil {
		return err
	}
	if len(results) == 0 {
		return console.Hint(fmt.Errorf("there are no results in %s", o.Record()), "run the command without --show")
	}
	groups := paper.Summarise(results)
	if err := compression.Draw(c.Plot, filepath.Base(c.Data), groups); err != nil {
		return err
	}
	if c.JSON {
		return compression.WriteJSON(term.Stdout, groups)
	}
	return compression.WriteText(term.Stdout, groups)
}

// trials returns those that the flags ask for.
func (c *paperCompression) trials() []paper.Trial {
	return slices.DeleteFunc(paper.Curves(), func(t paper.Trial) bool {
		return len(c.Form) > 0 && !slices.Contains(c.Form, string(t.Form)) ||
			len(c.Size) > 0 && !slices.Contains(c.Size, t.Size) ||
			c.Frozen != nil && *c.Frozen != t.Frozen
	})
}
