package nn

import (
	"math"

	"github.com/deepfry/deepfry/internal/simd"
)

// columnBytes is about how large the columns of a block of output rows may
// be: half of a core's level-2 cache. It is a variable for tests.
var columnBytes = 512 << 10

// blockRows returns how many output rows are taken at a time, with columns of so
// many channels.
func (l *conv) blockRows(channels int) int {
	rows := columnBytes / (4 * channels * l.Kernel * l.Kernel * l.window.OutWidth)
	return min(max(rows, 1), l.window.OutHeight)
}

// columnScratch is the memory of one worker.
type columnScratch struct {
	columns     []float32   // [taps, pixels of a block]
	columnsGrad []float32   // likewise
	window      simd.Window // of some of the channels
	spread      []float32   // for Im2col
	gemm        []float32
}

// columnSizes are the lengths of a worker's memory.
func (l *conv) columnSizes(training bool) (columns, gemm, spread int) {
	out, block := l.Out/l.Groups, l.channelBlock()
	taps := block * l.Kernel * l.Kernel
	pixels := l.blockRows(block) * l.window.OutWidth
	columns, gemm = taps*pixels, simd.GemmScratch(out, pixels, taps)
	if training {
		taps, pixels = l.taps(), l.blockRows(l.window.Channels)*l.window.OutWidth
		columns = max(columns, taps*pixels)
		gemm = max(gemm, simd.GemmScratch(taps, out, pixels), simd.GemmScratch(taps, pixels, out))
	}
	return columns, gemm, l.window.Im2colScratch(l.blockRows(block))
}

func (l *conv) newColumnScratch(workers int, training bool) []columnScratch {
	columns, gemm, spread := l.columnSizes(training)
	scratch := make([]columnScratch, workers)
	for i := range scratch {
		s := &scratch[i]
		s.window = l.window
		s.columns, s.gemm = make([]float32, columns), make([]float32, gemm)
		s.spread = make([]float32, spread)
		if training {
			s.columnsGrad = make([]float32, columns)
		}
	}
	return scratch
}

// channelBlock is the number of channels whose products one chain of
// multiply-adds sums up.
func (l *conv) channelBlock() int {
	return simd.ConvolveBlock(l.window.Channels, l.Kernel*l.Kernel)
}

