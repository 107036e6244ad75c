package machine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/kernel"
)

// Problem is what every machine is fitted to.
type Problem struct {
	Train    Source
	HoldOut  Source            // rows to choose by; nil: there are none
	Scaling  Scaling           // of the rows of both
	Features kernel.FeatureMap // nil: the inputs themselves, for a linear machine
	Progress func(Progress)    // called now and then, never by two goroutines at a time; may be nil
}

// Progress says how far a fit has come.
type Progress struct {
	Stage   string  // what is going on
	Done    int     // rows, solutions or iterations
	Total   int     // how many there will be; 0: unknown
	HoldOut float64 // the latest error on the rows held out (Score.Error); 0 before there is one
}

// prepare checks the problem and fills in what may be left out.
func (p *Problem) prepare() error {
	if p.Train == nil {
		return errors.New("machine: nothing to train on: set Problem.Train")
	}
	c := p.Train.Columns()
	if err := c.validate(); err != nil {
		return err
	}
	if p.Features == nil {
		p.Features = identity(c.Inputs)
	}
	if p.Features.Inputs() != c.Inputs {
		return fmt.Errorf("machine: the feature map takes %d inputs, and the table has %d", p.Features.Inputs(), c.Inputs)
	}
	if p.HoldOut != nil {
		if err := sameColumns(p.HoldOut.Columns(), c); err != nil {
			return err
		}
	}
	return p.Scaling.validate(c.Inputs)
}

func sameColumns(a, b Columns) error {
	if a.Inputs != b.Inputs || a.Outputs != b.Outputs || len(a.Classes) != len(b.Classes) {
		return fmt.Errorf("machine: a table of %d inputs, %d outputs and %d classes, where another has %d, %d and %d: want the same columns",
			a.Inputs, a.Outputs, len(a.Classes), b.Inputs, b.Outputs, len(b.Classes))
	}
	if !slices.Equal(a.Classes, b.Classes) {
		return fmt.Errorf("machine: the classes of a table are %q, and those of another %q: want the same, in the same order", a.Classes, b.Classes)
	}
	return nil
}

func (p *Problem) progress(stage string, done, total int, holdOut float64) {
	if p.Progress != nil {
		p.Progress(Progress{Stage: stage, Done: done, Total: total, HoldOut: holdOut})
	}
}

// identity is the feature map z = x.
type identity int

func (n identity) Inputs() int  { return int(n) }
func (n identity) Outputs() int { return int(n) }
func (n identity) Plan(int) func(z, x []float32, rows int) {
	return func(z, x []float32, rows int) { copy(z[:rows*int(n)], x) }
}

// featurizer scales rows and computes their features.
type featurizer struct {
	inputs, outputs int
	maxRows         int
	x               []float32 // [maxRows, inputs]: the scaled rows
	features        func(z, x []float32, rows int)

	from      []float32 // of the current call
	rows      int
	scaleRows func(chunk, worker int)
}

func newFeaturizer(scaling *Scaling, features kernel.FeatureMap, maxRows int) *featurizer {
	f := &featurizer{
		inputs: features.Inputs(), outputs: features.Outputs(), maxRows: maxRows,
		x: make([]float32, maxRows*features.Inputs()), features: features.Plan(maxRows),
	}
	const rowsOfChunk = 16
	f.scaleRows = func(chunk, _ int) {
		for i := chunk * rowsOfChunk; i < min(f.rows, (chunk+1)*rowsOfChunk); i++ {
			scaling.apply(f.x[i*f.inputs:][:f.inputs], f.from[i*f.inputs:][:f.inputs])
		}
	}
	return f
}

// apply writes the features of x [rows, inputs] to z [rows, outputs]. It
// allocates nothing.
func (f *featurizer) apply(z, x []float32, rows int) {
	f.from, f.rows = x, rows
	par.For((rows+15)/16, par.Workers(), f.scaleRows)
	f.features(z[:rows*f.outputs], f.x[:rows*f.inputs], rows)
}

// centre subtracts the weighted mean from rows of features z [len(weights), n], and
// returns it.
func centre(z []float32, n int, weights []float64) (mean []float32) {
	sums, total := make([]float64, n), 0.0
	for i, weight := range weights {
		total += weight
		for j, v := range z[i*n:][:n] {
			sums[j] += weight * float64(v)
		}
	}
	mean = make([]float32, n)
	for j, sum := range sums {
		mean[j] = float32(sum / total)
	}
	for i := range weights {
		for j, v := range mean {
			z[i*n+j] -= v
		}
	}
	return mean
}

// scaleRow multiplies a row of features by the root of a weight.
func scaleRow(z []float32, root float64) {
	if root == 1 {
		return
	}
	for j := range z {
		z[j] *= float32(root)
	}
}

// stream gives features and targets of a source, block by block.
type stream struct {
	*featurizer
	columns Columns
	z       []float32 // [maxRows, outputs]
	t       []float64 // [maxRows, Targets]: real targets, or 1 for the class and -1 for others
}

func (p *Problem) newStream(rows int) *stream {
	columns := p.Train.Columns()
	f := newFeaturizer(&p.Scaling, p.Features, rows)
	return &stream{featurizer: f, columns: columns, z: make([]float32, rows*f.outputs), t: make([]float64, rows*columns.Targets())}
}

// block is a number of rows: features z [rows, outputs] and targets t
// [rows, Targets], which the receiver may overwrite.
type block struct {
	Batch
	rows int
	z    []float32
	t    []float64
}

func (s *stream) each(ctx context.Context, source Source, visit func(block) error) error {
	return eachBatch(ctx, source, s.maxRows, func(batch Batch, rows int) error {
		if rows == 0 {
			return nil
		}
		s.apply(s.z, batch.X, rows)
		t := s.t[:rows*s.columns.Targets()]
		fillTargets(t, batch, s.columns)
		return visit(block{Batch: batch, rows: rows, z: s.z[:rows*s.outputs], t: t})
	})
}

func fillTargets(t []float64, batch Batch, c Columns) {
	if c.Classes == nil {
		copy(t, batch.Y)
		return
	}
	for i := range t {
		t[i] = -1
	}
	for i, label := range batch.Labels {
		t[i*len(c.Classes)+int(label)] = 1
	}
}

// blockRows returns how many rows of features are worked on at a time: enough
// for fast products, in 128 megabytes or little more.
func blockRows(features int) int { return min(max(1<<25/features, 256), 2048) }
