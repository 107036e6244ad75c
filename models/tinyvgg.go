package models

import (
	"cmp"
	"fmt"
	"math"

	"github.com/deepfry/deepfry/nn"
)

// TinyVGG returns a network for small grey pictures such as digits, for where every
// weight counts: five convolutions of 3 × 3 with batch normalisation, of 12, 12, 20, 20
// and 24 channels, with 2 × 2 max pooling behind the second, fourth and fifth, in the
// manner of configuration B of Simonyan and Zisserman (ICLR 2015, table 1). Behind them
// are a fully-connected layer of 256, which is to be fried, and the classifier. It takes
// images of 1 × 28 × 28 and 10 classes unless the options say otherwise. It has 69,428
// weights then, and 14,900 with Adaptive Fastfood of 256 outputs; 11,572 of them are in
// front of that layer.
func TinyVGG(o Options) nn.Description {
	c := newChain("tinyvgg", o, 1, 28, 28)
	c.tinyStages([]int{12, 12}, []int{20, 20}, []int{24})
	c.add("pool3", nn.MaxPool{Kernel: 2, Stride: 2})
	c.add("fc1", nn.Dense{Out: 256, Gain: math.Sqrt2})
	c.add("relu6", nn.ReLU{})
	c.dropout("dropout", o, 0)
	c.add("fc2", nn.Dense{Out: cmp.Or(o.Classes, 10)})
	return c.Description
}

// TinyGAP returns TinyVGG's rival without a large fully-connected layer: six
// convolutions, the last two of 22 and 20 channels, and the mean of every channel for
// the classifier (global average pooling; Lin, Chen and Yan, "Network in network", ICLR
// 2014). It has 15,390 weights for images of 1 × 28 × 28 and 10 classes, and as many
// convolutional ones whatever the image. There is nothing in it to fry.
func TinyGAP(o Options) nn.Description {
	c := newChain("tinygap", o, 1, 28, 28)
	c.tinyStages([]int{12, 12}, []int{20, 20}, []int{22, 20})
	c.add("pool3", nn.GlobalAveragePool{})
	c.dropout("dropout", o, 0)
	c.add("fc", nn.Dense{Out: cmp.Or(o.Classes, 10)})
	return c.Description
}

// tinyStages adds convolutions of the given channels, with max pooling between the
// stages.
func (c *chain) tinyStages(stages ...[]int) {
	number := 0
	for i, stage := range stages {
		if i > 0 {
			c.add(fmt.Sprint("pool", i), nn.MaxPool{Kernel: 2, Stride: 2})
		}
		for _, channels := range stage {
			number++
			c.normalised(fmt.Sprint(number), channels)
		}
	}
}
