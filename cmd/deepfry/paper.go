package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

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
	Form    []string `placeholder:"FORM" help:"Only trials of these forms: dense, svd, data-svd, lowrank, adaptive, fixed, rp, pooling."`
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
	if err := drawCompression(c.Plot, filepath.Base(c.Data), groups); err != nil {
		return err
	}
	return c.write(term.Stdout, groups)
}

// trials returns those that the flags ask for.
func (c *paperCompression) trials() []paper.Trial {
	return slices.DeleteFunc(paper.Curves(), func(t paper.Trial) bool {
		return len(c.Form) > 0 && !slices.Contains(c.Form, string(t.Form)) ||
			len(c.Size) > 0 && !slices.Contains(c.Size, t.Size) ||
			c.Frozen != nil && *c.Frozen != t.Frozen
	})
}

// write writes the results and comparisons as tables, or as JSON.
func (c *paperCompression) write(w io.Writer, groups []paper.Group) error {
	var comparisons []paper.Comparison
	for _, frozen := range []bool{true, false} {
		for _, form := range []paper.Form{paper.Adaptive, paper.Fixed, paper.LowRank} {
			comparisons = append(comparisons, paper.Compare(groups, form, paper.DataSVD, frozen)...)
		}
	}
	if c.JSON {
		return json.NewEncoder(w).Encode(struct {
			Groups      []paper.Group      `json:"groups"`
			Comparisons []paper.Comparison `json:"comparisons"`
		}{groups, comparisons})
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "| hidden layer\t| weights\t| bytes\t| without random ones\t| error, %\t| by seed\t|")
	fmt.Fprintln(t, "|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, g := range groups {
		fmt.Fprintf(t, "| %v\t| %d\t| %d\t| %d\t| %.2f ± %.2f\t|", g.Trial, g.Weights, g.Bytes, g.LearntBytes, g.Mean, g.StandardError)
		for _, seed := range slices.Sorted(maps.Keys(g.Errors)) {
			fmt.Fprintf(t, " %.2f", g.Errors[seed])
		}
		fmt.Fprintln(t, "\t|")
	}
	if len(comparisons) > 0 {
		fmt.Fprintln(t, "\n| at the same bytes\t| bytes\t| less SVD, points\t| seeds\t| \t|")
		fmt.Fprintln(t, "|---\t|---\t|---\t|---\t|---\t|")
	}
	for _, k := range comparisons {
		fmt.Fprintf(t, "| %v\t| %d\t| %+.2f ± %.2f\t| %d\t| %s\t|\n", k.Trial, k.Bytes, k.Difference, k.StandardError, k.Seeds, k.Verdict())
	}
	return t.Flush()
}
