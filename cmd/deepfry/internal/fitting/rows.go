package fitting

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/kernel/machine"
)

// rows are some rows of a table, or some images.
type rows struct {
	table   *table.Table
	numbers []int // of the table's rows
	images  *machine.Table
	classes []float64 // the weight of each class; nil: all 1
}

func (r rows) len() int {
	if r.images != nil {
		return r.images.Len()
	}
	return len(r.numbers)
}

// some returns other rows of the same table.
func (r rows) some(numbers []int) rows {
	r.numbers = numbers
	return r
}

// split holds a part of the rows out. Images may be sorted by their classes: they are
// taken at random.
func (r rows) split(fraction float64, seed uint64) (most, held rows, err error) {
	if r.images == nil {
		train, holdout, err := r.table.Split(r.numbers, fraction, seed)
		return r.some(train), r.some(holdout), err
	}
	shuffled := r.images.Shuffled(seed).(*machine.Table)
	count := max(1, min(r.len()-1, int(math.Round(fraction*float64(r.len())))))
	most.images, held.images = shuffled.Slice(count, r.len()), shuffled.Slice(0, count)
	return most, held, nil
}

// take returns about n of the rows, or all if they are not as many.
func (r rows) take(n int, seed uint64) (rows, error) {
	if r.len() <= n {
		return r, nil
	}
	_, taken, err := r.split(float64(n)/float64(r.len()), seed)
	return taken, err
}

// sorted returns the rows in an order that their content gives, so that what is drawn
// from them does not depend on the order of the table.
func (r rows) sorted() rows {
	if r.images != nil {
		return r
	}
	numbers := slices.Clone(r.numbers)
	slices.SortStableFunc(numbers, func(a, b int) int {
		x, y := r.table.Row(a), r.table.Row(b)
		return cmp.Or(slices.Compare(x.Index, y.Index), slices.Compare(x.Cells, y.Cells), slices.Compare(x.Targets, y.Targets))
	})
	return r.some(numbers)
}

// folds parts the rows into k folds.
func (r rows) folds(k int, seed uint64) ([]int, error) {
	if r.images == nil {
		return r.table.Folds(r.numbers, k, seed)
	}
	folds := make([]int, r.len())
	for i := range folds {
		folds[i] = i % k
	}
	source := rand.New(random.New(seed, random.For("fit.folds"), 0, 0))
	source.Shuffle(len(folds), func(i, j int) { folds[i], folds[j] = folds[j], folds[i] })
	return folds, nil
}

// encode returns the rows as vectors.
func (r rows) encode(encoder *table.Encoder) machine.Source {
	if r.images != nil {
		return r.images
	}
	return &rowSource{r.table, encoder, r.numbers, r.classes}
}

// balance returns weights by which all classes count alike.
func (r rows) balance() []float64 {
	weights := make([]float64, len(r.table.Schema.Targets[0].Categories))
	for _, number := range r.numbers {
		row := r.table.Row(number)
		weights[int(row.Targets[0])] += row.Weight
	}
	total, present := 0.0, 0.0
	for _, w := range weights {
		if w > 0 {
			total += w
			present++
		}
	}
	for k, w := range weights {
		if w > 0 {
			weights[k] = total / (present * w)
		}
	}
	return weights
}

// rowSource gives some rows of a table to a machine. They are encoded anew in
// every pass, for sparse ones are many times as large when they are.
type rowSource struct {
	table   *table.Table
	encoder *table.Encoder
	rows    []int
	classes []float64 // the weight of each class; nil: all 1
}

func (s *rowSource) Columns() machine.Columns {
	c := machine.Columns{Inputs: s.encoder.Width(), Classes: s.encoder.Schema.Targets[0].Categories}
	if c.Classes == nil {
		c.Outputs = len(s.encoder.Schema.Targets)
	}
	return c
}

func (s *rowSource) Batches(size int) iter.Seq2[machine.Batch, error] {
	return func(yield func(machine.Batch, error) bool) {
		columns := s.Columns()
		var batch machine.Batch
		for rows := range slices.Chunk(s.rows, size) {
			batch.X = slices.Grow(batch.X[:0], len(rows)*columns.Inputs)[:len(rows)*columns.Inputs]
			batch.Labels, batch.Y, batch.Weights = batch.Labels[:0], batch.Y[:0], batch.Weights[:0]
			for i, number := range rows {
				row := s.table.Row(number)
				if err := s.encoder.Encode(batch.X[i*columns.Inputs:][:columns.Inputs], row); err != nil {
					yield(machine.Batch{}, fmt.Errorf("table: %s: %w", s.table.Name, err))
					return
				}
				weight := row.Weight
				if columns.Classes != nil {
					batch.Labels = append(batch.Labels, int32(row.Targets[0]))
					if class := int(row.Targets[0]); s.classes != nil && class >= 0 {
						weight *= s.classes[class]
					}
				} else {
					batch.Y = append(batch.Y, row.Targets...)
				}
				if s.classes != nil || s.table.Schema.Weight != nil {
					batch.Weights = append(batch.Weights, weight)
				}
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// Shuffled returns the same rows in another order.
func (s *rowSource) Shuffled(seed uint64) machine.Source {
	shuffled := *s
	shuffled.rows = slices.Clone(s.rows)
	source := rand.New(random.New(seed, random.For("fit.shuffle"), 0, 0))
	source.Shuffle(len(shuffled.rows), func(i, j int) {
		shuffled.rows[i], shuffled.rows[j] = shuffled.rows[j], shuffled.rows[i]
	})
	return &shuffled
}

// collect returns the rows of a source in memory, in their order.
func collect(ctx context.Context, source machine.Source, rows int) (*machine.Table, error) {
	if table, ok := source.(*machine.Table); ok {
		return table, nil
	}
	summary, err := machine.Survey(ctx, source, rows, 0)
	if err != nil {
		return nil, err
	}
	return summary.Sample, nil
}
