package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/deepfry/deepfry/nn"
)

// window is the geometry of a convolution or pooling as ONNX has it; height
// first.
type window struct {
	size              [2]int64 // of the image
	kernel, dilations [2]int64
	stride            int64
	begin, end        [2]int64 // padding on either side
	ceil              bool
}

// maxSide bounds the numbers of a window, so that no sum overflows.
const maxSide = 1 << 30

// window reads a node's settings. kernel is what its weights say, or nil.
func (im *importer) window(n *Node, x value, kernel []int64) (w window, err error) {
	list := func(name string, missing []int64, length int) []int64 {
		values, e := n.Ints(name, missing)
		if e == nil && (len(values) != length || slices.Min(values) < 0 || slices.Max(values) > maxSide) {
			e = fmt.Errorf("%s %v: want %d numbers from 0 to 2^30", name, values, length)
		}
		err = errors.Join(err, e)
		return append(values, make([]int64, length)...)
	}
	shape, strides := list("kernel_shape", kernel, 2), list("strides", []int64{1, 1}, 2)
	dilations, pads := list("dilations", []int64{1, 1}, 2), list("pads", []int64{0, 0, 0, 0}, 4)
	auto, e := n.Text("auto_pad", "NOTSET")
	ceil, e2 := n.Int("ceil_mode", 0)
	if err = errors.Join(err, e, e2); err != nil {
		return w, err
	}
	if len(x.shape) != 3 || kernel != nil && !slices.Equal(shape[:2], kernel) || min(shape[0], shape[1], dilations[0], dilations[1]) < 1 {
		return w, fmt.Errorf("a kernel of %v, dilated by %v, on samples of %v: want a window on channels × height × width", shape[:2], dilations[:2], x.shape)
	}
	if strides[0] != strides[1] || strides[0] < 1 {
		return w, fmt.Errorf("strides %v: want the same from 1 on in both directions", strides[:2])
	}
	w = window{kernel: [2]int64(shape), dilations: [2]int64(dilations), stride: strides[0], ceil: ceil != 0}
	for i := range 2 {
		w.size[i] = int64(x.shape[1+i])
		before := int64(x.pad) // the zeros of a Pad are pixels to auto_pad
		if w.begin[i], w.end[i], err = w.autoPad(i, w.size[i]+2*before, auto, pads[i], pads[2+i]); err != nil {
			return w, err
		}
		w.begin[i], w.end[i] = w.begin[i]+before, w.end[i]+before
		if w.size[i]+w.begin[i]+w.end[i] < w.extent(i) {
			return w, fmt.Errorf("a kernel of %v does not fit samples of %v", shape[:2], x.shape)
		}
	}
	return w, nil
}

// extent returns how many pixels a kernel spans, with the gaps that a dilation
// makes.
func (w *window) extent(i int) int64 { return w.dilations[i]*(w.kernel[i]-1) + 1 }

// last returns the index of the last whole window along one side.
func (w *window) last(i int) int64 {
	return (w.size[i] + w.begin[i] + w.end[i] - w.extent(i)) / w.stride
}

// autoPad returns the padding that auto_pad stands for along a side of that many
// pixels, or what pads says.
func (w *window) autoPad(i int, size int64, auto string, begin, end int64) (int64, int64, error) {
	total := max((size-1)/w.stride*w.stride+w.extent(i)-size, 0)
	switch auto {
	case "NOTSET", "":
		return begin, end, nil
	case "VALID":
		return 0, 0, nil
	case "SAME_UPPER":
		return total / 2, total - total/2, nil
	case "SAME_LOWER":
		return total - total/2, total / 2, nil
	}
	return 0, 0, fmt.Errorf("auto_pad %q is not one of ONNX's", auto)
}

// square returns the kernel and the padding, the same on all sides, of a
// convolution that sees the same pixels at the same places as w does, and more
// pixels, for which it has weights of zero.
func (w *window) square() (kernel, pad int64, err error) {
	if w.ceil {
		return 0, 0, errors.New("ceil_mode is not for convolutions")
	}
	widest := max(w.begin[0], w.begin[1], w.end[0], w.end[1])
	const more = 64 // pixels of padding that are tried
	for pad := widest; pad <= widest+more; pad++ {
		// From least to most, a kernel holds that of w and has as many windows.
		least, most := pad+1, int64(maxSide)
		for i := range 2 {
			least = max(least, pad-w.begin[i]+w.extent(i))
			most = min(most, w.size[i]+2*pad-w.last(i)*w.stride)
			least = max(least, w.size[i]+2*pad-(w.last(i)+1)*w.stride+1)
		}
		if least <= most {
			return least, pad, nil
		}
	}
	return 0, 0, fmt.Errorf("a kernel of %v, dilated by %v, pads %v and %v on samples of %v: no square kernel with the same padding on all sides does that",
		w.kernel, w.dilations, w.begin, w.end, w.size)
}

