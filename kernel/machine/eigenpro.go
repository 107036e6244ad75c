package machine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/simd"
)

// EigenProOptions are the options of EigenPro. The zero value is a good start.
type EigenProOptions struct {
	Epochs   int    // passes over the rows at most; 0: 10
	Patience int    // stop after so many epochs without a better score on the rows held out; 0: 3
	Sample   int    // rows from which the preconditioner is made; 0: 2000
	MaxBatch int    // rows of a step at most; 0: 1024, or what fits in 256 megabytes of features
	Seed     uint64 // of the sample and of the order of rows
}

// EigenProReport says how a fit went.
type EigenProReport struct {
	Rows         int       // fitted to, of weights above 0
	Eigenvectors int       // of the preconditioner
	Batch        int       // rows of a step
	Step         float64   // η
	Epochs       int       // the number of epochs of the model that is returned
	Scores       []Score   // on the rows held out, after each epoch
	Losses       []float64 // the mean squared difference during each epoch, by weight
}

// EigenPro fits W·z + b to targets by least squares, with steps of stochastic
// gradient descent, for more features than Ridge has memory for: features are
// computed anew in each epoch and never stored. The number of epochs
// regularises, and the rows held out choose it, if there are any.
//
// Gradients are preconditioned (Ma and Belkin, "Kernel machines that adapt to
// GPUs for effective large batch training", MLSys 2019). With the leading
// eigenpairs σ_i, e_i of the features' covariance on a sample and τ = σ_q+1,
//
//	W -= η·G·(I - Σ_i≤q (1 - τ/σ_i)·e_i·e_iᵀ),  η = m/(β + (m-1)·τ)
//
// where G is the gradient of half the mean squared difference on m rows, and β
// the largest squared length of preconditioned features. Where an unpreconditioned
// step must be less than 2/σ_1, this one is about 1/τ. q is chosen so that
// β/τ, beyond which larger batches do not help, is MaxBatch. What counts after an
// epoch is the average of W and b over its steps, which have much noise otherwise
// (Polyak and Juditsky, SIAM Journal on Control and Optimization 1992).
//
// Rows count by their weights, relative to the mean weight: a row of twice that counts
// as two. The preconditioner heeds that, too: β is the largest squared length times
// weight. A few rows of great weight make for short steps.
//
// Targets are those of Ridge. Errors: those of the sources, options out of range,
// values that are not finite, and ctx's.
func EigenPro(ctx context.Context, p Problem, o EigenProOptions) (*Model, *EigenProReport, error) {
	if err := p.prepare(); err != nil {
		return nil, nil, err
	}
	if o.Epochs < 0 || o.Patience < 0 || o.Sample < 0 || o.MaxBatch < 0 {
		return nil, nil, fmt.Errorf("machine: EigenPro: epochs %d, patience %d, sample %d, batch %d: want no negative numbers", o.Epochs, o.Patience, o.Sample, o.MaxBatch)
	}
	if err := p.whiten(ctx); err != nil {
		return nil, nil, err
	}
	set := func(option *int, value int) {
		if *option == 0 {
			*option = value
		}
	}
	set(&o.Epochs, 10)
	set(&o.Patience, 3)
	set(&o.Sample, 2000)
	set(&o.MaxBatch, min(1024, max(64, 1<<26/p.Features.Outputs())))
	summary, err := Survey(ctx, p.Train, o.Sample, o.Seed)
	if err != nil {
		return nil, nil, err
	}
	f := &eigenPro{Problem: p, options: o, report: &EigenProReport{Rows: summary.Rows}}
	if err := f.precondition(ctx, summary); err != nil {
		return nil, nil, err
	}
	m, err := f.run(ctx, summary)
	if err != nil {
		return nil, nil, err
	}
	return m, f.report, nil
}

type eigenPro struct {
	Problem
	options EigenProOptions
	report  *EigenProReport
	stream  *stream

	n, targets int
	mean       []float32 // [n]: of features, on the sample
	start      []float64 // [targets]: the mean of targets, where b starts
	meanWeight float64   // of rows
	tau        float64
	vectors    []float32 // e [q, n]
	shrink     []float32 // 1 - τ/σ [q]

	multiplier linear.Product
	weights    []float32 // W [targets, n]
	bias       []float64 // b [targets], for features that are centred
	scores     *scorer
	offset     []float64 // b - W·mean
	steps      int       // of the epoch
	average    []float32 // Σ W over its steps, and then the mean
	averageB   []float64 // Σ b, and then the mean of b, less the mean W·mean
	y          []float64 // f(x) [rows, targets]
	residual   []float32 // [rows, targets]
	gradient   []float32 // [targets, n]
	part       []float32 // [targets, q]
}

