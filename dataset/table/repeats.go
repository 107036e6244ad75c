package table

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"math/bits"
	"slices"
)

// hasher gives rows numbers by their inputs as they were read: by the names of
// categories and indices, which do not depend on the order of the rows.
type hasher struct {
	columns    []uint64   // of the names of inputs
	categories [][]uint64 // of each input
}

func newHasher(schema *Schema) *hasher {
	h := &hasher{}
	for _, column := range schema.Inputs {
		h.columns = append(h.columns, textHash(column.Name))
		var categories []uint64
		for _, name := range column.Categories {
			categories = append(categories, textHash(name))
		}
		h.categories = append(h.categories, categories)
	}
	return h
}

func textHash(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text)) // never fails
	return h.Sum64()
}

// row returns the number of a row. Zeros that a sparse row names count as those
// that it does not.
func (h *hasher) row(row Row) uint64 {
	sum := uint64(1)
	for k, v := range row.Cells {
		if row.Sparse {
			if v == 0 {
				continue
			}
			sum = stir(sum, h.columns[row.Index[k]])
			sum = stir(sum, bitsOf(v))
		} else if categories := h.categories[k]; v >= 0 && v < float64(len(categories)) {
			sum = stir(sum, categories[int(v)])
		} else {
			sum = stir(sum, bitsOf(v))
		}
	}
	return sum
}

// bitsOf is the same for both zeros, and for all NaNs.
func bitsOf(v float64) uint64 {
	if math.IsNaN(v) {
		return 1
	}
	return math.Float64bits(v + 0)
}

// stir takes a number into a sum, by the product of both as wyhash does (Wang Yi,
// 2019); the constants are digits of the golden ratio and of the square root of 2.
func stir(sum, v uint64) uint64 {
	high, low := bits.Mul64(sum^0x9e3779b97f4a7c15, v^0x6a09e667f3bcc909)
	return high ^ low ^ bits.RotateLeft64(sum, 23)
}

// hashed is a row by its place in some list, and its number.
type hashed struct {
	hash  uint64
	index int32
}

// sortBy returns some rows in the order of their hashes; of the same, in their own.
func sortBy(rows []int, hash func(row int) uint64) []hashed {
	all := make([]hashed, len(rows))
	for i, row := range rows {
		all[i] = hashed{hash(row), int32(i)}
	}
	slices.SortFunc(all, func(a, b hashed) int {
		if a.hash == b.hash {
			return cmp.Compare(a.index, b.index)
		}
		return cmp.Compare(a.hash, b.hash)
	})
	return all
}

// sayRepeats tells how many rows have inputs that stood before, and which of them
// another target. All rows are given.
func (t *Table) sayRepeats(all []int) {
	hash := newHasher(&t.Schema)
	rows := sortBy(all, func(row int) uint64 { return hash.row(t.Row(row)) })
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
