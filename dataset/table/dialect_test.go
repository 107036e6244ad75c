package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

// lines40 writes a first line and 40 more.
func lines40(first string, line func(i int) string) string {
	var b strings.Builder
	b.WriteString(first)
	for i := range 40 {
		b.WriteString(line(i) + "\n")
	}
	return b.String()
}

// x is a number with a fraction, and class a class.
func x(i int) float64     { return float64(i*i%17) + 0.25 }
func class2(i int) string { return []string{"yes", "no", "no"}[i%3] }

// TestDialects reads what programs write.
func TestDialects(t *testing.T) {
	const without = ", without a header (--header yes takes the first line for one)"
	nan := math.NaN()
	rows := func(format string, comma bool) func(i int) string {
		return func(i int) string {
			line := fmt.Sprintf(format, i, x(i), class2(i), i*i%17)
			if comma {
				line = strings.ReplaceAll(line, ".", ",")
			}
			return line
		}
	}
	for _, test := range []struct {
		name, content string
		options       Options
		how, columns  string
		first         []float64
	}{
		{"blanks", " 1.5   2 \t 3\n\n 4.5 5 6 \n", Options{}, "blank-separated" + without, "1 2 3", []float64{1.5, 2, 3}},
		{"bars", lines40("a|b|y\n", rows("%[4]d|%[2]v|%[3]s", false)), Options{}, "'|'-separated, with a header", "a b y", []float64{0, 0.25, 1}},
		{"sep=", "sep=|\na|b\n1|2\n3|4\n", Options{}, "'|'-separated, with a header", "a b", []float64{1, 2}},
		{"sep= in quotes", "\"sep=;\"\r\na;b\r\n1;2,5\r\n", Options{}, "semicolon-separated, decimal commas, with a header", "a b", []float64{1, 2.5}},
		{"CR", "a,b\r1,2\r3,4\r", Options{}, "comma-separated, with a header", "a b", []float64{1, 2}},
		{"CR, CR LF and LF", "a,b\r1,2\r\n3,4\n", Options{}, "comma-separated, with a header", "a b", []float64{1, 2}},
		{"comments", "#\n# by hand\na,b\n1,2\n% a remark, or two, or three\n3,4\n#5,6\n# end\n", Options{}, "comma-separated, with a header", "a b", []float64{1, 2}},
		{"a header behind a mark", "# a b y\n1.5 2.5 3.5\n4.5 5.5 6.5\n", Options{}, "blank-separated, with a header", "a b y", []float64{1.5, 2.5, 3.5}},
		{"that, given", "# 1 2 3\n1.5 2.5 3.5\n4.5 5.5 6.5\n", Options{Dialect: Dialect{Header: WithHeader}}, "blank-separated, with a header", "1 2 3", []float64{1.5, 2.5, 3.5}},
		{"that, refused", "# a b y\n1.5 2.5 3.5\n4.5 5.5 6.5\n", Options{Dialect: Dialect{Header: NoHeader}}, "blank-separated, without a header", "1 2 3", []float64{1.5, 2.5, 3.5}},
		{"a comment of as many fields, then a header", "# by me, in 2024\na,b\n1,2\n3,4\n", Options{}, "comma-separated, with a header", "a b", []float64{1, 2}},
		{"texts with #", lines40("c,x,y\n", func(i int) string { return fmt.Sprintf("#f%d,1,%s", i%3, class2(i)) }), Options{Drop: []string{"x"}}, "comma-separated, with a header", "c y", []float64{0, 1}},
		{"some texts with #", "c,y\n" + strings.Repeat("#1,1\nred,2\nblue,3\n", 9), Options{}, "comma-separated, with a header", "c y", []float64{0, 1}},
		{"separators at line ends", "a,b,\n1,2,\n,3,\n", Options{}, "comma-separated, with a header", "a b", []float64{1, 2}},
		{"those without a header's", "a,b\n1,2,\n3,4,\n", Options{}, "comma-separated, with a header", "a b", []float64{1, 2}},
		{"write.table", lines40("\"a\" \"y\"\n", rows("\"r%[1]d\" %[2]v \"%[3]s\"", false)), Options{}, "blank-separated, with a header", "a y", []float64{0.25, 1}},
		{"write.csv2", lines40("\"a\";\"b\";\"y\"\n", rows("%[4]d;%[2]v;\"%[3]s\"", true)), Options{}, "semicolon-separated, decimal commas, with a header", "a b y", []float64{0, 0.25, 1}},
		{"decimal commas make no columns", "1,5;2,5;3,5\n4,5;5,5;6,5\n", Options{}, "semicolon-separated, decimal commas" + without, "1 2 3", []float64{1.5, 2.5, 3.5}},
		{"commas and blanks", "1, 2, 3\n4, 5, 6\n", Options{}, "comma-separated" + without, "1 2 3", []float64{1, 2, 3}},
		{"thousands between tabs", "1 000\t2 000.5\n3 000\t4 000\n", Options{}, "tab-separated, thousands blanks" + without, "1 2", []float64{1000, 2000.5}},
		{"texts with separators", "g,x\n" + strings.Repeat("a|b c;d,1\ne|f g;h,2\n", 3), Options{}, "comma-separated, with a header", "g x", []float64{0, 1}},
		{"quotes inside", "d,x\n5\" disk,1\n3\" disk,2\n5\" disk,3\n3\" disk,4\n", Options{}, "comma-separated, with a header", "d x", []float64{1, 1}},

		{"thousands and decimal sign", "a\tb\n1,234.5\t1\n-12,345,678\t2\n", Options{}, "tab-separated, thousands commas, with a header", "a b", []float64{1234.5, 1}},
		{"decimal commas elsewhere", "a;b\n3.659;7318,5\n", Options{}, "semicolon-separated, decimal commas, thousands points, with a header", "a b", []float64{3659, 7318.5}},
		{"decimal points elsewhere", "a,b\n\"1,234\",0.5\n", Options{}, "comma-separated, thousands commas, with a header", "a b", []float64{1234, 0.5}},
		{"thousands given", "a;b\n3.659;1\n", Options{Dialect: Dialect{Thousands: "."}}, "semicolon-separated, decimal commas, thousands points, with a header", "a b", []float64{3659, 1}},
		{"decimal sign given", "a;b\n3.659;1\n", Options{Dialect: Dialect{Decimal: "."}}, "semicolon-separated, with a header", "a b", []float64{3.659, 1}},
		{"narrow blanks", "a;b\n1\u202f234,5;1\n12\u00a0000;2\n", Options{}, "semicolon-separated, decimal commas, thousands blanks, with a header", "a b", []float64{1234.5, 1}},
		{"apostrophes", "a;b\nCHF 1'234.50;1\nCHF -5;2\n", Options{}, "semicolon-separated, thousands apostrophes, with a header", "a b", []float64{1234.5, 1}},
		{"India", "a\tb\n12,34,567\t1\n", Options{}, "tab-separated, thousands commas, with a header", "a b", []float64{1234567, 1}},
		{"currency", "a,b\n\"-$1,234.50\",1\n$-3,2\n$0,2\n($7.5),2\n8,2\n", Options{}, "comma-separated, thousands commas, with a header", "a b", []float64{-1234.5, 1}},
		{"percent", "a,b\n12.5 %,1\n3%,2\n0,3\n", Options{}, "comma-separated, with a header", "a b", []float64{12.5, 1}},
		{"signs", "a,b\n\u22125,+1\n6,2\n", Options{}, "comma-separated, with a header", "a b", []float64{-5, 1}},
		{"all digits", "a,b\n0.1234567890123456789,-.5e-3\n6.,2E2\n", Options{}, "comma-separated, with a header", "a b", []float64{0.1234567890123456789, -.5e-3}},
		{"missing among numbers", "a,b\n-,1\n.,2\nNone,3\n#DIV/0!,3\n\\N,3\n5,3\n", Options{}, "comma-separated, with a header", "a b", []float64{nan, 1}},
		{"names among texts", "a,b\nNone,1\nBath,2\n-,3\nNone,2\nBath,3\n-,3\n", Options{}, "comma-separated, with a header", "a b", []float64{2, 1}},
		{"missing, given", "a,b\nn.k.,1\n-999.0,2\n3,4\n", Options{Dialect: Dialect{Missing: []string{"n.k.", "-999"}}}, "comma-separated, with a header", "a b", []float64{nan, 1}},
		{"no numbers", "a,b\n1_11,1\n11_1,2\n0x1p-2,3\n1_11,1\n11_1,2\n0x1p-2,3\n", Options{}, "comma-separated, with a header", "a b", []float64{2, 1}},
		{"leading zeros", "zip,b\n01234,1\n98765,2\n01234,3\n98765,3\n", Options{}, "comma-separated, with a header", "zip b", []float64{0, 1}},

		{"years above numbers, a name above classes", lines40("2001,2002,y\n", rows("%[2]v,%[2]v,%[3]s", false)), Options{}, "comma-separated, with a header", "2001 2002 y", []float64{0.25, 0.25, 1}},
		{"wavelengths", lines40("400.5,401,401.5,class\n", rows("%[2]v,%[2]v,%[2]v,%[3]s", false)), Options{}, "comma-separated, with a header", "400.5 401 401.5 class", []float64{0.25, 0.25, 0.25, 1}},
		{"numbers count", lines40("0,1,2\n", rows("%[2]v,%[2]v,%[1]d", false)), Options{}, "comma-separated, with a header (--header no takes the first line for a row)", "0 1 2", []float64{0.25, 0.25, 0}},
		{"texts come again", lines40("5.25,3.25,no\n", rows("%[2]v,%[2]v,%[3]s", false)), Options{}, "comma-separated" + without, "1 2 3", []float64{5.25, 3.25, 0}},
		{"names that are values, too", lines40("a,b,c,y\n", func(i int) string { return fmt.Sprintf("%v,%v,%c,%v", x(i), x(i+1), 'c'-i%3, x(i)) }), Options{}, "comma-separated, with a header", "a b c y", []float64{0.25, 1.25, 2, 0.25}},
		{"numbers and names above numbers", lines40("1,x,y\n", rows("%[4]d,%[2]v,%[2]v", false)), Options{}, "comma-separated, with a header", "1 x y", []float64{0, 0.25, 0.25}},
		{"unnamed column", lines40(",x,y\n", rows("n%[1]d,%[2]v,%[3]s", false)), Options{}, "comma-separated, with a header", "x y", []float64{0.25, 1}},
	} {
		table, err := read(test.content, test.options)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if table.How != test.how || names(table) != test.columns {
			t.Errorf("%s: %s: %s; want %s: %s", test.name, table.How, names(table), test.how, test.columns)
		}
		if diff := cmp.Diff(test.first, cells(table)[0], nansEqual); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
		checkTable(t, test.content, test.options)
	}
}

