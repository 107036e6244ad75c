package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Format is how a table is written.
type Format string

// The formats. LIBSVM lines are "label index:value index:value ...", with an
// optional "qid:number" after the label and comments from # on, as SVMlight has
// them; indices increase from 1 on, or from 0 as scikit-learn writes them, and
// inputs that are not named are 0.
const (
	CSV    Format = "csv"
	LIBSVM Format = "libsvm"
)

// Kind is what the cells of a column are.
type Kind string

// The kinds of columns.
const (
	Number   Kind = "number"
	Category Kind = "category"
)

// Column describes a column.
type Column struct {
	Name       string   `json:"name"`  // of the header, or a number from 1 on; in LIBSVM files, the index
	Field      int      `json:"field"` // CSV: where it stands in a row, from 0 on
	Kind       Kind     `json:"kind"`
	Categories []string `json:"categories,omitempty"`
	Unit       string   `json:"unit,omitempty"` // that numbers bear: a sign of currency or percent
}

// place names a column in an error.
func (c Column) place() string {
	switch {
	case c.Field < 0: // LIBSVM
		if c.Name == labelName {
			return "the label"
		}
		return "index " + c.Name
	case c.Name == strconv.Itoa(c.Field+1):
		return "column " + c.Name
	}
	return fmt.Sprintf("column %d (%s)", c.Field+1, short(c.Name))
}

// places lists some columns as errors name them.
func places(columns []Column, some []int) string {
	var all []string
	for _, i := range some {
		all = append(all, columns[i].place())
	}
	return list(all)
}

// namesOf lists the names of some columns.
func namesOf(columns []Column, some []int) string {
	var all []string
	for _, i := range some {
		all = append(all, columns[i].Name)
	}
	return list(all)
}

// labelName is the name of the target in LIBSVM files.
const labelName = "label"

// Schema says which columns a table has: what must be known of one table to
// read another like it.
type Schema struct {
	Format  Format   `json:"format"`
	Header  bool     `json:"header,omitempty"` // the columns have names
	Fields  int      `json:"fields,omitempty"` // CSV: fields of a row, with the targets and those left out
	Dialect Dialect  `json:"dialect,omitzero"` // CSV: how numbers are written
	Targets []Column `json:"targets"`          // one, or several numbers
	Weight  *Column  `json:"weight,omitempty"`
	Inputs  []Column `json:"inputs"`
}

// UnmarshalJSON also reads what was written when a table had one target, under
// the key "target".
func (s *Schema) UnmarshalJSON(content []byte) error {
	type plain Schema // without this method
	var read struct {
		plain
		Target *Column `json:"target"`
	}
	if err := json.Unmarshal(content, &read); err != nil {
		return err
	}
	*s = Schema(read.plain)
	if read.Target != nil && s.Targets == nil {
		s.Targets = []Column{*read.Target}
	}
	return nil
}

// columns returns all columns: inputs, targets, and the weight if there is one.
func (s *Schema) columns() []Column {
	all := slices.Concat(s.Inputs, s.Targets)
	if s.Weight != nil {
		all = append(all, *s.Weight)
	}
	return all
}

// Check returns an error where a schema that was read from somewhere contradicts
// itself.
func (s *Schema) Check() error {
	if s.Format != CSV && s.Format != LIBSVM {
		return fmt.Errorf("table: schema: the format is %q; want csv or libsvm", s.Format)
	}
	if len(s.Inputs) == 0 {
		return errors.New("table: schema: no inputs")
	}
	if len(s.Targets) == 0 {
		return errors.New("table: schema: no targets")
	}
	if err := s.Dialect.check(); err != nil {
		return fmt.Errorf("table: schema: %w", err)
	}
	names, fields := make(map[string]bool, len(s.Inputs)), make(map[int]bool, len(s.Inputs))
	for i, c := range s.columns() {
		target := i >= len(s.Inputs)
		switch {
		case names[c.Name]:
			return fmt.Errorf("table: schema: two columns are called %q", c.Name)
		case c.Kind != Number && c.Kind != Category:
			return fmt.Errorf("table: schema: column %q is of the kind %q; want number or category", c.Name, c.Kind)
		case target && c.Kind == Category && (len(s.Targets) > 1 || i > len(s.Inputs)):
			return fmt.Errorf("table: schema: column %q is of the kind %s; want numbers for weights and for several targets", c.Name, c.Kind)
		case (c.Kind == Category) != (len(c.Categories) > 0) && !(c.Kind == Category && !target):
			return fmt.Errorf("table: schema: column %q has %d categories but is of the kind %s", c.Name, len(c.Categories), c.Kind)
		case s.Format == CSV && (c.Field < 0 || c.Field >= s.Fields):
			return fmt.Errorf("table: schema: column %q is field %d of %d", c.Name, c.Field, s.Fields)
		case s.Format == CSV && fields[c.Field]:
			return fmt.Errorf("table: schema: two columns are field %d", c.Field)
		case s.Format == LIBSVM && c.Field >= 0, s.Format == LIBSVM && !target && c.Kind != Number:
			return fmt.Errorf("table: schema: column %q is none of a LIBSVM file", c.Name)
		}
		names[c.Name], fields[c.Field] = true, true
	}
	return nil
}

// maxShown bounds what an error quotes.
const maxShown = 40

// short cuts a text for an error.
func short(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

func quote(text string) string { return strconv.Quote(short(text)) }

// Reasons that a caller may want to tell apart with errors.Is, to say what can
// be done.
var (
	ErrNumber   = errors.New("not a number")
	ErrMissing  = errors.New("the value is missing")
	ErrCategory = errors.New("unknown category")
	ErrColumn   = errors.New("no such column")
)
