package table

import (
	"fmt"
	"slices"
	"strings"
)

// findHeader tells rows from comments, separators at line ends from fields and
// the header from the rows, in what was read ahead.
func (c *csvReader) findHeader() (header bool, err error) {
	names := c.dropComments()
	rowNames := c.findWidth()
	if names != nil && len(names.fields) != c.fields {
		names = nil
	}
	given := c.dialect.Header
	switch {
	case c.fields == 1 && len(c.ahead) > 1 && len(c.ahead[1].fields) > 1:
		return false, fmt.Errorf("line %d: 1 field, but %d in line %d: the table must begin with its header or first row; take out the lines before it",
			c.ahead[0].line, len(c.ahead[1].fields), c.ahead[1].line)
	case c.fields == 1 && !c.fixed:
		return false, doubtf(ErrSeparator, "no columns but the target")
	case rowNames || given == WithHeader && names == nil:
		return true, nil
	case given == NoHeader:
		return false, nil
	}
	if header, err = c.isHeader(); header || names == nil {
		return header, err
	}
	// A header behind a comment's mark, as numpy.savetxt writes it.
	c.ahead = slices.Insert(c.ahead, 0, *names)
	if given == WithHeader {
		return true, nil
	}
	if header, err = c.isHeader(); !header {
		c.ahead[0].fields[0] = names.mark + names.fields[0]
		if !c.markedRows {
			c.ahead = c.ahead[1:]
		}
	}
	return header, err
}

// isHeader guesses whether the first record is a header.
func (c *csvReader) isHeader() (bool, error) {
	if c.fixed && c.dialect.Header == GuessHeader {
		if c.schema.Header && sharesNames(c.ahead[0].fields, c.schema) {
			return true, nil
		}
		return false, c.doubtRow()
	}
	return c.guessHeader()
}

// dropComments leaves the rows, and returns the last of the comments before the
// first row that has as many fields. Lines that begin with # or % may be rows if
// they have as many fields as the others, and most have the mark or the first
// column is one of texts.
func (c *csvReader) dropComments() (names *record) {
	var rows []record
	for _, r := range c.ahead {
		if r.mark == "" {
			rows = append(rows, r)
		}
	}
	c.markedRows = true
	if len(rows) > 0 {
		c.fields = len(rows[len(rows)-1].fields)
		marked := 0
		for _, r := range c.ahead {
			if r.mark != "" && c.isRow(r) {
				marked++
			}
		}
		numbers, present := c.countNumbers(0, rows[1:])
		c.markedRows = marked > len(rows) || 2*numbers < present
	}
	kept := c.ahead[:0:0]
	for _, r := range c.ahead {
		switch {
		case r.mark == "" || len(rows) == 0:
		case !c.isRow(r) && len(r.fields) != c.fields:
			continue
		case len(kept) == 0 && 2*len(rows) > len(c.ahead):
			r.mark = strings.TrimSpace(r.mark)
			names = &r
			continue
		case !c.markedRows:
			continue
		}
		r.fields[0], r.mark = r.mark+r.fields[0], ""
		kept = append(kept, r)
	}
	c.ahead = kept
	return names
}

// isRow tells whether a record that begins with the mark of a comment is a row.
func (c *csvReader) isRow(r record) bool {
	return c.markedRows && len(r.fields) >= c.fields && len(withoutEmpty(r.fields, c.fields)) == c.fields
}

// findWidth sets the number of fields. Empty fields behind the last that any row has
// something in are none: separators at line ends, or columns that a spreadsheet once
// had. If the first record has a field fewer than all others, it is a header as R's
// write.table writes it: the first column has no name, but those of the rows, and a
// name is inserted that is empty.
func (c *csvReader) findWidth() (rowNames bool) {
	first, rows := c.ahead[0].fields, c.ahead[1:]
	c.fields = len(first)
	widest := 1
	for _, r := range c.ahead {
		widest = max(widest, len(withoutEmpty(r.fields, 0)))
	}
	wider := func(r record) bool { return len(r.fields) == c.fields+1 }
	if widest < c.fields && c.wantsEmpty() {
		widest = max(widest, min(c.fields, c.schema.Fields))
	}
	switch {
	case widest < c.fields:
		c.fields = widest
	case widest == c.fields+1 && !slices.ContainsFunc(rows, func(r record) bool { return !wider(r) }) && c.dialect.Header != NoHeader &&
		slices.ContainsFunc(first, func(text string) bool { return !c.dialect.looksNumeric(text) }):
		c.fields++
		c.ahead[0].fields = slices.Insert(first, 0, "")
		return true
	}
	for i, r := range c.ahead {
		c.ahead[i].fields = withoutEmpty(r.fields, c.fields)
	}
	return false
}

// withoutEmpty leaves out empty fields at the end, but so many that they are at least.
func withoutEmpty(fields []string, least int) []string {
	for len(fields) > least && fields[len(fields)-1] == "" {
		fields = fields[:len(fields)-1]
	}
	return fields
}

// wantsEmpty tells whether the schema wants so many fields and there is no header, so
// that empty ones at the end are missing values.
func (c *csvReader) wantsEmpty() bool {
	return c.fixed && c.dialect.Header != WithHeader && !sharesNames(c.ahead[0].fields, c.schema)
}
