package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/deepfry/deepfry/nn"
)

// shiftOrScale imports an operator on a value and a constant. It becomes a part of
// the convolution, the dense layer or the normalisation that makes the value, and
// else a Normalize.
func (im *importer) shiftOrScale(n *Node, x, constant value) (value, error) {
	first, err := im.value(n, 0)
	if err != nil {
		return value{}, err
	}
	if n.Type == "Div" && first.constant != nil {
		return value{}, errors.New("it divides a constant by a layer's output: that is not supported")
	}
	numbers, err := im.spread(constant, x.shape)
	if err != nil {
		return value{}, err
	}
	if len(numbers) == x.shape[0] {
		scale, shift := asAffine(n, numbers, first.constant != nil)
		if !slices.ContainsFunc(scale, infinite) && im.foldAffine(n, x, scale, shift) {
			return x, nil
		}
	}
	return im.normalize(n, x, numbers, first.constant != nil)
}

// infinite says that v is an infinity or no number.
func infinite(v float32) bool { return !(math.Abs(float64(v)) <= math.MaxFloat32) }

// asAffine returns what an operator multiplies by and then adds; nil stands for ones
// or zeros. Of a Sub the constant may be the first input.
func asAffine(n *Node, numbers []float32, reversed bool) (scale, shift []float32) {
	changed := func(f func(float32) float32) []float32 {
		y := make([]float32, len(numbers))
		for i, v := range numbers {
			y[i] = f(v)
		}
		return y
	}
	switch {
	case n.Type == "Mul":
		return numbers, nil
	case n.Type == "Div":
		return changed(func(v float32) float32 { return 1 / v }), nil
	case n.Type == "Sub" && reversed:
		return changed(func(float32) float32 { return -1 }), numbers
	case n.Type == "Sub":
		return nil, changed(func(v float32) float32 { return -v })
	}
	return nil, numbers
}

// normalize adds a Normalize for an operator with constant numbers, or makes them
// a part of that which makes x and which nothing else takes.
func (im *importer) normalize(n *Node, x value, numbers []float32, reversed bool) (value, error) {
	y := x
	if !x.foldable() || im.description.Nodes[x.layer.index].Op.Kind() != (nn.Normalize{}).Kind() {
		var err error
		if y, err = im.add(layerName(n, ""), nn.Normalize{}, x); err != nil {
			return value{}, err
		}
		im.params[y.layer.name+".mean"] = make([]float32, x.shape[0])
		im.params[y.layer.name+".deviation"] = slices.Repeat([]float32{1}, x.shape[0])
	}
	mean, deviation := im.params[y.layer.name+".mean"], im.params[y.layer.name+".deviation"]
	if err := im.budget.spend(8 * max(len(numbers), len(mean))); err != nil {
		return value{}, err
	}
	if pixels := len(numbers) / len(mean); pixels > 1 {
		mean, deviation = repeatEach(mean, pixels), repeatEach(deviation, pixels)
		im.description.Nodes[y.layer.index].Op = nn.Normalize{PerValue: true}
	}
	for i := range mean {
		c := numbers[i*len(numbers)/len(mean)]
		mean[i], deviation[i] = follow(n.Type, mean[i], deviation[i], c, reversed)
		if infinite(mean[i]) || infinite(deviation[i]) || deviation[i] == 0 {
			return value{}, fmt.Errorf("its constant has the number %v: as (x-mean)/deviation the mean would be %v and the deviation %v; want finite ones, and no deviation of 0", c, mean[i], deviation[i])
		}
	}
	im.params[y.layer.name+".mean"], im.params[y.layer.name+".deviation"] = mean, deviation
	return y, nil
}

// follow returns the mean and the deviation of (x-mean)/deviation and an operator
// behind it with a constant, which of a Sub may be the first input.
func follow(operation string, mean, deviation, constant float32, reversed bool) (float32, float32) {
	m, d, c := float64(mean), float64(deviation), float64(constant)
	switch {
	case operation == "Mul":
		d /= c
	case operation == "Div":
		d *= c
	case operation == "Sub":
		m += c * d
		if reversed { // c - y is -(y - c)
			d = -d
		}
	default:
		m -= c * d
	}
	return float32(m), float32(d)
}

func repeatEach(values []float32, times int) []float32 {
	repeated := make([]float32, 0, times*len(values))
	for _, v := range values {
		for range times {
			repeated = append(repeated, v)
		}
	}
	return repeated
}

// spread returns a constant that is broadcast to a batch of samples of the given
// shape as one number for each channel or, where these are not enough, for each value
// of a sample.
func (im *importer) spread(v value, shape nn.Shape) ([]float32, error) {
	c := v.constant
	channels, err := im.channels(v, shape)
	if err == nil || c.floats == nil {
		return channels, err
	}
	dims := append(slices.Repeat([]int{1}, max(1+len(shape)-len(c.dims), 0)), c.dims...) // the batch first
	fits := len(dims) == 1+len(shape) && dims[0] == 1
	for i := range shape {
		fits = fits && (dims[1+i] == 1 || dims[1+i] == shape[i])
	}
	if !fits {
		return nil, fmt.Errorf("a constant of dimensions %v on samples of %v: want numbers for a sample, its channels or its values, the same for the whole batch", c.dims, shape)
	}
	if err := im.budget.spend(8 * shape.Size()); err != nil {
		return nil, err
	}
	values, err := c.floats()
	if err != nil || len(values) == shape.Size() {
		return values, err
	}
	spread := make([]float32, shape.Size())
	for i := range spread {
		from, stride, rest := 0, 1, i
		for k, d := range slices.Backward(shape) {
			if dims[1+k] > 1 {
				from += rest % d * stride
				stride *= d
			}
			rest /= d
		}
		spread[i] = values[from]
	}
	return spread, nil
}

