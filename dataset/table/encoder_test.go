package table

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// encodeAll encodes all rows of a table.
func encodeAll(t *testing.T, e *Encoder, table *Table) [][]float32 {
	t.Helper()
	var all [][]float32
	for i := range table.Len() {
		dst := make([]float32, e.Width())
		for k := range dst {
			dst[k] = 99
		}
		if err := e.Encode(dst, table.Row(i)); err != nil {
			t.Fatal(err)
		}
		all = append(all, dst)
	}
	return all
}

func allRows(table *Table) []int {
	rows := make([]int, table.Len())
	for i := range rows {
		rows[i] = i
	}
	return rows
}

func TestEncode(t *testing.T) {
	const half = 0.70710678 // the values 1, 2, 2, 3 have the variance 1/2
	for _, test := range []struct {
		name, content string
		options       EncoderOptions
		rows          []int // nil: all
		want          [][]float32
	}{
		{"standardised", "a,y\n1,0\n2,0\n2,0\n3,0\n", EncoderOptions{}, nil, [][]float32{{-1 / half}, {0}, {0}, {1 / half}}},
		{"by some rows", "a,y\n1,0\n2,0\n3,0\n8,0\n", EncoderOptions{}, []int{0, 2}, [][]float32{{-1}, {0}, {1}, {6}}},
		{"raw", "a,y\n1,0\n2,0\n", EncoderOptions{Raw: true}, nil, [][]float32{{1}, {2}}},
		{"constant, and another value", "a,y\n0.1,0\n0.1,0\n0.1,0\n7,0\n", EncoderOptions{}, []int{0, 1, 2}, [][]float32{{0}, {0}, {0}, {0}}},
		{"zeros and ones", "a,y\n0,0\n1,0\n", EncoderOptions{}, nil, [][]float32{{0}, {1}}},
		{"one-hot", "a,b,y\nx,1,0\nz,0,0\nx,0,0\nz,0,0\n", EncoderOptions{}, nil, [][]float32{{1, 0, 1}, {0, 1, 0}, {1, 0, 0}, {0, 1, 0}}},
		{"mean", "a,b,y\n1,x,0\n2,z,0\n3,x,0\n?,x,0\n0,?,0\n", EncoderOptions{Impute: ImputeMean, Raw: true}, []int{0, 1, 2, 3},
			[][]float32{{1, 1, 0}, {2, 0, 1}, {3, 1, 0}, {2, 1, 0}, {0, 0.75, 0.25}}},
		{"median", "a,b,y\n1,x,0\n2,z,0\n7,x,0\n?,x,0\n0,?,0\n", EncoderOptions{Impute: ImputeMedian, Raw: true}, []int{0, 1, 2, 3},
			[][]float32{{1, 1, 0}, {2, 0, 1}, {7, 1, 0}, {2, 1, 0}, {0, 1, 0}}},
		{"imputed mean is 0", "a,y\n1,0\n2,0\n?,0\n2,0\n3,0\n", EncoderOptions{Impute: ImputeMean}, nil, [][]float32{{-1 / half}, {0}, {0}, {0}, {1 / half}}},
		{"all missing", "a,b,y\n?,1,0\n,2,0\n", EncoderOptions{Impute: ImputeMean, Raw: true}, nil, [][]float32{{0, 1}, {0, 2}}},
		{"huge", "a,y\n3e38,0\n-3e38,0\n", EncoderOptions{}, nil, [][]float32{{1}, {-1}}},
		{"cut", "a,y\n1e-3,0\n-1e-3,0\n1e38,0\n", EncoderOptions{}, []int{0, 1}, [][]float32{{1}, {-1}, {1e15}}},
		{"sparse", "1 2:1\n1 2:2\n1 2:2 3:4\n1 2:3\n", EncoderOptions{}, nil, [][]float32{{-1 / half, -0.57735027}, {0, -0.57735027}, {0, 1.7320508}, {1 / half, -0.57735027}}},
		{"sparse imputed mean", "1 1:1 2:?\n1 1:1 2:6\n1 1:1\n", EncoderOptions{Impute: ImputeMean, Raw: true}, nil, [][]float32{{1, 3}, {1, 6}, {1, 0}}},
		{"sparse imputed median", "1 1:1 2:?\n1 1:1 2:6\n1 1:1\n1 1:1 2:-1\n", EncoderOptions{Impute: ImputeMedian, Raw: true}, nil, [][]float32{{1, 0}, {1, 6}, {1, 0}, {1, -1}}},
	} {
		table := mustRead(t, test.content, Options{})
		rows := test.rows
		if rows == nil {
			rows = allRows(table)
		}
		e, err := NewEncoder(table, rows, test.options)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		close := cmp.Comparer(func(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-6*math.Abs(float64(b)) })
		if diff := cmp.Diff(test.want, encodeAll(t, e, table), close); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
}

// TestStandardised holds for dense and sparse tables of the same numbers.
func TestStandardised(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 5).Draw(t, "columns")
		cell := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(-1e3, 1e3), rapid.Float64Range(1e6, 1e6+1))
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, columns, columns), 2, 30).Draw(t, "rows")
		var dense, sparse strings.Builder
		for _, row := range rows {
			sparse.WriteString("1")
			for i, v := range row {
				dense.WriteString(number(v) + ",")
				if v != 0 || rapid.Bool().Draw(t, "explicit") {
					sparse.WriteString(" " + number(float64(i+1)) + ":" + number(v))
				}
			}
			dense.WriteString("1\n")
			sparse.WriteString("\n")
		}
		for _, content := range []string{dense.String(), sparse.String()} {
			table, err := read(content, Options{Dialect: Dialect{Header: NoHeader}})
			if err != nil {
				continue // a sparse table without entries
			}
			e, err := NewEncoder(table, allRows(table), EncoderOptions{})
			if err != nil {
				t.Fatal(err)
			}
			sums, squares := make([]float64, e.Width()), make([]float64, e.Width())
			dst := make([]float32, e.Width())
			for i := range table.Len() {
				if err := e.Encode(dst, table.Row(i)); err != nil {
					t.Fatal(err)
				}
				for k, v := range dst {
					sums[k] += float64(v)
					squares[k] += float64(v) * float64(v)
				}
			}
			for k, s := range e.Columns {
				n := float64(table.Len())
				if s.Scale == 0 || s.Mean == 0 && s.Scale == 1 {
					continue // constant, or zeros and ones
				}
				if math.Abs(sums[k]/n) > 1e-5 || math.Abs(squares[k]/n-1) > 1e-5 {
					t.Fatalf("column %d has the mean %v and the mean square %v", k, sums[k]/n, squares[k]/n)
				}
			}
		}
	})
}

