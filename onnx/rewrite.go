package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/deepfry/deepfry/fastfood"
)

// Linear is a fully-connected layer of a model, y = W·x + bias: a Gemm or MatMul
// node with constant weights.
type Linear struct {
	Node    *Node
	Name    string // as Import names the layer; where several would have a name, with that of the output behind it
	Inputs  int
	Outputs int
	Bias    bool // whether the node adds one, constant or not; that of a MatMul is added by another node

	weights    *Tensor
	transposed bool // weights are [Outputs, Inputs], not [Inputs, Outputs]
	alpha      float32
	bias       *Tensor // nil if it is not a constant of Outputs numbers
	beta       float32
	// activations is the type of x and y: that of the weights, or that to which
	// they are cast.
	activations DataType
}

// Refused is a Gemm or MatMul that is no fully-connected layer to replace, and
// why.
type Refused struct {
	Node   *Node
	Reason string
}

// Linears lists the Gemm and MatMul nodes of the graph in their order, those
// with constant weights and the others. Nodes of functions, and of graphs inside
// nodes, are not among them. Hadamard matrices of Fastfood layers that Export or
// Replace wrote as operators are refused. Where many nodes take the same large weights, the
// last ones are refused: all layers' weights can be read at once.
func (m *Model) Linears() ([]*Linear, []Refused) {
	g, b := m.newGraph(), newBudget(m.size+m.externalSize())-4<<20 // the model may have been imported before
	var found []*Linear
	var refused []Refused
	nodes, names := m.Nodes(), map[string]int{}
	parts := map[*Node]bool{} // of Fastfood layers
	for _, n := range nodes {
		_, all := g.fastfoodOf(n)
		for _, p := range all {
			parts[p] = true
		}
	}
	for _, n := range nodes {
		if n.Domain != "" || n.Type != "Gemm" && n.Type != "MatMul" {
			continue
		}
		l, err := g.linear(n)
		if parts[n] {
			err = errors.New("it is a part of a Fastfood layer")
		}
		if err == nil {
			err = b.spend(8 * l.Inputs * l.Outputs) // for Weights, which may turn them
		}
		if err != nil {
			refused = append(refused, Refused{n, err.Error()})
		} else {
			found = append(found, l)
			names[l.Name]++
		}
	}
	for _, l := range found {
		if names[l.Name] > 1 {
			l.Name += " (" + l.Node.Outputs[0] + ")"
		}
	}
	return found, refused
}

// graph is a model's graph with its values by name.
type graph struct {
	model   *Model
	tensors map[string]*Tensor
	makers  map[string]*Node
	decoded map[*Node]*Tensor // of Constant nodes
}

