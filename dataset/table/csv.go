package table

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// csvReader reads rows of CSV.
type csvReader struct {
	csv     *csv.Reader
	limit   *recordLimit
	options Options
	schema  *Schema
	fixed   bool // the schema is that of another table

	ahead      []record // read already, for the guesses
	aheadError error    // what ended the reading ahead
	last       int      // line of the last record

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

type record struct {
	line   int
	fields []string
}

// newCSV tells how it reads in words, and fills the schema unless options have
// one.
func newCSV(input *bufio.Reader, options Options, schema *Schema) (*csvReader, string, error) {
	comma := options.Comma
	if comma == 0 {
		comma = guessComma(sampleLines(input))
	}
	limit := &recordLimit{r: input}
	c := &csvReader{csv: newParser(limit, comma), limit: limit, options: options, schema: schema, fixed: options.Schema != nil}
	c.readAhead()
	if len(c.ahead) == 0 {
		if c.aheadError != io.EOF {
			return nil, "", c.aheadError
		}
		return nil, "", errors.New("the file is empty")
	}
	first := c.ahead[0].fields
	c.fields = len(first)
	header := options.Header == WithHeader
	switch {
	case options.Header == GuessHeader && !c.fixed:
		header = c.guessHeader()
	case options.Header == GuessHeader:
		header = schema.Header && sharesNames(first, schema)
	}
	var err error
	switch {
	case c.fixed && header && schema.Header:
		err = c.matchNames(first)
	case c.fixed:
		err = c.matchPlaces()
	default:
		err = c.describe(first, header)
	}
	if header {
		c.ahead = c.ahead[1:]
	} else {
		first = nil
	}
	if err == nil {
		err = c.choosePassed(first)
	}
	how := map[rune]string{',': "comma", ';': "semicolon", '\t': "tab"}[comma]
	if how == "" {
		how = strconv.QuoteRune(comma)
	}
	how += "-separated, without a header"
	if header {
		how = strings.Replace(how, "without", "with", 1)
	}
	return c, how, err
}

// newParser returns a reader of records of any number of fields.
func newParser(r io.Reader, comma rune) *csv.Reader {
	parser := csv.NewReader(bufio.NewReaderSize(r, sampleBytes))
	parser.Comma = comma
	parser.FieldsPerRecord = -1
	parser.ReuseRecord = true
	parser.TrimLeadingSpace = comma != '\t' // which is white space itself
	return parser
}

// Guesses look at so many records, or bytes.
const (
	aheadRecords = 1000
	aheadBytes   = 1 << 20
)

func (c *csvReader) readAhead() {
	for bytes := 0; len(c.ahead) < aheadRecords && bytes < aheadBytes; {
		r, err := c.read()
		if err != nil {
			c.aheadError = err
			return
		}
		for _, field := range r.fields {
			bytes += len(field) + 16
		}
		c.ahead = append(c.ahead, record{r.line, slices.Clone(r.fields)})
	}
}

// read returns the next record of the file, whose fields are good until the
// next call.
func (c *csvReader) read() (record, error) {
	c.limit.left = maxRecord
	fields, err := c.csv.Read()
	var bad *csv.ParseError
	switch {
	case err == io.EOF:
		return record{}, err
	case errors.As(err, &bad) && bad.StartLine < bad.Line:
		return record{}, fmt.Errorf("line %d, character %d, of a row that begins in line %d: %w", bad.Line, bad.Column, bad.StartLine, bad.Err)
	case errors.As(err, &bad):
		return record{}, fmt.Errorf("line %d, character %d: %w", bad.Line, bad.Column, bad.Err)
	case err != nil:
		return record{}, fmt.Errorf("after line %d: %w", c.last, err)
	}
	for i, field := range fields {
		fields[i] = strings.TrimSpace(field)
	}
	c.last, _ = c.csv.FieldPos(0)
	return record{c.last, fields}, nil
}

func (c *csvReader) next(row *Row) error {
	var r record
	var err error
	switch {
	case len(c.ahead) > 0:
		r, c.ahead = c.ahead[0], c.ahead[1:]
	case c.aheadError != nil:
		err = c.aheadError
	default:
		r, err = c.read()
	}
	if err != nil {
		return err
	}
	if len(r.fields) != c.fields {
		return fmt.Errorf("line %d: %s; want %d, as in the first line", r.line, count(len(r.fields), "field"), c.fields)
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

// readWeight reads a cell of the weight.
func (c *csvReader) readWeight(text string) (float64, error) {
	if isMissing(text) {
		return 0, fmt.Errorf("%w: the weight must be known", ErrMissing)
	}
	v, err := parse(text, c.csv.Comma)
	if err == nil && v < 0 {
		err = fmt.Errorf("the weight is %s: want 0 or more", quote(text))
	}
	return v, err
}

// cellError places an error by the column as it stands in this file.
func (c *csvReader) cellError(line int, column Column, field int, err error) error {
	if column.Name == strconv.Itoa(column.Field+1) {
		column.Name = strconv.Itoa(field + 1)
	}
	column.Field = field
	return fmt.Errorf("line %d, %s: %w", line, column.place(), err)
}

// cell reads a cell of an input.
func (c *csvReader) cell(input int, text string) (float64, error) {
	if isMissing(text) {
		if c.options.NoMissing {
			return 0, ErrMissing
		}
		return math.NaN(), nil
	}
	column := &c.schema.Inputs[input]
	if column.Kind == Number {
		return parse(text, c.csv.Comma)
	}
	codes := c.codes[input]
	code, found := codes[text]
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

// readTarget reads a cell of a target. A class that the schema does not have
// is Unknown, or below.
func (c *csvReader) readTarget(i int, text string) (float64, error) {
	if isMissing(text) {
		return math.NaN(), nil
	}
	target := &c.schema.Targets[i]
	if target.Kind == Number {
		return parse(text, c.csv.Comma)
	}
	codes := c.codes[len(c.schema.Inputs)+i]
	if c.fixed {
		return c.class(codes, text), nil
	}
	code, found := codes[text]
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
