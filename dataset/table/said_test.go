package table

import (
	"slices"
	"strings"
	"testing"
)

func TestSaid(t *testing.T) {
	for _, test := range []struct {
		name, content string
		task          Task
		want          []string
	}{
		{"nothing", "a,b,y\n1,2,3\n2,2.5,4\n3,2,5\n", Regression, nil},
		{"constant inputs", "a,b,c,y\n1.5,7,u,3\n2.5,7,u,4\n3,7,u,5\n", Regression, []string{"constant, so that nothing can be learnt from 2 inputs: column 2 (b), column 3 (c)"}},
		{"missing is not constant", "a,b,y\n1.5,7,3\n2.5,,4\n3,7,5\n", Regression, nil},
		{"missing alone is constant", "a,b,y\n1.5,,3\n2.5,,4\n3,,5\n", Regression, []string{"constant, so that nothing can be learnt from 1 input: column 2 (b)"}},
		{"all constant", "a,y\n7,3\n7,3\n7,5\n", Regression, []string{"every input is constant: there is nothing to learn from", "2 of 3 rows have the same inputs as an earlier row, 1 of them another target"}},
		{"a constant index", "1 1:3 2:1\n0 1:3\n1 1:3 2:2\n", Classification, []string{"constant, so that nothing can be learnt from 1 input: index 1"}},
		{"an index of zeros", "1 1:3 2:0\n0 1:3.5\n1 1:4 2:0\n", Classification, []string{"constant, so that nothing can be learnt from 1 input: index 2"}},
		{"copies", "a,b,y\nu,1,no\nv,2.5,no\nu,1,no\nv,2.5,yes\nv,2.5,no\n", Classification, []string{"3 of 5 rows have the same inputs as an earlier row, 1 of them another target"}},
		{"sparse copies", "1 1:3 2:0\n1 2:1\n1 1:3 5:0\n0 2:1.0\n1 5:1\n", Classification, []string{"2 of 5 rows have the same inputs as an earlier row, 1 of them another target"}},
		{"copies with missing values", "a,b,y\n1.5,,3\n2.5,,4\n1.5,NA,3\n2.5,0,3\n", Regression, []string{"1 of 4 rows have the same inputs as an earlier row"}},
		{"a constant target", "a,y\n1,7\n3,7\n2,7\n", Regression, []string{"column 2 (y) is 7 in every row: there is nothing to learn but that"}},
	} {
		table := mustRead(t, test.content, Options{})
		if err := table.SetTask(test.task); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if !slices.Equal(table.Said, test.want) {
			t.Errorf("%s: said %q, want %q", test.name, table.Said, test.want)
		}
	}
}

// TestSaidOfAnotherTable reads LIBSVM and CSV by the schema of another table.
func TestSaidOfAnotherTable(t *testing.T) {
	schema := func(content string) Schema {
		table := mustRead(t, content, Options{})
		if err := table.SetTask(Classification); err != nil {
			t.Fatal(err)
		}
		return table.Schema
	}
	ones := schema("-1 1:1 2:2\n+1 2:5 3:4\n-1 3:1\n")
	zeros := schema("-1 0:1 1:2\n+1 1:5 2:4\n-1 2:1\n")
	sparse := schema("-1 5:1 9:2\n+1 5:5 7:4\n-1 7:1\n")
	texts := schema("x,y\n1,no\n2,yes\n3,no\n")
	for _, test := range []struct {
		name    string
		schema  Schema
		content string
		want    []string
	}{
		{"the same", ones, "-1 1:1\n1 2:3\n", nil},
		{"counted from 0", ones, "-1 0:1 1:1\n1 1:3 2:2\n", []string{
			"1 index that the model does not know, in 1 of 2 rows, left out: 0",
			"the indices are probably shifted by one: this table counts from 0, the model's from 1 to 3: every value is read as another input's"}},
		{"counted from 1", zeros, "-1 1:1 2:1\n1 1:3 3:2\n", []string{
			"1 index that the model does not know, in 1 of 2 rows, left out: 3",
			"the indices are probably shifted by one: this table counts from 1, the model's from 0 to 2: every value is read as another input's"}},
		{"other indices", sparse, "-1 1:1 5:1\n1 1:3 10:2\n1 7:1\n", []string{"2 indices that the model does not know, in 2 of 3 rows, left out: 1, 10"}},
		{"another index 0", sparse, "-1 0:1 5:1\n1 7:3\n", []string{"1 index that the model does not know, in 1 of 2 rows, left out: 0"}},
		{"a higher index beside 0", zeros, "-1 0:1 3:1\n1 1:3\n", []string{"1 index that the model does not know, in 1 of 2 rows, left out: 3"}},
		{"other labels", ones, "0 1:1\n1 2:3\n0 2:3\n7 1:4\n", []string{"classes that the model does not know: 0 (2 rows), 7 (1 row); it knows -1, 1"}},
		{"other classes", texts, "x,y\n1,No\n1,no\n", []string{"classes that the model does not know: No (1 row); it knows no, yes"}},
	} {
		table, err := read(test.content, Options{Schema: &test.schema})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if !slices.Equal(table.Said, test.want) {
			t.Errorf("%s: said %q, want %q", test.name, table.Said, test.want)
		}
	}

	odd := ones
	odd.Inputs = []Column{{Name: "x", Field: -1, Kind: Number}} // as no table has
	if table := mustRead(t, "1 0:1\n", Options{Schema: &odd}); len(table.Said) != 1 {
		t.Errorf("said %q", table.Said)
	}

	reader, err := NewReader("t", strings.NewReader("1:1 2:3\n-1 3:4\nqid:7 3:1\n"), Options{Format: LIBSVM, Schema: &ones})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := rowsOf(reader); err != nil || got != "[[1 3 NaN] [4 0] [1 NaN]]" {
		t.Errorf("rows without labels: %s (%v)", got, err)
	}
	if want := []string{"2 of 3 rows without a label: answers for them are not measured", "the query (qid) of 1 row is left out: each row counts for itself, and rows of a query may be learnt from and measured on"}; !slices.Equal(reader.Said(), want) {
		t.Errorf("said %q, want %q", reader.Said(), want)
	}
}
