package predict

import (
	"math"
	"testing"
)

func TestTallyOfValues(t *testing.T) {
	o := NewTally(0)
	// A mean of 1e9 must not spoil the variance.
	for i, difference := range []float64{1, -1, 2, 0} {
		truth := 1e9 + float64(i) // around the mean: 2.25 + 0.25 + 0.25 + 2.25
		o.Add(truth, Answer{Value: truth + difference, Deviation: 0.6})
	}
	if got, want := o.RMSE(), math.Sqrt(6./4); math.Abs(got-want) > 1e-12 {
		t.Errorf("RMSE %v, want %v", got, want)
	}
	if got, want := o.R2(), 1-6./5; math.Abs(got-want) > 1e-12 {
		t.Errorf("R² %v, want %v", got, want)
	}
	if o.CoveredPercent() != 75 { // 1.96·0.6 is more than 1 and less than 2
		t.Errorf("%v%% covered, want 75", o.CoveredPercent())
	}
	constant := NewTally(0)
	constant.Add(3, Answer{Value: 4})
	if constant.R2() != 0 {
		t.Errorf("R² %v of a constant, want 0", constant.R2())
	}
}

func TestTallyOfClasses(t *testing.T) {
	o := NewTally(2)
	scores := [][]float32{{2, 1}, {1, 2}}
	for _, row := range [][2]int{{0, 0}, {0, 1}, {0, 1}, {1, 1}, {-1, 1}} { // -1: a class that is not known
		o.Add(float64(row[0]), Answer{Class: row[1], Scores: scores[row[1]]})
	}
	if o.Rows != 5 || o.Errors != 3 || o.ErrorPercent() != 60 || o.Top5 != 1 {
		t.Errorf("%d of %d rows wrong, %v%%, %d not among the first five", o.Errors, o.Rows, o.ErrorPercent(), o.Top5)
	}
	if o.Confusion[0][0] != 1 || o.Confusion[0][1] != 2 || o.Confusion[1][1] != 1 || o.Confusion[1][0] != 0 {
		t.Errorf("confusion %v", o.Confusion)
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
