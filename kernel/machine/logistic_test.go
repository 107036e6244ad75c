package machine

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestLogisticGradient(t *testing.T) {
	train, err := digits(t, 200, 6, 3, 1, 1).WithWeights(slices.Repeat([]float64{0.5, 0, 3, 1}, 50))
	if err != nil {
		t.Fatal(err)
	}
	p := Problem{Train: train, Features: features(t, 6, 10, 3)}
	if err := p.prepare(); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	l, err := newLogLoss(ctx, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	l.ridge = 0.1
	r := rand.New(rand.NewPCG(1, 2))
	parameters := make([]float64, 3*21)
	for i := range parameters {
		parameters[i] = 2 * r.NormFloat64()
	}
	gradient, ignored := make([]float64, len(parameters)), make([]float64, len(parameters))
	if _, err := l.at(ctx, gradient, parameters); err != nil {
		t.Fatal(err)
	}
	for i := range parameters {
		const h = 1e-2
		at := func(change float64) float64 {
			moved := append([]float64{}, parameters...)
			moved[i] += change
			loss, err := l.at(ctx, ignored, moved)
			if err != nil {
				t.Fatal(err)
			}
			return loss
		}
		if want := (at(h) - at(-h)) / (2 * h); math.Abs(gradient[i]-want) > 1e-4*(1+math.Abs(want)) {
			t.Errorf("parameter %d: gradient %v, differences %v", i, gradient[i], want)
		}
	}
}

// TestLogisticIsCalibrated has probabilities that are right on average: where
// b is not penalised, the mean of p is the frequency of a class.
func TestLogisticIsCalibrated(t *testing.T) {
	train, holdOut := Split(digits(t, 2000, 10, 3, 2, 1), 0.3, 1)
	p := Problem{Train: train, HoldOut: holdOut, Features: features(t, 10, 100, 5)}
	m, report, err := Logistic(context.Background(), p, LogisticOptions{})
	if err != nil {
		t.Fatal(err)
	}
	score, err := Evaluate(context.Background(), m, holdOut)
	if err != nil || score.Wrong != report.Scores[indexOf(report.Ridges, report.Ridge)].Wrong || score.Error(m.Columns) > 0.25 {
		t.Errorf("%+v, %+v, %v", score, report, err)
	}
	var mean, frequency [3]float64
	for batch, err := range train.Batches(train.(*Table).Len()) {
		if err != nil {
			t.Fatal(err)
		}
		rows := len(batch.Labels)
		y := make([]float64, 3*rows)
		m.NewPredictor(rows).Predict(y, batch.X)
		for i, label := range batch.Labels {
			row := y[3*i:][:3]
			softmaxResidual(row, 0)
			row[0]++
			for k, v := range row {
				mean[k] += float64(v) / float64(rows)
			}
			frequency[label] += 1 / float64(rows)
		}
	}
	for k := range mean {
		if math.Abs(mean[k]-frequency[k]) > 2e-3 {
			t.Errorf("class %d: mean probability %v, frequency %v", k, mean[k], frequency[k])
		}
	}
}

// TestLogisticConverges: where it says so, more steps change nothing that matters, and
// where it was not given enough of them, it says that.
func TestLogisticConverges(t *testing.T) {
	train, holdOut := Split(digits(t, 300, 6, 3, 2, 1), 0.3, 1)
	p := Problem{Train: train, HoldOut: holdOut, Features: features(t, 6, 30, 3)}
	ctx := context.Background()
	_, report, err := Logistic(ctx, p, LogisticOptions{})
	if err != nil || slices.Contains(report.Converged, false) || len(report.Converged) != len(report.Ridges) {
		t.Fatalf("%+v, %v", report, err)
	}
	for i, ridge := range report.Ridges { // from another start
		_, alone, err := Logistic(ctx, p, LogisticOptions{Ridges: []float64{ridge}, Iterations: 2000})
		if err != nil || math.Abs(alone.Losses[0]-report.Losses[i]) > 1e-4*report.Losses[i] {
			t.Errorf("ridge %v: losses %v and %v, %v", ridge, report.Losses[i], alone.Losses[0], err)
		}
		if report.Scores[i].LogLoss < report.Scores[indexOf(report.Ridges, report.Ridge)].LogLoss {
			t.Errorf("%v was chosen, and %v has less log loss", report.Ridge, ridge)
		}
	}
	if _, report, err = Logistic(ctx, p, LogisticOptions{Ridges: []float64{1e-5}, Iterations: 3}); err != nil || report.Converged[0] {
		t.Errorf("%+v, %v: want no convergence in 3 iterations", report, err)
	}
}

func TestLogisticOnAnyCores(t *testing.T) {
	p := Problem{Train: digits(t, 900, 20, 3, 2, 1), Features: features(t, 20, 100, 5)}
	sameOnCores(t, func() (*Model, error) {
		m, _, err := Logistic(context.Background(), p, LogisticOptions{Iterations: 5})
		return m, err
	})
}

func TestOptions(t *testing.T) {
	classes, targets := digits(t, 50, 4, 2, 1, 1), friedman(t, 50, 1, 1)
	ctx := context.Background()
	for _, test := range []struct {
		err  func() error
		want string
	}{
		{func() error {
			_, _, err := Ridge(ctx, Problem{Train: classes}, RidgeOptions{Ridges: []float64{0}})
			return err
		}, "want positive"},
		{func() error {
			_, _, err := Ridge(ctx, Problem{Train: classes}, RidgeOptions{Ridges: []float64{1, 2}})
			return err
		}, "no rows held out"},
		{func() error { _, _, err := Ridge(ctx, Problem{}, RidgeOptions{}); return err }, "nothing to train on"},
		{func() error {
			_, _, err := Ridge(ctx, Problem{Train: classes, HoldOut: targets}, RidgeOptions{})
			return err
		}, "want the same columns"},
		{func() error {
			_, _, err := Ridge(ctx, Problem{Train: classes, HoldOut: classes.Slice(0, 0)}, RidgeOptions{})
			return err
		}, "no rows held out"},
		{func() error {
			_, _, err := Ridge(ctx, Problem{Train: classes, Scaling: Scaling{Mean: []float32{1}}}, RidgeOptions{})
			return err
		}, "1 means or scales"},
		{func() error { _, _, err := Logistic(ctx, Problem{Train: targets}, LogisticOptions{}); return err }, "needs classes"},
		{func() error {
			_, _, err := Logistic(ctx, Problem{Train: classes, HoldOut: classes}, LogisticOptions{Ridges: []float64{1e-3, 1e-2}})
			return err
		}, "the largest first"},
		{func() error {
			_, _, err := EigenPro(ctx, Problem{Train: classes}, EigenProOptions{Epochs: -1})
			return err
		}, "no negative"},
		{func() error { _, _, err := Search(ctx, Problem{Train: classes}, SearchOptions{}); return err }, "want a partition"},
		{func() error {
			_, _, err := Search(ctx, Problem{Train: classes}, SearchOptions{Partitions: [][]int{{0, 1}}})
			return err
		}, "a partition of 2 rows"},
		{func() error {
			_, _, err := Logistic(ctx, Problem{Train: classes, HoldOut: classes.Slice(0, 0)}, LogisticOptions{})
			return err
		}, "no rows held out"},
		{func() error {
			_, _, err := EigenPro(ctx, Problem{Train: classes, HoldOut: classes.Slice(0, 0)}, EigenProOptions{})
			return err
		}, "no rows held out"},
		{func() error { _, err := Survey(ctx, nil, 1, 1); return err }, "no table"},
		{func() error { _, err := Survey(ctx, classes, -1, 1); return err }, "a sample of -1 rows"},
	} {
		if err := test.err(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}

// TestEvaluateWants rows, and the classes that the model has: no errors among no rows
// would look like the best of models.
func TestEvaluateWants(t *testing.T) {
	classes := digits(t, 50, 4, 2, 1, 1)
	ctx := context.Background()
	m, _, err := Ridge(ctx, Problem{Train: classes}, RidgeOptions{Ridges: []float64{}})
	if err != nil {
		t.Fatal(err)
	}
	renamed := *classes
	renamed.columns.Classes = []string{classes.columns.Classes[1], classes.columns.Classes[0]}
	for _, test := range []struct {
		source Source
		want   string
	}{
		{classes.Slice(0, 0), "no rows"}, {&renamed, "in the same order"}, {friedman(t, 50, 1, 1), "takes 4 inputs, and the table has 10"}, {nil, "nothing to train on"},
	} {
		if _, err := Evaluate(ctx, m, test.source); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
