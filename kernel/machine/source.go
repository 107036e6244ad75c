package machine

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/random"
)

// Columns says what the rows of a table hold.
type Columns struct {
	Inputs  int      // d, the length of x
	Outputs int      // the number of real targets, for regression; 0 for classification
	Classes []string // the classes' names, for classification; nil for regression
}

// Targets returns the number of functions that a machine fits: one for each
// class or real target.
func (c Columns) Targets() int {
	if c.Classes != nil {
		return len(c.Classes)
	}
	return c.Outputs
}

func (c Columns) validate() error {
	switch {
	case c.Inputs < 1:
		return fmt.Errorf("machine: a table with %d input columns: want at least 1", c.Inputs)
	case c.Classes != nil && c.Outputs != 0:
		return errors.New("machine: a table with both classes and real targets: want one of them")
	case c.Targets() < 1:
		return errors.New("machine: a table without targets: want classes or real targets")
	}
	return nil
}

// Batch is a number of neighbouring rows of a table.
type Batch struct {
	X       []float32 // [rows, Inputs]
	Labels  []int32   // [rows]: the class of each, from 0 on; or nil
	Y       []float64 // [rows, Outputs]: real targets; or nil
	Weights []float64 // [rows]: how much each counts, 0 or from 1e-15 to 1e15; nil: all 1
}

// weight returns the weight of a row.
func (b *Batch) weight(row int) float64 {
	if len(b.Weights) == 0 {
		return 1
	}
	return b.Weights[row]
}

// Source is a table of rows that can be gone through any number of times. It
// need not fit in memory.
type Source interface {
	Columns() Columns
	// Batches goes through all rows, always in the same order, in batches of size
	// rows; batches may be smaller. A batch is valid until the next one. An error
	// ends it.
	Batches(size int) iter.Seq2[Batch, error]
}

// Shuffler is a Source that can be gone through in random orders, which EigenPro
// does. The order of a source that cannot is taken for random.
type Shuffler interface {
	Source
	// Shuffled returns the same rows in an order that depends on seed alone.
	Shuffled(seed uint64) Source
}

// Table is a Source in memory.
type Table struct {
	columns Columns
	rows    int
	all     Batch // in memory
	order   []int // of the rows; nil: as they lie in memory
}

// NewClasses returns a table for classification: x is [rows, inputs], and
// labels [rows] are numbers of classes. It shares the memory of its arguments.
// Their lengths must fit each other; values are checked when a machine is fitted.
func NewClasses(inputs int, x []float32, labels []int32, classes []string) (*Table, error) {
	t := &Table{columns: Columns{Inputs: inputs, Classes: classes}, rows: len(labels), all: Batch{X: x, Labels: labels}}
	return t, t.validate()
}

// NewTargets returns a table for regression: x is [rows, inputs] and y
// [rows, outputs]. It shares the memory of its arguments. Errors: as NewClasses.
func NewTargets(inputs, outputs int, x []float32, y []float64) (*Table, error) {
	t := &Table{columns: Columns{Inputs: inputs, Outputs: outputs}, rows: len(y) / max(outputs, 1), all: Batch{X: x, Y: y}}
	return t, t.validate()
}

// WithWeights returns the same rows, which weigh what is given, [Len]. All memory is
// shared, as in NewClasses. Errors: as many weights as rows are wanted.
func (t *Table) WithWeights(weights []float64) (*Table, error) {
	if t.order != nil || len(weights) != t.rows {
		return nil, fmt.Errorf("machine: %d weights for %d rows: want one for each, before rows are split or shuffled", len(weights), t.Len())
	}
	s := *t
	s.all.Weights = weights
	return &s, nil
}

func (t *Table) validate() error {
	if err := t.columns.validate(); err != nil {
		return err
	}
	if len(t.all.Y) != t.rows*t.columns.Outputs {
		return fmt.Errorf("machine: %d targets: want a multiple of %d", len(t.all.Y), t.columns.Outputs)
	}
	if len(t.all.X) != t.rows*t.columns.Inputs {
		return fmt.Errorf("machine: %d inputs for %d rows: want %d for each", len(t.all.X), t.rows, t.columns.Inputs)
	}
	return nil
}

// Columns says what the rows hold.
func (t *Table) Columns() Columns { return t.columns }

// Len returns the number of rows.
func (t *Table) Len() int {
	if t.order != nil {
		return len(t.order)
	}
	return t.rows
}

// Slice returns the rows from i up to but not including j. It shares the memory
// of t. It panics unless 0 ≤ i ≤ j ≤ Len.
func (t *Table) Slice(i, j int) *Table {
	if i < 0 || j < i || j > t.Len() {
		panic("machine: Slice: bounds out of range")
	}
	s := *t
	if t.order != nil {
		s.order = t.order[i:j]
		return &s
	}
	s.rows = j - i
	s.all.X = t.all.X[i*t.columns.Inputs : j*t.columns.Inputs]
	if t.all.Labels != nil {
		s.all.Labels = t.all.Labels[i:j]
	}
	s.all.Y = t.all.Y[i*t.columns.Outputs : j*t.columns.Outputs]
	if t.all.Weights != nil {
		s.all.Weights = t.all.Weights[i:j]
	}
	return &s
}

