package table

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// guessKind takes a column for one of numbers if nine of ten values are; but not
// if they are codes, whose digits say more than the number.
func (c *csvReader) guessKind(field int, records []record) Kind {
	numbers, present := c.countNumbers(field, records)
	named := func(r record) bool { return field < len(r.fields) && !c.dialect.isMissing(r.fields[field], Category) }
	if 10*numbers < 9*present || present == 0 && slices.ContainsFunc(records, named) || c.codeOf(field, records) != "" {
		return Category
	}
	return Number
}

// largestWhole is the number up to which all whole numbers are float64.
const largestWhole = 1 << 53

// texts are the different texts of a column of numbers, and how many values it has.
type texts struct {
	times   map[string]int
	order   []string // as they come
	present int
}

func (c *csvReader) textsOf(field int, records []record) texts {
	t := texts{times: map[string]int{}}
	for _, r := range records {
		if field >= len(r.fields) || c.dialect.isMissing(r.fields[field], Number) {
			continue
		}
		text := r.fields[field]
		if t.times[text]++; t.times[text] == 1 {
			t.order = append(t.order, text)
		}
		t.present++
	}
	return t
}

// repeats tells whether the texts come twice on average, as names do.
func (t *texts) repeats() bool { return 2*len(t.order) <= t.present }

// sameNumber returns two different texts that plain makes the same, or nothing.
func (t *texts) sameNumber(plain func(text string) string) (first, second string) {
	before := map[string]string{}
	for _, text := range t.order {
		key := plain(text)
		if other, found := before[key]; found {
			return other, text
		}
		before[key] = text
	}
	return "", ""
}

// codeOf tells why the numbers of a column are names, or "": digits of one length,
// some with a leading zero; texts such as 01 and 1, which are the same number; or
// whole numbers that float64 has too few digits for.
func (c *csvReader) codeOf(field int, records []record) string {
	var t texts
	zeros, long, length := false, "", 0 // length: of all texts, or -1
	for _, r := range records {
		if field >= len(r.fields) || c.dialect.isMissing(r.fields[field], Number) {
			continue
		}
		text := r.fields[field]
		if !isDigits(text) {
			return ""
		}
		zeros = zeros || len(text) > 1 && text[0] == '0'
		if length == 0 {
			length = len(text)
		} else if length != len(text) {
			length = -1
		}
		if v, err := parse(text); long == "" && err == nil && v > largestWhole {
			long = text
		}
	}
	if !zeros && long == "" {
		return ""
	}
	if zeros && length > 1 {
		return "its numbers begin with zeros, and have the same length"
	}
	t = c.textsOf(field, records)
	withoutZeros := func(text string) string { return strings.TrimLeft(text[:len(text)-1], "0") + text[len(text)-1:] }
	if first, second := t.sameNumber(withoutZeros); zeros && second != "" && t.repeats() {
		return fmt.Sprintf("some of its numbers begin with zeros, and %s and %s would be the same", first, second)
	}
	if long == "" {
		return ""
	}
	first, second := t.sameNumber(func(text string) string {
		v, _ := parse(text)
		return number(v)
	})
	switch {
	case second != "":
		return fmt.Sprintf("numbers of so many digits cannot be told apart: %s and %s would be the same", first, second)
	case t.repeats():
		return fmt.Sprintf("%s has more digits than numbers can hold", long)
	}
	return ""
}

func isDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// noticeSame notes texts of a column of numbers that people tell apart: the versions
// 1.1 and 1.10, or 01 and 1 where too few values come again for names.
func (c *csvReader) noticeSame(column *Column, field int) {
	t := c.textsOf(field, c.ahead)
	versions := t.repeats() && len(t.order) <= guessedClasses
	first, second := t.sameNumber(func(text string) string {
		v, err := c.dialect.number(text, column.Unit)
		switch {
		case err == nil && versions && v != math.Trunc(v):
			return strings.TrimRight(text, "0")
		case err == nil && !t.repeats() && isDigits(text):
			return number(v)
		}
		return "the text " + text
	})
	if second != "" {
		c.notes = append(c.notes, fmt.Sprintf("%s: %s and %s are read as the same number; --category keeps them apart", column.place(), first, second))
	}
}
