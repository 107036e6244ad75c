package table

import (
	"bytes"
	"math"
	"strconv"
)

// guessFormat returns LIBSVM if half of the first lines or more have what looks
// like a label and what looks like pairs behind it, with a pair in one line at
// least.
func guessFormat(sample []byte) Format {
	pairs, good, lines := 0, 0, 0
	for lines < 10 && len(sample) > 0 {
		line, rest, _ := bytes.Cut(sample, []byte("\n"))
		sample = rest
		line, _, _ = bytes.Cut(line, []byte("#"))
		if n, ok := countPairs(line); n >= 0 {
			lines++
			if ok {
				pairs += n
				good++
			}
		}
	}
	if pairs > 0 && 2*good >= lines {
		return LIBSVM
	}
	return CSV
}

// countPairs returns the number of pairs in a line, which is ok if there is
// nothing else but a label, or -1 for a blank line.
func countPairs(line []byte) (n int, ok bool) {
	t := tokens{line: line}
	label := t.next()
	if label == nil {
		return -1, false
	}
	first, _, _ := bytes.Cut(label, []byte(",")) // of several labels
	_, err := strconv.ParseFloat(string(first), 64)
	ok = err == nil || isMissing(string(label)) || isPair(label)
	for token := t.next(); token != nil; token = t.next() {
		if isPair(token) {
			n++
		} else {
			ok = false
		}
	}
	return n, ok
}

// isPair tells whether a token looks like index:value or qid:number.
func isPair(token []byte) bool {
	name, value, found := bytes.Cut(token, []byte(":"))
	if !found || len(value) == 0 || bytes.ContainsAny(value, ",;\"") {
		return false
	}
	_, err := strconv.ParseInt(string(name), 10, 64)
	return err == nil || string(name) == "qid" || bytes.Trim(name, "0123456789") == nil && len(name) > 0
}

// guessComma chooses the separator by which the first lines have the same
// number of fields, and most of them.
func guessComma(sample []byte) rune {
	best, bestSame, bestFields := ',', 0.0, 0
	for _, comma := range []rune{',', ';', '\t'} {
		parser := newParser(bytes.NewReader(sample), comma)
		fields, same, records := 0, 0, 0
		for records < 20 {
			record, err := parser.Read()
			if err != nil {
				break
			}
			if records++; records == 1 {
				fields = len(record)
			}
			if len(record) == fields {
				same++
			}
		}
		if fields < 2 {
			continue
		}
		fraction := float64(same) / float64(records)
		if fraction > bestSame || fraction == bestSame && fields > bestFields {
			best, bestSame, bestFields = comma, fraction, fields
		}
	}
	return best
}

// guessHeader tells whether the first record names the columns. It does if a
// column has a text there and numbers below, unless the record has fractions or
// says something twice; or if all columns are texts and none comes again.
func (c *csvReader) guessHeader() bool {
	first, comma := c.ahead[0].fields, c.csv.Comma
	seen := map[string]bool{}
	numbers, above := 0, false
	for field, text := range first {
		if seen[text] {
			return false
		}
		seen[text] = true
		if v, err := parse(text, comma); err == nil {
			if v != math.Trunc(v) || v < 0 {
				return false
			}
			numbers++
			continue
		}
		below, present := c.countNumbers(field, c.ahead[1:])
		above = above || present > 0 && below == present
	}
	if above || numbers > 0 {
		return above
	}
	for _, r := range c.ahead[1:] {
		for field, text := range r.fields {
			if field < len(first) && text == first[field] {
				return false
			}
		}
	}
	return true
}

// countNumbers counts the numbers and the values that are not missing in a field.
func (c *csvReader) countNumbers(field int, records []record) (numbers, present int) {
	for _, r := range records {
		if field >= len(r.fields) || isMissing(r.fields[field]) {
			continue
		}
		present++
		if _, err := parse(r.fields[field], c.csv.Comma); err == nil {
			numbers++
		}
	}
	return numbers, present
}
