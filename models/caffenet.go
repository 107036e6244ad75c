package models

import "github.com/deepfry/deepfry/nn"

// CaffeNet returns the reference network for ImageNet of Yang et al. (ICCV
// 2015), which is that of Caffe's
// models/bvlc_reference_caffenet/train_val.prototxt: images of 3 × 227 × 227,
// five convolutions, then 9216-4096-4096-1000. It has 60,954,656 weights,
// 58,621,952 of them in the fully-connected layers.
func CaffeNet(o Options) nn.Description { return krizhevsky("caffenet", false, o) }

// AlexNet returns the network of Krizhevsky, Sutskever and Hinton (NIPS 2012)
// as Caffe's models/bvlc_alexnet/train_val.prototxt has it. It differs from
// CaffeNet in that it normalises before pooling.
func AlexNet(o Options) nn.Description { return krizhevsky("alexnet", true, o) }

func krizhevsky(name string, normFirst bool, o Options) nn.Description {
	pool, norm := nn.MaxPool{Kernel: 3, Stride: 2}, nn.LocalResponseNorm{Size: 5, Alpha: 1e-4, Beta: 0.75}
	c := newChain(name, o, 3, 227, 227)
	poolAndNorm := func(number string) {
		if normFirst {
			c.add("norm"+number, norm)
		}
		c.add("pool"+number, pool)
		if !normFirst {
			c.add("norm"+number, norm)
		}
	}
	c.conv("1", nn.Conv{Out: 96, Kernel: 11, Stride: 4})
	poolAndNorm("1")
	c.conv("2", nn.Conv{Out: 256, Kernel: 5, Pad: 2, Groups: 2})
	poolAndNorm("2")
	c.conv("3", nn.Conv{Out: 384, Kernel: 3, Pad: 1})
	c.conv("4", nn.Conv{Out: 384, Kernel: 3, Pad: 1, Groups: 2})
	c.conv("5", nn.Conv{Out: 256, Kernel: 3, Pad: 1, Groups: 2})
	c.add("pool5", pool)
	c.imageNetClassifier(o)
	return c.Description
}
