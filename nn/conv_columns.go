package nn

import "github.com/deepfry/deepfry/internal/simd"

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
	gemm        []float32
}

func (l *conv) newColumnScratch(workers int, training bool) []columnScratch {
	out, block := l.Out/l.Groups, l.channelBlock()
	taps := block * l.Kernel * l.Kernel
	pixels := l.blockRows(block) * l.window.OutWidth
	columns, gemm := taps*pixels, simd.GemmScratch(out, pixels, taps)
	if training {
		taps, pixels = l.taps(), l.blockRows(l.window.Channels)*l.window.OutWidth
		columns = max(columns, taps*pixels)
		gemm = max(gemm, simd.GemmScratch(taps, out, pixels), simd.GemmScratch(taps, pixels, out))
	}
	scratch := make([]columnScratch, workers)
	for i := range scratch {
		s := &scratch[i]
		s.window = l.window
		s.columns, s.gemm = make([]float32, columns), make([]float32, gemm)
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
	apart, together := l.forwardApart(b, scratch), l.forwardTogether(b, scratch)
	pass := Pass{Forward: func() {
		if l.sharesBlocks(b) {
			together()
		} else {
			apart()
		}
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

// columnBlock is a part of a sample's products: those of a group's input
// channels from channel to channelEnd-1 for output rows first to last-1.
type columnBlock struct {
	group, channel, channelEnd, first, last int
}

// eachBlock visits the blocks of channels for a block of output rows of a group.
// Every output is their sum, in this order.
func (l *conv) eachBlock(group, band int, visit func(columnBlock)) {
	block := l.channelBlock()
	rows := l.blockRows(block)
	at := columnBlock{group: group, first: band * rows, last: min((band+1)*rows, l.window.OutHeight)}
	for at.channel = 0; at.channel < l.window.Channels; at.channel = at.channelEnd {
		at.channelEnd = min(at.channel+block, l.window.Channels)
		visit(at)
	}
}

// forwardApart returns a function that gives every core output rows of its own.
func (l *conv) forwardApart(b *Binding, scratch []columnScratch) func() {
	bands := l.bands()
	return b.EachTile(func() int { return b.Batch() * l.Groups * bands }, 1, func(i, _, worker int) {
		sample := i / bands / l.Groups
		l.forwardBand(b.Y.Row(sample), b.X[0].Row(sample), i/bands%l.Groups, i%bands, b.Epilogue.ReLU, &scratch[worker])
	})
}

// forward computes one sample: y [Out, pixels], or max(y, 0) if relu.
func (l *conv) forward(y, x []float32, relu bool, s *columnScratch) {
	for group := range l.Groups {
		for band := range l.bands() {
			l.forwardBand(y, x, group, band, relu, s)
		}
	}
}

// forwardBand computes one block of output rows of a group.
func (l *conv) forwardBand(y, x []float32, group, band int, relu bool, s *columnScratch) {
	l.eachBlock(group, band, func(at columnBlock) {
		l.fold(s.columns, x, at, at.channel, at.channelEnd, s)
		l.multiply(y, s.columns, at, 0, l.Out/l.Groups, relu, s)
	})
}

// forwardTogether returns a function that goes from block to block with all
// cores: they fold some of its channels each, and then multiply the columns by
// the weights of some outputs each.
func (l *conv) forwardTogether(b *Binding, scratch []columnScratch) func() {
	const channels = 4 // folded at a time
	out, columns := l.Out/l.Groups, scratch[0].columns
	var at columnBlock
	var sample int
	fold := b.EachTile(func() int { return at.channelEnd - at.channel }, channels, func(first, last, worker int) {
		l.fold(columns, b.X[0].Row(sample), at, at.channel+first, at.channel+last, &scratch[worker])
	})
	shares := b.Workers * max(1, out/(b.Workers*outputsTogether))
	multiply := b.EachTile(func() int { return out }, (out+shares-1)/shares, func(first, last, worker int) {
		l.multiply(b.Y.Row(sample), columns, at, first, last, b.Epilogue.ReLU, &scratch[worker])
	})
	block := func(next columnBlock) {
		at = next
		fold()
		multiply()
	}
	return func() {
		for sample = range b.Batch() {
			for group := range l.Groups {
				for band := range l.bands() {
					l.eachBlock(group, band, block)
				}
			}
		}
	}
}

const (
	// outputsTogether is about how many output channels a core multiplies at a
	// time: several groups of rows of a matrix product.
	outputsTogether = 64
	// leastTogether is the multiply-adds of a layer whose blocks are worth
	// sharing: two handovers for each of them take some microseconds.
	leastTogether = 4_000_000
)

// bands is the number of blocks of output rows.
func (l *conv) bands() int {
	rows := l.blockRows(l.channelBlock())
	return (l.window.OutHeight + rows - 1) / rows
}

// sharesBlocks tells whether the cores would idle for more than a tenth of the
// time if they had output rows of their own.
func (l *conv) sharesBlocks(b *Binding) bool {
	tiles := b.Batch() * l.Groups * l.bands()
	rounds := (tiles + b.Workers - 1) / b.Workers
	return 10*tiles < 9*rounds*b.Workers && l.MultiplyAdds() >= leastTogether
}

// fold writes the columns of a block's channels from channel to end-1.
func (l *conv) fold(columns, x []float32, at columnBlock, channel, end int, s *columnScratch) {
	pixels := (at.last - at.first) * l.window.OutWidth
	s.window.Channels = end - channel
	simd.Im2col(columns[(channel-at.channel)*l.Kernel*l.Kernel*pixels:], pixels,
		l.input(x, at.group)[channel*l.window.Height*l.window.Width:], &s.window, at.first, at.last)
}

// multiply adds a block's products to output channels from out to outEnd-1 of
// its group. The last block applies bias and ReLU.
func (l *conv) multiply(y, columns []float32, at columnBlock, out, outEnd int, relu bool, s *columnScratch) {
	kernel := l.Kernel * l.Kernel
	e := simd.Epilogue{Accumulate: at.channel > 0}
	if at.channelEnd == l.window.Channels {
		e.ReLU = relu
		if bias := l.groupBias(at.group); bias != nil {
			e.RowBias = bias[out:outEnd]
		}
	}
	simd.Gemm(l.channels(y, at.group, at.first, at.last).RowRange(out, outEnd),
		l.group(at.group).RowRange(out, outEnd).ColumnRange(at.channel*kernel, at.channelEnd*kernel),
		simd.RowMajor(columns, (at.channelEnd-at.channel)*kernel, (at.last-at.first)*l.window.OutWidth), e, s.gemm)
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
