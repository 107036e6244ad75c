package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTargetsAndWeight(t *testing.T) {
	const content = "a,w,y,b,z\n1.5,2,10,3.5,20\n2.5,0.5,11,4.5,21\n"
	table := mustRead(t, content, Options{Targets: []string{"z", "Y"}, Weight: "W"})
	want := []Row{
		{Line: 2, Targets: []float64{20, 10}, Weight: 2, Cells: []float64{1.5, 3.5}},
		{Line: 3, Targets: []float64{21, 11}, Weight: 0.5, Cells: []float64{2.5, 4.5}},
	}
	if diff := cmp.Diff(want, []Row{table.Row(0), table.Row(1)}); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if table.GuessTask() != Regression {
		t.Error("several targets are no regression")
	}
	if err := table.SetTask(Classification); message(err) != "table: t: a classification has one target, found 2" {
		t.Error(err)
	}
	if err := table.Schema.Check(); err != nil {
		t.Error(err)
	}
	for content, want := range map[string]string{
		"z,a,b\n7,1,2\n":        "[1 2] [7 NaN] 1",
		"w,y,a,b\n3,9,1,2\n":    "[1 2] [NaN 9] 3",
		"1,5,6,2,7\n":           "[1 2] [7 6] 5",
		"1,5,2\n":               "[1 2] [NaN NaN] 5",
		"1,2\n":                 "[1 2] [NaN NaN] 1",
		"a,b,w\n1,2,\n":         "table: t: line 2, column 3 (w): the value is missing: the weight must be known; give it, or 0, or take the row out",
		"a,b,w\n1,2,-3\n":       `table: t: line 2, column 3 (w): the weight is "-3": want 0 or more`,
		"1,2,3,4\n":             "table: t: line 1: 4 fields; the model's table had 5, or 2 without its targets and weight",
		"a,b,y,z\n1,2,3,text\n": `table: t: line 2, column 4 (z): "text": not a number`,
	} {
		reader, err := NewReader("t", strings.NewReader(content), Options{Schema: &table.Schema})
		got := ""
		if err == nil {
			var row Row
			if row, err = reader.Next(); err == nil {
				got = fmt.Sprint(row.Cells, row.Targets, row.Weight)
			}
		}
		if err != nil {
			got = err.Error()
		}
		if strings.ReplaceAll(got, "] [", "][") != strings.ReplaceAll(want, "] [", "][") {
			t.Errorf("%q: %s, want %s", content, got, want)
		}
	}
	for want, options := range map[string]Options{
		"table: t: column 2 (w) is the weight, and cannot be a target":          {Targets: []string{"w"}, Weight: "w"},
		"table: t: column 3 (y) is a target twice":                              {Targets: []string{"y", "3"}},
		"table: t: column 2 (w) is the weight, and cannot be dropped":           {Weight: "w", Drop: []string{"w"}},
		`table: t: the weight: no such column: "v"; there are 5: a, w, y, b, z`: {Weight: "v"},
	} {
		if _, err := read(content, options); message(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if table := mustRead(t, content, Options{Weight: "z"}); names(table) != "a w y b" {
		t.Errorf("with the last column for a weight: %s", names(table))
	}
	if _, err := read("a,w,y\n1.5,0,3\n2.5,0,4\n", Options{Weight: "w"}); message(err) != "table: t: column 2 (w): every row has the weight 0" {
		t.Error(err)
	}
	if _, err := read("a,w,y\n1.5,0,3\n2.5,u,4\n", Options{Weight: "w"}); !errors.Is(err, ErrNumber) {
		t.Errorf("a text for a weight: %v", err)
	}
}

// TestOldSchema reads what was written when a table had one target.
func TestOldSchema(t *testing.T) {
	const content = `{"schema":{"format":"csv","header":true,"fields":2,"target":{"name":"y","field":1,"kind":"category","categories":["no","yes"]},` +
		`"inputs":[{"name":"x","field":0,"kind":"number"}]},"impute":"mean","columns":[{"mean":2,"scale":0.5,"fill":[2]}]}`
	var e Encoder
	if err := json.Unmarshal([]byte(content), &e); err != nil {
		t.Fatal(err)
	}
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	if target := e.Schema.Targets; len(target) != 1 || target[0].Name != "y" || !slices.Equal(target[0].Categories, []string{"no", "yes"}) {
		t.Errorf("targets %+v", target)
	}
	if got, err := bySchema("x,y\n5,yes\n", Options{Schema: &e.Schema}); got != "[[5 1]]" {
		t.Errorf("%s (%v)", got, err)
	}
	var dst [1]float32
	if err := e.Encode(dst[:], Row{Cells: []float64{5}}); err != nil || dst[0] != 1.5 {
		t.Errorf("encoded %v (%v)", dst, err)
	}
	if err := json.Unmarshal([]byte(strings.Replace(content, `"target"`, `"goal"`, 1)), &e); err != nil || e.Check() == nil {
		t.Errorf("a schema without a target: %v, and no error of Check", err)
	}
}

// TestRowStore keeps what is added, of any width and number.
func TestRowStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width, sparse := rapid.SampledFrom([]int{1, 3, 1000, 40000}).Draw(t, "width"), rapid.Bool().Draw(t, "sparse")
		n := rapid.IntRange(1, 2*blockValues/width+2).Draw(t, "rows")
		weighted := rapid.IntRange(0, n).Draw(t, "first weight")
		var store rowStore
		want := func(i int) Row {
			row := Row{Line: i, Targets: []float64{float64(2 * i)}, Weight: 1, Sparse: sparse}
			if i >= weighted {
				row.Weight = float64(i)
			}
			length := width
			if sparse {
				length = i * 7919 % (width + 1)
			}
			for k := range length {
				row.Cells = append(row.Cells, float64(i+k))
				if sparse {
					row.Index = append(row.Index, int32(k))
				}
			}
			return row
		}
		for i := range n {
			store.add(want(i))
		}
		if store.len() != n {
			t.Fatalf("%d rows, want %d", store.len(), n)
		}
		for _, i := range []int{0, n / 2, n - 1, rapid.IntRange(0, n-1).Draw(t, "row")} {
			got, want := store.row(i), want(i)
			if got.Line != want.Line || got.Weight != want.Weight || !slices.Equal(got.Targets, want.Targets) || !slices.Equal(got.Cells, want.Cells) || !slices.Equal(got.Index, want.Index) {
				t.Fatalf("row %d is %v, want %v", i, got, want)
			}
		}
	})
}

