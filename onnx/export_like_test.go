package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/nn"
)

// like returns a model with such an input and output and texts, and a node between
// them that a network is to take the place of.
func like(t *testing.T, input, output string, kind DataType, opset int64) *Model {
	t.Helper()
	shape := func(dims ...int64) (s []byte) {
		for _, d := range dims {
			s = appendMessage(s, shapeDim, appendInt(nil, dimValue, d))
		}
		return s
	}
	g := NewNode("Odd", "odd", []string{input}, []string{output}).wire
	g = append(appendText(g, graphName, "old"), tensorInfo(graphInput, input, kind, shape(3, 4))...)
	g = append(g, tensorInfo(graphOutput, output, kind, shape(3, 2))...)
	m := appendText(appendInt(nil, modelIRVersion, 7), modelDomain, "org.example")
	m = appendText(appendInt(m, modelVersion, 42), modelDoc, "a text")
	m = appendMessage(appendMessage(m, modelOpset, operatorSet("", opset)), modelMetadata, entry("author", "somebody"))
	model, err := Parse(appendMessage(m, modelGraph, g))
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// TestLike writes a network in place of other models, whose names may be those of
// its layers and parameters.
func TestLike(t *testing.T) {
	network := shaken(t, nn.Description{Name: "names", Input: nn.Shape{4}, Nodes: []nn.Node{
		{Name: "image", Op: nn.Dense{Out: 3}}, {Name: "logits", Op: nn.Dense{Out: 2}},
	}})
	x := gaussian(3*4, 1)
	for _, c := range []struct {
		input, output string
		kind          DataType
		opset, want   int64
	}{
		{"image", "logits", Float, 18, 18}, {"x", "image.weight", Float16, 9, 13}, {"logits", "y", Double, 13, 13}, {"input", "output", Float, 99, maxOpset},
	} {
		old := like(t, c.input, c.output, c.kind, c.opset)
		m := exported(t, network, Options{Like: old})
		if m.Opset[""] != c.want || m.Metadata["author"] != "somebody" {
			t.Errorf("%+v: opset %d, metadata %v", c, m.Opset[""], m.Metadata)
		}
		file := encoded(t, m)
		for _, p := range slices.Concat(old.parts, old.graph[2:]) { // texts, the input and the output
			if p.wire != nil && !bytes.Contains(p.wire, operatorSet("", c.opset)) && p.node == nil && !bytes.Equal(p.wire, appendInt(nil, modelIRVersion, 7)) && !bytes.Contains(file, p.wire) {
				t.Errorf("%+v: the field %q is not kept", c, p.wire)
			}
		}
		names := map[string]bool{c.input: true}
		for _, n := range m.Nodes() {
			for _, out := range n.Outputs {
				if names[out] {
					t.Errorf("%+v: two values have the name %s", c, out)
				}
				names[out] = true
			}
		}
		back, err := Import(m, ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(run(back, x, 3), run(network, x, 3)); !(d <= 1e-5) {
			t.Errorf("%+v: outputs differ by %v", c, d)
		}
	}
}

// TestOutputHasItsShape writes networks in place of models whose outputs have other
// dimensions than the last layer, or are a softmax of more than one.
func TestOutputHasItsShape(t *testing.T) {
	for _, c := range []struct {
		dims []int // of the output
		last string
	}{
		{[]int{-1, 24}, "Flatten"}, {[]int{3, -1}, "Flatten"}, {[]int{-1, 24, 1, 1}, "Identity"}, {[]int{-1, -1, -1, -1}, "Identity"}, {nil, "Identity"},
		{[]int{-1, 24, 1, 1}, "Softmax"},
	} {
		k := kind{inputs: in(Float, -1, 16, 6, 6), outputs: []Value{{"y", Float, c.dims}}, tensors: []*Tensor{floatTensor("w", 24, 16, 1, 1)},
			nodes: []*Node{op("Conv", "c", "x w"), op("GlobalAveragePool", "g", "c"), op(c.last, "y", "g", IntAttribute("axis", 1))}}
		network, err := Import(k.model(t), ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		im := importOf(t, exported(t, network, Options{Like: k.model(t)}))
		want := nn.Shape{24, 1, 1}
		if c.last == "Flatten" {
			want = nn.Shape{24}
		}
		if got := im.values["y"].shape; !slices.Equal(got, want) {
			t.Errorf("%v behind %s: the output has the shape %v, want %v", c.dims, c.last, got, want)
		}
	}
	im := importOf(t, exported(t, shaken(t, nn.Description{Name: "softmax", Input: nn.Shape{4, 3, 2}, Nodes: []nn.Node{{Name: "y", Op: nn.SoftmaxLayer{}}}}), Options{}))
	if got := im.values["y"].shape; !slices.Equal(got, nn.Shape{4, 3, 2}) {
		t.Errorf("a softmax over images: the output has the shape %v", got)
	}
}

// importOf returns what Import knows of a model's values.
func importOf(t *testing.T, m *Model) *importer {
	t.Helper()
	_, im, err := importModel(m, ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// TestStoreFloat16 halves the matrices of a file, and of one of the old format.
func TestStoreFloat16(t *testing.T) {
	network := shaken(t, nn.Description{Name: "halved", Input: nn.Shape{12}, Nodes: []nn.Node{
		{Name: "fc1", Op: nn.Dense{Out: 32}}, {Name: "relu", Op: nn.ReLU{}}, {Name: "fc2", Op: nn.Dense{Out: 8}},
	}})
	x := gaussian(5*12, 2)
	want := run(network, x, 5)
	for _, version := range []int64{3, 8} {
		m := exported(t, network, Options{})
		m.IRVersion = version
		before := len(encoded(t, m))
		for _, tensor := range m.Initializers() {
			if version < 4 {
				m.graph = append(m.graph, part{wire: constantInfo(tensor), input: tensor.Name})
			}
		}
		if err := m.Store(Float16); err != nil {
			t.Fatal(err)
		}
		file := encoded(t, m)
		if saved := before - len(file); version > 3 && (saved < 2*(12*32+32*8)-300 || saved > 2*(12*32+32*8)) {
			t.Errorf("%d bytes of %d are saved", saved, before)
		}
		again, err := Parse(file)
		if err != nil {
			t.Fatal(err)
		}
		if inputs := len(again.Inputs); inputs != 1 {
			t.Errorf("format %d: %d inputs", version, inputs)
		}
		back, err := Import(again, ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(run(back, x, 5), want); !(d > 1e-6 && d < 1e-2) {
			t.Errorf("format %d: outputs differ by %v", version, d)
		}
	}
	tiny := slices.Clone(network.Param("fc1.weight").Data)
	for i := range network.Param("fc1.weight").Data {
		network.Param("fc1.weight").Data[i] *= 1e-12
	}
	if err := exported(t, network, Options{}).Store(Float16); err == nil || !strings.Contains(err.Error(), "so small") {
		t.Errorf("weights that vanish: %v", err)
	}
	copy(network.Param("fc1.weight").Data, tiny)
	network.Param("fc2.weight").Data[7] = 1e5
	m := exported(t, network, Options{})
	before := encoded(t, m)
	if err := m.Store(Float16); err == nil || !bytes.Equal(encoded(t, m), before) {
		t.Errorf("a weight beyond float16: %v", err)
	}
}

// TestOnlyWeightsAreFloat16: of constants that are taken as something else, too, and of
// means, nothing is rounded.
func TestOnlyWeightsAreFloat16(t *testing.T) {
	yes := newTensor("yes", Bool, nil, []byte{1})
	branch := graphAttributeOf("then_branch", []*Node{op("Relu", "z", "inner")}, nil, Value{"z", Float, nil})
	square := func(name string) *Tensor { return floatTensor(name, 16, 16) }
	k := kind{inputs: in(Float, -1, 16, 4, 4), outputs: []Value{{"y", Float, nil}, {"seen", Float, []int{16, 16}}},
		tensors: []*Tensor{yes, floatTensor("mean", 1, 16, 4, 4), floatTensor("kernel", 16, 16, 1, 1), floatTensor("turned", 16, 16, 1, 1), square("gemm"), square("bias"), square("product"),
			square("left"), square("sum"), square("seen"), square("inner"), square("table"), NewIntTensor("flat", 256, 16), NewIntTensor("to", 16, 16, 4, 4)},
		nodes: []*Node{
			op("Sub", "a", "x mean"), op("Conv", "b", "a kernel"), op("ConvTranspose", "c", "b turned"), op("Reshape", "d", "c flat"), op("Gemm", "e", "d gemm bias"), op("MatMul", "f", "e product"),
			op("MatMul", "g", "left left"), op("MatMul", "h", "f sum"), op("Add", "i", "g sum"), op("MatMul", "j", "h seen"), op("MatMul", "k", "j inner"),
			op("If", "l", "yes", branch), op("Gather", "m", "table flat"), op("Foo", "y", "k l m i"),
		}}
	m := k.model(t)
	if err := m.Store(Float16); err != nil {
		t.Fatal(err)
	}
	var halved []string
	for _, tensor := range m.Initializers() {
		if tensor.Type == Float16 {
			halved = append(halved, tensor.Name)
		}
	}
	if want := []string{"kernel.float16", "turned.float16", "gemm.float16", "product.float16"}; !slices.Equal(halved, want) {
		t.Errorf("float16: %v, want %v", halved, want)
	}
}

// TestFloat16LeavesHadamardMatrices: they stay what they are.
func TestFloat16LeavesHadamardMatrices(t *testing.T) {
	network := shaken(t, nn.Description{Name: "fried", Input: nn.Shape{512}, Nodes: []nn.Node{{Name: "fc", Op: nn.Fastfood{Out: 500}}}})
	m := exported(t, network, Options{})
	if err := m.Store(Float16); err != nil {
		t.Fatal(err)
	}
	for _, tensor := range m.Initializers() {
		if tensor.Type == Float16 {
			t.Errorf("%s is float16", tensor.Name)
		}
	}
}

// TestStoreOfOtherTypes: weights of float64, and for int8 of float16, are stored in fewer
// bits, too.
func TestStoreOfOtherTypes(t *testing.T) {
	for _, test := range []struct {
		weights *Tensor
		stored  DataType
		want    []DataType
	}{
		{doubleTensor("w", 16, 24), Float16, []DataType{Float16}},
		{doubleTensor("w", 16, 24), Int8, []DataType{Int8, Float}},
		{halfTensor("w", 16, 24), Int8, []DataType{Int8, Float}},
		{halfTensor("w", 16, 24), Float16, []DataType{Float16}},
	} {
		name := fmt.Sprintf("%v stored as %v", test.weights.Type, test.stored)
		m := kind{name: name, inputs: in(test.weights.Type, -1, 16), tensors: []*Tensor{test.weights}, nodes: []*Node{op("MatMul", "y", "x w")}}.model(t)
		before, errA := Import(m, ImportOptions{})
		errB := m.Store(test.stored)
		after, errC := Import(m, ImportOptions{})
		if err := errors.Join(errA, errB, errC); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if found := typesOf(m); !slices.Equal(found, test.want) {
			t.Errorf("%s: constants of %v, want %v", name, found, test.want)
		}
		x := gaussian(5*16, 3)
		if d := difference(run(after, x, 5), run(before, x, 5)); !(d <= roundingOf[test.stored]) {
			t.Errorf("%s: outputs differ by %v", name, d)
		}
	}
}

// TestStoreLeavesWhatScalesWouldDouble: numbers of which each would have a scale.
func TestStoreLeavesWhatScalesWouldDouble(t *testing.T) {
	m := kind{name: "vector", inputs: in(Float, -1, 256), outputs: []Value{{"y", Float, []int{-1}}}, tensors: []*Tensor{floatTensor("v", 256)}, nodes: []*Node{op("MatMul", "y", "x v")}}.model(t)
	if err := m.Store(Int8); err != nil || !slices.Equal(typesOf(m), []DataType{Float}) {
		t.Errorf("constants of %v, error %v, want float32 as it was", typesOf(m), err)
	}
}

func typesOf(m *Model) (all []DataType) {
	for _, t := range m.Initializers() {
		all = append(all, t.Type)
	}
	return all
}

// TestStoreOfMonarch: L and R become what an export in eight bits has.
func TestStoreOfMonarch(t *testing.T) {
	network := shaken(t, nn.Description{Name: "monarch", Input: nn.Shape{62}, Nodes: []nn.Node{{Name: "fc", Op: nn.Monarch{Out: 45, Blocks: 8}}}})
	x := gaussian(5*62, 2)
	for _, kind := range []DataType{Float16, Int8} {
		m := exported(t, network, Options{})
		if err := m.Store(kind); err != nil {
			t.Fatal(err)
		}
		back, errA := Import(m, ImportOptions{})
		want, errB := Import(exported(t, network, Options{Weights: kind}), ImportOptions{})
		if err := errors.Join(errA, errB); err != nil {
			t.Fatal(err)
		}
		if got := back.Layers()[0].Kind; got != "monarch" || !slices.Contains(typesOf(m), kind) || !slices.Equal(run(back, x, 5), run(want, x, 5)) {
			t.Errorf("%v: a layer %s, constants of %v, or other outputs than those of an export", kind, got, typesOf(m))
		}
	}
}

// TestInt8OfWhatIsNotFinite: a network that has diverged is an error, which names the tensor.
func TestInt8OfWhatIsNotFinite(t *testing.T) {
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
		network := shaken(t, nn.Description{Name: "diverged", Input: nn.Shape{12}, Nodes: []nn.Node{{Name: "fc1", Op: nn.Dense{Out: 32}}}})
		network.Param("fc1.weight").Data[5] = v
		if _, err := FromNetwork(network, Options{Weights: Int8}); err == nil || !strings.Contains(err.Error(), "fc1.weight: entry 5 is") {
			t.Errorf("%v: error %v", v, err)
		}
		m := exported(t, network, Options{})
		before := encoded(t, m)
		if err := m.Store(Int8); err == nil || !strings.Contains(err.Error(), "entry 5 is") || !bytes.Equal(encoded(t, m), before) {
			t.Errorf("%v: stored: error %v, or the model has changed", v, err)
		}
	}
}