func (m *Model) newGraph() *graph {
	g := &graph{m, map[string]*Tensor{}, map[string]*Node{}, map[*Node]*Tensor{}}
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

func (g *graph) linear(n *Node) (*Linear, error) {
	l := &Linear{Node: n, alpha: 1, beta: 1}
	if g.model.Opset[""] < 11 {
		return nil, fmt.Errorf("the file has opset %d: layers are replaced in files from opset 11 on", g.model.Opset[""])
	}
	if len(n.Inputs) < 2 || len(n.Outputs) != 1 {
		return nil, fmt.Errorf("it has %d inputs and %d outputs", len(n.Inputs), len(n.Outputs))
	}
	if n.Type == "Gemm" {
		transA, errA := n.Int("transA", 0)
		transB, errB := n.Int("transB", 0)
		var errC, errD error
		l.alpha, errC = n.Float("alpha", 1)
		l.beta, errD = n.Float("beta", 1)
		if err := errors.Join(errA, errB, errC, errD); err != nil {
			return nil, err
		}
		if transA != 0 {
			return nil, errors.New("its input is transposed (transA)")
		}
		l.transposed = transB != 0
	}
	if t, _, _ := g.constant(n.Inputs[0]); t != nil {
		return nil, errors.New("its first input is constant: the weights are on the left")
	}
	if err := g.linearWeights(l); err != nil {
		return nil, err
	}
	l.Name = layerName(n, l.weights.Name)
	return l, g.linearBias(l)
}

// linearWeights finds the constant that is the second input.
func (g *graph) linearWeights(l *Linear) error {
	t, kind, err := g.constant(l.Node.Inputs[1])
	if err != nil {
		return err
	}
	if t == nil {
		return fmt.Errorf("its weights, %q, are not constant", l.Node.Inputs[1])
	}
	if len(t.Dims) != 2 || t.Dims[0] < 1 || t.Dims[1] < 1 {
		return fmt.Errorf("its weights, %q, have the dimensions %v, want two", l.Node.Inputs[1], t.Dims)
	}
	if kind != Float && kind != Float16 {
		return fmt.Errorf("its weights, %q, are %v, want float32 or float16", l.Node.Inputs[1], kind)
	}
	l.weights, l.activations = t, kind
	l.Inputs, l.Outputs = t.Dims[0], t.Dims[1]
	if l.transposed {
		l.Inputs, l.Outputs = t.Dims[1], t.Dims[0]
	}
	return nil
}

// linearBias finds the constant that is the third input, if there is one.
func (g *graph) linearBias(l *Linear) error {
	name := l.Node.input(2)
	if name == "" || l.Node.Type != "Gemm" {
		return nil
	}
	l.Bias = true
	t, _, err := g.constant(name)
	if t != nil && t.Size() == l.Outputs {
		l.bias = t
	}
	return err
}

// constant returns the tensor behind a name, through casts, and the type that
// the value has; nil if it is not constant.
func (g *graph) constant(name string) (t *Tensor, kind DataType, err error) {
	for range maxDepth {
		if t := g.tensors[name]; t != nil {
			if kind == 0 {
				kind = t.Type
			}
			return t, kind, nil
		}
		n := g.makers[name]
		switch {
		case n == nil || n.Domain != "":
			return nil, 0, nil
		case n.Type == "Constant":
			t, known := g.decoded[n]
			if !known {
				b := newBudget(len(n.message))
				t, err = n.tensor("value", g.model.folder, &b)
				g.decoded[n] = t
			}
			if t != nil && kind == 0 {
				kind = t.Type
			}
			return t, kind, err
		case n.Type == "Cast" && len(n.Inputs) == 1:
			to, err := n.Int("to", 0)
			if err != nil {
				return nil, 0, err
			}
			if kind == 0 {
				kind = DataType(to)
			}
		case n.Type != "Identity" || len(n.Inputs) != 1:
			return nil, 0, nil
		}
		name = n.Inputs[0]
	}
	return nil, 0, nil
}

// Weights returns W, row-major [Outputs, Inputs].
func (l *Linear) Weights() ([]float32, error) {
	values, err := l.weights.Floats()
	if err != nil {
		return nil, fmt.Errorf("onnx: %v: %w", l.Node, err)
	}
	if !l.transposed {
		values = transposeMatrix(values, l.Inputs, l.Outputs)
	}
	for i, w := range values {
		values[i] = l.alpha * w
	}
	return values, nil
}

// BiasValues returns the bias, [Outputs], or nil if the node adds none. It fails
// for one that is not a constant of so many numbers.
func (l *Linear) BiasValues() ([]float32, error) {
	if !l.Bias {
		return nil, nil
	}
	if l.bias == nil {
		return nil, fmt.Errorf("onnx: %v: its bias, %q, is not a constant of %d numbers", l.Node, l.Node.input(2), l.Outputs)
	}
	values, err := l.bias.Floats()
	if err != nil {
		return nil, fmt.Errorf("onnx: %v: %w", l.Node, err)
	}
	for i, v := range values {
		values[i] = l.beta * v
	}
	return values, nil
}

// Bytes returns how much of the file the weights take.
func (l *Linear) Bytes() int { return l.weights.Size() * typeSizes[l.weights.Type] }

// Stage is what takes the place of a layer, or a part of it: Dense or Fastfood.
type Stage interface {
	sizes() (inputs, outputs int)
	// emit adds the stage's nodes, with a bias or "", and returns their output.
	emit(b *builder, l *Linear, name, x, bias string) string
	check() error
}

// Dense is a stage y = W·x with weights [Outputs, Inputs].
type Dense struct {
	Inputs, Outputs int
	Weights         []float32
}

func (d Dense) sizes() (int, int) { return d.Inputs, d.Outputs }

func (d Dense) check() error {
	if d.Inputs < 1 || d.Outputs < 1 || len(d.Weights) != d.Inputs*d.Outputs {
		return fmt.Errorf("%d weights for %d inputs and %d outputs", len(d.Weights), d.Inputs, d.Outputs)
	}
	return nil
}

// emit writes what it replaces: a Gemm in place of one, which takes matrices,
// and a MatMul, which takes any number of dimensions, in place of the other.
func (d Dense) emit(b *builder, l *Linear, name, x, bias string) string {
	if l.Node.Type == "Gemm" {
		return b.gemm(name, x, d.Outputs, d.Inputs, d.Weights, bias)
	}
	weights := transposeMatrix(d.Weights, d.Outputs, d.Inputs)
	y := b.node("MatMul", name, []string{x, b.weight(name+".weight", []int{d.Inputs, d.Outputs}, weights)})
	if bias != "" {
		y = b.node("Add", name+"/bias", []string{y, bias})
	}
	return y
}

// Fastfood is a stage y = S·H·G·Π·H·B·x, as operators that every runtime has.
type Fastfood struct {
	Transform *fastfood.Transform[float32]
}

func (f Fastfood) sizes() (int, int) { return f.Transform.Inputs, f.Transform.Outputs }

func (f Fastfood) check() error {
	if f.Transform == nil {
		return errors.New("there is no transform (nil)")
	}
	return f.Transform.Validate()
}

// emit puts the inputs of a MatMul, which may have any number of dimensions, into
// a matrix, and the outputs back.
func (f Fastfood) emit(b *builder, l *Linear, name, x, bias string) string {
	if l.Node.Type == "Gemm" {
		return b.fastfood(name, x, f.Transform, bias, Ops)
	}
	flat := b.node("Reshape", name+"/flat", []string{x, b.ints(-1, int64(f.Transform.Inputs))})
	y := b.fastfood(name, flat, f.Transform, bias, Ops)
	shape := b.node("Shape", name+"/shape", []string{x})
	leading := b.node("Slice", name+"/leading", []string{shape, b.ints(0), b.ints(-1), b.ints(0)})
	shape = b.node("Concat", name+"/out_shape", []string{leading, b.ints(int64(f.Transform.Outputs))}, IntAttribute("axis", 0))
	return b.node("Reshape", name+"/out", []string{y, shape})
}

// Replacement is what Replace puts in the place of a layer.
type Replacement struct {
	Stages []Stage // in the order in which they are applied
	// Bias is added behind the last stage, [Outputs]; nil keeps the layer's, if
	// it has one.
	Bias []float32
	// Float16 stores the stages' weights as float16, also where they are cast to
	// float32 to be used.
	Float16 bool
}

// Replace puts stages in the place of a layer and removes the constants that
// nothing takes any more. Everything else stays as it was read, to the byte. It
// fails, and changes nothing, if the sizes do not fit.
func (m *Model) Replace(l *Linear, r Replacement) error {
	if err := m.replace(l, r); err != nil {
		return fmt.Errorf("onnx: %v can't be replaced: %w", l.Node, err)
	}
	return nil
}

func (m *Model) replace(l *Linear, r Replacement) error {
	at := slices.IndexFunc(m.graph, func(p part) bool { return p.node == l.Node })
	if at < 0 {
		return errors.New("it is not in the graph, or no longer")
	}
	if err := l.checkStages(r); err != nil {
		return err
	}
	if _, err := m.uses(); err != nil { // prune will need them
		return err
	}
	b := &builder{taken: m.names(), activations: l.activations, weights: l.activations}
	if r.Float16 {
		b.weights = Float16
	}
	bias := l.keptBias(b, r.Bias)
	x := l.Node.Inputs[0]
	for i, s := range r.Stages {
		name, last := fmt.Sprintf("%s/%d", l.Name, i+1), i == len(r.Stages)-1
		if last {
			x = s.emit(b, l, name, x, bias)
		} else {
			x = s.emit(b, l, name, x, "")
		}
	}
	if b.overflow != nil {
		return b.overflow
	}
	b.rename(x, l.Node.Outputs[0])

	var parts []part
	for _, t := range b.tensors {
		parts = append(parts, part{tensor: t})
		m.size += len(t.raw)
	}
	for _, n := range b.nodes {
		parts = append(parts, part{node: n})
	}
	m.graph = slices.Concat(m.graph[:at], parts, m.graph[at+1:])
	m.graphWire = nil
	return m.prune(l.Node.Inputs[1:])
}

func (l *Linear) checkStages(r Replacement) error {
	if len(r.Stages) == 0 || r.Bias != nil && len(r.Bias) != l.Outputs {
		return fmt.Errorf("%d stages and a bias of %d: want at least one stage, and %d or none", len(r.Stages), len(r.Bias), l.Outputs)
	}
	n := l.Inputs
	for i, s := range r.Stages {
		if s == nil {
			return fmt.Errorf("stage %d is nil", i+1)
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("stage %d: %w", i+1, err)
		}
		inputs, outputs := s.sizes()
		if inputs != n {
			return fmt.Errorf("stage %d takes %d values, but gets %d", i+1, inputs, n)
		}
		n = outputs
	}
	if n != l.Outputs {
		return fmt.Errorf("the last stage has %d outputs, want %d", n, l.Outputs)
	}
	return nil
}

// keptBias returns the name of what is added behind the last stage, or "".
func (l *Linear) keptBias(b *builder, values []float32) string {
	switch {
	case values != nil:
		return b.constant(l.Name+".bias", []int{l.Outputs}, values)
	case !l.Bias:
		return ""
	case l.beta == 1:
		return l.Node.Inputs[2]
	}
	beta := b.constant(l.Name+"/beta", nil, []float32{l.beta})
	return b.node("Mul", l.Name+"/bias", []string{l.Node.Inputs[2], beta})
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

// names returns the names of all values and nodes.
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
		}
	}
	for _, in := range m.Inputs {
		names[in.Name] = true
	}
	return names
}

// prune removes the named constants, and nodes that only cast them, if nothing
// takes them.
func (m *Model) prune(names []string) error {
	for len(names) > 0 {
		uses, err := m.uses()
		if err != nil {
			return err
		}
		name := names[0]
		names = names[1:]
		if name == "" || uses[name] {
			continue
		}
		m.graph = slices.DeleteFunc(m.graph, func(p part) bool {
			if n := p.node; n != nil && slices.Equal(n.Outputs, []string{name}) {
				names = append(names, n.Inputs...)
				return true
			}
			return p.tensor != nil && p.tensor.Name == name || p.input == name && p.input != ""
		})
	}
	return nil
}

// uses returns the names that nodes, or the graph itself, take.
func (m *Model) uses() (map[string]bool, error) {
	uses := map[string]bool{}
	for _, out := range m.Outputs {
		uses[out.Name] = true
	}
	for _, n := range m.Nodes() {
		for _, input := range n.Inputs {
			uses[input] = true
		}
		if err := eachInner(n.message, n.at, 0, func(name string) { uses[name] = true }); err != nil {
			return nil, err
		}
	}
	return uses, nil
}
