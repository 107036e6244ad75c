package table

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestColumnNames(t *testing.T) {
	for _, test := range []struct{ header, want, said string }{
		{"a,b,c", "a,b,c", ""},
		{"a,b,a", "a,b,a.2", `columns 1 and 3 are all called "a": here they are "a", "a.2"`},
		{"a,a,a.2,a", "a,a.3,a.2,a.4", `columns 1, 2 and 4 are all called "a": here they are "a", "a.3", "a.4"`},
		{",b,", "1,b,3", ""},
		{"2,", "2,unnamed", ""},
		{",1", "unnamed,1", ""},
	} {
		h := newHeader(strings.Split(test.header, ","), strings.Count(test.header, ",")+1)
		if got := strings.Join(h.names, ","); got != test.want {
			t.Errorf("%s: names %s, want %s", test.header, got, test.want)
		}
		if got := strings.Join(h.said(), "\n"); got != test.said {
			t.Errorf("%s: said %q, want %q", test.header, got, test.said)
		}
	}
}

// TestColumnNamesDiffer holds for any header.
func TestColumnNamesDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "A", "a.2", "a.3", "1", "2", "3", "2.2", "unnamed"}), 1, 9).Draw(t, "header")
		h := newHeader(record, len(record))
		names := slices.Clone(h.names)
		slices.Sort(names)
		if len(slices.Compact(names)) != len(record) || slices.Contains(names, "") {
			t.Fatalf("%q: names %q", record, h.names)
		}
		for i, name := range h.names {
			if h.places[name] != i {
				t.Fatalf("%q: %s is column %d, want %d", record, name, h.places[name], i)
			}
		}
	})
}

func TestOptionsNameColumns(t *testing.T) {
	for _, test := range []struct{ header, target, want string }{
		{"a,B,y", "b", "a y B"},
		{"a,B,y", " B ", "a y B"},
		{"a,A,y", "A", "a y A"},
		{"b,B,ß,y", "Y", "b B ß y"},
		{"a,b,a", "3", "a b a.2"},
		{"a,b,a", "a.2", "a b a.2"},
		{",b,c", "1", "b c 1"},
		{"a,b,c", "B ", "a c b"},
	} {
		table, err := read(test.header+"\n"+strings.Repeat("1.5,2.5,3.5,4.5\n"[:4*strings.Count(test.header, ",")+3]+"\n", 2), Options{Targets: []string{test.target}, Dialect: Dialect{Header: WithHeader}})
		if err != nil {
			t.Errorf("%s, target %s: %v", test.header, test.target, err)
		} else if got := names(table); got != test.want {
			t.Errorf("%s, target %s: columns %s, want %s", test.header, test.target, got, test.want)
		}
	}
	for _, test := range []struct{ header, target, want string }{
		{"a,b,a", "a", `"a" is the name of the columns 1 and 3: choose one by its number`},
		{"a,A,y", " a ", `" a " may be any of the columns 1 and 2: choose one by its number`},
		{"a,b,c,d,e,f,g,h,i,j,weight", "wieght", `there are 11: a, b, c, d, e, f, g, h, i, j, …; the most alike is weight`},
	} {
		_, err := read(test.header+"\n"+strings.Repeat("1.5,", strings.Count(test.header, ","))+"2\n", Options{Targets: []string{test.target}, Dialect: Dialect{Header: WithHeader}})
		if !errors.Is(err, ErrColumn) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s, target %s: %v, want %s", test.header, test.target, err, test.want)
		}
	}
	table := mustRead(t, "7,2,y\n1.5,2,3\n2.5,2,3\n", Options{Targets: []string{"2"}, Dialect: Dialect{Header: WithHeader}})
	if names(table) != "7 y 2" || len(table.LeftOut) > 0 {
		t.Errorf("columns %s, left out %q", names(table), table.LeftOut)
	}
	table = mustRead(t, "2,7,y\n1.5,2,3\n2.5,2,3\n", Options{Targets: []string{"2"}, Dialect: Dialect{Header: WithHeader}})
	if want := "2 is taken for the name of column 1, not for the number of column 2 (7)"; names(table) != "7 y 2" || !slices.Contains(table.Said, want) {
		t.Errorf("columns %s, said %q, want %q", names(table), table.Said, want)
	}
}

