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
// ld, the leading dimension of col, is at least (last-first)*OutWidth.
func Im2col(col []float32, ld int, x []float32, w *Window, first, last int) {
	w.check(col, ld, x, first, last)
	w.eachRow(func(row, plane, ky, kx, count int) {
		w.gather(col[row*ld:], ld, x[plane:plane+w.Height*w.Width], ky, kx, count, first, last)
	})
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

// gather writes count rows of col, each ld after the one before: the pixels of
// a plane that kernel elements (ky, kx), (ky, kx+1)... meet. More than one have
// the same output columns inside.
func (w *Window) gather(col []float32, ld int, plane []float32, ky, kx, count, first, last int) {
	width := w.OutWidth
	r := w.reach(ky, kx, first, last)
	if r.columns < width || r.rows < last-first {
		for q := range count {
			clear(col[q*ld:][:(last-first)*width])
		}
	}
	if r.columns == 0 || r.rows == 0 {
		return
	}
	col, plane = col[r.col:], plane[r.plane:]
	if w.StrideW == 1 {
		copyRows(rows{col, width, ld}, rows{plane, w.StrideH * w.Width, 1}, r.columns, r.rows, count)
		return
	}
	copyEvery(col, width, plane, w.StrideH*w.Width, w.StrideW, r.columns, r.rows)
}

// scatter adds count rows of col to the pixels that gather copies.
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
