package onnx

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/nn"
	"google.golang.org/protobuf/encoding/protowire"
)

// kind is a model of a kind that people bring. The type and the dimensions of its
// inputs, of which the first is x, are in the file, where -1 is a dimension of any
// size, and rows when the model is run.
type kind struct {
	name    string
	opset   int   // 0: 17
	format  int64 // the version of the format; 0: 8
	inputs  []Value
	outputs []Value // none: the last node's, of x's type
	nodes   []*Node
	tensors []*Tensor
	more    []byte // other fields of the model

	layers  int      // how many can be replaced; 0: one, if none is refused
	refused []string // what the reasons for the others say, in their order
	weights string   // the constant that a replacement removes; "": w
	// fastfood says that the weights are kindTransform's matrix, and the replacement is
	// that, in place of the weights behind the identity.
	fastfood  bool
	tolerance float64 // 0: 1e-5
}

const rows = 5

// small returns a matrix of rank 2, all of whose numbers are multiples of 1/8 up to
// 18/8: they are the same in every type.
func small(rows, columns int) []float32 {
	w := make([]float32, rows*columns)
	for i, v := range smallInts(rows, columns) {
		w[i] = float32(int8(v)) / 8
	}
	return w
}

// smallInts returns it times 8, as int8.
func smallInts(rows, columns int) []byte {
	w := make([]byte, rows*columns)
	for i := range rows {
		for j := range columns {
			w[i*columns+j] = byte((i%7-3)*(j*j%7-3) + (i*i%5-2)*(j%4-1))
		}
	}
	return w
}

func doubleTensor(name string, dims ...int) *Tensor {
	return newDoubleTensor(name, dims, small(dims[0], dims[1]))
}

func floatTensor(name string, dims ...int) *Tensor {
	columns := 1
	for _, d := range dims[min(1, len(dims)):] {
		columns *= d
	}
	first := 1
	if len(dims) > 0 {
		first = dims[0]
	}
	return NewTensor(name, dims, small(first, columns))
}

func halfTensor(name string, dims ...int) *Tensor {
	return NewFloat16Tensor(name, dims, small(dims[0], dims[1]))
}

func brainTensor(name string, dims ...int) *Tensor {
	var raw []byte
	for i, b := range NewTensor(name, dims, small(dims[0], dims[1])).raw {
		if i%4 > 1 {
			raw = append(raw, b)
		}
	}
	return newTensor(name, BFloat16, dims, raw)
}

// shifted returns such integers around a zero point.
func shifted(kind DataType, dims []int, zero byte) *Tensor {
	raw := smallInts(dims[0], dims[1])
	for i := range raw {
		raw[i] += zero
	}
	return newTensor("w", kind, dims, raw)
}

// w, b and x are what most kinds have.
func w() *Tensor { return floatTensor("w", 16, 24) }
func b() *Tensor { return NewTensor("b", []int{24}, gaussian(24, 5)) }

func in(kind DataType, dims ...int) []Value { return []Value{{"x", kind, dims}} }

func graphAttributeOf(name string, nodes []*Node, inputs []Value, outputs ...Value) Attribute {
	g := appendText(nil, graphName, name)
	for _, n := range nodes {
		g = append(g, n.wire...)
	}
	for _, v := range inputs {
		g = append(g, v.info(graphInput)...)
	}
	for _, v := range outputs {
		g = append(g, v.info(graphOutput)...)
	}
	return appendMessage(attribute(name, 5), attributeGraph, g)
}

// info encodes an input or output of a graph, of which -1 is one of any size.
func (v Value) info(number protowire.Number) []byte {
	if v.Dims == nil {
		elem := appendInt(nil, tensorTypeElem, int64(v.Type))
		return appendMessage(nil, number, appendMessage(appendText(nil, valueName, v.Name), valueType, appendMessage(nil, typeTensor, elem)))
	}
	shape := []byte{}
	for i, d := range v.Dims {
		dim := appendInt(nil, dimValue, int64(d))
		if d < 0 {
			dim = appendText(nil, dimParam, fmt.Sprint(v.Name, i))
		}
		shape = appendMessage(shape, shapeDim, dim)
	}
	return tensorInfo(number, v.Name, v.Type, shape)
}

func (k kind) model(t testing.TB) *Model {
	t.Helper()
	var g []byte
	for _, n := range k.nodes {
		g = append(g, n.wire...)
	}
	g = appendText(g, graphName, "kind")
	for _, tensor := range k.tensors {
		g = append(g, bytes.Join(tensor.encode(graphInitializer), nil)...)
		if k.format == 3 {
			g = append(g, constantInfo(tensor)...)
		}
	}
	for _, v := range k.in() {
		g = append(g, v.info(graphInput)...)
	}
	outputs := k.outputs
	if outputs == nil {
		last := k.nodes[len(k.nodes)-1]
		x := k.in()[0] // y has as many dimensions
		outputs = []Value{{last.Outputs[0], x.Type, slices.Repeat([]int{-1}, len(x.Dims))}}
	}
	for _, v := range outputs {
		g = append(g, v.info(graphOutput)...)
	}
	file := appendMessage(appendInt(nil, modelIRVersion, cmp.Or(k.format, 8)), modelOpset, operatorSet("", int64(cmp.Or(k.opset, 17))))
	m, err := Parse(append(appendMessage(file, modelGraph, g), k.more...))
	if err != nil {
		t.Fatalf("%s: %v", k.name, err)
	}
	return m
}

