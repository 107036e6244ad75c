package table

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func encoderOf(t *testing.T, table *Table, options EncoderOptions) *Encoder {
	t.Helper()
	e, err := NewEncoder(table, allRows(table), options)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestImputeAuto has a column of numbers and one of texts with missing values, and
// one without any among the rows that are learnt from.
func TestImputeAuto(t *testing.T) {
	table := mustRead(t, "a,b,c,y\n1,x,5,0\n?,z,6,0\n3,?,7,0\n7,z,,0\n", Options{})
	e, err := NewEncoder(table, []int{0, 1, 2}, EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Check(); err != nil {
		t.Error(err)
	}
	const c = 1.2247449  // 5, 6 and 7 have the deviation √(2/3)
	want := [][]float32{ // a, b=x, b=z, c, a is missing, b is missing
		{-1, 1, 0, -c, 0, 0},
		{0, 0, 1, 0, 1, 0},
		{1, 0, 0, c, 0, 1},
		{5, 0, 1, 0, 0, 0},
	}
	close := cmp.Comparer(func(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-6 })
	if diff := cmp.Diff(want, encodeAll(t, e, table), close); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	said := "3 missing values in 3 columns (a, b, c): filled in by the median, or for texts a category of their own, and a column that says where"
	if !slices.Equal(e.Said, []string{said}) {
		t.Errorf("said %q, want %q", e.Said, said)
	}
	if err := e.Accepts(table); err != nil {
		t.Error(err)
	}
	whole := mustRead(t, "a,b,c,y\n1,x,5,0\n2,z,6,0\n3,z,7,0\n", Options{})
	none := encoderOf(t, whole, EncoderOptions{})
	if none.Impute != ImputeAuto || none.Width() != 4 || none.Said != nil {
		t.Errorf("without missing values: %+v", none)
	}
	if err := none.Accepts(table); message(err) != `table: t: line 3, column "a": the value is missing, as none was in the table that was learnt from` {
		t.Error(err)
	}

	sparse := mustRead(t, "1 1:2 5:1\n1 1:? 3:? 5:2\n1 1:4 3:6\n1 3:4 5:1\n", Options{})
	e = encoderOf(t, sparse, EncoderOptions{Raw: true})
	if diff := cmp.Diff([][]float32{{2, 0, 1, 0, 0}, {2, 4, 2, 1, 1}, {4, 6, 0, 0, 0}, {0, 4, 1, 0, 0}}, encodeAll(t, e, sparse)); diff != "" {
		t.Errorf("sparse: (-want +got)\n%s", diff)
	}
}

// TestBigMeans has timestamps that differ by seconds.
func TestBigMeans(t *testing.T) {
	table := mustRead(t, "a,b,y\n1700000001,1,2\n1700000004,2,3\n1700000002,3,5\n", Options{})
	e := encoderOf(t, table, EncoderOptions{Raw: true})
	got := encodeAll(t, e, table)
	if a, b := got[1][0]-got[0][0], got[2][0]-got[1][0]; a != 3 || b != -2 {
		t.Errorf("differences of %v and %v, want 3 and -2", a, b)
	}
	if got[0][1] != 1 {
		t.Errorf("a small number becomes %v", got[0][1])
	}
	if want := "centred, for the mean is more than 1000 times the deviation: column 1 (a)"; !slices.Equal(e.Said, []string{want}) {
		t.Errorf("said %q, want %q", e.Said, want)
	}
	var content strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&content, "%d.25,%d\n", int64(1e15)+int64(i%2), i%3)
	}
	big := mustRead(t, content.String(), Options{Dialect: Dialect{Header: NoHeader}})
	if v := encodeAll(t, encoderOf(t, big, EncoderOptions{}), big); v[0][0] != -1 || v[1][0] != 1 {
		t.Errorf("around 10^15: %v and %v, want -1 and 1", v[0][0], v[1][0])
	}
}

func TestLogTransform(t *testing.T) {
	// the sizes that are not 0 are 1, 2, 4 and 8, with the median 3
	table := mustRead(t, "a,b,y\n-1,0,0\n2,1,0\n0,0,0\n4,1,0\n-8,1,0\n", Options{})
	e := encoderOf(t, table, EncoderOptions{Transform: LogTransform})
	if e.Columns[1].Curve != nil {
		t.Error("zeros and ones are transformed")
	}
	var want []float64
	for _, v := range []float64{-1, 2, 0, 4, -8} {
		want = append(want, math.Copysign(math.Log(1+math.Abs(v)/3), v))
	}
	compareStandardised(t, want, encodeAll(t, e, table))
}

