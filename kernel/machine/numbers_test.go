package machine

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestLargeTargets: a constant that is added to targets is added to predictions, and
// changes no score, however large it is beside what there is to learn.
func TestLargeTargets(t *testing.T) {
	ctx := context.Background()
	for name, fit := range map[string]func(Problem) (*Model, error){
		"ridge": func(p Problem) (*Model, error) {
			m, _, err := Ridge(ctx, p, RidgeOptions{Posterior: true})
			return m, err
		},
		"exact ridge": func(p Problem) (*Model, error) {
			m, _, err := Ridge(ctx, p, RidgeOptions{Ridges: []float64{1e-9}})
			return m, err
		},
		"eigenpro": func(p Problem) (*Model, error) {
			m, _, err := EigenPro(ctx, p, EigenProOptions{})
			return m, err
		},
	} {
		fit := func(offset float64) (*Model, *Table, Score) {
			table := friedman(t, 500, 1, 1)
			for i, y := range table.all.Y { // a deviation of 1.4, and digits that float64 can hold beside the offset
				table.all.Y[i] = offset + math.Round(0.3*y*(1<<20))/(1<<20)
			}
			train, holdOut := Split(table, 0.3, 1)
			p := Problem{Train: train, Features: features(t, 10, 60, 2)}
			if name != "exact ridge" {
				p.HoldOut = holdOut
			}
			m, err := fit(p)
			if err != nil {
				t.Fatal(err)
			}
			back, err := Decode(encoded(t, m))
			if err != nil {
				t.Fatal(err)
			}
			score, err := Evaluate(ctx, back, holdOut)
			if err != nil {
				t.Fatal(err)
			}
			return back, table, score
		}
		plain, table, want := fit(0)
		moved, _, got := fit(1.7e9)
		if math.Abs(got.RMSE-want.RMSE) > 1e-5 || math.Abs(got.R2-want.R2) > 1e-5 || math.Abs(got.MAE-want.MAE) > 1e-5 || want.R2 < 0.5 {
			t.Errorf("%s: %+v with 1.7e9 added, %+v without", name, got, want)
		}
		shifted := predictions(plain, table)
		for i := range shifted {
			shifted[i] += 1.7e9
		}
		for i, y := range predictions(moved, table) {
			if math.Abs(y-shifted[i]) > 1e-3 {
				t.Fatalf("%s: row %d: %.4f, want %.4f", name, i, y, shifted[i])
			}
		}
	}
}