func (k kind) in() []Value {
	if k.inputs == nil {
		return in(Float, -1, 16)
	}
	return k.inputs
}

// gemms are Gemm nodes with every bias and setting.
func gemms() (kinds []kind) {
	for name, bias := range map[string]*Tensor{
		"[N]": b(), "[1, N]": floatTensor("b", 1, 24), "[]": floatTensor("b"), "[1]": floatTensor("b", 1),
		"[M, 1]": floatTensor("b", rows, 1), "[M, N]": floatTensor("b", rows, 24), "[1, 1]": floatTensor("b", 1, 1),
	} {
		for _, opset := range []int{7, 9, 13} {
			kinds = append(kinds, kind{
				name: fmt.Sprintf("gemm %s opset %d", name, opset), opset: opset, inputs: in(Float, rows, 16), tensors: []*Tensor{w(), bias},
				nodes: []*Node{op("Gemm", "y", "x w b", FloatAttribute("alpha", 0.5), FloatAttribute("beta", 3))},
			})
		}
	}
	turned := floatTensor("w", 24, 16)
	return append(kinds,
		kind{name: "gemm transB", tensors: []*Tensor{turned, b()}, nodes: []*Node{op("Gemm", "y", "x w b", IntAttribute("transB", 1))}},
		kind{name: "gemm without bias", tensors: []*Tensor{turned}, nodes: []*Node{op("Gemm", "y", "x w", IntAttribute("transB", 1), FloatAttribute("beta", 3))}},
		kind{name: "gemm with an empty bias", opset: 11, tensors: []*Tensor{w()}, nodes: []*Node{op("Gemm", "y", "x w -")}},
		kind{name: "gemm of beta 0", tensors: []*Tensor{w(), b()}, nodes: []*Node{op("Gemm", "y", "x w b", FloatAttribute("beta", 0))}},
		kind{name: "gemm with a computed bias", opset: 9, tensors: []*Tensor{w()}, inputs: []Value{{"x", Float, []int{-1, 16}}, {"z", Float, []int{-1, 24}}},
			nodes: []*Node{op("Tanh", "c", "z"), op("Gemm", "y", "x w c", FloatAttribute("beta", 2))}},
		kind{name: "gemm with a bias that others take", tensors: []*Tensor{w(), b()}, nodes: []*Node{op("Gemm", "a", "x w b"), op("Mul", "y", "a b")}},
		kind{name: "gemm transA", tensors: []*Tensor{w()}, inputs: in(Float, 16, rows), refused: []string{"its input is transposed"}, nodes: []*Node{op("Gemm", "y", "x w", IntAttribute("transA", 1))}},
		kind{name: "gemm on the left", tensors: []*Tensor{floatTensor("w", 24, 16)}, inputs: in(Float, 16, -1), refused: []string{"the weights are on the left"}, nodes: []*Node{op("MatMul", "y", "w x")}},
		kind{name: "gemm of double", inputs: in(Double, -1, 16), tensors: []*Tensor{doubleTensor("w", 16, 24), doubleTensor("b", 1, 24)},
			nodes: []*Node{op("Gemm", "y", "x w b", FloatAttribute("beta", 2))}},
		kind{name: "gemm of float16", inputs: in(Float16, -1, 16), tensors: []*Tensor{halfTensor("w", 16, 24), halfTensor("b", 1, 24)},
			nodes: []*Node{op("Gemm", "y", "x w b", FloatAttribute("beta", 2))}, tolerance: 1e-2},
	)
}

