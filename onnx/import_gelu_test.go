package onnx

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/nn"
)

// geluForms returns operators for GELU of x, behind Relu and Tanh that nothing can be
// folded into, and whether they are the approximation.
func geluForms() []struct {
	name  string
	tanh  bool
	nodes []*Node
} {
	type forms = []struct {
		name  string
		tanh  bool
		nodes []*Node
	}
	return forms{
		{"PyTorch", false, []*Node{op("Div", "a", "z root"), op("Erf", "b", "a"), op("Add", "c", "b one"), op("Mul", "d", "z c"), op("Mul", "y", "d half")}},
		{"TensorFlow", false, []*Node{op("Mul", "a", "z inverse"), op("Erf", "b", "a"), op("Add", "c", "one b"), op("Mul", "d", "half c"), op("Mul", "y", "z d")}},
		{"half first", false, []*Node{op("Mul", "h", "z half"), op("Mul", "a", "inverse z"), op("Erf", "b", "a"), op("Add", "c", "b one"), op("Mul", "y", "c h")}},
		{"halved by division", false, []*Node{op("Div", "a", "z root"), op("Erf", "b", "a"), op("Add", "c", "b one"), op("Mul", "d", "c z"), op("Div", "y", "d two")}},
		{"float16", false, []*Node{op("Div", "a", "z root16"), op("Erf", "b", "a"), op("Add", "c", "b one"), op("Mul", "d", "c z"), op("Mul", "y", "d half")}},
		{"of a product", false, []*Node{op("Mul", "p", "z two"), op("Div", "a", "p root"), op("Erf", "b", "a"), op("Add", "c", "b one"), op("Mul", "d", "p c"), op("Mul", "y", "d half")}},
		{"of another", false, []*Node{
			op("Div", "a", "z root"), op("Erf", "b", "a"), op("Add", "c", "b one"), op("Mul", "d", "z c"), op("Mul", "g", "d half"),
			op("Mul", "h", "g half"), op("Div", "a2", "g root"), op("Erf", "b2", "a2"), op("Add", "c2", "b2 one"), op("Mul", "y", "h c2"),
		}},
		{"ONNX Runtime", false, []*Node{op("com.microsoft.Gelu", "y", "z")}},
		{"ONNX", false, []*Node{op("Gelu", "y", "z")}},
		{"ONNX tanh", true, []*Node{op("Gelu", "y", "z", stringAttribute("approximate", "tanh"))}},
		{"PyTorch tanh", true, []*Node{
			op("Mul", "q", "z z"), op("Mul", "p", "z q"), op("Mul", "s", "cubic p"), op("Add", "t", "z s"), op("Mul", "u", "scale t"), op("Tanh", "v", "u"), op("Add", "w", "v one"), op("Mul", "r", "z w"), op("Mul", "y", "half r"),
		}},
		{"power", true, []*Node{
			op("Pow", "p", "z three"), op("Mul", "s", "p cubic"), op("Add", "t", "s z"), op("Mul", "u", "t scale"), op("Tanh", "v", "u"), op("Add", "w", "one v"), op("Mul", "h", "z half"), op("Mul", "y", "h w"),
		}},
	}
}

// geluNumbers are the constants of geluForms.
func geluNumbers() []*Tensor {
	number := func(name string, v float32) *Tensor { return NewTensor(name, nil, []float32{v}) }
	return []*Tensor{
		number("root", math.Sqrt2), number("inverse", math.Sqrt2/2), NewFloat16Tensor("root16", []int{1}, []float32{math.Sqrt2}), number("half", 0.5), number("one", 1), number("two", 2), number("three", 3),
		number("cubic", 0.044715), number("scale", 0.79788456), number("other", 1.4), NewTensor("vector", []int{4}, []float32{1, 1, 1, 2}), NewTensor("high", []int{1, 1, 1}, []float32{1}),
	}
}

func TestGELUForms(t *testing.T) {
	for _, form := range geluForms() {
		d := drawn{name: form.name, opset: 20, input: nn.Shape{4}, tensors: geluNumbers(), nodes: append([]*Node{op("Tanh", "z", "x")}, form.nodes...)}
		network, found := d.imports(t, ImportOptions{}), 0
		for _, node := range network.Description.Nodes {
			if gelu, ok := node.Op.(nn.GELU); ok && gelu.Tanh == form.tanh {
				found++
			}
		}
		x := gaussian(12, 2)
		want := make([]float32, len(x))
		for i, v := range x {
			times := map[string]int{"of another": 2}[form.name]
			z := math.Tanh(float64(v))
			if form.name == "of a product" {
				z *= 2
			}
			for range max(times, 1) {
				z *= 0.5 * (1 + math.Erf(z/math.Sqrt2))
			}
			want[i] = float32(z)
		}
		tolerance := 1e-6
		if form.tanh {
			tolerance = 1e-3 // that of the approximation
		}
		if d := difference(run(network, x, 3), want); found == 0 || !(d <= tolerance) {
			t.Errorf("%s: %d layers, outputs differ by %v", form.name, found, d)
		}
	}
}

