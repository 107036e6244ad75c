package predict

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/deepfry/deepfry/dataset/table"
)

// Keys of a machine's notes, beside FitKey: one of the two.
const (
	TableKey  = "table"  // a [table.Encoder] as JSON
	ImagesKey = "images" // the shape of images and their preparation, as JSON
)

// readMachine completes the predictor of a machine by its notes.
func (p *Predictor) readMachine() error {
	c := p.Machine.Columns
	p.Classes, p.Named = c.Classes, c.Classes != nil
	var err error
	if p.Fit, err = readFit(p.Machine.Notes); err != nil {
		return err
	}
	if note, fits := p.Machine.Notes[ImagesKey]; fits {
		return p.readImages(note)
	}
	note, noted := p.Machine.Notes[TableKey]
	if !noted {
		return nil // it takes vectors
	}
	encoder := &table.Encoder{}
	if err = json.Unmarshal([]byte(note), encoder); err == nil {
		err = encoder.Check()
	}
	if err != nil {
		return fmt.Errorf("what is noted about tables: %w", err)
	}
	targets := encoder.Schema.Targets
	classes := targets[0].Categories
	if encoder.Width() != c.Inputs || len(classes) != len(c.Classes) {
		return fmt.Errorf("the machine has %d inputs and %d classes, but %d and %d are noted",
			c.Inputs, len(c.Classes), encoder.Width(), len(classes))
	}
	if c.Classes == nil && len(targets) != c.Outputs {
		return fmt.Errorf("the machine has %d values for a row, but %d targets are noted", c.Outputs, len(targets))
	}
	p.Encoder = encoder
	return nil
}

// RowAnswer is an answer for a row of a table.
type RowAnswer struct {
	Answer
	Line    int       // of the table
	Targets []float64 // as [table.Row] has them: a number each, or the number of a class; NaN if it is not known
	Weight  float64   // of the row; 1 without a column of weights
	Passed  []string  // the texts of the columns of table.Options.Pass
}

// errNoRows is that of files that take no tables.
var errNoRows = errors.New("predict: the file does not say how the rows of a table become its inputs: deepfry fit did not write it")

// Row answers for a row of a table, whose cells are the inputs in the order of
// Encoder.Schema.Inputs, as the texts that would stand in a file.
func (p *Predictor) Row(cells ...string) (Answer, error) {
	if p.Encoder == nil {
		return Answer{}, errNoRows
	}
	inputs := p.Encoder.Schema.Inputs
	if len(cells) != len(inputs) {
		return Answer{}, fmt.Errorf("predict: a row of %d cells, want %d", len(cells), len(inputs))
	}
	text, options := p.rowText(cells)
	for answer, err := range p.rows(text, "row", options, 1) {
		return answer.Answer, err
	}
	return Answer{}, errors.New("predict: the row is empty")
}

// rowText writes a table of one row.
func (p *Predictor) rowText(cells []string) (*bytes.Buffer, table.Options) {
	schema, text := p.Encoder.Schema, &bytes.Buffer{}
	if schema.Format == table.LIBSVM {
		text.WriteString("0")
		for i, column := range schema.Inputs {
			fmt.Fprintf(text, " %s:%s", column.Name, cells[i])
		}
		text.WriteString("\n")
		return text, table.Options{Format: table.LIBSVM}
	}
	options := table.Options{Format: table.CSV, Dialect: table.Dialect{Separator: ",", Header: table.NoHeader}}
	names, row := make([]string, schema.Fields), make([]string, schema.Fields)
	for i, column := range schema.Inputs {
		names[column.Field], row[column.Field] = column.Name, cells[i]
	}
	for _, target := range schema.Targets {
		names[target.Field] = target.Name
	}
	if schema.Weight != nil {
		names[schema.Weight.Field], row[schema.Weight.Field] = schema.Weight.Name, "1"
	}
	w := csv.NewWriter(text)
	if schema.Header {
		options.Dialect.Header = table.WithHeader
		w.Write(names)
	}
	w.Write(row)
	w.Flush()
	return text, options
}

// Rows answers for the rows of a table, in order, some at a time. The name is for
// errors; options say how the table is written, but for its schema, which is that of
// the file. An error ends the rows.
func (p *Predictor) Rows(r io.Reader, name string, options table.Options) iter.Seq2[RowAnswer, error] {
	return p.rows(r, name, options, machineSamples)
}

func (p *Predictor) rows(r io.Reader, name string, options table.Options, together int) iter.Seq2[RowAnswer, error] {
	reader, err := p.Reader(r, name, options)
	if err != nil {
		return func(yield func(RowAnswer, error) bool) { yield(RowAnswer{}, err) }
	}
	return p.readRows(reader, together)
}

// Reader is the first half of [Predictor.Rows], for who wants to know more of the table.
func (p *Predictor) Reader(r io.Reader, name string, options table.Options) (*table.Reader, error) {
	if p.Encoder == nil {
		return nil, errNoRows
	}
	options.Schema, options.NoMissing = &p.Encoder.Schema, p.Encoder.Impute == table.NoImpute
	return table.NewReader(name, r, options)
}

// ReadRows is the second half of [Predictor.Rows].
func (p *Predictor) ReadRows(reader *table.Reader) iter.Seq2[RowAnswer, error] {
	return p.readRows(reader, machineSamples)
}

// readRows answers so many rows at a time.
func (p *Predictor) readRows(reader *table.Reader, together int) iter.Seq2[RowAnswer, error] {
	return func(yield func(RowAnswer, error) bool) {
		block := &rowBlock{reader: reader, encoder: p.Encoder, x: make([]float32, together*p.Encoder.Width())}
		for {
			end := block.read()
			answers, err := p.Answers(block.x[:len(block.rows)*p.Encoder.Width()])
			if err != nil {
				yield(RowAnswer{}, err)
				return
			}
			for i, a := range answers {
				block.rows[i].Answer = a
				if !yield(block.rows[i], nil) {
					return
				}
			}
			if end == io.EOF {
				return
			} else if end != nil {
				yield(RowAnswer{}, end)
				return
			}
		}
	}
}

// rowBlock holds some rows of a table.
type rowBlock struct {
	reader  *table.Reader
	encoder *table.Encoder
	x       []float32   // [rows at a time, Width]
	rows    []RowAnswer // without their answers
}

// read reads the next rows; the error is io.EOF if there are no more. Rows before
// an error are there.
func (b *rowBlock) read() error {
	b.rows = b.rows[:0]
	width := b.encoder.Width()
	for i := range len(b.x) / width {
		row, err := b.reader.Next()
		if err != nil {
			return err
		}
		if err := b.encoder.Encode(b.x[i*width:][:width], row); err != nil {
			return fmt.Errorf("table: %s: %w", b.reader.Name(), err)
		}
		b.rows = append(b.rows, RowAnswer{Line: row.Line, Targets: slices.Clone(row.Targets), Weight: row.Weight, Passed: slices.Clone(row.Passed)})
	}
	return nil
}
