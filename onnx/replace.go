package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/nn"
)

// Clone returns a model that Replace changes apart from this one.
func (m *Model) Clone() *Model {
	c := *m
	c.graph = slices.Clone(m.graph)
	return &c
}

// Replace puts a network of vectors, from l.Inputs to l.Outputs numbers, in the
// place of a layer, and removes the constants that nothing takes any more.
// Everything else stays as it was read, to the byte. Where the network's last layer
// has no bias, that of the replaced node stays, unless the layer is one of
// ImportLinears. Weights get the given type, as in Options, or, for 0, that which the
// layer's have in the file. It fails, and changes nothing, if the network does not fit, and,
// for Int8, if the file's opset is less than 13.
func (m *Model) Replace(l *Linear, network *nn.Network, weights DataType) error {
	if l == nil {
		return errors.New("onnx: there is no layer to replace (nil)")
	}
	changed := m.Clone()
	if err := changed.replace(l, network, weights); err != nil {
		return fmt.Errorf("onnx: %v can't be replaced: %w", l.Node, err)
	}
	*m = *changed
	return nil
}

func (m *Model) replace(l *Linear, network *nn.Network, weights DataType) error {
	if network == nil {
		return errors.New("there is no network (nil)")
	}
	if in, out := network.Description.Input.Size(), network.OutShape().Size(); in != l.Inputs || out != l.Outputs {
		return fmt.Errorf("the network takes %d values and returns %d, want %d and %d", in, out, l.Inputs, l.Outputs)
	}
	if _, err := m.uses(); err != nil { // prune will need them
		return err
	}
	network, err := renamed(network, l.prefix()+"/")
	if err != nil {
		return err
	}
	b := builder{taken: m.names(), opset: m.Opset[""], activations: l.weights.kind, weights: l.numberType(), written: map[stored]string{}}
	switch weights {
	case 0:
	case Float, Float16, Int8:
		b.weights = weights
	default:
		return fmt.Errorf("weights as %v: want %v, %v, %v, or 0 for the layer's type", weights, Float, Float16, Int8)
	}
	if b.weights == Int8 && b.opset < MinInt8Opset {
		return fmt.Errorf("int8: the file has opset %d: want %d or more", b.opset, MinInt8Opset)
	}
	replaced := map[*Node][]part{}
	for _, p := range l.places {
		b.nodes, b.tensors = nil, nil
		if err := b.replacement(l, p, network); err != nil {
			return err
		}
		replaced[p.last] = m.newParts(&b)
	}
	var unused []string
	graph := make([]part, 0, len(m.graph)+8*len(l.places))
	for _, p := range m.graph {
		parts := replaced[p.node]
		if parts == nil {
			graph = append(graph, p)
			continue
		}
		graph, unused = append(graph, parts...), append(unused, p.node.Inputs...)
		delete(replaced, p.node)
	}
	for node := range replaced {
		return fmt.Errorf("%v is not in the graph, or no longer", node)
	}
	m.graph, m.graphWire = graph, nil
	return m.prune(unused)
}

// newParts returns what the builder has as fields of the graph.
func (m *Model) newParts(b *builder) (parts []part) {
	for _, t := range b.tensors {
		parts = append(parts, part{tensor: t})
		if m.IRVersion < 4 { // constants of such files are inputs, too
			parts = append(parts, part{wire: constantInfo(t), input: t.Name})
		}
		m.size += len(t.raw)
	}
	for _, n := range b.nodes {
		parts = append(parts, part{node: n})
	}
	return parts
}

// constantInfo encodes a constant as an input of the graph.
func constantInfo(t *Tensor) []byte {
	var shape []byte
	for _, d := range t.Dims {
		shape = appendMessage(shape, shapeDim, appendInt(nil, dimValue, int64(d)))
	}
	return tensorInfo(graphInput, t.Name, t.Type, shape)
}

