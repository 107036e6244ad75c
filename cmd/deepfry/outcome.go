package main

import (
	"context"
	"math"

	"github.com/deepfry/deepfry/kernel/machine"
)

// outcome is how a machine does on rows that it was not fitted to.
type outcome struct {
	rows int

	wrong     int     // classification
	confusion [][]int // [class of the row][predicted class]

	sum, squares, squaredError float64 // regression: of targets minus the first; of differences
	origin                     float64
	covered                    int // rows whose target is in the 95% interval
}

// normal95 is how many standard deviations around the mean hold 95% of a normal
// distribution.
const normal95 = 1.959964

// measureRows is how many rows are predicted at a time.
const measureRows = 256

func newOutcome(m *machine.Model) *outcome {
	o := &outcome{}
	for range m.Columns.Classes {
		o.confusion = append(o.confusion, make([]int, len(m.Columns.Classes)))
	}
	return o
}

// measure predicts all rows of a source.
func measure(ctx context.Context, m *machine.Model, source machine.Source) (*outcome, error) {
	o := newOutcome(m)
	predictor := newTablePredictor(m, measureRows)
	for batch, err := range source.Batches(measureRows) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		for i, p := range predictor.run(batch.X) {
			if batch.Labels != nil {
				o.add(float64(batch.Labels[i]), p)
			} else {
				o.add(float64(batch.Y[i]), p)
			}
		}
	}
	return o, nil
}

// add counts a row by its target, which is a number or the number of a class;
// below 0 it is none that the machine knows.
func (o *outcome) add(truth float64, p rowPrediction) {
	if o.confusion != nil {
		o.rows++
		if int(truth) != p.class {
			o.wrong++
		}
		if truth >= 0 {
			o.confusion[int(truth)][p.class]++
		}
		return
	}
	if o.rows == 0 {
		o.origin = truth
	}
	o.rows++
	difference := p.value - truth
	o.squaredError += difference * difference
	o.sum += truth - o.origin
	o.squares += (truth - o.origin) * (truth - o.origin)
	if math.Abs(difference) <= normal95*p.deviation {
		o.covered++
	}
}

func (o *outcome) errorPercent() float64 { return 100 * float64(o.wrong) / float64(o.rows) }

func (o *outcome) coveredPercent() float64 { return 100 * float64(o.covered) / float64(o.rows) }

func (o *outcome) rmse() float64 { return math.Sqrt(o.squaredError / float64(o.rows)) }

// r2 is the share of the targets' variance that is explained: 1 - the sum of
// squared differences over that around the mean; 0 where all targets are equal.
func (o *outcome) r2() float64 {
	around := o.squares - o.sum*o.sum/float64(o.rows)
	if around <= 0 {
		return 0
	}
	return 1 - o.squaredError/around
}

// rowPrediction is what a machine says about a row.
type rowPrediction struct {
	class       int
	probability float64 // of the class; 0 if the machine has none

	value     float64
	deviation float64 // standard deviation; 0 if the machine has no posterior
}

// tablePredictor predicts rows in batches.
type tablePredictor struct {
	model       *machine.Model
	predictor   *machine.Predictor
	y, s        []float32 // [maxRows, Targets]: values or scores; deviations
	predictions []rowPrediction
}

func newTablePredictor(m *machine.Model, maxRows int) *tablePredictor {
	n := maxRows * m.Columns.Targets()
	return &tablePredictor{m, m.NewPredictor(maxRows), make([]float32, n), make([]float32, n), make([]rowPrediction, maxRows)}
}

// run predicts up to maxRows rows x [rows, Inputs]. The result is good until the
// next call.
func (p *tablePredictor) run(x []float32) []rowPrediction {
	rows, targets := len(x)/p.model.Columns.Inputs, p.model.Columns.Targets()
	y, s := p.y[:rows*targets], p.s[:rows*targets]
	if p.model.Noise() != nil && p.model.Columns.Classes == nil {
		p.predictor.PredictDeviation(y, s, x)
	} else {
		p.predictor.Predict(y, x)
	}
	predictions := p.predictions[:rows]
	for i := range predictions {
		scores := y[i*targets:][:targets]
		if p.model.Columns.Classes == nil {
			predictions[i] = rowPrediction{value: float64(scores[0]), deviation: float64(s[i])}
			continue
		}
		predictions[i] = p.classify(scores)
	}
	return predictions
}

// classify chooses the class with the greatest score.
func (p *tablePredictor) classify(scores []float32) rowPrediction {
	best := 0
	for k, v := range scores {
		if v > scores[best] {
			best = k
		}
	}
	prediction := rowPrediction{class: best}
	if p.model.Logits {
		sum := 0.0
		for _, v := range scores {
			sum += math.Exp(float64(v - scores[best]))
		}
		prediction.probability = 1 / sum
	}
	return prediction
}
