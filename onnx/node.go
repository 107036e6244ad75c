package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Node is an operation of a graph.
type Node struct {
	Name    string // may be empty
	Type    string // of the operation, such as Gemm
	Domain  string // whose operation it is; "" is ONNX itself
	Inputs  []string
	Outputs []string // "" for one that is left out

	wire    []byte // the field of a graph
	message []byte
	at      int // where the message is in the file
}

// String names the node for errors.
func (n *Node) String() string {
	kind := n.Type
	if n.Domain != "" {
		kind = n.Domain + "." + kind
	}
	if n.Name == "" && len(n.Outputs) > 0 {
		return fmt.Sprintf("the node of %q (%s)", n.Outputs[0], kind)
	}
	return fmt.Sprintf("node %q (%s)", n.Name, kind)
}

func decodeNode(f field, b *budget) (*Node, error) {
	n := &Node{wire: f.wire, message: f.value, at: f.at}
	names := 0
	err := f.each("a node", func(f field) error {
		if f.number == nodeInput || f.number == nodeOutput {
			names++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := b.spend(200 + 32*names + len(f.value)); err != nil { // slices that grow are up to twice as long
		return nil, err
	}
	return n, f.each("a node", func(f field) (err error) {
		var text string
		switch f.number {
		case nodeInput:
			text, err = f.text("a node's input")
			n.Inputs = append(n.Inputs, text)
		case nodeOutput:
			text, err = f.text("a node's output")
			n.Outputs = append(n.Outputs, text)
		case nodeName:
			n.Name, err = f.text("a node's name")
		case nodeType:
			n.Type, err = f.text("a node's operation")
		case nodeDomain:
			n.Domain, err = f.text("a node's domain")
			if n.Domain == "ai.onnx" {
				n.Domain = ""
			}
		}
		return err
	})
}

// input returns the name of input i, or "" if the node has none.
func (n *Node) input(i int) string {
	if i >= len(n.Inputs) {
		return ""
	}
	return n.Inputs[i]
}

// attribute calls visit for every field of the attribute of that name, and
// returns whether there is one.
func (n *Node) attribute(name string, visit func(field) error) (found bool, err error) {
	err = eachField(n.message, n.at, func(f field) error {
		if f.number != nodeAttribute {
			return nil
		}
		this := false
		err := f.each("an attribute", func(f field) error {
			if f.number == attributeName {
				this = string(f.value) == name
			}
			return nil
		})
		if err != nil || !this {
			return err
		}
		found = true
		return f.each("an attribute", visit)
	})
	if err != nil {
		err = fmt.Errorf("attribute %s: %w", name, err)
	}
	return found, err
}

// Int returns an integer attribute, or missing if there is none.
func (n *Node) Int(name string, missing int64) (int64, error) {
	value := missing
	_, err := n.attribute(name, func(f field) (err error) {
		if f.number == attributeInt {
			value, err = f.int("an integer")
		}
		return err
	})
	return value, err
}

// Float returns a floating-point attribute, or missing if there is none.
func (n *Node) Float(name string, missing float32) (float32, error) {
	value := missing
	_, err := n.attribute(name, func(f field) (err error) {
		if f.number == attributeFloat {
			value, err = f.float("a number")
		}
		return err
	})
	return value, err
}

// Text returns a string attribute, or missing if there is none.
func (n *Node) Text(name, missing string) (string, error) {
	value := missing
	_, err := n.attribute(name, func(f field) (err error) {
		if f.number == attributeString {
			value, err = f.text("a string")
		}
		return err
	})
	return value, err
}

// maxInts bounds the integers of an attribute: they are shapes and the like.
const maxInts = 4096

// Ints returns an attribute that is a list of integers, or missing if there is
// none.
func (n *Node) Ints(name string, missing []int64) ([]int64, error) {
	var values []int64
	found, err := n.attribute(name, func(f field) error {
		if f.number != attributeInts {
			return nil
		}
		if len(values)+f.count() > maxInts {
			return fmt.Errorf("byte %d: more than %d integers", f.at, maxInts)
		}
		return f.eachInt("integers", func(v int64) { values = append(values, v) })
	})
	if !found {
		return missing, err
	}
	return values, err
}

// tensor returns a tensor attribute, or nil if there is none.
func (n *Node) tensor(name, folder string, b *budget) (t *Tensor, err error) {
	_, err = n.attribute(name, func(f field) (err error) {
		if f.number == attributeTensor {
			t, err = decodeTensor(f, folder, b)
		}
		return err
	})
	return t, err
}

// maxDepth bounds graphs within graphs.
const maxDepth = 64

// eachInnerGraph visits the graphs that the message of a node holds as attributes.
func eachInnerGraph(message []byte, at int, visit func(graph field) error) error {
	return eachField(message, at, func(f field) error {
		if f.number != nodeAttribute {
			return nil
		}
		return f.each("an attribute", func(f field) error {
			if f.number != attributeGraph && f.number != attributeGraphs {
				return nil
			}
			return visit(f)
		})
	})
}

// eachInner visits the inputs and outputs of nodes in the graphs that the message
// of a node holds, and in those within them.
func eachInner(message []byte, at, depth int, visit func(name string)) error {
	if depth > maxDepth {
		return fmt.Errorf("byte %d: graphs are nested more than %d deep", at, maxDepth)
	}
	return eachInnerGraph(message, at, func(graph field) error {
		return graph.each("a graph", func(f field) error {
			switch f.number {
			case graphOutput:
				return f.each("an output", func(f field) error {
					if f.number == valueName {
						visit(string(f.value))
					}
					return nil
				})
			case graphNode:
				err := f.each("a node", func(f field) error {
					if f.number == nodeInput || f.number == nodeOutput {
						visit(string(f.value))
					}
					return nil
				})
				if err != nil {
					return err
				}
				return eachInner(f.value, f.at, depth+1, visit)
			}
			return nil
		})
	})
}

// eachInnerTensor visits the tensors that the message of a node holds as attributes, and
// those of the graphs in it.
func eachInnerTensor(message []byte, at, depth int, visit func(field) error) error {
	if depth > maxDepth {
		return fmt.Errorf("byte %d: graphs are nested more than %d deep", at, maxDepth)
	}
	return eachField(message, at, func(f field) error {
		if f.number != nodeAttribute {
			return nil
		}
		return f.each("an attribute", func(f field) error {
			switch f.number {
			case attributeTensor:
				return visit(f)
			case attributeGraph, attributeGraphs:
				return f.each("a graph", func(f field) error {
					switch f.number {
					case graphInitializer:
						return visit(f)
					case graphNode:
						return eachInnerTensor(f.value, f.at, depth+1, visit)
					}
					return nil
				})
			}
			return nil
		})
	})
}

// Attribute is a setting of a new node.
type Attribute []byte

func attribute(name string, kind int64) Attribute {
	return appendInt(appendText(nil, attributeName, name), attributeType, kind)
}

// IntAttribute returns an integer attribute.
func IntAttribute(name string, value int64) Attribute {
	return appendInt(attribute(name, kindInt), attributeInt, value)
}

// IntsAttribute returns an attribute that is a list of integers.
func IntsAttribute(name string, values ...int64) Attribute {
	a := attribute(name, kindInts)
	for _, v := range values {
		a = appendInt(a, attributeInts, v)
	}
	return a
}

// FloatAttribute returns a floating-point attribute.
func FloatAttribute(name string, value float32) Attribute {
	a := protowire.AppendTag(attribute(name, kindFloat), attributeFloat, protowire.Fixed32Type)
	return binary.LittleEndian.AppendUint32(a, math.Float32bits(value))
}

func stringAttribute(name, value string) Attribute {
	return appendText(attribute(name, kindString), attributeString, value)
}

// NewNode returns a node. The operation is one of ONNX, or has its domain before
// it, with a dot between them.
func NewNode(operation, name string, inputs, outputs []string, attributes ...Attribute) *Node {
	n := &Node{Name: name, Type: operation, Inputs: inputs, Outputs: outputs}
	for i := range operation {
		if operation[i] == '.' {
			n.Domain, n.Type = operation[:i], operation[i+1:]
		}
	}
	for _, input := range inputs {
		n.message = appendText(n.message, nodeInput, input)
	}
	for _, output := range outputs {
		n.message = appendText(n.message, nodeOutput, output)
	}
	n.message = appendText(appendText(n.message, nodeName, name), nodeType, n.Type)
	for _, a := range attributes {
		n.message = appendMessage(n.message, nodeAttribute, a)
	}
	if n.Domain != "" {
		n.message = appendText(n.message, nodeDomain, n.Domain)
	}
	n.wire = appendMessage(nil, graphNode, n.message)
	return n
}
