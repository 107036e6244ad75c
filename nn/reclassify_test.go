package nn

import (
	"slices"
	"strings"
	"testing"
)

// ending returns a network of a convolution and what follows.
func ending(ops ...Op) Description {
	d := Description{Name: "ending", Input: Shape{2, 6, 6}, Nodes: []Node{{Name: "conv1", Op: Conv{Out: 4, Kernel: 3}}, {Name: "norm", Op: BatchNorm{}}}}
	for i, op := range ops {
		d.Nodes = append(d.Nodes, Node{Name: string(rune('a' + i)), Op: op})
	}
	return d
}

// TestReclassify gives networks of every ending another number of classes: the new
// classifier is as drawn from the seed, and the rest is the old network's.
func TestReclassify(t *testing.T) {
	cosine := residual()
	cosine.Nodes = append(slices.Clone(cosine.Nodes[:9]), Node{Name: "fc2", Op: Fastfood{Out: 4, Learn: "SGB"}})
	for name, c := range map[string]struct {
		d          Description
		classifier string
		end        string // the last layer that stays
	}{
		"dense": {ending(Dense{Out: 5}, ReLU{}, Dense{Out: 3}), "c", "c"}, "fork": {residual(), "fc2", "fc2"}, "fastfood": {cosine, "fc2", "fc2"},
		"softmax":           {ending(Dense{Out: 3, NoBias: true}, SoftmaxLayer{}), "a", "a"},
		"reshaped":          {ending(GlobalAveragePool{}, Conv{Out: 3, Kernel: 1}, Reshape{Shape: Shape{3}}, SoftmaxLayer{Log: true}), "b", "b"},
		"pooled":            {ending(Dropout{Rate: 0.5}, Conv{Out: 3, Kernel: 1}, ReLU{}, GlobalAveragePool{}, Reshape{Shape: Shape{3}}, SoftmaxLayer{}), "b", "d"},
		"pooled by windows": {ending(Conv{Out: 3, Kernel: 1}, AveragePool{Kernel: 4, Stride: 1}, Dropout{Rate: 0.1}), "a", "c"},
	} {
		n := mustNew(t, c.d)
		n.Param("conv1.bias").Data[1], n.Param("conv1.weight").Learn = 7, false
		before := len(n.Description.Nodes)
		got, err := n.Reclassify(7, 9)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		nodes := got.Description.Nodes
		if got.OutShape().Size() != 7 || nodes[len(nodes)-1].Name != c.end || len(n.Description.Nodes) != before || n.OutShape().Size() == 7 {
			t.Errorf("%s: outputs of %v, the last layer is %s; want %s", name, got.OutShape(), nodes[len(nodes)-1].Name, c.end)
		}
		drawn, err := New(got.Description, 9)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range got.Params() {
			old := n.Param(p.Name)
			if !strings.HasPrefix(p.Name, c.classifier+".") {
				if p.Kind != Permutation && &p.Data[0] != &old.Data[0] || p.Kind == Permutation && &p.Indices[0] != &old.Indices[0] || p.Learn != old.Learn || p == old {
					t.Errorf("%s: %s is not shared", name, p.Name)
				}
			} else if q := drawn.Param(p.Name); !slices.Equal(p.Data, q.Data) || !slices.Equal(p.Indices, q.Indices) {
				t.Errorf("%s: %s is not as drawn from the seed", name, p.Name)
			}
		}
		w := got.NewWorkspace(2, true)
		trainingStep(w, gaussian(2*72, 1))
	}
}

func TestReclassifyErrors(t *testing.T) {
	joined := residual()
	joined.Nodes = append(joined.Nodes[:6:6], Node{Name: "pool", Op: GlobalAveragePool{}})
	for name, c := range map[string]struct {
		d       Description
		classes int
		want    string
	}{
		"normalised":     {ending(Dense{Out: 3}, BatchNorm{}), 7, "ends in layer b (batchnorm); want a dense layer"},
		"sigmoid":        {ending(Dense{Out: 3}, Sigmoid{}), 7, "layer b (sigmoid)"},
		"images":         {ending(Conv{Out: 3, Kernel: 1}), 7, "layer a is the classifier, but the network's output would be 7×4×4"},
		"groups":         {ending(GlobalAveragePool{}, Conv{Out: 4, Kernel: 1, Groups: 4}), 7, "groups"},
		"joined":         {joined, 7, "layer both (concat)"},
		"reshaped early": {ending(Conv{Out: 3, Kernel: 1}, Reshape{Shape: Shape{4, 3, 4}}, GlobalAveragePool{}), 7, "layer b (reshape) stands between"},
		"no classes":     {ending(Dense{Out: 3}), 0, "network ending: no classifier for 0 classes"},
		"none":           {Description{Name: "none", Input: Shape{3}, Nodes: []Node{{Name: "relu", Op: ReLU{}}}}, 7, "there is no dense layer"},
	} {
		if _, err := mustNew(t, c.d).Reclassify(c.classes, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that contains %q", name, err, c.want)
		}
	}
}
