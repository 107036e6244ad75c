package table

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// anyTable draws a table for a task, dense or sparse, with few or many repeated rows.
func anyTable(t *rapid.T, task Task) []string {
	n := rapid.IntRange(2, 60).Draw(t, "rows")
	values := rapid.SampledFrom([]int{1, 3, 20, 1000}).Draw(t, "values")
	classes := rapid.IntRange(2, 5).Draw(t, "classes")
	sparse := rapid.Bool().Draw(t, "sparse")
	var lines []string
	for range n {
		a, b := rapid.IntRange(0, values-1).Draw(t, "a"), rapid.IntRange(0, values-1).Draw(t, "b")
		target := fmt.Sprint(rapid.IntRange(0, classes-1).Draw(t, "class"))
		if task == Regression {
			target = fmt.Sprint(rapid.Float64Range(-10, 10).Draw(t, "target") + 0)
		}
		if sparse {
			lines = append(lines, fmt.Sprintf("%s 1:%d 4:%d", target, a, b))
		} else {
			lines = append(lines, fmt.Sprintf("u%d,%d.5,%s", a%7, b, target))
		}
	}
	return lines
}

func readTask(t *rapid.T, lines []string, task Task) *Table {
	table, err := read(strings.Join(lines, "\n"), Options{Dialect: Dialect{Header: NoHeader}, Keep: keepAll(lines)})
	if err == nil {
		err = table.SetTask(task)
	}
	if err != nil {
		t.Skip(err.Error()) // one class, say
	}
	return table
}

func keepAll(lines []string) []string {
	if strings.Contains(lines[0], ":") {
		return nil
	}
	return []string{"1", "2"}
}

// inputsOf returns a text that is the same for rows with the same inputs.
func inputsOf(table *Table, row int) string {
	var parts []string
	r := table.Row(row)
	for k, v := range r.Cells {
		column := k
		if r.Sparse {
			column = int(r.Index[k])
		}
		text := fmt.Sprint(v)
		if c := table.Schema.Inputs[column].Categories; c != nil {
			text = c[int(v)]
		}
		if v != 0 || !r.Sparse {
			parts = append(parts, table.Schema.Inputs[column].Name+":"+text)
		}
	}
	return strings.Join(parts, " ")
}

func contents(table *Table, lines []string, rows []int) (all []string) {
	for _, row := range rows {
		all = append(all, lines[row])
	}
	slices.Sort(all)
	return all
}

func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		task := rapid.SampledFrom([]Task{Regression, Classification}).Draw(t, "task")
		lines := anyTable(t, task)
		table := readTask(t, lines, task)
		fraction := rapid.Float64Range(0.001, 0.999).Draw(t, "fraction")
		seed := rapid.Uint64().Draw(t, "seed")
		train, holdout, err := table.Split(allRows(table), fraction, seed)
		sides := map[string]map[bool]int{} // rows by inputs, and by whether they are held out
		largest := 0
		for _, part := range []struct {
			rows []int
			held bool
		}{{train, false}, {holdout, true}} {
			for _, row := range part.rows {
				inputs := inputsOf(table, row)
				if sides[inputs] == nil {
					sides[inputs] = map[bool]int{}
				}
				sides[inputs][part.held]++
				largest = max(largest, sides[inputs][part.held])
			}
		}
		if err != nil {
			for class, n := range groupsOf(table) {
				if n > 1 || task == Regression {
					t.Fatalf("%d groups of class %v, and none can be held out: %v", n, class, err)
				}
			}
			return
		}
		if all := slices.Sorted(slices.Values(append(slices.Clone(train), holdout...))); !slices.Equal(all, allRows(table)) || len(train) == 0 || len(holdout) == 0 {
			t.Fatalf("rows %v and %v", train, holdout)
		}
		if !mostlyCopies(len(sides), table.Len()) {
			median := medianCopies(table)
			for inputs, n := range sides {
				if len(n) > 1 && n[false]+n[true] <= 4*median {
					t.Fatalf("%s is on both sides", inputs)
				}
			}
		}
		checkShares(t, table, train, holdout, fraction, largest)

		order := rapid.Permutation(lines).Draw(t, "order")
		other := readTask(t, order, task)
		_, again, err := other.Split(allRows(other), fraction, seed)
		if err != nil {
			t.Fatal(err)
		}
		if want, got := contents(table, lines, holdout), contents(other, order, again); !slices.Equal(want, got) {
			t.Fatalf("held out %q, and in another order %q", want, got)
		}
	})
}

