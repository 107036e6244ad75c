package nn

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

func caffeLike() Description {
	return Description{Name: "net", Input: Shape{1, 8, 8}, Nodes: []Node{
		{Name: "conv1", Op: Conv{Out: 2, Kernel: 3}},
		{Name: "fc6", Op: Dense{Out: 20}},
		{Name: "relu6", Op: ReLU{}},
		{Name: "fc7", Op: Dense{Out: 30, NoBias: true}},
		{Name: "relu7", Op: ReLU{}},
		{Name: "fc8", Op: Dense{Out: 5}},
	}}
}

func TestFry(t *testing.T) {
	for _, c := range []struct {
		options FryOptions
		want    map[string]Op // the nodes that differ
	}{
		{FryOptions{Learn: "SGB"}, map[string]Op{"fc6": Fastfood{Out: 20, Learn: "SGB"}, "fc7": Fastfood{Out: 30, Learn: "SGB", NoBias: true}}},
		{FryOptions{Outputs: 64, Classifier: true, ClassifierLearn: "S"}, map[string]Op{
			"fc6": Fastfood{Out: 64}, "fc7": Fastfood{Out: 64, NoBias: true}, "fc8": Fastfood{Out: 5, Learn: "S", Gain: 1}}},
		{FryOptions{Padding: "mixed", Classifier: true}, map[string]Op{
			"fc6": Fastfood{Out: 20, Padding: "mixed"}, "fc7": Fastfood{Out: 30, NoBias: true, Padding: "mixed"}, "fc8": Fastfood{Out: 5, Gain: 1, Padding: "mixed"}}},
		{FryOptions{NonLinearity: "cos"}, map[string]Op{
			"fc6": Fastfood{Out: 20, Gain: 1, Phase: true}, "relu6": Cos{}, "fc7": Fastfood{Out: 30, Gain: 1, Phase: true}, "relu7": Cos{}}},
		{FryOptions{NonLinearity: "cossin"}, map[string]Op{
			"fc6": Fastfood{Out: 20, Gain: 1}, "relu6": CosSin{}, "fc7": Fastfood{Out: 30, NoBias: true, Gain: 1}, "relu7": CosSin{}}},
		{FryOptions{Learn: "SGB", Group: 4, Classifier: true}, map[string]Op{"fc6": Fastfood{Out: 20, Learn: "SGB", Group: 4}, "fc7": Fastfood{Out: 30, Learn: "SGB", NoBias: true, Group: 4}, "fc8": Fastfood{Out: 5, Gain: 1}}},
		{FryOptions{Outputs: 12, Blocks: 4}, map[string]Op{"fc6": Monarch{Out: 12, Blocks: 4, Gain: math.Sqrt2}, "fc7": Monarch{Out: 12, Blocks: 4, NoBias: true, Gain: math.Sqrt2}}},
	} {
		before := caffeLike()
		fried, err := Fry(before, c.options)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(before, caffeLike()) {
			t.Error("Fry changed its argument")
		}
		for i, node := range fried.Nodes {
			want, ok := c.want[node.Name]
			if !ok {
				want = before.Nodes[i].Op
			}
			if node.Op != want {
				t.Errorf("%+v: %s is %+v, want %+v", c.options, node.Name, node.Op, want)
			}
		}
		n := mustNew(t, fried)
		n.NewWorkspace(2, false).Forward(gaussian(128, 1))
	}
}

func TestFryErrors(t *testing.T) {
	classifierOnly := caffeLike()
	classifierOnly.Nodes = append(classifierOnly.Nodes[:1:1], Node{Name: "fc8", Op: Dense{Out: 5}})
	noDense := caffeLike()
	noDense.Nodes = noDense.Nodes[:1]
	linear := caffeLike()
	linear.Nodes = append(linear.Nodes[:2:2], linear.Nodes[3:]...)
	for _, c := range []struct {
		d       Description
		options FryOptions
		want    string
	}{
		{classifierOnly, FryOptions{}, "no dense layer between"},
		{noDense, FryOptions{}, "no dense layer"},
		{linear, FryOptions{NonLinearity: "cos"}, "fc6"},
		{caffeLike(), FryOptions{NonLinearity: "tanh"}, "tanh"},
		{caffeLike(), FryOptions{Outputs: -3}, "-3 outputs"},
		{caffeLike(), FryOptions{Blocks: -1}, "at least 1 block"},
		{caffeLike(), FryOptions{Blocks: 4, Learn: "SGB"}, "none of the others"},
		{caffeLike(), FryOptions{Blocks: 4, NonLinearity: "cos"}, "none of the others"},
		{classifierOnly, FryOptions{NonLinearity: "tanh", Classifier: true}, "tanh"},
		{caffeLike(), FryOptions{ClassifierLearn: "SGB"}, "stays dense"},
	} {
		if _, err := Fry(c.d, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one that contains %q", c.options, err, c.want)
		}
	}
	if _, err := Fry(classifierOnly, FryOptions{Classifier: true}); err != nil {
		t.Errorf("a classifier alone: %v", err)
	}
}
