package table

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// giantTables are tables where some inputs come much more often than others: groups
// of the given sizes, and rows that differ.
func giantTables(classes bool) map[string][]string {
	tables := map[string][]string{}
	for _, shape := range []struct {
		sizes     []int
		different int
	}{
		{[]int{900}, 600}, {[]int{300}, 700}, {[]int{900}, 100}, {[]int{5000}, 30}, {[]int{400, 300, 200}, 400},
		{[]int{110, 100, 90}, 6000}, // each is less than a tenth of the hold-out, and stays together
		{[]int{120, 60, 40, 30, 24, 20, 17, 15, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2}, 600},
	} {
		source := rand.New(rand.NewPCG(1, 2))
		line := func(x, z, v float64) string {
			y := x + z/3 + v/5 + 0.1*source.NormFloat64()
			if classes {
				return fmt.Sprintf("%v,%v,%v,%c", x, z, v, 'a'+rune(min(max(math.Round(2*y), 0), 2)))
			}
			return fmt.Sprintf("%v,%v,%v,%v", x, z, v, y)
		}
		var lines []string
		for i, size := range shape.sizes {
			for range size {
				lines = append(lines, line(float64(i)/8, 0, 0))
			}
		}
		for range shape.different {
			lines = append(lines, line(source.NormFloat64(), source.NormFloat64(), source.NormFloat64()))
		}
		tables[fmt.Sprint(shape.sizes, " and ", shape.different)] = lines
	}
	return tables
}

func readGiant(t *testing.T, lines []string) *Table {
	return mustRead(t, strings.Join(lines, "\n"), Options{Dialect: Dialect{Header: NoHeader}})
}

// copiesOf counts for each row how many have its inputs.
func copiesOf(table *Table) []int {
	n, all := map[uint64]int{}, make([]int, table.Len())
	for i := range all {
		n[table.hashRow(i)]++
	}
	for i := range all {
		all[i] = n[table.hashRow(i)]
	}
	return all
}

// TestSplitOfGiants: a fifth of the rows is held out, of those that differ about a
// fifth, no run of neighbouring targets, and of the largest group about a fifth.
func TestSplitOfGiants(t *testing.T) {
	for _, classes := range []bool{false, true} {
		for name, lines := range giantTables(classes) {
			table := readGiant(t, lines)
			copies := copiesOf(table)
			largest := slices.Max(copies)
			for seed := range uint64(10) {
				_, holdout, err := table.Split(allRows(table), 0.2, seed)
				if err != nil {
					t.Fatal(err)
				}
				checkShare(t, fmt.Sprint(name, ": all rows"), len(holdout), len(lines), 0)
				held, different, differentHeld, largestHeld := make([]bool, len(lines)), []int{}, 0, 0
				for _, row := range holdout {
					held[row] = true
				}
				for row, n := range copies {
					if n == 1 {
						different = append(different, row)
						if held[row] {
							differentHeld++
						}
					} else if n == largest && held[row] {
						largestHeld++
					}
				}
				checkShare(t, fmt.Sprint(name, ": rows that differ"), differentHeld, len(different), 5)
				if largest > len(lines)/50 {
					checkShare(t, fmt.Sprint(name, ": the largest group"), largestHeld, largest, 5)
				} else if largestHeld != 0 && largestHeld != largest {
					t.Errorf("%s: %d of %d rows of a group held out", name, largestHeld, largest)
				}
				if !classes {
					checkRun(t, name, table, different, held)
				}
			}
		}
	}
}

// checkShare wants a fifth of the rows: within a tenth, and so many standard
// deviations of a draw at random (5: one of a million is further away).
func checkShare(t *testing.T, name string, held, all int, deviations float64) {
	t.Helper()
	want := 0.2 * float64(all)
	if off := math.Abs(float64(held) - want); off > 0.1*want+deviations*math.Sqrt(0.8*want) {
		t.Errorf("%s: %d of %d rows held out, want a fifth", name, held, all)
	}
}