// compareStandardised compares with the first column of vectors.
func compareStandardised(t *testing.T, want []float64, got [][]float32) {
	t.Helper()
	mean, squares := 0.0, 0.0
	for _, v := range want {
		mean += v / float64(len(want))
	}
	for _, v := range want {
		squares += (v - mean) * (v - mean) / float64(len(want))
	}
	for i, v := range want {
		if z := (v - mean) / math.Sqrt(squares); math.Abs(z-float64(got[i][0])) > 1e-5 {
			t.Errorf("value %d becomes %v, want %v", i, got[i][0], z)
		}
	}
}

// TestQuantileTransform: scores by scipy, for the shares (rank - 0.5)/6 with ties in
// the middle:
//
//	scipy.stats.norm.ppf((scipy.stats.rankdata([5, -3, 5, 100, 7, 0]) - 0.5) / 6)
func TestQuantileTransform(t *testing.T) {
	scores := []float64{0, -1.38299413, 0, 1.38299413, 0.67448975, -0.67448975}
	table := mustRead(t, "a,y\n5,0\n-3,0\n5,0\n100,0\n7,0\n0,0\n", Options{})
	e := encoderOf(t, table, EncoderOptions{Transform: QuantileTransform})
	compareStandardised(t, scores, encodeAll(t, e, table))
	c := e.Columns[0].Curve
	for v, want := range map[float64]float64{-1e30: scores[1], 1e30: scores[3], 6: scores[4] / 2, -1.5: (scores[1] + scores[5]) / 2} {
		if got := c.apply(v); math.Abs(got-want) > 1e-6 {
			t.Errorf("%v has the score %v, want %v", v, got, want)
		}
	}
	sparse := mustRead(t, "0 2:5 9:1\n0 2:-3 9:2\n0 2:5 9:3\n0 2:100\n0 2:7\n0 9:8\n", Options{})
	compareStandardised(t, scores, encodeAll(t, encoderOf(t, sparse, EncoderOptions{Transform: QuantileTransform}), sparse))
}

// TestQuantilesOfMany makes a skewed column of many values normal, by 256 knots.
func TestQuantilesOfMany(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	table := mustRead(t, rowsByLine("a,y", 5000, func(int) string { return fmt.Sprintf("%g,0", math.Exp(3*source.NormFloat64())) }), Options{})
	e := encoderOf(t, table, EncoderOptions{Transform: QuantileTransform})
	if n := len(e.Columns[0].Curve.Knots); n != maxKnots {
		t.Errorf("%d knots", n)
	}
	var values []float64
	for _, row := range encodeAll(t, e, table) {
		values = append(values, float64(row[0]))
	}
	sort.Float64s(values)
	for _, share := range []float64{0.01, 0.1, 0.3, 0.5, 0.8, 0.99} {
		want := math.Sqrt2 * math.Erfinv(2*share-1)
		if got := values[int(share*5000)]; math.Abs(got-want) > 0.03 {
			t.Errorf("the quantile %v is %v, want %v", share, got, want)
		}
	}
}

// TestTransformsKeepOrder holds for any column, and for what was not learnt from; the
// encoder is the same after JSON, and as sound.
func TestTransformsKeepOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		transform := rapid.SampledFrom([]Transform{LogTransform, QuantileTransform}).Draw(t, "transform")
		value := rapid.OneOf(rapid.Float64Range(-3e38, 3e38), rapid.Float64Range(-5, 5), rapid.Just(0.0), rapid.Just(1e-320), rapid.Float64Range(1.7e9, 1.7e9+3))
		values := rapid.SliceOfN(value, 2, 400).Draw(t, "values")
		var content strings.Builder
		for _, v := range values {
			fmt.Fprintf(&content, "%g,0\n", v)
		}
		table, err := read(content.String(), Options{Dialect: Dialect{Header: NoHeader}, Keep: []string{"1"}})
		if err != nil {
			t.Fatal(err)
		}
		e, err := NewEncoder(table, allRows(table), EncoderOptions{Transform: transform})
		if err != nil {
			t.Fatal(err)
		}
		var back Encoder
		content2, err := json.Marshal(e)
		if err == nil {
			err = json.Unmarshal(content2, &back)
		}
		if err == nil {
			err = back.Check()
		}
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, rapid.SliceOf(value).Draw(t, "others")...)
		slices.Sort(values)
		last := float32(math.Inf(-1))
		for _, v := range values {
			var a, b [1]float32
			if e.Encode(a[:], Row{Cells: []float64{v}}) != nil || back.Encode(b[:], Row{Cells: []float64{v}}) != nil || a != b {
				t.Fatalf("%v becomes %v, and %v after JSON", v, a, b)
			}
			if !(a[0] >= last) || math.IsInf(float64(a[0]), 0) {
				t.Fatalf("%v becomes %v, after %v", v, a[0], last)
			}
			last = a[0]
		}
	})
}

