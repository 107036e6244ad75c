package models

import (
	"cmp"

	"github.com/deepfry/deepfry/nn"
)

// LeNet returns the reference network for MNIST of Yang et al. (ICCV 2015,
// section 5), which is that of Caffe's examples/mnist/lenet_train_test.prototxt:
// convolutions of 20 and 50 channels, 5 × 5, each with 2 × 2 max pooling, then
// 800-500-10. It has 430,500 weights, 405,000 of them in the fully-connected
// layers.
func LeNet(o Options) nn.Description {
	c := newChain("lenet", o, 1, 28, 28)
	c.add("conv1", nn.Conv{Out: 20, Kernel: 5})
	c.add("pool1", nn.MaxPool{Kernel: 2, Stride: 2})
	if o.ConvReLU {
		c.add("relu1", nn.ReLU{})
	}
	c.add("conv2", nn.Conv{Out: 50, Kernel: 5})
	c.add("pool2", nn.MaxPool{Kernel: 2, Stride: 2})
	if o.ConvReLU {
		c.add("relu2", nn.ReLU{})
	}
	c.add("fc1", nn.Dense{Out: 500})
	c.add("relu3", nn.ReLU{})
	c.dropout("dropout", o, 0)
	c.add("fc2", nn.Dense{Out: cmp.Or(o.Classes, 10)})
	return c.Description
}
