package machine

import (
	"errors"
	"fmt"
	"math"
)

// Calibrate multiplies f by a factor, such as that of CalibrationFactor, and has
// their softmax taken for the classes' probabilities. It changes no class. Errors: a
// model of regression, and a factor that is not positive or too large for the weights.
func (m *Model) Calibrate(factor float64) error {
	if m.Columns.Classes == nil {
		return errors.New("machine: Calibrate: a regression has no probabilities")
	}
	if !(factor > 0) || math.IsInf(factor, 0) {
		return fmt.Errorf("machine: Calibrate: the factor %v: want a positive number", factor)
	}
	scaled := *m
	scaled.Weights, scaled.Bias, scaled.Logits = make([]float32, len(m.Weights)), make([]float64, len(m.Bias)), true
	for i, v := range m.Weights {
		scaled.Weights[i] = float32(factor * float64(v))
	}
	for k, v := range m.Bias {
		scaled.Bias[k] = factor * v
	}
	if err := scaled.Validate(); err != nil {
		return err
	}
	*m = scaled
	return nil
}

// CalibrationFactor returns the a with which softmax(a·f) are the best probabilities
// for labels [rows], given f [rows, classes] of rows that the model was not fitted to:
// with the least mean -log p, by weights [rows] or nil (all 1). It is the inverse of a
// temperature (Guo et al., "On calibration of modern neural networks", ICML 2017). So
// that it is finite where all rows are right, each of N rows counts to 1/(N+2) as one of the
// other classes (Platt, "Probabilistic outputs for support vector machines", 1999). It
// is 1 where f do not differ or there is one class, and from 0.001 to 1000 divided by
// the deviation of f within rows. It panics if lengths do not fit or a label is no class.
func CalibrationFactor(f []float64, labels []int32, weights []float64, classes int) float64 {
	if classes < 1 || len(f) != len(labels)*classes || weights != nil && len(weights) != len(labels) {
		panic("machine: CalibrationFactor: f is not [rows, classes], or there are not as many weights as rows")
	}
	c := calibration{f: f, labels: labels, rows: Batch{Weights: weights}, classes: classes}
	for i := range labels {
		if c.rows.weight(i) > 0 {
			c.count++
		}
	}
	deviation := c.deviation()
	if classes == 1 || !(deviation > 0) {
		return 1
	}
	return c.minimum(1e-3/deviation, 1e3/deviation)
}

// minimum returns the factor between two where the slope is 0: it grows with the factor.
// Newton's steps are taken where they stay between, and else halves on a logarithmic
// scale.
func (c *calibration) minimum(low, high float64) float64 {
	factor := math.Sqrt(low * high)
	for range 100 {
		slope, curvature := c.slope(factor)
		if slope > 0 {
			high = factor
		} else {
			low = factor
		}
		next := factor - slope/curvature
		if !(next > low && next < high) {
			next = math.Sqrt(low * high)
		}
		if math.Abs(next-factor) <= 1e-8*factor {
			return next
		}
		factor = next
	}
	return factor
}

type calibration struct {
	f       []float64
	labels  []int32
	rows    Batch // weights alone
	count   int   // of those above 0
	classes int
}

// deviation returns the root of the mean squared difference of f from their row's mean.
func (c *calibration) deviation() float64 {
	squares, total := 0.0, 0.0
	for i := range c.labels {
		row, weight, mean := c.f[i*c.classes:][:c.classes], c.rows.weight(i), 0.0
		for _, v := range row {
			mean += v / float64(c.classes)
		}
		for _, v := range row {
			squares += weight * (v - mean) * (v - mean)
		}
		total += weight * float64(c.classes)
	}
	return math.Sqrt(squares / total)
}

// slope returns the derivative of the sum of -log p by the factor, and its own.
func (c *calibration) slope(factor float64) (slope, curvature float64) {
	smoothing := 1 / float64(c.count+2)
	residual := make([]float64, c.classes) // p - 1 for the label, and p for others
	for i, label := range c.labels {
		row, weight := c.f[i*c.classes:][:c.classes], c.rows.weight(i)
		if weight == 0 {
			continue
		}
		for k, v := range row {
			residual[k] = factor * v
		}
		softmaxResidual(residual, int(label))
		middle, mean, squares := row[label], 0.0, 0.0 // f by p, from that of the label on
		for k, v := range row {
			target := -smoothing / float64(c.classes-1)
			if k == int(label) {
				target = smoothing
			} else {
				mean += residual[k] * (v - middle)
				squares += residual[k] * (v - middle) * (v - middle)
			}
			slope += weight * (residual[k] + target) * v
		}
		curvature += weight * (squares - mean*mean)
	}
	return slope, curvature
}
