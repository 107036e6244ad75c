package nn

import (
	"slices"
	"testing"
)

// TestFusedLayersEqualSeparateOnes compares with a network that has a dropout of
// rate 0 between the layers, which keeps them apart, to the bit.
func TestFusedLayersEqualSeparateOnes(t *testing.T) {
	for _, first := range []Op{
		Conv{Out: 6, Kernel: 3, Pad: 1, Groups: 2}, Conv{Out: 3, Kernel: 5, NoBias: true},
		Dense{Out: 9}, Dense{Out: 300}, Dense{Out: 9, NoBias: true},
		Fastfood{Out: 150, Learn: "SGB"}, Fastfood{Out: 20, NoBias: true}, Monarch{Out: 50, Blocks: 10}, Monarch{Out: 20, Blocks: 4, NoBias: true}, BatchNorm{},
	} {
		for _, second := range []Op{ReLU{}, Cos{}, CosSin{}} {
			for _, batch := range []int{1, 7, 20} {
				run := func(between ...Node) (values [][]float32, fused bool) {
					nodes := append([]Node{{Name: "first", Op: first}}, between...)
					nodes = append(nodes, Node{Name: "second", Op: second}, Node{Name: "last", Op: Dense{Out: 2}})
					n, err := New(Description{Name: "test", Input: Shape{4, 6, 7}, Nodes: nodes}, 5)
					if err != nil {
						t.Fatal(err)
					}
					for _, p := range n.Params() {
						if p.Kind == Bias {
							copy(p.Data, gaussian(len(p.Data), 3))
						}
					}
					single := n.NewWorkspace(batch, false)
					values = append(values, slices.Clone(single.Forward(gaussian(batch*4*6*7, 4))))
					w := n.NewWorkspace(batch, true)
					values = append(values, w.Forward(gaussian(batch*4*6*7, 4)))
					copy(w.OutputGrad(), gaussian(batch*2, 6))
					w.Backward()
					for _, p := range n.Params() {
						values = append(values, w.Gradient(p))
					}
					return values, n.fused(0)
				}
				want, fusedApart := run(Node{Name: "apart", Op: Dropout{}})
				got, fused := run()
				maps := slices.Contains([]string{"dense", "fastfood"}, first.Kind())
				if _, relu := second.(ReLU); fusedApart || fused != (relu || maps) {
					t.Fatalf("%T, %T: fused: %v, with a layer between: %v", first, second, fused, fusedApart)
				}
				for i := range want {
					if !slices.Equal(got[i], want[i]) {
						t.Fatalf("%+v, %T, batch %d: result %d differs from that of separate layers", first, second, batch, i)
					}
				}
			}
		}
	}
}

// TestOutputsReadTwiceAreNotFused: an Add takes what is before the ReLU too.
func TestOutputsReadTwiceAreNotFused(t *testing.T) {
	n, err := New(Description{Name: "test", Input: Shape{4}, Nodes: []Node{
		{Name: "dense", Op: Dense{Out: 4}}, {Name: "relu", Op: ReLU{}}, {Name: "sum", Op: Add{}, From: []string{"dense", "relu"}},
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if n.fused(0) {
		t.Error("fused")
	}
}
