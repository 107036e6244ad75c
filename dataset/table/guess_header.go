package table

import (
	"math"
	"slices"
	"strconv"
)

// above is what the first record has above a column.
type above struct {
	text                     string
	value                    float64 // of a number
	number                   bool
	numbers, present, single int  // below: numbers, values that are not missing, and those that come once
	again                    bool // the text comes again below
	fractions                bool // the numbers below have all a fraction
	lowest, most             float64
}

func (c *csvReader) above(field int) above {
	a := above{text: c.ahead[0].fields[field], fractions: true, lowest: math.Inf(1), most: math.Inf(-1)}
	a.value, a.number = c.anyNumber(a.text)
	times := map[string]int{}
	for _, r := range c.ahead[1:] {
		if field >= len(r.fields) || c.dialect.isMissing(r.fields[field], Number) {
			continue
		}
		a.present++
		times[r.fields[field]]++
		if v, ok := c.anyNumber(r.fields[field]); ok {
			a.numbers++
			a.fractions = a.fractions && v != math.Trunc(v)
			a.lowest, a.most = min(a.lowest, v), max(a.most, v)
		}
	}
	for _, n := range times {
		if n == 1 {
			a.single++
		}
	}
	a.again = times[a.text] > 0
	return a
}

// anyNumber reads a number in some way: it tells sizes apart, no more.
func (c *csvReader) anyNumber(text string) (v float64, ok bool) {
	if !c.dialect.looksNumeric(text) {
		return 0, false
	}
	r := readBothWays(text)
	digits := r.point
	if digits == "" || c.dialect.Decimal == "," && r.comma != "" {
		digits = r.comma
	}
	v, err := strconv.ParseFloat(digits, 64)
	return v, err == nil
}

// ofNumbers tells whether nine of ten values below are numbers.
func (a *above) ofNumbers() bool { return 10*a.numbers >= 9*a.present }

// odd tells whether a number is none like those below: whole where all of them
// have a fraction, or as far off as they reach.
func (a *above) odd() bool { return a.wholeAboveFractions() || a.far() }

func (a *above) far() bool {
	spread := a.most - a.lowest
	return a.present >= 3 && (a.value < a.lowest-spread || a.value > a.most+spread)
}

func (a *above) wholeAboveFractions() bool { return a.fractions && a.value == math.Trunc(a.value) }

// signs are what the first record has over all columns.
type signs struct {
	names    []string  // different texts above numbers
	texts    int       // values above texts
	again    bool      // one of these comes again
	surprise float64   // the probability that none does, if the first record is a row
	numbers  int       // above numbers
	odd      int       // of these, none like those below
	whole    int       // of these, whole where all below have a fraction
	far      int       // of these, as far off those below as they reach
	values   []float64 // the numbers above anything
}

func (c *csvReader) signs() signs {
	s := signs{surprise: 1}
	alone := len(c.ahead) == 1
	for field := range c.ahead[0].fields {
		a := c.above(field)
		if c.dialect.isMissing(a.text, Number) || a.present == 0 && !alone {
			continue
		}
		if a.number {
			s.values = append(s.values, a.value)
		}
		switch {
		case alone && a.number:
			s.numbers++
		case alone || !a.ofNumbers():
			s.texts++
			s.again = s.again || a.again
			s.surprise *= (float64(a.single) + 0.5) / float64(a.present+1) // after Good and Turing
		case a.number:
			s.numbers++
			if a.odd() {
				s.odd++
			}
			if a.wholeAboveFractions() {
				s.whole++
			}
			if a.far() {
				s.far++
			}
		default:
			if !slices.Contains(s.names, a.text) {
				s.names = append(s.names, a.text)
			}
		}
	}
	return s
}

