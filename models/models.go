// Package models holds known networks as lists of layers.
package models

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/nn"
)

// Options are deviations from the networks as they were published; there are
// none in the zero value.
type Options struct {
	// ConvReLU puts a ReLU behind each pooling of LeNet: Caffe's network has
	// none between its convolutions. The other models have theirs.
	ConvReLU bool
	// Dropout is the rate between the fully-connected layers; 0 for none. nil
	// leaves it as published: none in LeNet, 0.5 in the others.
	Dropout *float64
	// Classes is the number of outputs; 0 leaves it as published.
	Classes int
	// Input is the shape of an image, channels × height × width; nil leaves it as
	// published. The first fully-connected layer grows with the image, and so do
	// the stages of SmallVGG.
	Input nn.Shape
	// Normalize puts a layer called "normalize" first, with a mean and a deviation
	// for each channel of the image. They are 0 and 1, which change nothing, until
	// they are measured, and they are no weights.
	Normalize bool
}

// known lists the models that ByName knows.
var known = []struct {
	name  string
	build func(Options) nn.Description
}{
	{"lenet", LeNet},
	{"smallvgg", SmallVGG},
	{"tinyvgg", TinyVGG},
	{"tinygap", TinyGAP},
	{"caffenet", CaffeNet},
	{"alexnet", AlexNet},
	{"vgg16", VGG16},
}

// Names lists the models that ByName knows.
func Names() []string {
	var names []string
	for _, m := range known {
		names = append(names, m.name)
	}
	return names
}

// ByName returns the named network. It fails for an unknown name, with the names
// there are, and for an Input that is not one of pictures, of 1 or 3 channels, or
// that does not fit the network's layers.
func ByName(name string, o Options) (nn.Description, error) {
	i := slices.Index(Names(), name)
	if i < 0 {
		return nn.Description{}, fmt.Errorf("models: there is no model %q; there are: %s", name, strings.Join(Names(), ", "))
	}
	if in := o.Input; in != nil {
		if len(in) != 3 || in[0] != 1 && in[0] != 3 {
			return nn.Description{}, fmt.Errorf("models: %s for an input of %v: want channels × height × width with 1 or 3 channels, such as 3×64×64", name, in)
		}
		if slices.Min(in) < 1 {
			return nn.Description{}, fmt.Errorf("models: %s for an input of %v: want a height and a width of at least 1", name, in)
		}
	}
	d := known[i].build(o)
	if o.Input != nil {
		if _, err := nn.Inspect(d); err != nil {
			return nn.Description{}, fmt.Errorf("models: %s does not take an input of %v; give another size: %w", name, o.Input, err)
		}
	}
	return d, nil
}

// chain is a network whose layers each take the output of the one before.
type chain struct{ nn.Description }

// newChain returns a network whose input is that of the options, or else the
// published one, with the normalisation that the options ask for.
func newChain(name string, o Options, published ...int) *chain {
	c := &chain{nn.Description{Name: name, Input: published}}
	if o.Input != nil {
		c.Input = slices.Clone(o.Input)
	}
	if o.Normalize {
		c.add("normalize", nn.Normalize{})
	}
	return c
}

func (c *chain) add(name string, op nn.Op) {
	c.Nodes = append(c.Nodes, nn.Node{Name: name, Op: op})
}

// conv adds conv<name> and relu<name>. The weights' variance is 2 over the
// inputs of a pixel (He et al., ICCV 2015), as a network of many layers needs.
func (c *chain) conv(name string, op nn.Conv) {
	op.Gain = math.Sqrt2
	c.add("conv"+name, op)
	c.add("relu"+name, nn.ReLU{})
}

// normalised adds conv<name>, of 3 × 3 at every pixel, with the batch normalisation
// norm<name>, which has a bias, and relu<name>.
func (c *chain) normalised(name string, channels int) {
	c.add("conv"+name, nn.Conv{Out: channels, Kernel: 3, Pad: 1, NoBias: true, Gain: math.Sqrt2})
	c.add("norm"+name, nn.BatchNorm{})
	c.add("relu"+name, nn.ReLU{})
}

// dropout adds a layer with the rate of the options, or else the given one.
func (c *chain) dropout(name string, o Options, rate float64) {
	if o.Dropout != nil {
		rate = *o.Dropout
	}
	if rate != 0 {
		c.add(name, nn.Dropout{Rate: rate})
	}
}

// imageNetClassifier adds the fully-connected layers that networks for the
// 1,000 classes of ImageNet have had since Krizhevsky, Sutskever and Hinton
// (NIPS 2012): 4096-4096-1000, with dropout behind the first two.
func (c *chain) imageNetClassifier(o Options) {
	c.add("fc6", nn.Dense{Out: 4096, Gain: math.Sqrt2})
	c.add("relu6", nn.ReLU{})
	c.dropout("drop6", o, 0.5)
	c.add("fc7", nn.Dense{Out: 4096, Gain: math.Sqrt2})
	c.add("relu7", nn.ReLU{})
	c.dropout("drop7", o, 0.5)
	c.add("fc8", nn.Dense{Out: cmp.Or(o.Classes, 1000)})
}
