package predict

import (
	"math"
	"math/rand/v2"
	"testing"
)

func value(v, half float64) Answer {
	return Answer{Class: -1, Estimate: Estimate{Value: v, Low: v - half, High: v + half}}
}

func TestTallyOfValues(t *testing.T) {
	o := NewTally(0)
	// A mean of 1e9 must not spoil the variance.
	for i, difference := range []float64{1, -2, 2, 0} {
		truth := 1e9 + float64(i) // around the mean: 2.25 + 0.25 + 0.25 + 2.25
		o.Add(truth, value(truth+difference, 1.2))
	}
	near(t, "RMSE", o.RMSE(), math.Sqrt(9./4))
	near(t, "R²", o.R2(), 1-9./5)
	near(t, "MAE", o.MAE(), 1.25)
	near(t, "covered", o.CoveredPercent(), 50)
	constant := NewTally(0)
	constant.Add(3, value(4, 0))
	constant.Add(3, value(5, 0))
	if constant.R2() != 0 || !constant.Constant() || constant.HasIntervals() || o.Constant() {
		t.Errorf("R² %v of a constant, want 0", constant.R2())
	}
	far := NewTally(0) // the first target is far from the others
	for _, truth := range []float64{1e12, 1, 2, 3} {
		far.Add(truth, value(truth, 0))
	}
	outlier := NewTally(0)
	for _, truth := range []float64{1, 2, 3, 1e12} {
		outlier.Add(truth, value(truth, 0))
	}
	near(t, "variance", far.around/outlier.around, 1)
}

func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-9*math.Max(1, math.Abs(want))) {
		t.Errorf("%s: %.12g, want %.12g", name, got, want)
	}
}

// TestGolden compares with scikit-learn 1.2.1:
//
//	import numpy as np
//	from sklearn.metrics import *
//	p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
//	guess = p.argmax(1)
//	for weight in [None, w]:
//	    print(accuracy_score(truth, guess, sample_weight=weight), balanced_accuracy_score(truth, guess, sample_weight=weight),
//	          log_loss(truth, p, sample_weight=weight), roc_auc_score(truth, p, multi_class="ovr", sample_weight=weight))
//	for weight in [None, v]:
//	    print(mean_squared_error(y, f, squared=False, sample_weight=weight), mean_absolute_error(y, f, sample_weight=weight),
//	          r2_score(y, f, sample_weight=weight))
func TestGolden(t *testing.T) {
	truth := []int{0, 2, 1, 1, 0, 2, 2, 0, 1, 2}
	scores := [][]float64{{2, 0, 1}, {0, 1, 1}, {1, 3, 0}, {2, 1, 0}, {0, 0, 0}, {1, 0, 3}, {2, 2, 1}, {3, 1, 2}, {0, 2, 2}, {1, 1, 2}}
	w := []float64{1, 2, .5, 1, 3, 1, 1, 2, .25, 1}
	p := &Predictor{Meaning: Meaning{Classes: []string{"a", "b", "c"}}}
	plain, weighted := NewTally(3), NewTally(3)
	for i, row := range scores {
		a, err := p.answer(row, nil)
		if err != nil {
			t.Fatal(err)
		}
		plain.Add(float64(truth[i]), a)
		weighted.AddWeighted(float64(truth[i]), w[i], a)
	}
	for _, c := range []struct {
		tally                         *Tally
		accuracy, balanced, loss, auc float64
	}{
		{plain, 0.7, 0.7222222222222222, 0.7695180218841889, 0.8353174603174603},
		{weighted, 0.6862745098039216, 0.6095238095238096, 0.8241658665210166, 0.7763109849131355},
	} {
		near(t, "accuracy", 1-c.tally.ErrorPercent()/100, c.accuracy)
		near(t, "balanced accuracy", c.tally.BalancedPercent()/100, c.balanced)
		near(t, "log loss", c.tally.Loss(), c.loss)
		area, ok := c.tally.AUC()
		near(t, "AUC", area, c.auc)
		if !ok {
			t.Error("no AUC")
		}
	}

	y, f := []float64{3, -1, 2, 7, 4, 0.5}, []float64{2.5, 0, 2, 8, 5, -1}
	v := []float64{1, 2, 3, 0.5, 0, 4}
	plain, weighted = NewTally(0), NewTally(0)
	for i := range y {
		plain.Add(y[i], value(f[i], 0))
		weighted.AddWeighted(y[i], v[i], value(f[i], 0))
	}
	for _, c := range []struct {
		tally         *Tally
		rmse, mae, r2 float64
	}{
		{plain, 0.9574271077563381, 0.8333333333333334, 0.8597236981934112},
		{weighted, 1.0578504710249077, 0.8571428571428571, 0.6504957507082153},
	} {
		near(t, "RMSE", c.tally.RMSE(), c.rmse)
		near(t, "MAE", c.tally.MAE(), c.mae)
		near(t, "R²", c.tally.R2(), c.r2)
	}
}

