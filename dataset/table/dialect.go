package table

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Dialect says how a table is written. What is zero is guessed from the first
// rows; nothing is guessed where they leave a doubt.
type Dialect struct {
	// Encoding is a name of the Encoding Standard, such as latin1 or utf-16le.
	// If empty, the text must be UTF-8, or UTF-16 that begins with its mark.
	Encoding string `json:"encoding,omitempty"`
	// Separator is the character between fields; " " stands for runs of blanks
	// and tabs.
	Separator string `json:"separator,omitempty"`
	// Header says whether the first row names the columns.
	Header Header `json:"header,omitempty"`
	// Decimal is the decimal sign of numbers, a point or a comma.
	Decimal string `json:"decimal,omitempty"`
	// Thousands sets groups of digits apart: a point, a comma, an apostrophe, or
	// " " for blanks of any width.
	Thousands string `json:"thousands,omitempty"`
	// Missing are texts that stand for a value that is missing, in addition to
	// those that are known: see [Options].
	Missing []string `json:"missing,omitempty"`
}

// Header says whether a table has a header.
type Header string

// The answers.
const (
	GuessHeader Header = ""
	WithHeader  Header = "yes"
	NoHeader    Header = "no"
)

// check returns an error where a dialect makes no sense.
func (d *Dialect) check() error {
	_, size := utf8.DecodeRuneInString(d.Separator)
	switch {
	case d.Separator != "" && (size != len(d.Separator) || strings.ContainsAny(d.Separator, "\"\r\n") || !utf8.ValidString(d.Separator)):
		return fmt.Errorf("the separator is %s; want one character, and no quote", quote(d.Separator))
	case !slices.Contains([]Header{GuessHeader, WithHeader, NoHeader}, d.Header):
		return fmt.Errorf("the header is %q; want yes or no", d.Header)
	case !slices.Contains([]string{"", ".", ","}, d.Decimal):
		return fmt.Errorf("the decimal sign is %s; want a point or a comma", quote(d.Decimal))
	case !slices.Contains([]string{"", ".", ",", " ", "'"}, d.Thousands):
		return fmt.Errorf("thousands are set apart by %s; want a point, a comma, a blank or an apostrophe", quote(d.Thousands))
	case d.Decimal != "" && d.Decimal == d.Thousands:
		return fmt.Errorf("%s is both the decimal sign and that of thousands", quote(d.Decimal))
	}
	return nil
}

// ofCSV tells whether a dialect says anything that is for CSV alone.
func (d *Dialect) ofCSV() bool {
	return d.Separator != "" || d.Header == WithHeader || d.Decimal != "" || d.Thousands != "" || d.Missing != nil
}

// completed adds what follows from the rest, and what is known from another
// table about the writing of numbers.
func (d Dialect) completed(known Dialect) Dialect {
	if d.Decimal == "" && d.Thousands == "" {
		d.Decimal, d.Thousands = known.Decimal, known.Thousands
	}
	d.Missing = slices.Concat(d.Missing, known.Missing)
	switch {
	case d.Decimal != "":
	case d.Thousands == ".":
		d.Decimal = ","
	case d.Thousands == ",":
		d.Decimal = "."
	}
	return d
}

// ofNumbers is what another table like this one must know.
func (d Dialect) ofNumbers() Dialect {
	return Dialect{Decimal: d.Decimal, Thousands: d.Thousands, Missing: d.Missing}
}

// how tells it in words. A header whose names are numbers is one that may be a row.
func (d Dialect) how(header, guessed, numeric bool) string {
	parts := []string{cmp.Or(map[string]string{",": "comma", ";": "semicolon", "\t": "tab", " ": "blank"}[d.Separator], "'"+d.Separator+"'") + "-separated"}
	if d.Encoding != "" {
		parts = append(parts, "in "+d.Encoding)
	}
	signs := map[string]string{".": "points", ",": "commas", " ": "blanks", "'": "apostrophes"}
	if d.Decimal == "," {
		parts = append(parts, "decimal commas")
	}
	if d.Thousands != "" {
		parts = append(parts, "thousands "+signs[d.Thousands])
	}
	switch {
	case header && guessed && numeric:
		parts = append(parts, "with a header (--header no takes the first line for a row)")
	case header:
		parts = append(parts, "with a header")
	case guessed:
		parts = append(parts, "without a header (--header yes takes the first line for one)")
	default:
		parts = append(parts, "without a header")
	}
	return strings.Join(parts, ", ")
}

// Reasons to ask how a table is written; what can be done is to say it in a
// [Dialect].
var (
	ErrEncoding  = errors.New("the encoding is not known")
	ErrSeparator = errors.New("the separator is not known")
	ErrHeader    = errors.New("the header is in doubt")
	ErrDecimal   = errors.New("the decimal sign is in doubt")
	ErrMixed     = errors.New("numbers and texts are mixed")
)

// ErrLIBSVM is that the table was read as a LIBSVM file.
var ErrLIBSVM = errors.New("read as LIBSVM")

// doubt is an error of its own words that is one of the reasons, too.
type doubt struct {
	text   string
	reason error
}

func (d *doubt) Error() string { return d.text }
func (d *doubt) Unwrap() error { return d.reason }

func doubtf(reason error, format string, args ...any) error {
	return &doubt{fmt.Sprintf(format, args...), reason}
}
