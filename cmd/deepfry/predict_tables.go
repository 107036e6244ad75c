package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/kernel/machine"
)

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
func (c *predictCommand) tables(term *console.Terminal, m *machine.Model) error {
	var encoder table.Encoder
	note, noted := m.Notes[tableNote]
	if !noted {
		return fmt.Errorf("%s: the machine does not say how a table becomes its inputs: deepfry fit did not write it", c.Model)
	}
	err := json.Unmarshal([]byte(note), &encoder)
	if err == nil {
		err = encoder.Check()
	}
	if err != nil {
		return fmt.Errorf("%s: what is noted about tables: %w", c.Model, err)
	}
	if encoder.Width() != m.Columns.Inputs || len(encoder.Schema.Target.Categories) != len(m.Columns.Classes) || m.Columns.Outputs > 1 {
		return fmt.Errorf("%s: the machine has %d inputs and %d classes, but %d and %d are noted", c.Model,
			m.Columns.Inputs, len(m.Columns.Classes), encoder.Width(), len(encoder.Schema.Target.Categories))
	}
	predictor := newTablePredictor(m, measureRows)
	for _, path := range c.Input {
		if err := c.table(term, path, &encoder, predictor); err != nil {
			return err
		}
	}
	return nil
}

// table predicts the rows of one table, some at a time.
func (c *predictCommand) table(term *console.Terminal, path string, encoder *table.Encoder, predictor *tablePredictor) error {
	options, err := c.TableFormat.Options()
	if err != nil {
		return err
	}
	options.Schema, options.NoMissing = &encoder.Schema, encoder.Impute == table.NoImpute
	reader, err := table.Open(path, options)
	if err != nil {
		return err
	}
	defer reader.Close()
	block := &rowBlock{reader: reader, encoder: encoder, x: make([]float32, measureRows*encoder.Width())}
	total := newOutcome(predictor.model)
	for {
		if err := term.Context.Err(); err != nil {
			return err
		}
		err := block.read()
		if err != nil && err != io.EOF {
			return err
		}
		last := err == io.EOF
		if rows := len(block.lines); rows > 0 {
			for i, p := range predictor.run(block.x[:rows*encoder.Width()]) {
				if err := c.printRow(term, reader.Name(), block.lines[i], p, predictor.model); err != nil {
					return err
				}
				if truth := block.targets[i]; !math.IsNaN(truth) {
					total.add(truth, p)
				}
			}
		}
		if last {
			c.summary(term, reader.Name(), total)
			return nil
		}
	}
}

// rowBlock holds some rows of a table.
type rowBlock struct {
	reader  *table.Reader
	encoder *table.Encoder
	x       []float32 // [measureRows, Width]
	lines   []int
	targets []float64 // NaN: not known
}

// read reads the next rows; the error is io.EOF if there are no more.
func (b *rowBlock) read() error {
	b.lines, b.targets = b.lines[:0], b.targets[:0]
	width := b.encoder.Width()
	for i := range measureRows {
		row, err := b.reader.Next()
		if err != nil {
			return err
		}
		if err := b.encoder.Encode(b.x[i*width:][:width], row); err != nil {
			return fmt.Errorf("table: %s: %w", b.reader.Name(), err)
		}
		b.lines, b.targets = append(b.lines, row.Line), append(b.targets, row.Target)
	}
	return nil
}

func (c *predictCommand) printRow(term *console.Terminal, name string, line int, p rowPrediction, m *machine.Model) error {
	classes := m.Columns.Classes
	if c.JSON {
		row := rowJSON{Table: name, Line: line, Probability: p.probability, Deviation: p.deviation}
		if classes != nil {
			row.Class, row.Name = &p.class, classes[p.class]
		} else {
			row.Value = &p.value
		}
		return json.NewEncoder(term.Stdout).Encode(row)
	}
	text := ""
	switch {
	case classes != nil && p.probability > 0:
		text = fmt.Sprintf("%s (%.1f%%)", classes[p.class], 100*p.probability)
	case classes != nil:
		text = classes[p.class]
	case p.deviation > 0:
		text = fmt.Sprintf("%.6g ± %.2g", p.value, p.deviation)
	default:
		text = fmt.Sprintf("%.6g", p.value)
	}
	_, err := fmt.Fprintf(term.Stdout, "%s:%d: %s\n", name, line, text)
	return err
}

// summary compares with the targets, if the table has them.
func (c *predictCommand) summary(term *console.Terminal, name string, o *outcome) {
	switch {
	case o.rows == 0 || c.JSON:
	case o.confusion != nil:
		fmt.Fprintf(term.Stdout, "%s: %s of %s predicted wrongly: %.2f%% error\n", name, console.Grouped(o.wrong), console.Counted(o.rows, "row"), o.errorPercent())
	default:
		fmt.Fprintf(term.Stdout, "%s: RMSE %.4g, R² %.4f on %s\n", name, o.rmse(), o.r2(), console.Counted(o.rows, "row"))
	}
}
