package machine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/random"
)

// Summary is what one pass over a source tells. Rows of the weight 0 are left out of
// all of it; means and deviations are weighted.
type Summary struct {
	Rows            int
	Weight          float64   // of all rows; their number if they have no weights
	Mean, Deviation []float64 // [Inputs]: of each column; the deviation of a constant one is 0
	TargetMean      []float64 // [Outputs], or the frequency of each class
	Sample          *Table    // rows that were drawn at random, all alike likely
}

// Survey goes through a source once. It draws a sample of at most sampleRows rows
// under the seed (Vitter's algorithm R, ACM TOMS 1985). Errors: a source that is nil,
// a negative number of rows to sample, those of the source, a batch of the wrong shape, no rows at all, and a value that is not
// finite or a label that is no class, by row and column, both counted from 1.
func Survey(ctx context.Context, source Source, sampleRows int, seed uint64) (*Summary, error) {
	if source == nil || sampleRows < 0 {
		return nil, fmt.Errorf("machine: Survey: there is no table (nil), or a sample of %d rows is wanted", sampleRows)
	}
	columns := source.Columns()
	if err := columns.validate(); err != nil {
		return nil, err
	}
	s := &Summary{
		Mean: make([]float64, columns.Inputs), Deviation: make([]float64, columns.Inputs),
		TargetMean: make([]float64, columns.Targets()),
	}
	sample := newCollector(columns)
	generator := rand.New(random.New(seed, samplePurpose, 0, 0))
	err := eachBatch(ctx, source, surveyRows, func(batch Batch, rows int) error {
		for i := range rows {
			weight := batch.weight(i)
			if weight == 0 {
				continue
			}
			s.Rows++
			s.Weight += weight
			s.add(columns, batch, i, weight)
			if sample.rows < sampleRows {
				sample.add(batch, i)
			} else if at := generator.IntN(s.Rows); at < sampleRows {
				sample.replace(at, batch, i)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.Rows == 0 {
		return nil, errors.New("machine: the table has no rows, or none of a weight above 0")
	}
	for j, squares := range s.Deviation {
		s.Deviation[j] = math.Sqrt(squares / s.Weight)
	}
	for j := range s.TargetMean {
		if columns.Classes != nil {
			s.TargetMean[j] /= s.Weight
		}
	}
	s.Sample = sample.table()
	return s, nil
}

// sampleWeights returns the weights of the sample's rows, relative to the mean weight
// of all rows.
func (s *Summary) sampleWeights() []float64 {
	weights := make([]float64, s.Sample.Len())
	for i := range weights {
		weights[i] = s.Sample.all.weight(i) * float64(s.Rows) / s.Weight
	}
	return weights
}

const surveyRows = 1024

var samplePurpose = random.For("machine: sample")

// add updates means and sums of squared deviations by one row, the s.Rows-th
// (Welford, Technometrics 1962; with weights, West, Communications of the ACM 1979),
// and counts classes.
func (s *Summary) add(c Columns, batch Batch, row int, weight float64) {
	share := weight / s.Weight
	for j, v := range batch.X[row*c.Inputs:][:c.Inputs] {
		difference := float64(v) - s.Mean[j]
		s.Mean[j] += difference * share
		s.Deviation[j] += weight * difference * (float64(v) - s.Mean[j])
	}
	if c.Classes != nil {
		s.TargetMean[batch.Labels[row]] += weight
		return
	}
	for j, v := range batch.Y[row*c.Outputs:][:c.Outputs] {
		s.TargetMean[j] += (v - s.TargetMean[j]) * share
	}
}

// eachBatch calls visit with the batches of a source, which it checks.
func eachBatch(ctx context.Context, source Source, size int, visit func(batch Batch, rows int) error) error {
	columns, first := source.Columns(), 0
	for batch, err := range source.Batches(size) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = checkShape(batch, columns, size)
		}
		if err == nil {
			err = checkValues(batch, columns, first)
		}
		rows := len(batch.X) / columns.Inputs
		if err == nil {
			err = visit(batch, rows)
		}
		if err != nil {
			return err
		}
		first += rows
	}
	return ctx.Err()
}

func checkShape(b Batch, c Columns, size int) error {
	rows := len(b.X) / c.Inputs
	labels := 0
	if c.Classes != nil {
		labels = rows
	}
	if rows > size || len(b.X) != rows*c.Inputs || len(b.Labels) != labels || len(b.Y) != rows*c.Outputs || len(b.Weights) != 0 && len(b.Weights) != rows {
		return fmt.Errorf("machine: a batch of %d inputs, %d labels, %d targets and %d weights: want up to %d rows of %d inputs, with a label each for classification or %d targets for regression, and weights for all rows or none",
			len(b.X), len(b.Labels), len(b.Y), len(b.Weights), size, c.Inputs, c.Outputs)
	}
	return nil
}

// checkValues names rows and columns from 1 on. The batch's first row is number
// first from 0 on.
func checkValues(b Batch, c Columns, first int) error {
	if i := notFinite(b.X); i >= 0 {
		return fmt.Errorf("machine: row %d, input column %d is %v: want a finite number", first+i/c.Inputs+1, i%c.Inputs+1, b.X[i])
	}
	if i := notFinite(b.Y); i >= 0 {
		return fmt.Errorf("machine: row %d, target column %d is %v: want a finite number", first+i/c.Outputs+1, i%c.Outputs+1, b.Y[i])
	}
	for i, weight := range b.Weights {
		if weight != 0 && !(weight >= 1e-15 && weight <= 1e15) { // their products must be float32
			return fmt.Errorf("machine: row %d has the weight %v: want 0, or a number from 1e-15 to 1e15", first+i+1, weight)
		}
	}
	for i, label := range b.Labels {
		if label < 0 || int(label) >= len(c.Classes) {
			return fmt.Errorf("machine: row %d has the label %d: want 0 to %d", first+i+1, label, len(c.Classes)-1)
		}
	}
	return nil
}

// notFinite returns the index of the first value that is NaN or infinite, or -1.
func notFinite[T float32 | float64](x []T) int {
	for i, v := range x {
		if v-v != 0 {
			return i
		}
	}
	return -1
}
