package machine

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/simd"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

// LogisticOptions are the options of Logistic.
type LogisticOptions struct {
	// Candidates for λ, relative to the mean squared length of the centred
	// features on a sample; none negative. If there is more than one, the rows held
	// out choose. None: 1e-3, 1e-4, 1e-5 and 1e-6 if there are such rows, and 1e-5 if
	// not.
	Ridges     []float64
	Iterations int    // of L-BFGS for each ridge at most; 0: 500. Each is a pass over the rows, or a few.
	Seed       uint64 // of the sample
}

// LogisticReport says how a fit went.
type LogisticReport struct {
	Ridge      float64   // the chosen one
	Ridges     []float64 // the candidates, the largest first
	Scores     []Score   // of each on the rows held out
	Rows       int       // fitted to, of weights above 0
	Losses     []float64 // the minimum for each candidate: the mean of -log p, and the penalty
	Iterations []int     // of L-BFGS that it took
	Converged  []bool    // whether that was the minimum: the gradient's length is at most 1e-4
}

// Logistic fits softmax regression, which with two classes is logistic regression:
//
//	min over W, b:  -Σ w·log p(label) / Σ w + λ/2·|W|²,  p = softmax(W·z + b)
//
// with the rows' weights w, by L-BFGS (gonum's), which goes through all rows for each gradient and computes
// features anew. The constant b is not penalised. Each candidate for λ starts where
// the one before ended. The model's f are logits.
//
// Errors: those of the sources, a table without classes, options out of range,
// values that are not finite, and ctx's.
func Logistic(ctx context.Context, p Problem, o LogisticOptions) (*Model, *LogisticReport, error) {
	if err := p.prepare(); err != nil {
		return nil, nil, err
	}
	if p.Train.Columns().Classes == nil {
		return nil, nil, errors.New("machine: logistic regression needs classes: take Ridge or EigenPro for real targets")
	}
	if err := p.whiten(ctx); err != nil {
		return nil, nil, err
	}
	ridges, err := o.ridges(p.HoldOut != nil)
	if err != nil {
		return nil, nil, err
	}
	if o.Iterations == 0 {
		o.Iterations = 500
	}
	l, err := newLogLoss(ctx, p, o.Seed)
	if err != nil {
		return nil, nil, err
	}
	report := &LogisticReport{Ridges: ridges, Rows: l.rows}
	m, err := l.fit(ctx, o.Iterations, report)
	return m, report, err
}

func (o LogisticOptions) ridges(holdOut bool) ([]float64, error) {
	ridges := append([]float64{}, o.Ridges...)
	switch {
	case len(ridges) == 0 && holdOut:
		ridges = []float64{1e-3, 1e-4, 1e-5, 1e-6}
	case len(ridges) == 0:
		ridges = []float64{1e-5}
	}
	if len(ridges) != 1 && !holdOut {
		return nil, fmt.Errorf("machine: %d ridges, but no rows held out to choose by", len(ridges))
	}
	for i, ridge := range ridges {
		if !(ridge >= 0) || math.IsInf(ridge, 0) || i > 0 && ridge > ridges[i-1] {
			return nil, fmt.Errorf("machine: ridges %v: want numbers of at least 0, the largest first", ridges)
		}
	}
	if o.Iterations < 0 {
		return nil, fmt.Errorf("machine: %d iterations: want at least 1", o.Iterations)
	}
	return ridges, nil
}

// logLoss is the function that is minimised, of parameters V [targets, n] and
// b [targets]: with the scale s and the mean of features on a sample,
// W·z + b = V·(z - mean)/s + b. So the penalty on V is relative.
type logLoss struct {
	Problem
	stream     *stream
	n, targets int
	rows       int
	weight     float64 // of all rows
	mean       []float32
	scale      float64
	ridge      float64

	multiplier linear.Product
	scores     *scorer
	weights    []float32 // W
	offset     []float64 // b - W·mean
	logits     []float64 // [rows, targets]
	residual   []float32 // [rows, targets]
	product    []float32 // [targets, n]
	sums       []float64 // [targets]
}