// PyTorch writes local response normalisation as a score of operators, some of
// them in the branches of an If:
//
//	y = x / (alpha·mean + k)^beta
//
// where mean is the result of an AveragePool of kernel [size, 1, 1] over x·x, a
// sample of which has been given a dimension before that of its channels.

// responseNormOf returns the LRN node that a Div of that form stands for, or nil.
func (g *graph) responseNormOf(n *Node) *Node {
	if n.Type != "Div" || len(n.Inputs) != 2 || len(n.Outputs) != 1 {
		return nil
	}
	x := n.Inputs[0]
	sum, beta := g.withConstant(g.makers[n.Inputs[1]], "Pow")
	scaled, k := g.withConstant(sum, "Add")
	mean, alpha := g.withConstant(scaled, "Mul")
	pool := g.behind(mean, "AveragePool")
	if pool == nil {
		return nil
	}
	kernel, err := pool.Ints("kernel_shape", nil)
	if err != nil || len(kernel) != 3 || kernel[0]%2 != 1 || kernel[1] != 1 || kernel[2] != 1 {
		return nil
	}
	square := g.behind(g.makers[pool.input(0)], "Mul")
	if square == nil || len(square.Inputs) != 2 || square.Inputs[0] != x || square.Inputs[1] != x || !g.windowInMiddle(pool, square, kernel[0]/2) {
		return nil
	}
	return NewNode("LRN", n.Name, []string{x}, n.Outputs, IntAttribute("size", kernel[0]),
		FloatAttribute("alpha", alpha), FloatAttribute("beta", beta), FloatAttribute("bias", k))
}

// windowInMiddle tells whether the mean that a pool of kernel [2·half+1, 1, 1] makes for a
// channel is that over half as many channels before it and behind it, with zeros for those
// that are not there: it has strides of 1, and padding of half on both sides, its own,
// which counts, or that of Pads between the square and it.
func (g *graph) windowInMiddle(pool, square *Node, half int64) bool {
	strides, errA := pool.Ints("strides", []int64{1, 1, 1})
	dilations, errB := pool.Ints("dilations", []int64{1, 1, 1})
	own, errC := pool.Ints("pads", make([]int64, 6))
	count, errD := pool.Int("count_include_pad", 0)
	auto, errE := pool.Text("auto_pad", "NOTSET")
	ones := []int64{1, 1, 1}
	if errors.Join(errA, errB, errC, errD, errE) != nil || !slices.Equal(strides, ones) || !slices.Equal(dilations, ones) || auto != "NOTSET" && auto != "VALID" ||
		len(own) != 6 || count == 0 && slices.Max(own) > 0 {
		return false
	}
	total := []int64{0, 0, own[0], own[1], own[2], 0, 0, own[3], own[4], own[5]}
	for n := g.makers[pool.input(0)]; n != square; n = g.makers[n.input(0)] { // behind has come that way
		shape := g.integers(n.input(1))
		switch {
		case n.Type == "Pad":
			pads := g.zeroPads(n)
			if len(pads) != len(total) || slices.Min(pads) < 0 {
				return false
			}
			for i, p := range pads {
				total[i] += p
			}
		case n.Type == "Reshape" && shape != nil && (len(shape) != 5 || shape[1] != 1):
			return false
		case n.Type == "If":
			return false
		}
	}
	return slices.Equal(total, []int64{0, 0, half, 0, 0, 0, 0, half, 0, 0})
}

// zeroPads returns how many zeros a Pad puts around a value of five dimensions, or nil if
// that is not known or it does something else.
func (g *graph) zeroPads(n *Node) []int64 {
	pads, errA := n.Ints("pads", nil)
	mode, errB := n.Text("mode", "constant")
	constant, errC := n.Float("value", 0) // in files of before opset 11
	if errors.Join(errA, errB, errC) != nil || mode != "constant" || constant != 0 || n.input(3) != "" {
		return nil
	}
	if number, ok := g.number(n.input(2)); n.input(2) != "" && (!ok || number != 0) {
		return nil
	}
	if n.input(1) != "" {
		pads = g.integers(n.input(1))
	}
	return pads
}

// behind goes back from a node through operators that only change the shape, to
// one of that operation. What it reads is charged to the budget, for many nodes may
// have the same ones behind them.
func (g *graph) behind(n *Node, operation string) *Node {
	for range maxDepth {
		if n != nil && g.budget.spend(len(n.message)) != nil {
			return nil
		}
		if n == nil || n.Type == operation {
			return n
		}
		name := n.input(0)
		switch n.Type {
		case "Reshape", "Squeeze", "Unsqueeze", "Pad", "Identity":
		case "If": // its branches take values from outside
			name = ""
			err := eachInner(n.message, n.at, 0, func(inner string) {
				if maker := g.makers[inner]; maker != nil && maker.Type == operation {
					name = inner
				}
			})
			if err != nil {
				return nil
			}
		default:
			return nil
		}
		n = g.makers[name]
	}
	return nil
}
