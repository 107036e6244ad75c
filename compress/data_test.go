package compress

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/check"
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
		"holds bytes":            {"x_train": x, "x_test": array(false, []int{1, 2}, 0, 1)},
		"one of y_train":         {"x_train": x, "x_test": x, "y_train": y},
	} {
		if _, err := fromArrays(arrays, nn.Shape{1, 2}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// TestArraysInAnotherOrder has pictures whose channels come last, which would be read
// as noise.
func TestArraysInAnotherOrder(t *testing.T) {
	for _, c := range []struct {
		shape, input []int
		fits         bool
	}{
		{[]int{2, 3, 4, 5}, []int{3, 4, 5}, true},
		{[]int{2, 60}, []int{3, 4, 5}, true},
		{[]int{2, 3, 4, 5}, []int{60}, true},
		{[]int{2, 4, 5, 1}, []int{1, 4, 5}, true},
		{[]int{2, 4, 5}, []int{1, 4, 5}, true},
		{[]int{2, 4, 5, 3}, []int{3, 4, 5}, false},
	} {
		x := dataset.Array{Shape: c.shape, Values: make([]float32, 2*nn.Shape(c.input).Size())}
		_, err := samples(x, dataset.Array{}, c.input)
		if fits := err == nil; fits != c.fits {
			t.Errorf("%v for %v: %v", c.shape, c.input, err)
		}
	}
}

// TestIgnoredOptions has options that would change nothing, and data that are no
// numbers.
func TestIgnoredOptions(t *testing.T) {
	network, err := nn.New(nn.Description{Name: "n", Input: nn.Shape{4}, Nodes: []nn.Node{{Name: "fc", Op: nn.Dense{Out: 3}}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromNetwork(nil); err == nil {
		t.Error("no network: no error")
	}
	data := func(v float64) *Data {
		s := Samples{Inputs: []float32{1, 2, 3, float32(v)}}
		return &Data{Train: s, Test: s}
	}
	for want, o := range map[string]Options{
		"fastfood has no rank": {Method: Fastfood, Rank: Rank{N: 2}, Data: data(1)},
		"for fastfood, not":    {Transforms: 2},
		"rate is for fine":     {Rate: 0.1},
		"needs data":           {FineTune: 1},
		"budget, drop or size": {Budget: math.NaN()},
		"not finite":           {MaxDrop: math.Inf(1), Data: data(1)},
		"rank -2":              {Rank: Rank{N: -2}},
		"part 0.5":             {Rank: Rank{N: 2, Part: 0.5}},
		"part NaN":             {Rank: Rank{Part: math.NaN()}},
		"energy 1.5":           {Rank: Rank{Energy: 1.5}},
		"the value NaN":        {Data: data(math.NaN())},
		"the value -Inf":       {Data: data(math.Inf(-1))},
	} {
		if _, err := model.Compress(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func TestSlicePanics(t *testing.T) {
	all := Samples{Inputs: make([]float32, 8), Labels: make([]int32, 4)}
	part := all.Slice(1, 3, 2) // whose memory goes on
	if len(part.Inputs) != 4 || len(part.Labels) != 2 {
		t.Errorf("samples 1 and 2 are %v", part)
	}
	for _, c := range []struct{ i, j, size int }{{0, 3, 2}, {-1, 1, 2}, {2, 1, 2}, {0, 1, 0}, {0, 2, 3}} {
		check.Panics(t, "Slice", "compress: Slice: ", func() { part.Slice(c.i, c.j, c.size) })
	}
}
