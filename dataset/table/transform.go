package table

import (
	"fmt"
	"math"
	"slices"
)

// Transform is a change of scale of the columns of numbers, before they are
// standardised. Those of zeros and ones alone stay as they are.
type Transform string

// The transforms.
const (
	NoTransform Transform = ""
	// LogTransform takes x to sign(x)·ln(1 + |x|/m), with m the median of the
	// absolute values that are not 0.
	LogTransform Transform = "log"
	// QuantileTransform takes x to the quantile of the normal distribution at the
	// share of values below x: linearly between at most 256 of the values, and to
	// the score of the lowest or highest beyond them. Values that are equal share
	// the middle of their ranks.
	QuantileTransform Transform = "quantile"
)

// maxKnots is the number of values that a quantile transform keeps.
const maxKnots = 256

// smallestUnit bounds that of a logarithm, so that numbers in it are finite.
const smallestUnit = 1e-200

// Curve is the transform of a column: linear without values.
type Curve struct {
	Unit   float64   `json:"unit,omitempty"`   // m, of a logarithm
	Knots  []float64 `json:"knots,omitempty"`  // values in increasing order, of a quantile transform
	Scores []float64 `json:"scores,omitempty"` // [len(Knots)]: what they become
}

// newCurve fits a transform to the values of a column, which it sorts, and so many
// zeros besides.
func newCurve(transform Transform, values []float64, zeros int) Curve {
	if transform == LogTransform {
		return logCurve(values)
	}
	slices.Sort(values)
	return quantileCurve(sorted{values, zeros})
}

func logCurve(values []float64) Curve {
	var sizes []float64
	for _, v := range values {
		if v != 0 {
			sizes = append(sizes, math.Abs(v))
		}
	}
	return Curve{Unit: max(smallestUnit, numberFill(sizes, 0, ImputeMedian))}
}

// sorted is values in order, and so many zeros besides, which stand behind the
// negative ones.
type sorted struct {
	values []float64
	zeros  int
}

func (s sorted) len() int { return len(s.values) + s.zeros }

func (s sorted) at(i int) float64 {
	negative, _ := slices.BinarySearch(s.values, 0)
	switch {
	case i < negative:
		return s.values[i]
	case i < negative+s.zeros:
		return 0
	}
	return s.values[i-s.zeros]
}

// rank returns the middle of the places of a value, counted from 0.
func (s sorted) rank(v float64) float64 {
	below, _ := slices.BinarySearch(s.values, v)
	upTo, _ := slices.BinarySearch(s.values, math.Nextafter(v, math.Inf(1)))
	if v > 0 {
		below += s.zeros
	}
	if v >= 0 {
		upTo += s.zeros
	}
	return float64(below+upTo-1) / 2
}

func quantileCurve(s sorted) Curve {
	n := s.len()
	var c Curve
	knots := min(n, maxKnots)
	for k := range knots {
		v := s.at(k * (n - 1) / max(1, knots-1))
		if len(c.Knots) > 0 && v == c.Knots[len(c.Knots)-1] {
			continue
		}
		share := (s.rank(v) + 0.5) / float64(n)
		c.Knots = append(c.Knots, v+0) // no -0
		c.Scores = append(c.Scores, math.Sqrt2*math.Erfinv(2*share-1))
	}
	return c
}

// apply transforms a value.
func (c *Curve) apply(v float64) float64 {
	switch {
	case c.Unit > 0:
		return math.Copysign(math.Log1p(math.Abs(v)/c.Unit), v)
	case c.Knots == nil:
		return v
	}
	i, found := slices.BinarySearch(c.Knots, v)
	switch {
	case found:
		return c.Scores[i]
	case i == 0:
		return c.Scores[0]
	case i == len(c.Knots):
		return c.Scores[i-1]
	}
	part := (v - c.Knots[i-1]) / (c.Knots[i] - c.Knots[i-1])
	return c.Scores[i-1] + part*(c.Scores[i]-c.Scores[i-1])
}

// check returns an error where a curve contradicts itself.
func (c *Curve) check() error {
	if c.Unit != 0 && !(c.Unit >= smallestUnit && c.Unit <= math.MaxFloat32) || c.Unit != 0 && c.Knots != nil {
		return fmt.Errorf("the unit %g of its logarithm", c.Unit)
	}
	if len(c.Scores) != len(c.Knots) || len(c.Knots) > maxKnots || c.Knots != nil && len(c.Knots) == 0 {
		return fmt.Errorf("%d knots and %d scores", len(c.Knots), len(c.Scores))
	}
	for i := range c.Knots {
		if math.Abs(c.Knots[i]) > math.MaxFloat32 || math.Abs(c.Scores[i]) > math.MaxFloat32 {
			return fmt.Errorf("the knot %g with the score %g", c.Knots[i], c.Scores[i])
		}
		if i > 0 && (c.Knots[i] <= c.Knots[i-1] || c.Scores[i] < c.Scores[i-1]) {
			return fmt.Errorf("the knot %g with the score %g behind %g with %g", c.Knots[i], c.Scores[i], c.Knots[i-1], c.Scores[i-1])
		}
	}
	return nil
}
