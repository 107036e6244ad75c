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
	// Features returns features of the bandwidth σ; nil: the inputs themselves, which
	// have none.
	Features func(bandwidth float64) (kernel.FeatureMap, error)
	Start    float64 // the first bandwidth; 0: MedianDistance
	Fixed    bool    // it is the only one
	// Partitions [rows] part the rows of Problem.Train into folds, by the number of
	// each one's; more than one partition lowers the noise of the choice.
	Partitions [][]int
	Ridges     []float64 // to choose among; nil: from 1 to 1e-8
	Seed       uint64    // of MedianDistance
	// Near narrows the search to the neighbours of what another one found.
	Near *SearchStep
}

// SearchStep is a bandwidth that Search tried, with the best ridge for it.
type SearchStep struct {
	Bandwidth float64
	CrossValidation
}

// Search chooses a bandwidth and a ridge by k-fold cross-validation of ridge regression:
// those with the least log loss for classes (of calibrated predictions), or RMSE. It
// starts at the median distance of rows and doubles or halves the bandwidth while that
// is better, up to a factor of 64, and ends with factors of √2 around the best.
// Problem.Train must be a Table; HoldOut and Features are not used. The steps are in the
// order of their bandwidths, and best is one of them.
func Search(ctx context.Context, p Problem, o SearchOptions) (best SearchStep, steps []SearchStep, err error) {
	table, ok := p.Train.(*Table)
	if !ok {
		return best, nil, errors.New("machine: Search: want the rows in a Table")
	}
	if len(o.Partitions) == 0 {
		return best, nil, errors.New("machine: Search: want a partition of the rows into folds")
	}
	if err := p.Scaling.validate(table.columns.Inputs); err != nil {
		return best, nil, err
	}
	if o.Near != nil {
		o.Start = o.Near.Bandwidth
	} else if o.Start == 0 && o.Features != nil {
		o.Start = MedianDistance(table, p.Scaling, o.Seed)
	}
	if o.Features != nil && (!(o.Start > 0) || math.IsInf(o.Start, 0)) {
		return best, nil, fmt.Errorf("machine: Search: the bandwidth starts at %v: want a positive number, or rows that differ", o.Start)
	}
	if len(o.Ridges) == 0 {
		o.Ridges = searchRidges()
	}
	if err := checkRidges(o.Ridges); err != nil {
		return best, nil, err
	}
	s := search{Problem: p, options: o, table: table}
	if err := s.run(ctx); err != nil {
		return best, nil, err
	}
	slices.SortFunc(s.steps, func(a, b SearchStep) int { return cmp.Compare(a.Bandwidth, b.Bandwidth) })
	return s.best, s.steps, nil
}

// searchRidges are 1 to 1e-8 in steps of √10.
func searchRidges() (ridges []float64) {
	for i := range 17 {
		ridges = append(ridges, math.Pow(10, -float64(i)/2))
	}
	return ridges
}

// search is a call of Search under way.
type search struct {
	Problem
	options SearchOptions
	table   *Table
	best    SearchStep
	ridge   int // of the best, its number
	steps   []SearchStep
}

const farthestExponent = 6

// run tries exponents of 2 around the start.
func (s *search) run(ctx context.Context) error {
	near := s.options.Near
	s.ridge = -1
	if near != nil {
		s.ridge = s.nearest(near.Ridge)
	}
	if err := s.try(ctx, 0); err != nil || s.options.Features == nil || s.options.Fixed {
		return err
	}
	if near == nil {
		for _, direction := range []float64{-1, 1} {
			for e := direction; math.Abs(e) <= farthestExponent; e += direction {
				if err := s.try(ctx, e); err != nil {
					return err
				}
				if s.exponent() != e {
					break
				}
			}
			if s.exponent() != 0 {
				break
			}
		}
	}
	middle := s.exponent()
	for _, step := range []float64{-0.5, 0.5} {
		for e := middle + step; math.Abs(e-middle) <= farthestExponent; e += step {
			if err := s.try(ctx, e); err != nil {
				return err
			}
			if near == nil || s.exponent() != e {
				break
			}
		}
	}
	return nil
}

// exponent is that of the best bandwidth.
func (s *search) exponent() float64 {
	return math.Round(2*math.Log2(s.best.Bandwidth/s.options.Start)) / 2
}

// try finds the best ridge for a bandwidth.
func (s *search) try(ctx context.Context, exponent float64) error {
	p, bandwidth := s.Problem, 0.0
	p.Features, p.Progress = nil, nil
	if s.options.Features != nil {
		var err error
		bandwidth = s.options.Start * math.Exp2(exponent)
		if p.Features, err = s.options.Features(bandwidth); err != nil {
			return fmt.Errorf("machine: features of the bandwidth %.4g: %w", bandwidth, err)
		}
	}
	v, err := newValidation(ctx, p, s.table, s.options.Partitions)
	if err != nil {
		return err
	}
	d := &descent{validation: v, ridges: s.options.Ridges, tried: map[int]*CrossValidation{}}
	found, err := d.run(ctx, s.ridge)
	if err != nil {
		return err
	}
	step := SearchStep{bandwidth, *d.tried[found]}
	s.steps = append(s.steps, step)
	if len(s.steps) == 1 || step.Loss < s.best.Loss {
		s.best, s.ridge = step, found
	}
	s.progress("searching", len(s.steps), 0, s.best.Score.Error(v.columns))
	return nil
}

// nearest returns the number of the candidate that is nearest to a ridge.
func (s *search) nearest(ridge float64) (number int) {
	for i, r := range s.options.Ridges {
		if math.Abs(math.Log(r/ridge)) < math.Abs(math.Log(s.options.Ridges[number]/ridge)) {
			number = i
		}
	}
	return number
}

// descent looks for the ridge with the least loss.
type descent struct {
	*validation
	ridges []float64
	tried  map[int]*CrossValidation
}

// run tries every other ridge and then the neighbours of the best; or from start on, the
// neighbours while they are better.
func (d *descent) run(ctx context.Context, start int) (best int, err error) {
	if start < 0 {
		for i := 0; i < len(d.ridges); i += 2 {
			if best, err = d.better(ctx, best, i); err != nil {
				return 0, err
			}
		}
		start = best
	}
	best = start
	for _, step := range []int{-1, 1} {
		for i := start + step; ; i += step {
			next, err := d.better(ctx, best, i)
			if err != nil {
				return 0, err
			}
			if next != i {
				break
			}
			best = next
		}
		if best != start {
			break
		}
	}
	return best, nil
}

// better returns the better one of two ridges; one that there is none of is not.
func (d *descent) better(ctx context.Context, best, i int) (int, error) {
	for _, number := range []int{best, i} {
		if number < 0 || number >= len(d.ridges) || d.tried[number] != nil {
			continue
		}
		c, err := d.try(ctx, d.ridges[number])
		if err != nil {
			return 0, err
		}
		d.tried[number] = c
	}
	if c := d.tried[i]; c != nil && c.Loss < d.tried[best].Loss {
		return i, nil
	}
	return best, nil
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
