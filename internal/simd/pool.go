package simd

// MaxPool2x2 writes the maximum of every 2 × 2 window, stride 2, of the plane
// x (height × width pixels, both even) to y (height/2 × width/2). Of equal
// values the first in row-major order wins, so that the sign of zero is
// defined. Where a window holds NaNs, y is its first NaN.
func MaxPool2x2(y, x []float32, height, width int) {
	checkPool(y, x, height, width)
	if height > 0 && width > 0 {
		maxPool2x2(y, x, height, width)
	}
}

// MaxPool2x2Backward writes the gradient dx (height × width) of MaxPool2x2,
// given its input x, its output y and the gradient dy with respect to y: dy
// goes to the first pixel of the window, in row-major order, that is not less
// than y, and the other three get 0. Without NaNs that is the first maximum;
// with a NaN it is the first pixel.
func MaxPool2x2Backward(dx, dy, y, x []float32, height, width int) {
	checkPool(y, x, height, width)
	checkPool(dy, dx, height, width)
	if height > 0 && width > 0 {
		maxPool2x2Backward(dx, dy, y, x, height, width)
	}
}

func checkPool(small, large []float32, height, width int) {
	if height < 0 || width < 0 || height%2 != 0 || width%2 != 0 {
		panic("simd: odd height or width in MaxPool2x2")
	}
	if len(large) < height*width || len(small) < height*width/4 {
		panic("simd: slice too short in MaxPool2x2")
	}
}

// MaxPool writes the maximum of every window of one channel x to y, and its
// index in x to index. Both are [OutHeight, OutWidth]. Of equal values the
// first in row-major order wins, and a NaN counts as the maximum. Pixels
// outside the sample do not count; every window must have one inside.
//
// Windows of 3 × 3 with a stride of 2 are fast.
func MaxPool(y []float32, index []int32, x []float32, w *Window) {
	if len(y) < w.OutHeight*w.OutWidth || len(index) < len(y) || len(x) < w.Height*w.Width {
		panic("simd: slice too short in MaxPool")
	}
	top, bottom, left, right := w.maxPoolWhole(y, index, x)
	for oy := range w.OutHeight {
		for ox := 0; ox < w.OutWidth; ox++ {
			if ox == left && oy >= top && oy < bottom {
				ox = right - 1
				continue
			}
			at := w.firstMaximum(x, oy, ox)
			y[oy*w.OutWidth+ox], index[oy*w.OutWidth+ox] = x[at], int32(at)
		}
	}
}

// maxPoolWhole does the windows of 3 × 3 with a stride of 2 all of whose
// pixels are inside, if there is a kernel for them, and returns which it did.
func (w *Window) maxPoolWhole(y []float32, index []int32, x []float32) (top, bottom, left, right int) {
	if w.KernelH != 3 || w.KernelW != 3 || w.StrideH != 2 || w.StrideW != 2 {
		return 0, 0, 0, 0
	}
	top, bottom = whole(w.OutHeight, w.Height, w.PadH)
	left, right = whole(w.OutWidth, w.Width, w.PadW)
	if top >= bottom || left >= right {
		return 0, 0, 0, 0
	}
	first, pixel := top*w.OutWidth+left, (2*top-w.PadH)*w.Width+2*left-w.PadW
	if !maxPool3x3(y[first:], index[first:], x[pixel:], bottom-top, right-left, w.OutWidth, w.Width, pixel) {
		return 0, 0, 0, 0
	}
	return top, bottom, left, right
}

// whole returns the range of windows of 3 pixels, stride 2, all of which are
// inside a side of the given size.
func whole(out, size, pad int) (from, to int) {
	from = (pad + 1) / 2
	return from, min(out, (size+pad-3)>>1+1)
}

// firstMaximum returns the index of the maximum of window (oy, ox).
func (w *Window) firstMaximum(x []float32, oy, ox int) int {
	top, bottom, left, right := w.Inside(oy, ox)
	best := top*w.Width + left
	for iy := top; iy < bottom; iy++ {
		for ix := left; ix < right; ix++ {
			if i := iy*w.Width + ix; x[best] == x[best] && !(x[i] <= x[best]) {
				best = i
			}
		}
	}
	return best
}
