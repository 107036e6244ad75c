package table

import (
	"cmp"
	"slices"
	"strconv"
)

// sortCategories gives the categories of each column the order of the alphabet.
func (t *Table) sortCategories() {
	sort := func(column *Column, cells func(row Row) *float64) {
		if column.Kind != Category {
			return
		}
		sorted := slices.Sorted(slices.Values(column.Categories))
		codes := codes(Column{Kind: Category, Categories: sorted})
		number := make([]float64, len(sorted))
		for i, name := range column.Categories {
			number[i] = codes[name]
		}
		for i := range t.Len() {
			if cell := cells(t.Row(i)); *cell >= 0 { // not missing, nor one of too many
				*cell = number[int(*cell)]
			}
		}
		column.Categories = sorted
	}
	for i := range t.Schema.Inputs {
		sort(&t.Schema.Inputs[i], func(row Row) *float64 { return &row.Cells[i] })
	}
	for i := range t.Schema.Targets {
		sort(&t.Schema.Targets[i], func(row Row) *float64 { return &row.Targets[i] })
	}
}

// sortIndices gives the inputs of a LIBSVM file the order of their indices.
func (t *Table) sortIndices() {
	if t.Schema.Format != LIBSVM {
		return
	}
	inputs := t.Schema.Inputs
	order := make([]int, len(inputs))
	index := make([]uint64, len(inputs))
	for i, column := range inputs {
		order[i] = i
		index[i], _ = strconv.ParseUint(column.Name, 10, 64)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(index[a], index[b]) })
	place := make([]int32, len(inputs))
	sorted := make([]Column, len(inputs))
	for i, old := range order {
		place[old], sorted[i] = int32(i), inputs[old]
	}
	for _, block := range t.rows.indices {
		for k, old := range block {
			block[k] = place[old]
		}
	}
	t.Schema.Inputs = sorted
}
