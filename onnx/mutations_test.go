package onnx

import (
	"math/rand/v2"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// tree is a message taken apart.
type tree struct {
	number   protowire.Number
	kind     protowire.Type
	value    []byte // of a field that is no message
	children []*tree
	message  bool
}

// messages are the fields that hold messages, by the kind of message that they
// are in; their value is the kind of theirs.
var messages = map[string]map[protowire.Number]string{
	"model":     {modelGraph: "graph", modelOpset: "opset", modelFunctions: "function", 14: "entry"},
	"graph":     {graphNode: "node", graphInitializer: "tensor", graphInput: "value", graphOutput: "value", 13: "value"},
	"function":  {functionNode: "node", functionOpset: "opset"},
	"node":      {nodeAttribute: "attribute"},
	"attribute": {attributeTensor: "tensor", attributeGraph: "graph"},
	"tensor":    {tensorExternal: "entry"},
	"value":     {valueType: "type"},
	"type":      {typeTensor: "tensortype"},
	"tensortype": {
		tensorShape: "shape",
	},
	"shape": {shapeDim: "dim"},
}

func newTree(kind string, message []byte) *tree {
	root := &tree{message: true}
	if eachField(message, 0, func(f field) error {
		child := &tree{number: f.number, kind: f.kind, value: slices.Clone(f.value)}
		if inner := messages[kind][f.number]; inner != "" && f.kind == protowire.BytesType {
			child = newTree(inner, f.value)
			child.number, child.kind = f.number, f.kind
		}
		root.children = append(root.children, child)
		return nil
	}) != nil {
		panic("the file is not valid")
	}
	return root
}

func (n *tree) encode() []byte {
	var b []byte
	for _, c := range n.children {
		b = protowire.AppendTag(b, c.number, c.kind)
		value := c.value
		if c.message {
			value = c.encode()
		}
		if c.kind == protowire.BytesType {
			value = protowire.AppendBytes(nil, value)
		}
		b = append(b, value...)
	}
	return b
}

// all lists the messages of the tree.
func (n *tree) all() []*tree {
	list := []*tree{n}
	for _, c := range n.children {
		if c.message {
			list = append(list, c.all()...)
		}
	}
	return list
}

// mutate changes one thing.
func (n *tree) mutate(source *rand.Rand, strings []string) {
	nodes := slices.DeleteFunc(n.all(), func(m *tree) bool { return len(m.children) == 0 })
	if len(nodes) == 0 {
		return
	}
	m := nodes[source.IntN(len(nodes))]
	i := source.IntN(len(m.children))
	c := m.children[i]
	switch source.IntN(9) {
	case 0: // drop
		m.children = slices.Delete(slices.Clone(m.children), i, i+1) // a copy of the message may have the same slice
	case 1: // repeat
		for range 1 << source.IntN(8) {
			m.children = append(m.children, c)
		}
	case 2: // move
		j := source.IntN(len(m.children))
		m.children[i], m.children[j] = m.children[j], c
	case 3: // another field
		other := *c
		other.number = protowire.Number(1 + source.IntN(25))
		m.children[i] = &other
	case 4: // put a message into itself, or elsewhere
		other := nodes[source.IntN(len(nodes))]
		if inner := other.encode(); len(inner) < 100_000 {
			m.children = append(m.children, &tree{number: c.number, kind: protowire.BytesType, value: inner})
		}
	default:
		if c.message {
			c.mutate(source, strings)
			return
		}
		other := *c
		other.mutateValue(source, strings)
		m.children[i] = &other
	}
}

func (n *tree) mutateValue(source *rand.Rand, strings []string) {
	numbers := []uint64{0, 1, 2, 3, 5, 7, 127, 128, 4096, 1 << 20, 1 << 31, 1<<31 - 1, 1 << 40, 1 << 62, 1 << 63, 1<<64 - 1, 1<<64 - 2}
	switch {
	case n.kind == protowire.VarintType && source.IntN(8) > 0:
		n.value = protowire.AppendVarint(nil, numbers[source.IntN(len(numbers))])
	case n.kind == protowire.BytesType && source.IntN(3) == 0:
		n.value = []byte(strings[source.IntN(len(strings))])
	case n.kind == protowire.BytesType && len(n.value) > 0 && source.IntN(2) == 0:
		n.value = n.value[:source.IntN(len(n.value))]
	case n.kind == protowire.BytesType && len(n.value) > 0:
		n.value = slices.Clone(n.value)
		n.value[source.IntN(len(n.value))] ^= 1 << source.IntN(8)
	default: // another type
		n.kind, n.value = protowire.VarintType, protowire.AppendVarint(nil, numbers[source.IntN(len(numbers))])
		if source.IntN(2) == 0 {
			n.kind, n.value = protowire.Fixed32Type, []byte{1, 2, 3, 0xff}
		}
	}
}

// words returns the strings of a file, and some that matter.
func (n *tree) words() []string {
	list := []string{"", "Gemm", "MatMul", "Reshape", "Conv", "Add", "Identity", "Cast", "Constant", "Pad", "Squeeze", "Unsqueeze", "Slice", "Shape", "Flatten", "SAME_UPPER", "ai.onnx", "deepfry", "Fastfood"}
	for _, m := range n.all() {
		for _, c := range m.children {
			if c.kind == protowire.BytesType && !c.message && len(c.value) < 40 {
				list = append(list, string(c.value))
			}
		}
	}
	return list
}

// mutated is a file with one to four changes.
func mutated(file []byte, words []string, source *rand.Rand) []byte {
	root := newTree("model", file)
	for range 1 + source.IntN(4) {
		root.mutate(source, words)
	}
	return root.encode()
}