func newLogLoss(ctx context.Context, p Problem, seed uint64) (*logLoss, error) {
	n, targets := p.Features.Outputs(), p.Train.Columns().Targets()
	l := &logLoss{Problem: p, stream: p.newStream(blockRows(n)), n: n, targets: targets}
	rows := l.stream.maxRows
	summary, err := Survey(ctx, p.Train, rows, seed)
	if err != nil {
		return nil, err
	}
	l.rows, l.weight = summary.Rows, summary.Weight
	sample := summary.Sample.Len()
	l.stream.apply(l.stream.z, summary.Sample.all.X, sample)
	l.setScale(l.stream.z[:sample*n], summary.sampleWeights())
	l.weights, l.offset, l.product = make([]float32, targets*n), make([]float64, targets), make([]float32, targets*n)
	l.logits, l.residual, l.sums = make([]float64, rows*targets), make([]float32, rows*targets), make([]float64, targets)
	l.scores = newScorer(l.weights, l.offset, n, rows)
	return l, nil
}

// setScale takes features of the sample, which it overwrites. Those that are constant
// but for rounding are measured by their mean, as Ridge's are.
func (l *logLoss) setScale(z []float32, weights []float64) {
	l.mean = centre(z, l.n, weights)
	squares, total := 0.0, 0.0
	for i, weight := range weights {
		squares += weight * linear.Dot(z[i*l.n:][:l.n], z[i*l.n:][:l.n])
		total += weight
	}
	squares /= total
	if mean := linear.Dot(l.mean, l.mean); squares <= constantFeatures*mean {
		squares = mean
	}
	if l.scale = math.Sqrt(squares); l.scale == 0 { // zeros
		l.scale = 1
	}
}

// set computes W and b - W·mean from parameters.
func (l *logLoss) set(parameters []float64) {
	size := l.targets * l.n
	for i, v := range parameters[:size] {
		l.weights[i] = float32(v / l.scale)
	}
	for k := range l.offset {
		l.offset[k] = parameters[size+k] - linear.Dot(l.weights[k*l.n:][:l.n], l.mean)
	}
}