func TestTransformErrors(t *testing.T) {
	table := mustRead(t, "a,b,y\n1.5,x,0\n2,z,0\n7,z,0\n", Options{})
	for want, options := range map[string]EncoderOptions{
		`table: there is no transform "rank"; there are log and quantile`:             {Transform: "rank"},
		"table: numbers that stay as they are cannot be transformed by log":           {Transform: LogTransform, Raw: true},
		`table: there is no imputation "zero"; there are auto, none, mean and median`: {Impute: "zero"},
	} {
		if _, err := NewEncoder(table, allRows(table), options); message(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	content, err := json.Marshal(encoderOf(t, table, EncoderOptions{Transform: QuantileTransform}))
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(*Encoder){
		"knots in no order":      func(e *Encoder) { slices.Reverse(e.Columns[0].Curve.Knots) },
		"knots twice":            func(e *Encoder) { e.Columns[0].Curve.Knots[1] = e.Columns[0].Curve.Knots[0] },
		"scores in no order":     func(e *Encoder) { slices.Reverse(e.Columns[0].Curve.Scores) },
		"a score less":           func(e *Encoder) { e.Columns[0].Curve.Scores = e.Columns[0].Curve.Scores[1:] },
		"no knots":               func(e *Encoder) { *e.Columns[0].Curve = Curve{Knots: []float64{}} },
		"a huge score":           func(e *Encoder) { e.Columns[0].Curve.Scores[2] = 1e300 },
		"a huge knot":            func(e *Encoder) { e.Columns[0].Curve.Knots[2] = 1e300 },
		"a negative unit":        func(e *Encoder) { *e.Columns[0].Curve = Curve{Unit: -1} },
		"a tiny unit":            func(e *Encoder) { *e.Columns[0].Curve = Curve{Unit: 1e-300} },
		"two transforms":         func(e *Encoder) { e.Columns[0].Curve.Unit = 1 },
		"a transform of texts":   func(e *Encoder) { e.Columns[1].Curve = &Curve{Unit: 1} },
		"an unknown imputation":  func(e *Encoder) { e.Impute = "zero" },
		"a flag without a value": func(e *Encoder) { e.Columns[0].Missing = true },
		"a flag without auto":    func(e *Encoder) { e.Impute, e.Columns[0].Missing, e.Columns[0].Fill = NoImpute, true, []float64{1} },
		"too few to impute":      func(e *Encoder) { e.Columns[1].Fill = []float64{1} },
		"too few, not imputed":   func(e *Encoder) { e.Impute, e.Columns[1].Fill = NoImpute, []float64{1} },
		"a huge mean":            func(e *Encoder) { e.Columns[0].Mean = 1e300 },
		"a huge value to impute": func(e *Encoder) { e.Columns[0].Fill = []float64{-1e300} },
		"several texts": func(e *Encoder) {
			e.Schema.Targets = append(e.Schema.Targets, Column{Name: "z", Kind: Category, Categories: []string{"a"}})
		},
		"a weight of texts":  func(e *Encoder) { e.Schema.Weight = &Column{Name: "z", Kind: Category, Categories: []string{"a"}} },
		"a weight elsewhere": func(e *Encoder) { e.Schema.Weight = &Column{Name: "z", Kind: Number, Field: 3} },
		"a field twice":      func(e *Encoder) { e.Schema.Inputs[0].Field = e.Schema.Targets[0].Field },
		"no targets":         func(e *Encoder) { e.Schema.Targets = nil },
	} {
		var e Encoder
		if err := json.Unmarshal(content, &e); err != nil {
			t.Fatal(err)
		}
		if err := e.Check(); err != nil {
			t.Fatal(err)
		}
		damage(&e)
		if e.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEncodeAllocatesNothing(t *testing.T) {
	table := mustRead(t, "a,b,y\n1.5,x,0\n2,?,0\n?,z,0\n", Options{})
	e := encoderOf(t, table, EncoderOptions{Transform: QuantileTransform})
	dst := make([]float32, e.Width())
	if n := testing.AllocsPerRun(100, func() {
		for i := range table.Len() {
			if err := e.Encode(dst, table.Row(i)); err != nil {
				t.Fatal(err)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
