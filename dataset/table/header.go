package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/internal/spelling"
	"golang.org/x/text/unicode/norm"
)

// header knows the columns of a CSV file by their names, each of which is that of
// one column alone.
type header struct {
	names    []string
	nameless []bool           // columns without a name in a file that has names
	places   map[string]int   // of names
	repeated map[string][]int // names that stand more than once, and where
	folded   map[string][]int // columns by their names after fold; nil until it is asked for
}

// newHeader names so many columns by the fields of a header, or by their numbers
// if there is none (nil). A column whose name is empty is called by its number,
// or unnamed if another is called so, and one whose name stood before by the name, a
// dot and a number.
func newHeader(record []string, fields int) *header {
	h := &header{names: make([]string, fields), nameless: make([]bool, fields), places: make(map[string]int, fields), repeated: map[string][]int{}}
	for i := range fields {
		switch {
		case record == nil:
			h.names[i] = strconv.Itoa(i + 1)
			h.places[h.names[i]] = i
			continue
		case record[i] == "":
			h.nameless[i] = true
			continue
		}
		name := strings.Clone(record[i])
		if first, again := h.places[name]; !again {
			h.names[i], h.places[name] = name, i
		} else if h.repeated[name] == nil {
			h.repeated[name] = []int{first, i}
		} else {
			h.repeated[name] = append(h.repeated[name], i)
		}
	}
	for i, name := range h.names {
		if name != "" {
			continue
		}
		second := 2
		if h.nameless[i] {
			if name = strconv.Itoa(i + 1); h.has(name) {
				name = "unnamed"
			}
		} else {
			name = record[i]
			second = 1 + slices.Index(h.repeated[name], i)
		}
		h.names[i] = h.unused(name, second)
		h.places[h.names[i]] = i
	}
	return h
}

func (h *header) has(name string) bool {
	_, found := h.places[name]
	return found
}

// unused returns the name, or with a dot and a number from second on behind it, so
// that no column is called so.
func (h *header) unused(name string, second int) string {
	candidate := name
	for _, found := h.places[candidate]; found; second++ {
		candidate = name + "." + strconv.Itoa(second)
		_, found = h.places[candidate]
	}
	return candidate
}

// said tells how names that stand more than once are told apart.
func (h *header) said() (lines []string) {
	for _, first := range sortedPlaces(h.repeated) {
		places := h.repeated[h.names[first]]
		var calls []string
		for _, i := range places[:min(len(places), maxPlaces)] {
			calls = append(calls, quote(h.names[i]))
		}
		lines = append(lines, fmt.Sprintf("columns %s are all called %s: here they are %s",
			numbers(places), quote(h.names[first]), strings.Join(calls, ", ")))
	}
	if len(lines) > maxPlaces {
		lines = append(lines[:maxPlaces], fmt.Sprintf("and %d more names stand over several columns", len(lines)-maxPlaces))
	}
	return lines
}

// sortedPlaces returns the first place of each name, in order.
func sortedPlaces(repeated map[string][]int) (first []int) {
	for _, places := range repeated {
		first = append(first, places[0])
	}
	slices.Sort(first)
	return first
}