// medianCopies is the median of how many rows have the same inputs, over all inputs.
func medianCopies(table *Table) int {
	copies := map[string]int{}
	for i := range table.Len() {
		copies[inputsOf(table, i)]++
	}
	sizes := slices.Sorted(maps.Values(copies))
	return sizes[len(sizes)/2]
}

// groupsOf counts the different inputs of the rows by their most frequent class, or
// altogether.
func groupsOf(table *Table) map[float64]int {
	targets := map[string]map[float64]int{}
	for i := range table.Len() {
		inputs := inputsOf(table, i)
		if targets[inputs] == nil {
			targets[inputs] = map[float64]int{}
		}
		targets[inputs][table.Row(i).Targets[0]]++
	}
	groups := map[float64]int{}
	for _, counts := range targets {
		best, most := 0.0, 0
		for target, n := range counts {
			if table.Schema.Targets[0].Kind == Category && (n > most || n == most && target < best) {
				best, most = target, n
			}
		}
		groups[best]++
	}
	return groups
}

// checkShares fails unless the hold-out has about its fraction, and training rows are
// left of each class.
func checkShares(t *rapid.T, table *Table, train, holdout []int, fraction float64, largest int) {
	if table.Schema.Targets[0].Kind == Number {
		if off := math.Abs(float64(len(holdout)) - fraction*float64(table.Len())); off > float64(largest) {
			t.Fatalf("%d of %d rows held out, want the fraction %v", len(holdout), table.Len(), fraction)
		}
		return
	}
	if largest > 1 {
		return
	}
	kept, held := map[float64]int{}, map[float64]int{}
	for _, row := range train {
		kept[table.Row(row).Targets[0]]++
	}
	for _, row := range holdout {
		held[table.Row(row).Targets[0]]++
	}
	for class, n := range held {
		if kept[class] == 0 {
			t.Fatalf("nothing of class %v is learnt from", class)
		}
		all := n + kept[class]
		if want := min(fraction*float64(all), float64(all-1)); float64(n) > want+2 {
			t.Fatalf("%d of %d rows of class %v held out, want about %v", n, all, class, want)
		}
	}
}

func TestFolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		task := rapid.SampledFrom([]Task{Regression, Classification}).Draw(t, "task")
		lines := anyTable(t, task)
		table := readTask(t, lines, task)
		k := rapid.IntRange(2, 6).Draw(t, "folds")
		seed := rapid.Uint64().Draw(t, "seed")
		rows := rapid.Permutation(allRows(table)).Draw(t, "rows")
		folds, err := table.Folds(rows, k, seed)
		groups, dealt := groupsOf(table), 0
		for _, n := range groups {
			if n > 1 || task == Regression {
				dealt += n
			}
		}
		if err != nil {
			if dealt >= k {
				t.Fatalf("%d groups: %v", dealt, err)
			}
			return
		}
		copies, median := copiesOf(table), medianCopies(table)
		foldOf := map[string]int{}
		counts := make([]int, k)
		perClass := map[float64][]int{}
		repeated := false
		for i, row := range rows {
			inputs := inputsOf(table, row)
			if other, found := foldOf[inputs]; found {
				repeated = true
				if other != folds[i] && copies[row] <= 4*median {
					foldOf["all the same"] = 0
				}
			}
			foldOf[inputs] = folds[i]
			if folds[i] == NoFold {
				continue
			}
			counts[folds[i]]++
			class := 0.0
			if task == Classification {
				class = table.Row(row).Targets[0]
			}
			if perClass[class] == nil {
				perClass[class] = make([]int, k)
			}
			perClass[class][folds[i]]++
		}
		if _, apart := foldOf["all the same"]; apart && !mostlyCopies(len(foldOf)-1, len(rows)) {
			t.Fatal("rows with the same inputs are in several folds")
		}
		if slices.Min(counts) == 0 {
			t.Fatalf("rows of the folds: %v", counts)
		}
		for class, n := range perClass {
			if !repeated && slices.Max(n)-slices.Min(n) > 1 {
				t.Fatalf("rows of class %v in the folds: %v", class, n)
			}
		}

		other := readTask(t, slices.Clone(lines), task)
		order := rapid.Permutation(rows).Draw(t, "order")
		again, err := other.Folds(order, k, seed)
		if err != nil {
			t.Fatal(err)
		}
		content := func(rows, folds []int) string {
			var all []string
			for i, row := range rows {
				all = append(all, fmt.Sprint(folds[i], " ", lines[row]))
			}
			slices.Sort(all)
			return strings.Join(all, "\n")
		}
		if a, b := content(rows, folds), content(order, again); a != b {
			t.Fatalf("folds\n%s\nand in another order\n%s", a, b)
		}
	})
}

