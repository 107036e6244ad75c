package machine

import (
	"context"
	"errors"
	"iter"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/kernel"
)

// trickle is a source that is not in memory: it makes rows in batches of its own
// sizes, which are smaller than what is asked for.
type trickle struct {
	*Table
	fail error // instead of the last batch
}

func (s *trickle) Shuffled() {} // hides Table's: a stream has one order

func (s *trickle) Batches(size int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for i, step := 0, 1; i < s.Len(); i, step = i+step, step%size+1 {
			if s.fail != nil && i+step >= s.Len() {
				yield(Batch{}, s.fail)
				return
			}
			if !yield(s.Slice(i, min(s.Len(), i+step)).all, nil) {
				return
			}
		}
	}
}

// rowsOf returns the first input of each row.
func rowsOf(t *testing.T, s Source, size int) (first []float32) {
	t.Helper()
	for batch, err := range s.Batches(size) {
		if err != nil {
			t.Fatal(err)
		}
		if err := checkShape(batch, s.Columns(), size); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(batch.X); i += s.Columns().Inputs {
			first = append(first, batch.X[i])
		}
	}
	return first
}

func TestSplitPartsRows(t *testing.T) {
	table := friedman(t, 1000, 1, 1)
	all := rowsOf(t, table, 64)
	for _, source := range []Source{table, &trickle{Table: table}} {
		train, holdOut := Split(source, 0.25, 3)
		a, b := rowsOf(t, train, 64), rowsOf(t, holdOut, 64)
		if len(b) < 200 || len(b) > 300 || !slices.Equal(b, rowsOf(t, holdOut, 7)) {
			t.Errorf("%d rows held out, or others in other batches", len(b))
		}
		merged := append(a, b...)
		slices.Sort(merged)
		sorted := slices.Clone(all)
		slices.Sort(sorted)
		if !slices.Equal(merged, sorted) {
			t.Error("the parts are not the whole")
		}
	}
	none, everything := Split(table, 1, 1)
	if len(rowsOf(t, none, 9)) != 0 || len(rowsOf(t, everything, 9)) != 1000 {
		t.Error("a fraction of 1 is not all")
	}
}

func TestShuffled(t *testing.T) {
	table := friedman(t, 100, 1, 1).Slice(10, 90)
	a, b, c := rowsOf(t, table.Shuffled(1), 7), rowsOf(t, table.Shuffled(1), 80), rowsOf(t, table.Shuffled(2), 7)
	if !slices.Equal(a, b) || slices.Equal(a, c) {
		t.Error("the order does not depend on the seed alone")
	}
	slices.Sort(a)
	all := rowsOf(t, table, 80)
	slices.Sort(all)
	if !slices.Equal(a, all) {
		t.Error("rows are missing")
	}
}

