package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/deepfry/deepfry/nn"
)

// decimal returns the shortest decimal number whose float32 is v: settings such
// as 0.1 are meant so.
func decimal(v float32) float64 {
	d, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	if err != nil {
		return float64(v)
	}
	return d
}

// pad puts zeros around images, which a Conv or an AveragePool then takes as its
// own padding.
func (im *importer) pad(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	pads, err := n.Ints("pads", nil)
	if n.input(1) != "" {
		pads, err = im.integers(n, 1)
	}
	if err != nil {
		return value{}, err
	}
	mode, errA := n.Text("mode", "constant")
	constant, errB := n.Float("value", 0) // in files of before opset 11
	constant, errC := im.scalar(n, 2, constant)
	if err := errors.Join(errA, errB, errC); err != nil {
		return value{}, err
	}
	if len(pads) > 0 && slices.Min(pads) == 0 && slices.Max(pads) == 0 && n.input(3) == "" {
		return x, nil
	}
	if mode != "constant" || constant != 0 || n.input(3) != "" || len(x.shape) != 3 || len(pads) != 8 || pads[2] < 1 || pads[2] > maxElements ||
		!slices.Equal(pads, []int64{0, 0, pads[2], pads[2], 0, 0, pads[2], pads[2]}) {
		return value{}, fmt.Errorf("pads %v of samples of %v, mode %s, %v: want zeros, as many on all sides of images", pads, x.shape, mode, constant)
	}
	x.pad, x.sole = int(pads[2]), false
	return x, nil
}

// reduceMean is supported over height and width.
func (im *importer) reduceMean(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	axes, err := im.axes(n, 1)
	if err != nil {
		return value{}, err
	}
	keep, err := n.Int("keepdims", 1)
	if err != nil {
		return value{}, err
	}
	if len(x.shape) != 3 || !slices.Equal(positive(axes, 4), []int64{2, 3}) {
		return value{}, fmt.Errorf("axes %v of samples of %v: want the mean over height and width", axes, x.shape)
	}
	y, err := im.add(layerName(n, ""), nn.GlobalAveragePool{}, x)
	if err == nil && keep == 0 {
		y.shape = y.shape[:1]
	}
	return y, err
}

// positive returns axes in order, counted from the first dimension.
func positive(axes []int64, rank int) []int64 {
	axes = slices.Clone(axes)
	for i, a := range axes {
		if a < 0 {
			axes[i] += int64(rank)
		}
	}
	slices.Sort(axes)
	return axes
}

func (im *importer) flatten(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	axis, err := n.Int("axis", 1)
	if err == nil && axis != 1 && axis != -int64(len(x.shape)) {
		err = fmt.Errorf("axis %d: want 1, which leaves samples apart", axis)
	}
	x.shape = nn.Shape{x.shape.Size()}
	return x, err
}

func (im *importer) reshape(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	target, err := n.Ints("shape", nil)
	if n.input(1) != "" {
		target, err = im.integers(n, 1)
	}
	if err != nil {
		return value{}, err
	}
	zero, err := n.Int("allowzero", 0)
	if err != nil {
		return value{}, err
	}
	if len(target) < 2 || len(target) > maxRank || zero != 0 && slices.Contains(target, 0) {
		return value{}, fmt.Errorf("to %v: want the dimensions of a batch and a sample", target)
	}
	first, rest := target[0], slices.Clone(target[1:])
	if first != 0 && first != -1 && first != im.batch {
		return value{}, fmt.Errorf("to %v: the batch must stay apart, in the first dimension", target)
	}
	if first == -1 && slices.Contains(rest, -1) {
		return value{}, fmt.Errorf("to %v: more than one dimension is open", target)
	}
	x.shape, err = resolve(rest, x.shape)
	return x, err
}

// squeeze leaves dimensions of 1 out, or puts them in.
func (im *importer) squeeze(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	axes, err := im.axes(n, 1)
	if err != nil {
		return value{}, err
	}
	dims := append(nn.Shape{0}, x.shape...) // the batch first
	rank := len(dims)
	if n.Type == "Unsqueeze" {
		rank += len(axes)
	}
	sorted := positive(axes, rank)
	if len(slices.Compact(slices.Clone(sorted))) < len(sorted) {
		return value{}, fmt.Errorf("axes %v: one of them is named twice", axes)
	}
	if n.Type == "Unsqueeze" {
		for _, a := range sorted {
			if a < 1 || a > int64(len(dims)) || len(dims) > maxRank {
				return value{}, fmt.Errorf("axes %v of samples of %v", axes, x.shape)
			}
			dims = slices.Insert(dims, int(a), 1)
		}
	} else {
		for _, a := range slices.Backward(sorted) {
			if a < 1 || a >= int64(len(dims)) || dims[a] != 1 {
				return value{}, fmt.Errorf("axes %v of samples of %v: want dimensions of 1", axes, x.shape)
			}
			dims = slices.Delete(dims, int(a), int(a)+1)
		}
	}
	if len(dims) < 2 || axes == nil {
		return value{}, fmt.Errorf("axes %v of samples of %v: want some dimensions, but not all", axes, x.shape)
	}
	x.shape = dims[1:]
	return x, nil
}

// concat is supported along the first dimension of samples.
func (im *importer) concat(n *Node) (value, error) {
	if len(n.Inputs) == 0 {
		return value{}, errors.New("it has no inputs")
	}
	var from []value
	for i := range n.Inputs {
		x, err := im.activations(n, i)
		if err != nil {
			return value{}, err
		}
		from = append(from, x)
	}
	axis, err := n.Int("axis", 1)
	if err != nil {
		return value{}, err
	}
	if axis != 1 && axis != -int64(len(from[0].shape)) {
		return value{}, fmt.Errorf("axis %d of samples of %v: want the first one, behind the batch", axis, from[0].shape)
	}
	if len(from) == 1 {
		return from[0], nil
	}
	return im.add(layerName(n, ""), nn.Concat{}, from...)
}

// arithmetic adds layers' outputs, or computes with a constant.
func (im *importer) arithmetic(n *Node) (value, error) {
	var layers, constants []value
	for i := range n.Inputs {
		x, err := im.value(n, i)
		if err != nil {
			return value{}, err
		}
		if x.constant != nil {
			constants = append(constants, x)
		} else {
			layers = append(layers, x)
		}
	}
	adds := n.Type == "Add" || n.Type == "Sum"
	switch {
	case adds && len(constants) == 0 && len(layers) == 1:
		return layers[0], nil
	case adds && len(constants) == 0 && len(layers) > 1:
		return im.add(layerName(n, ""), nn.Add{}, layers...)
	case len(layers) == 1 && len(constants) == 1:
		return im.shiftOrScale(n, layers[0], constants[0])
	}
	return value{}, errors.New("it is supported for the sum of layers' outputs, and with one constant")
}
