package table

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// hash gives a row a number by its inputs. Those of a table that Read completed do not
// depend on the order of its rows. Zeros that a sparse row names count as those that
// it does not.
func (row *Row) hash() uint64 {
	sum := uint64(1)
	for k, v := range row.Cells {
		if row.Sparse {
			if v == 0 {
				continue
			}
			sum = stir(sum, uint64(row.Index[k]))
		}
		sum = stir(sum, bitsOf(v))
	}
	return sum
}

// hashRow is the hash of row i.
func (t *Table) hashRow(i int) uint64 {
	row := t.Row(i)
	return row.hash()
}

// hashAll is a hash of all that row i holds: its inputs, targets and weight.
func (t *Table) hashAll(i int) uint64 {
	row := t.Row(i)
	sum := row.hash()
	for _, v := range row.Targets {
		sum = stir(sum, bitsOf(v))
	}
	if t.Schema.Weight != nil {
		sum = stir(sum, bitsOf(row.Weight))
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
	sortHashed(all)
	return all
}

func sortHashed(all []hashed) {
	slices.SortFunc(all, func(a, b hashed) int {
		if a.hash == b.hash {
			return cmp.Compare(a.index, b.index)
		}
		return cmp.Compare(a.hash, b.hash)
	})
}
