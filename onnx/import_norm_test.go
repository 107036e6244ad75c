package onnx

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/nn"
)

// arithmetic computes what operators with constants, the names of which may stand
// before or behind the value, make of a sample of 2×2×3, in float64.
func arithmetic(x []float32, nodes []*Node, tensors []*Tensor) []float32 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	for _, n := range nodes {
		at := slices.IndexFunc(tensors, func(t *Tensor) bool { return slices.Contains(n.Inputs, t.Name) })
		if at < 0 {
			continue // an Identity
		}
		t := tensors[at]
		values, _ := t.Floats()
		dims := append([]int{1, 1, 1, 1}, t.Dims...)
		dims = dims[len(dims)-3:]
		for i := range y {
			from := 0
			for k, index := range []int{i % 12 / 6, i % 6 / 3, i % 3} {
				from = from*dims[k] + index%dims[k]
			}
			c := float64(values[from])
			switch {
			case n.Type == "Add":
				y[i] += c
			case n.Type == "Mul":
				y[i] *= c
			case n.Type == "Div":
				y[i] /= c
			case n.Inputs[0] == t.Name:
				y[i] = c - y[i]
			default:
				y[i] -= c
			}
		}
	}
	rounded := make([]float32, len(y))
	for i, v := range y {
		rounded[i] = float32(v)
	}
	return rounded
}

// TestConstantsBecomeNormalize draws every operator with constants of every shape.
func TestConstantsBecomeNormalize(t *testing.T) {
	tensors := []*Tensor{
		NewTensor("number", nil, []float32{255}), NewTensor("one", []int{1, 1, 1, 1}, []float32{-3}), NewTensor("mean", []int{2, 1, 1}, []float32{0.5, -0.25}), NewTensor("std", []int{1, 2, 1, 1}, []float32{0.25, 2}),
		NewTensor("row", []int{3}, []float32{1, 2, -3}), NewTensor("column", []int{2, 1}, []float32{4, 0.5}), NewTensor("plane", []int{2, 3}, []float32{1, 3, -2, 5, 4, 7}), NewTensor("all", []int{1, 2, 2, 3}, []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6}),
	}
	x := gaussian(3*12, 1)
	for _, c := range []struct {
		nodes []*Node
		mean  string // the shape of it
	}{
		{[]*Node{op("Sub", "a", "x mean"), op("Div", "y", "a std")}, "[2]"},
		{[]*Node{op("Mul", "y", "number x")}, "[2]"},
		{[]*Node{op("Sub", "y", "one x")}, "[2]"},
		{[]*Node{op("Div", "a", "x number"), op("Sub", "b", "mean a"), op("Identity", "i", "b"), op("Mul", "c", "i std"), op("Add", "d", "one c"), op("Sub", "y", "number d")}, "[2]"},
		{[]*Node{op("Sub", "y", "x all")}, "[2 2 3]"},
		{[]*Node{op("Div", "y", "x plane")}, "[2 2 3]"},
		{[]*Node{op("Sub", "a", "x row"), op("Mul", "b", "a column"), op("Div", "c", "b std"), op("Add", "y", "all c")}, "[2 2 3]"},
		{[]*Node{op("Div", "a", "x std"), op("Sub", "y", "row a")}, "[2 2 3]"},
	} {
		network := drawn{name: "arithmetic", input: nn.Shape{2, 2, 3}, nodes: c.nodes, tensors: tensors}.imports(t, ImportOptions{})
		if nodes := network.Description.Nodes; len(nodes) != 1 || nodes[0].Op.Kind() != "normalize" || fmt.Sprint(network.Params()[0].Shape) != c.mean {
			t.Errorf("%v: %v with a mean of %v, want one layer and %s", c.nodes, nodes, network.Params()[0].Shape, c.mean)
		}
		if d := difference(run(network, x, 3), arithmetic(x, c.nodes, tensors)); !(d <= 1e-6) {
			t.Errorf("%v: outputs differ by %v", c.nodes, d)
		}
	}
}

// TestNormalizationsAreExact: the numbers of a file are those of the layer.
func TestNormalizationsAreExact(t *testing.T) {
	mean, deviation := gaussian(5, 1), []float32{0.229, 0.224, 1e-20, -3e30, 0.1}
	network := drawn{name: "exact", input: nn.Shape{5}, tensors: []*Tensor{NewTensor("m", []int{1, 5}, mean), NewTensor("d", []int{5}, deviation)}, nodes: []*Node{
		op("Sub", "a", "x m"), op("Div", "y", "a d"),
	}}.imports(t, ImportOptions{})
	if got := network.Params(); !slices.Equal(got[0].Data, mean) || !slices.Equal(got[1].Data, deviation) {
		t.Errorf("mean %v and deviation %v, want %v and %v", got[0].Data, got[1].Data, mean, deviation)
	}
}

// TestConstantsBehindLayers: they are folded into what makes a value, unless another
// node takes that too.
func TestConstantsBehindLayers(t *testing.T) {
	m, c := NewTensor("m", []int{2, 2}, []float32{1, 2, 3, 4}), NewTensor("c", []int{2}, []float32{2, 4})
	for name, nodes := range map[string][]*Node{
		"folded":    {op("MatMul", "a", "x m"), op("Sub", "b", "c a"), op("Div", "y", "b c")},
		"dense":     {op("MatMul", "a", "x m"), op("Mul", "b", "a c"), op("Add", "y", "a b")},
		"normalize": {op("Sub", "a", "x c"), op("Mul", "b", "a c"), op("Add", "y", "b a")},
	} {
		network := drawn{name: name, input: nn.Shape{2}, nodes: nodes, tensors: []*Tensor{m, c}}.imports(t, ImportOptions{})
		x := []float32{1, 3}
		want, layers := []float32{10 * 3, 14 * 5}, 3
		switch name {
		case "folded":
			want, layers = []float32{(2 - 10) / 2, (4 - 14) / 4.}, 1
		case "normalize":
			want = []float32{-1 * 3, -1 * 5}
		}
		if got := run(network, x, 1); !slices.Equal(got, want) || len(network.Description.Nodes) != layers {
			t.Errorf("%s: %v of %d layers, want %v of %d", name, got, len(network.Description.Nodes), want, layers)
		}
	}
}

// TestIntegersAreCastFirst: bytes of images are computed with as float32 only behind
// a Cast, as integers wrap around.
func TestIntegersAreCastFirst(t *testing.T) {
	k := NewTensor("k", nil, []float32{255})
	load := func(nodes ...*Node) (*nn.Network, error) {
		m := drawn{name: "bytes", input: nn.Shape{2, 3, 3}, nodes: nodes, tensors: []*Tensor{k}}.model(t)
		m.Inputs[0].Type = Uint8
		return Import(m, ImportOptions{})
	}
	network, err := load(op("Flatten", "f", "x"), op("Cast", "a", "f", IntAttribute("to", int64(Float))), op("Div", "y", "a k"))
	if err != nil {
		t.Fatal(err)
	}
	if y := run(network, slices.Repeat([]float32{255}, 18), 1); y[17] != 1 {
		t.Errorf("255/255 is %v", y[17])
	}
	for _, n := range []*Node{op("Add", "y", "x x"), op("Mul", "y", "x k"), op("MaxPool", "y", "x", IntsAttribute("kernel_shape", 2, 2))} {
		if _, err := load(n); err == nil || !strings.Contains(err.Error(), "holds integers: that is supported for a Cast") {
			t.Errorf("%s of bytes: error %v", n.Type, err)
		}
	}
}