// at returns the loss at the parameters, and writes its gradient to gradient.
func (l *logLoss) at(ctx context.Context, gradient, parameters []float64) (loss float64, err error) {
	l.set(parameters)
	clear(gradient)
	clear(l.sums)
	size := l.targets * l.n
	err = l.stream.each(ctx, l.Train, func(b block) error {
		residual := l.residual[:b.rows*l.targets]
		l.scores.apply(l.logits, b.z, b.rows)
		for i, label := range b.Labels {
			row := l.logits[i*l.targets:][:l.targets]
			weight := b.weight(i) / l.weight * float64(l.rows)
			loss += weight * softmaxResidual(row, int(label))
			for k, v := range row {
				l.sums[k] += weight * v
				residual[i*l.targets+k] = float32(weight * v)
			}
		}
		product := simd.RowMajor(l.product, l.targets, l.n)
		l.multiplier.Multiply(product, simd.RowMajor(residual, b.rows, l.targets).T(), simd.RowMajor(b.z, b.rows, l.n), linear.Balanced(product.Rows, product.Cols), linear.Epilogue{})
		for i, v := range l.product {
			gradient[i] += float64(v)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	scale := 1 / float64(l.rows)
	for k, sum := range l.sums {
		g, p := gradient[k*l.n:][:l.n], parameters[k*l.n:][:l.n]
		for j, mean := range l.mean {
			g[j] = scale/l.scale*(g[j]-sum*float64(mean)) + l.ridge*p[j]
		}
		gradient[size+k] = scale * sum
	}
	penalty := floats.Norm(parameters[:size], 2)
	return scale*loss + l.ridge/2*penalty*penalty, nil
}

// softmaxResidual replaces logits by p - 1 for the label and p for other classes,
// with p = softmax, and returns -log p of the label.
func softmaxResidual(logits []float64, label int) float64 {
	greatest := logits[greatest(logits)]
	own, sum := logits[label], 0.0
	for k, v := range logits {
		logits[k] = math.Exp(v - greatest)
		sum += logits[k]
	}
	for k := range logits {
		logits[k] /= sum
	}
	logits[label]--
	return math.Log(sum) + greatest - own
}

// fit goes through the ridges and keeps the model that is best on the rows held
// out.
func (l *logLoss) fit(ctx context.Context, iterations int, report *LogisticReport) (*Model, error) {
	parameters := make([]float64, (l.n+1)*l.targets)
	var weights []float32
	var bias []float64
	best := -1
	for i, ridge := range report.Ridges {
		l.ridge = ridge
		result, err := l.minimize(ctx, parameters, iterations, fmt.Sprintf("ridge %.3g", ridge))
		if err != nil {
			return nil, err
		}
		copy(parameters, result.X)
		report.Losses = append(report.Losses, result.F)
		report.Iterations = append(report.Iterations, result.MajorIterations)
		report.Converged = append(report.Converged, result.Gradient != nil && floats.Norm(result.Gradient, 2) <= convergedGradient)
		l.set(parameters)
		if l.HoldOut != nil {
			scores, err := evaluate(ctx, l.stream, l.HoldOut, l.weights, l.offset, true)
			if err != nil {
				return nil, err
			}
			report.Scores = append(report.Scores, scores[0])
		}
		if best < 0 || report.Scores[i].better(report.Scores[best]) {
			best, report.Ridge = i, ridge
			weights, bias = append(weights[:0], l.weights...), append(bias[:0], l.offset...)
		}
	}
	m := l.model(weights, bias)
	m.Logits = true
	return m, m.Validate()
}

func (l *logLoss) minimize(ctx context.Context, start []float64, iterations int, stage string) (*optimize.Result, error) {
	var failed error
	var loss float64
	gradient, at := make([]float64, len(start)), []float64(nil)
	count := 0
	compute := func(x []float64) { // for both Func and Grad, which are called with the same x
		if failed != nil || at != nil && floats.Equal(at, x) {
			return
		}
		loss, failed = l.at(ctx, gradient, x)
		if failed == nil && (math.IsNaN(loss) || math.IsInf(loss, 0)) {
			failed = errors.New("machine: the loss is not finite: features are not, or too large for float32; scale the inputs")
		}
		at = append(at[:0], x...)
		count++
		l.progress(stage, count, 0, 0)
	}
	problem := optimize.Problem{
		Func: func(x []float64) float64 { compute(x); return loss },
		Grad: func(g, x []float64) { compute(x); copy(g, gradient) },
		Status: func() (optimize.Status, error) {
			if failed != nil {
				return optimize.Failure, failed
			}
			return optimize.NotTerminated, nil
		},
	}
	settings := &optimize.Settings{MajorIterations: iterations, Converger: &lossConverge{}}
	result, err := optimize.Minimize(problem, start, settings, &optimize.LBFGS{Store: 10})
	if failed != nil {
		return nil, failed
	}
	if result == nil || result.X == nil {
		return nil, fmt.Errorf("machine: L-BFGS: %w", err)
	}
	return result, nil // a line search that fails has met the precision of float32; the gradient says how far that is
}

const (
	stopGradient      = 1e-5 // the length at which L-BFGS stops
	convergedGradient = 1e-4 // the length at which it has converged, if float32 does not allow for more
)

// lossConverge stops where the gradient vanishes, or the loss no longer decreases.
type lossConverge struct{ optimize.FunctionConverge }

func (c *lossConverge) Init(dim int) {
	c.FunctionConverge = optimize.FunctionConverge{Relative: 1e-7, Iterations: 10}
	c.FunctionConverge.Init(dim)
}

func (c *lossConverge) Converged(at *optimize.Location) optimize.Status {
	if at.Gradient != nil && floats.Norm(at.Gradient, 2) <= stopGradient {
		return optimize.GradientThreshold
	}
	return c.FunctionConverge.Converged(at)
}
