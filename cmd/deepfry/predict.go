package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/answers"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/figures"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/predict"
)

type predictCommand struct {
	Model string   `arg:"" help:"A file that train, fit, compress or export wrote, or an ONNX file."`
	Input []string `arg:"" help:"For what takes pictures: pictures, folders of them, lists of their names (.txt, a name a line), .npz files, or - for a picture or a list on the standard input. For tables: tables, gzipped or not, or -."`
	Show  bool     `help:"Print what the network sees of each picture."`
	JSON  bool     `name:"json" xor:"output" help:"Write a JSON object a line."`
	CSV   bool     `name:"csv" xor:"output" help:"For tables: write a table of the predictions, with probabilities of classes or 95% intervals of values."`
	Pass  []string `placeholder:"COLUMN" help:"With --csv: copy this column of the table, by name or by number from 1 on; all is all. Can be repeated."`
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
  deepfry predict machine.safetensors flowers.csv --csv --pass id >predicted.csv
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
	case c.CSV || c.Pass != nil:
		return fmt.Errorf("--csv and --pass: %s does not take tables", c.Model)
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

// tables predicts the rows of tables.
func (c *predictCommand) tables(term *console.Terminal, p *predict.Predictor) error {
	if c.Pass != nil && !c.CSV {
		return errors.New("--pass: only with --csv")
	}
	write := answers.Text
	switch {
	case c.JSON:
		write = answers.JSON
	case c.CSV:
		write = answers.CSV
	}
	w := write(term.Stdout, p)
	return c.inputs(term, c.Input, func(path string) error { return flags.HintTable(c.table(term, p, w, path)) })
}

// table predicts the rows of one table, and compares with its targets if it has
// them.
func (c *predictCommand) table(term *console.Terminal, p *predict.Predictor, w answers.Writer, path string) error {
	options := c.TableFormat.Options()
	options.Pass = c.Pass
	name, input := "standard input", io.Reader(os.Stdin)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		name, input = path, file
	}
	reader, err := p.Reader(input, name, options)
	if err != nil {
		return err
	}
	if err := w.Begin(name, reader.Passed()); err != nil {
		return err
	}
	tallies, rows, err := c.rows(term, p, w, reader)
	for _, line := range reader.Said() {
		fmt.Fprintf(term.Stderr, "%s: %s\n", name, line)
	}
	if err = errors.Join(err, output(0, w.End())); err != nil {
		return err
	}
	if rows == 0 {
		return fmt.Errorf("%s: there are no rows", name)
	}
	return c.measured(term, p, reader, tallies, rows)
}

// rows answers for rows, and tallies those whose targets are known.
func (c *predictCommand) rows(term *console.Terminal, p *predict.Predictor, w answers.Writer, reader *table.Reader) (tallies predict.Tallies, rows int, err error) {
	tallies = p.Tallies()
	for row, err := range p.ReadRows(reader) {
		if err == nil {
			err = term.Context.Err()
		}
		if err == nil {
			err = output(0, w.Row(row))
		}
		if err != nil {
			return nil, rows, err
		}
		rows++
		tallies.Add(row.Targets, row.Weight, row.Answer)
	}
	return tallies, rows, nil
}

// measured says how well answers for a table of so many rows did: where answers are data for another
// program, on the standard error.
func (c *predictCommand) measured(term *console.Terminal, p *predict.Predictor, reader *table.Reader, tallies predict.Tallies, rows int) error {
	w := term.Stdout
	if c.JSON || c.CSV {
		w = term.Stderr
	}
	for i, tally := range tallies {
		if tally.Rows == 0 {
			continue
		}
		name := reader.Name()
		if len(tallies) > 1 {
			name += ": " + p.Encoder.Schema.Targets[i].Name
		}
		text := figures.Summary(tally, "row", reader.Unseen()...)
		if unknown := rows - tally.Rows; unknown > 0 {
			text += fmt.Sprintf("; %s more without a target", console.Counted(unknown, "row"))
		}
		if err := output(fmt.Fprintf(w, "%s: %s\n", name, text)); err != nil {
			return err
		}
		if tally.Errors > 0 {
			if err := output(0, figures.Confusion(w, tally, p.Classes, reader.Unseen())); err != nil {
				return err
			}
		}
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
