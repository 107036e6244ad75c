package simd

// MaxGradient is the most output channels that TapGradients.Add takes.
const MaxGradient = 5

// TapGradients computes the gradients of a convolution's weights on tiles, a
// band of rows of the output at a time.
type TapGradients struct {
	window Window
	xRows  int   // of the input, in a band
	xWidth int   // entries of a row of the input: PadW of them are zeros
	block  int   // channels whose sums are kept until their lanes are added up
	taps   []tap // of a row of the kernel, for a block: entries of x, and of the sums
}

// TapGradients plans gradients of up to so many channels, over bands of up to so
// many rows.
func (w *Window) TapGradients(channels, rows int) *TapGradients {
	g := &TapGradients{window: *w, xWidth: w.Width + w.PadW}
	g.xRows = min((rows-1)*w.StrideH+w.KernelH, w.Height)
	// Sums of about 384 taps stay in the caches. With a multiple of 5 channels,
	// the taps of a row are a multiple of those of a register tile.
	kernel := w.KernelH * w.KernelW
	g.block = max(1, 384/kernel)
	if g.block > 5 {
		g.block -= g.block % 5
	}
	g.block = min(g.block, channels)
	for c := range g.block {
		for kx := range w.KernelW {
			g.taps = append(g.taps, tap{int32((c*g.area() + kx) * entryBytes), int32((c*kernel + kx) * entryBytes)})
		}
	}
	return g
}

// area is the number of entries of a channel of x.
func (g *TapGradients) area() int { return g.xRows * g.xWidth }

// Scratch returns the floats of scratch that Add needs.
func (g *TapGradients) Scratch() int {
	return MaxGradient * g.block * g.window.KernelH * g.window.KernelW * TileSamples
}

// XSize returns the floats of x for so many channels.
func (g *TapGradients) XSize(channels int) int {
	return (g.window.PadW + channels*g.area()) * TileSamples
}

// LoadX makes the x that Add takes for output rows first to last-1: PadW entries
// of zeros, then the channels [rows, columns and PadW zeros, TileSamples]. Where
// rows are fewer than in a whole band, those at the end of a channel hold anything,
// but for the PadW entries before the next channel. A row of from is a channel.
func (g *TapGradients) LoadX(x []float32, from Samples, channels, first, last, samples int) {
	w := &g.window
	top := g.top(first)
	rows := min((last-1)*w.StrideH-w.PadH+w.KernelH, w.Height) - top
	from.Data = from.Data[top*w.Width:]
	if w.PadW == 0 {
		LoadTile(x, from, rows*w.Width, channels, g.area()-rows*w.Width, samples)
		return
	}
	for c := range channels {
		x := x[c*g.area()*TileSamples:]
		// The padding before the first row is behind the channel before, whose rows
		// may be fewer than there is room for.
		clear(x[:w.PadW*TileSamples])
		channel := Samples{from.Data[c*from.Row:], from.Sample, w.Width}
		LoadTile(x[w.PadW*TileSamples:], channel, w.Width, rows, w.PadW, samples)
	}
}

// top returns the first row of the input that an output row needs.
func (g *TapGradients) top(first int) int {
	return max(0, first*g.window.StrideH-g.window.PadH)
}

// Add adds, to the gradients dw[o*dwRow:] [channels, KernelH, KernelW] of 1 to
// MaxGradient output channels o, those of output rows first to last-1:
//
//	Σ dy[o, oy, ox, sample] · x[c, oy*StrideH-PadH+ky, ox*StrideW-PadW+kx, sample]
//
// with dy [outputs, last-first, OutWidth, TileSamples] and x from LoadX. Each
// lane's sum is a chain of multiply-adds over the pixels; the lanes are added up
// as in SumLanes. The contents of scratch do not matter.
func (g *TapGradients) Add(dw []float32, dwRow int, dy, x []float32, channels, outputs, first, last int, scratch []float32) {
	w := &g.window
	kernel := w.KernelH * w.KernelW
	if outputs < 1 || outputs > MaxGradient || first < 0 || last <= first || last > w.OutHeight {
		panic("simd: TapGradients: bad number of output channels or rows")
	}
	if len(dw) < (outputs-1)*dwRow+channels*kernel || len(dy) < outputs*(last-first)*w.OutWidth*TileSamples ||
		len(x) < g.XSize(channels) || len(scratch) < g.Scratch() {
		panic("simd: TapGradients: slice too short")
	}
	for c := 0; c < channels; c += g.block {
		n := min(g.block, channels-c)
		sums := scratch[:outputs*n*kernel*TileSamples]
		for ky := range w.KernelH {
			g.kernelRow(sums, dy, x[c*g.area()*TileSamples:], ky, n, outputs, first, last)
		}
		SumLanes(dw[c*kernel:], dwRow, sums, n*kernel*TileSamples, n*kernel, outputs)
	}
}

// kernelRow computes the sums of row ky of the kernel for n channels.
func (g *TapGradients) kernelRow(sums, dy, x []float32, ky, n, outputs, first, last int) {
	w := &g.window
	s := tapSums{
		outputs: outputs, columns: w.OutWidth,
		sums: sums[ky*w.KernelW*TileSamples:], sumsOutput: n * w.KernelH * w.KernelW * TileSamples,
		dyOutput: (last - first) * w.OutWidth * TileSamples,
		xPixel:   w.StrideW * TileSamples, xRow: w.StrideH * g.xWidth * TileSamples,
	}
	taps := g.taps[:n*w.KernelW]
	from, to := inside(last, w.Height, w.StrideH, ky-w.PadH)
	from = max(from, first)
	if from >= to {
		s.clear(taps)
		return
	}
	s.rows = to - from
	s.dy = dy[(from-first)*w.OutWidth*TileSamples:]
	s.x = x[(from*w.StrideH-w.PadH+ky-g.top(first))*g.xWidth*TileSamples:]
	tapGradients(&s, taps)
}

// tapSums are sums over pixels for some output channels.
type tapSums struct {
	outputs, rows, columns int
	sums                   []float32 // of output channel o from o*sumsOutput on, at the taps' weights
	sumsOutput             int
	dy                     []float32 // of output channel o from o*dyOutput on
	dyOutput               int
	x                      []float32
	xPixel, xRow           int // floats from a pixel to the next, and from a row to the next
}

// clear makes the sums of taps 0.
func (s *tapSums) clear(taps []tap) {
	for o := range s.outputs {
		for _, t := range taps {
			clear(s.sums[o*s.sumsOutput+int(t.weight)/4:][:TileSamples])
		}
	}
}

// ones is an entry of ones.
var ones = func() (entry [TileSamples]float32) {
	for i := range entry {
		entry[i] = 1
	}
	return entry
}()

// SumPixels adds to db[o] the sum of dy [len(db), pixels, TileSamples] over pixels
// and samples, for 1 to MaxGradient output channels o. Its order is that of Add.
func SumPixels(db, dy []float32, pixels int) {
	if len(db) < 1 || len(db) > MaxGradient || pixels < 1 || len(dy) < len(db)*pixels*TileSamples {
		panic("simd: SumPixels: slice too short")
	}
	var sums [MaxGradient * TileSamples]float32
	s := tapSums{
		outputs: len(db), rows: 1, columns: pixels, sums: sums[:], sumsOutput: TileSamples,
		dy: dy, dyOutput: pixels * TileSamples, x: ones[:],
	}
	tapGradients(&s, []tap{{}})
	SumLanes(db, 1, sums[:], TileSamples, 1, len(db))
}
