package onnx

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Linear is a fully-connected layer of a model, y = W·x, and perhaps a bias: a node
// Gemm or MatMul whose second input is constant, a Conv with a kernel of one pixel,
// which is such a layer at every pixel, or several that take the same constant.
type Linear struct {
	Node    *Node  // the first one, if there are several
	Name    string // as Import names the layer; where several would have a name, with that of the output behind it
	Inputs  int
	Outputs int

	weights *constant
	// turned says that the constant is [Inputs, Outputs], not [Outputs, Inputs].
	turned bool
	alpha  float32
	places []place
	// whole says that the layer is what Import makes of the nodes: its bias, too.
	whole bool
}

// place is where a layer is in the graph: at a node, or at one and those behind it
// that Import has folded into it.
type place struct {
	first, last *Node
}

// Refused is a node that multiplies matrices but is no fully-connected layer to
// replace, and why.
type Refused struct {
	Node   *Node
	Reason string
}

// minReplaced is the first version of ONNX's operators in which layers are
// replaced: before, shapes were broadcast otherwise.
const minReplaced = 7

// Linears lists the fully-connected layers of the graph in the order of their
// nodes, and the nodes that are none but multiply matrices. Layers have no bias
// here: that of a node stays when it is replaced. Nodes that take the same weights
// are one layer. Hadamard matrices of Fastfood layers that Export or Replace wrote as
// operators are refused. Where the weights would take memory out of proportion to
// the file, the last layers are refused: all layers' weights can be read at once.
func (m *Model) Linears() ([]*Linear, []Refused) {
	b := newBudget(m.size+m.externalSize()) - 4<<20 // the model may have been imported before
	g := m.newGraph(&b)
	g.given = m.given()
	parts := g.layerParts()
	var found []*Linear
	var refused []Refused
	byTensor, byNode := map[*Tensor]*Linear{}, map[*Node]*Linear{}
	for _, n := range m.Nodes() {
		refused = append(refused, n.within(&b)...)
		if n.Domain != "" || n.Type != "Gemm" && n.Type != "MatMul" && n.Type != "Conv" {
			if reason := otherProduct(n); reason != "" {
				refused = append(refused, Refused{n, reason})
			}
			continue
		}
		l, err := g.linear(n)
		if errors.Is(err, errWindow) {
			continue // an ordinary convolution
		}
		if err == nil && m.Opset[""] < minReplaced {
			err = fmt.Errorf("the file has opset %d: layers are replaced in files from opset %d on", m.Opset[""], minReplaced)
		}
		if parts[n] {
			err = errors.New("it is a part of a Fastfood or Monarch layer")
		}
		if err == nil {
			if same := byTensor[l.weights.tensor]; same != nil && same.sharesWeights(l) {
				same.places, byNode[n] = append(same.places, l.places...), same
				continue
			}
			err = b.spend(4 * l.Inputs * l.Outputs) // for Weights
		}
		if err != nil {
			refused = append(refused, Refused{n, err.Error()})
		} else {
			found = append(found, l)
			byTensor[l.weights.tensor], byNode[n] = l, l
		}
	}
	tied, err := g.tied(found, byNode)
	found = slices.DeleteFunc(found, func(l *Linear) bool {
		reason := tied[l]
		if err != nil {
			reason = err.Error()
		}
		if reason != "" {
			refused = append(refused, Refused{l.Node, reason})
		}
		return reason != ""
	})
	nameApart(found)
	for _, f := range m.functionFields {
		refused = append(refused, productsIn(f, functionNode, "a function, which the model defines itself", &b)...)
	}
	return found, refused
}

// otherProduct says why a node that multiplies matrices by an operation that is not
// read here can't be replaced, or "".
func otherProduct(n *Node) string {
	switch n.Type {
	case "MatMulInteger", "QLinearMatMul", "QGemm", "MatMulNBits", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QAttention":
		return "its weights are quantized, and it multiplies integers: only weights behind DequantizeLinear are read"
	case "FusedGemm", "FusedMatMul", "GemmFastGelu", "Attention":
		if n.Domain != "" {
			return "a runtime has fused it with other nodes: compress the file from which that was made"
		}
	case "RNN", "GRU", "LSTM":
		return "it is recurrent: its weights are several layers'"
	case "Einsum":
		return "it is a product of any form: only Gemm, MatMul and Conv are read"
	}
	return ""
}