// TestSplitOfCategories learns from, and measures on, each of a few categories.
func TestSplitOfCategories(t *testing.T) {
	table := mustRead(t, rowsByLine("a,y", 60, func(i int) string { return fmt.Sprintf("%c,%c", 'a'+i%3, 'u'+i%3) }), Options{Dialect: Dialect{Header: WithHeader}})
	train, holdout, err := table.Split(allRows(table), 0.2, 1)
	if err != nil {
		t.Fatal(err)
	}
	folds, err := table.Folds(allRows(table), 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	learnt, held, perFold := map[float64]int{}, map[float64]int{}, map[[2]float64]int{}
	for _, row := range train {
		learnt[table.Row(row).Cells[0]]++
	}
	for _, row := range holdout {
		held[table.Row(row).Cells[0]]++
	}
	for row, fold := range folds {
		perFold[[2]float64{float64(fold), table.Row(row).Cells[0]}]++
	}
	for category := range 3 {
		if c := float64(category); learnt[c] != 16 || held[c] != 4 {
			t.Errorf("of category %d, %d rows to learn from and %d to measure on, want 16 and 4", category, learnt[c], held[c])
		}
	}
	for at, n := range perFold {
		if n != 4 {
			t.Errorf("%d rows of fold and category %v, want 4", n, at)
		}
	}
}

// TestStrata has known shares: of classes of 40, 40, 20, 1 and 2 rows, and of low and
// high targets.
func TestStrata(t *testing.T) {
	classes := rowsByLine("a,y", 103, func(i int) string {
		return fmt.Sprintf("%d.5,%s", i, []string{"u", "u", "v", "v", "w"}[i%5])
	})
	classes = strings.Replace(classes, "100.5,u", "100.5,one", 1)
	classes = strings.Replace(strings.Replace(classes, "101.5,u", "101.5,two", 1), "102.5,v", "102.5,two", 1)
	table := mustRead(t, classes, Options{})
	for seed := range uint64(20) {
		train, holdout, err := table.Split(allRows(table), 0.25, seed)
		if err != nil {
			t.Fatal(err)
		}
		held := map[string]int{}
		for _, row := range holdout {
			held[table.Schema.Targets[0].Categories[int(table.Row(row).Targets[0])]]++
		}
		if held["u"] != 10 && held["u"] != 11 || held["v"] != 10 && held["v"] != 11 || held["w"] != 5 || held["one"] != 0 || held["two"] > 1 {
			t.Errorf("seed %d: held out %v", seed, held)
		}
		unmeasured := "too few rows to be measured, only learnt from: class one (1 row)"
		if held["two"] == 0 {
			unmeasured = "too few rows to be measured, only learnt from: classes one (1 row), two (2 rows)"
		}
		if got := table.Unmeasured(train, holdout); got != unmeasured {
			t.Errorf("seed %d: said %q, want %q", seed, got, unmeasured)
		}
		folds, err := table.Folds(allRows(table), 5, seed)
		if err != nil {
			t.Fatal(err)
		}
		if folds[100] != NoFold || folds[101] == folds[102] || folds[101] == NoFold {
			t.Errorf("seed %d: folds of classes of one and two rows: %v", seed, folds[100:])
		}
	}
	numbers := mustRead(t, rowsByLine("a,y", 100, func(i int) string { return fmt.Sprintf("%d.5,%d", i*37%100, i) }), Options{})
	one, other := "", ""
	for seed := range uint64(20) {
		_, holdout, err := numbers.Split(allRows(numbers), 0.2, seed)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range holdout {
			if row/5 != i {
				t.Fatalf("seed %d: held out %v, want one of every five in order of the target", seed, holdout)
			}
		}
		folds, err := numbers.Folds(allRows(numbers), 4, seed)
		if err != nil {
			t.Fatal(err)
		}
		for four := range slices.Chunk(folds, 4) {
			if sorted := slices.Sorted(slices.Values(four)); !slices.Equal(sorted, []int{0, 1, 2, 3}) {
				t.Fatalf("seed %d: folds %v", seed, folds)
			}
		}
		one, other = other, fmt.Sprint(holdout)
		if one == other {
			t.Error("the same rows by another seed")
		}
	}
}

func TestTinySplits(t *testing.T) {
	for _, test := range []struct {
		name, content string
		task          Task
		train, held   int
		want          string
	}{
		{"two rows", "1.5,2\n2.5,3\n", Regression, 1, 1, ""},
		{"three rows", "1.5,2\n2.5,3\n3.5,7\n", Regression, 2, 1, ""},
		{"two of one class", "1.5,u\n2.5,u\n3.5,v\n", Classification, 2, 1, ""},
		{"the same inputs", "1.5,2\n1.5,3\n1.5,3\n1.5,3\n1.5,3\n", Regression, 4, 1, ""},
		{"the same inputs, classes", "1.5,u\n1.5,u\n1.5,v\n1.5,u\n1.5,v\n", Classification, 4, 1, ""},
		{"all rows the same", "1.5,2\n1.5,2\n1.5,2\n", Regression, 2, 1, ""},
		{"two different", "1.5,2\n1.5,3\n2.5,3\n", Regression, 2, 1, ""},
		{"a row", "1.5,2\n", Regression, 0, 0, "table: 1 row: a hold-out needs 2 at least"},
		{"a class a row", "1.5,u\n2.5,v\n3.5,w\n", Classification, 0, 0, "table: t: no class has 2 rows that differ: none can be held out, for it would be the only one of its class"},
	} {
		table := mustRead(t, test.content, Options{Dialect: Dialect{Header: NoHeader}})
		if err := table.SetTask(test.task); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		for seed := range uint64(5) {
			train, held, err := table.Split(allRows(table), 0.2, seed)
			if len(train) != test.train || len(held) != test.held || message(err) != test.want {
				t.Errorf("%s: %d and %d rows (%v), want %d and %d", test.name, len(train), len(held), err, test.train, test.held)
			}
		}
	}
	table := mustRead(t, "1.5,2\n2.5,3\n3.5,3\n", Options{Dialect: Dialect{Header: NoHeader}})
	for _, bad := range []float64{0, 1, -1, math.NaN()} {
		if _, _, err := table.Split(allRows(table), bad, 1); err == nil {
			t.Errorf("fraction %v: no error", bad)
		}
	}
	for _, k := range []int{-1, 0, 1, 4} {
		if _, err := table.Folds(allRows(table), k, 1); err == nil {
			t.Errorf("%d folds of 3 rows: no error", k)
		}
	}
	if folds, err := table.Folds([]int{2, 0}, 2, 1); err != nil || folds[0] == folds[1] {
		t.Errorf("folds %v of two rows (%v)", folds, err)
	}
}
