package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/internal/float16"
	"github.com/deepfry/deepfry/internal/quantize"
)

// builder collects new nodes and the constants that they take.
type builder struct {
	nodes   []*Node
	tensors []*Tensor
	taken   map[string]bool // names of values and nodes
	repeats map[string]int  // how often a name was wanted again
	opset   int64           // the version of ONNX's operators, at least 7
	// activations is the type of what flows through the graph, and weights that
	// in which weights are stored: where it is another they are cast, or, as Int8, multiplied
	// by their scales.
	activations, weights DataType
	// written are the values of weights that are in the file already.
	written  map[stored]string
	overflow error // about the first constant that float16 or int8 can't hold
}

// stored says which weights a value is: where they are in memory, and whether they
// are turned.
type stored struct {
	first  *float32
	turned bool
}

// unique returns a name that nothing has yet, and takes it.
func (b *builder) unique(name string) string {
	for base := name; b.taken[name]; name = fmt.Sprintf("%s_%d", base, b.repeats[base]+1) {
		if b.repeats == nil {
			b.repeats = map[string]int{}
		}
		b.repeats[base]++
	}
	b.taken[name] = true
	return name
}

// node adds a node with one output and returns its name, which is the node's,
// too.
func (b *builder) node(operation, name string, inputs []string, attributes ...Attribute) string {
	name = b.unique(name)
	b.nodes = append(b.nodes, NewNode(operation, name, inputs, []string{name}, attributes...))
	return name
}

// weight adds a constant, unless it is there, and returns the name of its value.
func (b *builder) weight(name string, dims []int, values []float32, by scales) string {
	return b.once(stored{&values[0], false}, func() string { return b.store(name, dims, values, by) })
}

// arranged is weight for an arrangement of a layer's weights.
func (b *builder) arranged(weights []float32, name string, dims []int, values []float32, by scales) string {
	return b.once(stored{&weights[0], true}, func() string { return b.store(name, dims, values, by) })
}

// scales says which of a weight's numbers have one scale in eight bits: those with the same
// index along an axis.
type scales struct {
	dims []int // of the numbers as they are stored; nil: those of the weight
	axis int
}

// once returns the value of weights, which store adds unless they are there.
func (b *builder) once(key stored, store func() string) string {
	if name, ok := b.written[key]; ok {
		return name
	}
	name := store()
	if b.written != nil {
		b.written[key] = name
	}
	return name
}

// store adds weights.
func (b *builder) store(name string, dims []int, values []float32, by scales) string {
	switch b.weights {
	case b.activations:
		return b.constant(name, dims, values)
	case Int8:
		return b.int8s(name, dims, values, by)
	}
	stored := b.unique(name + "." + b.weights.String())
	b.tensors = append(b.tensors, b.floats(b.weights, stored, dims, values))
	return b.node("Cast", name, []string{stored}, IntAttribute("to", int64(b.activations)))
}

// int8s adds weights as numbers of eight bits, their scales, and the nodes that make the
// weights of these.
func (b *builder) int8s(name string, dims []int, values []float32, by scales) string {
	value, added := b.dequantized(name, dims, values, by)
	b.tensors = append(b.tensors, added...)
	return value
}

// dequantized is int8s that returns numbers and scales, too, and does not add them.
func (b *builder) dequantized(name string, dims []int, values []float32, by scales) (value string, constants []*Tensor) {
	if by.dims == nil {
		by.dims = dims
	}
	value, constants = b.quantized(name, by.dims, values, by.axis)
	if b.activations != Float {
		value = b.node("Cast", name+"/cast", []string{value}, IntAttribute("to", int64(b.activations)))
	}
	if !slices.Equal(by.dims, dims) {
		value = b.node("Reshape", name+"/shape", []string{value, b.ints(int64s(dims)...)})
	}
	return value, constants
}

// quantized adds the node that makes a float32 array of numbers of eight bits and scales
// along an axis, and returns its value and the constants that it takes.
func (b *builder) quantized(name string, dims []int, values []float32, axis int) (value string, constants []*Tensor) {
	inner := 1
	for _, d := range dims[axis+1:] {
		inner *= d
	}
	numbers, factors, err := quantize.Along(values, dims[axis], inner)
	if err != nil {
		if b.overflow == nil {
			b.overflow = fmt.Errorf("tensor %s: %w", name, err)
		}
		numbers, factors = make([]int8, len(values)), make([]float32, dims[axis]) // for what nobody gets
	}
	raw := make([]byte, len(numbers))
	for i, n := range numbers {
		raw[i] = byte(n)
	}
	stored, scale := b.unique(name+".int8"), b.unique(name+".scale")
	scaleDims, attributes := []int{len(factors)}, []Attribute{IntAttribute("axis", int64(axis))}
	if len(factors) == 1 { // of all
		scaleDims, attributes = nil, nil
	}
	constants = []*Tensor{newTensor(stored, Int8, dims, raw), NewTensor(scale, scaleDims, factors)}
	return b.node("DequantizeLinear", name, []string{stored, scale}, attributes...), constants
}

func int64s(dims []int) []int64 {
	var values []int64
	for _, d := range dims {
		values = append(values, int64(d))
	}
	return values
}

// constant is weight for what must keep its precision.
func (b *builder) constant(name string, dims []int, values []float32) string {
	name = b.unique(name)
	b.tensors = append(b.tensors, b.floats(b.activations, name, dims, values))
	return name
}

func (b *builder) floats(kind DataType, name string, dims []int, values []float32) *Tensor {
	switch kind {
	case Float:
		return NewTensor(name, dims, values)
	case Double:
		return newDoubleTensor(name, dims, values)
	}
	if i := float16.Overflow(values); i >= 0 && b.overflow == nil {
		b.overflow = fmt.Errorf("tensor %s: entry %d is %v, but the largest float16 is %v: use float32", name, i, values[i], float16.Max)
	}
	t := NewFloat16Tensor(name, dims, values)
	some := slices.ContainsFunc(values, func(v float32) bool { return v != 0 })
	if b.overflow == nil && some && !slices.ContainsFunc(values, func(v float32) bool { return float16.From(v)&0x7fff != 0 }) {
		b.overflow = fmt.Errorf("tensor %s: all of its numbers are so small that they are 0 as float16: use float32", name)
	}
	return t
}

// ints adds a vector of integers, or finds it: its name says what it holds.
func (b *builder) ints(values ...int64) string {
	name := "ints_" + strings.ReplaceAll(strings.Trim(fmt.Sprint(values), "[]"), " ", "_")
	for _, t := range b.tensors {
		if t.Name == name {
			return name
		}
	}
	name = b.unique(name)
	b.tensors = append(b.tensors, NewIntTensor(name, values...))
	return name
}

// slice adds y, the values of x from first to before end along an axis.
func (b *builder) slice(name, x string, first, end, axis int64) string {
	if b.opset < 10 {
		return b.node("Slice", name, []string{x}, IntsAttribute("starts", first), IntsAttribute("ends", end), IntsAttribute("axes", axis))
	}
	return b.node("Slice", name, []string{x, b.ints(first), b.ints(end), b.ints(axis)})
}