// within lists the products in graphs that a node holds, as the branches of an If.
func (n *Node) within(b *budget) (refused []Refused) {
	_ = eachInnerGraph(n.message, n.at, func(graph field) error { // what can't be read, is for others to tell
		refused = append(refused, productsIn(graph, graphNode, fmt.Sprintf("a graph within %v", n), b)...)
		return nil
	})
	return refused
}

// productsIn lists the nodes of a graph or a function, and of graphs in it, that
// multiply matrices.
func productsIn(graph field, nodes protowire.Number, where string, b *budget) (refused []Refused) {
	_ = graph.each("a graph", func(f field) error {
		if f.number != nodes {
			return nil
		}
		n, err := decodeNode(f, b)
		if err != nil {
			return err
		}
		if n.Domain == "" && (n.Type == "Gemm" || n.Type == "MatMul") || otherProduct(n) != "" {
			refused = append(refused, Refused{n, "it is in " + where + ": layers are replaced in the main graph alone"})
		}
		return eachInnerGraph(n.message, n.at, func(inner field) error {
			refused = append(refused, productsIn(inner, graphNode, where, b)...)
			return nil
		})
	})
	return refused
}

// nameApart gives layers names that no other has.
func nameApart(layers []*Linear) {
	names, b := map[string]int{}, builder{taken: map[string]bool{}}
	for _, l := range layers {
		names[l.Name]++
		b.taken[l.Name] = true
	}
	for _, l := range layers {
		if names[l.Name] > 1 {
			l.Name = b.unique(l.Name + " (" + l.Node.Outputs[0] + ")")
		}
	}
}

// layerParts returns the nodes that Fastfood and Monarch layers are made of.
func (g *graph) layerParts() map[*Node]bool {
	parts := map[*Node]bool{}
	for _, n := range g.model.Nodes() {
		_, fastfood := g.fastfoodOf(n)
		_, monarch := g.monarchOf(n)
		for _, p := range append(fastfood, monarch...) {
			parts[p] = true
		}
	}
	return parts
}

// errWindow says that a convolution is no fully-connected layer.
var errWindow = errors.New("it is a convolution of more than a pixel, or in groups")

// linear reads a Gemm, a MatMul or a Conv. It is the one place that does, but for
// convolutions that are none.
func (g *graph) linear(n *Node) (*Linear, error) {
	l := &Linear{Node: n, alpha: 1, turned: true, places: []place{{n, n}}}
	if len(n.Inputs) < 2 || len(n.Outputs) != 1 {
		return nil, fmt.Errorf("it has %d inputs and %d outputs", len(n.Inputs), len(n.Outputs))
	}
	switch n.Type {
	case "Conv":
		l.turned = false
		group, errA := n.Int("group", 1)
		pads, errB := n.Ints("pads", nil)
		auto, errC := n.Text("auto_pad", "NOTSET") // any other stands for no padding here, whatever pads says
		if err := errors.Join(errA, errB, errC); err != nil {
			return nil, err
		}
		padded := (auto == "NOTSET" || auto == "") && slices.ContainsFunc(pads, func(p int64) bool { return p != 0 })
		if group != 1 || padded {
			return nil, errWindow
		}
	case "Gemm":
		transA, errA := n.Int("transA", 0)
		transB, errB := n.Int("transB", 0)
		var errC error
		l.alpha, errC = n.Float("alpha", 1)
		if err := errors.Join(errA, errB, errC); err != nil {
			return nil, err
		}
		if transA != 0 {
			return nil, errors.New("its input is transposed (transA): that is not supported")
		}
		l.turned = transB == 0
	}
	if c, _ := g.constant(n.Inputs[0]); c != nil {
		return nil, errors.New("its first input is constant: the weights are on the left")
	}
	if err := g.linearWeights(l); err != nil {
		return nil, err
	}
	l.Name = layerName(n, l.weights.name())
	return l, nil
}

