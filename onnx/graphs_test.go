package onnx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/float16"
	"github.com/deepfry/deepfry/nn"
	"google.golang.org/protobuf/encoding/protowire"
)

// drawn is a model made by hand, of the input x and the last node's output.
type drawn struct {
	name    string
	opset   int // 0: 17
	input   nn.Shape
	nodes   []*Node
	tensors []*Tensor
	kinds   string // of the layers that Import makes
}

func (d drawn) model(t testing.TB) *Model {
	t.Helper()
	var g []byte
	for _, n := range d.nodes {
		g = append(g, n.wire...)
	}
	for _, tensor := range d.tensors {
		g = append(g, bytes.Join(tensor.encode(graphInitializer), nil)...)
	}
	last := d.nodes[len(d.nodes)-1].Outputs[0]
	g = append(g, valueInfo(graphInput, tensor{"x", d.input})...)
	g = append(g, appendMessage(nil, graphOutput, appendMessage(appendText(nil, valueName, last), valueType, appendMessage(nil, typeTensor, appendInt(nil, tensorTypeElem, int64(Float)))))...)
	if d.opset == 0 {
		d.opset = 17
	}
	file := appendMessage(appendInt(nil, modelIRVersion, 8), modelOpset, operatorSet("", int64(d.opset)))
	m, err := Parse(appendMessage(file, modelGraph, g))
	if err != nil {
		t.Fatalf("%s: %v", d.name, err)
	}
	return m
}

// op returns a node that is named like its output; inputs are separated by
// spaces, and - is none.
func op(operation, output, inputs string, attributes ...Attribute) *Node {
	list := strings.Fields(inputs)
	for i, name := range list {
		if name == "-" {
			list[i] = ""
		}
	}
	return NewNode(operation, output, list, []string{output}, attributes...)
}

// typed returns a tensor whose numbers are in a repeated field.
func typed(name string, kind DataType, dims []int, number protowire.Number, packed []byte) *Tensor {
	var message []byte
	for _, d := range dims {
		message = appendInt(message, tensorDims, int64(d))
	}
	message = appendMessage(appendText(appendInt(message, tensorType, int64(kind)), tensorName, name), number, packed)
	return &Tensor{Name: name, Type: kind, Dims: dims, message: message, wire: appendMessage(nil, graphInitializer, message)}
}

func constantNode(output string, t *Tensor) *Node {
	return op("Constant", output, "", tensorAttribute("value", t))
}

func tensorAttribute(name string, t *Tensor) Attribute {
	return appendMessage(attribute(name, kindTensor), attributeTensor, append(slices.Clone(t.message), appendMessage(nil, tensorRawData, t.raw)...))
}

// numbers returns tensors of float32 numbers in every form that there is.
func numbers() []*Tensor {
	var floats, doubles, halves, brains []byte
	for _, v := range []float32{0.5, -2, 3} {
		floats = binary.LittleEndian.AppendUint32(floats, math.Float32bits(v))
		doubles = binary.LittleEndian.AppendUint64(doubles, math.Float64bits(float64(v)))
		halves = protowire.AppendVarint(halves, uint64(float16.From(v)))
		brains = protowire.AppendVarint(brains, uint64(math.Float32bits(v)>>16))
	}
	return []*Tensor{
		NewTensor("raw", []int{3}, []float32{0.5, -2, 3}), NewFloat16Tensor("float16", []int{3}, []float32{0.5, -2, 3}),
		typed("float", Float, []int{3}, tensorFloatData, floats), typed("double", Double, []int{3}, tensorDoubleData, doubles),
		typed("half", Float16, []int{3}, tensorInt32Data, halves), typed("brain", BFloat16, []int{3}, tensorInt32Data, brains),
	}
}

func TestTensorForms(t *testing.T) {
	for _, tensor := range numbers() {
		values, err := tensor.Floats()
		if err != nil || fmt.Sprint(values) != "[0.5 -2 3]" {
			t.Errorf("%s: %v (%v)", tensor.Name, values, err)
		}
		if _, err := tensor.Ints(); err == nil {
			t.Errorf("%s: integers of floating-point numbers", tensor.Name)
		}
	}
	minus := protowire.AppendVarint(nil, 1<<64-7)
	for _, kind := range []DataType{Int64, Int32, Int8} {
		number := protowire.Number(tensorInt32Data)
		if kind == Int64 {
			number = tensorInt64Data
		}
		tensor := typed("t", kind, []int{2}, number, append([]byte{9}, minus...))
		if values, err := tensor.Ints(); err != nil || fmt.Sprint(values) != "[9 -7]" {
			t.Errorf("%v: %v (%v)", kind, values, err)
		}
		if _, err := tensor.Floats(); err == nil {
			t.Errorf("%v: floating-point numbers of integers", kind)
		}
	}
	for _, bad := range []*Tensor{
		typed("few", Float, []int{3}, tensorFloatData, make([]byte, 8)), typed("odd", Float, []int{2}, tensorFloatData, make([]byte, 7)),
		typed("none", Float, []int{2}, tensorName, nil), typed("strings", 8, []int{2}, tensorName, nil),
	} {
		if _, err := bad.Floats(); err == nil || !strings.Contains(err.Error(), `"`+bad.Name) && bad.Name != "none" {
			t.Errorf("%s: %v", bad.Name, err)
		}
	}
}

