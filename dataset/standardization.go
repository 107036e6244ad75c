package dataset

import (
	"fmt"
	"slices"
)

// Standardization says how values become those that a network from elsewhere was
// trained on: (value - Mean) / Deviation. Values are pixels from 0 to 1, or the numbers
// of an .npz file as it holds them. The zero value leaves them as they are. Torchvision's
// networks for ImageNet want
//
//	Standardization{Mean: []float32{0.485, 0.456, 0.406}, Deviation: []float32{0.229, 0.224, 0.225}}
type Standardization struct {
	Mean, Deviation []float32 // one, or one for each channel; nil: 0 and 1
}

// IsZero tells whether values stay as they are.
func (s Standardization) IsZero() bool { return s.Mean == nil && s.Deviation == nil }

// Check fails unless the numbers are as many as the channels of an input, which is
// [channels, height, width] or [channels], or one for all; unless they are finite; and
// unless deviations are greater than 0.
func (s Standardization) Check(input []int) error {
	channels := 1
	if len(input) == 1 || len(input) == 3 {
		channels = input[0]
	}
	for _, part := range []struct {
		name   string
		values []float32
	}{{"mean", s.Mean}, {"deviation", s.Deviation}} {
		if n := len(part.values); part.values != nil && n != 1 && n != channels {
			return fmt.Errorf("dataset: the %s has %d numbers: want one, or one for each channel of the input %v, %d", part.name, n, input, channels)
		}
		for _, v := range part.values {
			if v-v != 0 || part.name == "deviation" && v <= 0 {
				return fmt.Errorf("dataset: the %s %v: want finite numbers, and deviations greater than 0", part.name, v)
			}
		}
	}
	return nil
}

// Apply standardises samples of an input for which Check does not fail. It fails, and
// changes nothing, where a mean is not from 0 to 1 but images are: it is that of
// bytes from 0 to 255.
func (s Standardization) Apply(values []float32, input []int) error {
	if s.IsZero() || len(values) == 0 {
		return nil
	}
	isUnit := func(v float32) bool { return v >= 0 && v <= 1 }
	if wrong := slices.IndexFunc(s.Mean, func(mean float32) bool { return !isUnit(mean) }); wrong >= 0 && len(input) == 3 &&
		isUnit(slices.Min(values)) && isUnit(slices.Max(values)) {
		return fmt.Errorf("dataset: the mean %v is not from 0 to 1, but the values are: if it is that of bytes, divide mean and deviation by 255", s.Mean[wrong])
	}
	channels := max(len(s.Mean), len(s.Deviation))
	plane := size(input) / channels
	for i := range values {
		channel := i / plane % channels
		if s.Mean != nil {
			values[i] -= s.Mean[min(channel, len(s.Mean)-1)]
		}
		if s.Deviation != nil {
			values[i] /= s.Deviation[min(channel, len(s.Deviation)-1)]
		}
	}
	return nil
}