// linearWeights finds the constant that is the second input.
func (g *graph) linearWeights(l *Linear) error {
	c, err := g.constant(l.Node.Inputs[1])
	if err != nil {
		return fmt.Errorf("its weights, %q: %w", l.Node.Inputs[1], err)
	}
	if c == nil {
		return fmt.Errorf("its weights, %q, are not constant", l.Node.Inputs[1])
	}
	if l.Node.Type == "Conv" {
		if len(c.dims) < 3 || c.size() < 1 || c.size() != c.dims[0]*c.dims[1] {
			return errWindow
		}
	} else if len(c.dims) != 2 || c.dims[0] < 1 || c.dims[1] < 1 {
		return fmt.Errorf("its weights, %q, have the dimensions %v, want two", l.Node.Inputs[1], c.dims)
	}
	if c.kind != Float && c.kind != Float16 && c.kind != Double || c.floats == nil {
		return fmt.Errorf("its weights, %q, are %v, want float32, float16 or float64", l.Node.Inputs[1], c.kind)
	}
	l.weights, l.Inputs, l.Outputs = c, c.dims[1], c.dims[0]
	if l.turned {
		l.Inputs, l.Outputs = c.dims[0], c.dims[1]
	}
	return nil
}

// sharesWeights tells whether two layers multiply by the same numbers.
func (l *Linear) sharesWeights(other *Linear) bool {
	return l.weights.tensor != nil && l.weights.tensor == other.weights.tensor && slices.Equal(l.weights.names, other.weights.names) &&
		l.alpha == other.alpha && l.turned == other.turned
}

// tied says of layers whose weights, or what these are made of, something else takes,
// too, what that is. layers has those of the nodes.
func (g *graph) tied(found []*Linear, layers map[*Node]*Linear) (map[*Linear]string, error) {
	made, tied := map[string][]*Linear{}, map[*Linear]string{} // made of the values of these names
	for _, l := range found {
		for _, name := range l.weights.names {
			made[name] = append(made[name], l)
		}
	}
	for _, out := range g.model.Outputs {
		for _, l := range made[out.Name] {
			tied[l] = fmt.Sprintf("its weights, %q, are also an output of the graph", l.Node.Inputs[1])
		}
		delete(made, out.Name)
	}
	for _, n := range g.model.Nodes() {
		makes := func(l *Linear) bool { // n is one of the nodes that make the weights
			return len(n.Outputs) == 1 && g.makers[n.Outputs[0]] == n && slices.Contains(l.weights.names, n.Outputs[0])
		}
		err := eachTaken(n, func(name string) {
			if len(made[name]) == 0 {
				return
			}
			made[name] = slices.DeleteFunc(made[name], func(l *Linear) bool { // one reason is enough, and many may take one value
				if tied[l] == "" && layers[n] != l && !makes(l) {
					tied[l] = fmt.Sprintf("its weights, %q, are also taken by %v: a replacement would be stored beside them", l.Node.Inputs[1], n)
				}
				return tied[l] != ""
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return tied, nil
}

// Nodes returns the nodes that multiply by the layer's weights.
func (l *Linear) Nodes() (nodes []*Node) {
	for _, p := range l.places {
		nodes = append(nodes, p.first)
	}
	return nodes
}

// Weights returns W, row-major [Outputs, Inputs].
func (l *Linear) Weights() ([]float32, error) {
	c := l.weights
	if l.turned {
		c = c.transpose()
	}
	values, err := c.floats()
	if err != nil {
		return nil, fmt.Errorf("onnx: %v: %w", l.Node, err)
	}
	for i, w := range values {
		values[i] = l.alpha * w
	}
	return values, nil
}

// numberType returns the type of the numbers in a replacement: that of the layer's weights
// as they are used, but float16 where they are stored so.
func (l *Linear) numberType() DataType {
	if t := l.weights.tensor; t != nil && t.Type == Float16 {
		return Float16
	}
	return l.weights.kind
}

// Source returns the name of the constant in the file that the weights are made of, or
// "".
func (l *Linear) Source() string { return l.weights.name() }

// NumberBytes returns how many bytes a number of a replacement takes.
func (l *Linear) NumberBytes() int { return typeSizes[l.numberType()] }

// Bytes returns how much of the file the weights take.
func (l *Linear) Bytes() int {
	if l.weights.tensor == nil {
		return l.Inputs * l.Outputs * typeSizes[l.weights.kind]
	}
	return l.weights.tensor.Size() * typeSizes[l.weights.tensor.Type]
}
