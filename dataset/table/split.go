package table

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/internal/random"
)

// grouping is some rows by their inputs: those with the same stay together in every
// split, for what is measured on a copy of what was learnt from says nothing. Rows are
// parted one by one where there is little but copies, of the few inputs that some
// categories have, and where one group is a giant beside the others, such as the zeros
// of a zero-inflated table: whole, it would fill a fold, or others would have to make
// up for it. A new row is likely to be such a copy, so to measure on some is honest.
type grouping struct {
	rows   []int
	places []hashed // of rows, by their inputs
	groups []group  // by strata, and in one by keys
}

// group is places from start to end.
type group struct {
	start, end int32
	stratum    int32
	key        uint64  // by the rows' content and the seed
	target     float64 // the most frequent class, or the lowest value
}

func (g *group) len() int { return int(g.end - g.start) }

// group returns the given rows by their inputs, in strata, and within one in an
// order that the content of the rows and the seed give, not their places. A stratum
// is a class; for a regression, so many groups of similar targets. Those strata follow
// each other at random: where one makes up for the large group of another, it is not
// always its neighbour, and no range of targets is held out as a whole.
func (t *Table) group(rows []int, perStratum int, seed uint64) *grouping {
	g := &grouping{rows: rows, places: sortBy(rows, t.hashRow)}
	if ends := g.ends(); mostlyCopies(len(ends), len(rows)) {
		g.addSingle(t, 0, len(rows), seed)
	} else {
		g.addIdentical(t, ends, giant(ends, perStratum), seed)
	}
	byKey := func(a, b group) int { return cmp.Compare(a.key, b.key) }
	slices.SortFunc(g.groups, func(a, b group) int { return cmp.Or(cmp.Compare(a.target, b.target), byKey(a, b)) })
	for i := range g.groups {
		if t.isClasses() {
			g.groups[i].stratum = int32(g.groups[i].target)
		} else {
			g.groups[i].stratum = int32(i / perStratum)
		}
	}
	var strata [][]group
	for stratum := range g.strata() {
		slices.SortFunc(stratum, byKey)
		strata = append(strata, stratum)
	}
	if !t.isClasses() {
		slices.SortFunc(strata, func(a, b []group) int { return byKey(a[0], b[0]) })
		g.groups = slices.Concat(strata...)
	}
	return g
}

func (t *Table) isClasses() bool { return t.Schema.Targets[0].Kind == Category }

var splitPurpose = random.For("table.split")

// mostlyCopies tells whether there are fewer than 20 different rows, at least 4 of each.
func mostlyCopies(different, rows int) bool {
	return different == 1 || different < 20 && 4*different <= rows
}

// giant returns the number of rows above which those with the same inputs are parted:
// a tenth of a part of the rows, and 4 times the median of all groups, so that rows
// which all come about as often stay together.
func giant(ends []int, parts int) int {
	sizes := make([]int, len(ends))
	start := 0
	for i, end := range ends {
		sizes[i], start = end-start, end
	}
	slices.Sort(sizes)
	return max(ends[len(ends)-1]/(10*parts), 4*sizes[len(sizes)/2])
}

// ends returns where in places the rows with the same inputs end, for each such group.
func (g *grouping) ends() []int {
	var ends []int
	for i := 1; i < len(g.places); i++ {
		if g.places[i].hash != g.places[i-1].hash {
			ends = append(ends, i)
		}
	}
	return append(ends, len(g.places))
}

// addIdentical adds the groups of rows with the same inputs, one for each end. Those
// of more than giant rows are parted.
func (g *grouping) addIdentical(t *Table, ends []int, giant int, seed uint64) {
	g.groups = make([]group, 0, len(ends))
	source := &rand.PCG{}
	start := 0
	for _, end := range ends {
		if end-start > giant {
			g.addSingle(t, start, end, seed)
		} else {
			random.Seed(source, seed, splitPurpose, 0, int(g.places[start].hash))
			g.groups = append(g.groups, group{start: int32(start), end: int32(end), key: source.Uint64(), target: t.commonTarget(g.rows, g.places[start:end])})
		}
		start = end
	}
}

// addSingle adds groups of one row each, of the places from start to end. Rows that
// are the same in all differ in their keys by how many of them there were before.
func (g *grouping) addSingle(t *Table, start, end int, seed uint64) {
	places := g.places[start:end]
	for i := range places {
		places[i].hash = t.hashAll(g.rows[places[i].index])
	}
	sortHashed(places)
	source, first := &rand.PCG{}, 0
	for i, place := range places {
		if place.hash != places[first].hash {
			first = i
		}
		random.Seed(source, seed, splitPurpose, i-first, int(place.hash))
		target := t.Row(g.rows[place.index]).Targets[0]
		g.groups = append(g.groups, group{start: int32(start + i), end: int32(start + i + 1), key: source.Uint64(), target: target})
	}
}