// checkRun wants no 12 rows held out with neighbouring targets. Were each of 6,000
// rows held out by itself with a chance of a fifth, there would be such a run
// in one of 40,000 splits (6,000 * 0.2^12).
func checkRun(t *testing.T, name string, table *Table, rows []int, held []bool) {
	t.Helper()
	slices.SortFunc(rows, func(a, b int) int { return cmp.Compare(table.Row(a).Targets[0], table.Row(b).Targets[0]) })
	run, longest := 0, 0
	for _, row := range rows {
		run++
		if !held[row] {
			run = 0
		}
		longest = max(longest, run)
	}
	if longest >= 12 {
		t.Errorf("%s: %d rows with neighbouring targets held out", name, longest)
	}
}

// TestFoldsOfGiants: folds are of the same size within a tenth, and each has its share of
// the largest group.
func TestFoldsOfGiants(t *testing.T) {
	for _, classes := range []bool{false, true} {
		for name, lines := range giantTables(classes) {
			table := readGiant(t, lines)
			copies := copiesOf(table)
			largest := slices.Max(copies)
			for seed := range uint64(10) {
				folds, err := table.Folds(allRows(table), 5, seed)
				if err != nil {
					t.Fatal(err)
				}
				all, ofLargest, different := make([]int, 5), make([]int, 5), make([]int, 5)
				for row, fold := range folds {
					if fold == NoFold {
						continue
					}
					all[fold]++
					switch copies[row] {
					case largest:
						ofLargest[fold]++
					case 1:
						different[fold]++
					}
				}
				for fold := range 5 {
					checkShare(t, fmt.Sprint(name, ": a fold"), all[fold], len(lines), 0)
					if largest > len(lines)/50 {
						checkShare(t, fmt.Sprint(name, ": the largest group in a fold"), ofLargest[fold], largest, 5)
					}
					checkShare(t, fmt.Sprint(name, ": rows that differ in a fold"), different[fold], different[0]+different[1]+different[2]+different[3]+different[4], 5)
				}
			}
		}
	}
}

// TestGiantsInAnyOrder: the content of the rows decides, not their order.
func TestGiantsInAnyOrder(t *testing.T) {
	for _, classes := range []bool{false, true} {
		for name, lines := range giantTables(classes) {
			shuffled := slices.Clone(lines)
			rand.New(rand.NewPCG(3, 4)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			var parts [2]string
			for i, lines := range [][]string{lines, shuffled} {
				table := readGiant(t, lines)
				_, holdout, err := table.Split(allRows(table), 0.2, 1)
				if err != nil {
					t.Fatal(err)
				}
				folds, err := table.Folds(allRows(table), 5, 1)
				if err != nil {
					t.Fatal(err)
				}
				var inFolds []string
				for row, fold := range folds {
					inFolds = append(inFolds, fmt.Sprint(lines[row], " ", fold))
				}
				slices.Sort(inFolds)
				parts[i] = strings.Join(append(contents(table, lines, holdout), inFolds...), "\n")
			}
			if parts[0] != parts[1] {
				t.Errorf("%s: other rows in another order", name)
			}
		}
	}
}

// TestEqualGroupsStayTogether: rows that all come as often are on one side, be they many.
func TestEqualGroupsStayTogether(t *testing.T) {
	table := readGiant(t, strings.Split(strings.TrimSuffix(rowsByLine("0.5,0,0", 1199, func(i int) string {
		return fmt.Sprintf("%d.5,%d,%d", (i+1)%30, (i+1)%30*7%11, i)
	}), "\n"), "\n"))
	_, holdout, err := table.Split(allRows(table), 0.2, 1)
	if err != nil {
		t.Fatal(err)
	}
	held := map[uint64]int{}
	for _, row := range holdout {
		held[table.hashRow(row)]++
	}
	for _, n := range held {
		if n != 40 {
			t.Errorf("%d of 40 rows with the same inputs held out", n)
		}
	}
}
