package nn

import (
	"fmt"
	"reflect"
	"slices"
)

// Network is a description with parameters. Its methods, and those of its
// layers, do not change it, so that any number of workspaces can use it at the
// same time as long as nobody changes the parameters.
type Network struct {
	Description Description
	nodes       []builtNode
	params      []*Param
	uses        []int // how many layers take the network's input, and each output
}

// builtNode is a node with its layer and the indices of its inputs: the
// network's input is 0, the output of node i is i+1.
type builtNode struct {
	Node
	layer Layer
	from  []int
	in    []Shape
}

// Bounds that make a mistyped or hostile size an error rather than an exhausted
// memory: of the parameters of a layer, and of the values of a sample in all
// layers together, each of which a workspace holds for every sample.
const (
	maxValues      = 1 << 28
	maxActivations = 1 << 26
)

// New builds the network that d describes and initialises its parameters from
// the seed. Names must be unique, and every node comes after those that it
// takes its inputs from. A mismatch of shapes is an error that names both
// layers and both shapes.
func New(d Description, seed uint64) (*Network, error) {
	n, err := build(d)
	if err != nil {
		return nil, fmt.Errorf("nn: network %s: %w", d.Name, err)
	}
	for _, p := range n.params {
		p.allocate()
	}
	for _, node := range n.nodes {
		node.layer.Init(seed)
	}
	return n, nil
}

// Restore builds the network that d describes and calls fill for every
// parameter, which sets its Data, or its Indices if it is a permutation.
// Nothing in proportion to the parameters is allocated before. Errors are
// those of New and of fill, and one for numbers of values that do not fit, for a
// permutation that is none, and for statistics of a Normalize that give no numbers.
func Restore(d Description, fill func(*Param) error) (*Network, error) {
	n, err := build(d)
	if err != nil {
		return nil, fmt.Errorf("nn: network %s: %w", d.Name, err)
	}
	for _, p := range n.params {
		if err := fill(p); err != nil {
			return nil, fmt.Errorf("nn: network %s: parameter %s: %w", d.Name, p.Name, err)
		}
		if len(p.Data)+len(p.Indices) != p.Size() || (p.Indices != nil) != (p.Kind == Permutation) {
			return nil, fmt.Errorf("nn: network %s: parameter %s: %d values and %d indices for the %s of shape %v",
				d.Name, p.Name, len(p.Data), len(p.Indices), p.Kind, Shape(p.Shape))
		}
	}
	for _, node := range n.nodes {
		if l, ok := node.layer.(interface{ validate() error }); ok {
			if err := l.validate(); err != nil {
				return nil, fmt.Errorf("nn: network %s: layer %s: %w", d.Name, node.Name, err)
			}
		}
	}
	return n, nil
}

func build(d Description) (*Network, error) {
	if err := checkInput(d); err != nil {
		return nil, err
	}
	n := &Network{Description: d}
	index := map[string]int{Input: 0}
	shapes := []Shape{d.Input}
	values := d.Input.Size()
	for i, node := range d.Nodes {
		if _, taken := index[node.Name]; taken || node.Name == "" {
			return nil, fmt.Errorf("node %d: the name %q is empty or taken; give every node its own", i, node.Name)
		}
		if node.Op == nil || reflect.TypeOf(node.Op).Kind() == reflect.Pointer {
			return nil, fmt.Errorf("node %s: want an operation such as Dense{}, not nil or a pointer", node.Name)
		}
		from, err := sources(node, i, index)
		if err != nil {
			return nil, err
		}
		built := builtNode{Node: node, from: from}
		for _, j := range from {
			built.in = append(built.in, shapes[j])
		}
		built.layer, err = node.Op.Build(node.Name, built.in)
		if err != nil {
			return nil, fmt.Errorf("layer %s (%s) after %s: %w", node.Name, node.Op.Kind(), n.describe(from, shapes), err)
		}
		if values += built.layer.OutShape().Size(); values > maxActivations {
			return nil, fmt.Errorf("layer %s: the layers up to here have more than %d values a sample", node.Name, maxActivations)
		}
		n.nodes = append(n.nodes, built)
		n.params = append(n.params, built.layer.Params()...)
		index[node.Name] = i + 1
		shapes = append(shapes, built.layer.OutShape())
	}
	n.uses = make([]int, len(shapes))
	for _, node := range n.nodes {
		for _, j := range node.from {
			n.uses[j]++
		}
	}
	return n, n.checkUse()
}

// checkUse fails if a layer's output, but for the last one's, goes nowhere.
func (n *Network) checkUse() error {
	for i, node := range n.nodes[:len(n.nodes)-1] {
		if n.uses[i+1] == 0 {
			return fmt.Errorf("layer %s: no layer takes its output", node.Name)
		}
	}
	return nil
}

// fused says whether node i does the next one as its epilogue: nobody else takes
// its output.
func (n *Network) fused(i int) bool {
	return i+1 < len(n.nodes) && slices.Equal(n.nodes[i+1].from, []int{i + 1}) && n.uses[i+1] == 1 &&
		fuses(n.nodes[i].layer, n.nodes[i+1].layer)
}

