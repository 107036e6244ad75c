package nn

import (
	"fmt"

	"github.com/deepfry/deepfry/internal/simd"
)

// windowOver returns the geometry of square windows over the only input, which
// must be channels × height × width. Where the stride does not divide the
// image, ceil adds a last window that hangs over the edge, as Caffe's pooling
// does, as long as it starts inside the image or its padding on the near side.
func windowOver(in []Shape, kernel, stride int, pads padding, ceil bool) (simd.Window, error) {
	shape, err := imageShape(in)
	if err != nil {
		return simd.Window{}, err
	}
	if kernel < 1 || stride < 1 || min(pads.top, pads.left, pads.bottom, pads.right) < 0 || max(pads.top, pads.left, pads.bottom, pads.right) >= kernel || max(kernel, stride) > maxValues {
		return simd.Window{}, fmt.Errorf("kernel %d, stride %d, padding %d: the first two must be from 1 to %d, and the padding from 0 to less than the kernel", kernel, stride, pads, maxValues)
	}
	height := outSize(shape[1], kernel, stride, pads.top, pads.bottom, ceil)
	width := outSize(shape[2], kernel, stride, pads.left, pads.right, ceil)
	if height < 1 || width < 1 {
		return simd.Window{}, fmt.Errorf("a kernel of %d×%d does not fit an image of %d×%d with padding %d", kernel, kernel, shape[1], shape[2], pads)
	}
	if height > maxValues/width/shape[0] {
		return simd.Window{}, fmt.Errorf("%d×%d windows on each of %d channels are too many", height, width, shape[0])
	}
	return simd.Window{
		Channels: shape[0], Height: shape[1], Width: shape[2],
		KernelH: kernel, KernelW: kernel, StrideH: stride, StrideW: stride, PadH: pads.top, PadW: pads.left,
		OutHeight: height, OutWidth: width,
	}, nil
}

// padding is how many pixels are put around an image.
type padding struct{ top, left, bottom, right int }

// even returns the same padding on all sides.
func even(pad int) padding { return padding{pad, pad, pad, pad} }

// outSize returns the number of windows along one side.
func outSize(size, kernel, stride, before, after int, ceil bool) int {
	room := size + before + after - kernel
	if room < 0 {
		return 0
	}
	n := room/stride + 1
	if ceil && room%stride != 0 && n*stride < size+before {
		n++
	}
	return n
}

// imageShape returns the shape of the only input, which must be channels ×
// height × width.
func imageShape(in []Shape) (Shape, error) {
	shape, err := only(in)
	if err == nil && len(shape) != 3 {
		err = fmt.Errorf("an input of channels × height × width is needed, found %v", shape)
	}
	return shape, err
}

// only returns the single input of a layer that takes one.
func only(in []Shape) (Shape, error) {
	if len(in) != 1 {
		return nil, fmt.Errorf("one input is needed, found %d", len(in))
	}
	return in[0], nil
}