// matmuls are MatMul nodes on inputs of one to four dimensions, with Add behind
// them.
func matmuls() (kinds []kind) {
	for _, dims := range [][]int{{16}, {-1, 16}, {2, -1, 16}, {-1, 2, 3, 16}} {
		for name, bias := range map[string]*Tensor{"[N]": b(), "[1, N]": floatTensor("b", 1, 24), "[]": floatTensor("b")} {
			if len(dims) == 1 && name == "[1, N]" {
				continue // two dimensions from one
			}
			kinds = append(kinds, kind{
				name: fmt.Sprintf("matmul of %d dimensions %s", len(dims), name), opset: []int{7, 9, 11, 17}[len(dims)-1], inputs: in(Float, dims...), tensors: []*Tensor{w(), bias},
				nodes: []*Node{op("MatMul", "a", "x w"), op("Add", "y", []string{"a b", "b a"}[len(dims)%2])},
			})
		}
	}
	two := []*Tensor{w(), floatTensor("v", 24, 3)}
	return append(kinds,
		kind{name: "inputs less a large mean", inputs: in(Float, -1, 200), tensors: []*Tensor{NewTensor("m", []int{1, 200}, slices.Repeat([]float32{30001, 29999}, 100)), floatTensor("w", 200, 24)},
			nodes: []*Node{op("Sub", "d", "x m"), op("MatMul", "y", "d w")}},
		kind{name: "matmul scaled", tensors: []*Tensor{w(), floatTensor("s", 24), b()}, nodes: []*Node{op("MatMul", "a", "x w"), op("Mul", "c", "a s"), op("Add", "y", "c b")}},
		kind{name: "a cast before the bias", tensors: []*Tensor{w(), doubleTensor("b", 1, 24)}, outputs: []Value{{"y", Double, []int{-1, 24}}},
			nodes: []*Node{op("MatMul", "a", "x w"), op("Cast", "c", "a", IntAttribute("to", int64(Double))), op("Add", "y", "c b")}},
		kind{name: "a reshape before the bias", tensors: []*Tensor{w(), b(), NewIntTensor("to", 0, 4, 6), NewIntTensor("back", 0, 24)},
			nodes: []*Node{op("MatMul", "a", "x w"), op("Reshape", "c", "a to"), op("Reshape", "d", "c back"), op("Add", "y", "d b")}},
		kind{name: "a batch normalization behind it", tensors: []*Tensor{w(), b(), floatTensor("s", 24), NewTensor("var", []int{24}, slices.Repeat([]float32{1, 2, 3}, 8))},
			nodes: []*Node{op("Gemm", "a", "x w b"), op("BatchNormalization", "y", "a s b b var")}},
		kind{name: "names that are taken", tensors: []*Tensor{w(), NewTensor("m/1", []int{24}, gaussian(24, 3)), floatTensor("m/2.weight", 1, 24)},
			nodes: []*Node{NewNode("MatMul", "m", []string{"x", "w"}, []string{"m/2"}), op("Mul", "c", "m/2 m/2.weight"), op("Add", "y", "c m/1")}},
		kind{name: "matmul whose output two take", tensors: []*Tensor{w(), b()}, nodes: []*Node{op("MatMul", "a", "x w"), op("Add", "c", "a b"), op("Mul", "y", "a c")}},
		kind{name: "an output in the middle", tensors: two, layers: 2, outputs: []Value{{"a", Float, []int{-1, 24}}, {"y", Float, []int{-1, 3}}},
			nodes: []*Node{op("MatMul", "a", "x w"), op("Relu", "c", "a"), op("MatMul", "y", "c v")}},
		kind{name: "matmul of double", inputs: in(Double, -1, 16), tensors: []*Tensor{doubleTensor("w", 16, 24)}, nodes: []*Node{op("MatMul", "y", "x w")}},
		kind{name: "matmul of float16", inputs: in(Float16, -1, 16), tensors: []*Tensor{halfTensor("w", 16, 24), halfTensor("b", 1, 24)}, tolerance: 1e-2,
			nodes: []*Node{op("MatMul", "a", "x w"), op("Add", "y", "a b")}},
		kind{name: "uint8 input", inputs: in(Uint8, -1, 4, 4), tensors: []*Tensor{w(), NewIntTensor("flat", 0, 16)}, outputs: []Value{{"y", Float16, []int{-1, 24}}}, tolerance: 1e-2,
			nodes: []*Node{op("Cast", "f", "x", IntAttribute("to", int64(Float))), op("Reshape", "v", "f flat"), op("MatMul", "a", "v w"), op("Cast", "y", "a", IntAttribute("to", int64(Float16)))}},
		kind{name: "metadata", tensors: []*Tensor{w()}, nodes: []*Node{op("MatMul", "y", "x w")},
			more: slices.Concat(appendText(nil, modelDomain, "org.example"), appendInt(nil, modelVersion, 7), appendText(nil, modelDoc, "a text"), appendMessage(nil, modelMetadata, entry("author", "somebody")))},
	)
}

// shared are weights that several nodes take.
func shared() []kind {
	square := floatTensor("w", 16, 16)
	return []kind{
		{name: "two gemms", tensors: []*Tensor{square, floatTensor("b", 16)}, nodes: []*Node{op("Gemm", "a", "x w b"), op("Relu", "c", "a"), op("Gemm", "y", "c w b", FloatAttribute("beta", 2))}},
		{name: "gemm and matmul", tensors: []*Tensor{square, floatTensor("b", 16)}, nodes: []*Node{op("Gemm", "a", "x w b"), op("Relu", "c", "a"), op("MatMul", "y", "c w")}},
		{name: "gemm both ways", tensors: []*Tensor{square, floatTensor("b", 16)}, refused: []string{"are also taken", "are also taken"},
			nodes: []*Node{op("Gemm", "a", "x w b"), op("Relu", "c", "a"), op("Gemm", "y", "c w b", IntAttribute("transB", 1))}},
		{name: "gemm and gather", tensors: []*Tensor{square, floatTensor("b", 16)}, inputs: []Value{{"x", Float, []int{-1, 16}}, {"i", Int64, []int{-1}}},
			refused: []string{"are also taken by the node of \"e\""}, nodes: []*Node{NewNode("Gather", "", []string{"w", "i"}, []string{"e"}), op("Gemm", "a", "x w b"), op("Add", "y", "a e")}},
		{name: "weights that are an output", tensors: []*Tensor{square}, refused: []string{"are also an output of the graph"}, outputs: []Value{{"y", Float, []int{-1, 16}}, {"w", Float, []int{16, 16}}}, nodes: []*Node{op("MatMul", "y", "x w")}},
		{name: "weights that are an input", format: 4, tensors: []*Tensor{w(), b()}, inputs: []Value{{"x", Float, []int{-1, 16}}, {"w", Float, []int{16, 24}}},
			refused: []string{"or export the model again with keep_initializers_as_inputs=False"}, nodes: []*Node{op("Gemm", "y", "x w b")}},
		{name: "an input and weights behind it", format: 4, tensors: []*Tensor{floatTensor("w", 24, 16), b()}, inputs: []Value{{"x", Float, []int{-1, 16}}, {"w", Float, []int{24, 16}}},
			refused: []string{"is also an input of the graph"}, nodes: []*Node{op("Transpose", "v", "w"), op("Gemm", "y", "x v b")}},
		{name: "a bias that is an input", format: 4, tensors: []*Tensor{w(), b()}, inputs: []Value{{"x", Float, []int{-1, 16}}, {"b", Float, []int{24}}},
			nodes: []*Node{op("Gemm", "y", "x w b")}},
		{name: "format 3", opset: 8, format: 3, tensors: []*Tensor{w(), b()}, nodes: []*Node{op("Gemm", "y", "x w b")}},
	}
}

