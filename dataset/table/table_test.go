package table

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read reads a table from a string.
func read(content string, options Options) (*Table, error) {
	reader, err := NewReader("t", strings.NewReader(content), options)
	if err != nil {
		return nil, err
	}
	return readAll(reader)
}

func mustRead(t *testing.T, content string, options Options) *Table {
	t.Helper()
	table, err := read(content, options)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// cells returns all rows, each with its target at the end; sparse ones in full.
func cells(t *Table) [][]float64 {
	var all [][]float64
	for i := range t.Len() {
		row := t.Row(i)
		values := make([]float64, len(t.Schema.Inputs), len(t.Schema.Inputs)+1)
		for k, v := range row.Cells {
			if row.Sparse {
				values[row.Index[k]] = v
			} else {
				values[k] = v
			}
		}
		all = append(all, append(values, row.Targets[0]))
	}
	return all
}

func targets(t *Table) (all []float64) {
	for i := range t.Len() {
		all = append(all, t.Row(i).Targets[0])
	}
	return all
}

func names(t *Table) string {
	var all []string
	for _, c := range t.Schema.Inputs {
		all = append(all, c.Name)
	}
	return strings.Join(append(all, t.Schema.Targets[0].Name), " ")
}

func TestReadCSV(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		name, content string
		options       Options
		how, columns  string
		want          [][]float64
	}{
		{"plain", "a,b,y\n1,2,3\n4,5,6\n", Options{}, "comma-separated, with a header", "a b y", [][]float64{{1, 2, 3}, {4, 5, 6}}},
		{"no header", "1,2,3\n4,5,6\n", Options{}, "comma-separated, without a header (--header yes takes the first line for one)", "1 2 3", [][]float64{{1, 2, 3}, {4, 5, 6}}},
		{"CRLF", "a,b\r\n1,2\r\n3,4", Options{}, "comma-separated, with a header", "a b", [][]float64{{1, 2}, {3, 4}}},
		{"BOM", "\xef\xbb\xbfa,b\n1,2\n", Options{}, "comma-separated, with a header", "a b", [][]float64{{1, 2}}},
		{"semicolon, decimal comma", "a;b\n1,5;-2,25\n3;4\n", Options{}, "semicolon-separated, decimal commas, with a header", "a b", [][]float64{{1.5, -2.25}, {3, 4}}},
		{"tab, empty cell", "a\tb\ty\n1\t\t3\n4\t5\t6\n", Options{}, "tab-separated, with a header", "a b y", [][]float64{{1, nan, 3}, {4, 5, 6}}},
		{"quoted commas", "name,\"a, b\",y\n\"x, y\",1,2\n\"x, y\",\"3\",4\n", Options{}, "comma-separated, with a header", "name a, b y", [][]float64{{0, 1, 2}, {0, 3, 4}}},
		{"quoted lines and quotes", "n,x,y\n\"a\n\"\"b\"\"\",1,2\n\"a\n\"\"b\"\"\",3,4\n", Options{}, "comma-separated, with a header", "n x y", [][]float64{{0, 1, 2}, {0, 3, 4}}},
		{"spaces and question marks", "1, ?, 3\n4, NA, 6\n7, NaN , 8\n", Options{}, "comma-separated, without a header (--header yes takes the first line for one)", "1 2 3", [][]float64{{1, nan, 3}, {4, nan, 6}, {7, nan, 8}}},
		{"blank lines", "\na,b\n\n1,2\n\n", Options{}, "comma-separated, with a header", "a b", [][]float64{{1, 2}}},
		{"classes in order of the alphabet", "x,y\n1,b\n2,a\n3,b\n4,c\n", Options{}, "comma-separated, with a header", "x y", [][]float64{{1, 1}, {2, 0}, {3, 1}, {4, 2}}},
		{"target by name", "a,b,c\n1,2,3\n", Options{Targets: []string{"a"}}, "comma-separated, with a header", "b c a", [][]float64{{2, 3, 1}}},
		{"target by number", "a,b,c\n1,2,3\n", Options{Targets: []string{"2"}}, "comma-separated, with a header", "a c b", [][]float64{{1, 3, 2}}},
		{"a name goes before a number", "2,b,c\n1,2,3\nx,5,6\nx,7,8\n", Options{Targets: []string{"2"}, Dialect: Dialect{Header: WithHeader}}, "comma-separated, with a header", "b c 2", [][]float64{{2, 3, 0}, {5, 6, 1}, {7, 8, 1}}},
		{"dropped", "id,b,c\n1,2,3\n", Options{Drop: []string{"id"}}, "comma-separated, with a header", "b c", [][]float64{{2, 3}}},
		{"numbers as categories", "zip,c\n10,3\n11,5\n10,6\n", Options{Categories: []string{"zip"}}, "comma-separated, with a header", "zip c", [][]float64{{0, 3}, {1, 5}, {0, 6}}},
		{"names of rows are left out", "n,x,y\na,1,2\nb,2,3\nc,3,5\nd,4,6\n", Options{}, "comma-separated, with a header", "x y", [][]float64{{1, 2}, {2, 3}, {3, 5}, {4, 6}}},
		{"index column without a name", ",x,y\n0,5,2\n1,6,3\n", Options{}, "comma-separated, with a header", "x y", [][]float64{{5, 2}, {6, 3}}},
		{"pixels' numbers as a header", "0,1,2,target\n5,6,7,1\n8,9,9,0\n", Options{}, "comma-separated, with a header", "0 1 2 target", [][]float64{{5, 6, 7, 1}, {8, 9, 9, 0}}},
		{"no header, texts", "red,a\nblue,b\nred,a\nred,b\n", Options{}, "comma-separated, without a header (--header yes takes the first line for one)", "1 2", [][]float64{{1, 0}, {0, 1}, {1, 0}, {1, 1}}},
		{"a header of texts", "color,size\nblue,b\nred,a\nred,b\nred,b\n", Options{}, "comma-separated, with a header", "color size", [][]float64{{0, 1}, {1, 0}, {1, 1}, {1, 1}}},
		{"options against the guess", "1|2\n3|4\n", Options{Dialect: Dialect{Separator: "|", Header: WithHeader}}, "'|'-separated, with a header", "1 2", [][]float64{{3, 4}}},
	} {
		reader, err := NewReader("t", strings.NewReader(test.content), test.options)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		table, err := readAll(reader)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if reader.How() != test.how {
			t.Errorf("%s: read as %s, want %s", test.name, reader.How(), test.how)
		}
		if names(table) != test.columns {
			t.Errorf("%s: columns %q, want %q", test.name, names(table), test.columns)
		}
		if diff := cmp.Diff(test.want, cells(table), nansEqual); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
}

var nansEqual = cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })

