package table

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// csvReader reads rows of CSV.
type csvReader struct {
	records records
	options Options
	dialect Dialect
	schema  *Schema
	fixed   bool // the schema is that of another table

	ahead      []record  // read already, for the guesses
	aheadError error     // what ended the reading ahead
	markedRows bool      // lines that begin with # or % may be rows, not comments
	first      int       // line of the first row, if there is no header
	noHeader   int       // the same, if that is guessed
	marks      []float64 // numbers that stand for missing values
	notes      []string  // what was noticed about columns

	fields  int                  // of every record
	inputs  []int                // [len(schema.Inputs)]: the field of each input
	targets []int                // [len(schema.Targets)]: that of each target, or -1
	weight  int                  // that of the weight, or -1
	codes   []map[string]float64 // [len(schema.Inputs)+len(schema.Targets)]: the categories' numbers

	cells, targetCells []float64 // of the last row
	unseen
	header *header      // nil: columns were found by their places
	kept   map[int]bool // fields of Options.Keep
	said   []string     // how columns were found

	passed      []int    // fields of Options.Pass
	passedNames []string // their columns'
	passedCells []string // of the last row
}

// newCSV tells how it reads in words, and fills the schema unless options have
// one.
func newCSV(input *bufio.Reader, options Options, schema *Schema) (*csvReader, string, error) {
	c := &csvReader{records: records{lines: lines{input: input}}, options: options, schema: schema, fixed: options.Schema != nil}
	c.dialect = options.Dialect.completed(schema.Dialect)
	for _, mark := range c.dialect.Missing {
		if v, err := parse(mark); err == nil {
			c.marks = append(c.marks, v)
		}
	}
	if err := c.begin(input); err != nil {
		return nil, "", err
	}
	header, err := c.findHeader()
	if err != nil {
		return nil, "", err
	}
	first := c.ahead[0]
	switch {
	case c.fixed && header && schema.Header:
		err = c.matchNames(first.fields)
	case c.fixed:
		err = c.matchPlaces()
	default:
		err = c.describe(first.fields, header)
	}
	guessed := options.Dialect.Header == GuessHeader
	if header {
		c.ahead = c.ahead[1:]
	} else if c.first = first.line; guessed {
		c.noHeader = first.line
	}
	if err == nil {
		var names []string
		if header {
			names = first.fields
		}
		err = c.choosePassed(names)
	}
	if err == nil {
		err = c.guessNumbers()
	}
	if err == nil && !c.fixed {
		schema.Dialect = c.dialect.ofNumbers()
		err = cmp.Or(c.guessUnits(), c.noticeColumns())
	}
	numeric := header && !slices.ContainsFunc(first.fields, func(name string) bool { return name != "" && !c.dialect.looksNumeric(name) })
	return c, c.dialect.how(header, guessed, numeric), err
}

// begin finds the separator, reads the records ahead, and how many fields they
// have.
func (c *csvReader) begin(input *bufio.Reader) error {
	sample := sampleLines(input)
	if other := otherFormat(sample); other != "" {
		return fmt.Errorf("expected a table as CSV or LIBSVM text, found %s", other)
	}
	if why := almostLIBSVM(sample); why != "" && c.options.Format == "" {
		return doubtf(ErrLIBSVM, "it looks like LIBSVM, but for %s", why)
	}
	named := separatorLine(sample)
	if named != "" {
		c.records.lines.next() // in the sample
		_, sample, _ = bytes.Cut(sample, []byte("\n"))
	}
	c.dialect.Separator = cmp.Or(c.dialect.Separator, named)
	if c.dialect.Separator == "" {
		var err error
		if c.dialect.Separator, err = guessSeparator(sample, c.dialect.Decimal); err != nil {
			return err
		}
	}
	c.records.separator = c.dialect.Separator
	c.readAhead()
	if len(c.ahead) == 0 {
		if c.aheadError != io.EOF {
			return c.aheadError
		}
		return errors.New("the file is empty")
	}
	return nil
}