// TestDoubts reads tables that could be read in two ways.
func TestDoubts(t *testing.T) {
	counted := func(format string) func(i int) string {
		return func(i int) string { return fmt.Sprintf(format, i, x(i)) }
	}
	for _, test := range []struct {
		name, content string
		options       Options
		want          string
		is            error
	}{
		{"thousands or decimals", "a;b\n3.659;1\n", Options{}, `line 2, column 1 (a): "3.659" can be 3.659 or 3659`, ErrDecimal},
		{"the same with commas", "a,b\n\"3,659\",1\n", Options{}, `line 2, column 1 (a): "3,659" can be 3659 or 3.659`, ErrDecimal},
		{"both signs", "a;b\n1.5;2,5\n", Options{}, `numbers are written in two ways: line 2, column 1 (a): "1.5" and line 2, column 2 (b): "2,5"`, ErrDecimal},
		{"both marks", "a;b\n1 000,5;1\n1'000,5;2\n", Options{}, `thousands are set apart in two ways: line 2, column 1 (a): "1 000,5" and line 3, column 1 (a): "1'000,5"`, ErrDecimal},
		{"against what is given", "a;b\n1,5;2\n", Options{Dialect: Dialect{Decimal: "."}}, `line 2, column 1 (a): "1,5": not a number with a decimal point`, ErrDecimal},
		{"later", lines40("a;b\n", counted("0,%d5;1")) + "1.5;2\n", Options{Dialect: Dialect{Decimal: ","}}, `line 42, column 1 (a): "1.5": not a number with a decimal comma`, ErrNumber},
		{"two currencies", "a,b\n$1,1\n€2,2\n", Options{}, `the numbers of a column are in two units: line 2, column 1 (a): "$1" and line 3, column 1 (a): "€2"`, ErrNumber},
		{"not all percent", "a,b\n1%,1\n0.02,2\n", Options{}, `line 3, column 1 (a): "0.02": not a number like the others, which are in %`, ErrNumber},
		{"a mark of its own", lines40("a,b\n", func(i int) string { return fmt.Sprintf("%d,1\nunknown,2", i) }), Options{}, `line 3, column 1 (a): "unknown" is among numbers`, ErrMixed},
		{"late", lines40("a,b\n", counted("%d,%v")) + "unknown,1\n", Options{}, `line 42, column 1 (a): "unknown": not a number`, ErrNumber},
		{"a row or a header, texts", lines40("5.25,3.25,rare\n", func(i int) string { return fmt.Sprintf("%v,%v,%s", x(i), x(i+1), class2(i)) }), Options{}, `line 1: its texts do not come again, like those of a header; but it may be a row, too`, ErrHeader},
		{"a row or a header, a text above numbers", lines40("1,unknown,3\n", counted("%[1]d,%[1]d,%[1]d")), Options{}, `line 1: it has "unknown" above numbers, as a header has, but also values like those below`, ErrHeader},
		{"a row or a header, numbers", lines40("1,2,3,4,5\n", counted("%[1]d,%[1]d,%[1]d,%[1]d,%[1]d")), Options{}, `line 1: its numbers count, like those of some headers; but it may be a row, too`, ErrHeader},
		{"a row or a header, all different", "name,city\nann,bonn\nbob,rome\n", Options{}, `line 1: its texts do not come again, like those of a header; but it may be a row, too`, ErrHeader},
		{"commas or blanks", "1 000,5 000\n2 000,7 000\n", Options{}, `both commas and blanks may stand between fields`, ErrSeparator},
		{"one column", "a:b\n1:2\n3:4\n", Options{}, `no columns but the target`, ErrSeparator},
		{"ARFF", "% by hand\n@RELATION x\n", Options{}, `expected a table as CSV or LIBSVM text, found ARFF`, nil},
		{"JSON", "[\n{\"a\": 1}]\n", Options{}, `expected a table as CSV or LIBSVM text, found JSON`, nil},
		{"decimal sign", "a;b\n1;2\n", Options{Dialect: Dialect{Decimal: ";"}}, `the decimal sign is ";"; want a point or a comma`, nil},
		{"thousands", "a;b\n1;2\n", Options{Dialect: Dialect{Decimal: ".", Thousands: "."}}, `"." is both the decimal sign and that of thousands`, nil},
		{"a dialect for LIBSVM", "1 1:2\n", Options{Dialect: Dialect{Decimal: ","}}, `a LIBSVM file has no header, and one way to write fields and numbers`, ErrLIBSVM},
	} {
		_, err := read(test.content, test.options)
		if message(err) != "table: t: "+test.want {
			t.Errorf("%s:\n got %v\nwant table: t: %s", test.name, err, test.want)
		} else if test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: errors.Is(err, %v) is false", test.name, test.is)
		}
	}
}

