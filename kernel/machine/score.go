package machine

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Score says how well a model does on some rows. All but the counts are means or sums
// in which rows have their weights; rows of the weight 0 do not count at all.
type Score struct {
	Rows      int     `json:"rows"`
	Wrong     int     `json:"wrong,omitempty"`      // rows whose class is not the predicted one; classification
	ErrorRate float64 `json:"error_rate,omitempty"` // their fraction, by weight
	LogLoss   float64 `json:"log_loss,omitempty"`   // mean of -log p of the row's class, in nats; models with Logits
	RMSE      float64 `json:"rmse"`                 // root of the mean squared difference between f and targets, of all targets
	MAE       float64 `json:"mae,omitempty"`        // mean absolute difference; regression
	R2        float64 `json:"r2,omitempty"`         // 1 - the sum of squared differences / that around the targets' means; regression

	// RMSE in units of the targets' deviations, so that each of several counts; of one, 0.
	relative float64
}

// Error returns what a fit tries to lower: the fraction of rows that are wrong,
// for classification, and the RMSE for regression.
func (s Score) Error(c Columns) float64 {
	if c.Classes != nil {
		return s.ErrorRate
	}
	return s.RMSE
}

// better tells whether s is better than t: by probabilities if the models have them,
// then by the class, then by the RMSE, of several targets in units of their deviations.
func (s Score) better(t Score) bool {
	return cmp.Or(cmp.Compare(s.LogLoss, t.LogLoss), cmp.Compare(s.ErrorRate, t.ErrorRate), cmp.Compare(s.relative, t.relative), cmp.Compare(s.RMSE, t.RMSE)) < 0
}

// Evaluate returns the score of a model on the rows of a source, whose classes, if it
// has any, must be the model's in their order. Errors: as Survey.
func Evaluate(ctx context.Context, m *Model, source Source) (Score, error) {
	if err := m.Validate(); err != nil {
		return Score{}, err
	}
	problem := Problem{Train: source, Scaling: m.Scaling, Features: m.Features}
	if err := problem.prepare(); err != nil {
		return Score{}, err
	}
	if err := sameColumns(source.Columns(), m.Columns); err != nil {
		return Score{}, err
	}
	s := problem.newStream(blockRows(problem.Features.Outputs()))
	scores, err := evaluate(ctx, s, source, m.Weights, m.Bias, m.Logits)
	if err != nil {
		return Score{}, err
	}
	return scores[0], nil
}

// evaluate scores several models on the same features at once: weights is
// [models, targets, n] and bias [models, targets].
func evaluate(ctx context.Context, s *stream, source Source, weights []float32, bias []float64, logits bool) ([]Score, error) {
	targets := s.columns.Targets()
	all := newScorer(weights, bias, s.outputs, s.maxRows)
	y := make([]float64, s.maxRows*len(bias))
	tallies := make([]tally, len(bias)/targets)
	for i := range tallies {
		tallies[i] = newTally(targets, logits)
	}
	err := s.each(ctx, source, func(b block) error {
		all.apply(y[:b.rows*len(bias)], b.z, b.rows)
		for i := range b.rows {
			for k := range tallies {
				tallies[k].add(y[i*len(bias)+k*targets:][:targets], b, i)
			}
		}
		return nil
	})
	if err == nil && len(tallies) > 0 && tallies[0].rows == 0 {
		err = errors.New("machine: there are no rows held out to choose by, or to measure on, or none of a weight above 0")
	}
	scores := make([]Score, len(tallies))
	for i := range tallies {
		scores[i] = tallies[i].score(s.columns)
	}
	return scores, err
}

// tally adds up a score. All sums are of values times weights.
type tally struct {
	logits              bool // f are such
	rows, wrong         int
	weight, wrongWeight float64
	distance            float64
	squaredErrors       []float64 // of each target
	logLoss             float64
	sum, squares        []float64 // of targets, minus the first row's
	origin              []float64
}

func newTally(targets int, logits bool) tally {
	return tally{logits: logits, sum: make([]float64, targets), squares: make([]float64, targets), squaredErrors: make([]float64, targets)}
}

// around returns the sum of a target's squared differences from its mean.
func (a *tally) around(k int) float64 { return a.squares[k] - a.sum[k]*a.sum[k]/a.weight }

// relative returns the RMSE in units of the targets' deviations.
func (a *tally) relative() float64 {
	sum := 0.0
	for k, squares := range a.squaredErrors {
		if around := a.around(k); around > 0 {
			sum += squares / around
		}
	}
	return math.Sqrt(sum / float64(len(a.squaredErrors)))
}

// add overwrites f.
func (a *tally) add(f []float64, b block, row int) {
	t, w := b.t[row*len(f):][:len(f)], b.weight(row)
	if w == 0 {
		return
	}
	if a.origin == nil {
		a.origin = slices.Clone(t)
	}
	a.rows++
	a.weight += w
	for k, v := range f {
		difference := v - t[k]
		a.squaredErrors[k] += w * difference * difference
		a.distance += w * math.Abs(difference)
		target := t[k] - a.origin[k]
		a.sum[k] += w * target
		a.squares[k] += w * target * target
	}
	if b.Labels == nil {
		return
	}
	label := int(b.Labels[row])
	if greatest(f) != label {
		a.wrong++
		a.wrongWeight += w
	}
	if a.logits {
		a.logLoss += w * softmaxResidual(f, label)
	}
}

func (a *tally) score(c Columns) Score {
	if a.rows == 0 {
		return Score{}
	}
	targets := float64(len(a.sum))
	s := Score{
		Rows: a.rows, Wrong: a.wrong, ErrorRate: a.wrongWeight / a.weight, LogLoss: a.logLoss / a.weight,
		RMSE: math.Sqrt(floats.Sum(a.squaredErrors) / (a.weight * targets)),
	}
	if c.Outputs > 1 {
		s.relative = a.relative()
	}
	if c.Classes == nil {
		s.MAE = a.distance / (a.weight * targets)
		around := 0.0
		for k := range a.sum {
			around += a.around(k)
		}
		if around > 0 {
			s.R2 = 1 - floats.Sum(a.squaredErrors)/around
		}
	}
	return s
}
