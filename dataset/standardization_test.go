package dataset

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestStandardization(t *testing.T) {
	two := []int{2, 1, 2} // channels, height, width
	values := []float32{0, 0.5, 1, 0.25, 0.75, 1, 0, 0.5}
	for _, c := range []struct {
		s    Standardization
		want []float32
	}{
		{Standardization{}, values},
		{Standardization{Mean: []float32{0.5}}, []float32{-0.5, 0, 0.5, -0.25, 0.25, 0.5, -0.5, 0}},
		{Standardization{Deviation: []float32{0.5, 0.25}}, []float32{0, 1, 4, 1, 1.5, 2, 0, 2}},
		{Standardization{Mean: []float32{0.5, 0.25}, Deviation: []float32{0.5}}, []float32{-1, 0, 1.5, 0, 0.5, 1, -0.5, 0.5}},
	} {
		got := slices.Clone(values)
		if err := c.s.Check(two); err != nil {
			t.Errorf("%v: %v", c.s, err)
		}
		if err := c.s.Apply(got, two); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %v, want %v", c.s, got, err, c.want)
		}
	}
	columns := []float32{1, 10, 3, 30}
	if err := (Standardization{Mean: []float32{1, 10}, Deviation: []float32{2, 20}}).Apply(columns, []int{2}); err != nil || !slices.Equal(columns, []float32{0, 0, 1, 1}) {
		t.Errorf("columns: %v, %v", columns, err)
	}
}

func TestStandardizationRefuses(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for want, s := range map[string]Standardization{
		"the mean has 2 numbers: want one, or one for each channel of the input [3 4 4], 3": {Mean: []float32{1, 2}},
		"the deviation has 0 numbers": {Deviation: []float32{}},
		"the mean NaN":                {Mean: []float32{0, nan, 0}},
		"the mean +Inf":               {Mean: []float32{inf}},
		"the deviation 0":             {Deviation: []float32{1, 0, 1}},
		"the deviation -1":            {Deviation: []float32{-1}},
	} {
		if err := s.Check([]int{3, 4, 4}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	values := []float32{0, 1}
	err := Standardization{Mean: []float32{123.7}}.Apply(values, []int{1, 1, 2})
	if err == nil || !strings.Contains(err.Error(), "divide mean and deviation by 255") || !slices.Equal(values, []float32{0, 1}) {
		t.Errorf("the mean of bytes: %v, %v", values, err)
	}
	if err := (Standardization{Mean: []float32{123.7}}).Apply([]float32{0, 255}, []int{1, 1, 2}); err != nil {
		t.Errorf("numbers from 0 to 255: %v", err)
	}
}
