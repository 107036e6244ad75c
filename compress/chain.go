package compress

import (
	"fmt"

	"github.com/deepfry/deepfry/nn"
)

// What takes the place of a layer is a network of its own, a chain of linear
// layers from the layer's inputs to its outputs. So it can be run, trained and
// measured as any network.

// newChain returns a chain with the given layers and the memory of values as their
// parameters, in order; without values they are drawn at random.
func newChain(inputs int, seed uint64, ops []nn.Op, values ...[]float32) (*nn.Network, error) {
	d := nn.Description{Name: "chain", Input: nn.Shape{inputs}}
	for i, op := range ops {
		d.Nodes = append(d.Nodes, nn.Node{Name: fmt.Sprint(i + 1), Op: op})
	}
	if values == nil {
		return nn.New(d, seed)
	}
	next := 0
	return nn.Restore(d, func(p *nn.Param) error {
		p.Data = values[next]
		next++
		return nil
	})
}

// sources returns the names of what node i takes.
func sources(nodes []nn.Node, i int) []string {
	switch {
	case len(nodes[i].From) > 0:
		return nodes[i].From
	case i == 0:
		return []string{nn.Input}
	}
	return []string{nodes[i-1].Name}
}

// rewrite returns a network in which chains take the places of the named layers, on
// the same parameters. The last layer of a chain has the name of the one that it
// replaces.
func rewrite(network *nn.Network, chains map[string]*nn.Network) (*nn.Network, error) {
	d := network.Description
	taken := map[string]bool{}
	for _, n := range d.Nodes {
		taken[n.Name] = true
	}
	var params []*nn.Param
	var nodes []nn.Node
	layers := network.Layers()
	for i, n := range d.Nodes {
		chain := chains[n.Name]
		if chain == nil {
			nodes, params = append(nodes, n), append(params, layers[i].Params...)
			continue
		}
		params = append(params, chain.Params()...)
		last := len(chain.Description.Nodes) - 1
		for j, part := range chain.Description.Nodes {
			name, from := n.Name, []string(nil)
			if j < last {
				for name = fmt.Sprintf("%s/%d", n.Name, j+1); taken[name]; name += "_" {
				}
				taken[name] = true
			}
			if j == 0 {
				from = n.From
			}
			op := part.Op
			if conv, ok := n.Op.(nn.Conv); ok {
				op = pixelwise(op, conv.Stride, j)
			}
			nodes = append(nodes, nn.Node{Name: name, Op: op, From: from})
		}
	}
	d.Nodes = nodes
	return sharing(d, params)
}

// sharing returns a network on the memory of parameters, in their order.
func sharing(d nn.Description, params []*nn.Param) (*nn.Network, error) {
	next := 0
	return nn.Restore(d, func(p *nn.Param) error {
		p.Data, p.Indices, p.Seed = params[next].Data, params[next].Indices, params[next].Seed
		next++
		return nil
	})
}