// guessHeader tells whether the first record names the columns. Signs of it are
// texts above numbers, two of which are enough; texts that never come again, in
// columns whose texts do; and numbers that are none like those below, or count:
// 0, 1, 2 and so on, more than a few, or far off those below.
// Where some signs speak for it and others against, it is in doubt.
func (c *csvReader) guessHeader() (bool, error) {
	s := c.signs()
	counting := counts(s.values)
	likely := s.numbers == s.odd || counting // the numbers may be names
	unseen := s.texts > 0 && s.surprise < minSurprise
	line, enough := c.ahead[0].line, len(c.ahead) > minRows
	switch {
	case len(s.names) > 1, len(s.names) == 1 && likely && !s.again:
		return true, nil
	case len(s.names) == 1:
		return false, doubtf(ErrHeader, "line %d: it has %s above numbers, as a header has, but also values like those below", line, quote(s.names[0]))
	case s.again:
		return false, nil
	case s.texts > 0 && len(c.ahead) == 1:
		return s.numbers == 0, nil
	case unseen && likely, counting && enough && s.whole > 0 && (len(s.values) > maxChance || s.far == s.numbers || s.values[0] == 0 && s.values[1] == 1):
		return true, nil
	case unseen, s.texts > 0 && s.numbers == 0:
		return false, doubtf(ErrHeader, "line %d: its texts do not come again, like those of a header; but it may be a row, too", line)
	case counting && enough && (s.whole > 0 || s.numbers == s.odd || len(s.values) > maxChance):
		return false, doubtf(ErrHeader, "line %d: its numbers count, like those of some headers; but it may be a row, too", line)
	}
	return false, nil
}

// doubtRow asks about a first record that has no names of the schema, but is all
// numbers: if half of them are names of the schema or more, all of them different,
// or all are none like those below.
func (c *csvReader) doubtRow() error {
	names := map[string]bool{}
	if c.schema.Header {
		for _, column := range c.schema.columns() {
			names[plainName(column.Name)] = true
		}
	}
	different, shared := map[string]bool{}, 0
	for _, field := range c.ahead[0].fields {
		if c.dialect.isMissing(field, Number) {
			continue
		}
		name := plainName(field)
		if !c.dialect.looksNumeric(field) || different[name] {
			return nil
		}
		different[name] = true
		if names[name] {
			shared++
		}
	}
	s, line := c.signs(), c.ahead[0].line
	switch {
	case shared > 1 && 2*shared >= len(different):
		return doubtf(ErrHeader, "line %d: %d of its numbers are names of the model's columns, but not all: it may be a header of others, or a row", line, shared)
	case s.numbers > 1 && len(c.ahead) > minRowsBelow && (s.whole == s.numbers || s.far == s.numbers):
		return doubtf(ErrHeader, "line %d: its numbers are none like those below: it may be a header of names that the model does not know, or a row", line)
	}
	return nil
}

// minRowsBelow is how many rows tell that a number is none like theirs, where
// several numbers are so.
const minRowsBelow = 3

// minSurprise is the probability below which it is no chance that none of the
// first record's texts comes again.
const minSurprise = 0.1

// maxChance is how many numbers of a row may well count by chance.
const maxChance = 4

// minRows is how many rows tell what numbers are like.
const minRows = 10

// counts tells whether there are three numbers or more, in equal steps.
func counts(values []float64) bool {
	if len(values) < 3 || values[1] == values[0] {
		return false
	}
	for i := range values[2:] {
		if math.Abs(values[i+2]-2*values[i+1]+values[i]) > 1e-9*math.Abs(values[i+1]) {
			return false
		}
	}
	return true
}

// countNumbers counts the numbers and the values that are not missing in a field.
func (c *csvReader) countNumbers(field int, records []record) (numbers, present int) {
	for _, r := range records {
		if field >= len(r.fields) || c.dialect.isMissing(r.fields[field], Number) {
			continue
		}
		present++
		if c.dialect.looksNumeric(r.fields[field]) {
			numbers++
		}
	}
	return numbers, present
}
