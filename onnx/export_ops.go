package onnx

import (
	"cmp"
	"math"
	"slices"

	"github.com/deepfry/deepfry/nn"
)

func (e *exporter) conv(name string, op nn.Conv, x tensor, info nn.LayerInfo) string {
	weight := param(info, name+".weight")
	inputs := []string{x.name, e.weight(weight.Name, weight.Shape, weight.Data, scales{})}
	if bias := e.bias(info); bias != "" {
		inputs = append(inputs, bias)
	}
	attributes := append(windowAttributes(op.Kernel, cmp.Or(op.Stride, 1), op.Pad, [4]int{}, false), IntAttribute("group", int64(cmp.Or(op.Groups, 1))))
	return e.node("Conv", name, inputs, attributes...)
}

// windowAttributes returns the attributes of convolutions and poolings. The
// padding is pad on all sides, or pads: above, left, below and right.
func windowAttributes(kernel, stride, pad int, pads [4]int, ceil bool) []Attribute {
	if pads == [4]int{} {
		pads = [4]int{pad, pad, pad, pad}
	}
	k, s := int64(kernel), int64(stride)
	attributes := []Attribute{
		IntsAttribute("kernel_shape", k, k), IntsAttribute("strides", s, s),
		IntsAttribute("pads", int64(pads[0]), int64(pads[1]), int64(pads[2]), int64(pads[3])),
	}
	if ceil {
		attributes = append(attributes, IntAttribute("ceil_mode", 1))
	}
	return attributes
}

// gemmLayer adds y = W·x + bias on matrices.
func (e *exporter) gemmLayer(name string, op nn.Dense, x tensor, info nn.LayerInfo) string {
	return e.gemm(name, e.flattened(name, x), op.Out, x.shape.Size(), param(info, name+".weight").Data, e.bias(info))
}

// product adds y = W·x + bias on any number of dimensions, of which the last one is
// that of vectors.
func (e *exporter) product(name string, op nn.Dense, x tensor, info nn.LayerInfo) string {
	y := e.node("MatMul", name, []string{x.name, e.turnedWeights(name, op, x, info)})
	if bias := e.bias(info); bias != "" {
		y = e.node("Add", name+"/bias", []string{y, bias})
	}
	return y
}

// turnedGemm is gemmLayer on the matrix that product takes, for weights of both.
func (e *exporter) turnedGemm(name string, op nn.Dense, x tensor, info nn.LayerInfo) string {
	inputs := []string{e.flattened(name, x), e.turnedWeights(name, op, x, info)}
	if bias := e.bias(info); bias != "" {
		inputs = append(inputs, bias)
	}
	return e.node("Gemm", name, inputs)
}

// turnedWeights adds a dense layer's weights as a matrix [in, out], unless it is there, and
// returns its name.
func (e *exporter) turnedWeights(name string, op nn.Dense, x tensor, info nn.LayerInfo) string {
	weights, in := param(info, name+".weight").Data, x.shape.Size()
	return e.arranged(weights, name+".weight", []int{in, op.Out}, transposeMatrix(weights, op.Out, in), scales{axis: 1})
}

// bias adds a layer's bias and returns its name, or "" if it has none.
func (e *exporter) bias(info nn.LayerInfo) string {
	p := param(info, info.Name+".bias")
	if p == nil && info.Name == e.layers[len(e.layers)-1].Name {
		return e.kept
	}
	if p == nil {
		return ""
	}
	return e.constant(p.Name, p.Shape, p.Data)
}

// gemm adds y = W·x + bias for an input [N, in] and weights [out, in].
func (b *builder) gemm(name, x string, out, in int, weights []float32, bias string) string {
	inputs := []string{x, b.weight(name+".weight", []int{out, in}, weights, scales{})}
	if bias != "" {
		inputs = append(inputs, bias)
	}
	return b.node("Gemm", name, inputs, IntAttribute("transB", 1))
}

// flattened returns the input of a layer that takes vectors.
func (e *exporter) flattened(name string, x tensor) string {
	if len(x.shape) == 1 {
		return x.name
	}
	return e.node("Flatten", name+"/flatten", []string{x.name}, IntAttribute("axis", 1))
}

func (e *exporter) batchNorm(name string, op nn.BatchNorm, x tensor, info nn.LayerInfo) string {
	inputs := []string{x.name}
	for _, part := range []string{".weight", ".bias", ".mean", ".variance"} {
		p := param(info, name+part)
		inputs = append(inputs, e.constant(p.Name, p.Shape, p.Data))
	}
	return e.node("BatchNormalization", name, inputs,
		FloatAttribute("epsilon", float32(cmp.Or(op.Epsilon, 1e-5))), FloatAttribute("momentum", float32(1-cmp.Or(op.Momentum, 0.1))))
}

