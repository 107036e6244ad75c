package machine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/kernel"
)

// SearchOptions are the options of Search.
type SearchOptions struct {
	// Features returns features of the bandwidth σ. The fewer, the faster; 1024
	// frequencies tell bandwidths apart.
	Features func(bandwidth float64) (kernel.FeatureMap, error)
	Start    float64 // the first bandwidth; 0: MedianDistance
	Rows     int     // rows to train on at most; 0: 4000
	Seed     uint64  // of the samples
}

// SearchStep is a bandwidth that Search tried.
type SearchStep struct {
	Bandwidth float64 `json:"bandwidth"`
	Ridge     float64 `json:"ridge"` // the best for it
	Score     Score   `json:"score"` // on the rows held out
}

// Search chooses a bandwidth by ridge regression on a sample of the rows to train
// on, and the rows held out, or a quarter of the sample if there are none. It
// starts at the median distance of rows, tries factors of 2 and 4 either way, and
// more where the best is at an end, and then √2 and 2^(1/4) around the best.
// Problem.Features is not used. What counts is the RMSE, also for classification:
// it is smoother than the number of errors.
// The steps are in the order of their bandwidths, and best is one of them.
func Search(ctx context.Context, p Problem, o SearchOptions) (best SearchStep, steps []SearchStep, err error) {
	if o.Features == nil {
		return best, nil, errors.New("machine: Search: nothing makes features: set SearchOptions.Features")
	}
	p.Features = nil
	if err := p.prepare(); err != nil {
		return best, nil, err
	}
	if o.Rows < 0 {
		return best, nil, fmt.Errorf("machine: Search: a sample of %d rows: want at least 1, or 0 for 4000", o.Rows)
	}
	if o.Rows == 0 {
		o.Rows = 4000
	}
	summary, err := Survey(ctx, p.Train, o.Rows, o.Seed)
	if err != nil {
		return best, nil, err
	}
	if o.Start == 0 {
		o.Start = MedianDistance(summary.Sample, p.Scaling, o.Seed)
	}
	if !(o.Start > 0) || math.IsInf(o.Start, 0) {
		return best, nil, fmt.Errorf("machine: Search: the bandwidth starts at %v: want a positive number, or rows that differ", o.Start)
	}
	p.Train = summary.Sample
	if p.HoldOut == nil {
		p.Train, p.HoldOut = Split(summary.Sample, 0.25, o.Seed)
	}
	s := search{Problem: p, options: o}
	if err := s.run(ctx); err != nil {
		return s.best, nil, err
	}
	slices.SortFunc(s.steps, func(a, b SearchStep) int { return cmp.Compare(a.Bandwidth, b.Bandwidth) })
	return s.best, s.steps, nil
}

// search is a call of Search under way.
type search struct {
	Problem
	options SearchOptions
	best    SearchStep
	steps   []SearchStep
}

// run tries exponents of 2 around the start.
func (s *search) run(ctx context.Context) error {
	if err := s.try(ctx, 0, -1, 1, -2, 2); err != nil {
		return err
	}
	for end := 2.0; end < 6 && math.Abs(s.exponent()) >= end-0.5; end++ { // while the best is at an end
		if err := s.try(ctx, math.Copysign(end+1, s.exponent())); err != nil {
			return err
		}
	}
	for _, width := range []float64{0.5, 0.25} {
		middle := s.exponent()
		if err := s.try(ctx, middle-width, middle+width); err != nil {
			return err
		}
	}
	return nil
}

// exponent is that of the best bandwidth.
func (s *search) exponent() float64 { return math.Log2(s.best.Bandwidth / s.options.Start) }

func (s *search) try(ctx context.Context, exponents ...float64) error {
	for _, exponent := range exponents {
		step, err := trySearch(ctx, s.Problem, s.options, s.options.Start*math.Exp2(exponent))
		if err != nil {
			return err
		}
		s.steps = append(s.steps, step)
		if len(s.steps) == 1 || step.Score.RMSE < s.best.Score.RMSE {
			s.best = step
		}
		s.progress("searching", len(s.steps), 0, s.best.Score.Error(s.Train.Columns()))
	}
	return nil
}

func trySearch(ctx context.Context, p Problem, o SearchOptions, bandwidth float64) (SearchStep, error) {
	features, err := o.Features(bandwidth)
	if err != nil {
		return SearchStep{}, fmt.Errorf("machine: features of the bandwidth %.4g: %w", bandwidth, err)
	}
	p.Features, p.Progress = features, nil
	_, report, err := Ridge(ctx, p, RidgeOptions{})
	if err != nil {
		return SearchStep{}, err
	}
	step := SearchStep{Bandwidth: bandwidth, Ridge: report.Ridges[0], Score: report.Scores[0]}
	for i, score := range report.Scores {
		if score.RMSE < step.Score.RMSE {
			step.Ridge, step.Score = report.Ridges[i], score
		}
	}
	return step, nil
}

// MedianDistance returns the median Euclidean distance between rows that are
// scaled, of 10,000 pairs at random: the usual first guess for the bandwidth of a
// Gaussian kernel. It returns 0 where most rows are alike, or there are fewer
// than two, and NaN for numbers that are none. It panics if the scaling is not one of
// such rows.
func MedianDistance(t *Table, scaling Scaling, seed uint64) float64 {
	rows, inputs := t.Len(), t.columns.Inputs
	if scaling.validate(inputs) != nil {
		panic("machine: MedianDistance: the scaling is not one of the table's rows")
	}
	if rows < 2 {
		return 0
	}
	generator := rand.New(random.New(seed, medianPurpose, 0, 0))
	distances := make([]float64, 10000)
	x, y := make([]float32, inputs), make([]float32, inputs)
	for k := range distances {
		i := generator.IntN(rows)
		j := (i + 1 + generator.IntN(rows-1)) % rows
		scaling.apply(x, t.all.X[t.row(i)*inputs:][:inputs])
		scaling.apply(y, t.all.X[t.row(j)*inputs:][:inputs])
		for c, v := range x {
			difference := float64(v) - float64(y[c])
			distances[k] += difference * difference
		}
	}
	slices.Sort(distances)
	if math.IsNaN(distances[0]) { // those come first
		return math.NaN()
	}
	return math.Sqrt(distances[len(distances)/2])
}

var medianPurpose = random.For("machine: median")