func TestNotes(t *testing.T) {
	content := "zip,day,rate,age,y\n"
	for i := range 40 {
		content += fmt.Sprintf("0123%d,2024-01-%02d,%d%%,%d,%d\n", i%3, i%9+1, i+1, []int{30, 40, 50, -999}[i%4], i)
	}
	want := []string{
		"column 3 (rate) is read without the sign %: 1% is 1",
		"column 1 (zip) is read as names: its numbers begin with zeros, and have the same length",
		"column 2 (day) is read as names: it looks like dates or times, such as 2024-01-04; parts of them in columns of their own can be learnt from",
		"column 4 (age) has -999 10 times, far from its other numbers: --missing=-999 if that stands for a missing value",
		"4 of 40 rows have the same inputs as an earlier row, 4 of them another target",
	}
	if diff := cmp.Diff(want, mustRead(t, content, Options{}).Said); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestDialectOfSchema reads further tables as numbers were written in the first.
func TestDialectOfSchema(t *testing.T) {
	text, err := json.Marshal(mustRead(t, "a;b;y\n1.234,5;5%;-1\n2.000,5;6%;2\n", Options{Dialect: Dialect{Missing: []string{"x"}}}).Schema)
	if err != nil {
		t.Fatal(err)
	}
	var schema Schema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	if want := (Dialect{Decimal: ",", Thousands: ".", Missing: []string{"x"}}); !cmp.Equal(schema.Dialect, want) {
		t.Errorf("the schema has %+v, want %+v", schema.Dialect, want)
	}
	for _, test := range []struct {
		content string
		dialect Dialect
		want    string
	}{
		{"a\tb\ty\n3.659\t7%\tx\n", Dialect{}, "[[3659 7 NaN]]"},
		{"a;b;y\n3.65;7%;2\n", Dialect{}, `table: t: line 2, column 1 (a): "3.65": not a number with a decimal comma, as the model's table had; say --decimal if this one is written otherwise`},
		{"a;b;y\n3.659;7%;2\n", Dialect{Decimal: "."}, "[[3.659 7 2]]"},
	} {
		got, err := bySchema(test.content, Options{Dialect: test.dialect, Schema: &schema})
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%q: %s, want %s", test.content, got, test.want)
		}
	}
	text, err = json.Marshal(mustRead(t, "a,b\n1,2\n", Options{}).Schema)
	if err != nil || strings.Contains(string(text), "dialect") {
		t.Errorf("a dialect that says nothing is written: %s (%v)", text, err)
	}
	points := mustRead(t, "a,b\n0.5,1.5\n", Options{}).Schema
	if got, err := bySchema("a;b\n1,234;2\n", Options{Schema: &points}); !errors.Is(err, ErrDecimal) {
		t.Errorf("decimal commas by a schema of points: %s (%v)", got, err)
	}
	schema.Dialect.Decimal = "x"
	if err := schema.Check(); message(err) != `table: schema: the decimal sign is "x"; want a point or a comma` {
		t.Errorf("Check: %v", err)
	}
}

