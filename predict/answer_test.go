package predict

import (
	"math"
	"testing"

	"github.com/deepfry/deepfry/kernel/machine"
)

// TestEstimateString: as many digits as tell rows apart, whatever the machine's constant
// is, and no more than float32 has.
func TestEstimateString(t *testing.T) {
	for _, c := range []struct {
		constant, rest, half float64 // of the value: a constant, what depends on the row, half the interval
		value                float64
		text                 string
	}{
		{1e6, 1.3, 0, 1000001.3, "1000001.3"},
		{1.7e9, float64(float32(1.37)), 0, 1700000001.37, "1700000001.37"},
		{0, float64(float32(12.3)), 0, 12.3000002, "12.3"},
		{12, 0.25, 2.2, 12.25, "12.25 (10.05 to 14.45)"},
		{12, 1. / 3, 21.37, 12.3333333, "12.3333 (-9 to 33.7)"},
		{1.0 / 3, 0, 0, 0.333333333, "0.333333"},
		{-1, 1 - 1e-12, 0, 0, "0"},
		{0, -1e-9, 0, -1e-9, "-1e-09"},
		{0, 123456789, 0, 123456789, "123456789"},
		{0, 1.25e20, 0, 1.25e20, "1.25e+20"},
		{0, 0, 0, 0, "0"},
	} {
		p := &Predictor{Machine: &machine.Model{Bias: []float64{c.constant}, HalfWidth: []float64{c.half}}}
		e := p.estimate([]float64{c.constant + c.rest}, nil).Estimate
		if e.Value != c.value || e.String() != c.text || e.HasInterval() != (c.half > 0) {
			t.Errorf("%v + %v ± %v: %v, %q, want %v, %q", c.constant, c.rest, c.half, e.Value, e, c.value, c.text)
		}
	}
}

// TestIntervalOfPosterior: it counts rather than a width that is the same for all rows.
func TestIntervalOfPosterior(t *testing.T) {
	p := &Predictor{Machine: &machine.Model{Bias: []float64{0, 0}, HalfWidth: []float64{5, 5}}}
	a := p.estimate([]float64{1, 2}, []float64{0.5, 10})
	for i, half := range []float64{0.979982, 19.59964} {
		e := a.Estimates[i]
		if math.Abs(e.High-e.Value-half) > 1e-6 || math.Abs(e.Value-e.Low-half) > 1e-6 {
			t.Errorf("%+v, want ± %v", e, half)
		}
	}
	if a.Estimate != a.Estimates[0] || a.Deviation != 0.5 {
		t.Errorf("%+v, want the first of %+v", a.Estimate, a.Estimates)
	}
}
