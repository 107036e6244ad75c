package onnx

import (
	"fmt"
	"slices"
)

// graph is the index of a model's graph: its values by name. Import and
// replacing read the graph through it.
type graph struct {
	model     *Model
	budget    *budget // for what is computed of constants
	tensors   map[string]*Tensor
	makers    map[string]*Node
	constants map[string]*constant // those that were asked for; nil for what is none
	unread    map[string]error     // why a constant that was asked for can't be read
	read      map[*Tensor]*constant
	given     map[string]bool // tensors that are not to pass for constants
}

func (m *Model) newGraph(b *budget) *graph {
	g := &graph{m, b, map[string]*Tensor{}, map[string]*Node{}, map[string]*constant{}, map[string]error{}, map[*Tensor]*constant{}, nil}
	for _, p := range m.graph {
		if p.tensor != nil {
			g.tensors[p.tensor.Name] = p.tensor
		}
		if p.node != nil {
			for _, output := range p.node.Outputs {
				g.makers[output] = p.node
			}
		}
	}
	return g
}

// given returns the constants that are inputs of the graph, too, which whoever runs the
// model may give or leave out. Files of before version 4 of the format list all constants
// as inputs, but mean nothing by it.
func (m *Model) given() map[string]bool {
	given := map[string]bool{}
	if m.IRVersion < 4 {
		return given
	}
	for _, p := range m.graph {
		given[p.input] = p.input != ""
	}
	for _, v := range m.Inputs {
		delete(given, v.Name)
	}
	return given
}

// notGiven says what to do about such constants.
const notGiven = "remove it from the graph's inputs, or export the model again with keep_initializers_as_inputs=False"

// constant returns the constant of that name, or nil if the value is not constant,
// or depends on the size of the batch. It goes back through the nodes that make
// one constant of another.
func (g *graph) constant(name string) (*constant, error) { return g.constantAt(name, 0) }

func (g *graph) constantAt(name string, depth int) (*constant, error) {
	if c, known := g.constants[name]; known || name == "" || depth > maxDepth {
		return c, g.unread[name]
	}
	g.constants[name] = nil // also for a node that takes its own output
	c, err := g.findConstant(name, depth)
	if err != nil {
		g.unread[name] = err
		return nil, err
	}
	if c != nil {
		c.names = append(slices.Clip(c.names), name)
		g.constants[name] = c
	}
	return c, nil
}

func (g *graph) findConstant(name string, depth int) (*constant, error) {
	if g.given[name] {
		return nil, fmt.Errorf("%q is also an input of the graph, for which whoever runs the model may give others: %s", name, notGiven)
	}
	if t := g.tensors[name]; t != nil {
		return g.tensorConstant(t)
	}
	n := g.makers[name]
	if n == nil || n.Domain != "" || n.Outputs[0] != name || !foldable(n) {
		return nil, nil
	}
	return g.fold(n, func(i int) (*constant, error) { return g.constantAt(n.input(i), depth+1) })
}

// withConstant returns what made the first input of a node of that operation, and
// the constant number that is its second.
func (g *graph) withConstant(n *Node, operation string) (first *Node, number float32) {
	if n == nil || n.Type != operation || len(n.Inputs) != 2 {
		return nil, 0
	}
	number, ok := g.number(n.Inputs[1])
	if !ok {
		return nil, 0
	}
	return g.makers[n.Inputs[0]], number
}

// number returns a constant that is one number, which broadcasting to a batch leaves
// as it is.
func (g *graph) number(name string) (number float32, ok bool) {
	c, err := g.constant(name)
	if c == nil || err != nil || c.floats == nil || c.size() != 1 || len(c.dims) > 2 {
		return 0, false
	}
	values, err := c.floats()
	if err != nil {
		return 0, false
	}
	return values[0], true
}

// integers returns a constant of a few integers, or nil.
func (g *graph) integers(name string) []int64 {
	c, err := g.constant(name)
	if c == nil || err != nil || c.floats != nil || len(c.ints) > 16 {
		return nil
	}
	return c.ints
}
