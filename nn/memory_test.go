package nn

import "testing"

func TestWorkspaceBytesAreThoseAllocated(t *testing.T) {
	d := Description{Name: "net", Input: Shape{1, 6, 6}, Nodes: []Node{
		{Name: "conv", Op: Conv{Out: 2, Kernel: 3}},
		{Name: "relu", Op: ReLU{}},
		{Name: "norm", Op: BatchNorm{}},
		{Name: "pool", Op: MaxPool{Kernel: 2, Stride: 2}},
		{Name: "fc1", Op: Fastfood{Out: 40, Learn: "SGB"}},
		{Name: "features", Op: CosSin{}},
		{Name: "fc2", Op: Dense{Out: 3}},
	}}
	n, err := New(d, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, training := range []bool{false, true} {
		w := n.NewWorkspace(5, training)
		seen, want := map[*float32]bool{}, 0
		count := func(values []float32) {
			if len(values) > 0 && !seen[&values[0]] {
				seen[&values[0]] = true
				want += 4 * len(values)
			}
		}
		for _, tensor := range w.tensors {
			count(tensor.Value)
			count(tensor.Grad)
		}
		for _, gradient := range w.gradients {
			count(gradient)
		}
		if got, err := WorkspaceBytes(d, 5, training); err != nil || got != int64(want) {
			t.Errorf("training %v: %d bytes (%v), want %d", training, got, err, want)
		}
	}
}
