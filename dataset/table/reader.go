package table

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
)

// Options say how a table is read. The zero value guesses everything.
//
// Values that are missing are empty, or one of ?, NA, N/A, NaN, null, \\N and the
// errors of spreadsheets such as #VALUE!; in columns of numbers also -, ., none
// and the like, which may be names in a column of texts.
type Options struct {
	Format  Format  // guessed if empty
	Dialect Dialect // CSV, but for the encoding

	// Columns of CSV, by name or by number from 1 on.
	Targets    []string // what to learn: the last column if empty
	Weight     string   // how much a row counts: numbers from 0 on; every row counts 1 if empty
	Categories []string // columns whose numbers are names, not quantities
	Drop       []string // columns to leave out
	Keep       []string // columns to keep that Read would leave out

	// Schema is that of another table, of which this one shall be a
	// continuation; the five above are not used then, and what Dialect leaves
	// open about the writing of numbers is as it was there. Columns are found by
	// their names if both tables have a header, and by their places otherwise.
	// Targets and the weight may be absent.
	Schema *Schema
	// Pass names columns of this file, CSV alone, whose texts rows shall have in Passed, as
	// Targets are named; or it is PassAll.
	Pass []string
	// IgnoreUnknown reads a category that Schema does not have as none of them.
	IgnoreUnknown bool
	// NoMissing makes a missing value of an input an error, which wraps ErrMissing,
	// as it is to an Encoder without imputation.
	NoMissing bool
}

// choosesColumns tells whether the options name a column.
func (o Options) choosesColumns() bool {
	return o.Targets != nil || o.Weight != "" || o.Categories != nil || o.Drop != nil || o.Keep != nil || o.Pass != nil
}

// Unknown stands for a category that the schema does not have.
const Unknown = -1

// Row is a row of a table.
type Row struct {
	Line int
	// Targets hold a number, or the number of a class, each; NaN is a missing
	// value, or a target that the table does not have. Unknown and numbers below are
	// classes that the schema does not have: see Reader.Unseen.
	Targets []float64 // [len(Schema.Targets)]
	Weight  float64   // 1 without a column of weights
	// Cells hold a number each, or the number of a category, or Unknown; NaN
	// is a missing value. They are the table's inputs in order. In a sparse row,
	// of a LIBSVM file, Cells[k] is the input Index[k] and the others are 0.
	Cells  []float64
	Index  []int32
	Sparse bool
	Passed []string // the texts of the columns of Options.Pass
}

// Reader reads a table row by row.
type Reader struct {
	name   string
	schema Schema
	fixed  bool // the schema is that of another table
	how    string
	format Format
	source source
	closer io.Closer
}

// source reads rows of one format.
type source interface {
	// next reads a row, whose slices it may use again. The error is io.EOF
	// after the last.
	next(row *Row) error
	// unseenClasses is Reader.Unseen.
	unseenClasses() []string
	// sentences is Reader.Said.
	sentences() []string
}

// Open opens a file, or the standard input for "-".
func Open(path string, options Options) (*Reader, error) {
	if path == "-" {
		return NewReader("standard input", os.Stdin, options)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	reader, err := NewReader(path, file, options)
	if err != nil {
		file.Close()
		return nil, err
	}
	reader.closer = file
	return reader, nil
}

// NewReader reads a table from r. The name is for errors.
func NewReader(name string, r io.Reader, options Options) (*Reader, error) {
	reader := &Reader{name: name, fixed: options.Schema != nil}
	input, err := newInput(r, options.Dialect.Encoding)
	if err == nil {
		err = reader.start(input, options)
	}
	if err != nil {
		return nil, reader.wrap(err)
	}
	return reader, nil
}

func (r *Reader) start(input *bufio.Reader, options Options) error {
	if err := options.Dialect.check(); err != nil {
		return err
	}
	format := cmp.Or(options.Format, guessFormat(sampleLines(input)))
	if r.fixed {
		r.schema = *options.Schema
		if r.schema.Format != format {
			return fmt.Errorf("the table is %s, but that of the model was %s", format, r.schema.Format)
		}
	}
	r.format = format
	var err error
	switch format {
	case CSV:
		r.source, r.how, err = newCSV(input, options, &r.schema)
	case LIBSVM:
		if options.choosesColumns() {
			return fmt.Errorf("a LIBSVM file has no columns to choose: its target is the label: %w", ErrColumn)
		}
		if options.Dialect.ofCSV() {
			return errors.New("a LIBSVM file has no header, and one way to write fields and numbers")
		}
		r.source, r.how = newLIBSVM(input, options, &r.schema), "LIBSVM"
	default:
		err = fmt.Errorf("there is no format %q; there are csv and libsvm", format)
	}
	return err
}

// Close closes what Open opened.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// Name returns the file's name, for messages.
func (r *Reader) Name() string { return r.name }

// How tells how the file is read: "comma-separated, with a header", say.
func (r *Reader) How() string { return r.how }

// Said tells what is worth knowing of how the rows so far were read, a sentence
// each: names that are written otherwise than the schema's, indices that it does
// not have, or that a column is read as names although it has numbers, say.
func (r *Reader) Said() []string { return r.source.sentences() }

// Schema returns what is known of the columns: all after the last row, fewer
// categories and inputs of a LIBSVM file before, unless Options gave the schema.
func (r *Reader) Schema() Schema { return r.schema }

// Next returns the next row; its slices are good until the next call. The error
// is [io.EOF] after the last row. Others name the file, the line and the column,
// which is the field's number in CSV and the byte's in LIBSVM lines. Those for
// cells wrap [ErrNumber], [ErrCategory] or [ErrMissing], and all of a LIBSVM file
// [ErrLIBSVM].
func (r *Reader) Next() (Row, error) {
	row := Row{Weight: 1}
	if err := r.source.next(&row); err == io.EOF {
		return row, err
	} else if err != nil {
		return row, r.wrap(err)
	}
	return row, nil
}

func (r *Reader) wrap(err error) error {
	if r.format == LIBSVM {
		err = doubtf(errors.Join(ErrLIBSVM, err), "%v", err)
	}
	return fmt.Errorf("table: %s: %w", r.name, err)
}

func (r *Reader) errorf(line int, format string, args ...any) error {
	return r.wrap(fmt.Errorf("line %d, "+format, append([]any{line}, args...)...))
}
