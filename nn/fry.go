package nn

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/deepfry/deepfry/fastfood"
)

// FryOptions says how Fry replaces fully-connected layers.
type FryOptions struct {
	// Outputs of each new layer; 0 keeps those of the dense layer.
	Outputs int
	// Blocks, unless it is 0, has Monarch layers of so many blocks take the places of
	// dense layers, and not Fastfood. The following options but Classifier and
	// ClassifierLearn are Fastfood's.
	Blocks int
	// Learn says which diagonals learn: "SGB" (Adaptive Fastfood) or "".
	Learn string
	// NonLinearity after the Fastfood layers: "relu", "cos" or "cossin".
	// Empty keeps what the network has.
	NonLinearity string
	// Classifier also replaces the last dense layer, which the paper leaves
	// dense.
	Classifier bool
	// ClassifierLearn is Learn for the classifier, where that is replaced.
	ClassifierLearn string
	// Padding of the inputs of all Fastfood layers.
	Padding fastfood.Padding
	// Group of the Fastfood layers, but for a classifier.
	Group int
}

// Fry returns a copy of the description in which Fastfood (or Monarch) layers of the same
// names replace the dense layers between the last convolution and the
// classifier, which is the last dense layer (Yang et al., ICCV 2015, section
// 3). It fails if there is nothing to replace.
func Fry(d Description, o FryOptions) (Description, error) {
	if err := o.check(); err != nil {
		return d, err
	}
	lastConv, classifier := -1, -1
	for i, node := range d.Nodes {
		switch node.Op.(type) {
		case Conv:
			lastConv = i
		case Dense:
			classifier = i
		}
	}
	if classifier < 0 {
		return d, fmt.Errorf("nn: network %s has no dense layer to fry", d.Name)
	}
	d.Nodes = slices.Clone(d.Nodes)
	replaced := 0
	for i := lastConv + 1; i <= classifier; i++ {
		dense, ok := d.Nodes[i].Op.(Dense)
		switch {
		case !ok:
		case i < classifier:
			if err := o.fryHidden(&d, i, dense); err != nil {
				return d, err
			}
			replaced++
		case o.Classifier:
			d.Nodes[i].Op = Fastfood{Out: dense.Out, Learn: o.ClassifierLearn, NoBias: dense.NoBias, Gain: 1, Padding: o.Padding}
			replaced++
		}
	}
	if replaced == 0 {
		return d, fmt.Errorf("nn: network %s has no dense layer between its last convolution and its classifier; fry the classifier itself, or name another network", d.Name)
	}
	return d, nil
}

// check fails on options that no network can be fried with. What Learn and Padding
// may be is checked when the network is built.
func (o FryOptions) check() error {
	switch o.NonLinearity {
	case "", "relu", "cos", "cossin":
	default:
		return fmt.Errorf("nn: non-linearity %q: want relu, cos or cossin", o.NonLinearity)
	}
	if o.ClassifierLearn != "" && !o.Classifier {
		return fmt.Errorf("nn: the diagonals %q of the classifier cannot learn where it stays dense: set Classifier", o.ClassifierLearn)
	}
	if o.Blocks < 0 || o.Blocks > 0 && (o.Learn != "" || o.NonLinearity != "" && o.NonLinearity != "relu" || o.Padding != "" || o.Group != 0) {
		return fmt.Errorf("nn: %d blocks of Monarch layers, with learn %q, non-linearity %q, padding %q and groups of %d: want at least 1 block, and none of the others", o.Blocks, o.Learn, o.NonLinearity, o.Padding, o.Group)
	}
	if o.Outputs < 0 {
		return fmt.Errorf("nn: %d outputs: want at least 1, or 0 for those of the dense layer", o.Outputs)
	}
	return nil
}

// fryHidden replaces the dense layer i, and the non-linearity that follows it.
func (o FryOptions) fryHidden(d *Description, i int, dense Dense) error {
	if o.Blocks > 0 {
		d.Nodes[i].Op = Monarch{Out: cmp.Or(o.Outputs, dense.Out), Blocks: o.Blocks, NoBias: dense.NoBias, Gain: math.Sqrt2}
		return nil
	}
	layer := Fastfood{Out: cmp.Or(o.Outputs, dense.Out), Learn: o.Learn, NoBias: dense.NoBias, Padding: o.Padding, Group: o.Group}
	if o.NonLinearity != "" {
		next := i + 1
		from := d.Nodes[next].From
		if _, ok := d.Nodes[next].Op.(ReLU); !ok || len(from) > 0 && !slices.Equal(from, []string{d.Nodes[i].Name}) {
			return fmt.Errorf("nn: network %s: layer %s is not followed by a relu that %q could replace", d.Name, d.Nodes[i].Name, o.NonLinearity)
		}
		switch o.NonLinearity {
		case "cos": // a phase, which a bias holds, and frequencies of about 1
			d.Nodes[next].Op = Cos{}
			layer.Phase, layer.NoBias, layer.Gain = true, false, 1
		case "cossin":
			d.Nodes[next].Op = CosSin{}
			layer.Gain = 1
		}
	}
	d.Nodes[i].Op = layer
	return nil
}
