package predict

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Answer is what a network or a machine says of a sample.
type Answer struct {
	Class         int       // its number, -1 for a regression
	Name          string    // of the class
	Probability   float64   // of the class; 0 where there are none
	Probabilities []float64 // of all classes; nil for a regression and a machine of least squares
	Scores        []float32 // the outputs of all classes as they are; nil for a regression

	Estimate             // of a regression: that of the first target
	Estimates []Estimate // of all targets; nil for classes
}

// String writes the answer for people: "virginica (55.3%)", or the estimates.
func (a Answer) String() string {
	switch {
	case a.Class < 0 && len(a.Estimates) < 2:
		return a.Estimate.String()
	case a.Class < 0:
		var all []string
		for _, e := range a.Estimates {
			all = append(all, e.String())
		}
		return strings.Join(all, ", ")
	case a.Probability > 0:
		return fmt.Sprintf("%s (%.1f%%)", a.Name, 100*a.Probability)
	}
	return a.Name
}

// HasProbabilities tells whether answers have the probabilities of classes.
func (p *Predictor) HasProbabilities() bool {
	return p.Classes != nil && (p.Machine == nil || p.Machine.Logits)
}

// UnsureBelow is the probability below which a class is more likely wrong than
// right, if probabilities are honest.
const UnsureBelow = 0.5

// Unsure tells whether the probability of the class is below [UnsureBelow].
func (a Answer) Unsure() bool { return a.Probabilities != nil && a.Probability < UnsureBelow }

// Likeliest returns up to n classes, those with the greatest scores first.
func (a Answer) Likeliest(n int) []int {
	order := make([]int, len(a.Scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case a.Scores[i] > a.Scores[j]:
			return -1
		case a.Scores[i] < a.Scores[j]:
			return 1
		}
		return 0
	})
	return order[:min(n, len(order))]
}

// Estimate is what a regression says of a target.
type Estimate struct {
	Value     float64
	Deviation float64 // standard deviation of a new target around Value; 0 if the machine has no posterior
	Low, High float64 // a new target is between them in 95% of cases; both are Value if that is not known

	scale float64 // of what was computed: of the difference between Value and a constant
}

// normal95 is how many standard deviations around the mean hold 95% of a normal
// distribution.
const normal95 = 1.959964

// estimate makes an answer of values. An interval is that of the machine's posterior, if
// there is one, and else of the width that rows told which were held out. Value has as many digits as float32 gives to the
// part of it that depends on the sample; the machine's constant has more.
func (p *Predictor) estimate(outputs, deviations []float64) Answer {
	a := Answer{Class: -1, Estimates: make([]Estimate, len(outputs))}
	for k, v := range outputs {
		e := Estimate{Value: v}
		constant, half := 0.0, 0.0
		if p.Machine != nil {
			constant = p.Machine.Bias[k]
			if p.Machine.HalfWidth != nil {
				half = p.Machine.HalfWidth[k]
			}
		}
		if deviations != nil {
			e.Deviation = deviations[k]
			half = normal95 * e.Deviation
		}
		e.scale = max(math.Abs(e.Value-constant), half)
		if e.scale == 0 {
			e.scale = math.Abs(constant)
		}
		e.Low, e.High = e.Value-half, e.Value+half
		e.Value, e.Low, e.High = round(e.Value, e.scale), round(e.Low, e.scale), round(e.High, e.scale)
		a.Estimates[k] = e
	}
	a.Estimate = a.Estimates[0]
	return a
}

// HasInterval tells whether Low and High are known.
func (e Estimate) HasInterval() bool { return e.Low < e.High }

// String writes the estimate for people: Value with six digits of its difference to the
// machine's constant, so that values such as 1000001.3 differ, and the interval with
// three digits of its width: "12.3456 (10.1 to 14.5)".
func (e Estimate) String() string {
	scale := e.scale
	if scale == 0 {
		scale = math.Abs(e.Value)
	}
	text := decimal(e.Value, places(scale, 6))
	if e.HasInterval() {
		n := places(e.High-e.Low, 3)
		text += " (" + decimal(e.Low, n) + " to " + decimal(e.High, n) + ")"
	}
	return text
}

// places returns the decimal places that give a number of the scale so many
// significant digits.
func places(scale float64, digits int) int {
	if scale == 0 || math.IsInf(scale, 0) || math.IsNaN(scale) {
		return 0
	}
	return max(0, digits-1-int(math.Floor(math.Log10(scale))))
}

// round keeps what a float32 of the scale can say, nine digits, so that no others are
// written anywhere.
func round(v, scale float64) float64 {
	unit := math.Pow10(places(scale, 9))
	if unit > 1e22 || math.Abs(v*unit) > 1<<53 { // float64 has no more
		return v + 0
	}
	return math.Round(v*unit)/unit + 0 // no negative zero
}

// decimal writes v with so many places at most, very small and large ones with an
// exponent.
func decimal(v float64, places int) string {
	size := math.Abs(v)
	if size >= 1e15 || size > 0 && size < 1e-4 {
		digits := places + 1 + int(math.Floor(math.Log10(size)))
		return strconv.FormatFloat(v, 'g', max(1, min(digits, 17)), 64)
	}
	text := strconv.FormatFloat(v, 'f', places, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	return text
}