// planColumns runs every sample as matrix products over columns, a block of
// output rows at a time: with X the columns [taps, pixels] of a group,
//
//	Y   = W·X
//	dWᵀ += X·dYᵀ
//	dX  = Wᵀ·dY
func (l *conv) planColumns(b *Binding) Pass {
	scratch := l.newColumnScratch(b.Workers, b.Training)
	x, y := b.X[0], b.Y
	bands, parts := l.bands(), 1
	tiles := func() int { return b.Batch() * l.Groups * bands * parts }
	compute := b.EachTile(tiles, 1, func(i, _, worker int) {
		part, i := i%parts, i/parts
		band, i := i%bands, i/bands
		out, sample := l.Out/l.Groups, i/l.Groups
		at := outputBlock{group: i % l.Groups, band: band, first: part * out / parts, last: (part + 1) * out / parts}
		l.forwardBlock(y.Row(sample), x.Row(sample), at, b.Epilogue.ReLU, &scratch[worker])
	})
	pass := Pass{Forward: func() {
		parts = l.parts(b)
		compute()
	}}
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

// outputBlock is what is computed at a time: channels from first to last-1 of a
// group, for a block of output rows.
type outputBlock struct{ group, band, first, last int }

// bands is the number of blocks of output rows.
func (l *conv) bands() int {
	rows := l.blockRows(l.channelBlock())
	return (l.window.OutHeight + rows - 1) / rows
}

const (
	leastOutputs = 14        // channels of a block: a tile of a matrix product
	leastBlock   = 2_000_000 // multiply-adds of a block that is worth handing to another core: some 20 µs
)

// parts returns into how many blocks the output channels are cut. More than one,
// which fold the same columns, are for cores that would idle otherwise.
func (l *conv) parts(b *Binding) int {
	tiles := b.Batch() * l.Groups * l.bands()
	most := min(l.Out/l.Groups/leastOutputs, l.MultiplyAdds()*b.Batch()/tiles/leastBlock)
	best, load := 1, math.Inf(1)
	for parts := 1; parts <= min(most, b.Workers); parts++ {
		rounds := (tiles*parts + b.Workers - 1) / b.Workers
		if l := float64(rounds) / float64(parts); l < 0.9*load {
			best, load = parts, l
		}
	}
	return best
}

// forward computes one sample: y [Out, pixels], or max(y, 0) if relu.
func (l *conv) forward(y, x []float32, relu bool, s *columnScratch) {
	for group := range l.Groups {
		for band := range l.bands() {
			l.forwardBlock(y, x, outputBlock{group, band, 0, l.Out / l.Groups}, relu, s)
		}
	}
}

// forwardBlock computes one block.
func (l *conv) forwardBlock(y, x []float32, at outputBlock, relu bool, s *columnScratch) {
	block, kernel, input := l.channelBlock(), l.Kernel*l.Kernel, l.input(x, at.group)
	rows := l.blockRows(block)
	first, last := at.band*rows, min((at.band+1)*rows, l.window.OutHeight)
	pixels := (last - first) * l.window.OutWidth
	out, weights := l.channels(y, at.group, first, last).RowRange(at.first, at.last), l.group(at.group).RowRange(at.first, at.last)
	for c := 0; c < l.window.Channels; c += block {
		end := min(c+block, l.window.Channels)
		s.window.Channels = end - c
		simd.Im2col(s.columns, pixels, input[c*l.window.Height*l.window.Width:], &s.window, first, last, s.spread)
		e := simd.Epilogue{Accumulate: c > 0}
		if end == l.window.Channels {
			e.ReLU = relu
			if bias := l.groupBias(at.group); bias != nil {
				e.RowBias = bias[at.first:at.last]
			}
		}
		columns := simd.RowMajor(s.columns, (end-c)*kernel, pixels)
		simd.Gemm(out, weights.ColumnRange(c*kernel, end*kernel), columns, e, s.gemm)
	}
}

// groupBias returns the bias of a group's outputs, or nil.
func (l *conv) groupBias(g int) []float32 {
	if l.bias == nil {
		return nil
	}
	out := l.Out / l.Groups
	return l.bias.Data[g*out:][:out]
}

// backward handles one sample: it adds to dweight, which holds dWᵀ
// [taps, out] for every group, and to dbias, and overwrites dx. Of dweight and
// dx, one that is nil is not wanted.
func (l *conv) backward(dx, dweight, dbias, dy, x []float32, s *columnScratch) {
	clear(dx)
	out, rows := l.Out/l.Groups, l.blockRows(l.window.Channels)
	for g := range l.Groups {
		for first := 0; first < l.window.OutHeight; first += rows {
			last := min(first+rows, l.window.OutHeight)
			pixels := (last - first) * l.window.OutWidth
			grad := l.channels(dy, g, first, last)
			if dweight != nil {
				dw := simd.RowMajor(dweight[g*out*l.taps():][:out*l.taps()], l.taps(), out)
				simd.Im2col(s.columns, pixels, l.input(x, g), &l.window, first, last, s.spread)
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

// reduce adds up the chunks' sums for output channel o.
func (l *conv) reduce(b *Binding, o int, part func(chunk int) (weight, bias []float32)) {
	out := l.Out / l.Groups
	if grad := b.Gradient(l.weight); grad != nil {
		row := grad[o*l.taps():][:l.taps()]
		clear(row)
		for chunk := range gradientChunks {
			weight, _ := part(chunk)
			transposed := weight[o/out*out*l.taps()+o%out:] // dWᵀ of the group, column o
			for k := range row {
				row[k] += transposed[k*out]
			}
		}
	}
	if grad := b.Gradient(l.bias); grad != nil {
		grad[o] = 0
		for chunk := range gradientChunks {
			_, bias := part(chunk)
			grad[o] += bias[o]
		}
	}
}
