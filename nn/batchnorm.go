package nn

import (
	"fmt"
	"math"

	"github.com/deepfry/deepfry/internal/simd"
)

// BatchNorm normalises every channel of an image, or every value of a vector,
// over the batch (Ioffe and Szegedy, ICML 2015):
//
//	y = weight·x̂ + bias,  x̂ = (x-mean)/√(variance+Epsilon)
//
// While training, mean and variance are those of the batch, over the pixels of
// all its samples. Their gradient is included: with N values of a channel and
// dy the gradient with respect to y,
//
//	dbias = Σ dy,  dweight = Σ dy·x̂
//	dx = weight/√(variance+Epsilon) · (dy - dbias/N - x̂·dweight/N)
//
// Otherwise they are running means of what the batches had, which the layer
// holds as the parameters mean and variance, of kind Statistic. A training
// workspace computes the steps that they are to make, as it does for gradients,
// and Workspace.UpdateStatistics makes them:
//
//	running += Momentum·(that of the batch - running)
//
// where the variance is that of N-1 degrees of freedom. So passes change no
// parameter, and workspaces can share the layer. A layer neither of whose
// weight and bias learns is frozen: it uses the running statistics while
// training, too, and they stay.
type BatchNorm struct {
	Momentum float64 `json:"momentum,omitempty"` // 0 means 0.1
	Epsilon  float64 `json:"epsilon,omitempty"`  // 0 means 1e-5
}

func (BatchNorm) Kind() string { return "batchnorm" }

// batchNorm is a built BatchNorm.
type batchNorm struct {
	BatchNorm
	shape                        Shape
	pixels                       int // of a channel
	weight, bias, mean, variance *Param
}

// Build fails unless there is one input, channels × height × width or a
// vector, Momentum is at most 1 and Epsilon positive.
func (n BatchNorm) Build(name string, in []Shape) (Layer, error) {
	shape, err := only(in)
	if err != nil {
		return nil, err
	}
	if len(shape) != 1 && len(shape) != 3 {
		return nil, fmt.Errorf("an input of channels × height × width or of one length is needed, found %v", shape)
	}
	if n.Momentum == 0 {
		n.Momentum = 0.1
	}
	if n.Epsilon == 0 {
		n.Epsilon = 1e-5
	}
	if !(n.Momentum > 0 && n.Momentum <= 1) || !(n.Epsilon > 0) || math.IsInf(n.Epsilon, 0) {
		return nil, fmt.Errorf("momentum %v, epsilon %v: want a momentum of more than 0 to 1 and a positive, finite epsilon", n.Momentum, n.Epsilon)
	}
	l := &batchNorm{BatchNorm: n, shape: shape, pixels: shape[1:].Size()}
	l.weight, l.bias = newParam(name+".weight", Scale, shape[0]), newParam(name+".bias", Bias, shape[0])
	l.mean, l.variance = newParam(name+".mean", Statistic, shape[0]), newParam(name+".variance", Statistic, shape[0])
	l.mean.Learn, l.variance.Learn = false, false
	return l, nil
}

func (l *batchNorm) OutShape() Shape  { return l.shape }
func (l *batchNorm) Params() []*Param { return present(l.weight, l.bias, l.mean, l.variance) }

// Init begins with a weight and a variance of 1, and a bias and a mean of 0.
func (l *batchNorm) Init(uint64) {
	for c := range l.weight.Data {
		l.weight.Data[c], l.variance.Data[c] = 1, 1
	}
}

// MultiplyAdds counts one for every value.
func (l *batchNorm) MultiplyAdds() int { return l.shape.Size() }

// learns says that the layer is not frozen.
func (l *batchNorm) learns() bool { return l.weight.Learn || l.bias.Learn }

// moments are the statistics by which a channel is normalised.
type moments struct{ mean, variance float64 }

// batchNormChannels is how many channels a core takes at a time. A core does a
// channel for the whole batch, so that no sum depends on the number of cores.
const batchNormChannels = 4

// Plan keeps the moments that Forward uses for Backward.
func (l *batchNorm) Plan(b *Binding) Pass {
	kept := make([]moments, l.shape[0])
	fromBatch := b.Training && l.learns()
	channels := func() int { return l.shape[0] }
	pass := Pass{Forward: b.EachTile(channels, batchNormChannels, func(first, last, _ int) {
		for c := first; c < last; c++ {
			kept[c] = moments{float64(l.mean.Data[c]), float64(l.variance.Data[c])}
			if fromBatch {
				kept[c] = l.measure(b, c)
			}
			l.forward(b, c, kept[c])
		}
	})}
	if b.Training {
		pass.Backward = b.EachTile(channels, batchNormChannels, func(first, last, _ int) {
			for c := first; c < last; c++ {
				l.backward(b, c, kept[c], fromBatch)
			}
		})
	}
	return pass
}