// roundedByRuntime is for weights of integers in a MatMul, which ONNX Runtime does not
// compute as it is said: by 0.4% otherwise than without its optimisations.
const roundedByRuntime = 1e-2

// behind are weights behind other nodes.
func behind() []kind {
	to := func(kind DataType) Attribute { return IntAttribute("to", int64(kind)) }
	product := op("MatMul", "y", "x v")
	scales := NewTensor("s", []int{24}, slices.Repeat([]float32{0.125, 0.25, 0.5}, 8))
	rowScales := NewTensor("s", []int{16}, slices.Repeat([]float32{0.125, 0.25}, 8))
	zeros := func(kind DataType, n int) *Tensor { return newTensor("z", kind, []int{n}, bytes.Repeat([]byte{3}, n)) }
	one := NewTensor("s", nil, []float32{0.125})
	return []kind{
		{name: "cast from float16", tensors: []*Tensor{halfTensor("w", 16, 24)}, nodes: []*Node{op("Cast", "v", "w", to(Float)), product}, tolerance: 1e-2},
		{name: "cast from bfloat16", tensors: []*Tensor{brainTensor("w", 16, 24)}, nodes: []*Node{op("Cast", "v", "w", to(Float)), product}},
		{name: "cast from float64", tensors: []*Tensor{doubleTensor("w", 16, 24)}, nodes: []*Node{op("Cast", "v", "w", to(Float)), product}},
		{name: "cast to float64", inputs: in(Double, -1, 16), tensors: []*Tensor{w()}, nodes: []*Node{op("Cast", "v", "w", to(Double)), product}},
		{name: "cast to float16", inputs: in(Float16, -1, 16), tensors: []*Tensor{w()}, nodes: []*Node{op("Cast", "v", "w", to(Float16)), product}, tolerance: 1e-2},
		{name: "cast from int8", tensors: []*Tensor{shifted(Int8, []int{16, 24}, 0)}, nodes: []*Node{op("Cast", "v", "w", to(Float)), product}, refused: []string{"casting a constant to float32"}},
		{name: "transpose", tensors: []*Tensor{floatTensor("w", 24, 16)}, nodes: []*Node{op("Transpose", "v", "w"), product}},
		{name: "transpose and gemm", tensors: []*Tensor{w()}, nodes: []*Node{op("Transpose", "v", "w", IntsAttribute("perm", 1, 0)), op("Gemm", "y", "x v", IntAttribute("transB", 1))}},
		{name: "transpose of nothing", tensors: []*Tensor{w()}, nodes: []*Node{op("Transpose", "v", "w", IntsAttribute("perm", 0, 1)), product}, refused: []string{"only matrices can be transposed"}},
		{name: "reshape", tensors: []*Tensor{floatTensor("w", 8, 48), NewIntTensor("to", 16, -1)}, nodes: []*Node{op("Reshape", "v", "w to"), product}},
		{name: "unsqueeze and squeeze", tensors: []*Tensor{w(), NewIntTensor("axes", 1, 0)}, nodes: []*Node{op("Unsqueeze", "u", "w axes"), op("Squeeze", "v", "u axes"), product}},
		{name: "old unsqueeze and squeeze", opset: 11, tensors: []*Tensor{w()}, nodes: []*Node{op("Unsqueeze", "u", "w", IntsAttribute("axes", 0)), op("Squeeze", "v", "u"), product}},
		{name: "identity", tensors: []*Tensor{w()}, nodes: []*Node{op("Identity", "v", "w"), product}},
		{name: "constant node", nodes: []*Node{constantNode("v", w()), product}},
		{name: "per tensor", tensors: []*Tensor{shifted(Int8, []int{16, 24}, 0), one}, nodes: []*Node{op("DequantizeLinear", "v", "w s"), product}, tolerance: roundedByRuntime},
		{name: "per tensor and zero point", opset: 10, tensors: []*Tensor{shifted(Uint8, []int{16, 24}, 128), one, newTensor("z", Uint8, nil, []byte{128})}, nodes: []*Node{op("DequantizeLinear", "v", "w s z"), product}, tolerance: roundedByRuntime},
		{name: "per axis", opset: 13, tensors: []*Tensor{shifted(Int8, []int{16, 24}, 3), scales, zeros(Int8, 24)}, nodes: []*Node{op("DequantizeLinear", "v", "w s z"), product}, tolerance: roundedByRuntime},
		{name: "per axis 0", opset: 21, format: 10, tensors: []*Tensor{shifted(Int8, []int{16, 24}, 3), rowScales, zeros(Int8, 16)}, nodes: []*Node{op("DequantizeLinear", "v", "w s z", IntAttribute("axis", 0)), product}},
		{name: "per axis -1", tensors: []*Tensor{shifted(Int8, []int{24, 16}, 3), rowScales, zeros(Int8, 16)},
			nodes: []*Node{op("DequantizeLinear", "v", "w s z", IntAttribute("axis", -1)), op("Gemm", "y", "x v", IntAttribute("transB", 1))}},
		{name: "per axis 1 and transposed", tensors: []*Tensor{shifted(Uint8, []int{24, 16}, 128), rowScales, newTensor("z", Uint8, []int{16}, bytes.Repeat([]byte{128}, 16))},
			nodes: []*Node{op("DequantizeLinear", "d", "w s z", IntAttribute("axis", 1)), op("Transpose", "v", "d", IntsAttribute("perm", 1, 0)), product}}, // ONNX Runtime 1.30 aborts without perm
		{name: "a scale that is computed", tensors: []*Tensor{shifted(Int8, []int{16, 24}, 0)}, inputs: []Value{{"x", Float, []int{-1, 16}}, {"s", Float, []int{}}},
			refused: []string{`"v", are not constant`}, nodes: []*Node{op("DequantizeLinear", "v", "w s"), product}},
		{name: "fastfood gemm", opset: 9, tensors: []*Tensor{fastfoodMatrix("w", false), b()}, fastfood: true, nodes: []*Node{op("Gemm", "y", "x w b", IntAttribute("transB", 1), FloatAttribute("beta", 2))}},
		{name: "fastfood matmul", opset: 9, inputs: in(Float, 2, -1, 16), tensors: []*Tensor{fastfoodMatrix("w", true), b()}, fastfood: true, nodes: []*Node{op("MatMul", "a", "x w"), op("Add", "y", "a b")}},
		{name: "fastfood of a vector", opset: 11, inputs: in(Float, 16), tensors: []*Tensor{fastfoodMatrix("w", true)}, fastfood: true, nodes: []*Node{op("MatMul", "y", "x w")}},
		{name: "fastfood of four dimensions", inputs: in(Float, -1, 2, 3, 16), tensors: []*Tensor{fastfoodMatrix("w", true)}, fastfood: true, nodes: []*Node{op("MatMul", "y", "x w")}},
	}
}

