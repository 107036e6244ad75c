package predict

import "math"

// Tally counts how answers do where the truth is known: errors and a confusion
// matrix of classes, or the errors of values. Every row has a weight, 1 unless it is
// said: rates, means and areas are of weights, while Rows, Errors and Confusion count
// rows. The zero value is a tally for values; [NewTally] makes one for classes.
type Tally struct {
	Rows int // added

	Errors    int     // of classes
	Unknown   int     // of those, classes that are not known
	Top5      int     // classes that are not among the five likeliest
	Confusion [][]int // [class of the row][predicted class]
	Unseen    [][]int // the same for classes that are not known: as Add numbers them

	weight             float64   // of all rows
	weighted           bool      // one was other than 1
	wrong, beyondFive  float64   // weights of Errors and Top5
	ofClass, recalled  []float64 // [class]: weight of its rows, and of those that are right
	ofUnseen           []float64
	loss, lossWeight   float64 // -Σ log of the probability of the class
	ranks              ranks
	mean, around       float64 // of targets: their mean, and the sum of squares around it (Welford)
	squared, absolute  float64 // sums of differences
	covered, intervals float64 // rows whose target is in its interval, and rows that have one
}

// NewTally returns a tally for so many classes, or for values where there are none.
func NewTally(classes int) *Tally {
	if classes < 0 {
		panic("predict: NewTally: fewer than 0 classes")
	}
	t := &Tally{ofClass: make([]float64, classes), recalled: make([]float64, classes)}
	for range classes {
		t.Confusion = append(t.Confusion, make([]int, classes))
	}
	return t
}

// Add is [Tally.AddWeighted] with the weight 1.
func (t *Tally) Add(truth float64, a Answer) { t.AddWeighted(truth, 1, a) }

// AddWeighted counts an answer. Truth is a number, or the number of a class; one below
// 0 is none that is known, and so an error: -1 - i is the class i of Unseen. It panics
// for a class that the tally does not have, and for a weight that is negative or no
// number.
func (t *Tally) AddWeighted(truth, weight float64, a Answer) {
	if !(weight >= 0) {
		panic("predict: Tally.AddWeighted: a negative weight")
	}
	t.Rows++
	t.weight += weight
	t.weighted = t.weighted || weight != 1
	if t.Confusion != nil {
		if truth >= float64(len(t.Confusion)) || a.Class < 0 || a.Class >= len(t.Confusion) {
			panic("predict: Tally.Add: no such class")
		}
		t.addClass(int(truth), weight, a)
		return
	}
	t.addValue(truth, weight, a.Estimate)
}

func (t *Tally) addValue(truth, weight float64, e Estimate) {
	difference := e.Value - truth
	t.squared += weight * difference * difference
	t.absolute += weight * math.Abs(difference)
	if weight > 0 {
		step := truth - t.mean
		t.mean += step * weight / t.weight
		t.around += weight * step * (truth - t.mean)
	}
	if e.HasInterval() {
		t.intervals += weight
		if e.Low <= truth && truth <= e.High {
			t.covered += weight
		}
	}
}

func (t *Tally) addClass(truth int, weight float64, a Answer) {
	if truth != a.Class {
		t.Errors++
		t.wrong += weight
	}
	if truth < 0 {
		t.Unknown++
		t.Top5++
		t.beyondFive += weight
		t.addUnseen(-1-truth, weight, a.Class)
		return
	}
	t.Confusion[truth][a.Class]++
	t.ofClass[truth] += weight
	if truth == a.Class {
		t.recalled[truth] += weight
	}
	better := 0 // classes before the true one, equals by their order
	for i, v := range a.Scores {
		if v > a.Scores[truth] || v == a.Scores[truth] && i < truth {
			better++
		}
	}
	if better >= 5 {
		t.Top5++
		t.beyondFive += weight
	}
	if a.Probabilities != nil {
		t.loss -= weight * math.Log(math.Max(a.Probabilities[truth], math.SmallestNonzeroFloat64))
		t.lossWeight += weight
	}
	t.ranks.add(truth, weight, a)
}

