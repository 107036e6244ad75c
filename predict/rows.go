package predict

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/deepfry/deepfry/dataset/table"
)

// Keys of a machine's notes: one of the two.
const (
	TableKey  = "table"  // a [table.Encoder] as JSON
	ImagesKey = "images" // the shape of images and their preparation, as JSON
)

// readMachine completes the predictor of a machine by its notes.
func (p *Predictor) readMachine() error {
	c := p.Machine.Columns
	p.Classes, p.Named = c.Classes, c.Classes != nil
	if note, fits := p.Machine.Notes[ImagesKey]; fits {
		return p.readImages(note)
	}
	note, noted := p.Machine.Notes[TableKey]
	if !noted {
		return nil // it takes vectors
	}
	encoder := &table.Encoder{}
	err := json.Unmarshal([]byte(note), encoder)
	if err == nil {
		err = encoder.Check()
	}
	if err != nil {
		return fmt.Errorf("what is noted about tables: %w", err)
	}
	if encoder.Width() != c.Inputs || len(encoder.Schema.Target.Categories) != len(c.Classes) {
		return fmt.Errorf("the machine has %d inputs and %d classes, but %d and %d are noted",
			c.Inputs, len(c.Classes), encoder.Width(), len(encoder.Schema.Target.Categories))
	}
	p.Encoder = encoder
	return nil
}

// RowAnswer is an answer for a row of a table.
type RowAnswer struct {
	Answer
	Line   int     // of the table
	Target float64 // as [table.Row] has it: a number, or the number of a class; NaN if it is not known
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
	names[schema.Target.Field] = schema.Target.Name
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

// rows answers so many rows at a time.
func (p *Predictor) rows(r io.Reader, name string, options table.Options, together int) iter.Seq2[RowAnswer, error] {
	return func(yield func(RowAnswer, error) bool) {
		if p.Encoder == nil {
			yield(RowAnswer{}, errNoRows)
			return
		}
		options.Schema, options.NoMissing = &p.Encoder.Schema, p.Encoder.Impute == table.NoImpute
		reader, err := table.NewReader(name, r, options)
		if err != nil {
			yield(RowAnswer{}, err)
			return
		}
		block := &rowBlock{reader: reader, encoder: p.Encoder, x: make([]float32, together*p.Encoder.Width())}
		for {
			end := block.read()
			answers, err := p.Answers(block.x[:len(block.lines)*p.Encoder.Width()])
			if err != nil {
				yield(RowAnswer{}, err)
				return
			}
			for i, a := range answers {
				if !yield(RowAnswer{a, block.lines[i], block.targets[i]}, nil) {
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
	x       []float32 // [rows at a time, Width]
	lines   []int
	targets []float64 // NaN: not known
}

// read reads the next rows; the error is io.EOF if there are no more. Rows before
// an error are there.
func (b *rowBlock) read() error {
	b.lines, b.targets = b.lines[:0], b.targets[:0]
	width := b.encoder.Width()
	for i := range len(b.x) / width {
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