func kindTransform() *fastfood.Transform {
	transform, err := fastfood.Sample(16, 24, 1, 7)
	if err != nil {
		panic(err)
	}
	return transform
}

// fastfoodMatrix returns the matrix of a transform, [24, 16] or turned.
func fastfoodMatrix(name string, turned bool) *Tensor {
	matrix := kindTransform().Matrix()
	if turned {
		return NewTensor(name, []int{16, 24}, transposeMatrix(matrix, 24, 16))
	}
	return NewTensor(name, []int{24, 16}, matrix)
}

// pointwise are convolutions of one pixel.
func pointwise() []kind {
	conv := func(name string, sides []int, attributes ...Attribute) kind {
		dims := append([]int{24, 16}, slices.Repeat([]int{1}, len(sides))...)
		return kind{name: name, inputs: in(Float, append([]int{-1, 16}, sides...)...), tensors: []*Tensor{floatTensor("w", dims...), b()}, nodes: []*Node{op("Conv", "y", "x w b", attributes...)}}
	}
	old := conv("conv without bias", []int{6, 5})
	old.opset, old.nodes, old.tensors = 7, []*Node{op("Conv", "y", "x w")}, old.tensors[:1]
	groups := conv("conv in groups", []int{3, 3}, IntAttribute("group", 2))
	groups.tensors[0] = floatTensor("w", 24, 8, 1, 1)
	groups.refused = []string{} // an ordinary convolution
	padded := conv("conv with pads", []int{6, 5}, IntsAttribute("pads", 1, 1, 1, 1))
	padded.refused = []string{}
	return []kind{
		conv("conv of 1 dimension", []int{7}), conv("conv of 2 dimensions", []int{6, 5}, IntsAttribute("kernel_shape", 1, 1), IntsAttribute("strides", 2, 3)),
		conv("conv of 3 dimensions", []int{3, 4, 2}, IntsAttribute("strides", 1, 2, 1), IntsAttribute("dilations", 2, 2, 2)),
		conv("conv with auto_pad", []int{6, 5}, stringAttribute("auto_pad", "SAME_UPPER"), IntsAttribute("strides", 2, 2)), old, groups, padded,
		{name: "conv and a mean of pixels", inputs: in(Float, -1, 16, 6, 6), outputs: []Value{{"y", Float, []int{-1, 24}}}, tensors: []*Tensor{floatTensor("w", 24, 16, 1, 1)},
			nodes: []*Node{op("Conv", "c", "x w"), op("GlobalAveragePool", "g", "c"), op("Flatten", "y", "g")}},
		{name: "conv and a softmax of channels", inputs: in(Float, -1, 16, 6, 6), outputs: []Value{{"y", Float, []int{-1, 24, 1, 1}}}, tensors: []*Tensor{floatTensor("w", 24, 16, 1, 1)},
			nodes: []*Node{op("Conv", "c", "x w"), op("GlobalAveragePool", "g", "c"), op("Softmax", "y", "g", IntAttribute("axis", 1))}},
	}
}

