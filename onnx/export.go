package onnx

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/nn"
	"google.golang.org/protobuf/encoding/protowire"
)

// Options says how networks are written.
type Options struct {
	// Weights is how weights are stored: Float, Float16 or Int8; 0 means Float. As Float16
	// they are cast to float32 where they are used, and as Int8, with a scale for each output
	// of a layer or block of a diagonal, made float32 by DequantizeLinear; runtimes may do that
	// once, when they load the file. The file is a half or a quarter as large, inputs, outputs
	// and computation stay float32, and results differ by the rounding of the weights alone.
	// Biases and statistics stay float32: they are few. Numbers that are not finite, and as
	// Float16 those beyond 65504, are an error.
	Weights DataType
	// Fastfood is the form of Fastfood layers.
	Fastfood Form
	// Opset is the version of ONNX's operators: 13 to 26; 0 means 17.
	Opset int
	// Like is a model of one input and one output whose place the file is to take, or
	// nil: it gets the names, types and dimensions of these, the texts of the whole
	// (its domain, version, documentation and metadata), and the opset, if Opset is 0
	// and it is one that can be written.
	Like *Model
	// Metadata are texts for whoever reads the file ([Model.Metadata]).
	Metadata map[string]string
}

// The versions of ONNX's operators that are written, and that of the format:
// the first one that has functions.
const (
	minOpset     = 13
	defaultOpset = 17
	maxOpset     = 26
	irVersion    = 8
)

// Export writes a network as an ONNX file, of one input, [N, ...] for any N,
// and one output. Dropout is left
// out, and normalisations use their running statistics. It fails if an option is
// not a known one, if the file would be larger than 2 GB, and where w fails.
func Export(w io.Writer, network *nn.Network, o Options) error {
	m, err := FromNetwork(network, o)
	if err != nil {
		return err
	}
	return m.Write(w)
}

// FromNetwork is Export to a model in memory; Model.Save writes files of any
// size.
func FromNetwork(network *nn.Network, o Options) (*Model, error) {
	if network == nil {
		return nil, errors.New("onnx: there is no network (nil)")
	}
	if o.Opset == 0 && o.Like != nil {
		o.Opset = min(max(int(o.Like.Opset[""]), minOpset), maxOpset)
	}
	if o.Opset == 0 {
		o.Opset = defaultOpset
	}
	if m := o.Like; m != nil && (len(m.Inputs) != 1 || len(m.Outputs) != 1) {
		return nil, fmt.Errorf("onnx: the model to be like has %d inputs and %d outputs, want one of each", len(m.Inputs), len(m.Outputs))
	}
	if o.Opset < minOpset || o.Opset > maxOpset {
		return nil, fmt.Errorf("onnx: opset %d: want %d to %d", o.Opset, minOpset, maxOpset)
	}
	switch o.Weights = cmp.Or(o.Weights, Float); o.Weights {
	case Float, Float16, Int8:
	default:
		return nil, fmt.Errorf("onnx: weights as %v: want %v, %v or %v", o.Weights, Float, Float16, Int8)
	}
	switch o.Fastfood {
	case Ops, Function, Matrix:
	default:
		return nil, fmt.Errorf("onnx: form of Fastfood layers %q: want %q, or none for operators, or %q", o.Fastfood, Function, Matrix)
	}
	e := newExporter(network, o)
	for i := range network.Description.Nodes {
		if err := e.layer(i); err != nil {
			return nil, fmt.Errorf("onnx: network %s: layer %s: %w", network.Description.Name, network.Description.Nodes[i].Name, err)
		}
	}
	if m := o.Like; m != nil {
		out := m.Outputs[0]
		e.reshapeLike(out)
		node := NewNode("Identity", out.Name, []string{e.last.name}, []string{out.Name})
		if kind := cmp.Or(out.Type, Float); kind != Float {
			node = NewNode("Cast", out.Name, []string{e.last.name}, []string{out.Name}, IntAttribute("to", int64(kind)))
		}
		e.nodes, e.last.name = append(e.nodes, node), out.Name
	}
	if e.overflow != nil {
		return nil, fmt.Errorf("onnx: network %s: %w", network.Description.Name, e.overflow)
	}
	return e.model()
}

// reshapeLike gives the last layer's output the dimensions of another one of as many
// values: layers do not say how a graph takes their values in the end, as by Flatten. It
// stays as it is where the dimensions are not known.
func (e *exporter) reshapeLike(out Value) {
	if len(out.Dims) < 2 {
		return
	}
	var dims []int64
	for _, d := range out.Dims[1:] {
		dims = append(dims, int64(d))
	}
	shape, err := resolve(dims, e.last.shape)
	if err == nil && !slices.Equal(shape, e.last.shape) {
		e.last = tensor{e.node("Reshape", out.Name+"/shape", []string{e.last.name, e.ints(batched(shape)...)}), shape}
	}
}