// normalize adds (x - mean)/deviation.
func (e *exporter) normalize(name string, op nn.Normalize, x tensor, info nn.LayerInfo) string {
	mean, deviation := param(info, name+".mean"), param(info, name+".deviation")
	dims := mean.Shape
	if !op.PerValue {
		dims = append([]int{x.shape[0]}, slices.Repeat([]int{1}, len(x.shape)-1)...)
	}
	difference := e.node("Sub", name+"/Sub", []string{x.name, e.constant(mean.Name, dims, mean.Data)})
	return e.node("Div", name, []string{difference, e.constant(deviation.Name, dims, deviation.Data)})
}

// gelu adds the operator, or what it is made of where there is none yet.
func (e *exporter) gelu(name string, op nn.GELU, x tensor) string {
	if e.options.Opset >= 20 {
		return e.node("Gelu", name, []string{x.name}, stringAttribute("approximate", map[bool]string{false: "none", true: "tanh"}[op.Tanh]))
	}
	with := func(operation, part, x string, number float32) string {
		return e.node(operation, name+"/"+part, []string{x, e.constant(name+"."+part, nil, []float32{number})})
	}
	var sigmoid string
	if op.Tanh {
		square := e.node("Mul", name+"/square", []string{x.name, x.name})
		cubic := with("Mul", "cubic", e.node("Mul", name+"/cube", []string{square, x.name}), geluCubic)
		sigmoid = e.node("Tanh", name+"/tanh", []string{with("Mul", "scale", e.node("Add", name+"/sum", []string{x.name, cubic}), geluTanhScale)})
	} else {
		sigmoid = e.node("Erf", name+"/erf", []string{with("Mul", "scale", x.name, geluErfScale)})
	}
	half := with("Mul", "half", x.name, 0.5)
	return e.node("Mul", name, []string{half, with("Add", "one", sigmoid, 1)})
}

// softmax adds it over the last dimension or, of vectors and of channels of one pixel, over
// the only one; images get their shape back.
func (e *exporter) softmax(name string, op nn.SoftmaxLayer, x tensor) string {
	operation := map[bool]string{false: "Softmax", true: "LogSoftmax"}[op.Log]
	switch {
	case op.LastAxis || len(x.shape) == 1:
		return e.node(operation, name, []string{x.name})
	case x.shape[1:].Size() == 1:
		return e.node(operation, name, []string{x.name}, IntAttribute("axis", 1))
	}
	flat := e.node(operation, name+"/flat", []string{e.flattened(name, x)})
	return e.node("Reshape", name, []string{flat, e.ints(batched(x.shape)...)})
}

func (e *exporter) responseNorm(name string, op nn.LocalResponseNorm, x tensor) string {
	return e.node("LRN", name, []string{x.name}, IntAttribute("size", int64(cmp.Or(op.Size, 5))), FloatAttribute("alpha", float32(cmp.Or(op.Alpha, 1e-4))),
		FloatAttribute("beta", float32(cmp.Or(op.Beta, 0.75))), FloatAttribute("bias", float32(cmp.Or(op.K, 1))))
}

func (e *exporter) averagePool(name string, op nn.AveragePool, x tensor) string {
	attributes := windowAttributes(op.Kernel, op.Stride, op.Pad, op.Pads, op.Ceil)
	if !op.ExcludePad {
		attributes = append(attributes, IntAttribute("count_include_pad", 1))
	}
	return e.node("AveragePool", name, []string{x.name}, attributes...)
}

// cosine adds √2·cos(x), or [cos(x), sin(x)].
func (e *exporter) cosine(name string, op nn.Op, x tensor) string {
	if _, ok := op.(nn.Cos); ok {
		cos := e.node("Cos", name+"/cos", []string{x.name})
		return e.node("Mul", name, []string{cos, e.constant(name+".scale", nil, []float32{math.Sqrt2})})
	}
	flat := []string{e.flattened(name, x)}
	return e.node("Concat", name, []string{e.node("Cos", name+"/cos", flat), e.node("Sin", name+"/sin", flat)}, IntAttribute("axis", 1))
}

// batched is the shape of a batch of any size.
func batched(shape nn.Shape) []int64 {
	dims := []int64{-1}
	for _, n := range shape {
		dims = append(dims, int64(n))
	}
	return dims
}
