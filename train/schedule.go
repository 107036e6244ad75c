package train

import (
	"fmt"
	"math"
)

// Schedule gives the learning rate of every step, as a multiple of the base
// rate.
type Schedule struct {
	// Kind is one of
	//
	//	constant   1
	//	inv        (1 + Gamma·step)^-Power                    (Caffe)
	//	step       Gamma^⌊step/StepSize⌋                      (Caffe)
	//	cosine     from 1 to 0 along half a cosine            (Loshchilov and Hutter, ICLR 2017)
	//	onecycle   up from 1/25 to 1 in the first 30% of all steps, then down to
	//	           1/250,000, both along half a cosine        (Smith and Topin, 2018)
	Kind     string  `json:"kind"`
	Gamma    float64 `json:"gamma,omitempty"`
	Power    float64 `json:"power,omitempty"`
	StepSize int     `json:"step_size,omitempty"`
}

// Factor returns the multiple for a step, from 0 to steps-1. It panics for other
// steps, and if the schedule is one that [Recipe.Check] refuses.
func (s Schedule) Factor(step, steps int) float64 {
	if step < 0 || step >= steps || s.check() != nil {
		panic("train: Factor: a step outside the run, or a schedule that Recipe.Check refuses")
	}
	switch s.Kind {
	case "inv":
		return math.Pow(1+s.Gamma*float64(step), -s.Power)
	case "step":
		return math.Pow(s.Gamma, float64(step/s.StepSize))
	case "cosine":
		return halfCosine(1, 0, float64(step)/float64(steps))
	case "onecycle":
		const start, end, top = 1.0 / 25, 1.0 / 250000, 0.3
		if at := float64(step) / float64(max(1, steps-1)); at < top {
			return halfCosine(start, 1, at/top)
		} else {
			return halfCosine(1, end, (at-top)/(1-top))
		}
	}
	return 1
}

// halfCosine goes from a to b as x goes from 0 to 1, level at both ends.
func halfCosine(a, b, x float64) float64 {
	return b + (a-b)*(1+math.Cos(math.Pi*x))/2
}

func (s Schedule) check() error {
	if !finite(s.Gamma, s.Power) {
		return fmt.Errorf("schedule %s: gamma %v, power %v: want finite numbers that are not negative", s.Kind, s.Gamma, s.Power)
	}
	switch s.Kind {
	case "constant", "cosine", "onecycle", "inv":
		return nil
	case "step":
		if s.StepSize < 1 || s.Gamma == 0 {
			return fmt.Errorf("schedule step: a step size of %d and a gamma of %v: the first must be at least 1, the second positive and finite", s.StepSize, s.Gamma)
		}
		return nil
	}
	return fmt.Errorf("schedule %q: want constant, inv, step, cosine or onecycle", s.Kind)
}
