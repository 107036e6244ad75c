package nn

import (
	"fmt"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// MaxPool takes the maximum of every window of a channel. The gradient goes to
// the first maximum, in row-major order.
type MaxPool struct {
	Kernel int    `json:"kernel"`
	Stride int    `json:"stride"`
	Pad    int    `json:"pad,omitempty"`  // on all sides; never the maximum itself
	Pads   [4]int `json:"pads,omitzero"`  // in place of Pad: above, left, below and right
	Ceil   bool   `json:"ceil,omitempty"` // round the number of windows up, as Caffe does
}

func (MaxPool) Kind() string { return "maxpool" }

// AveragePool takes the mean of every window of a channel. As in Caffe, the
// padding counts as zeros, unless it is excluded, but what hangs over it does not
// count.
type AveragePool struct {
	Kernel     int    `json:"kernel"`
	Stride     int    `json:"stride"`
	Pad        int    `json:"pad,omitempty"` // on all sides
	Pads       [4]int `json:"pads,omitzero"` // in place of Pad: above, left, below and right
	Ceil       bool   `json:"ceil,omitempty"`
	ExcludePad bool   `json:"exclude_pad,omitempty"` // divide by the number of pixels inside the image
}

func (AveragePool) Kind() string { return "averagepool" }

// GlobalAveragePool takes the mean of every channel.
type GlobalAveragePool struct{}

func (GlobalAveragePool) Kind() string { return "globalaveragepool" }

// poolWindow returns the geometry of a pooling and its padding.
func poolWindow(in []Shape, kernel, stride, pad int, pads [4]int, ceil bool) (simd.Window, padding, error) {
	around := even(pad)
	if pads != [4]int{} {
		if pad != 0 {
			return simd.Window{}, around, fmt.Errorf("padding %d on all sides and %d on each: want one of them", pad, pads)
		}
		around = padding{pads[0], pads[1], pads[2], pads[3]}
	}
	w, err := windowOver(in, kernel, stride, around, ceil)
	return w, around, err
}

// Build fails unless the input is channels × height × width and a window fits.
func (p MaxPool) Build(_ string, in []Shape) (Layer, error) {
	w, _, err := poolWindow(in, p.Kernel, p.Stride, p.Pad, p.Pads, p.Ceil)
	if err != nil {
		return nil, err
	}
	l := &pool{Window: w, forward: maxForward, backward: maxBackward}
	if p.Kernel == 2 && p.Stride == 2 && w.PadH == 0 && w.PadW == 0 && w.Height == 2*w.OutHeight && w.Width == 2*w.OutWidth {
		l.forward = func(y, x []float32, w *simd.Window, _ *poolScratch) { simd.MaxPool2x2(y, x, w.Height, w.Width) }
		l.backward = func(dx, dy, y, x []float32, w *simd.Window, _ *poolScratch) {
			simd.MaxPool2x2Backward(dx, dy, y, x, w.Height, w.Width)
		}
	}
	return l, nil
}

// Build fails unless the input is channels × height × width and a window fits.
func (p AveragePool) Build(_ string, in []Shape) (Layer, error) {
	w, pads, err := poolWindow(in, p.Kernel, p.Stride, p.Pad, p.Pads, p.Ceil)
	if err != nil {
		return nil, err
	}
	return newAveragePool(w, pads, p.ExcludePad), nil
}

// Build fails unless the input is channels × height × width.
func (GlobalAveragePool) Build(_ string, in []Shape) (Layer, error) {
	w, err := windowOver(in, 1, 1, padding{}, false)
	if err != nil {
		return nil, err
	}
	w.KernelH, w.KernelW, w.OutHeight, w.OutWidth = w.Height, w.Width, 1, 1
	return newAveragePool(w, padding{}, false), nil
}

// pool applies functions to every channel of every sample.
type pool struct {
	simd.Window
	parameterless
	forward  func(y, x []float32, w *simd.Window, s *poolScratch)         // one channel
	backward func(dx, dy, y, x []float32, w *simd.Window, s *poolScratch) // overwrites dx
}

// poolScratch is the memory of one worker for one channel.
type poolScratch struct {
	maxima []float32
	index  []int32
}

func (l *pool) OutShape() Shape { return Shape{l.Channels, l.OutHeight, l.OutWidth} }

func (l *pool) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	in, out := l.Height*l.Width, l.OutHeight*l.OutWidth
	maxima, index := par.Scratch[float32](b.Workers, out), par.Scratch[int32](b.Workers, out)
	scratch := make([]poolScratch, b.Workers)
	for i := range scratch {
		scratch[i] = poolScratch{maxima[i], index[i]}
	}
	pass := Pass{Forward: b.EachPart(l.Channels, in, func(first, last, worker int) {
		for c := first; c < last; c++ {
			l.forward(y.Value[c*out:][:out], x.Value[c*in:][:in], &l.Window, &scratch[worker])
		}
	})}
	if b.Training && x.Grad != nil {
		pass.Backward = b.EachPart(l.Channels, in, func(first, last, worker int) {
			for c := first; c < last; c++ {
				l.backward(x.Grad[c*in:][:in], y.Grad[c*out:][:out], y.Value[c*out:][:out], x.Value[c*in:][:in], &l.Window, &scratch[worker])
			}
		})
	}
	return pass
}

