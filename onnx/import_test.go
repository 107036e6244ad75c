package onnx

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/nn"
)

func exported(t testing.TB, network *nn.Network, o Options) *Model {
	t.Helper()
	var file bytes.Buffer
	if err := Export(&file, network, o); err != nil {
		t.Fatal(err)
	}
	m, err := Parse(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func run(network *nn.Network, x []float32, batch int) []float32 {
	return network.NewWorkspace(batch, false).Forward(x)
}

// TestImportOfExports compares networks with what becomes of them in a file and
// back.
func TestImportOfExports(t *testing.T) {
	for _, d := range oneLayer() {
		network := shaken(t, d)
		x := gaussian(3*d.Input.Size(), 1)
		want := run(network, x, 3)
		for _, o := range []Options{{}, {Weights: Float16}, {Weights: Int8}, {Fastfood: Function}, {Fastfood: Matrix, Opset: 13}, {Fastfood: Function, Weights: Float16}, {Fastfood: Function, Weights: Int8}} {
			if d.Name == "dropout" {
				continue // nothing is left of it
			}
			for _, fold := range []bool{false, true} {
				back, err := Import(exported(t, network, o), ImportOptions{FoldBatchNorm: fold})
				if err != nil {
					t.Errorf("%s %+v: %v", d.Name, o, err)
					continue
				}
				tolerance := 1e-5
				if o.Weights != 0 {
					tolerance = roundingOf[o.Weights]
				}
				if got := run(back, x, 3); !(difference(got, want) <= tolerance) {
					t.Errorf("%s %+v: outputs differ by %v", d.Name, o, difference(got, want))
				}
				if !fold && o.Fastfood != Matrix && d.Name != "reshape" && !slices.EqualFunc(back.Params(), network.Params(), func(p, q *nn.Param) bool {
					return p.Name == q.Name && fmt.Sprint(p.Shape) == fmt.Sprint(q.Shape)
				}) {
					t.Errorf("%s: parameters have other names or shapes", d.Name)
				}
			}
		}
	}
}

// TestLayersOfOperators reads layers that were written as several operators back as
// what they were.
func TestLayersOfOperators(t *testing.T) {
	for _, d := range oneLayer() {
		if !strings.HasPrefix(d.Name, "fastfood") && !strings.HasPrefix(d.Name, "monarch") && !slices.Contains([]string{"residual", "cos", "gelu", "normalize"}, d.Name) {
			continue
		}
		network := shaken(t, d)
		m := exported(t, network, Options{})
		back, err := Import(m, ImportOptions{})
		if err != nil {
			t.Errorf("%s: %v", d.Name, err)
			continue
		}
		if len(back.Description.Nodes) != len(d.Nodes) || back.Weights() != network.Weights() {
			t.Errorf("%s: %d layers of %d weights, want %d of %d", d.Name, len(back.Description.Nodes), back.Weights(), len(d.Nodes), network.Weights())
		}
		for i, node := range back.Description.Nodes {
			if node.Op.Kind() != d.Nodes[i].Op.Kind() || node.Name != d.Nodes[i].Name {
				t.Errorf("%s: layer %s of kind %s, want %s", d.Name, node.Name, node.Op.Kind(), d.Nodes[i].Name)
			}
		}
		x := gaussian(3*d.Input.Size(), 1)
		if got, want := run(back, x, 3), run(network, x, 3); !(difference(got, want) <= 1e-6) {
			t.Errorf("%s: outputs differ by %v", d.Name, difference(got, want))
		}
		dense := 0
		for _, node := range d.Nodes {
			if node.Op.Kind() == "dense" {
				dense++
			}
		}
		if layers, refused := m.Linears(); len(layers) != dense || len(refused) > 0 && !strings.Contains(refused[0].Reason, "Fastfood") {
			t.Errorf("%s: %d layers, want %d; refused: %v", d.Name, len(layers), dense, refused)
		}
	}
}

// TestNormalisedModels: a normalisation of the input is written as a Sub and a Div and
// read back with the same bits, so that outputs are the same.
func TestNormalisedModels(t *testing.T) {
	for _, d := range normalisedModels(t) {
		network := shaken(t, d)
		m := exported(t, network, Options{})
		if got := m.Nodes()[0].Type + " " + m.Nodes()[1].Type; got != "Sub Div" {
			t.Errorf("%s begins with %s", d.Name, got)
		}
		back, err := Import(m, ImportOptions{})
		if err != nil {
			t.Errorf("%s: %v", d.Name, err)
			continue
		}
		if first := back.Description.Nodes[0]; first.Name != "normalize" || first.Op != (nn.Normalize{}) || len(back.Description.Nodes) != len(d.Nodes) {
			t.Errorf("%s: the first of %d layers is %+v, want normalize and %d", d.Name, len(back.Description.Nodes), first, len(d.Nodes))
		}
		for _, p := range network.Params() {
			if q := back.Param(p.Name); p.Kind == nn.Statistic && (q == nil || !slices.Equal(p.Data, q.Data)) {
				t.Errorf("%s: %s came back changed", d.Name, p.Name)
			}
		}
		x := gaussian(3*d.Input.Size(), 1)
		if got, want := run(back, x, 3), run(network, x, 3); !slices.Equal(got, want) {
			t.Errorf("%s: other outputs", d.Name)
		}
	}
}

// TestOtherMatricesAreNoFastfood has the operators of a Fastfood layer with
// something else in them.
func TestOtherMatricesAreNoFastfood(t *testing.T) {
	file := encoded(t, exported(t, shaken(t, nn.Description{Name: "other", Input: nn.Shape{13}, Nodes: []nn.Node{{Name: "fc", Op: nn.Fastfood{Out: 9}}}}), Options{}))
	raw := func(t *Tensor) string { return string(t.raw) }
	for name, c := range map[string]struct{ old, new, want string }{
		"matrices": {raw(NewTensor("", []int{3}, []float32{0.5, 0.5, 0.5})), raw(NewTensor("", []int{3}, []float32{0.5, 0.25, 0.5})), "not the factors of a Hadamard matrix"},
		// The others are not recognised, and their first operator has no layer.
		"operator": {"Gather", "Gothic", "(Pad)"},
		"padding":  {raw(NewIntTensor("", 0, 0, 0, 3)), raw(NewIntTensor("", 0, 3, 0, 0)), "(Pad)"},
		"cropping": {raw(NewIntTensor("", 9)), raw(NewIntTensor("", 8)), "(Pad)"},
	} {
		if !bytes.Contains(file, []byte(c.old)) {
			t.Fatalf("%s: the file has nothing to change", name)
		}
		m, err := Parse(bytes.ReplaceAll(file, []byte(c.old), []byte(c.new)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = Import(m, ImportOptions{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
	}
}

// TestOtherPaddingIsNoLayerOfOurs: a Pad that reflects is not read as one of zeros.
func TestOtherPaddingIsNoLayerOfOurs(t *testing.T) {
	for _, layer := range []nn.Op{nn.Fastfood{Out: 9}, nn.Monarch{Out: 9, Blocks: 3}} {
		m := exported(t, shaken(t, nn.Description{Name: "other", Input: nn.Shape{13}, Nodes: []nn.Node{{Name: "fc", Op: layer}}}), Options{})
		changed := false
		for i, p := range m.graph {
			if n := p.node; n != nil && n.Type == "Pad" {
				m.graph[i].node = NewNode("Pad", n.Name, n.Inputs, n.Outputs, stringAttribute("mode", "reflect"))
				changed = true
			}
		}
		if _, err := Import(m, ImportOptions{}); !changed || err == nil || !strings.Contains(err.Error(), "(Pad)") {
			t.Errorf("%s: error %v", layer.Kind(), err)
		}
	}
}

// TestNamesOfLayers tells apart layers without names, and those of one matrix, which are one for Linears.
func TestNamesOfLayers(t *testing.T) {
	w, v := NewTensor("w.weight", []int{2, 2}, gaussian(4, 1)), NewTensor("v", []int{2, 2}, gaussian(4, 2))
	m := drawn{input: nn.Shape{2}, tensors: []*Tensor{w, v}, nodes: []*Node{
		NewNode("MatMul", "", []string{"x", "v"}, []string{"a"}), NewNode("MatMul", "", []string{"a", "v"}, []string{"b"}), op("MatMul", "c", "b w.weight"), op("MatMul", "y", "c w.weight"),
	}}.model(t)
	layers, _ := m.Linears()
	var names []string
	for _, l := range layers {
		names = append(names, l.Name)
	}
	if got := strings.Join(names, ", "); got != "a, w" {
		t.Errorf("names: %s", got)
	}
	network, err := Import(m, ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"a", "b", "w", "w_2"} {
		if got := network.Description.Nodes[i].Name; got != want {
			t.Errorf("layer %s, want %s", got, want)
		}
	}
}