// TestStream fits to a stream as to a table.
func TestStream(t *testing.T) {
	table := friedman(t, 400, 1, 1)
	stream := &trickle{Table: table}
	f := features(t, 10, 30, 1)
	fit := func(s Source) *Model {
		m, _, err := Ridge(context.Background(), Problem{Train: s, Features: f}, RidgeOptions{Ridges: []float64{1e-4}})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if d := distance(predictions(fit(stream), table), predictions(fit(table), table)); !(d < 1e-4) {
		t.Errorf("predictions differ by %v", d)
	}
	stream.fail = errors.New("line 400 is torn")
	for name, fit := range machines() {
		if name == "logistic" {
			continue
		}
		if _, err := fit(Problem{Train: stream, Features: f}); !errors.Is(err, stream.fail) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Survey(context.Background(), &liar{table}, 1, 1); err == nil || !strings.Contains(err.Error(), "want up to") {
		t.Error(err)
	}
}

// liar has batches of another shape than its columns say.
type liar struct{ *Table }

func (l *liar) Columns() Columns { c := l.Table.Columns(); c.Outputs = 2; return c }

func TestSurvey(t *testing.T) {
	table := digits(t, 1000, 3, 4, 1, 1)
	for i := range 1000 {
		table.all.X[3*i+1] = 5
		table.all.X[3*i+2] = 1e6 + float32(i%2)
	}
	s, err := Survey(context.Background(), &trickle{Table: table}, 100, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.Rows != 1000 || s.Sample.Len() != 100 || s.Mean[1] != 5 || s.Deviation[1] != 0 || math.Abs(s.Mean[2]-1e6-0.5) > 1e-6 || math.Abs(s.Deviation[2]-0.5) > 1e-6 {
		t.Errorf("%+v", s)
	}
	late := 0
	all := rowsOf(t, table, 1000)
	for _, v := range rowsOf(t, s.Sample, 100) {
		if slices.Index(all, v) >= 500 {
			late++
		}
	}
	if late < 30 || late > 70 {
		t.Errorf("%d of 100 rows of the sample are from the second half", late)
	}
	scaling := Standardize(s)
	x := make([]float32, 3)
	scaling.apply(x, []float32{0, 5, 1e6 + 1})
	if x[1] != 0 || math.Abs(float64(x[2])-1) > 0.01 {
		t.Errorf("standardised: %v", x)
	}
	unit := Scaling{UnitRows: true}
	if unit.apply(x, []float32{0, 3, 4}); x[1] != 0.6 || x[2] != 0.8 {
		t.Errorf("of unit length: %v", x)
	}
	if unit.apply(x, []float32{0, 0, 0}); x[1] != 0 {
		t.Errorf("zeros: %v", x)
	}
}

func TestSearchFindsABandwidth(t *testing.T) {
	p := Problem{Train: friedman(t, 300, 1, 1)}
	partition := make([]int, 300)
	for i := range partition {
		partition[i] = i % 4
	}
	options := SearchOptions{Partitions: [][]int{partition}, Seed: 3, Features: func(bandwidth float64) (kernel.FeatureMap, error) {
		return kernel.NewFeatures(kernel.Gaussian{Gamma: kernel.GammaOf(bandwidth)}, kernel.Options{Inputs: 10, N: 50, Seed: 1})
	}}
	best, steps, err := Search(context.Background(), p, options)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := Search(context.Background(), p, options)
	if err != nil || !reflect.DeepEqual(again, best) {
		t.Errorf("%+v, then %+v, %v", best, again, err)
	}
	if len(steps) < 5 || best.Bandwidth < 2 || best.Bandwidth > 16 {
		t.Errorf("%+v", steps)
	}
	for _, step := range steps {
		if step.Score.RMSE < best.Score.RMSE {
			t.Errorf("%+v is better than %+v", step, best)
		}
	}
	median := MedianDistance(friedman(t, 1000, 1, 1), Scaling{}, 1)
	if want := math.Sqrt(10.0 / 6); math.Abs(median-want) > 0.05 {
		t.Errorf("median distance %v, want about %v", median, want)
	}
}

func TestTablesPanic(t *testing.T) {
	table := friedman(t, 10, 1, 1)
	part := table.Slice(2, 5) // whose memory goes on
	for what, call := range map[string]func(){
		"beyond the end":          func() { part.Slice(0, 4) },
		"beyond the shuffled end": func() { part.Shuffled(1).(*Table).Slice(1, 4) },
		"before the beginning":    func() { part.Slice(-1, 2) },
		"turned around":           func() { part.Slice(2, 1) },
		"batches of nothing":      func() { table.Batches(0) },
		"a fraction of 2":         func() { Split(table, 2, 1) },
		"a fraction of -0.1":      func() { Split(table, -0.1, 1) },
		"a fraction that is none": func() { Split(table, math.NaN(), 1) },
		"a scaling of others":     func() { MedianDistance(table, Scaling{Mean: []float32{1}}, 1) },
	} {
		check.Panics(t, what, "machine: ", call)
	}
}

func TestMedianOfNoNumbers(t *testing.T) {
	table := friedman(t, 10, 1, 1)
	table.all.X[3] = float32(math.NaN())
	if d := MedianDistance(table, Scaling{}, 1); !math.IsNaN(d) {
		t.Errorf("a median distance of %v", d)
	}
}

// TestClassifyNotANumber: the first class is not the answer where there is none.
func TestClassifyNotANumber(t *testing.T) {
	m := &Model{Columns: Columns{Inputs: 1, Classes: []string{"a", "b"}}, Weights: []float32{-1, 1}, Bias: []float64{0, 0}}
	labels, y := make([]int32, 3), make([]float64, 6)
	m.NewPredictor(3).Classify(labels, y, []float32{-2, float32(math.NaN()), 3})
	if !slices.Equal(labels, []int32{0, -1, 1}) {
		t.Errorf("classes %v", labels)
	}
}

func TestDeviationsBesidePredictions(t *testing.T) {
	m, table := fitted(t, true)
	y := make([]float64, 2)
	check.Panics(t, "s in place of y", "machine: PredictDeviation", func() { m.NewPredictor(2).PredictDeviation(y, y, table.all.X[:2*10]) })
}