// maxGrowth bounds how many times as many weights a kernel may get.
const maxGrowth = 16

// widened returns the weights of a convolution, [out, in, height, width], in the
// middle of zeros, for the kernel and padding of square.
func (w *window) widened(weights *constant, kernel, pad int64) (*constant, error) {
	height, width, side := weights.dims[2], weights.dims[3], int(kernel)
	if height == side && width == side {
		return weights, nil
	}
	if kernel > maxSide>>10 || side*side > maxGrowth*height*width {
		return nil, fmt.Errorf("a kernel of %v, dilated by %v, needs one of %d×%d here: that is too large", w.kernel, w.dilations, kernel, kernel)
	}
	planes := weights.dims[0] * weights.dims[1]
	top, left := int(pad-w.begin[0]), int(pad-w.begin[1])
	return weights.with([]int{weights.dims[0], weights.dims[1], side, side}, func() ([]float32, error) {
		values, err := weights.floats()
		if err != nil {
			return nil, err
		}
		wide := make([]float32, planes*side*side)
		for i, v := range values {
			plane, y, x := i/(height*width), i/width%height, i%width
			y, x = top+y*int(w.dilations[0]), left+x*int(w.dilations[1])
			wide[(plane*side+y)*side+x] = v
		}
		return wide, nil
	}), nil
}

func (im *importer) conv(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	weights, err := im.weights(n, 1, 4)
	if err != nil {
		return value{}, err
	}
	w, err := im.window(n, x, []int64{int64(weights.dims[2]), int64(weights.dims[3])})
	if err != nil {
		return value{}, err
	}
	groups, err := n.Int("group", 1)
	if err != nil {
		return value{}, err
	}
	if groups < 1 || groups > int64(weights.dims[0]) || int64(x.shape[0]) != groups*int64(weights.dims[1]) {
		return value{}, fmt.Errorf("weights %v in %d groups do not fit an input of %v a sample", weights.dims, groups, x.shape)
	}
	kernel, pad, err := w.square()
	if err != nil {
		return value{}, err
	}
	if weights, err = w.widened(weights, kernel, pad); err != nil {
		return value{}, err
	}
	op := nn.Conv{Out: weights.dims[0], Kernel: int(kernel), Stride: int(w.stride), Pad: int(pad), Groups: int(groups), NoBias: n.input(2) == ""}
	y, err := im.add(layerName(n, weights.name()), op, x)
	if err != nil {
		return value{}, err
	}
	if _, err := im.param(y.layer.name+".weight", weights); err != nil {
		return value{}, err
	}
	if l, err := im.graph.linear(n); err == nil && op.Kernel == 1 && op.Pad == 0 {
		l.Name, l.whole = y.layer.name, true
		im.linears[l.Name] = l
	}
	return y, im.bias(n, 2, y, op.Out, 1)
}

// pool reads the settings of a pooling. counted says that its padding counts for
// something.
func (im *importer) pool(n *Node, x value, counted bool) (op nn.AveragePool, err error) {
	w, err := im.window(n, x, nil)
	if err != nil {
		return op, err
	}
	if w.dilations != [2]int64{1, 1} || w.kernel[0] != w.kernel[1] {
		return op, fmt.Errorf("a kernel of %v, dilated by %v: want the same in both directions, without dilation", w.kernel, w.dilations)
	}
	op = nn.AveragePool{Kernel: int(w.kernel[0]), Stride: int(w.stride), Ceil: w.ceil}
	pads := [4]int{int(w.begin[0]), int(w.begin[1]), int(w.end[0]), int(w.end[1])}
	if pads == [4]int{pads[0], pads[0], pads[0], pads[0]} {
		op.Pad = pads[0]
	} else {
		op.Pads = pads
	}
	op.ExcludePad = !counted && pads != [4]int{}
	return op, nil
}

func (im *importer) maxPool(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	op, err := im.pool(n, x, false)
	if err != nil {
		return value{}, err
	}
	return im.add(layerName(n, ""), nn.MaxPool{Kernel: op.Kernel, Stride: op.Stride, Pad: op.Pad, Pads: op.Pads, Ceil: op.Ceil}, x)
}

// averagePool counts the zeros of a Pad before it, which are pixels to it.
func (im *importer) averagePool(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	include, err := n.Int("count_include_pad", 0)
	if err != nil {
		return value{}, err
	}
	op, err := im.pool(n, x, include != 0 || x.pad > 0)
	if err != nil {
		return value{}, err
	}
	if own := op.Pad != x.pad; x.pad > 0 && (own && include == 0 || op.Ceil) {
		return value{}, errors.New("padding of its own that does not count, or ceil_mode, is not supported behind a Pad")
	}
	return im.add(layerName(n, ""), op, x)
}