// elsewhere are products that are not in the graph itself, or not ONNX's.
func elsewhere() []kind {
	yes := newTensor("yes", Bool, nil, []byte{1})
	branch := func(name, inputs string) Attribute {
		return graphAttributeOf(name, []*Node{op("MatMul", name+"/y", inputs)}, nil, Value{name + "/y", Float, nil})
	}
	body := graphAttributeOf("body", []*Node{op("Identity", "c2", "c"), op("MatMul", "h2", "h v")},
		[]Value{{"i", Int64, []int{}}, {"c", Bool, []int{}}, {"h", Float, []int{-1, 24}}}, Value{"c2", Bool, []int{}}, Value{"h2", Float, []int{-1, 24}})
	function := appendText(appendText(appendText(appendText(nil, functionName, "Two"), functionInput, "u"), functionInput, "k"), functionOutput, "o")
	function = appendMessage(appendMessage(function, functionNode, op("MatMul", "o", "u k").message), functionOpset, operatorSet("", 17))
	function = appendText(function, functionDomain, "local")
	return []kind{
		{name: "if", tensors: []*Tensor{yes, w(), floatTensor("v", 24, 24)}, layers: 1, refused: []string{"a graph within", "a graph within"},
			nodes: []*Node{op("MatMul", "a", "x w"), op("If", "z", "yes", branch("then_branch", "a v"), branch("else_branch", "a v")), op("Relu", "y", "z")}},
		{name: "weights that an inner graph takes", tensors: []*Tensor{yes, w()}, refused: []string{"a graph within", "a graph within", "are also taken by node \"z\""},
			nodes: []*Node{op("MatMul", "a", "x w"), op("If", "z", "yes", branch("then_branch", "x w"), branch("else_branch", "x w")), op("Add", "y", "a z")}},
		{name: "loop", tensors: []*Tensor{yes, NewIntTensor("trips", 3), w(), floatTensor("v", 24, 24)}, layers: 1, refused: []string{"a graph within"},
			nodes: []*Node{op("MatMul", "a", "x w"), op("Loop", "y", "trips yes a", body)}},
		{name: "local function", tensors: []*Tensor{w(), floatTensor("v", 24, 4)}, layers: 1, refused: []string{"a function"}, more: slices.Concat(appendMessage(nil, modelOpset, operatorSet("local", 1)), appendMessage(nil, modelFunctions, function)),
			nodes: []*Node{op("MatMul", "a", "x w"), op("local.Two", "y", "a v")}},
		{name: "fused gemm", tensors: []*Tensor{w(), b(), floatTensor("v", 24, 24)}, layers: 1, refused: []string{"a runtime has fused it"}, weights: "v", more: appendMessage(nil, modelOpset, operatorSet("com.microsoft", 1)),
			nodes: []*Node{op("com.microsoft.FusedGemm", "a", "x w b", stringAttribute("activation", "Relu")), op("MatMul", "y", "a v")}},
		{name: "einsum", tensors: []*Tensor{w(), floatTensor("v", 24, 24)}, layers: 1, refused: []string{"a product of any form"}, weights: "v",
			nodes: []*Node{op("Einsum", "a", "x w", stringAttribute("equation", "ij,jk->ik")), op("MatMul", "y", "a v")}},
		{name: "recurrent", inputs: in(Float, rows, 2, 16), tensors: []*Tensor{floatTensor("u", 1, 24, 16), floatTensor("r", 1, 24, 24), NewIntTensor("axes", 1), floatTensor("v", 24, 24)}, layers: 1, refused: []string{"it is recurrent"}, weights: "v",
			nodes: []*Node{op("RNN", "a", "x u r", IntAttribute("hidden_size", 24)), op("Squeeze", "c", "a axes"), op("MatMul", "y", "c v")}},
		{name: "integers", inputs: in(Uint8, -1, 16), outputs: []Value{{"y", Int32, []int{-1, 24}}}, tensors: []*Tensor{shifted(Int8, []int{16, 24}, 0)}, refused: []string{"its weights are quantized"}, nodes: []*Node{op("MatMulInteger", "y", "x w")}},
		{name: "quantized", inputs: in(Uint8, -1, 16), refused: []string{"its weights are quantized"},
			tensors: []*Tensor{shifted(Int8, []int{16, 24}, 0), NewTensor("s", nil, []float32{0.1}), newTensor("z", Uint8, nil, []byte{100}), newTensor("zero", Int8, nil, []byte{0})}, nodes: []*Node{op("QLinearMatMul", "y", "x s z w s zero s z")}},
	}
}

func allKinds() []kind {
	return slices.Concat(gemms(), matmuls(), shared(), behind(), pointwise(), elsewhere())
}

// variant is a model that must compute the same as another one.
type variant struct {
	name      string
	model     *Model
	tolerance float64
}

