package onnx

import (
	"fmt"
	"strings"

	"github.com/deepfry/deepfry/internal/float16"
)

// builder collects new nodes and the constants that they take.
type builder struct {
	nodes   []*Node
	tensors []*Tensor
	taken   map[string]bool // names of values and nodes
	// activations is the type of what flows through the graph, and weights that
	// in which weights are stored: they are cast where it is another.
	activations, weights DataType
	overflow             error // about the first constant that is too large for float16
}

// unique returns a name that nothing has yet, and takes it.
func (b *builder) unique(name string) string {
	for i, base := 2, name; b.taken[name]; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
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

// weight adds a constant and returns the name of its value.
func (b *builder) weight(name string, dims []int, values []float32) string {
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
	if kind != Float16 {
		return NewTensor(name, dims, values)
	}
	if i := float16.Overflow(values); i >= 0 && b.overflow == nil {
		b.overflow = fmt.Errorf("tensor %s: entry %d is %v, but the largest float16 is %v: use float32", name, i, values[i], float16.Max)
	}
	return NewFloat16Tensor(name, dims, values)
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
