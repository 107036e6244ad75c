package table

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// column writes a table of a column v, which goes around some texts, a column x of
// fractions and a target that is a class.
func column(texts ...string) string {
	return lines40("v,x,y\n", func(i int) string { return fmt.Sprintf("%s,%v,%s", texts[i%len(texts)], x(i), class2(i)) })
}

// series writes forty texts by a format.
func series(format string) (texts []string) {
	for i := range 40 {
		texts = append(texts, fmt.Sprintf(format, i))
	}
	return texts
}

// TestKinds reads columns whose numbers are names, or nearly, and what is said of
// them.
func TestKinds(t *testing.T) {
	const names = "column 1 (v) is read as names: "
	for _, test := range []struct {
		name  string
		texts []string // the first forty at most
		kind  Kind
		said  string // "": nothing of the column
	}{
		{"long numbers that float64 merges", []string{"90071992547409930", "90071992547409931", "90071992547409932"}, Category,
			names + "numbers of so many digits cannot be told apart: 90071992547409930 and 90071992547409931 would be the same"},
		{"long numbers that it does not", []string{"40000000000000000", "50000000000000000", "7"}, Category, names + "40000000000000000 has more digits than numbers can hold"},
		{"long numbers, all different", series("%d00000000000000000"), Number, ""},
		{"as long as it can hold", []string{"9007199254740992", "9007199254740991"}, Number, ""},
		{"long fractions", []string{"0.90071992547409930", "0.90071992547409931"}, Number, ""},
		{"leading zeros, some", []string{"01", "1", "2"}, Category, names + "some of its numbers begin with zeros, and 01 and 1 would be the same"},
		{"leading zeros, an agent", []string{"8", "9", "009"}, Category, names + "some of its numbers begin with zeros, and 9 and 009 would be the same"},
		{"leading zeros, zero", []string{"00", "0", "3"}, Category, names + "some of its numbers begin with zeros, and 00 and 0 would be the same"},
		{"leading zeros, nothing the same", []string{"01", "2", "30"}, Number, ""},
		{"leading zeros of measurements", append(series("3%02d"), "05", "5")[4:], Number, "column 1 (v): 05 and 5 are read as the same number; --category keeps them apart"},
		{"leading zeros of fractions", []string{"01.5", "1.25"}, Number, ""},
		{"versions", []string{"1.1", "1.10", "1.2"}, Number, "column 1 (v): 1.1 and 1.10 are read as the same number; --category keeps them apart"},
		{"whole numbers with and without decimals", []string{"1.0", "1", "2", "2.00"}, Number, ""},
		{"measurements with and without zeros", append(series("0.%d1"), "0.5", "0.50"), Number, ""},

		{"99 among answers", []string{"1", "2", "3", "4", "5", "99"}, Number, "column 1 (v) has 99 6 times, far from its other numbers: --missing=99 if that stands for a missing value"},
		{"9 among answers", []string{"1", "2", "3", "4", "5", "9"}, Number, "column 1 (v) has 9 6 times, far from its other numbers: --missing=9 if that stands for a missing value"},
		{"-1 among ages", append(series("%d")[22:32], "-1"), Number, "column 1 (v) has -1 3 times, far from its other numbers: --missing=-1 if that stands for a missing value"},
		{"a decimal of nines", []string{"-9999.9", "15.5", "17.25", "14"}, Number, "column 1 (v) has -9999.9 10 times, far from its other numbers: --missing=-9999.9 if that stands for a missing value"},
		{"9 where it belongs", []string{"1", "3", "5", "7", "9"}, Number, ""},
		{"-1 where it belongs", []string{"-1", "0", "1"}, Number, ""},
		{"-1 where values end", []string{"-1", "-0.25", "-0.125", "0", "0.25"}, Number, ""},
		{"-1 below counts", []string{"-1", "0", "1", "2", "5"}, Number, ""},

		{"stars", series("0.3%02d*"), Category, `its texts look like numbers with "*" (0.339*)`},
		{"some stars", append(series("0.3%02d")[:32], series("0.3%02d*")[32:]...), Category, `its texts look like numbers with "*" (0.339*)`},
		{"rupees", series("Rs. 43%02d"), Category, `its texts look like numbers with "Rs." (Rs. 4339)`},
		{"prices of land", series("%d €/m²"), Category, `its texts look like numbers with "€/m²" (9 €/m²)`},
		{"weights", series("%d kg"), Category, `its texts look like numbers with "kg" (9 kg)`},
		{"thousands and millions", append(series("%d.5K")[:30], series("%d.5M")[30:]...), Category, `its texts look like numbers with "K" (9.5K), "M" (39.5M)`},
		{"weights and words", append(series("%d kg")[:30], series("heavy%d")[:10]...), Category, ""},
		{"codes", series("r%d"), Category, ""},
		{"names of files", series("img_%d.png"), Category, ""},

		{"times of day", series("12:%02d"), Category, names + "it looks like dates or times, such as 12:39; parts of them in columns of their own can be learnt from"},
		{"case", []string{"Yes", "yes", "no"}, Category, `column 1 (v) has both "Yes" and "yes", which are read as different`},
	} {
		reader, err := NewReader("t", strings.NewReader(column(test.texts...)), Options{})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := reader.Schema().Inputs[0].Kind; got != test.kind {
			t.Errorf("%s: a %s, want a %s", test.name, got, test.kind)
		}
		table, err := readAll(reader)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		said := strings.Join(slices.DeleteFunc(table.Said, func(line string) bool {
			return !strings.HasPrefix(line, "column 1") || strings.Contains(line, "all values are whole numbers")
		}), "\n")
		if test.said == "" && said != "" || !strings.Contains(said, test.said) {
			t.Errorf("%s: said %q, want %q", test.name, said, test.said)
		}
	}
}

