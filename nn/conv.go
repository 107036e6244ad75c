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
	window, err := windowOver(in, c.Kernel, c.Stride, c.Pad, false)
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

// maxColumns bounds the columns of one output row.
const maxColumns = 1 << 26

// columnBytes is about how large the columns of a block of output rows may
// be: half of a core's level-2 cache. It is a variable for tests.
var columnBytes = 512 << 10

// blockRows returns how many output rows the passes take at a time.
func (l *conv) blockRows() int {
	rows := columnBytes / (4 * l.taps() * l.window.OutWidth)
	return min(max(rows, 1), l.window.OutHeight)
}

// convScratch is the memory of one worker.
type convScratch struct {
	columns     []float32 // [taps, pixels of a block]
	columnsGrad []float32 // likewise
	gemm        []float32
}

func (l *conv) newScratch(b *Binding) []convScratch {
	pixels := l.blockRows() * l.window.OutWidth
	out := l.Out / l.Groups
	scratch := make([]convScratch, b.Workers)
	for i := range scratch {
		s := &scratch[i]
		s.columns = make([]float32, l.taps()*pixels)
		size := simd.GemmScratch(out, pixels, l.taps())
		if b.Training {
			s.columnsGrad = make([]float32, l.taps()*pixels)
			size = max(size, simd.GemmScratch(l.taps(), out, pixels), simd.GemmScratch(l.taps(), pixels, out))
		}
		s.gemm = make([]float32, size)
	}
	return scratch
}

// Plan runs every sample as matrix products over columns, a block of output
// rows at a time: with X the columns [taps, pixels] of a group,
//
//	Y   = W·X
//	dWᵀ += X·dYᵀ
//	dX  = Wᵀ·dY
func (l *conv) Plan(b *Binding) Pass {
	scratch := l.newScratch(b)
	x, y := b.X[0], b.Y
	pass := Pass{Forward: b.EachSample(func(first, last, worker int) {
		for i := first; i < last; i++ {
			l.forward(y.Row(i), x.Row(i), b.Epilogue.ReLU, &scratch[worker])
		}
	})}
	if !b.Training {
		return pass
	}
	size := l.weight.Size()
	partial := make([]float32, gradientChunks*(size+l.Out)) // of each chunk: dWᵀ by group, then the bias
	part := func(chunk int) (weight, bias []float32) {
		both := partial[chunk*(size+l.Out):][:size+l.Out]
		return both[:size], both[size:]
	}
	frozen := b.Gradient(l.weight) == nil
	chunks := b.EachGradientChunk(func(chunk, first, last, worker int) {
		weight, bias := part(chunk)
		clear(weight)
		clear(bias)
		if frozen {
			weight = nil
		}
		for i := first; i < last; i++ {
			var dx []float32
			if x.Grad != nil {
				dx = x.GradRow(i)
			}
			l.backward(dx, weight, bias, y.GradRow(i), x.Row(i), &scratch[worker])
		}
	})
	reduce := b.EachTile(func() int { return l.Out }, 4, func(first, last, _ int) {
		for o := first; o < last; o++ {
			l.reduce(b, o, part)
		}
	})
	pass.Backward = inSequence(chunks, reduce)
	return pass
}

// group returns the weights of one group as a matrix [out, taps].
func (l *conv) group(g int) simd.Matrix {
	out := l.Out / l.Groups
	return simd.RowMajor(l.weight.Data[g*out*l.taps():][:out*l.taps()], out, l.taps())
}

// channels returns pixels of output rows from first to last-1 of the output
// channels of group g, as a matrix [out, pixels of the rows].
func (l *conv) channels(y []float32, g, first, last int) simd.Matrix {
	out, width := l.Out/l.Groups, l.window.OutWidth
	return simd.Matrix{
		Data: y[g*out*l.pixels()+first*width:], Rows: out, Cols: (last - first) * width,
		RowStride: l.pixels(), ColStride: 1,
	}
}

// input returns the input channels of group g.
func (l *conv) input(x []float32, g int) []float32 {
	size := l.window.Channels * l.window.Height * l.window.Width
	return x[g*size:][:size]
}

// forward computes one sample: y [Out, pixels], or max(y, 0) if relu.
func (l *conv) forward(y, x []float32, relu bool, s *convScratch) {
	out := l.Out / l.Groups
	for g := range l.Groups {
		e := simd.Epilogue{ReLU: relu}
		if l.bias != nil {
			e.RowBias = l.bias.Data[g*out:][:out]
		}
		for first := 0; first < l.window.OutHeight; first += l.blockRows() {
			last := min(first+l.blockRows(), l.window.OutHeight)
			pixels := (last - first) * l.window.OutWidth
			simd.Im2col(s.columns, pixels, l.input(x, g), &l.window, first, last)
			columns := simd.RowMajor(s.columns, l.taps(), pixels)
			simd.Gemm(l.channels(y, g, first, last), l.group(g), columns, e, s.gemm)
		}
	}
}

// backward handles one sample: it adds to dweight, which holds dWᵀ
// [taps, out] for every group, and to dbias, and overwrites dx. Of dweight and
// dx, one that is nil is not wanted.
func (l *conv) backward(dx, dweight, dbias, dy, x []float32, s *convScratch) {
	clear(dx)
	out := l.Out / l.Groups
	for g := range l.Groups {
		for first := 0; first < l.window.OutHeight; first += l.blockRows() {
			last := min(first+l.blockRows(), l.window.OutHeight)
			pixels := (last - first) * l.window.OutWidth
			grad := l.channels(dy, g, first, last)
			if dweight != nil {
				dw := simd.RowMajor(dweight[g*out*l.taps():][:out*l.taps()], l.taps(), out)
				simd.Im2col(s.columns, pixels, l.input(x, g), &l.window, first, last)
				simd.Gemm(dw, simd.RowMajor(s.columns, l.taps(), pixels), grad.T(), simd.Epilogue{Accumulate: true}, s.gemm)
			}
			if dx != nil {
				simd.Gemm(simd.RowMajor(s.columnsGrad, l.taps(), pixels), l.group(g).T(), grad, simd.Epilogue{}, s.gemm)
				simd.Col2im(l.input(dx, g), s.columnsGrad, pixels, &l.window, first, last)
			}
		}
	}
	for o := range dbias {
		dbias[o] += sum(dy[o*l.pixels():][:l.pixels()])
	}
}

// reduce adds the chunks' sums for output channel o to the gradients.
func (l *conv) reduce(b *Binding, o int, part func(chunk int) (weight, bias []float32)) {
	out := l.Out / l.Groups
	if grad := b.Gradient(l.weight); grad != nil {
		row := grad[o*l.taps():][:l.taps()]
		for chunk := range gradientChunks {
			weight, _ := part(chunk)
			transposed := weight[o/out*out*l.taps()+o%out:] // dWᵀ of the group, column o
			for k := range row {
				row[k] += transposed[k*out]
			}
		}
	}
	if grad := b.Gradient(l.bias); grad != nil {
		for chunk := range gradientChunks {
			_, bias := part(chunk)
			grad[o] += bias[o]
		}
	}
}
