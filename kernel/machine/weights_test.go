package machine

import (
	"context"
	"math"
	"strings"
	"testing"
)

// weighted returns a table with the weights 0, 1, 2, 0, 1, ... times a factor, and one
// that has each row as often instead.
func weighted(t *testing.T, table *Table, factor float64) (weights, repeated *Table) {
	t.Helper()
	all := make([]float64, table.Len())
	rows := newCollector(table.columns)
	for i := range all {
		all[i] = factor * float64(i%3)
		for range i % 3 {
			rows.add(table.all, i)
		}
	}
	weights, err := table.WithWeights(all)
	if err != nil {
		t.Fatal(err)
	}
	return weights, rows.table()
}

// TestWeightsAreRepetitions: a row of weight 2 counts as two, one of weight 0 as none,
// and only ratios of weights matter.
func TestWeightsAreRepetitions(t *testing.T) {
	ctx := context.Background()
	classes, targets := digits(t, 300, 5, 3, 2, 1), friedman(t, 300, 1, 1)
	for i := 0; i < 300; i += 3 { // the rows of weight 0 are of something else
		classes.all.Labels[i] = 0
		targets.all.Y[i] += 50
	}
	exact := func(p Problem) (*Model, error) {
		m, _, err := Ridge(ctx, p, RidgeOptions{Ridges: []float64{1e-10}})
		return m, err
	}
	ridge := func(p Problem) (*Model, error) {
		m, _, err := Ridge(ctx, p, RidgeOptions{Ridges: []float64{1e-3}})
		return m, err
	}
	logistic := func(p Problem) (*Model, error) {
		m, _, err := Logistic(ctx, p, LogisticOptions{Ridges: []float64{1e-2}})
		return m, err
	}
	descent := func(p Problem) (*Model, error) { // to the minimum
		m, _, err := EigenPro(ctx, p, EigenProOptions{Epochs: 150, MaxBatch: 64, Sample: 600})
		return m, err
	}
	for _, test := range []struct {
		name      string
		table     *Table
		features  int // frequencies
		fit       func(Problem) (*Model, error)
		tolerance float64
	}{
		{"ridge", targets, 40, ridge, 1e-5}, {"ridge of classes", classes, 40, ridge, 1e-5}, {"exact ridge", targets, 40, exact, 1e-5},
		{"logistic", classes, 40, logistic, 1e-3}, {"EigenPro", targets, 3, descent, 0.03},
	} {
		_, repeated := weighted(t, test.table, 1)
		p := Problem{Train: repeated, Features: features(t, test.table.columns.Inputs, test.features, 4)}
		want, err := test.fit(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, factor := range []float64{1, 1e-9, 1e12} {
			p.Train, _ = weighted(t, test.table, factor)
			got, err := test.fit(p)
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(predictions(got, repeated), predictions(want, repeated)); !(d < test.tolerance) {
				t.Errorf("%s, weights times %v: predictions differ by %.3g", test.name, factor, d)
			}
		}
		p.Train = test.table
		plain, err := test.fit(p)
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(predictions(plain, repeated), predictions(want, repeated)); d < 10*test.tolerance {
			t.Errorf("%s: weights change too little to be seen: %.3g", test.name, d)
		}
	}
}

func TestWeightedScores(t *testing.T) {
	ctx := context.Background()
	for _, table := range []*Table{digits(t, 300, 5, 3, 2, 1), friedman(t, 300, 1, 1)} {
		m, _, err := Ridge(ctx, Problem{Train: table}, RidgeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if table.columns.Classes != nil {
			if err := m.Calibrate(2); err != nil {
				t.Fatal(err)
			}
		}
		weights, repeated := weighted(t, table, 7)
		got, err := Evaluate(ctx, m, weights)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Evaluate(ctx, m, repeated)
		if err != nil {
			t.Fatal(err)
		}
		if got.Rows != 200 {
			t.Errorf("%d rows of a weight above 0, are 200", got.Rows)
		}
		pairs := [][2]float64{{got.ErrorRate, want.ErrorRate}, {got.LogLoss, want.LogLoss}, {got.RMSE, want.RMSE}, {got.MAE, want.MAE}, {got.R2, want.R2}}
		for i, pair := range pairs {
			if !(math.Abs(pair[0]-pair[1]) <= 1e-6*math.Abs(pair[1])) {
				t.Errorf("score %d: %v by weights, %v by rows", i, pair[0], pair[1])
			}
		}
		a, err := Survey(ctx, weights, 1000, 1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Survey(ctx, repeated, 1000, 1)
		if err != nil {
			t.Fatal(err)
		}
		if a.Rows != 200 || a.Sample.Len() != 200 || math.Abs(a.Weight-7*b.Weight) > 1e-9 {
			t.Errorf("%d rows of the weight %v, a sample of %d", a.Rows, a.Weight, a.Sample.Len())
		}
		for j := range a.Mean {
			if math.Abs(a.Mean[j]-b.Mean[j]) > 1e-9 || math.Abs(a.Deviation[j]-b.Deviation[j]) > 1e-9 {
				t.Errorf("column %d: %v ± %v by weights, %v ± %v by rows", j, a.Mean[j], a.Deviation[j], b.Mean[j], b.Deviation[j])
			}
		}
	}
}

// TestWeightsGoWithTheirRows through parts and orders of a table.
func TestWeightsGoWithTheirRows(t *testing.T) {
	table := friedman(t, 200, 1, 1)
	weights := make([]float64, 200)
	for i := range weights {
		weights[i] = float64(table.all.X[10*i]) + 1
	}
	table, err := table.WithWeights(weights)
	if err != nil {
		t.Fatal(err)
	}
	a, b := Split(table, 0.3, 1)
	c, d := Split(&trickle{Table: table}, 0.3, 1)
	for i, source := range []Source{table.Slice(20, 90), table.Shuffled(1), table.Shuffled(1).(*Table).Slice(3, 50), a, b, c, d} {
		for batch, err := range source.Batches(7) {
			if err != nil {
				t.Fatal(err)
			}
			for row, weight := range batch.Weights {
				if weight != float64(batch.X[10*row])+1 {
					t.Fatalf("source %d: the weight %v is of another row", i, weight)
				}
			}
			if len(batch.Weights) != len(batch.Y) {
				t.Fatalf("source %d: %d weights of %d rows", i, len(batch.Weights), len(batch.Y))
			}
		}
	}
}

func TestBadWeights(t *testing.T) {
	table := digits(t, 50, 4, 2, 1, 1)
	if _, err := table.WithWeights(make([]float64, 49)); err == nil {
		t.Error("49 weights for 50 rows are taken")
	}
	for _, test := range []struct {
		weight float64
		want   string
	}{
		{-1, "row 8 has the weight -1: want 0, or"}, {math.NaN(), "row 8 has the weight NaN"}, {math.Inf(1), "row 8 has the weight +Inf"},
		{1e-16, "row 8 has the weight 1e-16"}, {0, "none of a weight above 0"},
	} {
		weights := make([]float64, 50)
		weights[7] = test.weight
		bad, err := table.WithWeights(weights)
		if err != nil {
			t.Fatal(err)
		}
		for machine, fit := range machines() {
			if _, err := fit(Problem{Train: bad}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v, want %q", machine, err, test.want)
			}
		}
	}
}

// TestWeightedNoise: rows of weight 2 have the noise of rows that are there twice, but
// for N - 1, and only ratios of weights matter to deviations.
func TestWeightedNoise(t *testing.T) {
	weights, repeated := weighted(t, friedman(t, 600, 1, 1), 1)
	large, _ := weighted(t, friedman(t, 600, 1, 1), 1e9)
	var noise, deviations []float64
	for _, table := range []*Table{weights, large, repeated} {
		m, _, err := Ridge(context.Background(), Problem{Train: table, Features: features(t, 10, 30, 4)}, RidgeOptions{Ridges: []float64{1e-3}, Posterior: true})
		if err != nil {
			t.Fatal(err)
		}
		y, s := make([]float64, 1), make([]float64, 1)
		m.NewPredictor(1).PredictDeviation(y, s, table.all.X[:10])
		noise, deviations = append(noise, m.Noise()[0]), append(deviations, s[0])
	}
	if math.Abs(noise[0]-noise[2]) > 0.003*noise[2] || math.Abs(noise[1]-noise[0]) > 1e-6*noise[0] || math.Abs(deviations[1]-deviations[0]) > 1e-6*deviations[0] {
		t.Errorf("noise %v, deviations %v", noise, deviations)
	}
}
