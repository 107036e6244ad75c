package table

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/internal/random"
)

// group is rows with the same inputs, which stay together in every split: what is
// measured on a copy of what was learnt from says nothing.
type group struct {
	rows    []int
	key     uint64  // by the rows' content and the seed
	target  float64 // the most frequent class, or the lowest value
	stratum int     // groups of one are alike in their targets
}

// groups returns the given rows by their inputs, in strata, and within one in an
// order that the content of the rows and the seed give, not their places. A stratum
// is a class; for a regression, so many groups of similar targets.
func (t *Table) groups(rows []int, perStratum int, seed uint64) []group {
	groups := t.identical(rows, seed)
	if len(groups) == 1 {
		groups = t.single(rows, seed)
	}
	byKey := func(a, b group) int { return cmp.Compare(a.key, b.key) }
	slices.SortFunc(groups, func(a, b group) int { return cmp.Or(cmp.Compare(a.target, b.target), byKey(a, b)) })
	if t.isClasses() {
		for i := range groups {
			groups[i].stratum = int(groups[i].target)
		}
		return groups
	}
	for i := range groups {
		groups[i].stratum = i / perStratum
	}
	for stratum := range slices.Chunk(groups, perStratum) {
		slices.SortFunc(stratum, byKey)
	}
	return groups
}

// identical returns groups of rows with the same inputs.
func (t *Table) identical(rows []int, seed uint64) (groups []group) {
	hash, source := newHasher(&t.Schema), &rand.PCG{}
	sorted, hashes := sortBy(rows, func(row int) uint64 { return hash.row(t.Row(row)) })
	for start := 0; start < len(rows); {
		end := start + 1
		for end < len(rows) && hashes[end] == hashes[start] {
			end++
		}
		random.Seed(source, seed, random.For("table.split"), 0, int(hashes[start]))
		g := group{rows: sorted[start:end:end], key: source.Uint64()}
		g.target = t.groupTarget(g.rows)
		groups = append(groups, g)
		start = end
	}
	return groups
}

// single returns groups of one row each, of rows with the same inputs: nothing can be
// learnt from them by heart. Keys are by the targets, and by how many rows had the
// same before.
func (t *Table) single(rows []int, seed uint64) (groups []group) {
	source := &rand.PCG{}
	sorted, hashes := sortBy(rows, func(row int) uint64 {
		sum := uint64(1)
		for _, v := range t.Row(row).Targets {
			sum = stir(sum, bitsOf(v))
		}
		return sum
	})
	before := 0
	for i := range sorted {
		if before++; i == 0 || hashes[i] != hashes[i-1] {
			before = 0
		}
		random.Seed(source, seed, random.For("table.split"), before, int(hashes[i]))
		groups = append(groups, group{rows: sorted[i : i+1 : i+1], key: source.Uint64(), target: t.Row(sorted[i]).Targets[0]})
	}
	return groups
}

// sortBy returns rows in the order of their hashes, and the hashes.
func sortBy(rows []int, hash func(row int) uint64) (sorted []int, hashes []uint64) {
	type entry struct {
		hash uint64
		row  int
	}
	entries := make([]entry, len(rows))
	for i, row := range rows {
		entries[i] = entry{hash(row), row}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row)) })
	for _, e := range entries {
		sorted, hashes = append(sorted, e.row), append(hashes, e.hash)
	}
	return sorted, hashes
}

func (t *Table) isClasses() bool { return t.Schema.Targets[0].Kind == Category }

// groupTarget returns the most frequent class of some rows, or their lowest target:
// neither depends on the order of the rows.
func (t *Table) groupTarget(rows []int) float64 {
	targets := make([]float64, len(rows))
	for i, row := range rows {
		targets[i] = t.Row(row).Targets[0]
	}
	slices.Sort(targets)
	if !t.isClasses() {
		return targets[0]
	}
	best, most := targets[0], 0
	for start := 0; start < len(targets); {
		end := start + 1
		for end < len(targets) && targets[end] == targets[start] {
			end++
		}
		if end-start > most {
			best, most = targets[start], end-start
		}
		start = end
	}
	return best
}

// strata cuts groups where the stratum changes.
func strata(groups []group) (parts [][]group) {
	for start := 0; start < len(groups); {
		end := start + 1
		for end < len(groups) && groups[end].stratum == groups[start].stratum {
			end++
		}
		parts = append(parts, groups[start:end])
		start = end
	}
	return parts
}

