package table

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
)

// libsvm reads lines of LIBSVM. Indices may be of any size: an input is a
// column only if a row names it.
type libsvm struct {
	input   *bufio.Reader
	options Options
	schema  *Schema
	fixed   bool             // the schema is that of another table
	columns map[uint64]int32 // from an index to the input
	classes map[string]float64

	line    int
	long    []byte // a line that does not fit into the input's buffer
	cells   []float64
	indices []int32
}

func newLIBSVM(input *bufio.Reader, options Options, schema *Schema) *libsvm {
	l := &libsvm{input: input, options: options, schema: schema, fixed: options.Schema != nil, columns: map[uint64]int32{}}
	if !l.fixed {
		*schema = Schema{Format: LIBSVM, Target: Column{Name: labelName, Field: -1, Kind: Number}}
		return l
	}
	for i, column := range schema.Inputs {
		if index, err := strconv.ParseUint(column.Name, 10, 64); err == nil {
			l.columns[index] = int32(i)
		}
	}
	l.classes = codes(schema.Target)
	return l
}

func (l *libsvm) next(row *Row) error {
	for {
		line, err := l.readLine()
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
		row.Line = l.line
		if err := l.parse(row, label, &t); err != nil {
			return fmt.Errorf("line %d, column %d: %w", l.line, t.start+1, err)
		}
		return nil
	}
}

// readLine returns the next line with its end.
func (l *libsvm) readLine() ([]byte, error) {
	l.line++
	l.long = l.long[:0]
	for {
		line, err := l.input.ReadSlice('\n')
		if err == bufio.ErrBufferFull && len(l.long)+len(line) <= maxRecord {
			l.long = append(l.long, line...)
			continue
		}
		if len(l.long) > 0 {
			l.long = append(l.long, line...)
			line = l.long
		}
		switch {
		case err == bufio.ErrBufferFull:
			return nil, fmt.Errorf("line %d: %w", l.line, errRecord)
		case err == io.EOF && len(line) > 0, err == nil:
			return line, nil
		case err == io.EOF:
			return nil, err
		}
		return nil, fmt.Errorf("line %d: %w", l.line, err)
	}
}

// parse reads a line whose label is taken already.
func (l *libsvm) parse(row *Row, label []byte, t *tokens) (err error) {
	if row.Target, err = l.label(string(label)); err != nil {
		return err
	}
	l.cells, l.indices = l.cells[:0], l.indices[:0]
	last, first := uint64(0), true
	for token := t.next(); token != nil; token = t.next() {
		name, text, found := bytes.Cut(token, []byte(":"))
		if !found || len(text) == 0 {
			return fmt.Errorf("found %s; want index:value", quote(string(token)))
		}
		if first && string(name) == "qid" {
			if _, err := strconv.ParseInt(string(text), 10, 64); err != nil {
				return fmt.Errorf("found %s; want qid:number", quote(string(token)))
			}
			continue
		}
		index, err := strconv.ParseUint(string(name), 10, 64)
		if err != nil {
			return fmt.Errorf("found the index %s; want a whole number from 0 to 2^64-1", quote(string(name)))
		}
		if !first && index <= last {
			return fmt.Errorf("found the index %d after %d; indices must increase", index, last)
		}
		last, first = index, false
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
	v, err := parse(text)
	if err != nil {
		return 0, fmt.Errorf("the label: %w", err)
	}
	if l.schema.Target.Kind == Category {
		return class(l.classes, number(v)), nil
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