// Shuffled returns the same rows in another order. It shares the memory of t.
func (t *Table) Shuffled(seed uint64) Source {
	s := *t
	s.order = make([]int, t.Len())
	for i := range s.order {
		s.order[i] = t.row(i)
	}
	generator := rand.New(random.New(seed, shufflePurpose, 0, 0))
	generator.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	return &s
}

var shufflePurpose = random.For("machine: shuffle")

// row returns where the i-th row lies in memory.
func (t *Table) row(i int) int {
	if t.order == nil {
		return i
	}
	return t.order[i]
}

// Batches lends parts of the table, or copies where the order is another. It panics
// if size is less than 1.
func (t *Table) Batches(size int) iter.Seq2[Batch, error] {
	if size < 1 {
		panic("machine: Batches: want at least one row in a batch")
	}
	return func(yield func(Batch, error) bool) {
		collect := newCollector(t.columns)
		for i := 0; i < t.Len(); i += size {
			j := min(i+size, t.Len())
			batch := t.Slice(i, j).all
			if t.order != nil {
				collect.clear()
				for k := i; k < j; k++ {
					collect.add(t.all, t.order[k])
				}
				batch = collect.batch
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// collector copies single rows into a batch.
type collector struct {
	columns Columns
	rows    int
	batch   Batch
}

func newCollector(c Columns) *collector { return &collector{columns: c} }

func (c *collector) clear() {
	c.rows = 0
	c.batch = Batch{X: c.batch.X[:0], Labels: c.batch.Labels[:0], Y: c.batch.Y[:0], Weights: c.batch.Weights[:0]}
}

func (c *collector) add(from Batch, row int) {
	d, o := c.columns.Inputs, c.columns.Outputs
	c.rows++
	c.batch.X = append(c.batch.X, from.X[row*d:][:d]...)
	c.batch.Y = append(c.batch.Y, from.Y[row*o:][:o]...)
	if from.Labels != nil {
		c.batch.Labels = append(c.batch.Labels, from.Labels[row])
	}
	if from.Weights != nil {
		c.batch.Weights = append(c.batch.Weights, from.Weights[row])
	}
}

// replace overwrites a row that was added.
func (c *collector) replace(at int, from Batch, row int) {
	d, o := c.columns.Inputs, c.columns.Outputs
	copy(c.batch.X[at*d:][:d], from.X[row*d:])
	copy(c.batch.Y[at*o:][:o], from.Y[row*o:])
	if from.Labels != nil {
		c.batch.Labels[at] = from.Labels[row]
	}
	if from.Weights != nil {
		c.batch.Weights[at] = from.Weights[row]
	}
}

// table returns what was collected, as a table.
func (c *collector) table() *Table {
	return &Table{columns: c.columns, rows: c.rows, all: c.batch}
}

// Split parts a source into rows to fit and rows to hold out: about the given
// fraction of them. A row's number and the seed decide to which it belongs, so
// that the two parts never mix. A Table's parts are Shufflers. It panics unless the
// fraction is from 0 to 1.
func Split(source Source, fraction float64, seed uint64) (train, holdOut Source) {
	if !(fraction >= 0 && fraction <= 1) {
		panic("machine: Split: want a fraction from 0 to 1")
	}
	bound := uint64(fraction * (1 << 53))
	held := func(row int) bool {
		return random.New(seed, splitPurpose, 0, row).Uint64()>>11 < bound
	}
	if t, ok := source.(*Table); ok {
		return t.filter(func(row int) bool { return !held(row) }), t.filter(held)
	}
	return &part{source, func(row int) bool { return !held(row) }}, &part{source, held}
}

var splitPurpose = random.For("machine: split")

func (t *Table) filter(keep func(row int) bool) *Table {
	s := *t
	s.order = []int{} // not nil, even if nothing is kept
	for i := range t.Len() {
		if keep(i) {
			s.order = append(s.order, t.row(i))
		}
	}
	return &s
}

// part is some rows of a source.
type part struct {
	Source
	keep func(row int) bool
}

func (p *part) Batches(size int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		collect, first := newCollector(p.Columns()), 0
		for batch, err := range p.Source.Batches(size) {
			if err == nil {
				err = checkShape(batch, p.Columns(), size)
			}
			if err != nil {
				yield(Batch{}, err)
				return
			}
			rows := len(batch.X) / p.Columns().Inputs
			for i := range rows {
				if !p.keep(first + i) {
					continue
				}
				collect.add(batch, i)
				if collect.rows == size {
					if !yield(collect.batch, nil) {
						return
					}
					collect.clear()
				}
			}
			first += rows
		}
		if collect.rows > 0 {
			yield(collect.batch, nil)
		}
	}
}