// TestLittleToLearn has neither NaN nor panics, and predictions within the targets.
func TestLittleToLearn(t *testing.T) {
	ctx := context.Background()
	tables := map[string]*Table{}
	for _, rows := range []int{1, 2, 3} {
		tables[fmt.Sprintf("%d rows", rows)] = friedman(t, rows, 1, 1)
		tables[fmt.Sprintf("%d rows of classes", rows)] = digits(t, rows, 10, 2, 1, 1)
	}
	identical, classes := friedman(t, 40, 1, 1), digits(t, 40, 10, 2, 1, 1)
	for _, table := range []*Table{identical, classes} {
		for i := range table.all.X {
			table.all.X[i] = table.all.X[i%10]
		}
	}
	tables["identical rows"], tables["identical rows of classes"] = identical, classes
	for _, value := range []float64{0, -0.1, 3e30, 1e-300} {
		constant := friedman(t, 40, 1, 1)
		for i := range constant.all.Y {
			constant.all.Y[i] = value
		}
		tables[fmt.Sprintf("targets of %v", value)] = constant
	}
	for name, table := range tables {
		summary, err := Survey(ctx, table, 10, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, scaling := range []Scaling{{}, Standardize(summary), {UnitRows: true}} {
			for _, f := range []int{0, 30} {
				p := Problem{Train: table, Scaling: scaling}
				if f > 0 {
					p.Features = features(t, 10, f, 1)
				}
				for machine, fit := range machines() {
					if machine == "logistic" && table.columns.Classes == nil {
						continue
					}
					m, err := fit(p)
					if err != nil {
						t.Errorf("%s, %s: %v", name, machine, err)
						continue
					}
					y := predictions(m, table)
					if notFinite(y) >= 0 {
						t.Errorf("%s, %s: predictions %v", name, machine, y)
					}
					if table.columns.Classes != nil {
						continue
					}
					low, high := slices.Min(table.all.Y), slices.Max(table.all.Y)
					if margin := 0.1*(high-low) + 1e-6*math.Abs(high); slices.Min(y) < low-margin || slices.Max(y) > high+margin {
						t.Errorf("%s, %s: targets from %v to %v, predictions from %v to %v", name, machine, low, high, slices.Min(y), slices.Max(y))
					}
				}
			}
		}
	}
}

// TestTargetsBeyondFloat32 are refused with a way out.
func TestTargetsBeyondFloat32(t *testing.T) {
	for _, scale := range []float64{1e35, 1e200, 1e-40} {
		table := friedman(t, 50, 1, 1)
		for i := range table.all.Y {
			table.all.Y[i] *= scale
		}
		if _, _, err := Ridge(context.Background(), Problem{Train: table}, RidgeOptions{}); err == nil || !strings.Contains(err.Error(), "target column 1 deviates by") {
			t.Errorf("times %v: %v", scale, err)
		}
		if m, _, err := EigenPro(context.Background(), Problem{Train: table}, EigenProOptions{}); err == nil && scale == 1e200 {
			t.Errorf("EigenPro, times %v: %v", scale, m.Bias)
		}
	}
}

// TestDeviationOfLittle: where there is one row, or all targets are the same, a
// prediction far away is uncertain by the target itself.
func TestDeviationOfLittle(t *testing.T) {
	one, same, zeros := friedman(t, 1, 1, 1), friedman(t, 50, 1, 1), friedman(t, 50, 1, 1)
	for i := range same.all.Y {
		same.all.Y[i], zeros.all.Y[i] = one.all.Y[0], 0
	}
	identical := friedman(t, 50, 1, 1)
	for i := range identical.all.X {
		identical.all.X[i] = identical.all.X[i%10]
	}
	for name, test := range map[string]struct {
		table *Table
		away  float64
	}{"one row": {one, one.all.Y[0]}, "equal targets": {same, one.all.Y[0]}, "zeros": {zeros, 1}, "identical rows": {identical, 0}} {
		m, _, err := Ridge(context.Background(), Problem{Train: test.table, Features: features(t, 10, 200, 0.5)}, RidgeOptions{Posterior: true, Ridges: []float64{1e-4}})
		if err != nil {
			t.Fatal(err)
		}
		x := append(slices.Clone(test.table.all.X[:10]), slices.Repeat([]float32{9}, 10)...) // the first row, and one far away
		y, s := make([]float64, 2), make([]float64, 2)
		m.NewPredictor(2).PredictDeviation(y, s, x)
		if !(s[0] > 0 && s[0] < s[1]) || !(s[1] < math.Inf(1)) {
			t.Errorf("%s: deviations %v", name, s)
		}
		if test.away > 0 && (s[1] < 0.5*test.away || s[1] > 2*test.away) {
			t.Errorf("%s: the deviation far away is %v, want about %v", name, s[1], test.away)
		}
	}
}

// TestScores of a model that is known: f = x and f = -x for classes, f = x for targets.
func TestScores(t *testing.T) {
	ctx := context.Background()
	classes, err := NewClasses(1, []float32{1, 2, -1, -3}, []int32{0, 1, 1, 1}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	m := &Model{Columns: classes.columns, Weights: []float32{1, -1}, Bias: make([]float64, 2), Logits: true}
	got, err := Evaluate(ctx, m, classes)
	if err != nil {
		t.Fatal(err)
	}
	logLoss := 0.0
	for _, margin := range []float64{2, -4, 2, 6} { // f of the row's class minus f of the other
		logLoss += math.Log1p(math.Exp(-margin)) / 4
	}
	if got.Rows != 4 || got.Wrong != 1 || got.ErrorRate != 0.25 || math.Abs(got.LogLoss-logLoss) > 1e-12 || got.MAE != 0 {
		t.Errorf("%+v, want a log loss of %v", got, logLoss)
	}
	targets, err := NewTargets(1, 1, []float32{1, 2, 3, 6}, []float64{1e9 + 2, 1e9 + 2, 1e9 + 1, 1e9 + 5})
	if err != nil {
		t.Fatal(err)
	}
	m = &Model{Columns: targets.columns, Weights: []float32{1}, Bias: []float64{1e9}}
	if got, err = Evaluate(ctx, m, targets); err != nil {
		t.Fatal(err)
	}
	want := Score{Rows: 4, RMSE: math.Sqrt(6.0 / 4), MAE: 1, R2: 1 - 6.0/9}
	if got.Rows != 4 || math.Abs(got.RMSE-want.RMSE) > 1e-12 || got.MAE != want.MAE || math.Abs(got.R2-want.R2) > 1e-12 {
		t.Errorf("%+v, want %+v", got, want)
	}
}
