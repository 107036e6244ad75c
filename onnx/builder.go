package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/internal/float16"
)

// builder collects new nodes and the constants that they take.
type builder struct {
	nodes   []*Node
	tensors []*Tensor
	taken   map[string]bool // names of values and nodes
	repeats map[string]int  // how often a name was wanted again
	opset   int64           // the version of ONNX's operators, at least 7
	// activations is the type of what flows through the graph, and weights that
	// in which weights are stored: they are cast where it is another.
	activations, weights DataType
	// written are the values of weights that are in the file already.
	written  map[stored]string
	overflow error // about the first constant that float16 can't hold
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
func (b *builder) weight(name string, dims []int, values []float32) string {
	return b.once(stored{&values[0], false}, func() string { return b.store(name, dims, values) })
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
func (b *builder) store(name string, dims []int, values []float32) string {
	if b.weights == b.activations {
		return b.constant(name, dims, values)
	}
	stored := b.unique(name + "." + b.weights.String())
	b.tensors = append(b.tensors, b.floats(b.weights, stored, dims, values))
	return b.node("Cast", name, []string{stored}, IntAttribute("to", int64(b.activations)))
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
