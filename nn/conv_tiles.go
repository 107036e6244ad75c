package nn

import "github.com/deepfry/deepfry/internal/simd"

// tileBytes is about how much memory the tiles of a worker take at a time, but
// for large layers: a core's level-2 cache. It is a variable for tests.
var tileBytes = 1 << 20

// Numbers of samples from which a tile takes less time than the samples one by
// one, as measured with the convolutions of LeNet and CaffeNet.
const (
	forwardTile  = 14
	backwardTile = 10
)

// convTiles runs a convolution on tiles of 16 samples side by side
// (simd.TileSamples).
type convTiles struct {
	*conv
	b       *Binding
	scratch []tileScratch
	packed  []float32 // the weights as the pass under way needs them
}

// tileScratch is the memory of one worker: tiles of what a pass reads and of what
// it computes, and sums for gradients.
type tileScratch struct{ source, target, sums []float32 }

// planTiles has the samples of a tile computed side by side. In a forward pass,
// samples that are too few for a tile are computed one by one, which gives the
// same bits.
func (l *conv) planTiles(b *Binding) Pass {
	x, y := b.X[0], b.Y
	t := &convTiles{conv: l, b: b, scratch: make([]tileScratch, b.Workers)}
	forward, columns := t.forwardConvolution(), l.newColumnScratch(b.Workers, false)
	tiles := func() int { return (b.Batch() + simd.TileSamples - forwardTile) / simd.TileSamples }
	chunks := func() int { return tiles()*forward.chunks + max(0, b.Batch()-tiles()*simd.TileSamples) }
	compute := b.EachTile(chunks, 1, func(i, _, worker int) {
		if n := tiles() * forward.chunks; i >= n {
			i += tiles()*simd.TileSamples - n
			l.forward(y.Row(i), x.Row(i), b.Epilogue.ReLU, &columns[worker])
			return
		}
		t.convolve(forward, i/forward.chunks, i%forward.chunks, y.Value, x.Value, worker)
	})
	pass := Pass{Forward: inSequence(t.pack(forward, tiles), compute)}
	if b.Training {
		pass.Backward = inSequence(t.inputGradient(), t.parameterGradients())
	}
	return pass
}

// inputGradient returns the pass from dy to dx, or nil.
func (t *convTiles) inputGradient() func() {
	x, y := t.b.X[0], t.b.Y
	if x.Grad == nil {
		return nil
	}
	adjoint := t.adjointConvolution()
	chunks := func() int { return t.tiles() * adjoint.chunks }
	return inSequence(t.pack(adjoint, t.tiles), t.b.EachTile(chunks, 1, func(i, _, worker int) {
		t.convolve(adjoint, i/adjoint.chunks, i%adjoint.chunks, x.Grad, y.Grad, worker)
	}))
}

// tiles returns the number of tiles of the batch. The last may lack samples.
func (t *convTiles) tiles() int {
	return (t.b.Batch() + simd.TileSamples - 1) / simd.TileSamples
}

// samples returns the number of samples of a tile.
func (t *convTiles) samples(tile int) int {
	return min(simd.TileSamples, t.b.Batch()-tile*simd.TileSamples)
}

// planes are the channels of a group in a tensor.
type planes struct{ groups, channels, height, width int }

// size is that of a group.
func (p planes) size() int { return p.channels * p.height * p.width }

// tile returns the samples of a tile, from a channel of a group and a row on. A
// row of theirs is a channel.
func (p planes) tile(values []float32, tile, group, channel, row int) simd.Samples {
	area := p.height * p.width
	size := p.groups * p.channels * area
	first := tile*simd.TileSamples*size + (group*p.channels+channel)*area + row*p.width
	return simd.Samples{Data: values[first:], Sample: size, Row: area}
}

func (l *conv) inPlanes() planes {
	return planes{l.Groups, l.window.Channels, l.window.Height, l.window.Width}
}

func (l *conv) outPlanes() planes {
	return planes{l.Groups, l.Out / l.Groups, l.window.OutHeight, l.window.OutWidth}
}

// tileConvolution is the convolution, or its adjoint, on tiles.
type tileConvolution struct {
	source, target planes
	stencil        *simd.Stencil
	chunks         int  // of a tile: groups and bands, which are independent
	parts          int  // in which the channels of the target are computed
	block          int  // channels of the source whose products one chain sums up
	epilogue       bool // bias and ReLU

	// weights are those from all channels of the source to the given one and
	// next ones of the target, which are samples for the purpose.
	weights     func(group, channel int) simd.Samples
	width, rows int // of weights
}

func (t *convTiles) forwardConvolution() *tileConvolution {
	taps := t.taps()
	c := &tileConvolution{source: t.inPlanes(), target: t.outPlanes(), epilogue: true, width: taps, rows: 1}
	c.weights = func(group, o int) simd.Samples { return simd.Samples{Data: t.group(group).Data[o*taps:], Sample: taps} }
	sourceRows := func(rows int) int { return (rows-1)*t.Stride + t.Kernel }
	return t.plan(c, t.window.Stencil, sourceRows)
}

