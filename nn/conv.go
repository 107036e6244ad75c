package nn

import (
	"errors"
	"fmt"

	"github.com/deepfry/deepfry/internal/simd"
)

// Conv is a 2-D convolution (a cross-correlation, as everywhere in the field)
// with weights [Out, in/Groups, Kernel, Kernel]:
//
//	y[o, oy, ox] = bias[o] + Σ_{c, ky, kx} weight[o, c, ky, kx] · x[c, oy·Stride-Pad+ky, ox·Stride-Pad+kx]
//
// c runs over the channels of o's group. Pixels outside the image are zero.
type Conv struct {
	Out    int     `json:"out"`              // output channels
	Kernel int     `json:"kernel"`           // height and width
	Stride int     `json:"stride,omitempty"` // 0 means 1
	Pad    int     `json:"pad,omitempty"`
	Groups int     `json:"groups,omitempty"` // 0 means 1
	NoBias bool    `json:"no_bias,omitempty"`
	Gain   float64 `json:"gain,omitempty"` // of the initialisation; 0 means 1
}

func (Conv) Kind() string { return "conv" }

// conv is a built Conv.
type conv struct {
	Conv
	window       simd.Window // of one group
	weight, bias *Param
}

// maxColumns bounds the columns of one output row.
const maxColumns = 1 << 26

// Build fails unless the input is channels × height × width, the channels are
// a multiple of Groups, and at least one window fits.
func (c Conv) Build(name string, in []Shape) (Layer, error) {
	if c.Stride == 0 {
		c.Stride = 1
	}
	if c.Groups == 0 {
		c.Groups = 1
	}
	if err := checkGain(c.Gain); err != nil {
		return nil, err
	}
	window, err := windowOver(in, c.Kernel, c.Stride, even(c.Pad), false)
	if err != nil {
		return nil, err
	}
	channels := in[0][0]
	if c.Groups < 1 || c.Out < 1 || c.Out%c.Groups != 0 || channels%c.Groups != 0 {
		return nil, fmt.Errorf("%d output and %d input channels: both must be positive multiples of the %d groups", c.Out, channels, c.Groups)
	}
	window.Channels = channels / c.Groups
	// The columns of one output row must fit in memory as well.
	if c.Kernel > maxColumns/window.Channels/c.Kernel/window.OutWidth || c.Out > maxValues/(window.Channels*c.Kernel*c.Kernel) {
		return nil, errors.New("the layer is too large")
	}
	l := &conv{Conv: c, window: window}
	l.weight = newParam(name+".weight", Weight, c.Out, window.Channels, c.Kernel, c.Kernel)
	if !c.NoBias {
		l.bias = newParam(name+".bias", Bias, c.Out)
	}
	return l, nil
}

func (l *conv) OutShape() Shape   { return Shape{l.Out, l.window.OutHeight, l.window.OutWidth} }
func (l *conv) Params() []*Param  { return present(l.weight, l.bias) }
func (l *conv) Init(seed uint64)  { initUniform(l.weight, l.taps(), l.Gain, seed) }
func (l *conv) MultiplyAdds() int { return l.weight.Size() * l.pixels() }

// taps is the number of products in an output pixel.
func (l *conv) taps() int { return l.window.Channels * l.Kernel * l.Kernel }

// pixels is the number of output pixels of a channel.
func (l *conv) pixels() int { return l.window.OutHeight * l.window.OutWidth }

// Plan runs the samples of a batch side by side where there are enough, and
// otherwise one after the other. For a kernel of a single pixel, columns cost
// nothing.
func (l *conv) Plan(b *Binding) Pass {
	if l.takesTiles(b.MaxBatch, b.Training) {
		return l.planTiles(b)
	}
	return l.planColumns(b)
}

// takesTiles tells whether samples are computed side by side.
func (l *conv) takesTiles(maxBatch int, training bool) bool {
	enough := forwardTile
	if training {
		enough = backwardTile
	}
	return l.Kernel > 1 && maxBatch >= enough && simd.TilesPay() && l.window.CanTile()
}

// scratchBytes is about what Plan allocates.
func (l *conv) scratchBytes(maxBatch, workers int, training bool) int64 {
	tiles := l.takesTiles(maxBatch, training)
	columns, gemm, spread := l.columnSizes(training && !tiles)
	each, all := columns+gemm+spread, 0
	switch {
	case tiles:
		each += min(tileBytes/4, simd.TileSamples*(l.inPlanes().size()+simd.MaxConvolve*l.window.OutHeight*l.window.OutWidth))
		all = l.weight.Size() // packed
	case training:
		each += columns
		all = gradientChunks * (l.weight.Size() + l.Out)
	}
	return 4 * (int64(workers)*int64(each) + int64(all))
}