// numbers lists places as people count them.
func numbers(places []int) string {
	var all []string
	for _, i := range places {
		all = append(all, strconv.Itoa(i+1))
	}
	if len(all) > maxPlaces {
		return list(all)
	}
	if len(all) == 1 {
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// fold makes names alike that differ in case, in the blanks around them, or in how
// their accents are written.
func fold(name string) string { return strings.ToLower(norm.NFC.String(strings.TrimSpace(name))) }

// find returns the column that an option means: that of the name or, if none has
// it, of the number, or the only one whose name differs in case alone. A line
// tells that the number was another column's.
func (h *header) find(name string) (place int, said string, err error) {
	n, err := strconv.Atoi(name)
	isNumber := err == nil && 1 <= n && n <= len(h.names)
	if places := h.repeated[name]; places != nil {
		return 0, "", ambiguous("%s is the name of the columns %s: choose one by its number", quote(name), numbers(places))
	}
	if i, found := h.places[name]; found {
		if isNumber && i != n-1 {
			said = fmt.Sprintf("%s is taken for the name of column %d, not for the number of column %d (%s)", name, i+1, n, short(h.names[n-1]))
		}
		return i, said, nil
	}
	if isNumber {
		return n - 1, "", nil
	}
	switch places := h.alike(name); len(places) {
	case 0:
		return 0, "", fmt.Errorf("%w: %s; there are %d: %s", ErrColumn, quote(name), len(h.names), h.list(name))
	case 1:
		return places[0], "", nil
	default:
		return 0, "", ambiguous("%s may be any of the columns %s: choose one by its number", quote(name), numbers(places))
	}
}

// ambiguous is an ErrColumn for a name that several columns have.
func ambiguous(format string, args ...any) error { return ambiguousError(fmt.Sprintf(format, args...)) }

type ambiguousError string

func (e ambiguousError) Error() string        { return string(e) }
func (e ambiguousError) Is(target error) bool { return target == ErrColumn }

// alike returns the columns whose names differ from a name by no more than
// plainName takes away.
func (h *header) alike(name string) (places []int) {
	if h.folded == nil {
		h.folded = make(map[string][]int, len(h.names))
		for i, other := range h.names {
			folded := plainName(other)
			h.folded[folded] = append(h.folded[folded], i)
		}
	}
	return h.folded[plainName(name)]
}

// list shows the first names, and the one that is spelt most like what was looked
// for if it is not among them.
func (h *header) list(name string) string {
	var names []string
	for _, other := range h.names[:min(len(h.names), maxPlaces)] {
		names = append(names, short(other))
	}
	text := strings.Join(names, ", ")
	if len(h.names) > maxPlaces {
		text += ", …"
		if nearest := h.nearest(name); nearest != "" && !slices.Contains(names, nearest) {
			text += "; the most alike is " + nearest
		}
	}
	return text
}

// nearest returns the name that is spelt most like another, or "".
func (h *header) nearest(name string) string {
	var folded []string
	for _, other := range h.names {
		folded = append(folded, short(fold(other)))
	}
	found := spelling.Nearest(short(fold(name)), folded)
	if found == "" {
		return ""
	}
	return short(h.names[slices.Index(folded, found)])
}

// match returns the place of a column of a schema, and a line if it is called a
// little otherwise here; -1 without an error if no column is called so. The names
// that the schema has are given, and its number of fields: a column without a name is
// one of the schema's only at the same place among as many.
func (h *header) match(column Column, schema map[string]bool, fields int) (place int, said string, err error) {
	if i, found := h.places[column.Name]; found {
		if h.nameless[i] && (i != column.Field || len(h.names) != fields) {
			return -1, "", ambiguous("the model needs column %s, and column %s has no name: give the columns the model's names", quote(column.Name), strconv.Itoa(i+1))
		}
		places := h.repeated[column.Name]
		if places != nil && i != column.Field && !schema[h.names[places[1]]] {
			return -1, "", ambiguous("the columns %s are called %s: the model needs one of that name", numbers(places), quote(column.Name))
		}
		return i, "", nil
	}
	places := slices.DeleteFunc(slices.Clone(h.alike(column.Name)), func(i int) bool { return schema[h.names[i]] })
	switch len(places) {
	case 0:
		return -1, "", nil
	case 1:
		return places[0], fmt.Sprintf("column %d, %s, is read as the model's %s", places[0]+1, quote(h.names[places[0]]), quote(column.Name)), nil
	}
	return -1, "", ambiguous("%s, which the model needs, may be any of the columns %s", quote(column.Name), numbers(places))
}

// plainName is fold, and writes a name that is a number as any other that is the
// same: 1100.0 is 1100.
func plainName(name string) string {
	if v, err := parse(name); err == nil {
		return number(v)
	}
	return fold(name)
}

// sharesNames tells whether a record is a header of the schema's columns: if it
// has the name of an input, however written. Names that are numbers may be values:
// all of them must be there.
func sharesNames(fields []string, schema *Schema) bool {
	found := make(map[string]bool, len(fields))
	for _, field := range fields {
		found[plainName(field)] = true
	}
	all := true
	for _, column := range schema.Inputs {
		shared := found[plainName(column.Name)]
		if _, err := parse(column.Name); err != nil && shared {
			return true
		}
		all = all && shared
	}
	if len(fields) == schema.Fields {
		for _, target := range schema.Targets {
			all = all && found[plainName(target.Name)]
		}
	}
	return all
}