func TestReadLIBSVM(t *testing.T) {
	table := mustRead(t, `# made by hand
+1 3:0.5 1152921504606846976:2 # a comment
-1 qid:7 1:4

2.5	0:1e3 3:nan 18446744073709551615:-1`+"\r\n-1\n", Options{})
	want := [][]float64{{0, 0, 0.5, 2, 0, 1}, {0, 4, 0, 0, 0, -1}, {1e3, 0, math.NaN(), 0, -1, 2.5}, {0, 0, 0, 0, 0, -1}}
	if diff := cmp.Diff(want, cells(table), nansEqual); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := names(table); got != "0 1 3 1152921504606846976 18446744073709551615 label" {
		t.Errorf("columns %q", got)
	}
	if diff := cmp.Diff(Missing{1, []string{"line 5, index 3"}}, table.Missing); diff != "" {
		t.Error(diff)
	}
}

func TestReadErrors(t *testing.T) {
	numbers := "a,b,y\n" + strings.Repeat("1,2,3\n", 20)
	long := strings.Repeat("x", 100)
	for _, test := range []struct {
		name, content string
		options       Options
		want          string
		is            error
	}{
		{"empty", "", Options{}, "table: t: the file is empty", nil},
		{"blank", "\n\n", Options{}, "table: t: the file is empty", nil},
		{"header alone", "a,b\n", Options{}, "table: t: no rows", nil},
		{"one column", "y\n1\n2\n", Options{}, "table: t: no columns but the target", nil},
		{"binary", "PK\x03\x04\x00\x00", Options{}, "table: t: expected a table as CSV or LIBSVM text, found a zip archive", nil},
		{"gzip cut off", string(gzipped(numbers)[:40]), Options{}, "table: t: unexpected EOF", io.ErrUnexpectedEOF},
		{"not gzip", "\x1f\x8b the rest is no gzip", Options{}, "table: t: gzip: invalid header", gzip.ErrHeader},
		{"short row", numbers + "4,5\n", Options{}, "table: t: line 22: 2 fields; want 3, as in the first line", nil},
		{"long row", numbers + "4,5,6,7\n", Options{}, "table: t: line 22: 4 fields; want 3, as in the first line", nil},
		{"text among numbers", numbers + "4,12a,5\n", Options{}, `table: t: line 22, column 2 (b): "12a": not a number`, ErrNumber},
		{"long text among numbers", numbers + "4," + long + ",5\n", Options{}, `table: t: line 22, column 2 (b): "` + long[:40] + `…": not a number`, ErrNumber},
		{"text for a target", numbers + "4,5,?x\n", Options{}, `table: t: line 22, column 3 (y): "?x": not a number`, ErrNumber},
		{"infinite", numbers + "4,-inf,5\n", Options{}, `table: t: line 22, column 2 (b): "-inf": not a number between -3.4e38 and 3.4e38`, ErrNumber},
		{"huge", numbers + "4,1e999,5\n", Options{}, `table: t: line 22, column 2 (b): "1e999": not a number between -3.4e38 and 3.4e38`, ErrNumber},
		{"no target", numbers + "4,5,\n", Options{}, `table: t: line 22, column 3 (y): the value is missing: the target must be known; a row without it must go, and a class that is called so needs another name`, nil},
		{"quote left open", "a,b\n1,2\n3,\"4\n5,6\n", Options{}, `table: t: line 3, character 3: a quote that is not closed`, nil},
		{"text behind a quote", "a,b\n1,2\n3,\"4\"4\n5,6\n", Options{}, `table: t: line 3, character 6, of a row that begins in line 3: text behind a closing quote; a quote in a quoted field must stand twice`, nil},
		{"twice the same name", "a,a\n1,2\n", Options{Dialect: Dialect{Header: WithHeader}, Targets: []string{"a"}}, `table: t: the target: "a" is the name of the columns 1 and 2: choose one by its number`, ErrColumn},
		{"unknown target", numbers, Options{Targets: []string{"z"}}, `table: t: the target: no such column: "z"; there are 3: a, b, y`, ErrColumn},
		{"target 4", numbers, Options{Targets: []string{"4"}}, `table: t: the target: no such column: "4"; there are 3: a, b, y`, ErrColumn},
		{"unknown category column", numbers, Options{Categories: []string{"z"}}, `table: t: no such column: "z"; there are 3: a, b, y`, ErrColumn},
		{"unknown dropped", numbers, Options{Drop: []string{"z"}}, `table: t: no such column: "z"; there are 3: a, b, y`, ErrColumn},
		{"target dropped", numbers, Options{Drop: []string{"y"}}, `table: t: column 3 (y) is the target, and cannot be dropped`, nil},
		{"only names", "n,y\na,1\nb,2\nc,3\n", Options{}, "table: t: no column is left to learn from: column 1 (n) is left out: 3 different texts in 3 rows; --keep brings it back", nil},
		{"format", numbers, Options{Format: "xls"}, `table: t: there is no format "xls"; there are csv and libsvm`, nil},
		{"separator", numbers, Options{Dialect: Dialect{Separator: `"`}}, `table: t: the separator is "\""; want one character, and no quote`, nil},

		{"LIBSVM target", "1 1:2\n", Options{Targets: []string{"a"}}, `table: t: a LIBSVM file has no columns to choose: its target is the label: no such column`, ErrColumn},
		{"LIBSVM two labels", "1 1:2\n1,3 1:2\n", Options{}, `table: t: line 2, column 1: the label: "1,3": not a number`, ErrNumber},
		{"LIBSVM label missing", "1 1:2\n1:2\n", Options{}, `table: t: line 2, column 1: found "1:2"; want a label, with which each line begins`, nil},
		{"LIBSVM label unknown", "1 1:2\n? 1:2\n", Options{}, `table: t: line 2, the label: the value is missing: the target must be known; a row without it must go, and a class that is called so needs another name`, nil},
		{"LIBSVM no pair", "1 1:2\n1  12\n", Options{}, `table: t: line 2, column 4: found "12"; want index:value`, nil},
		{"LIBSVM no value", "1 1:2\n1  12:\n", Options{}, `table: t: line 2, column 4: found "12:"; want index:value`, nil},
		{"LIBSVM index", "1 1:2\n1  x:2\n", Options{}, `table: t: line 2, column 4: found the index "x"; want a whole number from 0 to 2^64-1`, nil},
		{"LIBSVM index -1", "1 1:2\n1 -1:2\n", Options{}, `table: t: line 2, column 3: found the index "-1"; want a whole number from 0 to 2^64-1`, nil},
		{"LIBSVM index of 2^64", "1 1:2\n1 18446744073709551616:2\n", Options{}, `table: t: line 2, column 3: found the index "18446744073709551616"; want a whole number from 0 to 2^64-1`, nil},
		{"LIBSVM order", "1 1:2\n1 3:1 3:1\n", Options{}, `table: t: line 2, column 7: found the index 3 after 3; indices must increase`, nil},
		{"LIBSVM value", "1 1:2\n1 3:1 4:a\n", Options{}, `table: t: line 2, column 7: "a": not a number`, ErrNumber},
		{"LIBSVM qid", "1 1:2\n1 qid:x 4:1\n", Options{}, `table: t: line 2, column 3: found "qid:x"; want qid:number`, nil},
		{"LIBSVM qid at the end", "1 1:2\n1 4:1 qid:1\n", Options{}, `table: t: line 2, column 7: found the index "qid"; want a whole number from 0 to 2^64-1`, nil},
		{"LIBSVM labels alone", "1\n-1\n", Options{Format: LIBSVM}, `table: t: no columns but the target`, nil},
	} {
		_, err := read(test.content, test.options)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s:\n got %v\nwant %s", test.name, err, test.want)
		} else if test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: errors.Is(err, %v) is false", test.name, test.is)
		}
	}
}