// tensor is the output of a layer in the graph.
type tensor struct {
	name  string
	shape nn.Shape
}

type exporter struct {
	builder
	network *nn.Network
	layers  []nn.LayerInfo
	options Options
	outputs map[string]tensor // by the name of the layer
	last    tensor
	input   tensor // of the graph

	dense func(name string, op nn.Dense, x tensor, info nn.LayerInfo) string // writes dense layers
	kept  string                                                             // the value that is the last layer's bias if that has none, or ""
}

func newExporter(network *nn.Network, o Options) *exporter {
	e := &exporter{network: network, layers: network.Layers(), options: o, outputs: map[string]tensor{}}
	input := nn.Input
	e.taken, e.opset, e.activations, e.weights = map[string]bool{}, int64(o.Opset), Float, o.Weights
	if m := o.Like; m != nil {
		input = m.Inputs[0].Name
		e.taken[m.Outputs[0].Name] = true
	}
	e.taken[input] = true
	e.dense = e.gemmLayer
	e.input = tensor{input, network.Description.Input}
	e.last = e.input
	if m := o.Like; m != nil && cmp.Or(m.Inputs[0].Type, Float) != Float {
		e.last.name = e.node("Cast", input+"/float", []string{input}, IntAttribute("to", int64(Float)))
	}
	e.outputs[nn.Input] = e.last
	return e
}

// layer adds the nodes of layer i.
func (e *exporter) layer(i int) error {
	node, info := e.network.Description.Nodes[i], e.layers[i]
	from := []tensor{e.last}
	if len(node.From) > 0 {
		from = nil
		for _, name := range node.From {
			from = append(from, e.outputs[name])
		}
	}
	name, err := e.operation(node, info, from)
	if err != nil {
		return err
	}
	e.last = tensor{name, info.Output}
	e.outputs[node.Name] = e.last
	return nil
}

// operation adds the nodes for an operation and returns their output.
func (e *exporter) operation(node nn.Node, info nn.LayerInfo, from []tensor) (string, error) {
	x, name := from[0], node.Name
	inputs := []string{x.name}
	switch op := node.Op.(type) {
	case nn.Conv:
		return e.conv(name, op, x, info), nil
	case nn.Dense:
		return e.dense(name, op, x, info), nil
	case nn.Fastfood:
		return e.fastfood(name, e.flattened(name, x), transform(name, op, x, info), e.bias(info), e.options.Fastfood), nil
	case nn.Monarch:
		return e.monarch(name, op, x, info), nil
	case nn.BatchNorm:
		return e.batchNorm(name, op, x, info), nil
	case nn.Normalize:
		return e.normalize(name, op, x, info), nil
	case nn.LocalResponseNorm:
		return e.responseNorm(name, op, x), nil
	case nn.MaxPool:
		return e.node("MaxPool", name, inputs, windowAttributes(op.Kernel, op.Stride, op.Pad, op.Pads, op.Ceil)...), nil
	case nn.AveragePool:
		return e.averagePool(name, op, x), nil
	case nn.GlobalAveragePool:
		return e.node("GlobalAveragePool", name, inputs), nil
	case nn.ReLU:
		return e.node("Relu", name, inputs), nil
	case nn.LeakyReLU:
		return e.node("LeakyRelu", name, inputs, FloatAttribute("alpha", float32(op.Slope))), nil
	case nn.Clip:
		low, high := e.constant(name+".min", nil, []float32{float32(op.Min)}), e.constant(name+".max", nil, []float32{float32(op.Max)})
		return e.node("Clip", name, []string{x.name, low, high}), nil
	case nn.Sigmoid:
		return e.node("Sigmoid", name, inputs), nil
	case nn.Tanh:
		return e.node("Tanh", name, inputs), nil
	case nn.GELU:
		return e.gelu(name, op, x), nil
	case nn.SoftmaxLayer:
		return e.softmax(name, op, x), nil
	case nn.Cos, nn.CosSin:
		return e.cosine(name, op, x), nil
	case nn.Dropout:
		return e.node("Identity", name, inputs), nil
	case nn.Reshape:
		return e.node("Reshape", name, []string{x.name, e.ints(batched(op.Shape)...)}), nil
	case nn.Add:
		return e.node("Sum", name, names(from)), nil
	case nn.Concat:
		return e.node("Concat", name, names(from), IntAttribute("axis", 1)), nil
	}
	return "", fmt.Errorf("there is no way yet to write a %s layer", node.Op.Kind())
}