func TestEncodings(t *testing.T) {
	const text = "náme,y\nsí,1\nsì,2\nsí,3\nsì,4\n"
	latin, _ := charmap.Windows1252.NewEncoder().String(text)
	little, _ := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(text)
	big, _ := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)
	want := mustRead(t, text, Options{}).Schema
	for _, test := range []struct{ name, content, encoding, fails string }{
		{"UTF-8", text, "", ""},
		{"UTF-8, said", text, "utf-8", ""},
		{"Latin-1", latin, "latin1", ""},
		{"UTF-16 without a mark", little, "utf-16le", ""},
		{"UTF-16 with a mark", big, "", ""},
		{"UTF-16 with a mark, said", big, "utf-16", ""},
		{"Latin-1, not said", latin, "", `table: t: line 1: not a text in UTF-8: the byte 0xE1 behind "n"`},
		{"Latin-1 later", strings.Repeat("1,2\n", 50000) + latin, "", `table: t: line 50001: not a text in UTF-8: the byte 0xE1 behind "n"`},
		{"UTF-8 said to be Latin-1", text, "latin1", `table: t: the text is UTF-8 and would be spoilt as latin1`},
		{"UTF-16 without a mark, not said", little, "", `table: t: line 1: not a text in UTF-8: the byte 0xE1 behind "n\x00"`},
		{"the same in ASCII", "a\x00,\x00b\x00\n\x00", "", `table: t: line 1: not a text in UTF-8: it has a byte of 0, as damaged files and UTF-16 without its mark have`},
		{"half a character", "a,y\nb,\xc3", "", `table: t: line 2: not a text in UTF-8: the byte 0xC3 behind "b,"`},
		{"UTF-16 cut off", little[:len(little)-1], "utf-16le", `table: t: line 5: not a text in utf-16le, behind "sì,4"`},
		{"unknown", text, "latin0", `table: t: there is no encoding "latin0"; there are latin1, windows-1252, utf-16le, shift_jis and others`},
	} {
		got, err := read(test.content, Options{Dialect: Dialect{Encoding: test.encoding}})
		if message(err) != test.fails || err != nil && !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v; want %q", test.name, err, test.fails)
		} else if err == nil && !cmp.Equal(got.Schema, want) {
			t.Errorf("%s: %+v, want %+v", test.name, got.Schema, want)
		}
	}
}

