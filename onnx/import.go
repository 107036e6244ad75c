package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/nn"
)

// ImportOptions says how models are read as networks.
type ImportOptions struct {
	// Input is the shape of a sample, such as 1×28×28, for models that do not say
	// it.
	Input nn.Shape
	// FoldBatchNorm multiplies normalisations into the convolutions and
	// fully-connected layers before them: faster, but their statistics no longer
	// learn.
	FoldBatchNorm bool
	// Logits leaves out a Softmax or LogSoftmax at the end, as
	// nn.SoftmaxCrossEntropy wants.
	Logits bool
}

// Import returns the network that a model with one input, [N, ...], and one
// output describes, with its weights as float32, to be run and trained. Layers
// and parameters have the names of the model's weights where those end in
// .weight, and otherwise the nodes'. What has no counterpart among the layers of
// nn is an error that names the node and the reason.
func Import(m *Model, o ImportOptions) (*nn.Network, error) {
	network, _, err := importModel(m, o)
	return network, err
}

// ImportLinears is Import that also returns, by the names of the network's dense
// layers and convolutions of one pixel, the places in the model that they are made
// of, for Model.Replace. It fails for a model with constants that are inputs of the
// graph, too, and would no longer be.
func ImportLinears(m *Model, o ImportOptions) (*nn.Network, map[string]*Linear, error) {
	network, im, err := importModel(m, o)
	if err != nil {
		return nil, nil, err
	}
	given := m.given()
	for _, t := range m.Initializers() {
		if given[t.Name] {
			return nil, nil, fmt.Errorf("onnx: %q is a constant and an input of the graph, for which whoever runs the model may give another value: %s", t.Name, notGiven)
		}
	}
	return network, im.linears, nil
}

func importModel(m *Model, o ImportOptions) (*nn.Network, *importer, error) {
	if m == nil {
		return nil, nil, errors.New("onnx: there is no model (nil)")
	}
	im := &importer{
		model: m, options: o, budget: newBudget(m.size + m.externalSize()), batch: batchSize, linears: map[string]*Linear{},
		values: map[string]value{}, uses: map[string]int{}, layers: map[string]*layer{}, repeats: map[string]int{}, params: map[string][]float32{}, indices: map[string][]int32{}, ours: map[*Node]bool{},
	}
	network, err := im.run()
	if err != nil {
		return nil, nil, fmt.Errorf("onnx: %w", err)
	}
	return network, im, nil
}

// importer holds what is known of a graph, up to a node.
type importer struct {
	model   *Model
	options ImportOptions
	budget  budget
	batch   int64 // that of the graph's input, or batchSize
	graph   *graph
	values  map[string]value
	uses    map[string]int // how many nodes that matter take a value
	output  string
	ours    map[*Node]bool // those that stand for operators of our export

	description nn.Description
	layers      map[string]*layer // by name, the input included
	repeats     map[string]int    // how often a name was wanted again
	params      map[string][]float32
	indices     map[string][]int32
	linears     map[string]*Linear // by the name of the layer
}

// value is what is known of a value of the graph: a constant, or the output of a
// layer.
type value struct {
	constant *constant
	layer    *layer
	// shape is that of a sample as the graph sees it. The layer's may be another
	// one of as many values.
	shape nn.Shape
	// sole says that one node alone takes this value, and what it is made of.
	sole bool
	// pad is the number of zeros that a Pad has put around images. The shape does
	// not count them; Conv and AveragePool alone can take them.
	pad int
	// integers says that the values are no floating-point numbers: what computes with
	// them may round, which no layer does.
	integers bool
}

// layer is a node of the network.
type layer struct {
	name  string
	index int // in the description
	shape nn.Shape
}

func (im *importer) run() (*nn.Network, error) {
	im.graph = im.model.newGraph(&im.budget)
	if err := im.input(); err != nil {
		return nil, err
	}
	nodes, err := im.neededNodes()
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		err := im.budget.spend(1024 + 256*(len(n.Inputs)+len(n.Outputs)))
		if err == nil {
			err = im.node(n)
		}
		if err != nil {
			return nil, fmt.Errorf("%v: %w", n, err)
		}
	}
	v := im.values[im.output]
	if v.layer == nil || v.layer.index < 0 {
		return nil, fmt.Errorf("the output %q is not computed by any layer", im.output)
	}
	im.description.Nodes = im.description.Nodes[:v.layer.index+1] // others serve shapes alone
	return nn.Restore(im.description, func(p *nn.Param) error {
		p.Data, p.Indices = im.params[p.Name], im.indices[p.Name]
		return nil
	})
}

// input makes the graph's only input the network's.
func (im *importer) input() error {
	if len(im.model.Inputs) != 1 || len(im.model.Outputs) != 1 {
		return fmt.Errorf("the model has %d inputs and %d outputs, want one of each", len(im.model.Inputs), len(im.model.Outputs))
	}
	in := im.model.Inputs[0]
	im.output = im.model.Outputs[0].Name
	shape := im.options.Input
	if shape == nil {
		if len(in.Dims) < 2 || slices.Min(in.Dims[1:]) < 1 {
			return fmt.Errorf("input %q has the dimensions %v: want those of a batch and, from the second one on, of a sample; give the sample's shape", in.Name, in.Dims)
		}
		shape = in.Dims[1:]
	}
	if len(in.Dims) > 0 && in.Dims[0] > 0 {
		im.batch = int64(in.Dims[0])
	}
	integers, err := holdsIntegers(in)
	if err != nil {
		return err
	}
	im.description = nn.Description{Name: im.model.graphName(), Input: slices.Clone(shape)}
	input := &layer{nn.Input, -1, shape}
	im.layers[nn.Input] = input
	im.values[in.Name] = value{layer: input, shape: shape, integers: integers}
	return nil
}