func names(tensors []tensor) []string {
	var names []string
	for _, t := range tensors {
		names = append(names, t.name)
	}
	return names
}

// param returns a layer's parameter, or nil.
func param(info nn.LayerInfo, name string) *nn.Param {
	for _, p := range info.Params {
		if p.Name == name {
			return p
		}
	}
	return nil
}

func transform(name string, op nn.Fastfood, x tensor, info nn.LayerInfo) *fastfood.Transform {
	s := param(info, name+".s")
	return &fastfood.Transform{
		Inputs: x.shape.Size(), Outputs: op.Out, Blocks: s.Shape[0], Dim: s.Shape[1], Group: op.Group,
		S: s.Data, G: param(info, name+".g").Data, B: param(info, name+".b").Data, Perm: param(info, name+".perm").Indices,
	}
}

// model puts the file together.
func (e *exporter) model() (*Model, error) {
	m := &Model{IRVersion: irVersion, Producer: "deepfry", Opset: map[string]int64{"": int64(e.options.Opset)}, functions: map[string]bool{}}
	field := func(wire []byte) { m.parts = append(m.parts, part{wire: wire}) }
	field(appendInt(nil, modelIRVersion, irVersion))
	field(appendText(nil, modelProducer, m.Producer))
	m.graphAt = len(m.parts)
	field(appendMessage(nil, modelOpset, operatorSet("", int64(e.options.Opset))))
	if e.options.Fastfood == Function {
		m.Opset[ourDomain] = functionVersion
		m.functions[ourDomain+"."+ourFunction] = true
		field(appendMessage(nil, modelOpset, operatorSet(ourDomain, functionVersion)))
		field(fastfoodFunction(e.options.Opset))
	}

	m.Metadata = maps.Clone(e.options.Metadata)
	for _, key := range slices.Sorted(maps.Keys(m.Metadata)) {
		field(appendMessage(nil, modelMetadata, appendText(appendText(nil, entryKey, key), entryValue, m.Metadata[key])))
	}
	for _, n := range e.nodes {
		m.graph = append(m.graph, part{node: n})
	}
	m.graph = append(m.graph, part{wire: appendText(nil, graphName, e.network.Description.Name)})
	for _, t := range e.tensors {
		m.graph = append(m.graph, part{tensor: t})
	}
	if like := e.options.Like; like != nil {
		m.resemble(like)
	} else {
		m.graph = append(m.graph, part{wire: valueInfo(graphInput, e.input), input: e.input.name}, part{wire: valueInfo(graphOutput, e.last)})
		m.Inputs, m.Outputs = []Value{e.input.value()}, []Value{e.last.value()}
	}
	_, size := m.encode()
	m.size = int(size)
	return m, nil
}

// resemble adds the input, the output and the texts of another model.
func (m *Model) resemble(like *Model) {
	m.Inputs, m.Outputs = like.Inputs, like.Outputs
	for _, p := range like.graph {
		number, _, _ := protowire.ConsumeTag(p.wire)
		if p.input == like.Inputs[0].Name && p.input != "" || number == graphOutput {
			m.graph = append(m.graph, p)
		}
	}
	for _, p := range like.parts {
		switch number, _, _ := protowire.ConsumeTag(p.wire); number {
		case modelDomain, modelVersion, modelDoc, modelMetadata:
			m.parts = append(m.parts, p)
		}
	}
	m.Metadata = maps.Clone(like.Metadata)
}

func (t tensor) value() Value { return Value{t.name, Float, append([]int{-1}, t.shape...)} }

// valueInfo encodes a graph's input or output of float32 numbers, [N, ...].
func valueInfo(number protowire.Number, t tensor) []byte {
	shape := appendMessage(nil, shapeDim, appendText(nil, dimParam, "N"))
	for _, n := range t.shape {
		shape = appendMessage(shape, shapeDim, appendInt(nil, dimValue, int64(n)))
	}
	return tensorInfo(number, t.name, Float, shape)
}

// tensorInfo encodes a graph's input or output with the message of its shape.
func tensorInfo(number protowire.Number, name string, kind DataType, shape []byte) []byte {
	tensor := appendMessage(appendInt(nil, tensorTypeElem, int64(kind)), tensorShape, shape)
	return appendMessage(nil, number, appendMessage(appendText(nil, valueName, name), valueType, appendMessage(nil, typeTensor, tensor)))
}