// TestTextReader reads characters and line ends that are cut in two.
func TestTextReader(t *testing.T) {
	const text = "é\r\n€\r\r\n\n😀\rx\r"
	for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text)), iotest.HalfReader(strings.NewReader(text))} {
		got, err := io.ReadAll(&textReader{r: r, chunk: make([]byte, 8)})
		if want := "é\n€\n\n\n😀\nx\n"; err != nil || string(got) != want {
			t.Errorf("%q (%v), want %q", got, err, want)
		}
	}
}

// TestAnyDialect writes numbers in all dialects and reads them back.
func TestAnyDialect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decimal := rapid.SampledFrom([]string{".", ","}).Draw(t, "decimal")
		thousands := rapid.SampledFrom([]string{"", "'", " ", "\u202f", map[string]string{".": ",", ",": "."}[decimal]}).Draw(t, "thousands")
		separator := rapid.SampledFrom([]string{",", ";", "\t", "|", " "}).Draw(t, "separator")
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "line end")
		trailing := separator != " " && rapid.Bool().Draw(t, "separators at line ends")
		header := rapid.Bool().Draw(t, "header")
		columns := rapid.IntRange(2, 5).Draw(t, "columns")
		written := ""
		var want [][]float64
		line := func(fields []string) {
			for i, field := range fields {
				if strings.Contains(field, separator) {
					fields[i] = `"` + field + `"`
				}
			}
			written += strings.Join(fields, separator)
			if trailing {
				written += separator
			}
			written += end
		}
		if header {
			line([]string{"a", "b", "c", "d", "e"}[:columns])
		}
		for range rapid.IntRange(1, 20).Draw(t, "rows") {
			var fields []string
			var row []float64
			for range columns {
				v := math.Round(rapid.Float64Range(-1e7, 1e7).Draw(t, "number")*4)/4 + 0.125
				fields = append(fields, writeNumber(v, decimal, thousands))
				row = append(row, v)
			}
			line(fields)
			want = append(want, row)
		}
		dialect := Dialect{Decimal: rapid.SampledFrom([]string{decimal, decimal, ""}).Draw(t, "given")}
		got, err := read(written, Options{Dialect: dialect})
		if errors.Is(err, ErrDecimal) && dialect.Decimal == "" || errors.Is(err, ErrSeparator) {
			return // the fractions have three digits: it may ask
		}
		if err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		if diff := cmp.Diff(want, cells(got)); diff != "" || got.Schema.Header != header {
			t.Fatalf("%q: %s (-want +got)\n%s", written, got.How, diff)
		}
	})
}