// TestHeadersOfNumbers guesses at first lines that count.
func TestHeadersOfNumbers(t *testing.T) {
	fractions := func(i int) string { return fmt.Sprintf("%v,%v,%v", x(i), x(i+1), x(i+2)) }
	const hint = "comma-separated, with a header (--header no takes the first line for a row)"
	for _, test := range []struct{ first, how string }{
		{"7,5,3\n", ""},
		{"8,6,4\n", ""},
		{"1,2,3\n", ""},
		{"0,1,2\n", hint},
		{"1990,1991,1992\n", hint},
		{"1990,1991,total\n", "comma-separated, with a header"},
		{"7.5,5,3\n", "comma-separated, without a header (--header yes takes the first line for one)"},
	} {
		table, err := read(lines40(test.first, fractions), Options{})
		switch {
		case test.how == "" && !errors.Is(err, ErrHeader):
			t.Errorf("%q: %v, want %v", test.first, err, ErrHeader)
		case test.how != "" && (err != nil || table.How != test.how):
			t.Errorf("%q: %+v (%v), want %s", test.first, table, err, test.how)
		}
	}
}

// TestFirstLineOfAnotherTable reads further tables whose first line is of numbers that
// may be names.
func TestFirstLineOfAnotherTable(t *testing.T) {
	years := mustRead(t, lines40("1990,1991,1992,y\n", func(i int) string { return fmt.Sprintf("%v,%v,%v,%s", x(i), x(i+1), x(i+2), class2(i)) }), Options{}).Schema
	words := mustRead(t, lines40("a,b,y\n", func(i int) string { return fmt.Sprintf("%v,%v,%v", x(i), x(i+1), x(i+2)) }), Options{}).Schema
	none := mustRead(t, lines40("", func(i int) string { return fmt.Sprintf("%v,%v,%v", x(i), x(i+1), x(i+2)) }), Options{}).Schema
	const places = "without a header: the model's columns are taken by their places"
	const rows = "1.5,2.25,3.75\n2.5,1.25,4.75\n1.25,2.5,3.5\n1.25,3.5,4.5\n"
	for _, test := range []struct {
		name     string
		schema   Schema
		content  string
		want     string // of the first row; "": it is asked
		said     string
		withFlag string // the first row with Header: NoHeader
	}{
		{"years, shifted", years, "1991,1992,1993\n" + rows, "", "", "[1991 1992 1993 NaN]"},
		{"years, none of the model's", years, "2001,2002,2003\n" + rows, "", "", "[2001 2002 2003 NaN]"},
		{"years above whole numbers", years, "2001,2002,2003\n15,22,37\n25,12,47\n12,25,35\n", "", "", "[2001 2002 2003 NaN]"},
		{"years, written as decimals", years, "1992.0,1991.0,1990.0\n" + rows, "[3.75 2.25 1.5 NaN]", `is read as the model's "1990"`, ""},
		{"a row", years, rows, "[1.5 2.25 3.75 NaN]", places, ""},
		{"a row that is a name", years, "1990,2.25,3.75\n" + rows, "[1990 2.25 3.75 NaN]", places, ""},
		{"numbers where names were", words, "1,2,3\n" + rows, "", "", "[1 2 3]"},
		{"numbers where names were, no target", words, "1,2\n1.5,2.25\n2.5,1.25\n1.25,2.5\n", "", "", "[1 2 NaN]"},
		{"numbers where none were", none, "0,1,2\n" + rows, "", "", "[0 1 2]"},
		{"an index before them", none, ",0,1\n0,1.5,2.5\n1,2.5,3.5\n2,3.5,1.5\n", "", "", "[NaN 0 1]"},
		{"a whole number", words, "1,2.5,3.5\n" + rows, "[1 2.5 3.5]", places, ""},
		{"few rows", words, "1,2,3\n1.5,2.25,3.75\n", "[1 2 3]", places, ""},
		{"no target", none, "1.5,2.25\n2.5,1.25\n", "[1.5 2.25 NaN]", "2 fields: the model's 3 without column 3", ""},
		{"all fields", none, rows, "[1.5 2.25 3.75]", "", ""},
	} {
		first := func(header Header) (string, []string, error) {
			reader, err := NewReader("t", strings.NewReader(test.content), Options{Schema: &test.schema, Dialect: Dialect{Header: header}})
			if err != nil {
				return "", nil, err
			}
			row, err := reader.Next()
			return fmt.Sprint(append(row.Cells, row.Targets...)), reader.Said(), err
		}
		got, said, err := first(GuessHeader)
		switch {
		case test.want == "" && !errors.Is(err, ErrHeader):
			t.Errorf("%s: %s (%v), want %v", test.name, got, err, ErrHeader)
		case test.want != "" && (err != nil || got != test.want):
			t.Errorf("%s: %s (%v), want %s", test.name, got, err, test.want)
		case test.want != "" && (test.said == "" && len(said) > 0 || !strings.Contains(strings.Join(said, "; "), test.said)):
			t.Errorf("%s: said %q, want %q", test.name, said, test.said)
		}
		if test.withFlag == "" {
			continue
		}
		if got, _, err := first(NoHeader); err != nil || got != test.withFlag {
			t.Errorf("%s, with NoHeader: %s (%v), want %s", test.name, got, err, test.withFlag)
		}
	}
}

