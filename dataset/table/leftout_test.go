package table

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rowsByLine makes a table of a header and rows that a function gives.
func rowsByLine(header string, n int, row func(i int) string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for i := range n {
		b.WriteString(row(i) + "\n")
	}
	return b.String()
}

func TestNumbersOfRowsAreLeftOut(t *testing.T) {
	// the column has 8 numbers, with another one of fractions and the target
	table := func(header string, values ...string) string {
		return rowsByLine(header+",x,y", len(values), func(i int) string { return fmt.Sprintf("%s,%d.5,%d", values[i], i*i%7, i*i%5) })
	}
	mixed := []string{"5", "17", "3", "12", "11", "40", "8", "2"}
	count := []string{"3", "4", "5", "6", "7", "8", "9", "10"}
	for _, test := range []struct {
		name, content string
		options       Options
		columns       string
		said          string // a part of LeftOut, or of Said if the column stays
	}{
		{"no name", table("", mixed...), Options{}, "x y", "column 1 is left out: it numbers the rows; --keep brings it back"},
		{"pandas", table("Unnamed: 0", mixed...), Options{}, "x y", "column 1 (Unnamed: 0) is left out: it numbers the rows; --keep brings it back"},
		{"id", table("ID", mixed...), Options{}, "x y", "column 1 (ID) is left out: it numbers"},
		{"row_names", table("row_names", mixed...), Options{}, "x y", "column 1 (row_names) is left out: it numbers"},
		{"counts", table("year", count...), Options{}, "x y", "column 1 (year) is left out: it counts the rows; --keep brings it back"},
		{"counts, kept", table("year", count...), Options{Keep: []string{"Year"}}, "year x y", ""},
		{"kept for nothing", table("a", mixed...), Options{Keep: []string{"x"}, Drop: []string{"a"}}, "x y", "column 2 (x) would stay without --keep, too"},
		{"no name, kept", table("", mixed...), Options{Keep: []string{"1"}}, "1 x y", ""},
		{"another name", table("zip", mixed...), Options{}, "zip x y", "column 1 (zip): all values are whole numbers and different: if they only number the rows, leave them out with --drop"},
		{"a name like it", table("idle", mixed...), Options{}, "idle x y", "column 1 (idle): all values are whole"},
		{"a number as a name", table("1", mixed...), Options{Dialect: Dialect{Header: WithHeader}}, "1 x y", "column 1: all values are whole"},
		{"not all different", table("id", "5", "17", "3", "12", "11", "40", "8", "5"), Options{}, "id x y", ""},
		{"not whole", table("no", "5", "17", "3.5", "12", "11", "40", "8", "2"), Options{}, "no x y", ""},
		{"one is missing", table("id", "5", "17", "", "12", "11", "40", "8", "2"), Options{}, "id x y", ""},
		{"counts with a gap", table("t", "3", "4", "5", "6", "7", "8", "9", "11"), Options{}, "t x y", "column 1 (t): all values are whole"},
		{"the target counts", table("t", count...), Options{Targets: []string{"t"}}, "x y t", ""},
		{"counts down", table("t", "9", "8", "7", "6", "5", "4", "3", "2"), Options{}, "t x y", "column 1 (t): all values are whole"},
		{"few rows", table("t", "3", "4", "5"), Options{}, "t x y", ""},
		{"few rows, named", table("id", "5", "3"), Options{}, "x y", "column 1 (id) is left out: it numbers"},
		{"nothing else", rowsByLine("t,y", 9, func(i int) string { return fmt.Sprintf("%d,%d", i, i*i%5) }), Options{}, "t y",
			"column 1 (t) would be left out for numbering the rows, but nothing else is left to learn from"},
		{"no header", rowsByLine("0,0.5,3", 9, func(i int) string { return fmt.Sprintf("%d,%d.5,%d", i+1, i*i%7, i*i%5) }), Options{}, "2 3", "column 1 is left out: it counts the rows"},
		{"texts, kept", rowsByLine("name,x,y", 4, func(i int) string { return fmt.Sprintf("n%d,%d.5,%d", i, i*i%7, i*i%5) }), Options{Keep: []string{"name"}}, "name x y", ""},
	} {
		table, err := read(test.content, test.options)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if names(table) != test.columns {
			t.Errorf("%s: columns %q, want %q", test.name, names(table), test.columns)
		}
		said := slices.DeleteFunc(append(table.LeftOut, table.Said...), func(line string) bool { return strings.Contains(line, "earlier row") })
		if test.said == "" && len(said) > 0 || test.said != "" && (len(said) != 1 || !strings.Contains(said[0], test.said)) {
			t.Errorf("%s: said %q, want %q", test.name, said, test.said)
		}
	}
}

// TestLeavingOutKeepsCells reads more rows than a block holds.
func TestLeavingOutKeepsCells(t *testing.T) {
	content := rowsByLine("id,x,n,z,y", 2*blockValues/4+7, func(i int) string { return fmt.Sprintf("%d,%d,n%d,%d,%d", i, i%97, i, i%89, i%83) })
	table := mustRead(t, content, Options{})
	if got := names(table); got != "x z y" || len(table.LeftOut) != 2 {
		t.Fatalf("columns %s, left out %q", got, table.LeftOut)
	}
	for i := range table.Len() {
		row := table.Row(i)
		if row.Line != i+2 || !slices.Equal(row.Cells, []float64{float64(i % 97), float64(i % 89)}) || row.Targets[0] != float64(i%83) {
			t.Fatalf("row %d is %+v", i, row)
		}
	}
}

func TestKeepErrors(t *testing.T) {
	for want, options := range map[string]Options{
		`table: t: no such column: "q"; there are 3: a, b, y`:                                       {Keep: []string{"q"}},
		"table: t: column 3 (y) is a target, the weight or dropped, and cannot be kept as an input": {Keep: []string{"y"}},
		"table: t: column 1 (a) is a target, the weight or dropped, and cannot be kept as an input": {Keep: []string{"a"}, Drop: []string{"a"}},
		"table: t: column 2 (b) is a target, the weight or dropped, and cannot be kept as an input": {Keep: []string{"b"}, Weight: "b"},
	} {
		if _, err := read("a,b,y\n1,2,3\n2,5,7\n", options); message(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	many := rowsByLine("n,x,y", 2*maxCategories, func(i int) string { return fmt.Sprintf("n%d,%d,%d", i, i%7, i%5) })
	if _, err := read(many, Options{Keep: []string{"n"}}); message(err) != "table: t: column 1 (n) has more than 1000 different texts, and cannot be kept" {
		t.Error(err)
	}
}
