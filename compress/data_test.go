package compress

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
)

func TestStandardize(t *testing.T) {
	d := &Data{Train: Samples{Inputs: []float32{0, 1}}, Test: Samples{Inputs: []float32{0.5, 0.75}}}
	if err := d.Standardize(dataset.Standardization{Mean: []float32{0.5}, Deviation: []float32{0.25}}, nn.Shape{1, 1, 2}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.Train.Inputs, []float32{-2, 2}) || !slices.Equal(d.Test.Inputs, []float32{0, 1}) {
		t.Errorf("found %v and %v", d.Train.Inputs, d.Test.Inputs)
	}
	for want, s := range map[string]dataset.Standardization{
		"one for each channel": {Mean: []float32{0.5, 0.5, 0.5}},
		"by 255":               {Mean: []float32{128}},
	} {
		d := &Data{Train: Samples{Inputs: []float32{0, 1}}}
		if err := d.Standardize(s, nn.Shape{1, 1, 2}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
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
		"fastfood has no rank": {Methods: []Method{Fastfood}, Rank: Rank{N: 2}, Data: data(1)},
		"for fastfood, not":    {Transforms: 2},
		"rate is for fine":     {Rate: 0.1},
		"needs data":           {FineTune: 1},
		"a budget of NaN":      {Budget: math.NaN()},
		"a budget of -Inf":     {Budget: math.Inf(-1)},
		"more than 1":          {Budget: 1},
		"not finite":           {MaxDrop: math.Inf(1), Data: data(1)},
		"a drop of NaN":        {MaxDrop: math.NaN(), Data: data(1)},
		"less than 100":        {MaxDrop: 100, Data: data(1)},
		"a size of -5":         {TargetBytes: -5},
		"choose one of a":      {TargetBytes: 5, Budget: 2},
		"-3 transforms":        {Transforms: -3, Methods: []Method{Fastfood}, Data: data(1)},
		"at most 1024":         {Transforms: 1 << 40, Methods: []Method{Fastfood}, Data: data(1)},
		"choose one of them":   {Transforms: 1, Rank: Rank{N: 1}},
		"a rate of NaN":        {Rate: math.NaN(), FineTune: 1, Data: data(1)},
		"a rate of -0.1":       {Rate: -0.1, FineTune: 1, Data: data(1)},
		"rank -2":              {Rank: Rank{N: -2}},
		"rank 268435457":       {Rank: Rank{N: 1<<28 + 1}},
		"part 0.5":             {Rank: Rank{N: 2, Part: 0.5}},
		"part NaN":             {Rank: Rank{Part: math.NaN()}},
		"part -0.5":            {Rank: Rank{Part: -0.5}},
		"energy 1.5":           {Rank: Rank{Energy: 1.5}},
		"energy NaN":           {Rank: Rank{Energy: math.NaN()}},
		"named twice":          {Layers: []string{"fc", "fc"}},
		"the value NaN":        {Data: data(math.NaN())},
		"the value -Inf":       {Data: data(math.Inf(-1))},
	} {
		if _, err := model.Compress(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}
