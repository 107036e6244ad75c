// Package models holds known networks as lists of layers.
package models

import (
	"fmt"
	"strings"

	"github.com/deepfry/deepfry/nn"
)

// LeNetOptions are what this project adds to the network as Caffe has it.
type LeNetOptions struct {
	// ConvReLU puts a ReLU behind each pooling: Caffe's network has none
	// between its convolutions.
	ConvReLU bool
	// Dropout before the classifier; 0 for none.
	Dropout float64
}

// LeNet returns the reference network for MNIST of Yang et al. (ICCV 2015,
// section 5), which is that of Caffe's examples/mnist/lenet_train_test.prototxt:
// convolutions of 20 and 50 channels, 5 × 5, each with 2 × 2 max pooling, then
// 800-500-10. It has 430,500 weights, 405,000 of them in the fully-connected
// layers.
func LeNet(o LeNetOptions) nn.Description {
	d := nn.Description{Name: "lenet", Input: nn.Shape{1, 28, 28}}
	add := func(name string, op nn.Op) { d.Nodes = append(d.Nodes, nn.Node{Name: name, Op: op}) }
	add("conv1", nn.Conv{Out: 20, Kernel: 5})
	add("pool1", nn.MaxPool{Kernel: 2, Stride: 2})
	if o.ConvReLU {
		add("relu1", nn.ReLU{})
	}
	add("conv2", nn.Conv{Out: 50, Kernel: 5})
	add("pool2", nn.MaxPool{Kernel: 2, Stride: 2})
	if o.ConvReLU {
		add("relu2", nn.ReLU{})
	}
	add("fc1", nn.Dense{Out: 500})
	add("relu3", nn.ReLU{})
	if o.Dropout > 0 {
		add("dropout", nn.Dropout{Rate: o.Dropout})
	}
	add("fc2", nn.Dense{Out: 10})
	return d
}

// Names lists the models that ByName knows.
func Names() []string { return []string{"lenet"} }

// ByName returns the named network, or an error that lists the names there are.
func ByName(name string, o LeNetOptions) (nn.Description, error) {
	if name == "lenet" {
		return LeNet(o), nil
	}
	return nn.Description{}, fmt.Errorf("models: there is no model %q; there is: %s", name, strings.Join(Names(), ", "))
}
