package nn

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Description is a network without its parameters: what is stored beside them
// as JSON, and what Fry rewrites.
type Description struct {
	Name  string `json:"name"`
	Input Shape  `json:"input"` // of one sample, such as 1×28×28
	Nodes []Node `json:"nodes"` // in topological order; the last one is the output
}

// UnmarshalJSON fails, as that of a Node does, on fields that a newer version may
// have written.
func (d *Description) UnmarshalJSON(data []byte) error {
	type plain Description // without this method
	if err := strictly(data, (*plain)(d)); err != nil {
		return fmt.Errorf("nn: a description: %w", err)
	}
	return nil
}

// Input is the name by which a node refers to the network's input.
const Input = "input"

// Node is an operation in a network.
type Node struct {
	Name string
	Op   Op
	// From names the nodes whose outputs this one takes. Empty: the node
	// before it, or the network's input for the first.
	From []string
}

// nodeJSON is the stored form of a Node.
type nodeJSON struct {
	Name   string          `json:"name"`
	Kind   string          `json:"kind"`
	From   []string        `json:"from,omitempty"`
	Config json.RawMessage `json:"config,omitempty"`
}

// MarshalJSON stores the node with the kind of its operation.
func (n Node) MarshalJSON() ([]byte, error) {
	if n.Op == nil {
		return nil, fmt.Errorf("nn: node %s has no operation", n.Name)
	}
	config, err := json.Marshal(n.Op)
	if err != nil {
		return nil, fmt.Errorf("nn: node %s: %w", n.Name, err)
	}
	if string(config) == "{}" {
		config = nil
	}
	return json.Marshal(nodeJSON{n.Name, n.Op.Kind(), n.From, config})
}

// UnmarshalJSON fails on an unknown kind and on unknown settings, which a
// newer version may have written.
func (n *Node) UnmarshalJSON(data []byte) error {
	var stored nodeJSON
	if err := strictly(data, &stored); err != nil {
		return fmt.Errorf("nn: a node of the description: %w", err)
	}
	op, err := decodeOp(stored.Kind, stored.Config)
	if err != nil {
		return fmt.Errorf("nn: node %q: %w", stored.Name, err)
	}
	*n = Node{stored.Name, op, stored.From}
	return nil
}

// decodeOp is the one place that lists all operations.
func decodeOp(kind string, config []byte) (Op, error) {
	switch kind {
	case "conv":
		return decode[Conv](config)
	case "maxpool":
		return decode[MaxPool](config)
	case "averagepool":
		return decode[AveragePool](config)
	case "globalaveragepool":
		return decode[GlobalAveragePool](config)
	case "dense":
		return decode[Dense](config)
	case "fastfood":
		return decode[Fastfood](config)
	case "monarch":
		return decode[Monarch](config)
	case "relu":
		return decode[ReLU](config)
	case "leakyrelu":
		return decode[LeakyReLU](config)
	case "clip":
		return decode[Clip](config)
	case "sigmoid":
		return decode[Sigmoid](config)
	case "tanh":
		return decode[Tanh](config)
	case "gelu":
		return decode[GELU](config)
	case "softmax":
		return decode[SoftmaxLayer](config)
	case "cos":
		return decode[Cos](config)
	case "cossin":
		return decode[CosSin](config)
	case "localresponsenorm":
		return decode[LocalResponseNorm](config)
	case "batchnorm":
		return decode[BatchNorm](config)
	case "normalize":
		return decode[Normalize](config)
	case "dropout":
		return decode[Dropout](config)
	case "reshape":
		return decode[Reshape](config)
	case "add":
		return decode[Add](config)
	case "concat":
		return decode[Concat](config)
	}
	return nil, fmt.Errorf("unknown kind of layer %q; was the file written by a newer version?", kind)
}

func decode[T Op](config []byte) (Op, error) {
	var op T
	if len(config) == 0 {
		return op, nil
	}
	if err := strictly(config, &op); err != nil {
		return nil, fmt.Errorf("settings of a %s layer: %w", op.Kind(), err)
	}
	return op, nil
}

// strictly decodes JSON and fails on fields that target does not have.
func strictly(data []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(target)
}
