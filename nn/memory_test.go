package nn

import "testing"

// TestWorkspaceBytesAreThoseAllocated counts what workspaces hold: epilogues have
// no memory of their own, forks have a gradient for each reader, and layers up to
// which nothing learns have none.
func TestWorkspaceBytesAreThoseAllocated(t *testing.T) {
	chain := Description{Name: "net", Input: Shape{1, 6, 6}, Nodes: []Node{
		{Name: "first", Op: MaxPool{Kernel: 1, Stride: 1}},
		{Name: "conv", Op: Conv{Out: 2, Kernel: 3}},
		{Name: "relu", Op: ReLU{}},
		{Name: "norm", Op: BatchNorm{}},
		{Name: "pool", Op: MaxPool{Kernel: 2, Stride: 2}},
		{Name: "fc1", Op: Fastfood{Out: 40, Learn: "SGB"}},
		{Name: "features", Op: CosSin{}},
		{Name: "fc2", Op: Dense{Out: 3}},
	}}
	for _, d := range []Description{chain, residual()} {
		n := mustNew(t, d)
		for _, training := range []bool{false, true} {
			w := n.NewWorkspace(5, training)
			seen, want := map[*float32]bool{}, 0
			count := func(values []float32) {
				if len(values) > 0 && !seen[&values[0]] {
					seen[&values[0]] = true
					want += 4 * len(values)
				}
			}
			_, shares := w.bind()
			for _, tensor := range w.tensors[1:] {
				count(tensor.Value)
				count(tensor.Grad)
			}
			for _, parts := range shares {
				for _, share := range parts {
					count(share)
				}
			}
			for _, gradient := range w.gradients {
				count(gradient)
			}
			if got, err := WorkspaceBytes(d, 5, training); err != nil || got != int64(want) {
				t.Errorf("%s, training %v: %d bytes (%v), want %d", d.Name, training, got, err, want)
			}
		}
	}
}