func (t *Tally) addUnseen(class int, weight float64, predicted int) {
	for class >= len(t.Unseen) {
		t.Unseen = append(t.Unseen, make([]int, len(t.Confusion)))
		t.ofUnseen = append(t.ofUnseen, 0)
	}
	t.Unseen[class][predicted]++
	t.ofUnseen[class] += weight
}

// ErrorPercent is the part of the rows whose class is wrong.
func (t *Tally) ErrorPercent() float64 { return 100 * t.wrong / t.weight }

// Top5Percent is the part of the rows whose class is not among the five likeliest.
func (t *Tally) Top5Percent() float64 { return 100 * t.beyondFive / t.weight }

// BalancedPercent is the balanced accuracy: the mean, over the classes that rows are
// of, of the part of a class's rows that are right. Classes that are not known have
// none that are.
func (t *Tally) BalancedPercent() float64 {
	sum, classes := 0.0, 0
	for i, weight := range t.ofClass {
		if weight > 0 {
			sum += t.recalled[i] / weight
			classes++
		}
	}
	for _, weight := range t.ofUnseen {
		if weight > 0 {
			classes++
		}
	}
	return 100 * sum / float64(classes)
}

// Weight is the sum of the rows' weights.
func (t *Tally) Weight() float64 { return t.weight }

// Weighted tells whether weights were other than 1.
func (t *Tally) Weighted() bool { return t.weighted }

// HasLoss tells whether answers had probabilities.
func (t *Tally) HasLoss() bool { return t.lossWeight > 0 }

// Loss is the log loss: the mean cross-entropy, in nats, of the rows whose class is
// known; 0 where answers have no probabilities.
func (t *Tally) Loss() float64 {
	if !t.HasLoss() {
		return 0
	}
	return t.loss / t.lossWeight
}

// AUC is the area under the receiver operating characteristic: the probability that a
// row of a class has a greater score for it than a row of the others, equals counting
// half (Mann and Whitney, 1947). Of more than two classes it is the mean over the
// classes, each against the rest, that rows are of. Rows of classes that are not known
// are left out. It is false if all rows are of one class, or if there are too many
// scores to keep: more than 2^24.
func (t *Tally) AUC() (area float64, ok bool) { return t.ranks.area(len(t.Confusion)) }

// HasIntervals tells whether answers had intervals.
func (t *Tally) HasIntervals() bool { return t.intervals > 0 }

// CoveredPercent is the part of the rows with an interval whose target is in it; 0 if
// none has one.
func (t *Tally) CoveredPercent() float64 {
	if !t.HasIntervals() {
		return 0
	}
	return 100 * t.covered / t.intervals
}

// RMSE is the root of the mean squared difference.
func (t *Tally) RMSE() float64 { return math.Sqrt(t.squared / t.weight) }

// MAE is the mean absolute difference.
func (t *Tally) MAE() float64 { return t.absolute / t.weight }

// Constant tells whether all targets are equal, so that there is no R².
func (t *Tally) Constant() bool { return t.around <= 0 }

// R2 is the share of the targets' variance that is explained: 1 - the sum of
// squared differences over that around the mean; 0 where all targets are equal.
func (t *Tally) R2() float64 {
	if t.Constant() {
		return 0
	}
	return 1 - t.squared/t.around
}

// Tallies are a tally for each target of a table: one for classes, which have one
// target. [Predictor.Tallies] makes them.
type Tallies []*Tally

// Tallies returns tallies for what p answers.
func (p *Predictor) Tallies() Tallies {
	tallies := Tallies{NewTally(len(p.Classes))}
	for p.Classes == nil && len(tallies) < p.outputs {
		tallies = append(tallies, NewTally(0))
	}
	return tallies
}

// Add counts an answer for a row with targets, of which those that are not a number
// are not known, and skipped. It panics as Tally.AddWeighted does, and unless there is
// a target for each tally.
func (t Tallies) Add(targets []float64, weight float64, a Answer) {
	if len(targets) != len(t) {
		panic("predict: Tallies.Add: not a target for each tally")
	}
	for i, truth := range targets {
		if math.IsNaN(truth) {
			continue
		}
		if a.Class < 0 {
			a.Estimate = a.Estimates[i]
		}
		t[i].AddWeighted(truth, weight, a)
	}
}