// replacement adds the nodes of a network in place of a layer at one place. A Gemm
// takes matrices; a MatMul takes any number of dimensions, of which products of
// matrices keep all, and other layers get a matrix of; a Conv takes images, on which
// there are only products.
func (b *builder) replacement(l *Linear, p place, network *nn.Network) error {
	e := &exporter{builder: *b, network: network, layers: network.Layers(), outputs: map[string]tensor{}}
	e.dense = e.gemmLayer
	products := !slices.ContainsFunc(network.Description.Nodes, func(n nn.Node) bool { return n.Op.Kind() != (nn.Dense{}).Kind() })
	x := tensor{p.first.Inputs[0], nn.Shape{l.Inputs}}
	flat := p.first.Type == "MatMul" && !products
	if b.opset < 11 { // each Gemm has a bias
		e.dense = e.product
	}
	switch {
	case flat:
		x.name = e.node("Reshape", l.prefix()+"/flat", []string{x.name, e.ints(-1, int64(l.Inputs))})
	case p.first.Type == "MatMul":
		e.dense = e.product
	case p.first.Type == "Gemm" && products && b.opset >= 11 && l.isAt("MatMul"):
		e.dense = e.turnedGemm
	case p.first.Type == "Conv" && !products:
		return errors.New("a convolution can only become others: want a network of dense layers")
	case p.first.Type == "Conv":
		if err := e.usePointwise(l, p.first); err != nil {
			return err
		}
	}
	if last := e.layers[len(e.layers)-1]; !l.whole && p.first.Type != "MatMul" && p.first.input(2) != "" && param(last, last.Name+".bias") == nil {
		if err := e.keepBias(l, p.first); err != nil {
			return err
		}
	}
	e.last, e.outputs[nn.Input] = x, x
	for i, node := range network.Description.Nodes {
		kind := node.Op.Kind()
		if b.opset < minOpset && kind != (nn.Dense{}).Kind() && kind != (nn.Fastfood{}).Kind() {
			return fmt.Errorf("layer %s: in a file of opset %d only dense and Fastfood layers can be put", node.Name, b.opset)
		}
		if err := e.layer(i); err != nil {
			return fmt.Errorf("layer %s: %w", node.Name, err)
		}
	}
	y := e.last.name
	if flat {
		shape := e.node("Shape", l.prefix()+"/shape", []string{p.first.Inputs[0]})
		leading := e.slice(l.prefix()+"/leading", shape, 0, -1, 0)
		shape = e.node("Concat", l.prefix()+"/out_shape", []string{leading, e.ints(int64(l.Outputs))}, IntAttribute("axis", 0))
		y = e.node("Reshape", l.prefix()+"/out", []string{y, shape})
	}
	if e.overflow != nil {
		return e.overflow
	}
	e.rename(y, p.last.Outputs[0])
	*b = e.builder
	return nil
}

// isAt tells whether one of the layer's places is at such a node.
func (l *Linear) isAt(operation string) bool {
	return slices.ContainsFunc(l.places, func(p place) bool { return p.first.Type == operation })
}

// usePointwise has dense layers written as convolutions of one pixel, of which the
// first takes the replaced one's strides.
func (e *exporter) usePointwise(l *Linear, conv *Node) error {
	strides, err := conv.Ints("strides", nil)
	if err != nil {
		return err
	}
	sides := len(l.weights.dims) - 2
	e.dense = func(name string, op nn.Dense, x tensor, info nn.LayerInfo) string {
		ones := slices.Repeat([]int64{1}, sides)
		attributes := []Attribute{IntsAttribute("kernel_shape", ones...)}
		if strides != nil {
			attributes = append(attributes, IntsAttribute("strides", strides...))
			strides = nil
		}
		dims := append([]int{op.Out, x.shape.Size()}, slices.Repeat([]int{1}, sides)...)
		inputs := []string{x.name, e.weight(name+".weight", dims, param(info, name+".weight").Data, scales{})}
		if bias := e.bias(info); bias != "" {
			inputs = append(inputs, bias)
		}
		return e.node("Conv", name, inputs, attributes...)
	}
	return nil
}

// keepBias has the last layer of a network that has no bias add that of a Gemm,
// times beta.
func (e *exporter) keepBias(l *Linear, n *Node) error {
	beta, err := n.Float("beta", 1)
	if err != nil {
		return err
	}
	e.kept = n.Inputs[2]
	if beta != 1 {
		e.kept = e.node("Mul", l.prefix()+"/bias", []string{e.kept, e.constant(l.prefix()+"/beta", nil, []float32{beta})})
	}
	return nil
}

// prefix returns what new names begin with: the layer's, cut off if it is so long
// that many would exhaust the memory.
func (l *Linear) prefix() string {
	const most = 200
	return strings.ToValidUTF8(l.Name[:min(len(l.Name), most)], "")
}

