package machine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// CrossValidation is how well a ridge does on rows that it was not fitted to.
type CrossValidation struct {
	Ridge float64 // relative, as in RidgeOptions
	Score Score   // the mean of all partitions; LogLoss is that of calibrated f
	// Loss is what is lowered: the log loss of classes, and the RMSE of values; of
	// several values, with the deviation of each as the unit.
	Loss float64
	// Predictions [rows, Targets] are f of every row by the machine of the other folds, of
	// the first partition, and 0 of a row that is in none.
	Predictions []float64
	// Factor makes logits of predictions (CalibrationFactor); classification.
	Factor float64
}

// validation cross-validates ridge regression: a row's features are computed once, and
// the covariances that a fold is fitted by are those of all rows less its own.
type validation struct {
	columns Columns
	n       int
	rows    Batch     // labels, targets and weights
	t       []float64 // [rows, targets], as block has them
	z       []float32 // [rows, n]
	folds   []*fold
	parts   [][]int // partitions
	solver  *solver
	gram    *gram     // adds up blocks, around the means of all rows
	block   []float32 // [most rows of a block, n]
}

// fold is a part of a partition.
type fold struct {
	partition int
	rows      []int // held out
	gram      *gram // of the other rows, from addPartition on
}

// newValidation computes features and covariances. A partition [rows] has the number of
// each row's fold, or one below 0 for a row that is in none, and always fitted to.
func newValidation(ctx context.Context, p Problem, table *Table, partitions [][]int) (*validation, error) {
	p.Train, p.HoldOut = table, nil
	if err := p.prepare(); err != nil {
		return nil, err
	}
	for _, partition := range partitions {
		if err := checkPartition(partition, table); err != nil {
			return nil, err
		}
	}
	if err := p.whiten(ctx); err != nil {
		return nil, err
	}
	v := &validation{columns: table.Columns(), n: p.Features.Outputs(), parts: partitions}
	if err := v.compute(ctx, &p, table); err != nil {
		return nil, err
	}
	for i, partition := range partitions {
		if err := v.addPartition(ctx, i, partition); err != nil {
			return nil, err
		}
	}
	v.solver = newSolver(v.folds[0].gram)
	return v, nil
}

// checkPartition returns an error unless there are two folds or more. Rows of the
// weight 0 make none.
func checkPartition(partition []int, table *Table) error {
	if len(partition) != table.Len() {
		return fmt.Errorf("machine: cross-validation: a partition of %d rows for a table of %d", len(partition), table.Len())
	}
	first, several := -1, false
	for row, fold := range partition {
		if fold >= len(partition) {
			return fmt.Errorf("machine: cross-validation: row %d is in fold %d: want folds from 0 on, and fewer than the %d rows", row+1, fold, len(partition))
		}
		if fold < 0 || table.all.weight(table.row(row)) == 0 {
			continue
		}
		if first < 0 {
			first = fold
		}
		several = several || fold != first
	}
	if !several {
		return errors.New("machine: cross-validation: want rows of at least two folds, of weights above 0")
	}
	return nil
}

func (v *validation) compute(ctx context.Context, p *Problem, table *Table) error {
	rows, targets := table.Len(), v.columns.Targets()
	v.z, v.t = make([]float32, 0, rows*v.n), make([]float64, 0, rows*targets)
	s := p.newStream(min(blockRows(v.n), rows))
	err := s.each(ctx, table, func(b block) error {
		v.z, v.t = append(v.z, b.z...), append(v.t, b.t...)
		v.rows.Labels, v.rows.Weights = append(v.rows.Labels, b.Labels...), append(v.rows.Weights, b.Weights...)
		return nil
	})
	if err != nil {
		return err
	}
	v.gram = newGram(v.n, targets, s.maxRows)
	v.gram.zShift, v.gram.tShift = make([]float32, v.n), make([]float64, targets)
	zMean, total := make([]float64, v.n), 0.0
	for i := range rows {
		weight := v.rows.weight(i)
		total += weight
		floats.AddScaled(v.gram.tShift, weight, v.t[i*targets:][:targets])
		for j, z := range v.z[i*v.n:][:v.n] {
			zMean[j] += weight * float64(z)
		}
	}
	floats.Scale(1/total, v.gram.tShift)
	for j, sum := range zMean {
		v.gram.zShift[j] = float32(sum / total)
	}
	return nil
}

// leastRest bounds the weight of the rows that are fitted to, relative to all: float64
// rounds what is left of less by subtracting the others.
const leastRest = 1e-8

