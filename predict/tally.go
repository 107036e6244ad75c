package predict

import "math"

// Tally counts how answers do where the truth is known: errors and a confusion
// matrix of classes, or the errors of values. The zero value is one for values;
// [NewTally] makes one for classes.
type Tally struct {
	Rows int // added

	Errors    int     // of classes
	Unknown   int     // of those, classes that are not known
	Top5      int     // classes that are not among the five likeliest
	Confusion [][]int // [class of the row][predicted class]

	loss                       float64 // -Σ log of the probability of the class
	sum, squares, squaredError float64 // of values: of targets minus the first; of differences
	origin                     float64
	covered                    int // rows whose target is in the 95% interval
}

// normal95 is how many standard deviations around the mean hold 95% of a normal
// distribution.
const normal95 = 1.959964

// NewTally returns a tally for so many classes, or for values where there are none.
func NewTally(classes int) *Tally {
	if classes < 0 {
		panic("predict: NewTally: fewer than 0 classes")
	}
	t := &Tally{}
	for range classes {
		t.Confusion = append(t.Confusion, make([]int, classes))
	}
	return t
}

// Add counts an answer. Truth is a number, or the number of a class; one below 0 is
// none that is known, and so an error. It panics for a class that the tally does not
// have.
func (t *Tally) Add(truth float64, a Answer) {
	if t.Confusion != nil {
		if truth >= float64(len(t.Confusion)) || a.Class < 0 || a.Class >= len(t.Confusion) {
			panic("predict: Tally.Add: no such class")
		}
		t.addClass(int(truth), a)
		return
	}
	if t.Rows == 0 {
		t.origin = truth
	}
	t.Rows++
	difference := a.Value - truth
	t.squaredError += difference * difference
	t.sum += truth - t.origin
	t.squares += (truth - t.origin) * (truth - t.origin)
	if math.Abs(difference) <= normal95*a.Deviation {
		t.covered++
	}
}

func (t *Tally) addClass(truth int, a Answer) {
	t.Rows++
	if truth != a.Class {
		t.Errors++
	}
	if truth < 0 {
		t.Top5++
		t.Unknown++
		return
	}
	t.Confusion[truth][a.Class]++
	better := 0 // classes before the true one, equals by their order
	for i, v := range a.Scores {
		if v > a.Scores[truth] || v == a.Scores[truth] && i < truth {
			better++
		}
	}
	if better >= 5 {
		t.Top5++
	}
	if a.Probabilities != nil {
		t.loss -= math.Log(math.Max(a.Probabilities[truth], math.SmallestNonzeroFloat64))
	}
}

// ErrorPercent is the part of the rows whose class is wrong.
func (t *Tally) ErrorPercent() float64 { return 100 * float64(t.Errors) / float64(t.Rows) }

// Top5Percent is the part of the rows whose class is not among the five likeliest.
func (t *Tally) Top5Percent() float64 { return 100 * float64(t.Top5) / float64(t.Rows) }

// Loss is the mean cross-entropy, in nats; 0 where answers have no probabilities.
func (t *Tally) Loss() float64 { return t.loss / float64(t.Rows) }

// CoveredPercent is the part of the rows whose target is within 1.96 deviations.
func (t *Tally) CoveredPercent() float64 { return 100 * float64(t.covered) / float64(t.Rows) }

// RMSE is the root of the mean squared difference.
func (t *Tally) RMSE() float64 { return math.Sqrt(t.squaredError / float64(t.Rows)) }

// R2 is the share of the targets' variance that is explained: 1 - the sum of
// squared differences over that around the mean; 0 where all targets are equal.
func (t *Tally) R2() float64 {
	around := t.squares - t.sum*t.sum/float64(t.Rows)
	if around <= 0 {
		return 0
	}
	return 1 - t.squaredError/around
}
