package machine

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
	"gonum.org/v1/gonum/mat"
)

// TestRidgeIsADenseSolve compares with float64. Products of features are float32:
// what they are off by counts as the condition says.
func TestRidgeIsADenseSolve(t *testing.T) {
	for _, test := range []struct {
		rows, n   int
		ridge     float64
		tolerance float64
	}{{500, 30, 1e-4, 1e-5}, {1000, 150, 1e-5, 1e-5}, {700, 200, 1e-9, 1e-5}} {
		p := Problem{Train: friedman(t, test.rows, 1, 1), Features: features(t, 10, test.n, 1)}
		m, report, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{test.ridge}})
		if err != nil {
			t.Fatal(err)
		}
		w, bias, a, _ := dense(t, p, test.ridge)
		exact := *m
		exact.Weights = narrow(mat.DenseCopyOf(w.T()).RawMatrix().Data)
		exact.Bias = bias
		fresh := friedman(t, 300, 1, 2)
		if d := distance(predictions(m, fresh), predictions(&exact, fresh)); !(d < test.tolerance) {
			t.Errorf("%+v: predictions differ by %.3g", test, d)
		}
		var eigen mat.EigenSym
		eigen.Factorize(a, false)
		values := eigen.Values(nil)
		if condition := values[len(values)-1] / values[0]; !(report.Condition > condition/2 && report.Condition < 1.1*condition) {
			t.Errorf("%+v: condition %.3g, is %.3g", test, report.Condition, condition)
		}
		if !(report.Residual <= solveTolerance) {
			t.Errorf("%+v: residual %.3g", test, report.Residual)
		}
	}
}

// TestRidgeIsRaised: where products are float32, a ridge below their rounding is raised
// to about that, and the equations are solved.
func TestRidgeIsRaised(t *testing.T) {
	all := friedman(t, 300, 0, 1)
	p := Problem{Train: all.Slice(0, 200), HoldOut: all.Slice(200, 300), Features: features(t, 10, 150, 3)}
	m, report, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{1e-11, 1e-12}})
	if err != nil {
		t.Fatal(err)
	}
	if !(report.Raised > 1e-9 && report.Raised < 1e-7) || report.Residual > solveTolerance || !(report.Condition > 0.1/report.Raised && report.Condition < 4/report.Raised) {
		t.Errorf("%+v", report)
	}
	w, bias, _, _ := dense(t, p, report.Raised)
	exact := *m
	exact.Weights, exact.Bias = narrow(mat.DenseCopyOf(w.T()).RawMatrix().Data), bias
	fresh := friedman(t, 300, 0, 2)
	if d := distance(predictions(m, fresh), predictions(&exact, fresh)); !(d < 0.03) {
		t.Errorf("predictions are off by %.3g: rounding counts for more than the ridge", d)
	}
	if _, report, err = Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{1e-6}}); err != nil || report.Raised != 0 {
		t.Errorf("%+v, %v: want no ridge to be raised", report, err)
	}
}

// TestRidgeWithoutNoise: the smaller the ridge, the better a smooth function is learnt,
// down to one that float32 could not hold beside the features.
func TestRidgeWithoutNoise(t *testing.T) {
	smooth := func(rows int, seed uint64) *Table {
		table := friedman(t, rows, 0, seed)
		for i := range table.all.Y {
			x := table.all.X[10*i:]
			table.all.Y[i] = math.Sin(3*float64(x[0])) * math.Cos(2*float64(x[1])+float64(x[2]))
			for j := 3; j < 10; j++ {
				x[j] = 0
			}
		}
		return table
	}
	train, fresh := smooth(300, 1), smooth(200, 2)
	p := Problem{Train: train, Features: features(t, 10, 200, 0.8)}
	rmse := func(ridge float64) float64 {
		m, report, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{ridge}})
		if err != nil || report.Residual > solveTolerance {
			t.Fatalf("%+v, %v", report, err)
		}
		score, err := Evaluate(context.Background(), m, fresh)
		if err != nil {
			t.Fatal(err)
		}
		return score.RMSE
	}
	if large, small := rmse(1e-7), rmse(1e-10); !(small < large/4) || small > 1e-3 {
		t.Errorf("RMSE %.3g with 1e-7, %.3g with 1e-10", large, small)
	}
}