// TestOrderOfRowsMakesNoDifference to categories, classes and indices.
func TestOrderOfRowsMakesNoDifference(t *testing.T) {
	for _, lines := range [][]string{
		{"u,2.5,no", "v,3,yes", "u,4.5,perhaps", "w,?,no", "v,1.5,no", "w,7,yes"},
		{"1 3:2 7:1", "-1 1:2 3:5", "1 9:2", "-1 2:2 7:3"},
	} {
		var want []float32
		rapid.Check(t, func(t *rapid.T) {
			order := rapid.Permutation(lines).Draw(t, "order")
			table, err := read(strings.Join(order, "\n"), Options{Dialect: Dialect{Header: NoHeader}})
			if err != nil {
				t.Fatal(err)
			}
			if err := table.SetTask(Classification); err != nil {
				t.Fatal(err)
			}
			e, err := NewEncoder(table, allRows(table), EncoderOptions{})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.Index(order, lines[0])
			got := append(make([]float32, e.Width()), float32(table.Row(i).Targets[0]))
			if err := e.Encode(got[:e.Width()], table.Row(i)); err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got
			}
			near := func(a, b float32) int { // sums in another order
				if math.Abs(float64(a-b)) < 1e-6 {
					return 0
				}
				return 1
			}
			if slices.CompareFunc(got, want, near) != 0 {
				t.Fatalf("the first row is %v, in another order %v", want, got)
			}
		})
	}
}