// drawings use what neither PyTorch nor our own export do.
func drawings() []drawn {
	image := nn.Shape{4, 6, 6}
	w := NewTensor("w", []int{5, 4, 3, 3}, gaussian(180, 1))
	w1 := NewTensor("w1", []int{3, 4, 1, 1}, gaussian(12, 2))
	channels := NewTensor("c", []int{1, 5, 1, 1}, gaussian(5, 3))
	matrix := NewTensor("m", []int{3, 5}, gaussian(15, 4))
	b3 := NewTensor("b3", []int{1, 3}, gaussian(3, 5))
	pair := func(name string, a, b int64) *Tensor { return NewIntTensor(name, a, b) }
	return []drawn{
		{name: "squeeze", input: image, kinds: "globalaveragepool conv", tensors: []*Tensor{w1, pair("axes", 2, 3), pair("negative", -1, -2)}, nodes: []*Node{
			op("GlobalAveragePool", "a", "x"), op("Squeeze", "b", "a axes"), op("Unsqueeze", "c", "b negative"), op("Conv", "d", "c w1"), op("Flatten", "y", "d"),
		}},
		{name: "old squeeze", opset: 11, input: image, kinds: "globalaveragepool", nodes: []*Node{
			op("ReduceMean", "a", "x", IntsAttribute("axes", -2, -1)), op("Squeeze", "y", "a", IntsAttribute("axes", 3, 2)),
		}},
		{name: "a layer for its shape alone", input: nn.Shape{5}, kinds: "relu", nodes: []*Node{
			op("Relu", "a", "x"), op("Sigmoid", "b", "a"), op("Shape", "s", "b"), op("Reshape", "y", "a s"),
		}},
		{name: "names", input: image, kinds: "dropout conv", tensors: []*Tensor{w1}, nodes: []*Node{
			op("Identity", "a", "x"), op("Cast", "b", "a", IntAttribute("to", int64(Float))), op("Dropout", "c", "b"), op("Identity", "i", "w1"), op("Conv", "d", "c i"), op("Sum", "e", "d"), op("Concat", "y", "e", IntAttribute("axis", 1)),
		}},
		{name: "weights", input: nn.Shape{5}, kinds: "dense dense", tensors: []*Tensor{matrix, NewTensor("flat", []int{9}, gaussian(9, 6)), pair("square", 3, -1)}, nodes: []*Node{
			op("Transpose", "t", "m", IntsAttribute("perm", 1, 0)), op("MatMul", "a", "x t"), op("Reshape", "r", "flat square"), op("MatMul", "y", "a r"),
		}},
		{name: "gemm", input: nn.Shape{3}, kinds: "dense dense", tensors: []*Tensor{matrix, NewTensor("n", []int{5, 3}, gaussian(15, 7)), b3}, nodes: []*Node{
			op("Gemm", "a", "x m", FloatAttribute("alpha", 0.5)), op("Gemm", "y", "a n b3", FloatAttribute("alpha", 2), FloatAttribute("beta", 3)),
		}},
		{name: "same", input: image, kinds: "conv conv averagepool", tensors: []*Tensor{w, NewTensor("w2", []int{2, 5, 3, 3}, gaussian(90, 9))}, nodes: []*Node{
			op("Conv", "a", "x w", stringAttribute("auto_pad", "SAME_UPPER")), op("Conv", "b", "a w2", stringAttribute("auto_pad", "VALID")),
			op("AveragePool", "y", "b", IntsAttribute("kernel_shape", 3, 3), stringAttribute("auto_pad", "SAME_LOWER")),
		}},
		{name: "dilated", input: image, kinds: "conv conv", tensors: []*Tensor{w, NewTensor("w2", []int{2, 5, 2, 2}, gaussian(40, 9))}, nodes: []*Node{
			op("Conv", "a", "x w", IntsAttribute("dilations", 2, 2), IntsAttribute("pads", 2, 2, 2, 2)), op("Conv", "y", "a w2", IntsAttribute("dilations", 1, 3), IntsAttribute("pads", 0, 1, 1, 2)),
		}},
		{name: "wide and high", input: image, kinds: "conv conv conv", tensors: []*Tensor{
			NewTensor("w5", []int{3, 4, 1, 5}, gaussian(60, 1)), NewTensor("w6", []int{2, 3, 5, 1}, gaussian(30, 2)), NewTensor("w7", []int{3, 2, 2, 1}, gaussian(12, 3)),
		}, nodes: []*Node{
			op("Conv", "a", "x w5", IntsAttribute("pads", 0, 2, 0, 2)), op("Conv", "b", "a w6", IntsAttribute("pads", 2, 0, 2, 0)), op("Conv", "y", "b w7", IntsAttribute("pads", 1, 0, 0, 0), IntsAttribute("strides", 2, 2)),
		}},
		{name: "half same", input: image, kinds: "conv conv", tensors: []*Tensor{w, NewTensor("w2", []int{2, 5, 4, 4}, gaussian(160, 9))}, nodes: []*Node{
			op("Conv", "a", "x w", stringAttribute("auto_pad", "SAME_UPPER"), IntsAttribute("strides", 2, 2)), op("Conv", "y", "a w2", stringAttribute("auto_pad", "SAME_LOWER")),
		}},
		{name: "pools", input: image, kinds: "maxpool averagepool maxpool", nodes: []*Node{
			op("MaxPool", "a", "x", IntsAttribute("kernel_shape", 3, 3), IntsAttribute("strides", 2, 2), IntsAttribute("pads", 0, 0, 1, 1)),
			op("AveragePool", "b", "a", IntsAttribute("kernel_shape", 2, 2), IntsAttribute("pads", 1, 1, 1, 1)),
			op("MaxPool", "y", "b", IntsAttribute("kernel_shape", 3, 3), IntsAttribute("strides", 2, 2), stringAttribute("auto_pad", "SAME_UPPER")),
		}},
		{name: "same pools", input: nn.Shape{4, 7, 6}, kinds: "maxpool averagepool maxpool averagepool", nodes: []*Node{
			op("MaxPool", "a", "x", IntsAttribute("kernel_shape", 2, 2), stringAttribute("auto_pad", "SAME_UPPER")),
			op("AveragePool", "b", "a", IntsAttribute("kernel_shape", 2, 2), stringAttribute("auto_pad", "SAME_LOWER"), IntAttribute("count_include_pad", 1)),
			op("MaxPool", "c", "b", IntsAttribute("kernel_shape", 3, 3), IntsAttribute("strides", 2, 2), IntsAttribute("pads", 0, 1, 2, 1)),
			op("AveragePool", "y", "c", IntsAttribute("kernel_shape", 3, 3), IntsAttribute("pads", 0, 2, 1, 0)),
		}},
		{name: "pad and same", input: nn.Shape{4, 7, 7}, kinds: "conv averagepool", tensors: []*Tensor{w, NewIntTensor("pads", 0, 0, 1, 1, 0, 0, 1, 1)}, nodes: []*Node{
			op("Pad", "a", "x pads"), op("Conv", "b", "a w", stringAttribute("auto_pad", "SAME_UPPER"), IntsAttribute("strides", 2, 2)),
			op("Pad", "c", "b pads"), op("AveragePool", "y", "c", IntsAttribute("kernel_shape", 4, 4), IntsAttribute("strides", 2, 2), stringAttribute("auto_pad", "SAME_UPPER"), IntAttribute("count_include_pad", 1)),
		}},
		{name: "softmax rows", input: image, kinds: "softmax softmax", nodes: []*Node{op("Softmax", "a", "x"), op("LogSoftmax", "y", "a", IntAttribute("axis", 3))}},
		{name: "old softmax", opset: 12, input: image, kinds: "reshape softmax reshape softmax", nodes: []*Node{op("Softmax", "a", "x", IntAttribute("axis", 2)), op("LogSoftmax", "y", "a", IntAttribute("axis", -1))}},
		{name: "arithmetic", input: image, kinds: "conv", tensors: []*Tensor{w, channels, NewTensor("k", nil, []float32{3})}, nodes: []*Node{
			op("Conv", "a", "x w"), op("Sub", "b", "a c"), op("Div", "d", "b c"), op("Mul", "e", "k d"), op("Add", "y", "c e"),
		}},
		{name: "normalised input", input: image, kinds: "normalize conv", tensors: []*Tensor{w, NewTensor("mean", []int{1, 4, 1, 1}, gaussian(4, 3)), NewTensor("std", []int{4, 1, 1}, []float32{1, 2, 0.5, 3}), NewTensor("k", nil, []float32{0.5})}, nodes: []*Node{
			op("Cast", "a", "x", IntAttribute("to", int64(Float))), op("Sub", "b", "a mean"), op("Div", "d", "b std"), op("Mul", "e", "k d"), op("Sub", "f", "mean e"), op("Conv", "y", "f w"),
		}},
		{name: "mean image", input: image, kinds: "relu normalize", tensors: []*Tensor{NewTensor("mean", []int{6, 6}, gaussian(36, 3)), NewTensor("rows", []int{1, 4, 6, 1}, gaussian(24, 3)), NewTensor("c", []int{4, 1, 1}, gaussian(4, 3))}, nodes: []*Node{
			op("Relu", "a", "x"), op("Add", "b", "a c"), op("Sub", "d", "b mean"), op("Div", "y", "d rows"),
		}},
		{name: "scale behind batch normalisation", opset: 8, input: nn.Shape{5, 2, 2}, kinds: "batchnorm maxpool", tensors: []*Tensor{
			NewTensor("one", []int{5}, []float32{1, 1, 1, 1, 1}), NewTensor("mean", []int{5}, gaussian(5, 2)), NewTensor("var", []int{5}, []float32{1, 2, 3, 4, 5}), NewTensor("scale", []int{5}, gaussian(5, 1)),
		}, nodes: []*Node{
			op("BatchNormalization", "a", "x one mean mean var"), op("Unsqueeze", "s", "scale", IntsAttribute("axes", 1, 2)), op("Mul", "b", "a s"),
			op("Unsqueeze", "t", "mean", IntsAttribute("axes", 2, 1)), op("Add", "c", "b t"), op("MaxPool", "y", "c", IntsAttribute("kernel_shape", 2, 2)),
		}},
		{name: "scale behind unsqueezed vectors", opset: 11, input: nn.Shape{5}, kinds: "batchnorm reshape sigmoid", tensors: []*Tensor{NewTensor("v", []int{5}, []float32{1, 2, 3, 4, 5}), channels}, nodes: []*Node{
			op("BatchNormalization", "a", "x v v v v"), op("Unsqueeze", "b", "a", IntsAttribute("axes", 2, 3)), op("Mul", "d", "b c"), op("Sigmoid", "y", "d"),
		}},
		{name: "scale behind unsqueezed products", input: nn.Shape{3}, kinds: "dense reshape normalize", tensors: []*Tensor{matrix, channels, NewIntTensor("axes", 2, 3)}, nodes: []*Node{
			op("MatMul", "a", "x m"), op("Unsqueeze", "b", "a axes"), op("Div", "y", "b c"),
		}},
		{name: "scaled and not", input: nn.Shape{5}, kinds: "batchnorm normalize add", tensors: []*Tensor{NewTensor("v", []int{5}, []float32{1, 2, 3, 4, 5})}, nodes: []*Node{
			op("BatchNormalization", "a", "x v v v v"), op("Mul", "b", "a v"), op("Add", "y", "a b"),
		}},
		{name: "pad", input: image, kinds: "conv averagepool", tensors: []*Tensor{w, NewIntTensor("pads", 0, 0, 2, 2, 0, 0, 2, 2), NewIntTensor("none", 0, 0, 0, 0, 0, 0, 0, 0)}, nodes: []*Node{
			op("Pad", "a", "x pads"), op("Conv", "b", "a w"), op("Pad", "d", "b pads"), op("AveragePool", "e", "d", IntsAttribute("kernel_shape", 3, 3)), op("Pad", "y", "e none"),
		}},
		{name: "pads as PyTorch computes them", input: image, kinds: "conv", tensors: []*Tensor{
			w, NewIntTensor("last", 2, 2, 2, 2), NewIntTensor("four", 4), NewIntTensor("pairs", -1, 2), NewIntTensor("all", -1), NewIntTensor("end", math.MinInt64), NewIntTensor("zero", 0),
		}, nodes: []*Node{
			op("ConstantOfShape", "first", "four", tensorAttribute("value", NewIntTensor("", 0))), op("Concat", "pads", "last first", IntAttribute("axis", 0)), op("Reshape", "a", "pads pairs"),
			op("Slice", "b", "a all end zero all"), op("Transpose", "c", "b"), op("Reshape", "d", "c all"), op("Cast", "e", "d", IntAttribute("to", int64(Int64))), op("Pad", "f", "x e"), op("Conv", "y", "f w"),
		}},
		{name: "flatten by shape", input: image, kinds: "conv dense", tensors: []*Tensor{w1, NewTensor("m2", []int{108, 2}, gaussian(216, 8)), NewIntTensor("rest", -1), NewIntTensor("zero", 0), NewIntTensor("one", 1)}, nodes: []*Node{
			op("Conv", "a", "x w1"), op("Shape", "s", "a"), op("Slice", "n", "s zero one"), op("Concat", "to", "n rest", IntAttribute("axis", 0)), op("Reshape", "b", "a to"), op("MatMul", "y", "b m2"),
		}},
		{name: "shape of a part", opset: 15, input: image, kinds: "conv reshape conv", tensors: []*Tensor{w1, NewIntTensor("minus", -1), NewIntTensor("dims", 0, -1, 2, 6), NewTensor("w3", []int{1, 9, 1, 1}, gaussian(9, 1))}, nodes: []*Node{
			op("Conv", "a", "x w1"), op("Shape", "s", "a", IntAttribute("start", 0), IntAttribute("end", 1)), op("Cast", "i", "s", IntAttribute("to", int64(Int64))), op("Concat", "to", "i minus", IntAttribute("axis", 0)),
			op("Reshape", "b", "a to"), op("Reshape", "c", "b dims"), op("Conv", "y", "c w3"),
		}},
		{name: "constants", input: nn.Shape{3}, kinds: "leakyrelu clip dense", nodes: []*Node{
			constantNode("w", NewTensor("", []int{3, 2}, gaussian(6, 1))), op("Constant", "low", "", FloatAttribute("value_float", -1)),
			op("LeakyRelu", "a", "x"), op("Clip", "b", "a low"), op("MatMul", "y", "b w"),
		}},
		{name: "gathered", input: image, kinds: "conv", tensors: []*Tensor{w1}, nodes: []*Node{
			op("Conv", "a", "x w1"), op("Shape", "s", "a"), op("Constant", "i", "", IntAttribute("value_int", 0)), op("Gather", "n", "s i"), op("Constant", "axes", "", IntsAttribute("value_ints", 0)),
			op("Unsqueeze", "u", "n axes"), op("Squeeze", "q", "u axes"), op("Unsqueeze", "v", "q axes"), op("Constant", "last", "", IntsAttribute("value_ints", 108)), op("Concat", "to", "v last", IntAttribute("axis", 0)), op("Reshape", "y", "a to"),
		}},
		{name: "old clip", opset: 9, input: image, kinds: "clip softmax", nodes: []*Node{op("Clip", "a", "x", FloatAttribute("min", -0.5), FloatAttribute("max", 1)), op("Softmax", "y", "a")}},
		{name: "mean by input", opset: 18, input: image, kinds: "globalaveragepool reshape softmax", tensors: []*Tensor{pair("axes", 2, 3)}, nodes: []*Node{
			op("ReduceMean", "a", "x axes", IntAttribute("keepdims", 0)), op("Softmax", "y", "a", IntAttribute("axis", 1)),
		}},
		{name: "two uses", input: image, kinds: "conv batchnorm add", tensors: []*Tensor{
			NewTensor("w4", []int{4, 4, 1, 1}, gaussian(16, 2)), NewTensor("scale", []int{4}, gaussian(4, 1)), NewTensor("mean", []int{4}, gaussian(4, 2)), NewTensor("var", []int{4}, []float32{1, 2, 3, 4}),
		}, nodes: []*Node{op("Conv", "a", "x w4"), op("BatchNormalization", "b", "a scale mean mean var"), op("Add", "y", "a b")}},
	}
}