// TestRidgeBeyondFloat32 has more features than rows and a ridge that float32
// cannot hold beside them: the factor takes a larger one, and conjugate gradients
// do the rest.
func TestRidgeBeyondFloat32(t *testing.T) {
	p := Problem{Train: friedman(t, 100, 0, 1), Features: features(t, 10, 150, 3)}
	m, report, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{1e-11}})
	if err != nil {
		t.Fatal(err)
	}
	score, err := Evaluate(context.Background(), m, p.Train)
	if err != nil || score.R2 < 0.99 {
		t.Errorf("%+v, %v, %+v: want an interpolation", score, err, report)
	}
	_, _, a, _ := dense(t, p, max(report.Raised, 1e-11))
	var eigen mat.EigenSym
	eigen.Factorize(a, false)
	values := eigen.Values(nil)
	if condition := values[len(values)-1] / values[0]; report.Raised > 1e-10 || !(report.Condition > condition/2 && report.Condition < 1.1*condition) {
		t.Errorf("%+v: the condition is %.3g", report, condition)
	}
	m, report, err = Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{1e-11}, Posterior: true})
	if err != nil {
		t.Fatal(err)
	}
	y, s := make([]float64, 100), make([]float64, 100)
	m.NewPredictor(100).PredictDeviation(y, s, p.Train.(*Table).all.X)
	if !(report.PosteriorRidge > 1e-11 && report.PosteriorRidge < 1e-6) || !(slices.Min(s) > 0) {
		t.Errorf("%+v, deviations from %v on", report, slices.Min(s))
	}
}

func TestRidgeChoosesOnHoldOut(t *testing.T) {
	all := friedman(t, 2000, 3, 1)
	p := Problem{Train: all.Slice(0, 1000), HoldOut: all.Slice(1000, 2000), Features: features(t, 10, 150, 1)}
	m, report, err := Ridge(context.Background(), p, RidgeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, ridge := range report.Ridges {
		single, _, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{ridge}})
		if err != nil {
			t.Fatal(err)
		}
		score, err := Evaluate(context.Background(), single, p.HoldOut)
		if err != nil || math.Abs(score.RMSE-report.Scores[i].RMSE) > 1e-4*score.RMSE {
			t.Errorf("ridge %v: %+v alone, %+v among all, %v", ridge, score, report.Scores[i], err)
		}
		if score.RMSE < report.Scores[indexOf(report.Ridges, report.Ridge)].RMSE*0.9999 {
			t.Errorf("%v was chosen, and %v is better", report.Ridge, ridge)
		}
	}
	if report.Ridge == report.Ridges[0] || report.Ridge == report.Ridges[len(report.Ridges)-1] {
		t.Errorf("%v was chosen, an end", report.Ridge)
	}
	linear, _, err := Ridge(context.Background(), Problem{Train: p.Train, HoldOut: p.HoldOut}, RidgeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fresh := friedman(t, 1000, 0, 2)
	ours, _ := Evaluate(context.Background(), m, fresh)
	baseline, _ := Evaluate(context.Background(), linear, fresh)
	if !(ours.RMSE < 0.8*baseline.RMSE) {
		t.Errorf("RMSE %v, linear %v", ours.RMSE, baseline.RMSE)
	}
}

// TestEveryTargetCounts: noise of a large scale beside a target that is learnt without
// error. The noise prefers the large ridge, by a hundredth of its deviation, and the
// other one loses nearly all of its deviation by that.
func TestEveryTargetCounts(t *testing.T) {
	one := friedman(t, 200, 0, 1)
	r, y := rand.New(rand.NewPCG(1, 2)), make([]float64, 400)
	for i := range 200 {
		y[2*i], y[2*i+1] = 1e6*r.NormFloat64(), float64(one.all.X[10*i]-one.all.X[10*i+1])
	}
	all, err := NewTargets(10, 2, one.all.X, y)
	if err != nil {
		t.Fatal(err)
	}
	p := Problem{Train: all.Slice(0, 100), HoldOut: all.Slice(100, 200)}
	for _, ridges := range [][]float64{{100, 1e-6}, {1e-6, 100}} {
		_, report, err := Ridge(context.Background(), p, RidgeOptions{Ridges: ridges})
		if err != nil {
			t.Fatal(err)
		}
		large, small := report.Scores[indexOf(ridges, 100)], report.Scores[indexOf(ridges, 1e-6)]
		if report.Ridge != 1e-6 || !(large.RMSE < small.RMSE) {
			t.Errorf("%v was chosen; RMSE %v with 100, %v with 1e-6", report.Ridge, large.RMSE, small.RMSE)
		}
	}
}