// precondition computes the preconditioner, the size of batches and the step.
func (f *eigenPro) precondition(ctx context.Context, summary *Summary) error {
	f.progress("preconditioning", 0, 0, 0)
	f.n, f.targets = f.Features.Outputs(), f.Train.Columns().Targets()
	rows := summary.Sample.Len()
	z := make([]float32, rows*f.n)
	features := newFeaturizer(&f.Scaling, f.Features, min(rows, blockRows(f.n)))
	for i := 0; i < rows; i += features.maxRows {
		j := min(rows, i+features.maxRows)
		features.apply(z[i*f.n:j*f.n], summary.Sample.Slice(i, j).all.X, j-i)
	}
	f.meanWeight = summary.Weight / float64(summary.Rows)
	weights := summary.sampleWeights()
	f.mean = centre(z, f.n, weights)
	for i, weight := range weights {
		scaleRow(z[i*f.n:][:f.n], math.Sqrt(weight))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	count := min(max(rows/6, 1), f.n)
	s, err := newSpectrum(z, rows, f.n, count, f.options.Seed)
	if err != nil {
		return err
	}
	f.choose(s, z, weights)
	return ctx.Err()
}

// choose sets q, the batch size and the step. Squared lengths of preconditioned
// features are |z|² - Σ_i≤q (1 - τ/σ_i)·(e_i·z)². The constant b counts as one more
// eigenvector, with a length of τ when preconditioned. Rows z are scaled by the roots
// of their relative weights.
func (f *eigenPro) choose(s *spectrum, z []float32, weights []float64) {
	rows := len(weights)
	squares := make([]float64, rows)
	for i := range squares {
		squares[i] = linear.Dot(z[i*f.n:][:f.n], z[i*f.n:][:f.n])
	}
	count := len(s.values)
	if count == 0 || slices.Max(squares) <= constantFeatures*linear.Dot(f.mean, f.mean) {
		f.tau, f.report.Batch, f.report.Step = 1, f.options.MaxBatch, 1
		return
	}
	along := make([]float32, rows*count) // e·z
	linear.Multiply(simd.RowMajor(along, rows, count), simd.RowMajor(z, rows, f.n), simd.RowMajor(s.vectors, count, f.n).T())
	beta := 0.0
	q := 0
	for ; ; q++ {
		f.tau, beta = s.values[q], 0
		for i, square := range squares {
			for j, v := range along[i*count:][:q] {
				square -= (1 - f.tau/s.values[j]) * float64(v) * float64(v)
			}
			beta = max(beta, square+weights[i]*f.tau)
		}
		if q == count-1 || beta >= f.tau*float64(f.options.MaxBatch) {
			break
		}
	}
	for _, value := range s.values[:q] {
		f.shrink = append(f.shrink, float32(1-f.tau/value))
	}
	f.vectors = slices.Clone(s.vectors[:q*f.n])
	batch := min(f.options.MaxBatch, int(math.Ceil(beta/f.tau)))
	f.report.Eigenvectors, f.report.Batch = q, batch
	f.report.Step = float64(batch) / (beta + float64(batch-1)*f.tau)
}

// run runs epochs. If the loss grows beyond what it was at the start, the step
// was too long for rows outside the sample: it begins again with half of it.
func (f *eigenPro) run(ctx context.Context, summary *Summary) (*Model, error) {
	f.allocate(summary)
	for attempt := 0; ; attempt++ {
		diverged, err := f.epochs(ctx)
		if err != nil {
			return nil, err
		}
		if !diverged {
			break
		}
		if attempt == 10 {
			return nil, errors.New("machine: EigenPro diverges with any step: features are not finite, or too large for float32; scale the inputs")
		}
		f.report.Step /= 2
	}
	m := f.model(f.average, f.averageB)
	return m, m.Validate()
}

func (f *eigenPro) allocate(summary *Summary) {
	f.stream = f.newStream(f.report.Batch)
	f.weights, f.gradient, f.average = make([]float32, f.targets*f.n), make([]float32, f.targets*f.n), make([]float32, f.targets*f.n)
	f.bias, f.offset, f.averageB = make([]float64, f.targets), make([]float64, f.targets), make([]float64, f.targets)
	f.start = slices.Clone(summary.TargetMean)
	f.y, f.residual = make([]float64, f.report.Batch*f.targets), make([]float32, f.report.Batch*f.targets)
	f.part = make([]float32, f.targets*len(f.shrink))
	f.scores = newScorer(f.weights, f.offset, f.n, f.report.Batch)
	if f.Train.Columns().Classes != nil {
		for k, frequency := range f.start {
			f.start[k] = 2*frequency - 1 // the mean of 1 and -1
		}
	}
}

// epochs runs all epochs from W = 0 on, and keeps the best average.
func (f *eigenPro) epochs(ctx context.Context) (diverged bool, err error) {
	clear(f.weights)
	copy(f.bias, f.start)
	f.report.Scores, f.report.Losses, f.report.Epochs = nil, nil, 0
	var best Score
	var weights []float32
	var bias []float64
	latest := 0.0
	for epoch := range f.options.Epochs {
		loss, err := f.epoch(ctx, epoch, latest)
		if err != nil {
			return false, err
		}
		f.report.Losses = append(f.report.Losses, loss)
		if !(loss <= 2*f.report.Losses[0]) || notFinite(f.weights) >= 0 {
			return true, nil
		}
		if f.HoldOut == nil {
			f.report.Epochs = epoch + 1
			continue
		}
		scores, err := evaluate(ctx, f.stream, f.HoldOut, f.average, f.averageB, false)
		if err != nil {
			return false, err
		}
		score := scores[0]
		latest = score.Error(f.Train.Columns())
		f.report.Scores = append(f.report.Scores, score)
		if f.report.Epochs == 0 || score.better(best) {
			best, f.report.Epochs = score, epoch+1
			weights, bias = append(weights[:0], f.average...), append(bias[:0], f.averageB...)
		} else if epoch+1-f.report.Epochs >= f.options.Patience {
			break
		}
	}
	if weights != nil {
		copy(f.average, weights)
		copy(f.averageB, bias)
	}
	return false, nil
}

// epoch returns the mean squared difference from the targets, as it was when each
// row's turn came.
func (f *eigenPro) epoch(ctx context.Context, epoch int, latest float64) (loss float64, err error) {
	source := f.Train
	if s, ok := source.(Shuffler); ok {
		source = s.Shuffled(f.options.Seed + uint64(epoch))
	}
	f.steps = 0
	clear(f.average)
	clear(f.averageB)
	stage, rows, weight := fmt.Sprintf("epoch %d", epoch+1), 0, 0.0
	err = f.stream.each(ctx, source, func(b block) error {
		rows += b.rows
		for i := range b.rows {
			weight += b.weight(i) / f.meanWeight
		}
		loss += f.step(b)
		f.progress(stage, rows, f.report.Rows, latest)
		return nil
	})
	f.finishAverage()
	return loss / max(weight*float64(f.targets), 1e-300), err
}

func (f *eigenPro) finishAverage() {
	scale := 1 / float64(max(f.steps, 1))
	for i, sum := range f.average {
		f.average[i] = float32(scale * float64(sum))
	}
	for k, sum := range f.averageB {
		f.averageB[k] = scale*sum - linear.Dot(f.average[k*f.n:][:f.n], f.mean)
	}
}

// setOffset sets b - W·mean, the constant for features that are not centred.
func (f *eigenPro) setOffset() {
	for k := range f.offset {
		f.offset[k] = f.bias[k] - linear.Dot(f.weights[k*f.n:][:f.n], f.mean)
	}
}

// step makes one step and returns the sum of squared differences before it.
func (f *eigenPro) step(b block) (loss float64) {
	f.setOffset()
	residual := f.residual[:b.rows*f.targets]
	f.scores.apply(f.y, b.z, b.rows)
	sums := make([]float64, f.targets)
	for i, t := range b.t {
		weight, difference := b.weight(i/f.targets)/f.meanWeight, f.y[i]-t
		residual[i] = float32(weight * difference)
		loss += weight * difference * difference
		sums[i%f.targets] += float64(residual[i])
	}
	// A last batch that is smaller goes as far as its rows are worth.
	step := f.report.Step / float64(f.report.Batch)
	gradient := simd.RowMajor(f.gradient, f.targets, f.n)
	r := simd.RowMajor(residual, b.rows, f.targets)
	f.multiplier.Multiply(gradient, r.T(), simd.RowMajor(b.z, b.rows, f.n), linear.Balanced(gradient.Rows, gradient.Cols), linear.Epilogue{})
	for k, sum := range sums {
		row := f.gradient[k*f.n:][:f.n]
		for j, mean := range f.mean {
			row[j] = float32(-step) * (row[j] - float32(sum)*mean)
		}
		f.bias[k] -= step * f.tau * sum
	}
	q := len(f.shrink)
	vectors, part := simd.RowMajor(f.vectors, q, f.n), simd.RowMajor(f.part, f.targets, q)
	f.multiplier.Multiply(part, gradient, vectors.T(), linear.Balanced(part.Rows, part.Cols), linear.Epilogue{})
	for i := range f.part {
		f.part[i] *= -f.shrink[i%q]
	}
	f.multiplier.Multiply(gradient, part, vectors, linear.Balanced(gradient.Rows, gradient.Cols), linear.Epilogue{Accumulate: true})
	simd.Add(f.weights, f.gradient)
	simd.Add(f.average, f.weights)
	for k, v := range f.bias {
		f.averageB[k] += v
	}
	f.steps++
	return loss
}
