package table

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

// checkTable fails where a table contradicts itself, or where reading the same
// content by the table's schema gives something else.
func checkTable(t *testing.T, content string, options Options) {
	table, err := read(content, options)
	if err != nil {
		if !strings.HasPrefix(err.Error(), "table: t: ") {
			t.Fatalf("the error %q does not name the file", err)
		}
		return
	}
	if len(table.Schema.Targets) > 1 && table.SetTask(Regression) != nil {
		return // texts among several targets
	}
	if err := table.Schema.Check(); err != nil {
		t.Fatal(err)
	}
	for _, encoding := range []EncoderOptions{{Impute: ImputeMedian}, {Raw: true}, {Transform: LogTransform}, {Transform: QuantileTransform}} {
		checkEncoder(t, table, content, options, encoding)
	}
	all := allRows(table)
	if train, holdout, err := table.Split(all, 0.3, 1); err == nil && (len(train)+len(holdout) != len(all) || len(train) == 0 || len(holdout) == 0) {
		t.Fatalf("a split of %d rows into %d and %d", len(all), len(train), len(holdout))
	}
	if err := table.SetTask(table.GuessTask()); err == nil {
		for i, v := range targets(table) {
			if classes := table.Schema.Targets[0].Categories; classes != nil && (v < 0 || int(v) >= len(classes)) {
				t.Fatalf("row %d is of class %v of %d", i, v, len(classes))
			}
		}
	}
}

// checkEncoder fails where an encoder contradicts itself, or encodes the same content
// otherwise if it is read by the table's schema.
func checkEncoder(t *testing.T, table *Table, content string, options Options, encoding EncoderOptions) {
	e, err := NewEncoder(table, allRows(table), encoding)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	dialect := Dialect{Encoding: options.Dialect.Encoding, Separator: options.Dialect.Separator, Header: WithHeader}
	if !table.Schema.Header {
		dialect.Header = NoHeader
	}
	again, err := NewReader("t", strings.NewReader(content), Options{Format: table.Schema.Format, Dialect: dialect, Schema: &table.Schema})
	if err != nil {
		t.Fatal(err)
	}
	if e.Width() > 1<<16 {
		return
	}
	vector, other := make([]float32, e.Width()), make([]float32, e.Width())
	for i := range table.Len() {
		row, err := again.Next()
		if err != nil {
			t.Fatal(err)
		}
		if first := table.Row(i); !slices.Equal(row.Targets, first.Targets) || row.Weight != first.Weight {
			t.Fatalf("row %d has the targets %v and the weight %v, and %v and %v by the schema", i, first.Targets, first.Weight, row.Targets, row.Weight)
		}
		for _, dst := range [][]float32{vector, other} {
			if err := e.Encode(dst, row); err != nil {
				t.Fatal(err)
			}
			row = table.Row(i)
		}
		if fmt.Sprint(vector) != fmt.Sprint(other) {
			t.Fatalf("row %d is %v, and %v by the schema", i, other, vector)
		}
		for _, v := range vector {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Fatalf("row %d is %v", i, vector)
			}
		}
	}
	if _, err := again.Next(); err != io.EOF {
		t.Fatalf("after the last row: %v", err)
	}
}

