package simd

// A Stencil says, for every pixel of a target, which pixels of a source it is a
// weighted sum of: the geometry of a convolution, or of its adjoint, on tiles.
// Pixels outside the source are not among them, so that a source has no padding.
// Rows of the target are computed a band at a time.
type Stencil struct {
	Bands  []Band
	taps   []tap // those of a class of pixels, then those of the next
	kernel int   // elements of the kernel
}

// Band is a number of rows of the target, and what is needed for them.
type Band struct {
	First, Last             int // rows of the target, Last not among them
	SourceFirst, SourceLast int // rows of the source that they are sums of
	area, sourceArea        int // entries of a channel
	pixels                  []pixel
	pairs                   int // so many pairs of pixels with the same taps come first
}

// pixel is a pixel of the target.
type pixel struct {
	source int32 // the entry of the source's band that its first tap meets
	target int32 // its entry in the target's band
	tap    int32 // its first tap in the list of all
	taps   int32
}

// tap is a product in the sum of a pixel.
type tap struct {
	source int32 // bytes from the first tap's entry to this one's
	weight int32 // bytes from the first of a channel's weights
}

const entryBytes = 4 * TileSamples

// Stencil returns the stencil of the convolution, from x to y, in so many bands.
func (w *Window) Stencil(bands int) *Stencil {
	return newStencil(w, w.OutHeight, w.OutWidth, w.Width, bands,
		func(y int) side { return forward(y, w.Height, w.KernelH, w.StrideH, w.PadH) },
		func(x int) side { return forward(x, w.Width, w.KernelW, w.StrideW, w.PadW) })
}

// Adjoint returns the stencil of the convolution's adjoint, which takes
// gradients from y to x, in so many bands.
func (w *Window) Adjoint(bands int) *Stencil {
	return newStencil(w, w.Height, w.Width, w.OutWidth, bands,
		func(y int) side { return adjoint(y, w.OutHeight, w.KernelH, w.StrideH, w.PadH) },
		func(x int) side { return adjoint(x, w.OutWidth, w.KernelW, w.StrideW, w.PadW) })
}

// Sizes returns the most floats of a channel of the target, and of the source,
// that a band has.
func (s *Stencil) Sizes() (target, source int) {
	for i := range s.Bands {
		target = max(target, s.Bands[i].area*TileSamples)
		source = max(source, s.Bands[i].sourceArea*TileSamples)
	}
	return target, source
}

// SourceRows returns the rows of the source that the band needs.
func (b *Band) SourceRows() int { return b.SourceLast - b.SourceFirst }

// Rows returns the rows of the target in the band.
func (b *Band) Rows() int { return b.Last - b.First }

// side is what a pixel of the target meets along one side: pixels source,
// source+sourceStep... of the source, with elements kernel, kernel+kernelStep...
// of the kernel.
type side struct{ count, source, sourceStep, kernel, kernelStep int }

func forward(o, size, kernel, stride, pad int) side {
	from := o*stride - pad
	first, last := max(0, -from), min(kernel, size-from)
	return side{max(0, last-first), from + first, 1, first, 1}
}

// adjoint: output pixel o meets input pixel i with element i+pad-o*stride.
func adjoint(i, out, kernel, stride, pad int) side {
	first, last := 0, min((i+pad)/stride, out-1)
	if i+pad >= kernel {
		first = (i+pad-kernel)/stride + 1
	}
	return side{max(0, last-first+1), last, -1, i + pad - last*stride, stride}
}

func newStencil(w *Window, height, width, sourceWidth, bands int, down, right func(pixel int) side) *Stencil {
	s := &Stencil{kernel: w.KernelH * w.KernelW}
	starts := map[[2]side]int32{} // where the taps of a class of pixels begin
	bands = min(bands, height)
	for i := range bands {
		b := Band{First: i * height / bands, Last: (i + 1) * height / bands}
		for y := b.First; y < b.Last; y++ {
			b.include(down(y))
		}
		b.area, b.sourceArea = b.Rows()*width, b.SourceRows()*sourceWidth
		for y := b.First; y < b.Last; y++ {
			for x := range width {
				v, h := down(y), right(x)
				p := pixel{target: int32(len(b.pixels)), taps: int32(v.count * h.count)}
				if p.taps > 0 {
					p.source = int32((v.source-b.SourceFirst)*sourceWidth + h.source)
					p.tap = s.class(starts, v, h, sourceWidth, w.KernelW)
				}
				b.pixels = append(b.pixels, p)
			}
		}
		b.pair()
		s.Bands = append(s.Bands, b)
	}
	return s
}

// include makes the band need the source's rows of a side.
func (b *Band) include(r side) {
	if r.count == 0 {
		return
	}
	end := r.source + (r.count-1)*r.sourceStep
	first, last := min(r.source, end), max(r.source, end)+1
	if b.SourceFirst == b.SourceLast {
		b.SourceFirst, b.SourceLast = first, last
	}
	b.SourceFirst, b.SourceLast = min(b.SourceFirst, first), max(b.SourceLast, last)
}

// class returns where the taps of a pixel begin.
func (s *Stencil) class(starts map[[2]side]int32, down, right side, sourceWidth, kernelW int) int32 {
	down.source, right.source = 0, 0
	start, ok := starts[[2]side{down, right}]
	if ok {
		return start
	}
	start = int32(len(s.taps))
	starts[[2]side{down, right}] = start
	for i := range down.count {
		for j := range right.count {
			source := i*down.sourceStep*sourceWidth + j*right.sourceStep
			weight := (down.kernel+i*down.kernelStep)*kernelW + right.kernel + j*right.kernelStep
			s.taps = append(s.taps, tap{int32(source * entryBytes), int32(weight * entryBytes)})
		}
	}
	return start
}

// pair moves pairs of pixels with the same taps to the front.
func (b *Band) pair() {
	waiting := map[int32]int{} // the index of a pixel without a partner, by its first tap
	var pairs []pixel
	single := make([]bool, len(b.pixels))
	for i, p := range b.pixels {
		if p.taps == 0 {
			p.tap = -1
		}
		if first, ok := waiting[p.tap]; ok {
			pairs = append(pairs, b.pixels[first], b.pixels[i])
			delete(waiting, p.tap)
		} else {
			waiting[p.tap] = i
		}
	}
	for _, i := range waiting {
		single[i] = true
	}
	b.pairs = len(pairs) / 2
	for i, p := range b.pixels {
		if single[i] {
			pairs = append(pairs, p)
		}
	}
	b.pixels = pairs
}
