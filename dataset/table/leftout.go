package table

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxCategories bounds the categories of a column that is an input, and the
// classes of a target.
const maxCategories = 1000

// fewestCounted is how many rows a column must count to be taken for their
// numbers whatever it is called, and how many whole numbers must all differ to be
// worth a line.
const fewestCounted = 5

// bringBack is how a column that is left out becomes an input.
const bringBack = "; --keep brings it back"

// leaveOut drops the columns that say nothing of rows to come: those with too many
// categories, and the numbers of rows. Fields in kept stay, and so do numbers of
// rows if there is nothing else.
func (t *Table) leaveOut(kept map[int]bool, nameless []bool) error {
	var indices, different, needless []int // inputs
	left := len(t.Schema.Inputs)
	reasons := make([]string, left)
	for i, column := range t.Schema.Inputs {
		reason, differ := t.reason(i, t.Schema.Header && (nameless[column.Field] || isIndexName(column.Name)))
		switch {
		case kept[column.Field] && len(column.Categories) > maxCategories:
			return fmt.Errorf("%s has more than %d different texts, and cannot be kept", column.place(), maxCategories)
		case kept[column.Field] && reason == "" && !differ:
			needless = append(needless, i)
		case kept[column.Field]:
		case reason != "":
			left--
			if reasons[i] = reason; column.Kind != Category {
				indices = append(indices, i)
			}
		case differ && t.Len() >= fewestCounted:
			different = append(different, i)
		}
	}
	if len(needless) > 0 {
		t.Said = append(t.Said, places(t.Schema.Inputs, needless)+" would stay without --keep, too")
	}
	if left == 0 && len(indices) > 0 {
		t.Said = append(t.Said, places(t.Schema.Inputs, indices)+" would be left out for numbering the rows, but nothing else is left to learn from")
		for _, i := range indices {
			reasons[i] = ""
		}
	}
	if len(different) > 0 {
		t.Said = append(t.Said, fmt.Sprintf("%s: all values are whole numbers and different: if they only number the rows, leave them out with --drop", places(t.Schema.Inputs, different)))
	}
	t.drop(reasons)
	return nil
}

// reason returns why an input is left out, or "", and whether its values are whole numbers
// that are all different.
func (t *Table) reason(input int, named bool) (reason string, differ bool) {
	if column := t.Schema.Inputs[input]; column.Kind == Category {
		return t.tooMany(len(column.Categories)), false
	}
	return t.index(input, named)
}

// tooMany returns why a column of so many categories is left out, or "".
func (t *Table) tooMany(categories int) string {
	switch {
	case categories > maxCategories:
		return fmt.Sprintf("more than %d different texts in %d rows", maxCategories, t.Len())
	case categories > 2 && 2*categories > t.Len():
		return fmt.Sprintf("%d different texts in %d rows%s", categories, t.Len(), bringBack)
	}
	return ""
}

// index returns why a column of numbers is left out, or "", and whether they are
// whole and all different. Its name may be that of numbers of rows, or none.
func (t *Table) index(input int, named bool) (reason string, differ bool) {
	counts, differ := t.wholeNumbers(input)
	switch {
	case named && differ:
		reason = "it numbers the rows" + bringBack
	case counts && t.Len() >= fewestCounted:
		reason = "it counts the rows" + bringBack
	}
	return reason, differ
}

// drop leaves out the inputs that have a reason.
func (t *Table) drop(reasons []string) {
	var kept []int
	var inputs []Column
	for i, column := range t.Schema.Inputs {
		if reasons[i] == "" {
			kept, inputs = append(kept, i), append(inputs, column)
			continue
		}
		t.LeftOut = append(t.LeftOut, fmt.Sprintf("%s is left out: %s", column.place(), reasons[i]))
	}
	if len(kept) < len(t.Schema.Inputs) {
		t.rows.keep(kept)
		t.Schema.Inputs = inputs
	}
}

// isIndexName tells whether a column is called as the numbers of rows are. That its
// values are such numbers is to be seen yet: NO may be nitrogen monoxide.
func isIndexName(name string) bool {
	name = strings.TrimRight(fold(name), ".:")
	if number, found := strings.CutPrefix(name, "unnamed: "); found { // by pandas
		_, err := strconv.Atoi(number)
		return err == nil
	}
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ._-", r) {
			return -1
		}
		return r
	}, name)
	return slices.Contains([]string{"", "#", "id", "index", "idx", "row", "rows", "rowid", "rowindex", "rowname", "rownames", "rownum", "rownumber", "nr", "no", "unnamed"}, name)
}

// wholeNumbers tells whether a column of numbers counts the rows from some whole
// number on, one by one, and whether its values are whole and all different. None
// may be missing.
func (t *Table) wholeNumbers(input int) (counts, differ bool) {
	const few = 512 // most columns that repeat a value do so early
	first := t.Row(0).Cells[input]
	values := make([]float64, 0, min(t.Len(), few))
	counts = true
	for i := range t.Len() {
		v := t.Row(i).Cells[input]
		if v != math.Trunc(v) { // or missing
			return false, false
		}
		counts = counts && v == first+float64(i)
		values = append(values, v)
		if i == few && !allDiffer(values) {
			return false, false
		}
	}
	return counts, counts || allDiffer(values)
}

// allDiffer may change the order of the values.
func allDiffer(values []float64) bool {
	slices.Sort(values)
	return len(slices.Compact(values)) == len(values)
}