// TestManyNamesWrittenOtherwise says ten of them, and how many more.
func TestManyNamesWrittenOtherwise(t *testing.T) {
	var small, large []string
	for i := range 30 {
		small, large = append(small, fmt.Sprintf("x%d", i)), append(large, fmt.Sprintf("X%d", i))
	}
	row := "\n" + strings.Repeat("1.5,", 29) + "2.5\n"
	schema := mustRead(t, strings.Join(small, ",")+row+row, Options{}).Schema
	said := mustRead(t, strings.Join(large, ",")+row, Options{Schema: &schema}).Said
	if len(said) != maxPlaces+1 || said[maxPlaces] != "and the like of 20 more columns" {
		t.Errorf("said %q", said)
	}
}

// TestNamelessColumns finds columns without a name only where the schema's had none.
func TestNamelessColumns(t *testing.T) {
	header := Options{Dialect: Dialect{Header: WithHeader}}
	nameless := mustRead(t, ",b,y\n1.5,2.5,4\n2.5,3,5\n", header).Schema
	numbers := mustRead(t, "1,2,y\n1.5,2.5,4\n2.5,3,5\n", header).Schema
	for _, test := range []struct {
		schema        Schema
		content, want string
	}{
		{nameless, ",b,y\n5,6,7\n", "[[5 6 7]]"},
		{nameless, ",b\n5,6\n", "[[5 6 NaN]]"},
		{nameless, ",y,b\n5,7,6\n", "[[5 6 7]]"},
		{nameless, ",id,b,y\n5,1,6,7\n", `table: t: line 1: the model needs column "1", and column 1 has no name: give the columns the model's names`},
		{numbers, ",1,2\n0,5,6\n", "[[5 6 NaN]]"},
		{numbers, ",2,y,z\n0,5,6,7\n", `table: t: line 1: the model needs column "1", and column 1 has no name: give the columns the model's names`},
	} {
		got, err := bySchema(test.content, Options{Schema: &test.schema, Dialect: header.Dialect})
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%q: %s, want %s", test.content, got, test.want)
		}
	}
}

