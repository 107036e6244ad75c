package nn

import (
	"slices"
	"strings"
	"testing"
)

// TestSliceInTwo runs the network as two, wherever one value alone goes on.
func TestSliceInTwo(t *testing.T) {
	n := mustNew(t, residual())
	x := gaussian(3*72, 1)
	want := slices.Clone(n.NewWorkspace(3, false).Forward(x))
	for cut := 6; cut < len(n.Description.Nodes); cut++ {
		first, err := n.Slice(0, cut)
		if err != nil {
			t.Fatal(err)
		}
		second, err := n.Slice(cut, len(n.Description.Nodes))
		if err != nil {
			t.Fatal(err)
		}
		between := slices.Clone(first.NewWorkspace(3, false).Forward(x))
		if got := second.NewWorkspace(3, false).Forward(between); !slices.Equal(got, want) {
			t.Errorf("cut before node %d: %v, want %v", cut, got, want)
		}
		for _, p := range slices.Concat(first.Params(), second.Params()) {
			if whole := n.Param(p.Name); len(p.Data) > 0 && &p.Data[0] != &whole.Data[0] {
				t.Errorf("cut before node %d: %s is a copy", cut, p.Name)
			}
		}
	}
}

func TestSliceLeavesOutWhatIsNotUsed(t *testing.T) {
	n := mustNew(t, residual())
	part, err := n.Slice(0, 5) // conv3 takes relu1, not the sum
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range part.Layers() {
		names = append(names, l.Name)
	}
	if want := []string{"conv1", "relu1", "conv3"}; !slices.Equal(names, want) {
		t.Errorf("layers %v, want %v", names, want)
	}
}

func TestSliceErrors(t *testing.T) {
	n := mustNew(t, residual())
	for _, c := range []struct {
		i, j int
		want string
	}{
		{-1, 2, "nodes -1 to 2 of 11"}, {3, 3, "nodes 3 to 3"}, {0, 12, "nodes 0 to 12"},
		{3, 10, "layer sum takes an output from before node 3"},
	} {
		if _, err := n.Slice(c.i, c.j); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Slice(%d, %d): error %v, want one that contains %q", c.i, c.j, err, c.want)
		}
	}
}