// maxForward leaves the indices of the maxima in the scratch memory.
func maxForward(y, x []float32, w *simd.Window, s *poolScratch) { simd.MaxPool(y, s.index, x, w) }

// maxBackward finds the maxima again rather than to have kept their indices.
func maxBackward(dx, dy, _, x []float32, w *simd.Window, s *poolScratch) {
	simd.MaxPool(s.maxima, s.index, x, w)
	clear(dx)
	for i, g := range dy {
		dx[s.index[i]] += g
	}
}

func newAveragePool(w simd.Window, pads padding, excludePad bool) *pool {
	return &pool{Window: w, forward: func(y, x []float32, w *simd.Window, _ *poolScratch) {
		averageForward(y, x, w, pads, excludePad)
	}, backward: func(dx, dy, _, _ []float32, w *simd.Window, _ *poolScratch) {
		averageBackward(dx, dy, w, pads, excludePad)
	}}
}

// averageDivisor is the number of pixels of a window, those of the padding
// included unless they are not to count, but not those beyond it.
func averageDivisor(w *simd.Window, pads padding, oy, ox int, excludePad bool) float32 {
	if excludePad {
		top, bottom, left, right := w.Inside(oy, ox)
		return float32((bottom - top) * (right - left))
	}
	height := min(oy*w.StrideH+w.KernelH, pads.top+w.Height+pads.bottom) - oy*w.StrideH
	width := min(ox*w.StrideW+w.KernelW, pads.left+w.Width+pads.right) - ox*w.StrideW
	return float32(height * width)
}

func averageForward(y, x []float32, w *simd.Window, pads padding, excludePad bool) {
	for i := range y {
		oy, ox := i/w.OutWidth, i%w.OutWidth
		top, bottom, left, right := w.Inside(oy, ox)
		var total float32
		for iy := top; iy < bottom; iy++ {
			total += sum(x[iy*w.Width+left : iy*w.Width+right])
		}
		y[i] = total / averageDivisor(w, pads, oy, ox, excludePad)
	}
}

func averageBackward(dx, dy []float32, w *simd.Window, pads padding, excludePad bool) {
	clear(dx)
	for i, g := range dy {
		oy, ox := i/w.OutWidth, i%w.OutWidth
		top, bottom, left, right := w.Inside(oy, ox)
		g /= averageDivisor(w, pads, oy, ox, excludePad)
		for iy := top; iy < bottom; iy++ {
			simd.AddConstant(dx[iy*w.Width+left:iy*w.Width+right], g)
		}
	}
}

// sum adds up x in four interleaved parts, which is faster than one and has a
// fixed order as well.
func sum(x []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(x) >= 4 {
		s0, s1, s2, s3 = s0+x[0], s1+x[1], s2+x[2], s3+x[3]
		x = x[4:]
	}
	for _, v := range x {
		s0 += v
	}
	return (s0 + s1) + (s2 + s3)
}