// writeNumber writes a number with its decimal sign and thousands set apart.
func writeNumber(v float64, decimal, thousands string) string {
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(math.Abs(v), 'f', -1, 64), ".")
	var groups []string
	for len(whole) > 3 && thousands != "" {
		groups = append(groups, whole[len(whole)-3:])
		whole = whole[:len(whole)-3]
	}
	groups = append(groups, whole)
	slices.Reverse(groups)
	text := strings.Join(groups, thousands)
	if fraction != "" {
		text += decimal + fraction
	}
	if v < 0 {
		text = "-" + text
	}
	return text
}

// TestParse compares with strconv.
func TestParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[-+]?[0-9]{0,20}(\.[0-9]{0,20})?([eE][-+]?[0-9]{1,2})?`).Draw(t, "text")
		want, err := strconv.ParseFloat(text, 64)
		if math.Abs(want) > math.MaxFloat32 {
			t.Skip()
		}
		got, parseErr := (&Dialect{}).number(text, "")
		if (err == nil) != (parseErr == nil) || err == nil && math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%q: %v (%v), want %v (%v)", text, got, parseErr, want, err)
		}
	})
	for _, text := range []string{"", "1_1", "0x10", "0x1p-2", "inf", "-Infinity", "1e", "1e+", ".", "+", "1.2.3", "1,5", "--1", "1 2", "١", "1e999", "1.000.00", "0,123.5", "1,23,4", "5$$", "% 5", "$5%", "(-5)", "()"} {
		if v, err := (&Dialect{}).number(text, ""); !errors.Is(err, ErrNumber) {
			t.Errorf("%q is %v (%v)", text, v, err)
		}
	}
}