// TestAUC compares with all pairs of rows, many of which are tied.
func TestAUC(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, classes := range []int{2, 4} {
		var truths []int
		var scores [][]float32
		o := NewTally(classes)
		for range 200 {
			truth, row := random.IntN(classes-classes/4), make([]float32, classes) // of 4 classes, one has no rows
			for k := range row {
				row[k] = float32(random.IntN(5))
			}
			truths, scores = append(truths, truth), append(scores, row)
			o.Add(float64(truth), Answer{Scores: row})
		}
		want, counted := 0.0, 0.0
		for class := range classes {
			pairs, right := 0.0, 0.0
			for i, own := range scores {
				for j, other := range scores {
					if truths[i] != class || truths[j] == class {
						continue
					}
					a, b := own[class], other[class]
					if classes == 2 { // the score of one against that of the other class
						a, b = own[class]-own[1-class], other[class]-other[1-class]
					}
					pairs++
					if a > b {
						right++
					} else if a == b {
						right += 0.5
					}
				}
			}
			if pairs > 0 {
				want += right / pairs
				counted++
			}
		}
		area, ok := o.AUC()
		near(t, "AUC", area, want/counted)
		if !ok {
			t.Error("no AUC")
		}
	}
	one := NewTally(2)
	one.Add(1, Answer{Scores: []float32{1, 2}})
	if _, ok := one.AUC(); ok {
		t.Error("an AUC of one class")
	}
	undefined := NewTally(3)
	nan := float32(math.NaN())
	undefined.Add(0, Answer{Scores: []float32{nan, nan, 1}})
	undefined.Add(1, Answer{Scores: []float32{nan, 1, 1}})
	undefined.AUC() // must end
}

// TestScoresOfManyRows: no area rather than all memory.
func TestScoresOfManyRows(t *testing.T) {
	o := NewTally(2)
	o.Add(0, Answer{Scores: []float32{1, 0}})
	o.Add(1, Answer{Scores: []float32{0, 1}})
	o.ranks.scores = make([]float32, maxScores)
	o.Add(0, Answer{Scores: []float32{0, 1}})
	if _, ok := o.AUC(); ok || o.ranks.scores != nil {
		t.Error("scores are kept beyond the bound")
	}
}

func TestTallyOfClasses(t *testing.T) {
	o := NewTally(2)
	scores := [][]float32{{2, 1}, {1, 2}}
	for _, row := range [][2]int{{0, 0}, {0, 1}, {0, 1}, {1, 1}, {-2, 1}, {-1, 0}, {-2, 1}} { // below 0: classes that are not known
		o.Add(float64(row[0]), Answer{Class: row[1], Scores: scores[row[1]], Probabilities: []float64{0.5, 0.5}})
	}
	if o.Rows != 7 || o.Errors != 5 || o.Unknown != 3 || o.Top5 != 3 {
		t.Errorf("%d of %d rows wrong, %d not known, %d not among the first five", o.Errors, o.Rows, o.Unknown, o.Top5)
	}
	near(t, "error", o.ErrorPercent(), 500./7)
	near(t, "balanced accuracy", o.BalancedPercent(), 100*(1./3+1)/4)
	near(t, "loss", o.Loss(), math.Ln2) // of the rows that have one
	if o.Confusion[0][0] != 1 || o.Confusion[0][1] != 2 || o.Confusion[1][1] != 1 || o.Confusion[1][0] != 0 {
		t.Errorf("confusion %v", o.Confusion)
	}
	if len(o.Unseen) != 2 || o.Unseen[0][0] != 1 || o.Unseen[1][1] != 2 {
		t.Errorf("classes that are not known: %v", o.Unseen)
	}
}

func TestTop5AndLoss(t *testing.T) {
	o := NewTally(7)
	probabilities := []float64{0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05}
	a := Answer{Class: 0, Probabilities: probabilities}
	want := 0.0
	for _, p := range probabilities {
		a.Scores = append(a.Scores, float32(math.Log(p)))
		want -= math.Log(p) / 7
	}
	for truth := range probabilities {
		o.Add(float64(truth), a)
	}
	if o.Errors != 6 || o.Top5 != 2 || math.Abs(o.Top5Percent()-200./7) > 1e-12 || math.Abs(o.Loss()-want) > 1e-12 {
		t.Errorf("%d errors, %d not among the first five, loss %v, want 6, 2 and %v", o.Errors, o.Top5, o.Loss(), want)
	}
	tied := NewTally(7) // all alike: the first five count, as the first is the class
	for truth := range 7 {
		tied.Add(float64(truth), Answer{Scores: make([]float32, 7)})
	}
	if tied.Errors != 6 || tied.Top5 != 2 {
		t.Errorf("of equals, %d errors, %d not among the first five", tied.Errors, tied.Top5)
	}
}

// TestWeighted: also where weights are 1 on average.
func TestWeighted(t *testing.T) {
	for _, weights := range [][]float64{{1, 1}, {0.5, 1.5}, {2, 1}} {
		tally := NewTally(0)
		for _, weight := range weights {
			tally.AddWeighted(1, weight, Answer{Class: -1})
		}
		if want := weights[0] != 1; tally.Weighted() != want {
			t.Errorf("weights %v: %v", weights, !want)
		}
	}
}