// roundingOf is how far outputs may be from the original's, in units of their size, for
// weights of that type.
var roundingOf = map[DataType]float64{Float16: 1e-2, Int8: 4e-2}

// variants returns a kind's model with its layers replaced in every way that there
// is.
func (k kind) variants(t testing.TB) (all []variant) {
	m := k.model(t)
	layers, _ := m.Linears()
	tolerance := cmp.Or(k.tolerance, 1e-5)
	for _, weights := range []DataType{0, Float16, Int8} {
		if weights == Int8 && m.Opset[""] < MinInt8Opset {
			continue
		}
		changed := m.Clone()
		for _, l := range layers {
			k.change(t, changed, l, k.factors(t, l, weights != 0), weights)
		}
		all = append(all, variant{fmt.Sprintf("replaced, weights %v", weights), changed, max(tolerance, roundingOf[weights])})
	}
	for _, kind := range []DataType{Float16, Int8} {
		stored := m.Clone()
		if err := stored.Store(kind); (err != nil) != (kind == Int8 && m.Opset[""] < MinInt8Opset) {
			t.Errorf("%s: %v", k.name, err)
		}
		all = append(all, variant{fmt.Sprintf("stored as %v", kind), stored, roundingOf[kind]})
	}
	var network *nn.Network
	for _, fold := range []bool{false, true} {
		var imported map[string]*Linear
		var err error
		if network, imported, err = ImportLinears(m, ImportOptions{FoldBatchNorm: fold}); err != nil || len(imported) == 0 {
			return all
		}
		changed := m.Clone()
		for _, info := range network.Layers() {
			if l := imported[info.Name]; l != nil {
				k.change(t, changed, l, behindIdentity(t, l, info), 0)
			}
		}
		all = append(all, variant{fmt.Sprintf("imported, folded %v", fold), changed, tolerance})
	}
	like, err := FromNetwork(network, Options{Like: m})
	if err != nil {
		t.Errorf("%s: %v", k.name, err)
	}
	return append(all, variant{"like it", like, tolerance})
}

func (k kind) change(t testing.TB, m *Model, l *Linear, network *nn.Network, weights DataType) {
	t.Helper()
	if err := m.Replace(l, network, weights); err != nil {
		t.Errorf("%s: %v", k.name, err)
	}
}

