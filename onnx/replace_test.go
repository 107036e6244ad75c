package onnx

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/nn"
	"google.golang.org/protobuf/encoding/protowire"
)

// mlp is a model of x → Gemm 6→5 → an operator nobody knows → MatMul 5→4 and
// Add, with fields and parts that are not known here everywhere.
func mlp(t testing.TB) *Model {
	t.Helper()
	unknown := func(b []byte) []byte { return appendText(b, 777, "of the future") }
	field := func(number protowire.Number, message []byte) []byte { return appendMessage(nil, number, message) }

	gemm := NewNode("Gemm", "first", []string{"x", "first.weight", "first.bias"}, []string{"h"}, FloatAttribute("alpha", 2), FloatAttribute("beta", 0.5), IntAttribute("transB", 1))
	odd := NewNode("com.example.Odd", "odd", []string{"h"}, []string{"i"}, IntAttribute("mystery", 7))
	odd.message = unknown(odd.message)
	inner := field(nodeAttribute, appendMessage(appendInt(appendText(nil, attributeName, "body"), attributeType, 5), attributeGraph, NewNode("Gemm", "", []string{"i", "shared"}, []string{"inside"}).wire))
	odd.message = append(odd.message, inner...)
	product := NewNode("MatMul", "", []string{"i", "second"}, []string{"j"})
	sum := NewNode("Add", "sum", []string{"j", "shared"}, []string{"y"})
	attention := NewNode("MatMul", "attention", []string{"i", "i"}, []string{"k"})

	var g []byte
	for _, n := range []*Node{gemm, odd, product, sum, attention} {
		g = append(g, field(graphNode, n.message)...)
	}
	g = appendText(g, graphName, "mlp")
	for _, tensor := range []*Tensor{
		NewTensor("first.weight", []int{5, 6}, gaussian(30, 1)), NewTensor("first.bias", []int{5}, gaussian(5, 2)),
		NewTensor("second", []int{5, 4}, gaussian(20, 3)), NewTensor("shared", []int{4}, gaussian(4, 4)),
	} {
		tensor.message = unknown(tensor.message)
		g = append(g, bytes.Join(tensor.encode(graphInitializer), nil)...)
	}
	x, y := tensor{"x", nn.Shape{6}}, tensor{"y", nn.Shape{4}}
	g = append(g, valueInfo(graphInput, x)...)
	g = append(g, valueInfo(graphOutput, y)...)
	g = append(g, field(13, []byte("\x0a\x01h"))...) // value_info
	g = unknown(g)

	m := appendInt(nil, modelIRVersion, 8)
	m = append(m, field(modelOpset, operatorSet("", 17))...)
	m = append(m, field(modelGraph, g)...)
	m = append(m, fastfoodFunction(17)...)
	m = append(m, field(14, entry("author", "somebody"))...)
	m = unknown(m)
	model, err := Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// chainOf returns a network of layers one behind another with parameters, in their
// order.
func chainOf(t testing.TB, inputs int, ops []nn.Op, values ...[]float32) *nn.Network {
	t.Helper()
	d := nn.Description{Name: "chain", Input: nn.Shape{inputs}}
	for i, op := range ops {
		d.Nodes = append(d.Nodes, nn.Node{Name: fmt.Sprint(i + 1), Op: op})
	}
	next := 0
	network, err := nn.Restore(d, func(p *nn.Param) error {
		p.Data = values[next]
		next++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return network
}

// products returns a network that multiplies by matrices, the first one first.
func products(t testing.TB, inputs int, matrices ...[]float32) *nn.Network {
	var ops []nn.Op
	for n, i := inputs, 0; i < len(matrices); i++ {
		n = len(matrices[i]) / n
		ops = append(ops, nn.Dense{Out: n, NoBias: true})
	}
	return chainOf(t, inputs, ops, matrices...)
}

// identity returns the matrix that changes nothing.
func identity(n int) []float32 {
	matrix := make([]float32, n*n)
	for i := range n {
		matrix[i*n+i] = 1
	}
	return matrix
}

// setTransform gives a parameter of the only Fastfood layer the transform's numbers.
func setTransform(p *nn.Param, transform *fastfood.Transform) {
	switch p.Name[strings.LastIndex(p.Name, ".")+1:] {
	case "s":
		p.Data = transform.S
	case "g":
		p.Data = transform.G
	case "b":
		p.Data = transform.B
	case "perm":
		p.Indices = transform.Perm
	}
}

// fried returns a network that is a transform.
func fried(t testing.TB, transform *fastfood.Transform) *nn.Network {
	t.Helper()
	d := nn.Description{Name: "fried", Input: nn.Shape{transform.Inputs}, Nodes: []nn.Node{{Name: "1", Op: nn.Fastfood{Out: transform.Outputs, NoBias: true}}}}
	network, err := nn.Restore(d, func(p *nn.Param) error { setTransform(p, transform); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return network
}

func encoded(t testing.TB, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wires returns the fields of the model, and those of its graph.
func wires(m *Model) (all []string) {
	for i, p := range m.parts {
		if i == m.graphAt {
			all = append(all, "graph")
		}
		all = append(all, string(p.wire))
	}
	for _, p := range m.graph {
		all = append(all, string(p.wire))
	}
	return all
}

func TestUnchangedModelIsTheSameFile(t *testing.T) {
	m := mlp(t)
	before := encoded(t, m)
	again, err := Parse(before)
	if err != nil {
		t.Fatal(err)
	}
	again.graphWire = nil // join its parts again
	if !bytes.Equal(encoded(t, again), before) {
		t.Error("the parts of a file are not the file")
	}
}

// TestReplaceLeavesTheRest replaces either layer and compares all fields.
func TestReplaceLeavesTheRest(t *testing.T) {
	for _, c := range []struct {
		layer   string
		network *nn.Network
		weights DataType
		removed []string
	}{
		{"first", products(t, 6, gaussian(12, 1), gaussian(10, 1)), 0, []string{"first.weight"}},
		{"first", chainOf(t, 6, []nn.Op{nn.Dense{Out: 5}}, gaussian(30, 1), gaussian(5, 9)), Float16, []string{"first.weight", "first.bias"}},
		{"j", products(t, 5, gaussian(5, 1), gaussian(4, 1)), 0, []string{"second"}},
	} {
		m := mlp(t)
		want := wires(m)
		layers, refused := m.Linears()
		if len(layers) != 2 || len(refused) != 2 || !strings.Contains(refused[0].Reason, "within") || !strings.Contains(refused[1].Reason, `"i", are not constant`) {
			t.Fatalf("layers %v, refused %v", layers, refused)
		}
		i := slices.IndexFunc(layers, func(l *Linear) bool { return l.Name == c.layer })
		node := layers[i].Node
		if err := m.Replace(layers[i], c.network, c.weights); err != nil {
			t.Fatal(err)
		}
		if err := m.Replace(layers[i], c.network, c.weights); err == nil {
			t.Error("a layer was replaced twice")
		}
		after, err := Parse(encoded(t, m))
		if err != nil {
			t.Fatal(err)
		}
		// What is left of the old file is there in its order, and what is not is
		// the node and its constants.
		got := wires(after)
		var lost []string
		for _, w := range want {
			if j := slices.Index(got, w); j >= 0 {
				got = got[j+1:]
			} else {
				lost = append(lost, w)
			}
		}
		if len(lost) != 1+len(c.removed) || lost[0] != string(node.wire) {
			t.Fatalf("%s: %d fields were lost or moved, want %d", c.layer, len(lost), 1+len(c.removed))
		}
		for i, name := range c.removed {
			if !strings.Contains(lost[1+i], name) {
				t.Errorf("%s: %q was lost, want %s", c.layer, lost[1+i], name)
			}
		}
	}
}

func TestLinearValues(t *testing.T) {
	m := mlp(t)
	layers, _ := m.Linears()
	first, second := layers[0], layers[1]
	if first.Inputs != 6 || first.Outputs != 5 || second.Inputs != 5 || second.Outputs != 4 || second.Bytes() != 80 {
		t.Fatalf("layers %+v, %+v", first, second)
	}
	w, err := first.Weights()
	if err != nil || w[7] != 2*gaussian(30, 1)[7] {
		t.Errorf("weight %v (%v): want it times alpha", w[7], err)
	}
	w, err = second.Weights()
	if err != nil || w[1*5+3] != gaussian(20, 3)[3*4+1] {
		t.Errorf("weight %v (%v): want it transposed", w[1*5+3], err)
	}
}

// TestReplaceKeepsOtherBiases has a bias that is computed, and one that is
// broadcast: both stay the names that they are.
func TestReplaceKeepsOtherBiases(t *testing.T) {
	d := drawn{input: nn.Shape{2}, tensors: []*Tensor{NewTensor("w", []int{2, 2}, gaussian(4, 1)), NewTensor("one", []int{1}, gaussian(1, 1))}, nodes: []*Node{
		op("Gemm", "a", "x w x", FloatAttribute("beta", 2)), op("Gemm", "b", "a w one"),
	}}
	m := d.model(t)
	layers, _ := m.Linears()
	if len(layers) != 1 || len(layers[0].Nodes()) != 2 {
		t.Fatalf("layers %v: want one, as both nodes have the same weights", layers)
	}
	if err := m.Replace(layers[0], products(t, 2, gaussian(4, 2)), 0); err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, n := range m.Nodes() {
		types = append(types, n.Type+" "+strings.Join(n.Inputs, " "))
	}
	if got := strings.Join(types, ", "); got != "Mul x a/beta, Gemm x a/1.weight a/bias, Gemm a a/1.weight one" {
		t.Errorf("nodes: %s", got)
	}
}

// TestFactorsAreStoredOnce has weights that both a Gemm and a MatMul take: so do those in
// their place.
func TestFactorsAreStoredOnce(t *testing.T) {
	tensors := []*Tensor{NewTensor("w", []int{16, 16}, gaussian(256, 1)), NewTensor("b", []int{16}, make([]float32, 16))}
	network, x := products(t, 16, gaussian(16*3, 1), gaussian(16*3, 2)), gaussian(16, 5)
	for _, opset := range []int{9, 17} {
		m := drawn{opset: opset, input: nn.Shape{16}, tensors: tensors, nodes: []*Node{op("Gemm", "h", "x w b"), op("MatMul", "y", "h w")}}.model(t)
		layers, _ := m.Linears()
		if err := m.Replace(layers[0], network, 0); err != nil {
			t.Fatal(err)
		}
		numbers := 0
		for _, tensor := range m.Initializers() {
			if len(tensor.Dims) == 2 {
				numbers += tensor.Size()
			}
		}
		if numbers != 2*16*3 {
			t.Errorf("opset %d: %d numbers are stored, want %d", opset, numbers, 2*16*3)
		}
		back, err := Import(m, ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(run(back, x, 1), run(network, slices.Clone(run(network, x, 1)), 1)); !(d <= 1e-5) {
			t.Errorf("opset %d: the outputs differ by %v", opset, d)
		}
	}
}

// TestArrangementsAreStoredOnce: of a structured layer in place of weights that two nodes take,
// what is stored in an order of its own is stored once, too.
func TestArrangementsAreStoredOnce(t *testing.T) {
	tensors := []*Tensor{NewTensor("w", []int{16, 16}, gaussian(256, 1))}
	for want, op0 := range map[int]nn.Op{2 * 16 * 4: nn.Monarch{Out: 16, Blocks: 4, NoBias: true}, 16*2 + 16: nn.Fastfood{Out: 16, Group: 2, NoBias: true}} {
		network := shaken(t, nn.Description{Name: "one", Input: nn.Shape{16}, Nodes: []nn.Node{{Name: "fc", Op: op0}}})
		m := drawn{input: nn.Shape{16}, tensors: tensors, nodes: []*Node{op("MatMul", "h", "x w"), op("MatMul", "y", "h w")}}.model(t)
		layers, _ := m.Linears()
		if err := m.Replace(layers[0], network, Int8); err != nil {
			t.Fatal(err)
		}
		numbers := 0
		for _, tensor := range m.Initializers() {
			if tensor.Type == Int8 && tensor.Size() >= 32 || len(tensor.Dims) == 3 {
				numbers += tensor.Size()
			}
		}
		if numbers != want {
			t.Errorf("%s: %d numbers are stored, want %d", op0.Kind(), numbers, want)
		}
		back, err := Import(m, ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		x := gaussian(16, 5)
		if d := difference(run(back, x, 1), run(network, slices.Clone(run(network, x, 1)), 1)); !(d <= roundingOf[Int8]) {
			t.Errorf("%s: the outputs differ by %v", op0.Kind(), d)
		}
	}
}

// TestAutoPadOverrulesPads: a convolution of one pixel gets no padding from auto_pad.
func TestAutoPadOverrulesPads(t *testing.T) {
	for auto, want := range map[string]int{"VALID": 1, "SAME_UPPER": 1, "SAME_LOWER": 1, "NOTSET": 0, "": 0} {
		d := drawn{input: nn.Shape{16, 6, 5}, tensors: []*Tensor{floatTensor("w", 24, 16, 1, 1)},
			nodes: []*Node{op("Conv", "y", "x w", stringAttribute("auto_pad", auto), IntsAttribute("pads", 1, 1, 1, 1))}}
		if layers, _ := d.model(t).Linears(); len(layers) != want {
			t.Errorf("auto_pad %q: %d layers, want %d", auto, len(layers), want)
		}
	}
}

// TestDescribedNamesAreTaken has names that a graph gives to values that no node makes:
// new values must not be described so.
func TestDescribedNamesAreTaken(t *testing.T) {
	m := mlp(t)
	sparse := appendMessage(nil, graphSparse, appendMessage(nil, 1, NewTensor("first/1.weight", []int{1}, []float32{1}).message))
	m.graph = append(m.graph, part{wire: tensorInfo(graphValueInfo, "first/1", Double, nil)}, part{wire: sparse})
	layers, _ := m.Linears()
	if err := m.Replace(layers[0], products(t, 6, gaussian(12, 1), gaussian(10, 1)), 0); err != nil {
		t.Fatal(err)
	}
	for _, n := range m.Nodes() {
		if slices.Contains(n.Outputs, "first/1") || slices.Contains(n.Inputs, "first/1.weight") {
			t.Errorf("%v has a name that is taken: %v, %v", n, n.Inputs, n.Outputs)
		}
	}
}

// TestDataOfNodesStay has a Constant node and a graph in a node with data in another
// file, which Save does not move.
func TestDataOfNodesStay(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "numbers"), make([]byte, 64), 0o644); err != nil {
		t.Fatal(err)
	}
	message := appendInt(appendMessage(appendInt(appendInt(nil, tensorDims, 4), tensorType, int64(Float)), tensorExternal, entry("location", "numbers")), tensorLocation, locationExternal)
	constant := Attribute(appendMessage(attribute("value", kindTensor), attributeTensor, message))
	inner := Attribute(appendMessage(attribute("body", 5), attributeGraph, appendMessage(nil, graphInitializer, message)))
	for _, n := range []*Node{op("Constant", "y", "", constant), op("If", "y", "x", inner)} {
		path := filepath.Join(folder, "net.onnx")
		if err := os.WriteFile(path, encoded(t, drawn{input: nn.Shape{4}, nodes: []*Node{n}}.model(t)), 0o644); err != nil {
			t.Fatal(err)
		}
		m, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if files := m.ExternalFiles(); !slices.Equal(files, []string{filepath.Join(folder, "numbers")}) {
			t.Errorf("%v: data in %v", n, files)
		}
		if err := m.Save(filepath.Join(folder, "other.onnx")); err != nil {
			t.Error(err)
		}
		if err := m.Save(filepath.Join(folder, "numbers")); err == nil || !strings.Contains(err.Error(), "would be written over") {
			t.Errorf("%v: %v", n, err)
		}
		if err := m.Save(filepath.Join(t.TempDir(), "net.onnx")); err == nil || !strings.Contains(err.Error(), "in the folder of the original") {
			t.Errorf("%v: %v", n, err)
		}
	}
}

// TestOldOpset has shapes broadcast in another way.
func TestOldOpset(t *testing.T) {
	d := drawn{opset: 6, input: nn.Shape{2}, tensors: []*Tensor{NewTensor("w", []int{2, 2}, gaussian(4, 1))}, nodes: []*Node{op("MatMul", "y", "x w")}}
	if layers, refused := d.model(t).Linears(); len(layers) != 0 || len(refused) != 1 || !strings.Contains(refused[0].Reason, "opset 6") {
		t.Errorf("opset 6: %v, refused %v", layers, refused)
	}
}

// replaced returns a network with two of its layers replaced: the first by its
// own weights behind a matrix of ones in the diagonal, the second by a transform;
// and a network that computes the same.
func replaced(t testing.TB, o Options, weights DataType) (*Model, *nn.Network) {
	d := nn.Description{Name: "two", Input: nn.Shape{3, 4, 4}, Nodes: []nn.Node{
		{Name: "fc1", Op: nn.Dense{Out: 40}}, {Name: "relu", Op: nn.ReLU{}}, {Name: "fc2", Op: nn.Dense{Out: 70}}, {Name: "sigmoid", Op: nn.Sigmoid{}}, {Name: "fc3", Op: nn.Dense{Out: 3}},
	}}
	network := shaken(t, d)
	m := exported(t, network, o)
	layers, refused := m.Linears()
	if len(layers) != 3 || len(refused) != 0 {
		t.Fatalf("%d layers, refused: %v", len(layers), refused)
	}
	w, err := layers[0].Weights()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Replace(layers[0], products(t, 48, identity(48), w), weights); err != nil {
		t.Fatal(err)
	}
	transform, err := fastfood.Sample(40, 70, 1.4, 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Replace(layers[1], fried(t, transform), weights); err != nil {
		t.Fatal(err)
	}
	d.Nodes = slices.Clone(d.Nodes)
	d.Nodes[2].Op = nn.Fastfood{Out: 70}
	want, err := nn.Restore(d, func(p *nn.Param) error {
		if q := network.Param(p.Name); q != nil {
			p.Data = q.Data
		}
		setTransform(p, transform)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, want
}

func TestReplacedInONNXRuntime(t *testing.T) {
	j := newJobs(t)
	for _, o := range []Options{{}, {Weights: Float16}, {Weights: Int8}, {Opset: 13}} {
		m, want := replaced(t, o, o.Weights)
		path := j.save(t, m)
		tolerance := 1e-4
		if o.Weights != 0 {
			tolerance = 3e-2
		}
		x := gaussian(5*48, 1)
		j.add(t, "replaced", path, "input", []int{5, 3, 4, 4}, x, run(want, x, 5), tolerance)
	}
	j.run(t)
}

// TestMatMulOfSequencesInONNXRuntime replaces the product of an input of three
// dimensions.
func TestMatMulOfSequencesInONNXRuntime(t *testing.T) {
	j := newJobs(t)
	transform, err := fastfood.Sample(6, 9, 1, 7)
	if err != nil {
		t.Fatal(err)
	}
	w := transform.Matrix()
	x := gaussian(2*5*6, 3)
	var want []float32
	for i := range 10 {
		for o := range 9 {
			total := float32(0)
			for k := range 6 {
				total += w[o*6+k] * x[i*6+k]
			}
			want = append(want, total)
		}
	}
	for _, network := range []*nn.Network{fried(t, transform), products(t, 6, w)} {
		in, out := tensor{"x", nn.Shape{5, 6}}, tensor{"y", nn.Shape{5, 9}}
		g := NewNode("MatMul", "product", []string{"x", "w"}, []string{"y"}).wire
		g = append(appendText(g, graphName, "g"), bytes.Join(NewTensor("w", []int{6, 9}, gaussian(54, 1)).encode(graphInitializer), nil)...)
		g = append(append(g, valueInfo(graphInput, in)...), valueInfo(graphOutput, out)...)
		file := appendMessage(appendInt(nil, modelIRVersion, 8), modelOpset, operatorSet("", 17))
		m, err := Parse(appendMessage(file, modelGraph, g))
		if err != nil {
			t.Fatal(err)
		}
		layers, _ := m.Linears()
		if err := m.Replace(layers[0], network, 0); err != nil {
			t.Fatal(err)
		}
		j.add(t, "sequence", j.save(t, m), "x", []int{2, 5, 6}, x, want, 1e-4)
	}
	j.run(t)
}

func TestNothingToExportOrImport(t *testing.T) {
	if _, err := FromNetwork(nil, Options{}); err == nil {
		t.Error("no network is exported")
	}
	if _, err := Import(nil, ImportOptions{}); err == nil {
		t.Error("no model is imported")
	}
	for _, dims := range [][]int{{2, 2}, {-1, -3}, {3, 0}} {
		check.Panics(t, "NewTensor", "onnx: the number of a tensor's values", func() { NewTensor("x", dims, make([]float32, 3)) })
	}
}

func TestReplaceErrors(t *testing.T) {
	m := mlp(t)
	before := encoded(t, m)
	layers, _ := m.Linears()
	for i, network := range []*nn.Network{nil, products(t, 6, gaussian(24, 1)), products(t, 5, gaussian(25, 1))} {
		if err := m.Replace(layers[0], network, 0); err == nil {
			t.Errorf("no error for network %d", i)
		}
	}
	if err := m.Replace(layers[0], products(t, 6, gaussian(12, 1), gaussian(10, 1)), Int64); err == nil || !strings.Contains(err.Error(), "weights as int64") {
		t.Errorf("weights as int64: %v", err)
	}
	if err := m.Replace(nil, products(t, 6, gaussian(30, 1)), 0); err == nil {
		t.Error("no error for no layer")
	}
	if !bytes.Equal(encoded(t, m), before) {
		t.Error("a replacement that failed changed the model")
	}
	old := drawn{opset: 9, input: nn.Shape{2}, tensors: []*Tensor{NewTensor("w", []int{2, 2}, gaussian(4, 1))}, nodes: []*Node{op("MatMul", "y", "x w")}}.model(t)
	layers, _ = old.Linears()
	if err := old.Replace(layers[0], chainOf(t, 2, []nn.Op{nn.Dense{Out: 2}, nn.Clip{Min: 0, Max: 1}}, gaussian(4, 1), gaussian(2, 1)), 0); err == nil || !strings.Contains(err.Error(), "opset 9") {
		t.Errorf("a layer that is written otherwise in old files: %v", err)
	}
}

// TestExternalData moves data to another file and back, and lets them be read
// from nowhere else.
func TestExternalData(t *testing.T) {
	defer func(n int64) { maxFile = n }(maxFile)
	network := shaken(t, residual())
	x := gaussian(2*network.Description.Input.Size(), 1)
	want := run(network, x, 2)
	folder := t.TempDir()
	first, second := filepath.Join(folder, "a", "net.onnx"), filepath.Join(folder, "b", "other.onnx")
	for _, path := range []string{first, second} {
		if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m, err := FromNetwork(network, Options{Fastfood: Function})
	if err != nil {
		t.Fatal(err)
	}
	maxFile = 8000 // the model does not fit
	if err := m.Write(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "Save") {
		t.Errorf("a model that is too large: %v", err)
	}
	if err := m.Save(first); err != nil {
		t.Fatal(err)
	}
	maxFile = 1 << 30
	m, err = Open(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Write(&bytes.Buffer{}); err == nil {
		t.Error("a model without its external data")
	}
	if err := m.Save(second); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{first, second} {
		m, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Import(m, ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := run(back, x, 2); !slices.Equal(got, want) {
			t.Errorf("%s: outputs differ by %v", path, difference(got, want))
		}
	}

	// A model that is not from a file, one whose data are cut off, and locations
	// outside of the folder.
	file, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	importing := func(m *Model, err error) error {
		if err == nil {
			_, err = Import(m, ImportOptions{})
		}
		return err
	}
	if err := importing(Parse(file)); err == nil || !strings.Contains(err.Error(), "Open") {
		t.Errorf("a model without a folder: %v", err)
	}
	for _, location := range []string{"../a/net.onnx.data", "/etc/passwd\x00pad", "net.onnx.none"} {
		location += strings.Repeat("/", len("net.onnx.data")) // any length will do
		changed := bytes.ReplaceAll(file, []byte("net.onnx.data"), []byte(location[:len("net.onnx.data")]))
		path := filepath.Join(folder, "a", "changed.onnx")
		if err := os.WriteFile(path, changed, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := importing(Open(path)); err == nil || !strings.Contains(err.Error(), "external data") {
			t.Errorf("location %q: %v", location, err)
		}
	}
	if err := os.Symlink(filepath.Join(folder, "b", "other.onnx.data"), filepath.Join(folder, "a", "net.onnx.link")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "a", "linked.onnx")
	if err := os.WriteFile(path, bytes.ReplaceAll(file, []byte("net.onnx.data"), []byte("net.onnx.link")), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := importing(Open(path)); err == nil {
		t.Error("a link out of the folder was followed")
	}
	if err := os.Truncate(first+".data", 100); err != nil {
		t.Fatal(err)
	}
	if err := importing(Open(first)); err == nil || !strings.Contains(err.Error(), "external data") {
		t.Errorf("data that are cut off: %v", err)
	}
	if _, err := Open(filepath.Join(folder, "none.onnx")); err == nil {
		t.Error("a file that is not there was read")
	}
}

// TestExternalDataInONNXRuntime has the weights of a model in another file.
func TestExternalDataInONNXRuntime(t *testing.T) {
	j := newJobs(t)
	defer func(n int64) { maxFile = n }(maxFile)
	network := shaken(t, residual())
	m, err := FromNetwork(network, Options{})
	if err != nil {
		t.Fatal(err)
	}
	maxFile = 10000
	path := filepath.Join(j.folder, "net.onnx")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path + ".data"); err != nil || info.Size() < 100_000 {
		t.Fatalf("the file of the weights: %v (%v)", info, err)
	}
	x := gaussian(2*network.Description.Input.Size(), 1)
	j.add(t, "external", path, "input", []int{2, 3, 12, 12}, x, run(network, x, 2), 1e-4)
	j.run(t)
}
