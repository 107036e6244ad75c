package models

import (
	"cmp"
	"fmt"
	"math"

	"github.com/deepfry/deepfry/nn"
)

// SmallVGG returns a small network for pictures of about 16 × 16 to 256 × 256, in
// the manner of configuration A of Simonyan and Zisserman (ICLR 2015, table 1): as
// many stages as bring a picture down to about 4 × 4, each a convolution of 3 × 3
// with batch normalisation (Ioffe and Szegedy, ICML 2015) and 2 × 2 max pooling.
// The stages have 16, 32, 64 and then ever 64 channels. Behind them is one large
// fully-connected layer, of 512, and the classifier. It takes images of 3 × 64 × 64
// and 10 classes unless the options say otherwise, and has 589,920 weights then,
// 529,408 of them in the fully-connected layers.
func SmallVGG(o Options) nn.Description {
	c := newChain("smallvgg", o, 3, 64, 64)
	stages := 0
	for _, channels := range smallVGGChannels(c.Input) {
		stages++
		number := fmt.Sprint(stages)
		c.normalised(number, channels)
		c.add("pool"+number, nn.MaxPool{Kernel: 2, Stride: 2})
	}
	c.add("fc1", nn.Dense{Out: 512, Gain: math.Sqrt2})
	c.add(fmt.Sprint("relu", stages+1), nn.ReLU{})
	c.dropout("dropout", o, 0.5)
	c.add("fc2", nn.Dense{Out: cmp.Or(o.Classes, 10)})
	return c.Description
}

// smallVGGChannels returns the channels of every stage for an image, at least one
// stage. The last map has at most 5 × 5 pixels, so that the layer of 512 has fewer
// than a million weights.
func smallVGGChannels(input nn.Shape) []int {
	pixels := func(stages int) int {
		n := 1
		for _, side := range input[min(1, len(input)):] {
			n *= side >> stages
		}
		return n
	}
	channels := []int{16}
	for pixels(len(channels)) > 5*5 {
		channels = append(channels, min(2*channels[len(channels)-1], 64))
	}
	return channels
}