// renamed returns a network on the same parameters whose layers' names have a
// prefix.
func renamed(network *nn.Network, prefix string) (*nn.Network, error) {
	d := network.Description
	d.Nodes = slices.Clone(d.Nodes)
	for i, n := range d.Nodes {
		n.Name, n.From = prefix+n.Name, slices.Clone(n.From)
		for j, from := range n.From {
			if from != nn.Input {
				n.From[j] = prefix + from
			}
		}
		d.Nodes[i] = n
	}
	params, next := network.Params(), 0
	return nn.Restore(d, func(p *nn.Param) error {
		p.Data, p.Indices, p.Seed = params[next].Data, params[next].Indices, params[next].Seed
		next++
		return nil
	})
}

// rename gives the last node's output, which no other node takes, another name.
func (b *builder) rename(output, name string) {
	last := len(b.nodes) - 1
	n := *b.nodes[last]
	if len(n.Outputs) != 1 || n.Outputs[0] != output {
		panic("onnx: the last node does not make the output")
	}
	message, err := without(n.message, nodeOutput)
	if err != nil {
		panic("onnx: " + err.Error()) // we have written it
	}
	n.Outputs = []string{name}
	n.message = appendText(message, nodeOutput, name)
	n.wire = appendMessage(nil, graphNode, n.message)
	b.nodes[last] = &n
}

// names returns the names of all values and nodes, also of values that the graph only
// describes.
func (m *Model) names() map[string]bool {
	names := map[string]bool{}
	for _, p := range m.graph {
		switch {
		case p.tensor != nil:
			names[p.tensor.Name] = true
		case p.node != nil:
			names[p.node.Name] = true
			for _, output := range p.node.Outputs {
				names[output] = true
			}
			_ = eachInner(p.node.message, 0, 0, func(name string) { names[name] = true }) // uses has checked it
		default:
			addDescribed(p.wire, names)
		}
	}
	for _, in := range m.Inputs {
		names[in.Name] = true
	}
	return names
}

// addDescribed adds the name of a value that a field of the graph describes, or of a
// sparse constant.
func addDescribed(wire []byte, names map[string]bool) {
	name := func(f field) error {
		if f.number == valueName || f.number == tensorName {
			names[string(f.value)] = true
		}
		return nil
	}
	_ = eachField(wire, 0, func(f field) error { // what can't be read has no name
		switch f.number {
		case graphValueInfo:
			return f.each("a value", name)
		case graphSparse:
			return f.each("a sparse constant", func(f field) error { return f.each("its numbers", name) })
		}
		return nil
	})
}

// prune removes the named values' constants, and nodes whose results are these
// values alone, if nothing takes them.
func (m *Model) prune(names []string) error {
	uses, err := m.uses()
	if err != nil {
		return err
	}
	makers := map[string]*Node{}
	for _, n := range m.Nodes() {
		if len(n.Outputs) == 1 {
			makers[n.Outputs[0]] = n
		}
	}
	for _, in := range m.Inputs {
		uses[in.Name]++
	}
	for name := range m.given() {
		uses[name]++
	}
	unused, removed := map[string]bool{}, map[*Node]bool{}
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		if name == "" || uses[name] > 0 || unused[name] {
			continue
		}
		unused[name] = true
		if n := makers[name]; n != nil {
			removed[n] = true
			if err := eachTaken(n, func(taken string) { uses[taken]--; names = append(names, taken) }); err != nil {
				return err
			}
		}
	}
	m.graph = slices.DeleteFunc(m.graph, func(p part) bool {
		return removed[p.node] || p.tensor != nil && unused[p.tensor.Name] || p.input != "" && unused[p.input]
	})
	return nil
}

// uses counts how often nodes, or the graph itself, take a value.
func (m *Model) uses() (map[string]int, error) {
	uses := map[string]int{}
	for _, out := range m.Outputs {
		uses[out.Name]++
	}
	for _, n := range m.Nodes() {
		if err := eachTaken(n, func(name string) { uses[name]++ }); err != nil {
			return nil, err
		}
	}
	return uses, nil
}

// eachTaken visits the names that a node takes, also in graphs within it.
func eachTaken(n *Node, visit func(name string)) error {
	for _, input := range n.Inputs {
		visit(input)
	}
	return eachInner(n.message, n.at, 0, visit)
}
