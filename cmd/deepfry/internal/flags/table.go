package flags

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset/table"
)

// TableFormat says how a table is written, where the guess is wrong.
type TableFormat struct {
	Format        string `enum:"auto,csv,libsvm" default:"auto" help:"How tables are written: ${enum}."`
	Separator     string `placeholder:"CHAR" help:"Between the fields of a CSV table. Default: comma, semicolon or tab, guessed."`
	Header        string `enum:"auto,yes,no" default:"auto" help:"Whether a CSV table's first row names its columns: ${enum}."`
	IgnoreUnknown bool   `help:"Read a category that was not in the table that was learnt from as none of those that were. Without it, it is an error."`
}

// Options returns what the flags say.
func (f TableFormat) Options() (table.Options, error) {
	o := table.Options{IgnoreUnknown: f.IgnoreUnknown}
	if f.Format != "auto" {
		o.Format = table.Format(f.Format)
	}
	if f.Header != "auto" {
		o.Header = table.Header(f.Header)
	}
	switch f.Separator {
	case "":
	case "tab", `\t`:
		o.Comma = '\t'
	default:
		char, size := utf8.DecodeRuneInString(f.Separator)
		if size != len(f.Separator) || char == utf8.RuneError {
			return o, fmt.Errorf("--separator %q: want one character, or tab", f.Separator)
		}
		o.Comma = char
	}
	return o, nil
}

// HintTable says what can be done about a table that cannot be read.
func HintTable(err error) error {
	hint := ""
	switch {
	case errors.Is(err, table.ErrMissing):
		hint = "fit --impute mean (or median) fills in values that are missing; rows without a target must go"
	case errors.Is(err, table.ErrNumber):
		hint = "mend the cell, or say --category COLUMN if the column's numbers are names; --header yes if the first line names the columns"
	case errors.Is(err, table.ErrCategory):
		hint = "--ignore-unknown reads it as none of those"
	case errors.Is(err, table.ErrColumn):
		hint = "name a column as the header does, or by its number from 1 on"
	default:
		return err
	}
	return console.Hint(err, hint)
}
