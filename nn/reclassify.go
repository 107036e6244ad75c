package nn

import (
	"errors"
	"fmt"
	"slices"
)

// Reclassify returns the network with another classifier, for other classes: its
// last layer with parameters, a Dense, a Fastfood or a Conv, with as many outputs and
// initialised from the seed as by New. All other parameters are shared with n, and
// learn or not as there. Behind the classifier there may be ReLU, Dropout, and
// GlobalAveragePool or AveragePool, which stay, and then a softmax and Reshape, which
// are left out: SoftmaxCrossEntropy wants logits, and outputs have no shape. It fails
// if the network ends in anything else, and if the outputs would not be one number
// for each class, as where a Conv's are images.
func (n *Network) Reclassify(classes int, seed uint64) (*Network, error) {
	fail := func(err error) (*Network, error) {
		return nil, fmt.Errorf("nn: network %s: no classifier for %d classes: %w", n.Description.Name, classes, err)
	}
	classifier, end, err := n.classifier()
	if err != nil {
		return fail(err)
	}
	d := n.Description
	d.Nodes = slices.Clone(d.Nodes[:end])
	switch op := d.Nodes[classifier].Op.(type) {
	case Dense:
		op.Out = classes
		d.Nodes[classifier].Op = op
	case Fastfood:
		op.Out = classes
		d.Nodes[classifier].Op = op
	case Conv:
		op.Out = classes
		d.Nodes[classifier].Op = op
	}
	other, err := build(d)
	if err != nil {
		return fail(err)
	}
	if out := other.OutShape(); out.Size() != classes {
		return fail(fmt.Errorf("layer %s is the classifier, but the network's output would be %v; want one number for each class", d.Nodes[classifier].Name, out))
	}
	for i, node := range other.nodes {
		if i == classifier {
			for _, p := range node.layer.Params() {
				p.allocate()
			}
			node.layer.Init(seed)
			continue
		}
		for _, p := range node.layer.Params() {
			*p = *n.Param(p.Name)
		}
	}
	return other, nil
}

// classifier returns the index of the last node with parameters, and that of the
// first one behind it that a classifier that gives logits is without. As every output
// goes somewhere, the nodes behind it, of one input each, take one another's.
func (n *Network) classifier() (classifier, end int, err error) {
	end = len(n.nodes)
	for i, node := range slices.Backward(n.nodes) {
		switch node.Op.(type) {
		case Dense, Fastfood, Conv:
			return i, end, nil
		case ReLU, Dropout, GlobalAveragePool, AveragePool:
		case SoftmaxLayer, Reshape:
			if end != i+1 {
				return 0, 0, fmt.Errorf("layer %s (%s) stands between the classifier and layer %s", node.Name, node.Op.Kind(), n.nodes[i+1].Name)
			}
			end = i
		default:
			return 0, 0, fmt.Errorf("the network ends in layer %s (%s); want a dense layer, a Fastfood layer or a convolution, with nothing behind it but relu, dropout, average pooling, reshape and softmax", node.Name, node.Op.Kind())
		}
	}
	return 0, 0, errors.New("there is no dense layer, Fastfood layer or convolution")
}