func TestSchemaFindsNames(t *testing.T) {
	plain := mustRead(t, "Sepal.Length,width,y\n1.5,2,3\n2.5,2,3\n", Options{Dialect: Dialect{Header: WithHeader}}).Schema
	twice := mustRead(t, "a,b,a,y\n1.5,2.5,3.5,4\n2.5,3,4,5\n", Options{Dialect: Dialect{Header: WithHeader}}).Schema
	dropped := mustRead(t, "a,b,a,y\n1.5,2.5,3.5,4\n2.5,3,4,5\n", Options{Dialect: Dialect{Header: WithHeader}, Drop: []string{"3"}}).Schema
	cases := mustRead(t, "a,A,y\n1.5,2.5,4\n2.5,3,5\n", Options{Dialect: Dialect{Header: WithHeader}}).Schema
	nameless := mustRead(t, ",b,y\n1.5,2.5,4\n2.5,3,5\n", Options{Dialect: Dialect{Header: WithHeader}}).Schema
	pixels := mustRead(t, "0,1,y\n1.5,2.5,4\n2.5,3,5\n", Options{Dialect: Dialect{Header: WithHeader}}).Schema
	texts := mustRead(t, "a,b,y\nx,v,4\nx,w,5\nz,w,5\nz,w,3\n", Options{Dialect: Dialect{Header: WithHeader}}).Schema
	for _, test := range []struct {
		name    string
		schema  Schema
		content string
		want    string
		said    string
	}{
		{"another case", plain, "y,SEPAL.LENGTH,Width\n7,5,6\n", "[[5 6 7]]",
			`column 2, "SEPAL.LENGTH", is read as the model's "Sepal.Length"; column 3, "Width", is read as the model's "width"`},
		{"the target in another case", plain, "Sepal.Length,width,Y\n5,6,7\n", "[[5 6 7]]", `column 3, "Y", is read as the model's "y"`},
		{"another name", plain, "sepal_length,width,y\n5,6,7\n", `table: t: line 1: no such column: "Sepal.Length", which the model needs; there are 3: sepal_length, width, y`, ""},
		{"ambiguous case", plain, "WIDTH,Width,Sepal.Length\n5,6,7\n", `table: t: line 1: "width", which the model needs, may be any of the columns 1 and 2`, ""},
		{"case tells columns apart", cases, "A,a,y\n5,6,7\n", "[[6 5 7]]", ""},
		{"one of two cases is gone", cases, "A,b,y\n5,6,7\n", `table: t: line 1: no such column: "a", which the model needs; there are 3: A, b, y`, ""},
		{"names twice", twice, "a,b,a,y\n5,6,7,8\n", "[[5 6 7 8]]", ""},
		{"names twice, told apart", twice, "a.2,b,a\n5,6,7\n", "[[7 6 5 NaN]]", ""},
		{"names twice, elsewhere", twice, "b,a,a\n5,6,7\n", "[[6 5 7 NaN]]", ""},
		{"names twice, of which one was dropped", dropped, "a,b,a,y\n5,6,7,8\n", "[[5 6 8]]", ""},
		{"a name twice that was once", plain, "width,width,Sepal.Length\n5,6,7\n", `table: t: line 1: the columns 1 and 2 are called "width": the model needs one of that name`, ""},
		{"no name", nameless, ",b,y\n5,6,7\n", "[[5 6 7]]", ""},
		{"numbers as names", pixels, "1,0\n5,6\n", "[[6 5 NaN]]", ""},
		{"a row that has names which are numbers", pixels, "0,1,7\n5,6,8\n", "table: t: line 1: 2 of its numbers are names of the model's columns, but not all: it may be a header of others, or a row", ""},
		{"a row that has a name twice", pixels, "0,0,7\n5,6,8\n", "[[0 0 7] [5 6 8]]", "without a header: the model's columns are taken by their places"},
		{"a row that has one name", pixels, "0,3,7\n5,6,8\n", "[[0 3 7] [5 6 8]]", "without a header: the model's columns are taken by their places"},
		{"numbers as names, written otherwise", pixels, "1.0,0.0\n5,6\n", "[[6 5 NaN]]", `column 2, "0.0", is read as the model's "0"; column 1, "1.0", is read as the model's "1"`},
		{"texts in capitals", texts, "A,B,Y\nx,v,3\n", "[[0 0 3]]", `column 1, "A", is read as the model's "a"; column 2, "B", is read as the model's "b"; column 3, "Y", is read as the model's "y"`},
	} {
		reader, err := NewReader("t", strings.NewReader(test.content), Options{Schema: &test.schema})
		got := ""
		if err == nil {
			got, err = rowsOf(reader)
		}
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		} else if err == nil && strings.Join(reader.Said(), "; ") != test.said {
			t.Errorf("%s: said %q, want %q", test.name, reader.Said(), test.said)
		}
	}
}

// TestOtherNames reads tables whose names are none of the schema's: they are no row.
func TestOtherNames(t *testing.T) {
	schema := mustRead(t, "a,b,y\n"+strings.Repeat("u,v,1\nv,u,2\n", 5), Options{}).Schema
	for _, test := range []struct {
		content string
		options Options
		want    string
		is      error
	}{
		{"p,q\nu,v\n", Options{}, `table: t: line 1, column 1 (a): unknown category "p"; known are u, v`, ErrHeader},
		{"p,q\nu,v\n", Options{IgnoreUnknown: true}, "table: t: line 1: it has neither names nor values that the model knows", ErrHeader},
		{"p,q\nu,v\n", Options{Dialect: Dialect{Header: NoHeader}, IgnoreUnknown: true}, "[[-1 -1 NaN] [0 1 NaN]]", nil},
		{"u,q\nu,v\n", Options{IgnoreUnknown: true}, "[[0 -1 NaN] [0 1 NaN]]", nil},
		{"u,v\np,q\n", Options{IgnoreUnknown: true}, "[[0 1 NaN] [-1 -1 NaN]]", nil},
		{"?,?\nu,v\n", Options{}, "[[NaN NaN NaN] [0 1 NaN]]", nil},
	} {
		test.options.Schema = &schema
		got, err := bySchema(test.content, test.options)
		if err != nil {
			got = err.Error()
		}
		if got != test.want || test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%q: %s, want %s", test.content, got, test.want)
		}
	}
}