// planes says where the pixels of a channel are; channel returns values or gradients
// from its first on.
func (l *batchNorm) planes(b *Binding) simd.Planes {
	return simd.Planes{Samples: b.Batch(), Pixels: l.pixels, Stride: b.Y.Size}
}

func (l *batchNorm) channel(values []float32, c int) []float32 { return values[c*l.pixels:] }

// measure returns the moments of channel c in the batch.
func (l *batchNorm) measure(b *Binding, c int) (m moments) {
	planes, x, n := l.planes(b), l.channel(b.X[0].Value, c), float64(b.Batch()*l.pixels)
	m.mean = planes.Sum(x) / n
	m.variance = planes.SumSquares(x, m.mean) / n
	return m
}

// scale returns the factor of x-mean in x̂.
func (l *batchNorm) scale(m moments) float64 { return 1 / math.Sqrt(m.variance+l.Epsilon) }

func (l *batchNorm) forward(b *Binding, c int, m moments) {
	factor := l.weight.Data[c] * float32(l.scale(m))
	l.planes(b).Normalize(l.channel(b.Y.Value, c), l.channel(b.X[0].Value, c), float32(m.mean), factor, l.bias.Data[c], b.Epilogue.ReLU)
}

func (l *batchNorm) backward(b *Binding, c int, m moments, fromBatch bool) {
	sum, products := l.planes(b).SumProducts(l.channel(b.Y.Grad, c), l.channel(b.X[0].Value, c), m.mean)
	set := func(p *Param, value float64) {
		if grad := b.Gradient(p); grad != nil {
			grad[c] = float32(value)
		}
	}
	set(l.bias, sum)
	set(l.weight, products*l.scale(m))
	n := float64(b.Batch() * l.pixels)
	if !fromBatch {
		sum, products = 0, 0
	} else {
		set(l.mean, l.Momentum*(float64(l.mean.Data[c])-m.mean))
		set(l.variance, l.Momentum*(float64(l.variance.Data[c])-m.variance*n/max(n-1, 1)))
	}
	if b.X[0].Grad != nil {
		l.backwardInput(b, c, m, sum/n, products/n)
	}
}

// backwardInput computes dx of channel c from the means of dy and of
// dy·(x-mean), which are 0 if the moments do not depend on the batch.
func (l *batchNorm) backwardInput(b *Binding, c int, m moments, meanGrad, meanProduct float64) {
	scale := l.scale(m)
	l.planes(b).NormalizeBackward(l.channel(b.X[0].Grad, c), l.channel(b.Y.Grad, c), l.channel(b.X[0].Value, c),
		float32(m.mean), l.weight.Data[c]*float32(scale), float32(meanGrad), float32(meanProduct*scale*scale))
}

// UpdateStatistics makes the running statistics of BatchNorm layers follow the
// batch of the last Backward. It is part of a training step, as the optimizer's
// is, to be called once for each while no other pass runs on the network. A step
// whose batch goes through the workspace in parts has several passes before:
// whoever adds up their gradients adds up the steps of the statistics too, with
// the same weights, and writes the sums into Gradient, which this subtracts.
// Without such layers it does nothing. It panics unless there was a Backward since
// the last call.
func (w *Workspace) UpdateStatistics() {
	if !w.wentBackward {
		panic("nn: UpdateStatistics without a Backward since the last one")
	}
	w.wentBackward = false
	for _, p := range w.network.params {
		if p.Kind != Statistic {
			continue
		}
		for i, step := range w.gradients[p] {
			p.Data[i] -= step
		}
	}
}

// LeastBatch returns the least number of samples that a batch for training must
// have, or each part of one that has passes of its own: 2 if a BatchNorm that learns
// has a single value of a channel in a sample, as of a vector or of an image of one
// pixel, and 1 otherwise. From one value no variance is measured: the layer's output
// would be its bias whatever the sample, and no gradient would pass.
func (n *Network) LeastBatch() int {
	for _, node := range n.nodes {
		if l, ok := node.layer.(*batchNorm); ok && l.learns() && l.pixels == 1 {
			return 2
		}
	}
	return 1
}