// TestEmptyFieldsAtLineEnds reads what spreadsheets write of columns that they once had.
func TestEmptyFieldsAtLineEnds(t *testing.T) {
	for _, content := range []string{
		"a,b,y\n1,2,u\n3,4,v\n",
		"a,b,y,,\n1,2,u,,\n3,4,v,,\n",
		"a,b,y,\n1,2,u\n3,4,v\n",
		"a,b,y\n1,2,u,,,\n3,4,v\n",
		"a,b,y,,\n1,2,u\n3,4,v,\n",
	} {
		got := mustRead(t, content, Options{Dialect: Dialect{Separator: ","}})
		if names(got) != "a b y" || fmt.Sprint(cells(got)) != "[[1 2 0] [3 4 1]]" {
			t.Errorf("%q: columns %s, rows %v", content, names(got), cells(got))
		}
	}
	schema := mustRead(t, "1.5,2,3\n2.5,4,5\n", Options{}).Schema
	for _, content := range []string{"7,,\n8,,\n", "7,,,,\n8,,,\n"} {
		if rows, err := bySchema(content, Options{Schema: &schema}); err != nil || rows != "[[7 NaN NaN] [8 NaN NaN]]" {
			t.Errorf("%q by a schema: %s (%v)", content, rows, err)
		}
	}
	got := mustRead(t, "a,b,y\n1,2,u\n3,,v\n", Options{})
	if rows := cells(got); !math.IsNaN(rows[1][1]) {
		t.Errorf("a value that is missing: %v", rows)
	}
	for content, want := range map[string]string{
		"a,b,y\n1,2,u\n3,4,v,w\n": "table: t: line 3: 4 fields; want 3, as in the first line",
		"a,b,y\n1,2,u\n3,4\n":     "table: t: line 3: 2 fields; want 3, as in the first line",
	} {
		if _, err := read(content, Options{}); message(err) != want {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
	}
}

// TestClassesOfNumbers calls classes by all their digits, and finds them by what files
// called them before.
func TestClassesOfNumbers(t *testing.T) {
	table := mustRead(t, lines40("x,y\n", func(i int) string { return fmt.Sprintf("%v,%d", x(i), 20240101+i%2*1000000) }), Options{})
	if err := table.SetTask(Classification); err != nil {
		t.Fatal(err)
	}
	schema := table.Schema
	if want := []string{"20240101", "21240101"}; !slices.Equal(schema.Targets[0].Categories, want) {
		t.Errorf("classes %q, want %q", schema.Targets[0].Categories, want)
	}
	old := schema
	old.Targets = []Column{{Name: "y", Field: 1, Kind: Category, Categories: []string{"2.0240101e+07", "2.1240101e+07"}}}
	sparse := Schema{Format: LIBSVM, Targets: []Column{{Name: labelName, Field: -1, Kind: Category, Categories: []string{"1e+06", "2e+06"}}}, Inputs: []Column{{Name: "1", Field: -1, Kind: Number}}}
	for _, test := range []struct {
		schema  Schema
		content string
	}{
		{schema, "x,y\n1.5,20240101\n2.5,21240101.0\n"},
		{old, "x,y\n1.5,20240101\n2.5,2.1240101e+07\n"},
		{sparse, "1000000 1:1.5\n2e6 1:2.5\n"},
	} {
		if got, err := bySchema(test.content, Options{Schema: &test.schema}); err != nil || got != "[[1.5 0] [2.5 1]]" {
			t.Errorf("%q: %s (%v)", test.content, got, err)
		}
	}
}

// TestAccents reads texts whose accents are written in two ways as the same.
func TestAccents(t *testing.T) {
	table := mustRead(t, "v,y\nse\u0301,u\ns\u00e9,u\u0308\nse,\u00fc\nse,u\n", Options{Dialect: Dialect{Header: WithHeader}, Categories: []string{"v"}})
	if got := fmt.Sprintf("%+q %+q", table.Schema.Inputs[0].Categories, table.Schema.Targets[0].Categories); got != `["se" "s\u00e9"] ["u" "\u00fc"]` {
		t.Errorf("categories %s", got)
	}
	if got, err := bySchema("v,y\nse\u0301,u\u0308\n", Options{Schema: &table.Schema}); err != nil || got != "[[1 1]]" {
		t.Errorf("by the schema: %s (%v)", got, err)
	}
}

// TestOtherFormats reads what is neither CSV nor LIBSVM.
func TestOtherFormats(t *testing.T) {
	const drawn = "expected a table as CSV or LIBSVM text, found a table drawn with lines"
	for _, test := range []struct {
		content, want string
		is            error
	}{
		{" a | b | y \n---+---+---\n 1 | 2 | u\n", drawn, nil},
		{"+---+---+\n| a | b |\n+---+---+\n| 1 | 2 |\n", drawn, nil},
		{"| a | b |\n|---|:-:|\n| 1 | 2 |\n", drawn, nil},
		{"ham 1:0.5 2:1\nspam 1:1.5 3:1\n", `it looks like LIBSVM, but for the label "ham": labels are numbers`, ErrLIBSVM},
		{"1 1:0,5 2:1,5\n0 1:1,5 3:1,25\n", `it looks like LIBSVM, but for the pair "1:0,5"`, ErrLIBSVM},
		{"1 age:5 wage:15\n0 age:15 wage:125\n", `it looks like LIBSVM, but for the pair "age:5"`, ErrLIBSVM},
	} {
		_, err := read(test.content, Options{})
		if !strings.HasPrefix(message(err), "table: t: "+test.want) || test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%q: %v, want %s", test.content, err, test.want)
		}
	}
	times := "12:30 Mon\n12:45 Tue\n12:30 Mon\n12:45 Tue\n"
	for _, content := range []string{times, strings.ReplaceAll(strings.ReplaceAll(times, "12:30 Mon", "Mon 12:30"), "12:45 Tue", "Tue 12:45")} {
		if table, err := read(content, Options{}); err != nil || len(table.Schema.Inputs) != 1 {
			t.Errorf("times of day: %+v (%v)", table, err)
		}
	}
}