// Guesses look at so many records, or bytes.
const (
	aheadRecords = 1000
	aheadBytes   = 1 << 20
)

func (c *csvReader) readAhead() {
	for bytes := 0; len(c.ahead) < aheadRecords && bytes < aheadBytes; {
		r, err := c.records.next()
		if err != nil {
			c.aheadError = err
			break
		}
		for _, field := range r.fields {
			bytes += len(field) + 16
		}
		r.fields = slices.Clone(r.fields)
		c.ahead = append(c.ahead, r)
	}
}

func (c *csvReader) next(row *Row) error {
	r, err := c.read()
	if err != nil {
		return err
	}
	row.Line = r.line
	c.cells = c.cells[:0]
	for i, field := range c.inputs {
		cell, err := c.cell(i, r.fields[field])
		if err != nil {
			return c.cellError(r.line, c.schema.Inputs[i], field, err)
		}
		c.cells = append(c.cells, cell)
	}
	row.Cells = c.cells
	if r.line == c.noHeader && c.fixed && c.knowsNone() {
		return doubtf(ErrHeader, "line %d: it has neither names nor values that the model knows", r.line)
	}
	c.targetCells = c.targetCells[:0]
	for i, field := range c.targets {
		cell := math.NaN()
		if field >= 0 {
			if cell, err = c.readTarget(i, r.fields[field]); err != nil {
				return c.cellError(r.line, c.schema.Targets[i], field, err)
			}
		}
		c.targetCells = append(c.targetCells, cell)
	}
	row.Targets = c.targetCells
	c.passedCells = c.passedCells[:0]
	for _, field := range c.passed {
		c.passedCells = append(c.passedCells, r.fields[field])
	}
	row.Passed = c.passedCells
	if c.weight >= 0 {
		if row.Weight, err = c.readWeight(r.fields[c.weight]); err != nil {
			return c.cellError(r.line, *c.schema.Weight, c.weight, err)
		}
	}
	return nil
}

// read returns the next row of the right number of fields, which are good until
// the next call.
func (c *csvReader) read() (r record, err error) {
	for {
		switch {
		case len(c.ahead) > 0:
			r, c.ahead = c.ahead[0], c.ahead[1:]
		case c.aheadError != nil:
			return r, c.aheadError
		default:
			if r, err = c.records.next(); err != nil {
				return r, err
			}
		}
		if r.mark != "" {
			if !c.isRow(r) {
				continue
			}
			r.fields[0] = r.mark + r.fields[0]
		}
		r.fields = withoutEmpty(r.fields, c.fields)
		if n := len(r.fields); n != c.fields {
			return r, fmt.Errorf("line %d: %s; want %d, as in the first line", r.line, count(n, "field"), c.fields)
		}
		return r, nil
	}
}

// value reads a number, or a value that is missing: NaN. It is not done with a
// category.
func (c *csvReader) value(column *Column, text string) (v float64, done bool, err error) {
	switch {
	case c.dialect.isMissing(text, column.Kind):
		return math.NaN(), true, nil
	case column.Kind != Number:
		return 0, false, nil
	}
	v, err = c.dialect.number(text, column.Unit)
	if slices.Contains(c.marks, v) && err == nil {
		v = math.NaN()
	}
	return v, true, err
}

// cellError places an error by the column as it stands in this file.
func (c *csvReader) cellError(line int, column Column, field int, err error) error {
	if column.Name == strconv.Itoa(column.Field+1) {
		column.Name = strconv.Itoa(field + 1)
	}
	column.Field = field
	if line == c.first && (errors.Is(err, ErrNumber) || errors.Is(err, ErrCategory)) {
		err = doubtf(errors.Join(ErrHeader, err), "%v", err)
	}
	if c.fixed && errors.Is(err, ErrDecimal) && c.options.Dialect.Decimal == "" && c.schema.Dialect.Decimal != "" {
		err = doubtf(err, "%v, as the model's table had; say --decimal if this one is written otherwise", err)
	}
	return fmt.Errorf("line %d, %s: %w", line, column.place(), err)
}