func checkInput(d Description) error {
	if len(d.Nodes) == 0 {
		return fmt.Errorf("there are no layers")
	}
	if len(d.Input) == 0 {
		return fmt.Errorf("the input has no shape; give channels, height and width, or one length")
	}
	size := 1
	for _, dimension := range d.Input {
		if dimension < 1 || dimension > maxValues || size > maxValues/dimension {
			return fmt.Errorf("input shape %v: every dimension must be at least 1 and the product at most %d", d.Input, maxValues)
		}
		size *= dimension
	}
	return nil
}

// sources returns the indices of the inputs of node i.
func sources(node Node, i int, index map[string]int) ([]int, error) {
	if len(node.From) == 0 {
		return []int{i}, nil
	}
	var from []int
	for _, name := range node.From {
		j, ok := index[name]
		if !ok {
			return nil, fmt.Errorf("layer %s takes its input from %q, which is not a layer before it", node.Name, name)
		}
		from = append(from, j)
	}
	return from, nil
}

// describe names layers and their output shapes, for errors.
func (n *Network) describe(from []int, shapes []Shape) string {
	text := ""
	for k, j := range from {
		if k > 0 {
			text += " and "
		}
		name := Input
		if j > 0 {
			name = n.nodes[j-1].Name
		}
		text += fmt.Sprintf("%s (output %v)", name, shapes[j])
	}
	return text
}

// Slice returns nodes i to j-1 as a network on the same parameters, without the
// layers that the last one has no need of. Its input is the output of node i-1, so
// that the outputs of Slice(0, i) are what Slice(i, j) is trained on where the first
// layers are frozen. It fails unless 0 ≤ i < j ≤ the number of nodes, or if a layer
// takes the output of an earlier node than i-1.
func (n *Network) Slice(i, j int) (*Network, error) {
	if i < 0 || i >= j || j > len(n.nodes) {
		return nil, fmt.Errorf("nn: network %s: nodes %d to %d of %d", n.Description.Name, i, j, len(n.nodes))
	}
	used := make([]bool, j+1) // as from: the output of node k is k+1
	used[j] = true
	for k := j - 1; k >= i; k-- {
		for _, f := range n.nodes[k].from {
			used[f] = used[f] || used[k+1]
		}
	}
	d := Description{Name: n.Description.Name, Input: n.Description.Input}
	if i > 0 {
		d.Input = n.nodes[i-1].layer.OutShape()
	}
	for k := i; k < j; k++ {
		if !used[k+1] {
			continue
		}
		node := Node{Name: n.nodes[k].Name, Op: n.nodes[k].Op}
		for _, f := range n.nodes[k].from {
			switch {
			case f == i:
				node.From = append(node.From, Input)
			case f > i:
				node.From = append(node.From, n.nodes[f-1].Name)
			default:
				return nil, fmt.Errorf("nn: network %s: layer %s takes an output from before node %d", n.Description.Name, node.Name, i)
			}
		}
		d.Nodes = append(d.Nodes, node)
	}
	return Restore(d, func(p *Param) error {
		whole := n.Param(p.Name)
		p.Data, p.Indices, p.Seed = whole.Data, whole.Indices, whole.Seed
		return nil
	})
}

// Params returns all parameters in the order of the layers.
func (n *Network) Params() []*Param { return n.params }

// Param returns the parameter of the given name, or nil.
func (n *Network) Param(name string) *Param {
	i := slices.IndexFunc(n.params, func(p *Param) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return n.params[i]
}

// Weights returns the number of weights, biases, permutations and statistics apart.
func (n *Network) Weights() int {
	total := 0
	for _, p := range n.params {
		total += p.Weights()
	}
	return total
}

// OutShape returns the shape of the network's output for one sample.
func (n *Network) OutShape() Shape { return n.nodes[len(n.nodes)-1].layer.OutShape() }

// LayerInfo is what Layers tells of a layer.
type LayerInfo struct {
	Name         string   `json:"name"`
	Kind         string   `json:"kind"`
	Output       Shape    `json:"output"`        // shape for one sample
	Weights      int      `json:"weights"`       // biases, permutations and statistics apart
	MultiplyAdds int      `json:"multiply_adds"` // of a forward pass of one sample
	Params       []*Param `json:"-"`
}

// Inspect lists the layers of the network that d describes. It checks what New
// checks, but allocates no parameters: their Data and Indices are nil.
func Inspect(d Description) ([]LayerInfo, error) {
	n, err := build(d)
	if err != nil {
		return nil, fmt.Errorf("nn: network %s: %w", d.Name, err)
	}
	return n.Layers(), nil
}

// Layers lists the network's layers, in order.
func (n *Network) Layers() []LayerInfo {
	var infos []LayerInfo
	for _, node := range n.nodes {
		info := LayerInfo{
			Name: node.Name, Kind: node.Op.Kind(), Output: node.layer.OutShape(),
			MultiplyAdds: node.layer.MultiplyAdds(), Params: node.layer.Params(),
		}
		for _, p := range info.Params {
			info.Weights += p.Weights()
		}
		infos = append(infos, info)
	}
	return infos
}

// Clone returns a network with parameters of its own, which hold the same values.
func (n *Network) Clone() (*Network, error) {
	return Restore(n.Description, func(p *Param) error {
		from := n.Param(p.Name)
		p.Data, p.Indices, p.Seed = slices.Clone(from.Data), slices.Clone(from.Indices), from.Seed
		return nil
	})
}