func indexOf(values []float64, v float64) int {
	for i, w := range values {
		if v == w {
			return i
		}
	}
	return -1
}

// TestRefit has the weights of a fit to all rows.
func TestRefit(t *testing.T) {
	all := friedman(t, 600, 1, 1)
	p := Problem{Train: all.Slice(0, 400), HoldOut: all.Slice(400, 600), Features: features(t, 10, 50, 1)}
	refit, report, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{1e-4}, Refit: true})
	if err != nil || report.Rows != 600 {
		t.Fatal(report, err)
	}
	whole, _, err := Ridge(context.Background(), Problem{Train: all, Features: p.Features}, RidgeOptions{Ridges: []float64{1e-4}})
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(predictions(refit, all), predictions(whole, all)); !(d < 1e-5) {
		t.Errorf("predictions differ by %v", d)
	}
}

// TestInterceptIsNotPenalised adds a constant to the targets.
func TestInterceptIsNotPenalised(t *testing.T) {
	table, moved := friedman(t, 500, 1, 1), friedman(t, 500, 1, 1)
	for i := range moved.all.Y {
		moved.all.Y[i] += 1000
	}
	fit := func(table *Table) []float64 {
		m, _, err := Ridge(context.Background(), Problem{Train: table, Features: features(t, 10, 40, 1)}, RidgeOptions{Ridges: []float64{1}})
		if err != nil {
			t.Fatal(err)
		}
		return predictions(m, table)
	}
	y, z := fit(table), fit(moved)
	for i := range z {
		z[i] -= 1000
	}
	if d := distance(z, y); !(d < 1e-4) {
		t.Errorf("predictions moved by another %v", d)
	}
}

func TestPosteriorIsTheFormula(t *testing.T) {
	const ridge = 1e-4
	p := Problem{Train: friedman(t, 700, 1, 1), Features: features(t, 10, 150, 1)}
	m, _, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{ridge}, Posterior: true})
	if err != nil {
		t.Fatal(err)
	}
	_, _, a, mean := dense(t, p, ridge)
	var c mat.Cholesky
	c.Factorize(a)
	fresh := friedman(t, 20, 1, 2)
	y, s := make([]float64, 20), make([]float64, 20)
	m.NewPredictor(20).PredictDeviation(y, s, fresh.all.X)
	z := make([]float32, 20*300)
	p.Features.Plan(20)(z, fresh.all.X, 20)
	for i := range s {
		v, solved := mat.NewVecDense(300, nil), mat.NewVecDense(300, nil)
		for j := range 300 {
			v.SetVec(j, float64(z[i*300+j])-mean[j])
		}
		c.SolveVecTo(solved, v)
		want := m.Noise()[0] * math.Sqrt(1+(1+mat.Dot(v, solved))/700)
		if math.Abs(float64(s[i])-want) > 1e-4*want {
			t.Errorf("row %d: deviation %v, want %v", i, s[i], want)
		}
	}
}

// TestPosteriorCovers counts fresh targets within 1.96 deviations. Of 4,000, 95%
// are expected; chance moves that by 0.3% (one deviation).
func TestPosteriorCovers(t *testing.T) {
	all := friedman(t, 2000, 1, 1)
	p := Problem{Train: all.Slice(0, 1500), HoldOut: all.Slice(1500, 2000), Features: features(t, 10, 400, 2)}
	m, _, err := Ridge(context.Background(), p, RidgeOptions{Posterior: true, Refit: true})
	if err != nil {
		t.Fatal(err)
	}
	if noise := m.Noise()[0]; noise < 0.9 || noise > 1.1 {
		t.Errorf("noise %v, is 1", noise)
	}
	fresh := friedman(t, 4000, 1, 3)
	y, s := make([]float64, 4000), make([]float64, 4000)
	m.NewPredictor(4000).PredictDeviation(y, s, fresh.all.X)
	inside := 0
	for i, v := range fresh.all.Y {
		if math.Abs(float64(v-y[i])) < 1.96*float64(s[i]) {
			inside++
		}
	}
	if share := float64(inside) / 4000; math.Abs(share-0.95) > 0.02 {
		t.Errorf("%.1f%% of targets are inside", 100*share)
	}
}

// sameOnCores fails unless the model has the same bits on any number of cores.
func sameOnCores(t *testing.T, fit func() (*Model, error)) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first []byte
	for _, cores := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(cores)
		m, err := fit()
		if err != nil {
			t.Fatal(err)
		}
		content := encoded(t, m)
		if first == nil {
			first = content
		}
		if string(content) != string(first) {
			t.Errorf("%d cores give another model", cores)
		}
	}
}