// commonTarget returns the most frequent class of some rows, or their lowest target:
// neither depends on the order of the rows.
func (t *Table) commonTarget(rows []int, places []hashed) float64 {
	if len(places) == 1 {
		return t.Row(rows[places[0].index]).Targets[0]
	}
	targets := make([]float64, len(places))
	for i, place := range places {
		targets[i] = t.Row(rows[place.index]).Targets[0]
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

// strata cuts the groups where the stratum changes.
func (g *grouping) strata() iter.Seq[[]group] {
	return func(yield func([]group) bool) {
		for start := 0; start < len(g.groups); {
			end := start + 1
			for end < len(g.groups) && g.groups[end].stratum == g.groups[start].stratum {
				end++
			}
			if !yield(g.groups[start:end]) {
				return
			}
			start = end
		}
	}
}

// Split deals rows out to a training set and a hold-out, which gets about the given
// fraction of them. Each has a row at least, and is in order. Both have about the
// same share of each class, or of low and high targets.
//
// The content of the rows and the seed decide, not their order. Rows with the same
// inputs stay together, unless few differ and come often. Where some inputs come much
// more often than others (more than 4 times the median, and more than a tenth of the
// smaller part), such as a row of zeros, their rows are dealt out one by one, and are
// on both sides. Of each class, rows remain in the training set.
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
	g := t.group(rows, perStratum, seed)
	held := g.hold(fraction, t.isClasses())
	if held == nil {
		return nil, nil, fmt.Errorf("table: %s: no class has 2 rows that differ: none can be held out, for it would be the only one of its class", t.Name)
	}
	for i, group := range g.groups {
		part := &train
		if held[i] {
			part = &holdout
		}
		for _, place := range g.places[group.start:group.end] {
			*part = append(*part, rows[place.index])
		}
	}
	slices.Sort(train)
	slices.Sort(holdout)
	return train, holdout, nil
}

// hold tells which groups are held out, or nil if none can be. The rows of all
// strata up to one come as near to the fraction as they can.
func (g *grouping) hold(fraction float64, classes bool) []bool {
	held := make([]bool, len(g.groups))
	start, seen, taken, left := 0, 0, 0, len(g.groups)
	for stratum := range g.strata() {
		for _, group := range stratum {
			seen += group.len()
		}
		wanted := fraction * float64(seen)
		free := len(stratum)
		if classes {
			free-- // of each class, something is learnt
		}
		for i, group := range stratum {
			after := float64(taken + group.len())
			if free > 0 && left > 1 && math.Abs(after-wanted) < math.Abs(float64(taken)-wanted) {
				held[start+i] = true
				taken += group.len()
				free--
				left--
			}
		}
		start += len(stratum)
	}
	if taken > 0 {
		return held
	}
	return g.holdOne(classes)
}

// holdOne holds out the smallest group of those that are not alone in their class,
// or returns nil if there is none.
func (g *grouping) holdOne(classes bool) []bool {
	best, start := -1, 0
	for stratum := range g.strata() {
		if len(stratum) > 1 || !classes {
			for i := range stratum {
				if best < 0 || g.groups[start+i].len() < g.groups[best].len() {
					best = start + i
				}
			}
		}
		start += len(stratum)
	}
	if best < 0 {
		return nil
	}
	held := make([]bool, len(g.groups))
	held[best] = true
	return held
}

// NoFold is the fold of a row that is learnt from in all of them.
const NoFold = -1

// Folds deals rows out to k folds of about the same size, and returns that of each
// row: from 0 to k-1, or NoFold if no other row of its class has other inputs. Each
// fold has a row at least, and about the same share of each class, or of low and
// high targets. As in [Table.Split], the content of the rows and the seed decide, and
// rows with the same inputs stay together, unless few differ and come often, or these
// come much more often than others (here more than a tenth of a fold).
//
// Folds fails for fewer than 2 folds, or fewer than k rows that differ.
func (t *Table) Folds(rows []int, k int, seed uint64) ([]int, error) {
	if k < 2 {
		return nil, fmt.Errorf("table: %d folds: want 2 at least", k)
	}
	if len(rows) < k {
		return nil, fmt.Errorf("table: %s: %s, too few for %d folds", t.Name, count(len(rows), "row"), k)
	}
	g := t.group(rows, k, seed)
	folds := make([]int, len(rows))
	overall, here, dealt := make([]int, k), make([]int, k), 0
	for stratum := range g.strata() {
		alone := len(stratum) == 1 && t.isClasses()
		if !alone {
			dealt += len(stratum)
		}
		clear(here)
		// The largest first: small ones can make up for them.
		slices.SortStableFunc(stratum, func(a, b group) int { return cmp.Compare(b.len(), a.len()) })
		for _, group := range stratum {
			fold := NoFold
			if !alone {
				fold = emptiest(here, overall)
				here[fold] += group.len()
				overall[fold] += group.len()
			}
			for _, place := range g.places[group.start:group.end] {
				folds[place.index] = fold
			}
		}
	}
	if dealt < k {
		return nil, fmt.Errorf("table: %s: %s to measure on that differ, too few for %d folds", t.Name, count(dealt, "row"), k)
	}
	return folds, nil
}

// emptiest returns, of the folds with the fewest rows of a stratum, that with the
// fewest of all.
func emptiest(here, overall []int) int {
	best := 0
	for i := range here {
		if here[i] < here[best] || here[i] == here[best] && overall[i] < overall[best] {
			best = i
		}
	}
	return best
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