func gzipped(content string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(content)) // never fails
	z.Close()
	return b.Bytes()
}

func TestReadGzippedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv") // the content decides
	if err := os.WriteFile(path, gzipped("\xef\xbb\xbfa,b\n1,2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	table, err := Read(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := cells(table); names(table) != "a b" || !slices.Equal(got[0], []float64{1, 2}) {
		t.Errorf("columns %q, cells %v", names(table), got)
	}
	if _, err := Read(path+"x", Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// repeated is an endless text.
type repeated string

func (r repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r[i%len(r)]
	}
	return len(p), nil
}

// TestReadEndlessRow reads rows of 1 GiB, which must be given up early.
func TestReadEndlessRow(t *testing.T) {
	for name, start := range map[string]string{
		"csv": "a,b\n1,2\n3,", "csv quoted": "a,b\n1,2\n3,\"", "csv fields": "a,b\n1,2\n3,", "csv first": "",
		"libsvm": "1 1:2\n1 2:", "libsvm pairs": "1 1:2\n",
	} {
		rest := repeated("7")
		switch name {
		case "csv fields":
			rest = "1,"
		case "libsvm pairs":
			rest = "1 1:"
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		reader, err := NewReader("t", io.MultiReader(strings.NewReader(start), io.LimitReader(rest, 1<<30)), Options{})
		if err == nil {
			_, err = readAll(reader)
		}
		runtime.ReadMemStats(&after)
		if !errors.Is(err, errRecord) && name != "libsvm pairs" {
			t.Errorf("%s: %v, want %v", name, err, errRecord)
		}
		if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 128*maxRecord {
			t.Errorf("%s: %d MiB were allocated", name, bytes>>20)
		}
	}
}

func TestFarIndicesTakeNoMemory(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "1 %d:1\n", uint64(i+1)<<50)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	table := mustRead(t, b.String(), Options{})
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 4<<20 {
		t.Errorf("%d MiB were allocated", bytes>>20)
	}
	if n := len(table.Schema.Inputs); n != 1000 {
		t.Errorf("%d inputs", n)
	}
}

func TestTask(t *testing.T) {
	many := "x,y\n"
	for i := range 100 {
		many += fmt.Sprintf("%d,%d\n", i, i%21)
	}
	for _, test := range []struct {
		name, content string
		guess         Task
		classes       []string // after SetTask(Classification)
		classify      string   // its error
		regress       string
	}{
		{"texts", "x,y\n1,no\n2,yes\n", Classification, []string{"no", "yes"}, "", `table: t: column 2 (y): a regression needs numbers, found the text "no"`},
		{"signs", "x,y\n1,-1\n2,+1.0\n3,1\n4,-1\n", Classification, []string{"-1", "1"}, "", ""},
		{"numbers in order", "x,y\n1,10\n2,9\n3,10\n4,9\n", Classification, []string{"9", "10"}, "", ""},
		{"fractions", "x,y\n1,0.5\n2,1\n3,0.5\n4,1\n", Regression, []string{"0.5", "1"}, "", ""},
		{"21 numbers", many, Regression, nil, "", ""},
		{"few rows", "x,y\n1,1\n2,2\n3,3\n", Regression, []string{"1", "2", "3"}, "", ""},
		{"one class", "x,y\n1,7\n2,7\n", Classification, nil, `table: t: column 2 (y): every row is of the same class, "7": there is nothing to tell apart`, ""},
		{"negative zero", "x,y\n1,-0\n2,0\n3,1\n4,1\n", Classification, []string{"0", "1"}, "", ""},
	} {
		if got := mustRead(t, test.content, Options{}).GuessTask(); got != test.guess {
			t.Errorf("%s: guessed %s, want %s", test.name, got, test.guess)
		}
		if err := mustRead(t, test.content, Options{}).SetTask(Regression); message(err) != test.regress {
			t.Errorf("%s: regression: %v, want %q", test.name, err, test.regress)
		}
		table := mustRead(t, test.content, Options{})
		if err := table.SetTask(Classification); message(err) != test.classify {
			t.Errorf("%s: classification: %v, want %q", test.name, err, test.classify)
		}
		if got := table.Schema.Targets[0].Categories; test.classes != nil && !slices.Equal(got, test.classes) {
			t.Errorf("%s: classes %q, want %q", test.name, got, test.classes)
		}
		for i, class := range targets(table) {
			if class < 0 || int(class) >= len(table.Schema.Targets[0].Categories) {
				t.Errorf("%s: row %d is of class %v", test.name, i, class)
			}
		}
	}
	table := mustRead(t, "x,y\n1,10\n2,9\n3,10\n", Options{})
	if err := table.SetTask(Classification); err != nil || !slices.Equal(targets(table), []float64{1, 0, 1}) {
		t.Errorf("classes %v (%v)", targets(table), err)
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestTooManyClasses(t *testing.T) {
	names, numbers := "x,y\n", "x,y\n"
	for i := range maxCategories + 1 {
		names += fmt.Sprintf("1,n%d\n", i)
		numbers += fmt.Sprintf("1,%d\n", i)
	}
	if _, err := read(names, Options{}); message(err) != "table: t: line 1002, column 2 (y): more than 1000 classes" {
		t.Errorf("texts: %v", err)
	}
	if err := mustRead(t, numbers, Options{}).SetTask(Classification); message(err) != "table: t: column 2 (y): more than 1000 classes" {
		t.Errorf("numbers: %v", err)
	}
	inputs := "x,z,y\n"
	for i := range 3 * maxCategories {
		inputs += fmt.Sprintf("n%d,1,2\n", i)
	}
	table := mustRead(t, inputs, Options{})
	if want := "column 1 (x) is left out: more than 1000 different texts in 3000 rows"; !slices.Equal(table.LeftOut, []string{want}) {
		t.Errorf("left out %q", table.LeftOut)
	}
}

func TestReadBySchema(t *testing.T) {
	const content = "id,color,size,y\n1,red,5,no\n2,blue,6,yes\n3,red,7,no\n4,blue,8,yes\n"
	schema := mustRead(t, content, Options{Drop: []string{"id"}}).Schema
	for _, test := range []struct{ name, content, want string }{
		{"the same", content, "[[1 5 0] [0 6 1] [1 7 0] [0 8 1]]"},
		{"other order, no target, another column", "size;new;color\n9;1;blue\n", "[[0 9 NaN]]"},
		{"no header", "1,red,5,no\n", "[[1 5 0]]"},
		{"no header, no target", "1,red,5\n", "[[1 5 NaN]]"},
		{"target missing", "color,size,y\nred,5,?\n", "[[1 5 NaN]]"},
		{"another class", "color,size,y\nred,5,maybe\n", "[[1 5 -1]]"},
		{"header alone", "color,size\n", "[]"},
		{"no column", "color,y\nred,no\n", `table: t: line 1: no such column: "size", which the model needs; there are 2: color, y`},
		{"too few fields", "red,no\n", "table: t: line 1: 2 fields; the model's table had 4, or 3 without its target"},
		{"unknown category", "color,size\nred,5\ngreen,5\n", `table: t: line 3, column 1 (color): unknown category "green"; known are blue, red`},
		{"text for a number", "color,size\nred,large\n", `table: t: line 2, column 2 (size): "large": not a number`},
		{"another format", "1 1:2\n", "table: t: the table is libsvm, but that of the model was csv"},
	} {
		got, err := bySchema(test.content, Options{Schema: &schema})
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if got, err := bySchema("color,size\ngreen,5\n", Options{Schema: &schema, IgnoreUnknown: true}); got != "[[-1 5 NaN]]" {
		t.Errorf("unknown category ignored: %s (%v)", got, err)
	}

	if _, err := bySchema("y,size,color\n?,,red\n", Options{Schema: &schema, NoMissing: true}); !errors.Is(err, ErrMissing) || err.Error() != "table: t: line 2, column 2 (size): the value is missing" {
		t.Errorf("missing value: %v", err)
	}

	// Without names, by places: a target in the middle may be left out too.
	schema = mustRead(t, "1,7,3\n4,8,6\n", Options{Targets: []string{"2"}}).Schema
	if got, err := bySchema("1,3\n", Options{Schema: &schema}); got != "[[1 3 NaN]]" {
		t.Errorf("target in the middle left out: %s (%v)", got, err)
	}
	if got, err := bySchema("a,b,c\n1,2,3\n", Options{Schema: &schema, Dialect: Dialect{Header: WithHeader}}); got != "[[1 3 2]]" {
		t.Errorf("a header for a schema without: %s (%v)", got, err)
	}

	table := mustRead(t, "1 1:2 5:3\n-1 1:2\n", Options{})
	if err := table.SetTask(Classification); err != nil {
		t.Fatal(err)
	}
	if got, err := bySchema("+1.0 3:7 5:4\n0 1:3\n", Options{Schema: &table.Schema}); got != "[[4 1] [3 -1]]" {
		t.Errorf("LIBSVM: %s (%v)", got, err)
	}
	if _, err := bySchema("+1.0 3:7 5:?\n", Options{Schema: &table.Schema, NoMissing: true}); message(err) != "table: t: line 1, column 10: the value is missing" {
		t.Errorf("LIBSVM, missing value: %v", err)
	}
}

// bySchema returns the rows' cells and targets.
func bySchema(content string, options Options) (string, error) {
	reader, err := NewReader("t", strings.NewReader(content), options)
	if err != nil {
		return "", err
	}
	return rowsOf(reader)
}

// rowsOf returns the cells and targets of the rest.
func rowsOf(reader *Reader) (string, error) {
	rows := [][]float64{}
	for {
		row, err := reader.Next()
		if err == io.EOF {
			return fmt.Sprint(rows), nil
		}
		if err != nil {
			return "", err
		}
		rows = append(rows, append(slices.Clone(row.Cells), row.Targets[0]))
	}
}