func TestRidgeOnAnyCores(t *testing.T) {
	train, holdOut := Split(digits(t, 900, 20, 3, 2, 1), 0.3, 1)
	p := Problem{Train: train, HoldOut: holdOut, Features: features(t, 20, 300, 5)}
	sameOnCores(t, func() (*Model, error) {
		m, _, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{1e-3, 1e-5}, Refit: true, Posterior: true})
		return m, err
	})
	p.Features = features(t, 20, 150, 5)
	sameOnCores(t, func() (*Model, error) { // with products in float64
		m, _, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{1e-9}})
		return m, err
	})
}

// TestDegenerate fits where there is little to fit.
func TestDegenerate(t *testing.T) {
	one := digits(t, 50, 4, 1, 1, 1)
	constant := digits(t, 50, 4, 2, 1, 1)
	for i := range constant.all.X {
		constant.all.X[i] = 3
	}
	for name, table := range map[string]*Table{"one class": one, "constant columns": constant} {
		summary, err := Survey(context.Background(), table, 10, 1)
		if err != nil {
			t.Fatal(err)
		}
		p := Problem{Train: table, Scaling: Standardize(summary), Features: features(t, 4, 20, 1)}
		for machine, fit := range machines() {
			m, err := fit(p)
			if err != nil {
				t.Errorf("%s, %s: %v", name, machine, err)
				continue
			}
			score, err := Evaluate(context.Background(), m, table)
			if err != nil || score.Error(table.Columns()) > 0.5 {
				t.Errorf("%s, %s: %+v, %v", name, machine, score, err)
			}
		}
	}
}

// machines are all of them, with default options.
func machines() map[string]func(Problem) (*Model, error) {
	ctx := context.Background()
	return map[string]func(Problem) (*Model, error){
		"ridge":    func(p Problem) (*Model, error) { m, _, err := Ridge(ctx, p, RidgeOptions{}); return m, err },
		"eigenpro": func(p Problem) (*Model, error) { m, _, err := EigenPro(ctx, p, EigenProOptions{}); return m, err },
		"logistic": func(p Problem) (*Model, error) { m, _, err := Logistic(ctx, p, LogisticOptions{}); return m, err },
	}
}

func TestBadRows(t *testing.T) {
	table := func(change func(*Table)) *Table {
		table := digits(t, 50, 4, 2, 1, 1)
		change(table)
		return table
	}
	nan := float32(math.NaN())
	for _, test := range []struct {
		table *Table
		want  string
	}{
		{table(func(t *Table) { t.all.X[4*7+2] = nan }), "row 8, input column 3 is NaN"},
		{table(func(t *Table) { t.all.X[0] = float32(math.Inf(-1)) }), "row 1, input column 1 is -Inf"},
		{table(func(t *Table) { t.all.Labels[3] = 2 }), "row 4 has the label 2: want 0 to 1"},
		{table(func(t *Table) { t.all.Labels[3] = -1 }), "row 4 has the label -1"},
		{table(func(t *Table) { *t = *t.Slice(0, 0) }), "no rows"},
		{table(func(t *Table) { t.columns.Inputs = 5 }), "feature map takes 4 inputs, and the table has 5"},
		{table(func(t *Table) { t.columns.Classes = nil }), "without targets"},
	} {
		for machine, fit := range machines() {
			if _, err := fit(Problem{Train: test.table, Features: features(t, 4, 20, 1)}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v, want %q", machine, err, test.want)
			}
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p := Problem{Train: digits(t, 5000, 4, 2, 1, 1), Progress: func(Progress) { cancel() }}
	if _, _, err := Ridge(ctx, p, RidgeOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, _, err := Logistic(ctx, p, LogisticOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, _, err := EigenPro(ctx, p, EigenProOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestPredictAllocatesNothing(t *testing.T) {
	table := friedman(t, 64, 1, 1)
	m, _, err := Ridge(context.Background(), Problem{Train: table, Features: features(t, 10, 50, 1)}, RidgeOptions{Posterior: true, Ridges: []float64{1e-3}})
	if err != nil {
		t.Fatal(err)
	}
	p, y, s := m.NewPredictor(64), make([]float64, 64), make([]float64, 64)
	check.Allocations(t, "PredictDeviation", 1000, func() { p.PredictDeviation(y, s, table.all.X) })
}
