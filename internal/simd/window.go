package simd

// Window is the geometry of a convolution or pooling over one sample of one
// group, Channels × Height × Width, in pixels. Output pixel (oy, ox) sees the
// KernelH × KernelW pixels of every channel from
// (oy*StrideH-PadH, ox*StrideW-PadW) on. OutHeight and OutWidth are the
// caller's: where they are rounded up, the last windows hang over the edge.
// What lies outside the sample is zero.
type Window struct {
	Channels, Height, Width int
	KernelH, KernelW        int
	StrideH, StrideW        int
	PadH, PadW              int
	OutHeight, OutWidth     int
}

// Inside returns the pixels inside the sample that output pixel (oy, ox) sees:
// those of rows top to bottom-1 and columns left to right-1.
func (w *Window) Inside(oy, ox int) (top, bottom, left, right int) {
	top, left = oy*w.StrideH-w.PadH, ox*w.StrideW-w.PadW
	return max(top, 0), min(top+w.KernelH, w.Height), max(left, 0), min(left+w.KernelW, w.Width)
}

// Im2col writes the window contents of output rows first to last-1 as columns:
//
//	col[((c*KernelH+ky)*KernelW+kx)*ld + (oy-first)*OutWidth+ox] =
//		x[c, oy*StrideH-PadH+ky, ox*StrideW-PadW+kx], or 0 outside
//
// ld, the leading dimension of col, is at least (last-first)*OutWidth. Scratch
// has at least Im2colScratch(last-first) floats, whose contents do not matter.
func Im2col(col []float32, ld int, x []float32, w *Window, first, last int, scratch []float32) {
	w.check(col, ld, x, first, last)
	if len(scratch) < w.Im2colScratch(last-first) {
		panic("simd: scratch too short for a window")
	}
	if first == last || w.OutWidth == 0 {
		return
	}
	for c := range w.Channels {
		plane := x[c*w.Height*w.Width:][:w.Height*w.Width]
		width, above := w.Width, first*w.StrideH
		if w.spreads() {
			width, above = w.StrideW*w.spreadWidth(), 0
			w.spread(scratch, plane, first, last)
			plane = scratch
		}
		for ky := range w.KernelH {
			for phase := range min(w.StrideW, w.KernelW) {
				to := col[((c*w.KernelH+ky)*w.KernelW+phase)*ld:]
				from := plane[(above+ky)*width+phase*w.spreadWidth():]
				count := (w.KernelW - phase + w.StrideW - 1) / w.StrideW
				copyRows(rows{to, w.OutWidth, w.StrideW * ld}, rows{from, w.StrideH * width, 1}, w.OutWidth, last-first, count)
			}
		}
	}
}

// spreads tells whether Im2col needs a copy of a channel with its padding, and
// with every StrideW-th column side by side. All of its rows are then contiguous.
func (w *Window) spreads() bool {
	return w.StrideW > 1 || w.PadH > 0 || w.PadW > 0 || w.OutWidth+w.KernelW-1 > w.Width || (w.OutHeight-1)*w.StrideH+w.KernelH > w.Height
}

// spreadWidth is how many columns of the same phase windows meet.
func (w *Window) spreadWidth() int { return w.OutWidth + (w.KernelW-1)/w.StrideW }

// Im2colScratch returns the floats of scratch that Im2col needs for so many
// output rows.
func (w *Window) Im2colScratch(rows int) int {
	if rows == 0 || !w.spreads() {
		return 0
	}
	return ((rows-1)*w.StrideH + w.KernelH) * w.StrideW * w.spreadWidth()
}

// spread writes what output rows first to last-1 meet of a plane:
//
//	dst[(i*StrideW+phase)*spreadWidth + j] =
//		plane[first*StrideH-PadH+i, j*StrideW+phase-PadW], or 0 outside
func (w *Window) spread(dst, plane []float32, first, last int) {
	width, stride := w.spreadWidth(), w.StrideW*w.spreadWidth()
	height := (last-1-first)*w.StrideH + w.KernelH
	clear(dst[:height*stride])
	top, bottom := inside(height, w.Height, 1, first*w.StrideH-w.PadH)
	for phase := range w.StrideW {
		left, right := inside(width, w.Width, w.StrideW, phase-w.PadW)
		if left == right || top == bottom {
			continue
		}
		to := dst[top*stride+phase*width+left:]
		from := plane[(first*w.StrideH-w.PadH+top)*w.Width+left*w.StrideW+phase-w.PadW:]
		if w.StrideW == 1 {
			copyRows(rows{to, stride, 0}, rows{from, w.Width, 0}, right-left, bottom-top, 1)
		} else {
			copyEvery(to, stride, from, w.Width, w.StrideW, right-left, bottom-top)
		}
	}
}

