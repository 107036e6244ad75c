package machine

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/kernel"
)

// partition puts rows into folds of unequal sizes; some are in none.
func partition(rows, folds int, none bool) []int {
	r := rand.New(rand.NewPCG(uint64(rows), uint64(folds)))
	p := make([]int, rows)
	for i := range p {
		p[i] = int(float64(folds) * math.Pow(r.Float64(), 1.5))
		if none && i%7 == 3 {
			p[i] = -1 - i
		}
	}
	return p
}

// bruteForce fits the others anew for each fold, and predicts its rows.
func bruteForce(t testing.TB, p Problem, partition []int, ridge float64) []float64 {
	t.Helper()
	table := p.Train.(*Table)
	targets := table.columns.Targets()
	f := make([]float64, table.Len()*targets)
	for fold := range slices.Max(partition) + 1 {
		p.Train = table.filter(func(row int) bool { return partition[row] != fold })
		m := mustRidge(t, p, ridge)
		predictor := m.NewPredictor(1)
		for row, number := range partition {
			if number == fold {
				predictor.Predict(f[row*targets:][:targets], table.all.X[table.row(row)*table.columns.Inputs:][:table.columns.Inputs])
			}
		}
	}
	return f
}

func mustValidate(t testing.TB, p Problem, ridge float64, partitions ...[]int) *CrossValidation {
	t.Helper()
	v, err := newValidation(context.Background(), p, p.Train.(*Table), partitions)
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.try(context.Background(), ridge)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCrossValidationIsBruteForce: covariances of all rows less a fold's are those of
// the others.
func TestCrossValidationIsBruteForce(t *testing.T) {
	targets, classes := friedman(t, 330, 1, 1), digits(t, 200, 6, 3, 2, 1)
	for i := range targets.all.Y { // far from 0
		targets.all.Y[i] += 1e5
	}
	weights := make([]float64, 200)
	for i := range weights {
		weights[i] = float64(i%4) / 2 // 0, too
	}
	heavy, err := classes.WithWeights(weights)
	if err != nil {
		t.Fatal(err)
	}
	gaussian := kernel.Gaussian{Gamma: 0.05}
	for what, p := range map[string]Problem{
		"linear":                {Train: targets},
		"random features":       {Train: targets, Features: features(t, 10, 140, 2), Scaling: Scaling{UnitRows: true}},
		"landmarks":             {Train: targets, Features: landmarks(t, kernel.Laplacian{Gamma: 0.2}, targets, 270)},
		"classes":               {Train: classes, Features: landmarks(t, gaussian, classes, 100)},
		"classes of weights":    {Train: heavy, Features: landmarks(t, gaussian, classes, 100)},
		"rows of another order": {Train: heavy.filter(func(row int) bool { return row%5 != 1 }), Features: landmarks(t, gaussian, classes, 100)},
	} {
		table := p.Train.(*Table)
		for _, none := range []bool{false, true} {
			part := partition(table.Len(), 4, none)
			got, want := mustValidate(t, p, 1e-4, part), bruteForce(t, p, part, 1e-4)
			compare(t, what, table, part, got, want)
		}
	}
}

// compare compares predictions around the targets' middle, and computes scores anew.
func compare(t *testing.T, what string, table *Table, part []int, got *CrossValidation, f []float64) {
	t.Helper()
	middle := 0.0
	if table.columns.Classes == nil {
		middle = table.all.Y[0]
	}
	a, b := slices.Clone(got.Predictions), slices.Clone(f)
	for i := range a {
		if a[i] -= middle; f[i] != 0 {
			b[i] -= middle
		} else {
			b[i] = a[i]
		}
	}
	if d := distance(a, b); !(d < 1e-4) {
		t.Errorf("%s: predictions differ by %.3g", what, d)
	}
	for row, fold := range part {
		if fold < 0 && got.Predictions[row*table.columns.Targets()] != 0 {
			t.Errorf("%s: row %d is in no fold, and predicted to be %v", what, row, got.Predictions[row])
		}
	}
	classes, squares, loss, wrong, total, rows := len(table.columns.Classes), 0.0, 0.0, 0.0, 0.0, 0
	labels, weights := []int32{}, make([]float64, len(part))
	for row, fold := range part {
		if classes > 0 {
			labels = append(labels, table.all.Labels[table.row(row)])
		}
		if fold >= 0 {
			weights[row] = table.all.weight(table.row(row))
		}
	}
	factor := 1.0
	if classes > 0 {
		factor = CalibrationFactor(f, labels, weights, classes)
	}
	for row := range part {
		if weights[row] == 0 {
			continue
		}
		rows++
		total += weights[row]
		if classes == 0 {
			squares += math.Pow(f[row]-table.all.Y[table.row(row)], 2)
			continue
		}
		y := f[row*classes:][:classes]
		sum := 0.0
		for _, v := range y {
			sum += math.Exp(factor * v)
		}
		loss += weights[row] * (math.Log(sum) - factor*y[labels[row]])
		if greatest(y) != int(labels[row]) {
			wrong += weights[row]
		}
	}
	near := func(name string, got, want float64) {
		if !(math.Abs(got-want) <= 1e-3*math.Abs(want)) {
			t.Errorf("%s: the %s is %v, want %v", what, name, got, want)
		}
	}
	near("number of rows", float64(got.Score.Rows), float64(rows))
	if classes == 0 {
		near("RMSE", got.Score.RMSE, math.Sqrt(squares/total))
		return
	}
	near("log loss", got.Score.LogLoss, loss/total)
	near("error rate", got.Score.ErrorRate, wrong/total)
	near("factor", got.Factor, factor)
}

// TestPartitionsAreAveraged, and predictions are of the first.
func TestPartitionsAreAveraged(t *testing.T) {
	table := digits(t, 150, 5, 3, 2, 1)
	p := Problem{Train: table, Features: landmarks(t, kernel.Gaussian{Gamma: 0.05}, table, 60)}
	one, two := partition(150, 3, false), partition(150, 5, true)
	a, b, both := mustValidate(t, p, 1e-3, one), mustValidate(t, p, 1e-3, two), mustValidate(t, p, 1e-3, one, two)
	if math.Abs(both.Score.LogLoss-(a.Score.LogLoss+b.Score.LogLoss)/2) > 1e-6 || !(distance(both.Predictions, a.Predictions) < 1e-6) || a.Score.LogLoss == b.Score.LogLoss {
		t.Errorf("%+v and %+v give %+v", a.Score, b.Score, both.Score)
	}
}

// TestFoldsOfWeights: a row of weight 2 is two rows of its fold.
func TestFoldsOfWeights(t *testing.T) {
	table := friedman(t, 120, 1, 1)
	heavy, repeated := weighted(t, table, 1)
	part := partition(120, 4, true)
	var parts []int
	for i, fold := range part {
		parts = append(parts, slices.Repeat([]int{fold}, i%3)...)
	}
	f := landmarks(t, kernel.Gaussian{Gamma: 0.5}, table, 50)
	a := mustValidate(t, Problem{Train: heavy, Features: f}, 1e-3, part)
	b := mustValidate(t, Problem{Train: repeated, Features: f}, 1e-3, parts)
	if math.Abs(a.Score.RMSE-b.Score.RMSE) > 1e-5*b.Score.RMSE {
		t.Errorf("RMSE %v by weights, and %v of repeated rows", a.Score.RMSE, b.Score.RMSE)
	}
}

// TestTargetsCountAlike: the RMSE of several is in units of their deviations.
func TestTargetsCountAlike(t *testing.T) {
	one := friedman(t, 100, 1, 1)
	part := partition(100, 4, false)
	loss := func(unit float64) float64 {
		y := make([]float64, 200)
		for i, v := range one.all.Y {
			y[2*i], y[2*i+1] = v, unit*float64(one.all.X[10*i])
		}
		table, err := NewTargets(10, 2, one.all.X, y)
		if err != nil {
			t.Fatal(err)
		}
		return mustValidate(t, Problem{Train: table}, 1e-3, part).Loss
	}
	if a, b := loss(1), loss(1e6); math.Abs(a-b) > 1e-5*a || a > 1 {
		t.Errorf("the loss is %v, and %v in other units", a, b)
	}
}

// TestFoldsOfLittle: constant inputs and targets, identical rows, a class in one fold,
// a fold without weight, two rows.
func TestFoldsOfLittle(t *testing.T) {
	constant := friedman(t, 20, 1, 1)
	for i := range constant.all.X {
		constant.all.X[i] = 7
	}
	same := friedman(t, 20, 1, 1)
	for i := range same.all.Y {
		same.all.Y[i] = 5e6
	}
	rare := digits(t, 20, 4, 3, 1, 1)
	for i := range rare.all.Labels {
		rare.all.Labels[i] = min(int32(i), 2) // a and b once each
	}
	weights := slices.Repeat([]float64{1}, 20)
	for i := 0; i < 20; i += 4 {
		weights[i] = 0
	}
	light, err := friedman(t, 20, 1, 1).WithWeights(weights)
	if err != nil {
		t.Fatal(err)
	}
	for what, table := range map[string]*Table{
		"constant inputs": constant, "constant targets": same, "rare classes": rare, "a fold without weight": light, "two rows": friedman(t, 2, 1, 1),
	} {
		part := make([]int, table.Len())
		for i := range part {
			part[i] = i % 4
		}
		for _, k := range []kernel.Kernel{nil, kernel.Gaussian{Gamma: 0.5}, kernel.Laplacian{Gamma: 0.5}} {
			p := Problem{Train: table}
			if k != nil {
				p.Features = landmarks(t, k, table, table.Len())
			}
			for _, ridge := range []float64{1, 1e-8} {
				c := mustValidate(t, p, ridge, part)
				if math.IsNaN(c.Loss) || c.Loss > 1e3 || notFinite(c.Predictions) >= 0 {
					t.Errorf("%s, %v: %+v", what, k, c.Score)
				}
			}
		}
	}
}

func TestBadPartitions(t *testing.T) {
	table := friedman(t, 6, 1, 1)
	light, err := table.WithWeights([]float64{1, 1, 1, 0, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	uneven, err := table.WithWeights([]float64{1e12, 1e12, 1e12, 1e-3, 1e-3, 1e-3})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		table     *Table
		partition []int
		want      string
	}{
		{table, []int{0, 1, 0, 1, 0}, "a partition of 5 rows for a table of 6"},
		{table, []int{0, 0, 0, 0, 0, 0}, "at least two folds"},
		{table, []int{2, 2, 2, -1, -1, -1}, "at least two folds"},
		{table, []int{-1, -1, -1, -1, -1, -1}, "at least two folds"},
		{light, []int{0, 0, 0, 1, 1, 1}, "at least two folds"},
		{table.Slice(0, 0), nil, "at least two folds"},
		{table, []int{0, 1, 0, 1, 0, math.MaxInt}, "row 6 is in fold"},
		{uneven, []int{0, 0, 0, 1, 1, 1}, "hardly any weight"},
	} {
		_, err := newValidation(context.Background(), Problem{}, test.table, [][]int{test.partition})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, want %q", test.partition, err, test.want)
		}
	}
}

// TestFoldsScaleRidges as Ridge does, also where features are constant but for rounding.
func TestFoldsScaleRidges(t *testing.T) {
	table := friedman(t, 40, 1, 1)
	for i := range table.all.X {
		table.all.X[i] = 1e6 + float32(i%2)/16
	}
	p := Problem{Train: table}
	part := partition(40, 4, false)
	v, err := newValidation(context.Background(), p, table, [][]int{part})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range v.folds {
		if scale := f.gram.scale(); scale < 1e12 {
			t.Errorf("fold %d: ridges are relative to %v", i, scale)
		}
	}
	if got, want := mustValidate(t, p, 1e-6, part).Predictions, bruteForce(t, p, part, 1e-6); !(distance(got, want) < 1e-4) {
		t.Error("predictions differ")
	}
}
