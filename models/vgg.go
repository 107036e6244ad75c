package models

import (
	"fmt"

	"github.com/deepfry/deepfry/nn"
)

// VGG16 returns configuration D of Simonyan and Zisserman (ICLR 2015, table 1):
// images of 3 × 224 × 224, thirteen convolutions of 3 × 3, then
// 25088-4096-4096-1000. It has 138,344,128 weights, 123,633,664 of them in the
// fully-connected layers.
func VGG16(o Options) nn.Description {
	c := newChain("vgg16", o, 3, 224, 224)
	for stage, s := range []struct{ layers, channels int }{{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}} {
		for layer := range s.layers {
			c.conv(fmt.Sprintf("%d_%d", stage+1, layer+1), nn.Conv{Out: s.channels, Kernel: 3, Pad: 1})
		}
		c.add(fmt.Sprintf("pool%d", stage+1), nn.MaxPool{Kernel: 2, Stride: 2})
	}
	c.imageNetClassifier(o)
	return c.Description
}
