package machine

import (
	"context"
	"errors"
	"math"
	"slices"
)

// Score says how well a model does on some rows.
type Score struct {
	Rows  int     `json:"rows"`
	Wrong int     `json:"wrong,omitempty"` // rows whose class is not the predicted one; classification
	RMSE  float64 `json:"rmse"`            // root of the mean squared difference between f and targets, of all targets
	R2    float64 `json:"r2,omitempty"`    // 1 - the sum of squared differences / that around the targets' means; regression
}

// Error returns what a fit tries to lower: the fraction of rows that are wrong,
// for classification, and the RMSE for regression.
func (s Score) Error(c Columns) float64 {
	if c.Classes != nil {
		return float64(s.Wrong) / float64(max(s.Rows, 1))
	}
	return s.RMSE
}

// better tells whether s is better than t: by the class first, then by the RMSE.
func (s Score) better(t Score) bool {
	if s.Wrong != t.Wrong {
		return s.Wrong < t.Wrong
	}
	return s.RMSE < t.RMSE
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
	scores, err := evaluate(ctx, s, source, m.Weights, m.Bias)
	if err != nil {
		return Score{}, err
	}
	return scores[0], nil
}

// evaluate scores several models on the same features at once: weights is
// [models, targets, n] and bias [models, targets].
func evaluate(ctx context.Context, s *stream, source Source, weights []float32, bias []float64) ([]Score, error) {
	targets := s.columns.Targets()
	all := newScorer(weights, bias, s.outputs, s.maxRows)
	y := make([]float64, s.maxRows*len(bias))
	tallies := make([]tally, len(bias)/targets)
	for i := range tallies {
		tallies[i].sum, tallies[i].squares = make([]float64, targets), make([]float64, targets)
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
		err = errors.New("machine: there are no rows held out to choose by, or to measure on")
	}
	scores := make([]Score, len(tallies))
	for i := range tallies {
		scores[i] = tallies[i].score(s.columns)
	}
	return scores, err
}

// tally adds up a score.
type tally struct {
	rows, wrong  int
	squaredError float64
	sum, squares []float64 // of targets, minus the first row's
	origin       []float64
}

func (a *tally) add(f []float64, b block, row int) {
	t := b.t[row*len(f):][:len(f)]
	if a.origin == nil {
		a.origin = slices.Clone(t)
	}
	a.rows++
	for k, v := range f {
		difference := v - t[k]
		a.squaredError += difference * difference
		target := t[k] - a.origin[k]
		a.sum[k] += target
		a.squares[k] += target * target
	}
	if b.Labels != nil && greatest(f) != int(b.Labels[row]) {
		a.wrong++
	}
}

func (a *tally) score(c Columns) Score {
	if a.rows == 0 {
		return Score{}
	}
	s := Score{Rows: a.rows, Wrong: a.wrong, RMSE: math.Sqrt(a.squaredError / float64(a.rows*len(a.sum)))}
	if c.Classes == nil {
		around := 0.0
		for k, sum := range a.sum {
			around += a.squares[k] - sum*sum/float64(a.rows)
		}
		if around > 0 {
			s.R2 = 1 - a.squaredError/around
		}
	}
	return s
}