// Col2im is the adjoint of Im2col: it adds every element of col to the pixel
// of x that Im2col would copy it from.
func Col2im(x []float32, col []float32, ld int, w *Window, first, last int) {
	w.check(col, ld, x, first, last)
	w.eachRow(func(row, plane, ky, kx, count int) {
		w.scatter(x[plane:plane+w.Height*w.Width], col[row*ld:], ld, ky, kx, count, first, last)
	})
}

// eachRow calls visit with the rows of col in order: a row's number, where its
// plane starts in x, and its place in the kernel. Where all elements of a row
// of the kernel see whole rows of pixels, side by side, one call gets all
// count of them.
func (w *Window) eachRow(visit func(row, plane, ky, kx, count int)) {
	count := 1
	if w.StrideW == 1 && w.PadW == 0 && w.OutWidth+w.KernelW-1 <= w.Width {
		count = w.KernelW
	}
	row := 0
	for c := range w.Channels {
		for ky := range w.KernelH {
			for kx := 0; kx < w.KernelW; kx += count {
				visit(row, c*w.Height*w.Width, ky, kx, count)
				row += count
			}
		}
	}
}

func (w *Window) check(col []float32, ld int, x []float32, first, last int) {
	pixels := (last - first) * w.OutWidth
	rows := w.Channels * w.KernelH * w.KernelW
	if first < 0 || last < first || last > w.OutHeight || ld < pixels {
		panic("simd: bad output rows or leading dimension of a window")
	}
	if len(x) < w.Channels*w.Height*w.Width || rows > 0 && len(col) < (rows-1)*ld+pixels {
		panic("simd: slice too short for a window")
	}
}

// inside returns the range of output pixels in 0..out-1 whose input pixel
// p*stride+offset lies in 0..size-1.
func inside(out, size, stride, offset int) (from, to int) {
	if stride == 1 { // the usual case needs no division
		from, to = max(0, -offset), max(0, size-offset)
	} else {
		from = (max(0, -offset) + stride - 1) / stride
		to = (max(0, size-offset) + stride - 1) / stride
	}
	to = min(to, out)
	return min(from, to), to
}

// scatter adds count rows of col, each ld after the one before, to the pixels of
// a plane that kernel elements (ky, kx), (ky, kx+1)... meet. More than one have
// the same output columns inside.
func (w *Window) scatter(plane, col []float32, ld, ky, kx, count, first, last int) {
	r := w.reach(ky, kx, first, last)
	if r.columns == 0 || r.rows == 0 {
		return
	}
	col, plane = col[r.col:], plane[r.plane:]
	if w.StrideW == 1 {
		addRows(rows{plane, w.StrideH * w.Width, 1}, rows{col, w.OutWidth, ld}, r.columns, r.rows, count)
		return
	}
	for i := range r.rows {
		to, from := plane[i*w.StrideH*w.Width:], col[i*w.OutWidth:][:r.columns]
		for j, value := range from {
			to[j*w.StrideW] += value
		}
	}
}

// reach tells which output pixels of rows first to last-1 a kernel element
// meets inside the sample: rows × columns of them, from index col in a row of
// col and from index plane in a plane of x.
type reach struct{ rows, columns, col, plane int }

func (w *Window) reach(ky, kx, first, last int) reach {
	left, right := inside(w.OutWidth, w.Width, w.StrideW, kx-w.PadW)
	top, bottom := inside(last, w.Height, w.StrideH, ky-w.PadH)
	top = max(top, first)
	if left >= right || top >= bottom {
		return reach{}
	}
	return reach{
		rows: bottom - top, columns: right - left, col: (top-first)*w.OutWidth + left,
		plane: (top*w.StrideH-w.PadH+ky)*w.Width + left*w.StrideW - w.PadW + kx,
	}
}
