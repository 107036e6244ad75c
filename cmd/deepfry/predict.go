package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/predict"
)

type predictCommand struct {
	Model string   `arg:"" help:"A file that train, fit, compress or export wrote, or an ONNX file."`
	Input []string `arg:"" help:"For what takes pictures: pictures, folders of them, lists of their names (.txt, a name a line), .npz files, or - for a picture or a list on the standard input. For tables: tables, gzipped or not, or -."`
	Show  bool     `help:"Print what the network sees of each picture."`
	JSON  bool     `name:"json" help:"Write a JSON object a line."`
	flags.TableFormat
	flags.Standardization

	stdin []byte // a picture
}

func (*predictCommand) Help() string {
	return `Examples:

  deepfry predict runs/lenet-mnist-adaptive-1024-seed1.safetensors digit.png
  deepfry predict net.safetensors photo.jpg --show
  deepfry predict net.safetensors pictures --json
  deepfry predict net.onnx photo.jpg --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
  find . -name '*.jpg' | deepfry predict net.onnx -
  deepfry predict runs/iris-gaussian-fastfood-256-ridge-seed1.safetensors flowers.csv
  zcat new.csv.gz | deepfry predict machine.safetensors - --ignore-unknown

An input that can't be read is said, and the others go on; the exit code is 1 then.`
}

// Run looks into the model's file to learn what to do.
func (c *predictCommand) Run(term *console.Terminal) error {
	p, err := predict.Open(c.Model)
	if err != nil {
		return err
	}
	for _, line := range p.Said {
		fmt.Fprintf(term.Stderr, "%s: %s\n", c.Model, line)
	}
	if err := p.Standardize(c.Standardization.Value()); err != nil {
		return fmt.Errorf("--mean and --std: %w", err)
	}
	switch {
	case p.Encoder != nil && c.Show:
		return fmt.Errorf("--show: %s takes tables, not pictures", c.Model)
	case p.Encoder != nil:
		return c.tables(term, p)
	case c.TableFormat.Given():
		return fmt.Errorf("--format, --encoding, --separator, --header, --decimal, --thousands, --missing and --ignore-unknown: %s takes pictures, not tables", c.Model)
	}
	return c.pictures(term, p)
}

// inputs calls do for each of the names; one that fails is said, and the others go
// on.
func (c *predictCommand) inputs(term *console.Terminal, names []string, do func(name string) error) error {
	failed := 0
	var last error
	for _, name := range names {
		if err := term.Context.Err(); err != nil {
			return err
		}
		err := do(name)
		if err == nil {
			continue
		}
		if errors.Is(err, errOutput) || term.Context.Err() != nil {
			return err
		}
		failed++
		if last != nil {
			report(term.Stderr, last)
		}
		last = err
	}
	if failed > 1 {
		report(term.Stderr, last)
		return fmt.Errorf("%d of %s could not be read", failed, console.Counted(len(names), "input"))
	}
	return last
}

// errOutput is that the standard output takes no more.
var errOutput = errors.New("standard output")

// rowJSON is the command's JSON for a row of a table.
type rowJSON struct {
	Table       string   `json:"table"`
	Line        int      `json:"line"`
	Class       *int     `json:"class,omitempty"` // classification
	Name        string   `json:"name,omitempty"`
	Probability float64  `json:"probability,omitempty"` // by logistic regression
	Value       *float64 `json:"value,omitempty"`       // regression
	Deviation   float64  `json:"deviation,omitempty"`   // standard deviation, of a machine with a posterior
}

// tables predicts the rows of tables.
func (c *predictCommand) tables(term *console.Terminal, p *predict.Predictor) error {
	return c.inputs(term, c.Input, func(path string) error { return flags.HintTable(c.table(term, p, path)) })
}

// table predicts the rows of one table, and compares with its targets if it has
// them.
func (c *predictCommand) table(term *console.Terminal, p *predict.Predictor, path string) error {
	options := c.TableFormat.Options()
	name, input := "standard input", io.Reader(os.Stdin)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		name, input = path, file
	}
	tally, rows := predict.NewTally(len(p.Classes)), 0
	for row, err := range p.Rows(input, name, options) {
		if err == nil {
			err = term.Context.Err()
		}
		if err == nil {
			err = c.printRow(term, name, row)
		}
		if err != nil {
			return err
		}
		rows++
		if !math.IsNaN(row.Target) {
			tally.Add(row.Target, row.Answer)
		}
	}
	if rows == 0 {
		return fmt.Errorf("%s: there are no rows", name)
	}
	if tally.Rows > 0 && !c.JSON {
		return output(fmt.Fprintf(term.Stdout, "%s: %s\n", name, summary(tally, "row")))
	}
	return nil
}

// output is the error of a call that writes to the standard output.
func output(_ int, err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", errOutput, err)
	}
	return nil
}

func (c *predictCommand) printRow(term *console.Terminal, name string, a predict.RowAnswer) error {
	if c.JSON {
		row := rowJSON{Table: name, Line: a.Line, Probability: a.Probability, Deviation: a.Deviation}
		if a.Class >= 0 {
			row.Class, row.Name = &a.Class, a.Name
		} else {
			row.Value = &a.Value
		}
		return output(0, json.NewEncoder(term.Stdout).Encode(row))
	}
	return output(fmt.Fprintf(term.Stdout, "%s:%d: %s\n", name, a.Line, answerText(a.Answer)))
}

// answerText writes an answer for people.
func answerText(a predict.Answer) string {
	switch {
	case a.Class >= 0 && a.Probability > 0:
		return fmt.Sprintf("%s (%.1f%%)", a.Name, 100*a.Probability)
	case a.Class >= 0:
		return a.Name
	case a.Deviation > 0:
		return fmt.Sprintf("%.6g ± %.2g", a.Value, a.Deviation)
	}
	return fmt.Sprintf("%.6g", a.Value)
}

// summary says how well answers did.
func summary(t *predict.Tally, thing string) string {
	if t.Confusion != nil {
		return fmt.Sprintf("%s of %s predicted wrongly: %.2f%% error%s", thousands.Apart(t.Errors), console.Counted(t.Rows, thing), t.ErrorPercent(), unknownClasses(t))
	}
	return fmt.Sprintf("RMSE %.4g, R² %.4f on %s", t.RMSE(), t.R2(), console.Counted(t.Rows, thing))
}

// unknownClasses says how many errors can't be otherwise.
func unknownClasses(t *predict.Tally) string {
	if t.Unknown == 0 {
		return ""
	}
	return fmt.Sprintf("; %s of a class that the model does not know", thousands.Apart(t.Unknown))
}