func (d drawn) imports(t testing.TB, o ImportOptions) *nn.Network {
	t.Helper()
	network, err := Import(d.model(t), o)
	if err != nil {
		t.Fatalf("%s: %v", d.name, err)
	}
	return network
}

func TestImportOfDrawings(t *testing.T) {
	for _, d := range drawings() {
		for _, o := range []ImportOptions{{}, {FoldBatchNorm: true}} { // which must not fold what has two uses
			var kinds []string
			for _, node := range d.imports(t, o).Description.Nodes {
				kinds = append(kinds, node.Op.Kind())
			}
			if got := strings.Join(kinds, " "); got != d.kinds {
				t.Errorf("%s: layers %s, want %s", d.name, got, d.kinds)
			}
		}
	}
}

// TestNormalizationByOperators reads a local response normalisation as operators, and
// none where the window is another one.
func TestNormalizationByOperators(t *testing.T) {
	kernel := IntsAttribute("kernel_shape", 3, 1, 1)
	zeros, ones := []int64{0, 0, 0, 0, 0, 0}, []int64{0, 0, 1, 0, 0, 0, 0, 1, 0, 0}
	count := IntAttribute("count_include_pad", 1)
	for _, c := range []struct {
		name  string
		pads  []int64 // of the Pad; nil: there is none
		value float32
		pool  []Attribute
		right bool
	}{
		{"a Pad", ones, 0, nil, true},
		{"a Pad and a pool's zeros", ones, 0, []Attribute{IntsAttribute("pads", zeros...), IntsAttribute("strides", 1, 1, 1)}, true},
		{"the pool's own", nil, 0, []Attribute{IntsAttribute("pads", 1, 0, 0, 1, 0, 0), count}, true},
		{"the pool's own, not counted", nil, 0, []Attribute{IntsAttribute("pads", 1, 0, 0, 1, 0, 0)}, false},
		{"both", ones, 0, []Attribute{IntsAttribute("pads", 1, 0, 0, 1, 0, 0), count}, false},
		{"none", nil, 0, nil, false},
		{"shifted", []int64{0, 0, 2, 0, 0, 0, 0, 0, 0, 0}, 0, nil, false},
		{"of other dimensions", []int64{0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, 0, nil, false},
		{"ones around", ones, 1, nil, false},
		{"strides", ones, 0, []Attribute{IntsAttribute("strides", 2, 1, 1)}, false},
		{"dilated", ones, 0, []Attribute{IntsAttribute("dilations", 2, 1, 1)}, false},
		{"auto_pad", nil, 0, []Attribute{stringAttribute("auto_pad", "SAME_UPPER")}, false},
	} {
		d := drawn{input: nn.Shape{4, 3, 3}, tensors: []*Tensor{NewIntTensor("axes", 1), NewTensor("n", nil, []float32{0.75})}, nodes: []*Node{op("Mul", "a", "x x"), op("Unsqueeze", "p", "a axes")}}
		if c.pads != nil {
			d.tensors = append(d.tensors, NewIntTensor("pads", c.pads...), NewTensor("value", nil, []float32{c.value}))
			d.nodes[1] = op("Unsqueeze", "b", "a axes")
			d.nodes = append(d.nodes, op("Pad", "p", "b pads value"))
		}
		d.nodes = append(d.nodes, op("AveragePool", "m", "p", append(c.pool, kernel)...), op("Squeeze", "e", "m axes"), op("Mul", "f", "e n"), op("Add", "g", "f n"), op("Pow", "h", "g n"), op("Div", "y", "x h"))
		if network, err := Import(d.model(t), ImportOptions{}); (err == nil) != c.right || c.right && network.Description.Nodes[0].Op.Kind() != (nn.LocalResponseNorm{}).Kind() {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
}

// TestIntegerInputs reads models whose input is no floating-point number.
func TestIntegerInputs(t *testing.T) {
	cast := drawn{input: nn.Shape{2, 2}, nodes: []*Node{op("Flatten", "a", "x"), op("Cast", "b", "a", IntAttribute("to", int64(Float))), op("Relu", "y", "b")}}
	direct := drawn{input: nn.Shape{4}, nodes: []*Node{op("Identity", "a", "x"), op("Relu", "y", "a")}}
	for _, c := range []struct {
		kind   DataType
		direct string // the error without a Cast, and with it
		cast   string
	}{
		{Float16, "", ""}, {Double, "", ""}, {Uint8, "input 0 holds integers", ""}, {Int64, "input 0 holds integers", ""},
		{8, `input "x" holds type 8`, `input "x" holds type 8`},
	} {
		for want, d := range map[string]drawn{"direct: " + c.direct: direct, "cast: " + c.cast: cast} {
			m := d.model(t)
			m.Inputs[0].Type = c.kind
			_, err := Import(m, ImportOptions{})
			_, want, _ = strings.Cut(want, ": ")
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%v: want an error with %q, found: %v", c.kind, want, err)
			}
		}
	}
}

// TestOldInference reads what says of itself that it does not train, of opsets that
// ONNX Runtime has no more.
func TestOldInference(t *testing.T) {
	d := drawn{opset: 6, input: nn.Shape{4}, tensors: []*Tensor{NewTensor("c", []int{4}, []float32{1, 2, 3, 4})}, nodes: []*Node{
		op("Dropout", "a", "x", IntAttribute("is_test", 1)), op("BatchNormalization", "y", "a c c c c", IntAttribute("is_test", 1), FloatAttribute("epsilon", 1e-9)),
	}}
	want := []float32{1, 2, 3, 4}
	for i, c := range want { // x = 1
		want[i] = c*(1-c)/float32(math.Sqrt(float64(c))) + c
	}
	if got := run(d.imports(t, ImportOptions{}), []float32{1, 1, 1, 1}, 1); !(difference(got, want) <= 1e-6) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestDrawingsInONNXRuntime(t *testing.T) {
	j := newJobs(t)
	for _, d := range drawings() {
		path := j.save(t, d.model(t))
		x := gaussian(2*d.input.Size(), 1)
		j.add(t, d.name, path, "x", append([]int{2}, d.input...), x, run(d.imports(t, ImportOptions{}), x, 2), 1e-4)
	}
	j.run(t)
}

// refusedDrawings are models that Import refuses, by a part of the error.
func refusedDrawings() map[string]drawn {
	image, vector := nn.Shape{4, 6, 6}, nn.Shape{3}
	w := NewTensor("w", []int{2, 4, 3, 3}, gaussian(72, 1))
	m := NewTensor("m", []int{3, 3}, gaussian(9, 1))
	c := NewTensor("c", []int{4}, gaussian(4, 1))
	kernel := IntsAttribute("kernel_shape", 2, 2)
	pairs := newTensor("pairs", Int64, []int{2, 2}, NewIntTensor("", 0, 3, 4, 12).raw)
	return map[string]drawn{
		`node "a" (Concat): input 0 is constant`:                  {input: image, tensors: []*Tensor{pairs}, nodes: []*Node{op("Concat", "a", "pairs pairs", IntAttribute("axis", 1)), op("Reshape", "y", "x a")}},
		`node "b" (Concat): input 0 is constant`:                  {input: image, opset: 11, tensors: []*Tensor{NewIntTensor("i", 0, -1)}, nodes: []*Node{op("Unsqueeze", "a", "i", IntsAttribute("axes", 0)), op("Concat", "b", "a a", IntAttribute("axis", 0)), op("Reshape", "y", "x b")}},
		`node "a" (Gather): there is no layer`:                    {input: image, tensors: []*Tensor{pairs, NewIntTensor("i", 1)}, nodes: []*Node{op("Gather", "a", "pairs i"), op("Reshape", "y", "x a")}},
		`node "y" (Einsum): there is no layer for this operation`: {input: image, nodes: []*Node{op("Einsum", "y", "x")}},
		`node "y" (com.example.Gemm): the operation is not one`:   {input: image, nodes: []*Node{op("com.example.Gemm", "y", "x")}},
		`node "y" (Relu): it takes "z", which no node`:            {input: image, nodes: []*Node{op("Relu", "y", "z")}},
		`input 0 is missing`:                                      {input: image, nodes: []*Node{op("Relu", "y", "-")}},
		`strides [1 2]`:                                           {input: image, tensors: []*Tensor{w}, nodes: []*Node{op("Conv", "y", "x w", IntsAttribute("strides", 1, 2))}},
		`pads [0 0]: want 4 numbers`:                              {input: image, tensors: []*Tensor{w}, nodes: []*Node{op("Conv", "y", "x w", IntsAttribute("pads", 0, 0))}},
		`does not fit samples of 4×6×6`:                           {input: image, tensors: []*Tensor{w}, nodes: []*Node{op("Conv", "y", "x w", IntsAttribute("dilations", 3, 3))}},
		`needs one of 19×19 here`:                                 {input: nn.Shape{4, 20, 20}, tensors: []*Tensor{w}, nodes: []*Node{op("Conv", "y", "x w", IntsAttribute("dilations", 9, 9))}},
		`no square kernel`:                                        {input: image, tensors: []*Tensor{w}, nodes: []*Node{op("Conv", "y", "x w", IntsAttribute("pads", 0, 0, 9, 0))}},
		`in 3 groups`:                                             {input: image, tensors: []*Tensor{w}, nodes: []*Node{op("Conv", "y", "x w", IntAttribute("group", 3))}},
		`input 1 ("x") is not a constant of 4 dimensions`:         {input: image, nodes: []*Node{op("Conv", "y", "x x")}},
		`a kernel of [3 3], dilated by [1 1], on samples of 3`:    {input: vector, tensors: []*Tensor{w}, nodes: []*Node{op("Conv", "y", "x w")}},
		`behind a Pad`:                                            {input: image, tensors: []*Tensor{NewIntTensor("p", 0, 0, 1, 1, 0, 0, 1, 1)}, nodes: []*Node{op("Pad", "a", "x p"), op("AveragePool", "y", "a", kernel, IntsAttribute("pads", 1, 1, 1, 1))}},
		`a kernel of [2 1], dilated by`:                           {input: image, nodes: []*Node{op("MaxPool", "y", "x", IntsAttribute("kernel_shape", 2, 1))}},
		`auto_pad "SOME"`:                                         {input: image, nodes: []*Node{op("MaxPool", "y", "x", kernel, stringAttribute("auto_pad", "SOME"))}},
		`a kernel of [7 7] does not fit`:                          {input: image, nodes: []*Node{op("MaxPool", "y", "x", IntsAttribute("kernel_shape", 7, 7))}},
		`transA`:                                                  {input: vector, tensors: []*Tensor{m}, nodes: []*Node{op("Gemm", "y", "x m", IntAttribute("transA", 1))}},
		`weights for 3 inputs do not fit samples of 4×6×6`:        {input: image, tensors: []*Tensor{m}, nodes: []*Node{op("MatMul", "y", "x m")}},
		`input 0 is constant`:                                     {input: vector, tensors: []*Tensor{m}, nodes: []*Node{op("MatMul", "y", "m x")}},
		`the bias: dimensions [4]`:                                {input: vector, tensors: []*Tensor{m, c}, nodes: []*Node{op("Gemm", "y", "x m c")}},
		`it divides a constant`:                                   {input: vector, tensors: []*Tensor{NewTensor("k", nil, []float32{2})}, nodes: []*Node{op("Div", "y", "k x")}},
		`has the number 0: as`:                                    {input: vector, tensors: []*Tensor{NewTensor("k", []int{3}, []float32{2, 0, 1})}, nodes: []*Node{op("Mul", "y", "x k")}},
		`has the number -0: as`:                                   {input: vector, tensors: []*Tensor{m, NewTensor("k", nil, []float32{float32(math.Copysign(0, -1))})}, nodes: []*Node{op("MatMul", "a", "x m"), op("Div", "y", "a k")}},
		`dimensions [3 3] on samples of 3:`:                       {input: vector, tensors: []*Tensor{m}, nodes: []*Node{op("Add", "y", "m x")}},
		`dimensions [4] on samples of 4×6×6:`:                     {input: image, tensors: []*Tensor{c}, nodes: []*Node{op("Add", "y", "x c")}},
		`it is not a constant of floating-point`:                  {input: vector, tensors: []*Tensor{NewIntTensor("i", 3)}, nodes: []*Node{op("Mul", "y", "x i")}},
		`approximate "erf"`:                                       {input: vector, nodes: []*Node{op("Gelu", "y", "x", stringAttribute("approximate", "erf"))}},
		`(Erf): there is no layer`:                                {input: vector, nodes: []*Node{op("Erf", "y", "x")}},
		`it is supported for the sum`:                             {input: vector, nodes: []*Node{op("Mul", "y", "x x")}},
		`node "y" (BatchNormalization): it is in training mode`:   {input: image, tensors: []*Tensor{c}, nodes: []*Node{op("BatchNormalization", "y", "x c c c c", IntAttribute("training_mode", 1))}},
		`node "a" (BatchNormalization): it is in training mode`:   {input: image, opset: 6, tensors: []*Tensor{c}, nodes: []*Node{op("BatchNormalization", "a", "x c c c c"), op("Relu", "y", "a")}},
		`node "z" (BatchNormalization): it is in training mode`: {input: image, opset: 9, tensors: []*Tensor{c}, nodes: []*Node{
			NewNode("BatchNormalization", "z", []string{"x", "c", "c", "c", "c"}, []string{"y", "mean", "variance"}),
		}},
		`node "y" (Dropout): it is in training mode`:  {input: image, tensors: []*Tensor{typed("yes", Bool, nil, tensorInt32Data, []byte{1})}, nodes: []*Node{op("Dropout", "y", "x - yes")}},
		`node "a" (Dropout): it is in training mode`:  {input: image, opset: 6, nodes: []*Node{op("Dropout", "a", "x"), op("Relu", "y", "a")}},
		`mode constant, 1: want zeros`:                {input: image, opset: 10, nodes: []*Node{op("Pad", "y", "x", IntsAttribute("pads", 0, 0, 1, 1, 0, 0, 1, 1), FloatAttribute("value", 1))}},
		`node "y" (Concat): it has no inputs`:         {input: image, nodes: []*Node{op("Concat", "y", "")}},
		`size 0`:                                      {input: image, nodes: []*Node{op("LRN", "y", "x")}},
		`size 4`:                                      {input: image, nodes: []*Node{op("LRN", "y", "x", IntAttribute("size", 4))}},
		`axis 1 of samples of 4×6×6`:                  {input: image, nodes: []*Node{op("Softmax", "y", "x", IntAttribute("axis", 1))}},
		`axis 2 of samples of 4×6×6`:                  {input: image, nodes: []*Node{op("LogSoftmax", "y", "x", IntAttribute("axis", 2))}},
		`axis 0 of samples of 3`:                      {input: vector, opset: 11, nodes: []*Node{op("Softmax", "y", "x", IntAttribute("axis", 0))}},
		`axis 2`:                                      {input: image, nodes: []*Node{op("Flatten", "y", "x", IntAttribute("axis", 2))}},
		`axis 3 of`:                                   {input: image, nodes: []*Node{op("Concat", "y", "x x", IntAttribute("axis", 3))}},
		`the batch must stay apart`:                   {input: image, tensors: []*Tensor{NewIntTensor("to", 7, -1)}, nodes: []*Node{op("Reshape", "y", "x to")}},
		`can't be reshaped to [5 -1]`:                 {input: image, tensors: []*Tensor{NewIntTensor("to", 0, 5, -1)}, nodes: []*Node{op("Reshape", "y", "x to")}},
		`more than one dimension is open`:             {input: image, tensors: []*Tensor{NewIntTensor("to", -1, 5, -1)}, nodes: []*Node{op("Reshape", "y", "x to")}},
		`want the dimensions of a batch`:              {input: image, tensors: []*Tensor{NewIntTensor("to", -1)}, nodes: []*Node{op("Reshape", "y", "x to")}},
		`input 1 ("x") is not a constant of integers`: {input: image, nodes: []*Node{op("Reshape", "y", "x x")}},
		`want dimensions of 1`:                        {input: image, nodes: []*Node{op("Squeeze", "y", "x", IntsAttribute("axes", 1))}},
		`axes [-1 3]: one of them is named twice`:     {input: nn.Shape{4, 6, 1}, nodes: []*Node{op("Squeeze", "y", "x", IntsAttribute("axes", -1, 3))}},
		`want some dimensions`:                        {input: image, nodes: []*Node{op("Squeeze", "y", "x")}},
		`want the mean over height and width`:         {input: image, nodes: []*Node{op("ReduceMean", "y", "x", IntsAttribute("axes", 1))}},
		`input 0 is padded`:                           {input: image, tensors: []*Tensor{NewIntTensor("p", 0, 0, 1, 1, 0, 0, 1, 1)}, nodes: []*Node{op("Pad", "a", "x p"), op("Relu", "y", "a")}},
		`mode reflect`:                                {input: image, tensors: []*Tensor{NewIntTensor("p", 0, 0, 1, 1, 0, 0, 1, 1)}, nodes: []*Node{op("Pad", "y", "x p", stringAttribute("mode", "reflect"))}},
		`casting to int64`:                            {input: image, nodes: []*Node{op("Cast", "y", "x", IntAttribute("to", 7))}},
		`is not computed by any layer`:                {input: image, nodes: []*Node{op("Flatten", "y", "x")}},
		`its output "mask" is not supported`: {input: image, nodes: []*Node{
			NewNode("MaxPool", "p", []string{"x"}, []string{"a", "mask"}, kernel), op("Add", "y", "a mask"),
		}},
		`from 2 to 1`:                  {input: vector, nodes: []*Node{op("Clip", "y", "x", FloatAttribute("min", 2), FloatAttribute("max", 1))}},
		`is not a constant number`:     {input: vector, nodes: []*Node{op("Clip", "y", "x x")}},
		`index 9 of 4`:                 {input: image, tensors: []*Tensor{NewIntTensor("i", 9)}, nodes: []*Node{op("Shape", "s", "x"), op("Gather", "g", "s i"), op("Reshape", "y", "x g")}},
		`a kind that is not`:           {input: vector, nodes: []*Node{op("Constant", "a", "", stringAttribute("value_string", "a")), op("Clip", "y", "x a")}},
		`only matrices`:                {input: image, tensors: []*Tensor{w}, nodes: []*Node{op("Transpose", "t", "w"), op("Conv", "y", "x t")}},
		`casting a constant to int64`:  {input: image, tensors: []*Tensor{c}, nodes: []*Node{op("Cast", "t", "c", IntAttribute("to", 7)), op("Add", "y", "x t")}},
		`computing with 5000 integers`: {input: image, tensors: []*Tensor{NewIntTensor("many", make([]int64, 5000)...)}, nodes: []*Node{op("Reshape", "y", "x many")}},
	}
}

func TestImportErrors(t *testing.T) {
	for want, d := range refusedDrawings() {
		_, err := Import(d.model(t), ImportOptions{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, found: %v", want, err)
		}
	}
}

// TestInputShapes reads models that do not say all of it, or too much.
func TestInputShapes(t *testing.T) {
	d := drawn{input: nn.Shape{4, 0, 0}, nodes: []*Node{op("Relu", "y", "x")}}
	if _, err := Import(d.model(t), ImportOptions{}); err == nil || !strings.Contains(err.Error(), "give the sample's shape") {
		t.Errorf("unknown height and width: %v", err)
	}
	network, err := Import(d.model(t), ImportOptions{Input: nn.Shape{4, 2, 2}})
	if err != nil || network.OutShape().String() != "4×2×2" {
		t.Errorf("a shape that was given: %v", err)
	}
	m := d.model(t)
	m.Outputs = append(m.Outputs, m.Outputs[0])
	if _, err := Import(m, ImportOptions{}); err == nil || !strings.Contains(err.Error(), "1 inputs and 2 outputs") {
		t.Errorf("two outputs: %v", err)
	}
}