// addPartition sums the covariances of every fold, and then those of the others.
func (v *validation) addPartition(ctx context.Context, number int, partition []int) error {
	members, always := make([][]int, slices.Max(partition)+1), []int(nil)
	for row, fold := range partition {
		if fold < 0 {
			always = append(always, row)
		} else {
			members[fold] = append(members[fold], row)
		}
	}
	members = slices.DeleteFunc(members, func(rows []int) bool { return len(rows) == 0 })
	total, err := v.sum(ctx, always)
	if err != nil {
		return err
	}
	for _, rows := range members {
		g, err := v.sum(ctx, rows)
		if err != nil {
			return err
		}
		total.join(g)
		v.folds = append(v.folds, &fold{number, rows, g})
	}
	for _, f := range v.folds[len(v.folds)-len(members):] {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.gram.complement(total); f.gram.weight < leastRest*total.weight {
			return errors.New("machine: cross-validation: the rows of all folds but one have hardly any weight")
		}
		if err := f.gram.finish(); err != nil {
			return err
		}
	}
	return nil
}

// sum returns the covariances of some rows.
func (v *validation) sum(ctx context.Context, rows []int) (*gram, error) {
	v.gram.clear()
	for block := range slices.Chunk(rows, max(len(v.gram.ones)/(v.gram.targets+1), 1)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v.gram.add(v.gather(block))
	}
	g := newSums(v.n, v.gram.targets)
	g.join(v.gram)
	return g, nil
}

// gather copies rows to v.block.
func (v *validation) gather(rows []int) block {
	targets := v.columns.Targets()
	b := block{rows: len(rows), z: v.block[:0]}
	for _, row := range rows {
		b.z = append(b.z, v.z[row*v.n:][:v.n]...)
		b.t = append(b.t, v.t[row*targets:][:targets]...)
		if len(v.rows.Weights) > 0 {
			b.Weights = append(b.Weights, v.rows.Weights[row])
		}
	}
	v.block = b.z
	return b
}

// validationTolerance is enough to tell ridges apart.
const validationTolerance = 1e-4

// try fits all folds with a ridge.
func (v *validation) try(ctx context.Context, ridge float64) (*CrossValidation, error) {
	targets := v.columns.Targets()
	f := make([][]float64, len(v.parts))
	for i := range f {
		f[i] = make([]float64, len(v.t))
	}
	right := make([]float64, targets*v.n)
	for _, fold := range v.folds {
		g := fold.gram
		v.solver.gram = g
		if err := v.solver.factorize(ctx, ridge*g.scale()); err != nil {
			return nil, err
		}
		g.right(right)
		w, _, err := v.solver.conjugate(ctx, right, v.solver.tolerance(validationTolerance))
		if err != nil {
			return nil, err
		}
		b := v.gather(fold.rows)
		y := make([]float64, b.rows*targets)
		newScorer(narrow(w), g.intercepts(w), v.n, b.rows).apply(y, b.z, b.rows)
		for i, row := range fold.rows {
			copy(f[fold.partition][row*targets:], y[i*targets:][:targets])
		}
	}
	c := &CrossValidation{Ridge: ridge, Predictions: slices.Clone(f[0])}
	for i := range f {
		v.score(c, f[i], i)
	}
	return c, nil
}

// score adds the score of a partition's predictions f, which it overwrites.
func (v *validation) score(c *CrossValidation, f []float64, part int) {
	targets := v.columns.Targets()
	b := block{Batch: Batch{Labels: v.rows.Labels, Weights: v.weights(part)}, rows: len(v.t) / targets, t: v.t}
	t := newTally(targets, v.columns.Classes != nil)
	if v.columns.Classes != nil {
		factor := CalibrationFactor(f, v.rows.Labels, b.Weights, targets)
		if part == 0 {
			c.Factor = factor
		}
		floats.Scale(factor, f)
	}
	for i := range b.rows {
		t.add(f[i*targets:][:targets], b, i)
	}
	s, share := t.score(v.columns), 1/float64(len(v.parts))
	switch {
	case v.columns.Classes != nil:
		c.Loss += share * s.LogLoss
	case v.columns.Outputs > 1:
		c.Loss += share * s.relative
	default:
		c.Loss += share * s.RMSE
	}
	c.Score.Rows = s.Rows
	c.Score.ErrorRate += share * s.ErrorRate
	c.Score.LogLoss += share * s.LogLoss
	c.Score.RMSE += share * s.RMSE
	c.Score.MAE += share * s.MAE
	c.Score.R2 += share * s.R2
}

// weights returns the weights of rows, but for those that are in no fold of a partition.
func (v *validation) weights(part int) []float64 {
	weights := make([]float64, len(v.parts[part]))
	for i, fold := range v.parts[part] {
		if fold >= 0 {
			weights[i] = v.rows.weight(i)
		}
	}
	return weights
}
