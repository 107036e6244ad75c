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
func (a *above) odd() bool {
	if a.fractions && a.value == math.Trunc(a.value) {
		return true
	}
	spread := a.most - a.lowest
	return a.present >= 3 && (a.value < a.lowest-spread || a.value > a.most+spread)
}

// minSurprise is the probability below which it is no chance that none of the
// first record's texts comes again.
const minSurprise = 0.1

// guessHeader tells whether the first record names the columns. Signs of it are
// a text above numbers; texts that never come again, in columns whose texts do;
// and numbers that are none like those below, or count. Where some signs speak
// for it and others against, it is in doubt.
func (c *csvReader) guessHeader() (bool, error) {
	var names, numbers, odd, fractions, texts int
	var values []float64
	named := ""     // a text above numbers
	surprise := 1.0 // the probability that no text comes again
	again := false  // one does
	for field := range c.ahead[0].fields {
		a := c.above(field)
		if c.dialect.isMissing(a.text, Number) || a.present == 0 && len(c.ahead) > 1 {
			continue
		}
		if a.number {
			values = append(values, a.value)
		}
		switch {
		case a.present == 0 && a.number:
			numbers++
		case !a.ofNumbers() || a.present == 0:
			texts++
			again = again || a.again
			surprise *= (float64(a.single) + 0.5) / float64(a.present+1) // after Good and Turing
		case a.number:
			numbers++
			if a.odd() {
				odd++
			}
			if a.fractions && a.value == math.Trunc(a.value) {
				fractions++
			}
		default:
			names, named = names+1, a.text
		}
	}
	likely := numbers == odd || counts(values) // the numbers may be names
	switch {
	case names > 0 && likely && !again:
		return true, nil
	case names > 0:
		return false, doubtf(ErrHeader, "line %d: it has %s above numbers, as a header has, but also values like those below", c.ahead[0].line, quote(named))
	case again:
		return false, nil
	case texts > 0 && len(c.ahead) == 1:
		return numbers == 0, nil
	case texts > 0 && surprise < minSurprise && likely:
		return true, nil
	case texts > 0 && surprise < minSurprise, texts > 0 && numbers == 0:
		return false, doubtf(ErrHeader, "line %d: its texts do not come again, like those of a header; but it may be a row, too", c.ahead[0].line)
	case counts(values) && fractions > 0 && likely && len(c.ahead) > minRows:
		return true, nil
	case counts(values) && len(values) >= 3 && (numbers == odd || len(values) > 4) && len(c.ahead) > minRows:
		return false, doubtf(ErrHeader, "line %d: its numbers count, like those of some headers; but it may be a row, too", c.ahead[0].line)
	}
	return false, nil
}

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

// guessKind takes a column for one of numbers if nine of ten values are; but not
// if they are digits of one length, some with a leading zero: those are codes.
func (c *csvReader) guessKind(field int, records []record) Kind {
	numbers, present := c.countNumbers(field, records)
	named := func(r record) bool { return field < len(r.fields) && !c.dialect.isMissing(r.fields[field], Category) }
	if 10*numbers < 9*present || present == 0 && slices.ContainsFunc(records, named) || c.isCode(field, records) {
		return Category
	}
	return Number
}

func (c *csvReader) isCode(field int, records []record) bool {
	length, zero := 0, false
	for _, r := range records {
		if field >= len(r.fields) || c.dialect.isMissing(r.fields[field], Number) {
			continue
		}
		text := r.fields[field]
		if length == 0 {
			length = len(text)
		}
		if len(text) != length || slices.ContainsFunc([]byte(text), func(b byte) bool { return b < '0' || b > '9' }) {
			return false
		}
		zero = zero || text[0] == '0'
	}
	return zero && length > 1
}