// TestOtherFunctionsAreNoGELU changes one thing in the operators of GELU: they are
// not recognised, and the first one without a layer is refused.
func TestOtherFunctionsAreNoGELU(t *testing.T) {
	for _, c := range []struct{ form, node, inputs string }{
		{"PyTorch", "a", "z other"}, {"PyTorch", "a", "root z"}, {"PyTorch", "a", "x root"}, {"PyTorch", "c", "b two"}, {"PyTorch", "y", "d other"}, {"PyTorch", "d", "c c"},
		{"PyTorch", "d", "c x"}, {"PyTorch", "c", "b vector"}, {"PyTorch", "c", "b high"},
		{"PyTorch tanh", "q", "z x"}, {"PyTorch tanh", "p", "z z"}, {"PyTorch tanh", "s", "other p"}, {"PyTorch tanh", "u", "other t"}, {"PyTorch tanh", "t", "x s"}, {"PyTorch tanh", "r", "x w"},
		{"power", "p", "z two"},
	} {
		for _, form := range geluForms() {
			if form.name != c.form {
				continue
			}
			nodes := []*Node{op("Sigmoid", "z", "x")}
			for _, n := range form.nodes {
				if n.Name == c.node {
					n = op(n.Type, n.Name, c.inputs)
				}
				nodes = append(nodes, n)
			}
			d := drawn{name: c.form, input: nn.Shape{4}, tensors: geluNumbers(), nodes: nodes}
			network, err := Import(d.model(t), ImportOptions{})
			if err == nil {
				t.Errorf("%s with %v of %q: imported as %v", c.form, c.node, c.inputs, network.Description.Nodes)
			}
		}
	}
}

// TestGELUNames: a layer has the name that it has in PyTorch, and that of an export.
func TestGELUNames(t *testing.T) {
	d := drawn{name: "names", input: nn.Shape{4}, tensors: geluNumbers(), nodes: []*Node{
		op("Div", "/act/Div", "x root"), op("Erf", "/act/Erf", "/act/Div"), op("Add", "/act/Add", "/act/Erf one"), op("Mul", "/act/Mul", "x /act/Add"), op("Mul", "/act/Mul_1", "/act/Mul half"),
	}}
	if got := d.imports(t, ImportOptions{}).Description.Nodes[0].Name; got != "act" {
		t.Errorf("the layer's name is %s, want act", got)
	}
	for _, opset := range []int{13, 19, 20, 26} {
		description := nn.Description{Name: "names", Input: nn.Shape{4}, Nodes: []nn.Node{{Name: "block/gelu", Op: nn.GELU{}}, {Name: "Mul/2", Op: nn.GELU{Tanh: true}}}}
		m := exported(t, shaken(t, description), Options{Opset: opset})
		back, err := Import(m, ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(back.Description.Nodes); got != fmt.Sprint(description.Nodes) {
			t.Errorf("opset %d: %s, want %v", opset, got, description.Nodes)
		}
		if one := len(m.Nodes()) == 2; one != (opset >= 20) {
			t.Errorf("opset %d: %d nodes", opset, len(m.Nodes()))
		}
	}
	m := drawn{name: "typo", input: nn.Shape{4}, nodes: []*Node{op("Gelu", "y", "x", stringAttribute("approximate", "erf"))}}.model(t)
	if _, err := Import(m, ImportOptions{}); err == nil || !strings.Contains(err.Error(), "want none or tanh") {
		t.Errorf("an unknown approximation: %v", err)
	}
}

// TestManyGELUsOfOne has a small file stand for many layers, as their last operators
// share all others.
func TestManyGELUsOfOne(t *testing.T) {
	nodes := []*Node{op("Div", "a", "x root"), op("Erf", "b", "a"), op("Add", "c", "b one"), op("Mul", "h", "x half")}
	var all []string
	for i := range 20000 {
		all = append(all, fmt.Sprint(i))
		nodes = append(nodes, NewNode("Mul", "", []string{"h", "c"}, []string{fmt.Sprint(i)}))
	}
	nodes = append(nodes, NewNode("Concat", "y", all, []string{"y"}, IntAttribute("axis", 1)))
	m := drawn{name: "many", input: nn.Shape{4}, tensors: geluNumbers(), nodes: nodes}.model(t)
	before := allocatedBytes()
	if _, err := Import(m, ImportOptions{}); err == nil {
		t.Error("a hostile file was imported")
	}
	if n := allocatedBytes() - before; n > 16<<20 {
		t.Errorf("importing it allocated %d bytes", n)
	}
}
