package table

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// libsvm reads lines of LIBSVM. Indices may be of any size: an input is a
// column only if a row names it.
type libsvm struct {
	lines   lines
	options Options
	schema  *Schema
	fixed   bool             // the schema is that of another table
	columns map[uint64]int32 // from an index to the input
	classes map[string]float64

	target  [1]float64
	cells   []float64
	indices []int32
	unseen
	foreign   foreignIndices
	rows      int
	unlabeled int  // rows without a label
	queries   int  // rows with a qid
	zero      bool // the index 0 is named
}

func newLIBSVM(input *bufio.Reader, options Options, schema *Schema) *libsvm {
	l := &libsvm{lines: lines{input: input}, options: options, schema: schema, fixed: options.Schema != nil, columns: map[uint64]int32{}}
	if !l.fixed {
		*schema = Schema{Format: LIBSVM, Targets: []Column{{Name: labelName, Field: -1, Kind: Number}}}
		return l
	}
	for i, column := range schema.Inputs {
		if index, err := strconv.ParseUint(column.Name, 10, 64); err == nil {
			l.columns[index] = int32(i)
		}
	}
	l.classes = codes(schema.Targets[0])
	return l
}

func (l *libsvm) next(row *Row) error {
	for {
		line, err := l.lines.next()
		if err != nil {
			return err
		}
		if comment := bytes.IndexByte(line, '#'); comment >= 0 {
			line = line[:comment]
		}
		t := tokens{line: line}
		label := t.next()
		if label == nil {
			continue
		}
		row.Line = l.lines.number
		l.rows++
		if err := l.parse(row, label, &t); err != nil {
			return fmt.Errorf("line %d, column %d: %w", l.lines.number, t.start+1, err)
		}
		return nil
	}
}

// parse reads a line whose first token is taken already. A table that is read by
// the schema of another may have no labels.
func (l *libsvm) parse(row *Row, first []byte, t *tokens) (err error) {
	if isPair(first) && l.fixed {
		l.target[0] = math.NaN()
		l.unlabeled++
		*t = tokens{line: t.line}
	} else if l.target[0], err = l.label(string(first)); err != nil {
		return err
	}
	l.foreign.newRow()
	row.Targets = l.target[:]
	l.cells, l.indices = l.cells[:0], l.indices[:0]
	last, begins := uint64(0), true
	for token := t.next(); token != nil; token = t.next() {
		name, text, found := bytes.Cut(token, []byte(":"))
		if !found || len(text) == 0 {
			return fmt.Errorf("found %s; want index:value", quote(string(token)))
		}
		if begins && string(name) == "qid" {
			if _, err := strconv.ParseInt(string(text), 10, 64); err != nil {
				return fmt.Errorf("found %s; want qid:number", quote(string(token)))
			}
			l.queries++
			continue
		}
		index, err := strconv.ParseUint(string(name), 10, 64)
		if err != nil {
			return fmt.Errorf("found the index %s; want a whole number from 0 to 2^64-1", quote(string(name)))
		}
		if !begins && index <= last {
			return fmt.Errorf("found the index %d after %d; indices must increase", index, last)
		}
		last, begins = index, false
		l.zero = l.zero || index == 0
		value := math.NaN()
		if !isMissing(string(text)) {
			value, err = parse(string(text))
		} else if l.options.NoMissing {
			err = ErrMissing
		}
		if err != nil {
			return err
		}
		if input, known := l.column(index); known {
			l.indices, l.cells = append(l.indices, input), append(l.cells, value)
		} else {
			l.foreign.add(index)
		}
	}
	row.Cells, row.Index, row.Sparse = l.cells, l.indices, true
	return nil
}

// label reads a target.
func (l *libsvm) label(text string) (float64, error) {
	if isMissing(text) {
		return math.NaN(), nil
	}
	if isPair([]byte(text)) {
		return 0, fmt.Errorf("found %s; want a label, with which each line begins", quote(text))
	}
	v, err := parse(text)
	if err != nil {
		return 0, fmt.Errorf("the label: %w", err)
	}
	if l.schema.Targets[0].Kind == Category {
		return l.classOfNumber(l.classes, v), nil
	}
	return v, nil
}

