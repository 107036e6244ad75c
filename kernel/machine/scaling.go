package machine

import (
	"errors"
	"fmt"
	"math"
)

// Scaling is what is done to a row before it goes to the feature map:
//
//	x[j] = (x[j] - Mean[j]) · Scale[j], and then x = x/|x| if UnitRows
//
// The zero Scaling changes nothing. A row of zeros has no direction and stays.
type Scaling struct {
	Mean     []float32 // [Inputs], or nil: 0
	Scale    []float32 // [Inputs], or nil: 1
	UnitRows bool
}

// Standardize returns the scaling that gives every column the mean 0 and the
// deviation 1, and a constant one zeros.
func Standardize(s *Summary) Scaling {
	scaling := Center(s)
	scaling.Scale = make([]float32, len(s.Deviation))
	for j, deviation := range s.Deviation {
		// What is left of a constant by rounding is no deviation.
		if deviation > 1e-7*math.Abs(s.Mean[j]) && 1/deviation <= math.MaxFloat32 {
			scaling.Scale[j] = float32(1 / deviation)
		}
	}
	return scaling
}

// Center returns the scaling that gives every column the mean 0.
func Center(s *Summary) Scaling {
	mean := make([]float32, len(s.Mean))
	for j, v := range s.Mean {
		mean[j] = float32(v)
	}
	return Scaling{Mean: mean}
}

func (s *Scaling) validate(inputs int) error {
	for _, v := range [][]float32{s.Mean, s.Scale} {
		if v != nil && len(v) != inputs {
			return fmt.Errorf("machine: scaling: %d means or scales: want one for each of %d inputs", len(v), inputs)
		}
		if notFinite(v) >= 0 {
			return errors.New("machine: scaling: a mean or scale is not finite")
		}
	}
	return nil
}

// Apply scales rows x [rows, inputs] in place. It panics if x is not whole rows, or the
// scaling is not one of such rows.
func (s *Scaling) Apply(x []float32, inputs int) {
	if inputs < 1 || len(x)%inputs != 0 || s.validate(inputs) != nil {
		panic("machine: Scaling.Apply: x is not whole rows, or the scaling is of others")
	}
	for ; len(x) > 0; x = x[inputs:] {
		s.apply(x[:inputs], x[:inputs])
	}
}

// apply writes the scaled row x to y, which may be the same.
func (s *Scaling) apply(y, x []float32) {
	copy(y, x)
	for j, mean := range s.Mean {
		y[j] -= mean
	}
	for j, scale := range s.Scale {
		y[j] *= scale
	}
	if !s.UnitRows {
		return
	}
	squares := 0.0
	for _, v := range y {
		squares += float64(v) * float64(v)
	}
	if squares > 0 {
		scale := float32(1 / math.Sqrt(squares))
		for j := range y {
			y[j] *= scale
		}
	}
}
