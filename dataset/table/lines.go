package table

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// lines reads lines of at most maxRecord bytes.
type lines struct {
	input  *bufio.Reader
	number int    // of the last line, from 1 on
	long   []byte // a line that does not fit into the input's buffer
}

// next returns the next line without its end, good until the next call.
func (l *lines) next() ([]byte, error) {
	l.number++
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
			return nil, fmt.Errorf("line %d: %w", l.number, errRecord)
		case err == io.EOF && len(line) > 0, err == nil:
			return bytes.TrimSuffix(line, []byte("\n")), nil
		case err == io.EOF:
			return nil, err
		}
		return nil, fmt.Errorf("line %d: %w", l.number, err)
	}
}

// records parts lines into fields. A field in quotes may hold separators, line
// ends and, twice each, quotes; in others a quote is a character like any.
type records struct {
	lines     lines
	separator string // " ": runs of blanks and tabs
	fields    []string
	quoted    []byte // what the fields of a record with quotes hold, one behind the other
	ends      []int  // of each of them
}

// record is a row of fields, without the blanks around them.
type record struct {
	line   int
	mark   string // # or % at the beginning: the fields behind are a comment's, perhaps
	fields []string
}

// next returns the next record that is not blank. Its fields are good until the
// next call, but their texts for ever.
func (p *records) next() (record, error) {
	for {
		line, err := p.lines.next()
		if err != nil {
			return record{}, err
		}
		r := record{line: p.lines.number}
		start := line[p.skipBlanks(line, 0):]
		switch {
		case len(start) == 0:
			continue
		case start[0] == '#' || start[0] == '%':
			text := strings.TrimLeft(string(start), "#%")
			r.mark = string(start[:len(start)-len(text)])
			p.split(text)
		case bytes.IndexByte(line, '"') < 0:
			p.split(string(line))
		default:
			if err := p.unquote(line); err != nil {
				return record{}, err
			}
		}
		r.fields = p.fields
		return r, nil
	}
}

// split parts a text without quotes.
func (p *records) split(text string) {
	p.fields = p.fields[:0]
	if p.separator == " " {
		text = strings.Trim(text, " \t")
		for text != "" {
			end := strings.IndexAny(text, " \t")
			if end < 0 {
				end = len(text)
			}
			p.fields = append(p.fields, text[:end])
			text = strings.TrimLeft(text[end:], " \t")
		}
		if len(p.fields) == 0 {
			p.fields = append(p.fields, "") // of an empty comment
		}
		return
	}
	for {
		field, rest, found := strings.Cut(text, p.separator)
		p.fields = append(p.fields, strings.TrimSpace(field))
		if !found {
			return
		}
		text = rest
	}
}

// unquote parts a line that has quotes, and those that a quoted field goes on in.
func (p *records) unquote(line []byte) error {
	p.quoted, p.ends = p.quoted[:0], p.ends[:0]
	i, begin := 0, p.lines.number
	for more := true; more; {
		i = p.skipBlanks(line, i)
		if p.separator == " " && i == len(line) && len(p.ends) > 0 {
			break // blanks at the end of a line
		}
		if i < len(line) && line[i] == '"' {
			var err error
			if line, i, err = p.unquoteField(line, i+1); err != nil {
				return err
			}
			if p.separator != " " {
				i = p.skipBlanks(line, i)
			}
		} else {
			end := p.endOf(line[i:])
			p.quoted = append(p.quoted, line[i:i+end]...)
			i += end
		}
		p.ends = append(p.ends, len(p.quoted))
		switch rest := line[i:]; {
		case len(rest) == 0:
			more = false
		case p.separator == " " && (rest[0] == ' ' || rest[0] == '\t'):
		case string(rest[:min(len(rest), len(p.separator))]) == p.separator:
			i += len(p.separator)
		default:
			return fmt.Errorf("line %d, character %d, of a row that begins in line %d: text behind a closing quote; a quote in a quoted field must stand twice",
				p.lines.number, i+1, begin)
		}
	}
	text, start := string(p.quoted), 0
	p.fields = p.fields[:0]
	for _, end := range p.ends {
		p.fields = append(p.fields, strings.TrimSpace(text[start:end]))
		start = end
	}
	return nil
}

// skipBlanks returns the place behind blanks, which tabs are unless they part
// fields.
func (p *records) skipBlanks(line []byte, i int) int {
	for i < len(line) && (line[i] == ' ' || line[i] == '\t' && p.separator != "\t") {
		i++
	}
	return i
}

// endOf returns where the field at the beginning of a line ends.
func (p *records) endOf(line []byte) int {
	var end int
	switch {
	case p.separator == " ":
		end = bytes.IndexAny(line, " \t")
	case len(p.separator) == 1:
		end = bytes.IndexByte(line, p.separator[0])
	default:
		end = bytes.Index(line, []byte(p.separator))
	}
	if end < 0 {
		return len(line)
	}
	return end
}

// unquoteField reads on behind an opening quote to behind the closing one.
func (p *records) unquoteField(line []byte, i int) ([]byte, int, error) {
	opened, at, begin := p.lines.number, i, len(p.quoted)
	for {
		quote := bytes.IndexByte(line[i:], '"')
		switch {
		case quote < 0:
			p.quoted = append(append(p.quoted, line[i:]...), '\n')
			next, err := p.lines.next()
			if err == io.EOF {
				return nil, 0, fmt.Errorf("line %d, character %d: a quote that is not closed", opened, at)
			}
			if len(p.quoted)-begin > maxRecord {
				err = fmt.Errorf("line %d: %w, behind the quote in character %d", opened, errRecord, at)
			}
			if err != nil {
				return nil, 0, err
			}
			line, i = next, 0
		case i+quote+1 < len(line) && line[i+quote+1] == '"':
			p.quoted = append(p.quoted, line[i:i+quote+1]...)
			i += quote + 2
		default:
			p.quoted = append(p.quoted, line[i:i+quote]...)
			return line, i + quote + 1, nil
		}
	}
}