// neededNodes returns the nodes from which the output is computed, in order, and
// counts the uses of their inputs.
func (im *importer) neededNodes() ([]*Node, error) {
	all, g := im.model.Nodes(), im.graph
	needed := map[string]bool{im.output: true}
	var nodes []*Node
	for _, n := range slices.Backward(all) { // those who take a value come behind who makes it
		if !slices.ContainsFunc(n.Outputs, func(o string) bool { return o != "" && needed[o] }) {
			continue
		}
		for _, output := range n.Outputs {
			delete(needed, output) // whoever makes it before is another
		}
		if norm := g.responseNormOf(n); norm != nil {
			n = norm
		} else if gelu := g.geluOf(n); gelu != nil {
			if err := im.budget.spend(512); err != nil { // several can be made of the same operators
				return nil, fmt.Errorf("%v: %w", n, err)
			}
			n = gelu
		} else if layer := g.layerOf(n); layer != nil {
			n = layer
			im.ours[n] = true
		}
		for _, input := range n.Inputs {
			needed[input] = true
			im.uses[input]++
		}
		nodes = append(nodes, n)
	}
	im.uses[im.output]++
	slices.Reverse(nodes)
	return nodes, nil
}

// set names the first output of a node; the others must not be needed.
func (im *importer) set(n *Node, v value) error {
	for i, output := range n.Outputs {
		if i > 0 && im.uses[output] > 0 && output != "" {
			return fmt.Errorf("its output %q is not supported", output)
		}
	}
	if len(n.Outputs) == 0 {
		return fmt.Errorf("it has no output")
	}
	v.sole = v.sole && im.uses[n.Outputs[0]] == 1
	im.values[n.Outputs[0]] = v
	return nil
}

// value returns input i of a node.
func (im *importer) value(n *Node, i int) (value, error) {
	name := n.input(i)
	if name == "" {
		return value{}, fmt.Errorf("input %d is missing", i)
	}
	if v, ok := im.values[name]; ok {
		if v.pad > 0 && n.Type != "Conv" && n.Type != "AveragePool" {
			return value{}, fmt.Errorf("input %d is padded: that is supported for Conv and AveragePool", i)
		}
		if v.integers && !passesIntegers(n) {
			return value{}, fmt.Errorf("input %d holds integers: that is supported for a Cast to floating-point numbers", i)
		}
		return v, nil
	}
	t, ok := im.graph.tensors[name]
	if !ok {
		return value{}, fmt.Errorf("it takes %q, which no node before it makes", name)
	}
	c, err := im.graph.tensorConstant(t)
	return value{constant: c}, err
}

// activations returns input i, which must not be constant.
func (im *importer) activations(n *Node, i int) (value, error) {
	v, err := im.value(n, i)
	if err == nil && v.constant != nil {
		err = fmt.Errorf("input %d is constant: that is not supported here", i)
	}
	return v, err
}

// add adds a layer that takes the given values and returns its output. Values
// are put into the shape that the graph sees, unless that makes no difference.
func (im *importer) add(name string, op nn.Op, from ...value) (value, error) {
	var shapes []nn.Shape
	var sources []string
	flattens := false
	switch op.(type) {
	case nn.Dense, nn.Fastfood, nn.Monarch, nn.CosSin:
		flattens = true
	}
	for _, v := range from {
		l := v.layer
		if !flattens && !slices.Equal(l.shape, v.shape) {
			reshaped, err := im.add(l.name+".reshaped", nn.Reshape{Shape: v.shape}, value{layer: l, shape: l.shape})
			if err != nil {
				return value{}, err
			}
			l = reshaped.layer
		}
		shapes, sources = append(shapes, l.shape), append(sources, l.name)
	}
	if err := im.budget.spend(16 * len(name)); err != nil { // for the names of parameters
		return value{}, err
	}
	name = im.unique(name)
	built, err := op.Build(name, shapes)
	if err != nil {
		return value{}, err
	}
	if len(sources) == 1 && (len(im.description.Nodes) == 0 && sources[0] == nn.Input || len(im.description.Nodes) > 0 && sources[0] == im.description.Nodes[len(im.description.Nodes)-1].Name) {
		sources = nil
	}
	l := &layer{name, len(im.description.Nodes), built.OutShape()}
	im.description.Nodes = append(im.description.Nodes, nn.Node{Name: name, Op: op, From: sources})
	im.layers[name] = l
	return value{layer: l, shape: l.shape, sole: true}, nil
}

// unique returns a name for a layer that no other has.
func (im *importer) unique(name string) string {
	for base := name; im.layers[name] != nil; name = fmt.Sprintf("%s_%d", base, im.repeats[base]+1) {
		im.repeats[base]++
	}
	return name
}

// layerName names the layer of a node: conv1 for weights conv1.weight, and else
// for a node conv1/Conv, or one without a name that makes conv1.
func layerName(n *Node, weights string) string {
	if prefix, ok := strings.CutSuffix(weights, ".weight"); ok && prefix != "" {
		return prefix
	}
	name := strings.TrimSuffix(strings.Trim(n.Name, "/"), "/"+n.Type)
	if n.Name == "" && len(n.Outputs) > 0 {
		name = n.Outputs[0]
	}
	if name == "" || name == n.Type {
		return strings.ToLower(n.Type)
	}
	return name
}

// param keeps a parameter's values.
func (im *importer) param(name string, c *constant) ([]float32, error) {
	if err := im.budget.spend(4 * c.size()); err != nil {
		return nil, err
	}
	values, err := c.floats()
	im.params[name] = values
	return values, err
}