func FuzzCSV(f *testing.F) {
	dialects := []Dialect{{}, {Separator: ","}, {Separator: " ", Header: NoHeader}, {Decimal: ",", Missing: []string{"7"}}, {Encoding: "latin1", Thousands: ","}}
	columns := []Options{{}, {Targets: []string{"1", "2"}}, {Weight: "1"}, {Targets: []string{"2"}, Weight: "3", Keep: []string{"1"}}, {Weight: "2", Categories: []string{"1"}, Drop: []string{"4"}}}
	for _, seed := range []string{
		"1,2,3,4\n5,6,0,8\n", "w;a;y\n1,5;2;3\n0;;4\n-;3;4\n", "w,w,y\n1,$2,3%\n4,$5,-\n",
		"", "a,b\n1,2\n3,4\n", "1;2,5\r\n3;4\r\n", "\xef\xbb\xbfa\tb\n1\t?\n", "a,b,y\n\"x, y\",1,no\n\"z\"\"z\",,yes\nz,NaN,no\nz,3,no\n",
		"a,b\n1,2\n\"3,4\n5,6", ",x,y\n0,1,2\n1,1e999,2\n", "a,a\n1,2\n", "7,7\n7,7\n7,7\n", "1,-0\n2,0\n", "\x1f\x8b", "0,1,y\n1,2,3\n",
		"# a b\n1 2\n# c\n3 4\n", "sep=|\na|b|\n1|2|\n3|4|\n", "a b\n1 2 3\n4 5 6\n", "a\r1,2\r\n", "x;y\n1.234,5;5%\n2.000,5;6%\n", "\xff\xfea\x00,\x00b\x00",
		"a,b\n\"$1,234.5\",-\n(5),7\n", "#1,a\n#2,b\n", "#",
	} {
		for i := range len(dialects) * len(columns) {
			f.Add(seed, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, content string, i uint8) {
		options := columns[int(i)/len(dialects)%len(columns)]
		options.Format, options.Dialect = CSV, dialects[int(i)%len(dialects)]
		checkTable(t, content, options)
	})
}

func FuzzLIBSVM(f *testing.F) {
	for _, seed := range []string{
		"", "+1 1:2 3:4\n-1 2:1e3\n", "1 qid:3 1:2 # why\n", "0 1152921504606846976:1\n", "1 18446744073709551615:1\n", "1 1:nan\n2 1:3\n",
		"1 1:1e38\n1 1:-1e38\n1 2:0\n", "1 2:1 1:1\n", "1,2 1:2\n", "1 1:2\r\n\r\n1", "1 007:1\n1 7:2\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) { checkTable(t, content, Options{Format: LIBSVM}) })
}

// FuzzEncoder reads tables by encoders from anywhere: those that Check lets pass
// encode every row to finite numbers, or give an error.
func FuzzEncoder(f *testing.F) {
	const csv = `{"schema":{"format":"csv","header":true,"fields":4,"targets":[{"name":"y","field":3,"kind":"category","categories":["no","yes"]}],"weight":{"name":"w","field":2,"kind":"number"},` +
		`"inputs":[{"name":"x","field":0,"kind":"number"},{"name":"z","field":1,"kind":"category","categories":["u","v"]}]},"impute":"auto","columns":[` +
		`{"curve":{"knots":[-1,0,5],"scores":[-1,0,1]},"mean":0.5,"scale":2,"fill":[1],"missing":true},{"mean":0,"scale":1,"fill":[0,0],"missing":true}]}`
	const sparse = `{"schema":{"format":"libsvm","target":{"name":"label","field":-1,"kind":"number"},"inputs":[{"name":"1","field":-1,"kind":"number"},{"name":"7","field":-1,"kind":"number"}]},` +
		`"impute":"auto","columns":[{"curve":{"unit":2},"mean":0,"scale":1},{"mean":1e38,"scale":1e308,"fill":[3],"missing":true}]}`
	f.Add(csv, "x,z,w,y\n1,u,1,no\n?,?,2,maybe\n-3e38,v,0,yes\n")
	f.Add(csv, "1,u,2,no\n2,v,1,yes\n")
	f.Add(csv, "1,u\n?,v\n")
	f.Add(sparse, "1 0:2 1:4 7:?\n3:1\n")
	f.Fuzz(func(t *testing.T, encoder, content string) {
		var e Encoder
		if json.Unmarshal([]byte(encoder), &e) != nil || e.Check() != nil || e.Width() > 1<<16 {
			return
		}
		reader, err := NewReader("t", strings.NewReader(content), Options{Schema: &e.Schema, IgnoreUnknown: true})
		if err != nil {
			return
		}
		vector := make([]float32, e.Width())
		for row, err := reader.Next(); err == nil; row, err = reader.Next() {
			if len(row.Targets) != len(e.Schema.Targets) {
				t.Fatalf("%d targets, want %d", len(row.Targets), len(e.Schema.Targets))
			}
			if e.Encode(vector, row) != nil {
				continue
			}
			for _, v := range vector {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					t.Fatalf("line %d is %v", row.Line, vector)
				}
			}
		}
		reader.Said()
	})
}