// column returns the input of an index, which is a new one unless the schema
// is that of another table.
func (l *libsvm) column(index uint64) (input int32, known bool) {
	input, known = l.columns[index]
	if known || l.fixed {
		return input, known
	}
	input = int32(len(l.columns))
	l.columns[index] = input
	l.schema.Inputs = append(l.schema.Inputs, Column{Name: strconv.FormatUint(index, 10), Field: -1, Kind: Number})
	return input, true
}

// foreignIndices counts the indices that the schema does not have.
type foreignIndices struct {
	rows    map[uint64]int // that name each of the first maxForeign; nil: none
	more    bool           // there are others
	count   int            // rows that name any
	counted bool           // the last row does
}

// maxForeign bounds the memory for indices that are only counted.
const maxForeign = 1 << 12

func (f *foreignIndices) newRow() { f.counted = false }

func (f *foreignIndices) add(index uint64) {
	if !f.counted {
		f.counted = true
		f.count++
	}
	if f.rows == nil {
		f.rows = map[uint64]int{}
	}
	if _, known := f.rows[index]; !known && len(f.rows) == maxForeign {
		f.more = true
		return
	}
	f.rows[index]++
}

// sentences tells what the rows so far have that the schema has not.
func (l *libsvm) sentences() (lines []string) {
	if l.unlabeled > 0 {
		lines = append(lines, fmt.Sprintf("%d of %s without a label: answers for them are not measured", l.unlabeled, count(l.rows, "row")))
	}
	if l.queries > 0 {
		lines = append(lines, fmt.Sprintf("the query (qid) of %s is left out: each row counts for itself, and rows of a query may be learnt from and measured on", count(l.queries, "row")))
	}
	if l.foreign.count == 0 {
		return lines
	}
	foreign := slices.Sorted(maps.Keys(l.foreign.rows))
	var names []string
	for _, index := range foreign {
		names = append(names, strconv.FormatUint(index, 10))
	}
	number := count(len(foreign), "index")
	if l.foreign.more {
		number = fmt.Sprintf("more than %d indices", maxForeign)
	}
	lines = append(lines, fmt.Sprintf("%s that the model does not know, in %d of %s, left out: %s",
		number, l.foreign.count, count(l.rows, "row"), list(names)))
	if line := l.shifted(foreign); line != "" {
		lines = append(lines, line)
	}
	return lines
}

// shifted tells whether this table counts indices from 0 and the model's from 1, or
// the other way round.
func (l *libsvm) shifted(foreign []uint64) string {
	known := slices.Collect(maps.Keys(l.columns))
	if len(known) == 0 { // of a schema from elsewhere
		return ""
	}
	lowest, highest := slices.Min(known), slices.Max(known)
	switch {
	case foreign[0] == 0 && lowest == 1:
		return fmt.Sprintf("the indices are probably shifted by one: this table counts from 0, the model's from 1 to %d: every value is read as another input's", highest)
	case lowest == 0 && !l.zero && foreign[0] == highest+1 && len(foreign) == 1:
		return fmt.Sprintf("the indices are probably shifted by one: this table counts from 1, the model's from 0 to %d: every value is read as another input's", highest)
	}
	return ""
}

// tokens cuts a line at white space.
type tokens struct {
	line       []byte
	start, end int // of the last token
}

// next returns the next token, or nil.
func (t *tokens) next() []byte {
	i := t.end
	for i < len(t.line) && isSpace(t.line[i]) {
		i++
	}
	if i == len(t.line) {
		return nil
	}
	t.start = i
	for i < len(t.line) && !isSpace(t.line[i]) {
		i++
	}
	t.end = i
	return t.line[t.start:i]
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }
