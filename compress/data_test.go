package compress

import (
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
)

func TestArrays(t *testing.T) {
	array := func(bytes bool, shape []int, values ...float32) dataset.Array {
		return dataset.Array{Shape: shape, Values: values, Bytes: bytes}
	}
	x := array(true, []int{3, 1, 2}, 0, 51, 102, 153, 204, 255)
	y := array(false, []int{3}, 0, 2, 1)
	data, err := fromArrays(map[string]dataset.Array{"x": x, "y": y}, nn.Shape{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(data.Train.Inputs, []float32{0, 51 * float32(1./255), 102 * float32(1./255), 153 * float32(1./255)}) || !slices.Equal(data.Train.Labels, []int32{0, 2}) || !slices.Equal(data.Test.Labels, []int32{1}) {
		t.Errorf("found %v", data)
	}
	data, err = fromArrays(map[string]dataset.Array{"anything": array(false, []int{2, 1}, 7, 8)}, nn.Shape{1})
	if err != nil || data.Train.Labels != nil || !slices.Equal(data.Test.Inputs, []float32{8}) {
		t.Errorf("one array: %v, %v", data, err)
	}
	for want, arrays := range map[string]map[string]dataset.Array{
		"want arrays named":      {"a": y, "b": y},
		"have the shape []":      {"x": array(false, nil, 1)},
		"have the shape [3]":     {"x": y},
		"2 labels for 3 samples": {"x": x, "y": array(false, []int{2}, 0, 1)},
		"label 1 is 0.5":         {"x": x, "y": array(false, []int{3}, 0, 0.5, 1)},
		"label 0 is -1":          {"x": x, "y": array(false, []int{3}, -1, 0, 1)},
		"at least two":           {"x": array(false, []int{1, 2}, 1, 1)},
		"x_test and y_test":      {"x_train": x},
	} {
		if _, err := fromArrays(arrays, nn.Shape{1, 2}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}
