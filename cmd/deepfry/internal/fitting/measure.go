package fitting

import (
	"context"
	"fmt"
	"math"

	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/kernel/machine"
	"github.com/deepfry/deepfry/predict"
)

// measure tallies what a machine answers for rows.
func (f *Fitter) measure(ctx context.Context, m *machine.Model, r rows) (predict.Tallies, error) {
	p, err := predict.FromMachine(m, "the machine")
	if err != nil {
		return nil, err
	}
	if r.images == nil {
		if err := p.Encoder.Accepts(r.table); err != nil {
			return nil, err
		}
	}
	return p.EvaluateRows(ctx, r.encode(p.Encoder))
}

// yardsticks measures what knows no inputs, and a linear machine: multinomial logistic
// regression of tables, or ridge regression.
func (f *Fitter) yardsticks(ctx context.Context, r *Result) error {
	encoder, err := f.encoder(f.data.learn, table.NoTransform)
	if err != nil {
		return err
	}
	from := source{f.data.learn, encoder}
	if r.Constant, err = f.constant(ctx, from); err != nil {
		return err
	}
	fitted, err := f.fitLinear(ctx, from)
	if err != nil {
		return err
	}
	for _, line := range fitted.said {
		r.Said = append(r.Said, "the linear machine: "+line)
	}
	r.Linear, err = f.measure(ctx, fitted.model, f.data.test)
	return err
}

func (f *Fitter) fitLinear(ctx context.Context, from source) (*fitted, error) {
	linear := *f
	linear.Machine, linear.Kernel, linear.Posterior, linear.Ridge = "ridge", Linear, false, 0
	s := Settings{Kernel: Linear}
	if f.data.Task == table.Classification && from.images == nil {
		linear.Machine = "logistic"
	}
	if from.len() < fewRows {
		linear.Ridge = fewRidge
	}
	return linear.fit(ctx, from.rows, s)
}

// constant tallies answers that are the same for all rows: the frequencies of classes,
// or the mean.
func (f *Fitter) constant(ctx context.Context, from source) (predict.Tallies, error) {
	summary, err := machine.Survey(ctx, from.encode(from.encoder), 0, f.Seed)
	if err != nil {
		return nil, err
	}
	c := from.encode(from.encoder).Columns()
	answer := predict.Answer{Class: -1}
	var tallies predict.Tallies
	if c.Classes != nil {
		answer.Class, answer.Probabilities = 0, summary.TargetMean
		for k, frequency := range summary.TargetMean {
			if frequency > summary.TargetMean[answer.Class] {
				answer.Class = k
			}
			answer.Scores = append(answer.Scores, float32(math.Log(max(frequency, math.SmallestNonzeroFloat32))))
		}
		answer.Name, answer.Probability = c.Classes[answer.Class], summary.TargetMean[answer.Class]
		tallies = predict.Tallies{predict.NewTally(len(c.Classes))}
	} else {
		for _, mean := range summary.TargetMean {
			answer.Estimates = append(answer.Estimates, predict.Estimate{Value: mean})
			tallies = append(tallies, predict.NewTally(0))
		}
	}
	for batch, err := range f.data.test.encode(from.encoder).Batches(1024) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		for i := range len(batch.X) / c.Inputs {
			weight := 1.0
			if len(batch.Weights) > 0 {
				weight = batch.Weights[i]
			}
			if c.Classes != nil {
				tallies.Add([]float64{float64(batch.Labels[i])}, weight, answer)
			} else {
				tallies.Add(batch.Y[i*c.Outputs:][:c.Outputs], weight, answer)
			}
		}
	}
	return tallies, nil
}

// crossValidate measures by folds: for each of them, settings are chosen and a machine
// is fitted anew on the others.
func (f *Fitter) crossValidate(ctx context.Context) ([]predict.Tallies, error) {
	all := f.data.all
	part, err := all.folds(f.CV, f.Seed)
	if err != nil {
		return nil, err
	}
	progress := f.Progress
	defer func() { f.Progress = progress }()
	var results []predict.Tallies
	for fold := range f.CV {
		if progress != nil {
			f.Progress = func(stage string, done, total int) {
				progress(fmt.Sprintf("fold %d of %d: %s", fold+1, f.CV, stage), done, total)
			}
		}
		var train, test []int
		for i, number := range part {
			if number == fold {
				test = append(test, all.numbers[i])
			} else {
				train = append(train, all.numbers[i])
			}
		}
		s, err := f.settle(ctx, all.some(train))
		if err != nil {
			return nil, err
		}
		fitted, err := f.fit(ctx, all.some(train), s)
		if err != nil {
			return nil, err
		}
		tallies, err := f.measure(ctx, fitted.model, all.some(test))
		if err != nil {
			return nil, err
		}
		results = append(results, tallies)
	}
	return results, nil
}
