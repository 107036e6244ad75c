package machine

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
)

// sharp returns scores of rows whose labels were drawn from softmax(factor·f).
func sharp(rows, classes int, factor float64) (f []float64, labels []int32) {
	r := rand.New(rand.NewPCG(3, 4))
	f, labels = make([]float64, rows*classes), make([]int32, rows)
	for i := range rows {
		row := f[i*classes:][:classes]
		p := make([]float64, classes)
		for k := range row {
			row[k] = r.NormFloat64()
			p[k] = factor * row[k]
		}
		softmaxResidual(p, 0)
		p[0]++
		u := r.Float64()
		for u > p[labels[i]] && int(labels[i]) < classes-1 {
			u -= p[labels[i]]
			labels[i]++
		}
	}
	return f, labels
}

// TestCalibrationFactorIsRecovered: the estimate's deviation is about 2% for so many
// rows.
func TestCalibrationFactorIsRecovered(t *testing.T) {
	for _, factor := range []float64{0.3, 2, 5} {
		f, labels := sharp(5000, 4, factor)
		got := CalibrationFactor(f, labels, nil, 4)
		if math.Abs(got-factor) > 0.1*factor {
			t.Errorf("factor %v, is %v", got, factor)
		}
		for i := range f { // scores of another scale
			f[i] = 1e6 + 1000*f[i]
		}
		if scaled := CalibrationFactor(f, labels, nil, 4); math.Abs(scaled*1000-got) > 1e-6*got {
			t.Errorf("factor %v of scores times 1000, %v before", scaled, got)
		}
	}
}

func TestCalibrationFactorHeedsWeights(t *testing.T) {
	f, labels := sharp(300, 3, 1)
	weights := make([]float64, 300)
	var twice []float64
	var labelsTwice []int32
	for i := range weights {
		weights[i] = float64(i % 3)
		for range i % 3 {
			twice, labelsTwice = append(twice, f[3*i:][:3]...), append(labelsTwice, labels[i])
		}
	}
	a, b := CalibrationFactor(f, labels, weights, 3), CalibrationFactor(twice, labelsTwice, nil, 3)
	if math.Abs(a-b) > 0.02*a { // smoothing knows the number of rows
		t.Errorf("%v by weights, %v by rows", a, b)
	}
	if plain := CalibrationFactor(f, labels, nil, 3); math.Abs(plain-a) < 1e-3*a {
		t.Errorf("weights change nothing: %v and %v", plain, a)
	}
}

func TestCalibrationFactorIsFinite(t *testing.T) {
	right, wrong := []float64{1, -1, -1, 1}, []float64{-1, 1, 1, -1}
	labels := []int32{0, 1}
	sure, unsure := CalibrationFactor(right, labels, nil, 2), CalibrationFactor(wrong, labels, nil, 2)
	// The best p for 2 rows that are right is 1 - 1/4: ln 3 = 2·factor.
	if math.Abs(sure-math.Log(3)/2) > 1e-6 || !(unsure > 0 && unsure < 0.01) {
		t.Errorf("factors %v and %v", sure, unsure)
	}
	for _, f := range [][]float64{make([]float64, 4), {5, 5, 5, 5}} {
		if factor := CalibrationFactor(f, labels, nil, 2); factor != 1 {
			t.Errorf("%v of scores that say nothing", factor)
		}
	}
	if factor := CalibrationFactor([]float64{1, 2}, []int32{0, 0}, nil, 1); factor != 1 {
		t.Errorf("%v of one class", factor)
	}
	if factor := CalibrationFactor(nil, nil, nil, 2); factor != 1 {
		t.Errorf("%v of no rows", factor)
	}
	check.Panics(t, "lengths", "machine: CalibrationFactor", func() { CalibrationFactor(right, labels, nil, 3) })
}

// TestCalibrate gives least squares probabilities, that a file keeps.
func TestCalibrate(t *testing.T) {
	table := digits(t, 300, 6, 3, 1.5, 1)
	m, _, err := Ridge(context.Background(), Problem{Train: table, Features: features(t, 6, 50, 3)}, RidgeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(predictions(m, table))
	if err := m.Calibrate(4); err != nil {
		t.Fatal(err)
	}
	back, err := Decode(encoded(t, m))
	if err != nil || !back.Logits {
		t.Fatal(back, err)
	}
	for i, v := range predictions(back, table) {
		if math.Abs(v-4*before[i]) > 1e-5 {
			t.Fatalf("%v, was %v", v, before[i])
		}
	}
	score, err := Evaluate(context.Background(), m, table)
	if err != nil || !(score.LogLoss > 0 && score.LogLoss < math.Log(3)) {
		t.Errorf("%+v, %v", score, err)
	}
	for _, factor := range []float64{0, -1, math.NaN(), math.Inf(1), 1e300} {
		if err := m.Calibrate(factor); err == nil {
			t.Errorf("the factor %v is taken", factor)
		}
	}
	if !slices.Equal(predictions(back, table), predictions(m, table)) {
		t.Error("an error changed the model")
	}
	m.Columns = Columns{Inputs: 6, Outputs: 3}
	if err := m.Calibrate(1); err == nil {
		t.Error("a regression has probabilities")
	}
}

func TestHalfWidth(t *testing.T) {
	m, _ := fitted(t, false)
	m.HalfWidth = []float64{1.25}
	back, err := Decode(encoded(t, m))
	if err != nil || !slices.Equal(back.HalfWidth, m.HalfWidth) {
		t.Errorf("%v, %v", back.HalfWidth, err)
	}
	for _, widths := range [][]float64{{}, {1, 2}, {-1}, {math.NaN()}, {math.Inf(1)}} {
		m.HalfWidth = widths
		if m.Validate() == nil {
			t.Errorf("half widths %v are taken", widths)
		}
	}
}

// TestCalibrationFactorIsAMinimum: the slope changes its sign there, of f that are nearly
// always right, hardly ever, large or small.
func TestCalibrationFactorIsAMinimum(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 0))
	for _, scale := range []float64{1e-9, 1, 1e9} {
		for _, signal := range []float64{0.1, 1, 4, 100} {
			const rows, classes = 60, 4
			c := calibration{f: make([]float64, rows*classes), labels: make([]int32, rows), count: rows, classes: classes}
			for i := range rows {
				c.labels[i] = int32(r.IntN(classes))
				for k := range classes {
					c.f[i*classes+k] = scale * (100 + r.NormFloat64())
				}
				c.f[i*classes+int(c.labels[i])] += scale * signal
			}
			factor := CalibrationFactor(c.f, c.labels, nil, classes)
			before, curvature := c.slope(factor * (1 - 1e-6))
			after, _ := c.slope(factor * (1 + 1e-6))
			if !(before < 0 && after > 0) {
				t.Errorf("scale %v, signal %v: slopes %.3g and %.3g around %v", scale, signal, before, after, factor)
			}
			if want := (after - before) / (2e-6 * factor); math.Abs(curvature-want) > 1e-3*want {
				t.Errorf("scale %v, signal %v: the curvature is %v, want %v", scale, signal, curvature, want)
			}
		}
	}
}