func (t *convTiles) adjointConvolution() *tileConvolution {
	kernel := t.Kernel * t.Kernel
	c := &tileConvolution{source: t.outPlanes(), target: t.inPlanes(), width: kernel, rows: t.Out / t.Groups}
	c.weights = func(group, channel int) simd.Samples {
		return simd.Samples{Data: t.group(group).Data[channel*kernel:], Sample: kernel, Row: t.taps()}
	}
	sourceRows := func(rows int) int { return (rows+t.Kernel-2)/t.Stride + 1 }
	return t.plan(c, t.window.Adjoint, sourceRows)
}

// plan chooses the bands, as few as there is memory for and as many as keep the
// workers busy, and allocates memory.
func (t *convTiles) plan(c *tileConvolution, stencil func(bands int) *simd.Stencil, sourceRows func(rows int) int) *tileConvolution {
	bytes := func(rows int) int {
		source := c.source.channels * min(sourceRows(rows), c.source.height) * c.source.width
		return 4 * simd.TileSamples * (source + simd.MaxConvolve*rows*c.target.width)
	}
	rows := c.target.height
	for rows > 2 && bytes(rows) > tileBytes {
		rows--
	}
	bands := (c.target.height + rows - 1) / rows
	if t.b.Workers > 1 {
		tiles := (t.b.MaxBatch + simd.TileSamples - 1) / simd.TileSamples
		bands = max(bands, min(4*t.b.Workers/(tiles*t.Groups), c.target.height/2))
	}
	c.stencil = stencil(bands)
	c.chunks = t.Groups * len(c.stencil.Bands)
	c.parts = (c.target.channels + simd.MaxConvolve - 1) / simd.MaxConvolve
	c.block = simd.ConvolveBlock(c.source.channels, t.Kernel*t.Kernel)
	t.packed = atLeast(t.packed, t.Groups*c.parts*c.packedSize())
	target, source := c.stencil.Sizes()
	for i := range t.scratch {
		s := &t.scratch[i]
		s.source = atLeast(s.source, c.source.channels*source)
		s.target = atLeast(s.target, min(simd.MaxConvolve, c.target.channels)*target)
	}
	return c
}

// atLeast returns memory of n floats or more: tile, if that is enough.
func atLeast(tile []float32, n int) []float32 {
	if len(tile) >= n {
		return tile
	}
	return simd.NewTile(n)
}

// packedSize is the size of the packed weights of a part.
func (c *tileConvolution) packedSize() int { return c.width * c.rows * simd.TileSamples }

// part returns the channels of the target that are computed together.
func (c *tileConvolution) part(i int) (first, last int) {
	return i * c.target.channels / c.parts, (i + 1) * c.target.channels / c.parts
}

// pack returns a function that packs the weights of every group and part,
// [channels of the source, kernel, channels of the part], if there are tiles.
func (t *convTiles) pack(c *tileConvolution, tiles func() int) func() {
	parts := func() int { return min(tiles(), 1) * t.Groups * c.parts }
	return t.b.EachTile(parts, 1, func(i, _, _ int) {
		first, last := c.part(i % c.parts)
		simd.LoadTile(t.packed[i*c.packedSize():], c.weights(i/c.parts, first), c.width, c.rows, 0, last-first)
	})
}

// convolve computes a chunk of a tile.
func (t *convTiles) convolve(c *tileConvolution, tile, chunk int, to, from []float32, worker int) {
	bands := len(c.stencil.Bands)
	g, band := chunk/bands, &c.stencil.Bands[chunk%bands]
	s, samples := &t.scratch[worker], t.samples(tile)
	area, sourceArea := band.Rows()*c.target.width, band.SourceRows()*c.source.width
	if sourceArea > 0 {
		simd.LoadTile(s.source, c.source.tile(from, tile, g, 0, band.SourceFirst), sourceArea, c.source.channels, 0, samples)
	}
	kernel := t.Kernel * t.Kernel
	for part := range c.parts {
		first, last := c.part(part)
		weights := t.packed[(g*c.parts+part)*c.packedSize():]
		for k := 0; k < c.source.channels; k += c.block {
			end := min(k+c.block, c.source.channels)
			e := simd.Epilogue{Accumulate: k > 0}
			if c.epilogue && end == c.source.channels {
				e.ReLU = t.b.Epilogue.ReLU
				if bias := t.groupBias(g); bias != nil {
					e.RowBias = bias[first:last]
				}
			}
			c.stencil.Convolve(band, s.target, s.source[k*sourceArea*simd.TileSamples:], weights[k*kernel*simd.TileSamples:], end-k, last-first, e)
		}
		simd.StoreTile(c.target.tile(to, tile, g, first, band.First), s.target, area, last-first, samples)
	}
}
