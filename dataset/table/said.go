package table

import (
	"fmt"
	"slices"
)

// sayUnseen tells which classes the schema does not have.
func (t *Table) sayUnseen() {
	if len(t.Unseen) == 0 {
		return
	}
	rows := make([]int, len(t.Unseen))
	for i := range t.Len() {
		if class := t.Row(i).Targets[0]; class <= Unknown {
			rows[int(Unknown-class)]++
		}
	}
	var names []string
	for i, name := range t.Unseen {
		names = append(names, fmt.Sprintf("%s (%s)", short(name), count(rows[i], "row")))
	}
	t.Said = append(t.Said, fmt.Sprintf("classes that the model does not know: %s; it knows %s", list(names), list(t.Schema.Targets[0].Categories)))
}

// sayConstants tells which inputs have one value alone in all rows, which are given.
func (t *Table) sayConstants(all []int) {
	if t.Len() == 1 {
		return
	}
	var constant []int
	for i, m := range t.moments(all) {
		if m.missing == t.Len() || m.missing == 0 && m.lowest == m.most {
			constant = append(constant, i)
		}
	}
	switch {
	case len(constant) == len(t.Schema.Inputs):
		t.Said = append(t.Said, "every input is constant: there is nothing to learn from")
	case len(constant) > 0:
		t.Said = append(t.Said, fmt.Sprintf("constant, so that nothing can be learnt from %s: %s", count(len(constant), "input"), places(t.Schema.Inputs, constant)))
	}
}

// sayConstantTargets tells which targets have one value alone.
func (t *Table) sayConstantTargets() {
	for k, target := range t.Schema.Targets {
		first, constant := t.Row(0).Targets[k], true
		for i := range t.Len() {
			constant = constant && t.Row(i).Targets[k] == first
		}
		if constant {
			t.Said = append(t.Said, fmt.Sprintf("%s is %s in every row: there is nothing to learn but that", target.place(), number(first)))
		}
	}
}

// sayCases tells which columns have texts that differ in case alone.
func (t *Table) sayCases() {
	var lines []string
	for _, column := range t.Schema.columns() {
		before := map[string]string{}
		for _, text := range column.Categories {
			other, found := before[fold(text)]
			if found {
				lines = append(lines, fmt.Sprintf("%s has both %s and %s, which are read as different", column.place(), quote(other), quote(text)))
				break
			}
			before[fold(text)] = text
		}
	}
	if more := len(lines) - maxPlaces; more > 0 {
		lines = append(lines[:maxPlaces], fmt.Sprintf("and the like in %d more columns", more))
	}
	t.Said = append(t.Said, lines...)
}

// sayRepeats tells how many rows have inputs that stood before, and which of them
// another target. All rows are given.
func (t *Table) sayRepeats(all []int) {
	rows := sortBy(all, t.hashRow)
	repeats, others, first := 0, 0, rows[0]
	for _, row := range rows[1:] {
		if row.hash != first.hash {
			first = row
			continue
		}
		repeats++
		if !slices.Equal(t.Row(int(row.index)).Targets, t.Row(int(first.index)).Targets) {
			others++
		}
	}
	if repeats > 0 {
		line := fmt.Sprintf("%d of %d rows have the same inputs as an earlier row", repeats, t.Len())
		if others > 0 {
			line += fmt.Sprintf(", %d of them another target", others)
		}
		t.Said = append(t.Said, line)
	}
}