// knowsNone tells whether the last row has categories that the schema does not have,
// and nothing else.
func (c *csvReader) knowsNone() (none bool) {
	for i, v := range c.cells {
		switch {
		case v == Unknown && c.schema.Inputs[i].Kind == Category:
			none = true
		case !math.IsNaN(v):
			return false
		}
	}
	return none
}

// cell reads a cell of an input.
func (c *csvReader) cell(input int, text string) (float64, error) {
	column := &c.schema.Inputs[input]
	if v, done, err := c.value(column, text); done {
		if c.options.NoMissing && math.IsNaN(v) {
			return 0, ErrMissing
		}
		return v, err
	}
	codes := c.codes[input]
	code, found := codes[text]
	if !found {
		text = norm.NFC.String(text) // which most texts are
		code, found = codes[text]
	}
	switch {
	case found:
		return code, nil
	case !c.fixed:
		return newCategory(column, codes, text), nil
	case c.options.IgnoreUnknown:
		return Unknown, nil
	}
	return 0, fmt.Errorf("%w %s; known are %s", ErrCategory, quote(text), list(column.Categories))
}

// newCategory adds a category to a column, unless it has too many already.
func newCategory(column *Column, codes map[string]float64, text string) float64 {
	n := len(column.Categories)
	if n > maxCategories {
		return Unknown
	}
	text = strings.Clone(text) // the record would stay in memory with it
	column.Categories = append(column.Categories, text)
	codes[text] = float64(n)
	return float64(n)
}

// readWeight reads a cell of the weight.
func (c *csvReader) readWeight(text string) (float64, error) {
	v, _, err := c.value(c.schema.Weight, text)
	switch {
	case err != nil:
		return 0, err
	case math.IsNaN(v):
		return 0, errors.New("the value is missing: the weight must be known; give it, or 0, or take the row out")
	case v < 0:
		return 0, fmt.Errorf("the weight is %s: want 0 or more", quote(text))
	}
	return v, nil
}

// readTarget reads a cell of a target. A class that the schema does not have
// is Unknown, or below.
func (c *csvReader) readTarget(i int, text string) (float64, error) {
	target := &c.schema.Targets[i]
	if v, done, err := c.value(target, text); done {
		return v, err
	}
	codes := c.codes[len(c.schema.Inputs)+i]
	code, found := codes[text]
	if !found {
		text = norm.NFC.String(text)
		code, found = codes[text]
	}
	if c.fixed {
		if !found {
			if v, err := c.dialect.number(text, target.Unit); err == nil && math.Abs(v) <= largestWhole {
				return c.classOfNumber(codes, v), nil
			}
		}
		return c.class(codes, text), nil
	}
	if !found {
		code = newCategory(target, codes, text)
	}
	if code == Unknown || code >= maxCategories {
		return 0, fmt.Errorf("more than %d classes", maxCategories)
	}
	return code, nil
}

// list names the first of some categories.
func list(names []string) string {
	var shown []string
	for _, name := range names[:min(len(names), maxPlaces)] {
		shown = append(shown, short(name))
	}
	text := strings.Join(shown, ", ")
	if len(names) > maxPlaces {
		text += fmt.Sprintf(" and %d more", len(names)-maxPlaces)
	}
	return text
}

// count writes a number of things.
func count(n int, thing string) string {
	return fmt.Sprintf("%d %s", n, plural(n, thing))
}

// plural writes a thing or several.
func plural(n int, thing string) string {
	switch {
	case n == 1:
		return thing
	case thing == "index":
		return "indices"
	case strings.HasSuffix(thing, "s"):
		return thing + "es"
	}
	return thing + "s"
}