// factors returns a network that is the layer, but for its bias. One of Fastfood may have
// the identity behind it.
func (k kind) factors(t testing.TB, l *Linear, more bool) *nn.Network {
	t.Helper()
	if k.fastfood {
		network := fried(t, kindTransform())
		if !more {
			return network
		}
		d := network.Description
		d.Nodes = append(slices.Clone(d.Nodes), nn.Node{Name: "2", Op: nn.Dense{Out: 24, NoBias: true}})
		mixed, err := nn.Restore(d, func(p *nn.Param) error {
			p.Data = identity(24)
			if q := network.Param(p.Name); q != nil {
				p.Data, p.Indices = q.Data, q.Indices
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return mixed
	}
	weights, err := l.Weights()
	if err != nil {
		t.Fatalf("%s: %v", k.name, err)
	}
	return products(t, l.Inputs, identity(l.Inputs), weights)
}

// behindIdentity returns a layer of an imported network, with its bias, as two.
func behindIdentity(t testing.TB, l *Linear, info nn.LayerInfo) *nn.Network {
	ops := []nn.Op{nn.Dense{Out: l.Inputs, NoBias: true}, nn.Dense{Out: l.Outputs, NoBias: len(info.Params) == 1}}
	values := [][]float32{identity(l.Inputs)}
	for _, p := range info.Params {
		values = append(values, p.Data)
	}
	return chainOf(t, l.Inputs, ops, values...)
}

// outside returns what others see of a file: the fields of the model, its graph
// apart, and the inputs and outputs of the graph, the constants apart that files of
// before version 4 of the format list as inputs.
func outside(m *Model) (fields []string) {
	for _, p := range m.parts {
		fields = append(fields, string(p.wire))
	}
	return append(fields, ends(m)...)
}

func ends(m *Model) (fields []string) {
	constants := map[string]bool{}
	for _, t := range m.Initializers() {
		constants[t.Name] = m.IRVersion < 4
	}
	for _, p := range m.graph {
		number, _, _ := protowire.ConsumeTag(p.wire)
		if number == graphOutput || number == graphInput && !constants[p.input] {
			fields = append(fields, string(p.wire))
		}
	}
	return fields
}

// reread writes a model and reads it again.
func reread(t testing.TB, m *Model) *Model {
	t.Helper()
	again, err := Parse(encoded(t, m))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// TestKinds finds the layers of every kind of model, and says of the others why they
// are none. What others see of the file stays when they are replaced, and the old
// weights go.
func TestKinds(t *testing.T) {
	for _, k := range allKinds() {
		m := k.model(t)
		before := wires(m)
		layers, refused := m.Linears()
		want := k.layers
		if want == 0 && k.refused == nil {
			want = 1
		}
		if len(layers) != want || len(refused) != len(k.refused) {
			t.Errorf("%s: %d layers, refused: %v; want %d, refused: %v", k.name, len(layers), refused, want, k.refused)
			continue
		}
		for i, reason := range k.refused {
			if !strings.Contains(refused[i].Reason, reason) {
				t.Errorf("%s: %v is refused as %q, want %q", k.name, refused[i].Node, refused[i].Reason, reason)
			}
		}
		for _, v := range k.variants(t) {
			again := reread(t, v.model)
			if v.name == "like it" {
				if !slices.Equal(ends(again), ends(m)) {
					t.Errorf("%s, %s: the inputs or outputs are others", k.name, v.name)
				}
				continue
			}
			if !slices.Equal(outside(again), outside(m)) {
				t.Errorf("%s, %s: what others see of the file is another", k.name, v.name)
			}
			if old := cmp.Or(k.weights, "w"); len(layers) > 0 && strings.HasPrefix(v.name, "replaced") && slices.ContainsFunc(again.Initializers(), func(t *Tensor) bool { return t.Name == old }) {
				t.Errorf("%s, %s: the old weights are still there", k.name, v.name)
			}
		}
		if !slices.Equal(wires(m), before) {
			t.Errorf("%s: the original was changed", k.name)
		}
	}
}

// feeds returns an input of every kind's type.
func (v Value) feed() *Tensor {
	dims := slices.Clone(v.Dims)
	size := 1
	for i, d := range dims {
		if d < 0 {
			dims[i] = rows
		}
		size *= dims[i]
	}
	switch v.Type {
	case Uint8:
		raw := make([]byte, size)
		for i := range raw {
			raw[i] = byte(i * 37)
		}
		return newTensor(v.Name, v.Type, dims, raw)
	case Int64:
		ints := make([]int64, size)
		for i := range ints {
			ints[i] = int64(i)
		}
		t := NewIntTensor(v.Name, ints...)
		t.Dims = dims
		return t
	case Double:
		return newDoubleTensor(v.Name, dims, gaussian(size, 9))
	case Float16:
		return NewFloat16Tensor(v.Name, dims, gaussian(size, 9))
	}
	return NewTensor(v.Name, dims, gaussian(size, 9))
}

// CompressKind compresses a file to another one, by the rank that the small matrices
// have. It is false if there is nothing to compress. kinds_compress_test.go sets it.
var CompressKind func(from, to string) (bool, error)

// TestKindsInONNXRuntime runs every kind of model as it was and with its layers
// replaced.
func TestKindsInONNXRuntime(t *testing.T) {
	j := newJobs(t)
	for _, k := range allKinds() {
		feeds := map[string]*Tensor{}
		for _, v := range k.in() {
			feeds[v.Name] = v.feed()
		}
		original := j.save(t, k.model(t))
		reference := j.same(t, k.name, original, feeds, nil, 0)
		for _, v := range k.variants(t) {
			j.same(t, k.name+", "+v.name, j.save(t, v.model), feeds, reference, v.tolerance)
		}
		if k.fastfood {
			continue
		}
		compressed := strings.TrimSuffix(original, ".onnx") + ".compressed.onnx"
		some, err := CompressKind(original, compressed)
		if want := k.compressible(t); err != nil || some != want {
			t.Errorf("%s: compressed: %v (%v), want %v", k.name, some, err, want)
		} else if some {
			j.same(t, k.name+", compressed", compressed, feeds, reference, cmp.Or(k.tolerance, 1e-5))
		}
	}
	j.run(t)
}

// compressible tells whether a layer can be replaced by two that take fewer bytes: those
// of weights of integers would be larger, and those that others take, too, would stay.
func (k kind) compressible(t testing.TB) bool {
	m := k.model(t)
	layers, refused := m.Linears()
	if _, imported, err := ImportLinears(m, ImportOptions{}); err == nil {
		layers = slices.DeleteFunc(slices.Collect(maps.Values(imported)), func(l *Linear) bool {
			return slices.ContainsFunc(refused, func(r Refused) bool { return r.Node == l.Node })
		})
	}
	return slices.ContainsFunc(layers, func(l *Linear) bool { return typeSizes[l.weights.tensor.Type] > 1 })
}

// TestExternalKindInONNXRuntime replaces a layer of a file whose weights are in
// another one.
func TestExternalKindInONNXRuntime(t *testing.T) {
	j := newJobs(t)
	k := kind{tensors: []*Tensor{w(), b(), floatTensor("v", 24, 16)}, nodes: []*Node{op("Gemm", "a", "x w b"), op("MatMul", "y", "a v")}}
	path := filepath.Join(j.folder, "external.onnx")
	saveExternal(t, k.model(t), path)
	feeds := map[string]*Tensor{"x": k.in()[0].feed()}
	reference := j.same(t, "external", path, feeds, nil, 0)
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	layers, _ := m.Linears()
	k.change(t, m, layers[0], k.factors(t, layers[0], false), 0)
	replaced := filepath.Join(j.folder, "replaced.onnx")
	if err := m.Save(replaced); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(replaced + ".data"); err != nil {
		t.Error(err)
	}
	j.same(t, "external, replaced", replaced, feeds, reference, 1e-5)
	j.run(t)
}

// saveExternal saves a model as if it were too large for one file.
func saveExternal(t testing.TB, m *Model, path string) {
	t.Helper()
	defer func(n int64) { maxFile = n }(maxFile)
	maxFile = 1000
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
}
