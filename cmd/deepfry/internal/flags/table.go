package flags

import (
	"cmp"
	"errors"
	"reflect"
	"slices"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset/table"
)

// TableFormat says how a table is written, where the guess is wrong: the fields of
// table.Dialect, and what else there is.
type TableFormat struct {
	Format        string   `enum:"auto,csv,libsvm" default:"auto" help:"How tables are written: ${enum}."`
	Encoding      string   `placeholder:"NAME" help:"Of the text: latin1, windows-1252, utf-16le, shift_jis and so on. Default: UTF-8, or UTF-16 that begins with its mark."`
	Separator     string   `placeholder:"CHAR" help:"Between the fields of a CSV table; tab, or blank for runs of blanks. Default: comma, semicolon, tab, | or blanks, guessed."`
	Header        string   `enum:"auto,yes,no" default:"auto" help:"Whether a CSV table's first row names its columns: ${enum}."`
	Decimal       string   `placeholder:"CHAR" help:"The decimal sign in a CSV table: a point or a comma. Default: guessed."`
	Thousands     string   `placeholder:"CHAR" help:"What sets thousands apart in a CSV table: . , ' or blank. Default: guessed."`
	Missing       []string `placeholder:"TEXT" sep:"none" help:"A cell of a CSV table that stands for a missing value, in addition to empty cells, ?, NA, NaN, null and so on. May be repeated."`
	IgnoreUnknown bool     `help:"Read a category that was not in the table that was learnt from as none of those that were. Without it, it is an error."`
}

// characters are those that have a name as a flag's value.
var characters = map[string]string{"tab": "\t", `\t`: "\t", "blank": " ", "space": " "}

// Options returns what the flags say.
func (f TableFormat) Options() table.Options {
	o := table.Options{IgnoreUnknown: f.IgnoreUnknown, Dialect: table.Dialect{
		Encoding:  f.Encoding,
		Separator: cmp.Or(characters[f.Separator], f.Separator),
		Decimal:   f.Decimal,
		Thousands: cmp.Or(characters[f.Thousands], f.Thousands),
		Missing:   f.Missing,
	}}
	if f.Format != "auto" {
		o.Format = table.Format(f.Format)
	}
	if f.Header != "auto" {
		o.Dialect.Header = table.Header(f.Header)
	}
	return o
}

// Given tells whether a flag says anything.
func (f TableFormat) Given() bool {
	return !reflect.DeepEqual(f, TableFormat{Format: "auto", Header: "auto"})
}

// advice is a hint for a reason.
type advice struct {
	reason error
	hint   string
}

var (
	tableAdvice = []advice{
		{table.ErrEncoding, "say which encoding it is: --encoding latin1 (Western Europe), windows-1252, utf-16le and so on; or write the table anew as UTF-8"},
		{table.ErrMissing, "fit --impute mean (or median) fills in values of inputs"},
	}
	csvAdvice = []advice{
		{table.ErrHeader, "--header yes if the first line names the columns, --header no if it is a row"},
		{table.ErrDecimal, "say how numbers are written: --decimal . or --decimal , and --thousands . , ' or blank; --category COLUMN if a column's numbers are names, --drop COLUMN to leave it out"},
		{table.ErrMixed, "--missing TEXT if the text stands for a missing value, --category COLUMN if the column's numbers are names, --drop COLUMN to leave it out"},
		{table.ErrSeparator, "--separator CHAR says what stands between fields"},
		{table.ErrNumber, "mend the cell, or say --missing TEXT if it stands for a missing value, or --category COLUMN if the column's numbers are names"},
		{table.ErrCategory, "--ignore-unknown reads it as none of those"},
		{table.ErrColumn, "name a column as the header does, or by its number from 1 on"},
	}
	libsvmAdvice = []advice{
		{table.ErrColumn, "--format csv if it is no LIBSVM file"},
		{table.ErrLIBSVM, "a line is a label and index:value pairs, apart by blanks; --format csv if it is no LIBSVM file"},
	}
)

// HintTable says what can be done about a table that cannot be read.
func HintTable(err error) error {
	more := csvAdvice
	if errors.Is(err, table.ErrLIBSVM) {
		more = libsvmAdvice
	}
	for _, a := range slices.Concat(tableAdvice, more) {
		if errors.Is(err, a.reason) {
			return console.Hint(err, a.hint)
		}
	}
	return err
}