// Split deals rows out to a training set and a hold-out, which gets about the given
// fraction of them. Each has a row at least, and is in order. Both have about the
// same share of each class, or of low and high targets.
//
// The content of the rows and the seed decide, not their order; rows with the same
// inputs stay together, unless all have the same. Of each class, rows remain in the training set.
//
// Split fails for fewer than 2 rows, for a fraction that is not between 0 and 1, and
// if no class has 2 rows that differ.
func (t *Table) Split(rows []int, fraction float64, seed uint64) (train, holdout []int, err error) {
	if len(rows) < 2 {
		return nil, nil, fmt.Errorf("table: %s: a hold-out needs 2 at least", count(len(rows), "row"))
	}
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, errors.New("table: the fraction of a hold-out must be more than 0 and less than 1")
	}
	perStratum := min(int(math.Round(1/min(fraction, 1-fraction))), len(rows))
	groups := t.groups(rows, perStratum, seed)
	held := t.hold(groups, fraction, len(rows))
	if held == nil {
		return nil, nil, fmt.Errorf("table: %s: no class has 2 rows that differ: none can be held out, for it would be the only one of its class", t.Name)
	}
	for i, g := range groups {
		if held[i] {
			holdout = append(holdout, g.rows...)
		} else {
			train = append(train, g.rows...)
		}
	}
	slices.Sort(train)
	slices.Sort(holdout)
	return train, holdout, nil
}

// hold tells which groups are held out, or nil if none can be. The rows of all
// strata up to one come as near to the fraction as they can.
func (t *Table) hold(groups []group, fraction float64, rows int) []bool {
	held := make([]bool, len(groups))
	start, seen, taken, left := 0, 0, 0, len(groups)
	for _, stratum := range strata(groups) {
		for _, g := range stratum {
			seen += len(g.rows)
		}
		wanted := fraction * float64(seen)
		free := len(stratum)
		if t.isClasses() {
			free-- // of each class, something is learnt
		}
		for i, g := range stratum {
			after := float64(taken + len(g.rows))
			if free > 0 && left > 1 && math.Abs(after-wanted) < math.Abs(float64(taken)-wanted) {
				held[start+i] = true
				taken += len(g.rows)
				free--
				left--
			}
		}
		start += len(stratum)
	}
	if taken > 0 {
		return held
	}
	return t.holdOne(groups)
}

// holdOne holds out the smallest group of those that are not alone in their class,
// or returns nil if there is none.
func (t *Table) holdOne(groups []group) []bool {
	best, start := -1, 0
	for _, stratum := range strata(groups) {
		if len(stratum) > 1 || !t.isClasses() {
			for i := range stratum {
				if best < 0 || len(groups[start+i].rows) < len(groups[best].rows) {
					best = start + i
				}
			}
		}
		start += len(stratum)
	}
	if best < 0 {
		return nil
	}
	held := make([]bool, len(groups))
	held[best] = true
	return held
}

// NoFold is the fold of a row that is learnt from in all of them.
const NoFold = -1

// Folds deals rows out to k folds of about the same size, and returns that of each
// row: from 0 to k-1, or NoFold if no other row of its class has other inputs. Each
// fold has a row at least, and about the same share of each class, or of low and
// high targets. As in Split, the content of the rows and the seed decide, and rows
// with the same inputs stay together.
//
// Folds fails for fewer than 2 folds, or than k rows that differ.
func (t *Table) Folds(rows []int, k int, seed uint64) ([]int, error) {
	if k < 2 {
		return nil, fmt.Errorf("table: %d folds: want 2 at least", k)
	}
	foldOf := map[int]int{} // from a row
	overall, deal := make([]int, k), 0
	for _, stratum := range strata(t.groups(rows, k, seed)) {
		if len(stratum) == 1 && t.isClasses() {
			for _, row := range stratum[0].rows {
				foldOf[row] = NoFold
			}
			continue
		}
		deal += len(stratum)
		here := make([]int, k)
		for _, g := range stratum {
			best := 0 // of the folds with the fewest rows of this stratum, that with the fewest of all
			for i := range k {
				if here[i] < here[best] || here[i] == here[best] && overall[i] < overall[best] {
					best = i
				}
			}
			here[best] += len(g.rows)
			overall[best] += len(g.rows)
			for _, row := range g.rows {
				foldOf[row] = best
			}
		}
	}
	if deal < k {
		return nil, fmt.Errorf("table: %s: %s to measure on that differ, too few for %d folds", t.Name, count(deal, "row"), k)
	}
	folds := make([]int, len(rows))
	for i, row := range rows {
		folds[i] = foldOf[row]
	}
	return folds, nil
}

// Unmeasured tells, a sentence, which classes have rows in a training set but none
// in what is held out, or "" if there are none.
func (t *Table) Unmeasured(train, holdout []int) string {
	if !t.isClasses() {
		return ""
	}
	classes := t.Schema.Targets[0].Categories
	learnt, measured := make([]int, len(classes)), make([]int, len(classes))
	for _, row := range train {
		learnt[int(t.Row(row).Targets[0])]++
	}
	for _, row := range holdout {
		if class := t.Row(row).Targets[0]; class >= 0 {
			measured[int(class)]++
		}
	}
	var names []string
	for i, class := range classes {
		if learnt[i] > 0 && measured[i] == 0 {
			names = append(names, fmt.Sprintf("%s (%s)", short(class), count(learnt[i], "row")))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("too few rows to be measured, only learnt from: %s %s", plural(len(names), "class"), list(names))
}