func TestEncodeMissing(t *testing.T) {
	table := mustRead(t, "a,b,y\n1,x,0\n?,x,0\n3,,0\n", Options{})
	_, err := NewEncoder(table, allRows(table), EncoderOptions{Impute: NoImpute})
	if want := "table: t: 2 missing values:\n\tline 3, column 1 (a)\n\tline 4, column 2 (b)"; !errors.Is(err, ErrMissing) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	whole := mustRead(t, "a,b,y\n1,x,0\n2,x,0\n", Options{})
	e, err := NewEncoder(whole, allRows(whole), EncoderOptions{Impute: NoImpute})
	if err != nil {
		t.Fatal(err)
	}
	err = e.Encode(make([]float32, 2), table.Row(1))
	if want := `line 3, column "a": the value is missing`; !errors.Is(err, ErrMissing) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	many := mustRead(t, "a,b,y\n"+strings.Repeat("?,1,2\n", 14), Options{})
	_, err = NewEncoder(many, allRows(many), EncoderOptions{Impute: NoImpute})
	if want := "line 11, column 1 (a)\n\tand 4 more"; !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want it to end in %s", err, want)
	}
	if _, err := NewEncoder(whole, allRows(whole), EncoderOptions{Impute: "guess"}); err == nil {
		t.Error("no error for an unknown imputation")
	}
	if _, err := NewEncoder(whole, nil, EncoderOptions{}); err == nil {
		t.Error("no error without rows")
	}
}

func TestEncoderIsJSON(t *testing.T) {
	table := mustRead(t, "a,b,y\n1,x,no\n2.1,z,yes\n2,?,no\n3,z,yes\n", Options{})
	e, err := NewEncoder(table, allRows(table), EncoderOptions{Impute: ImputeMean})
	if err != nil {
		t.Fatal(err)
	}
	content, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var back Encoder
	if err := json.Unmarshal(content, &back); err != nil {
		t.Fatal(err)
	}
	if err := back.Check(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(encodeAll(t, e, table), encodeAll(t, &back, table)); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	for name, damage := range map[string]func(*Encoder){
		"no inputs":          func(e *Encoder) { e.Schema.Inputs, e.Columns = nil, nil },
		"format":             func(e *Encoder) { e.Schema.Format = "" },
		"kind":               func(e *Encoder) { e.Schema.Inputs[0].Kind = "" },
		"field":              func(e *Encoder) { e.Schema.Inputs[0].Field = 3 },
		"field -1":           func(e *Encoder) { e.Schema.Targets[0].Field = -1 },
		"same name":          func(e *Encoder) { e.Schema.Inputs[0].Name = "y" },
		"number with names":  func(e *Encoder) { e.Schema.Inputs[0].Categories = []string{"x"} },
		"target without any": func(e *Encoder) { e.Schema.Targets[0].Categories = nil },
		"columns":            func(e *Encoder) { e.Columns = e.Columns[:1] },
		"fill":               func(e *Encoder) { e.Columns[1].Fill = e.Columns[1].Fill[:1] },
		"sparse":             func(e *Encoder) { e.Schema.Format = LIBSVM },
	} {
		var damaged Encoder
		if err := json.Unmarshal(content, &damaged); err != nil {
			t.Fatal(err)
		}
		damage(&damaged)
		if damaged.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
