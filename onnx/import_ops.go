package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/deepfry/deepfry/nn"
)

// node makes a layer, a constant or another name for a value of a node.
func (im *importer) node(n *Node) error {
	if im.ours[n] {
		return im.result(n, im.recognised(n))
	}
	if n.Domain == ourDomain && n.Type == ourFunction && im.model.functions[ourDomain+"."+ourFunction] {
		return im.result(n, im.fastfood)
	}
	if n.Domain != "" {
		return errors.New("the operation is not one of ONNX's own")
	}
	if len(n.Outputs) > 0 && (len(n.Inputs) > 0 || n.Type == "Constant") {
		c, err := im.fold(n)
		if err != nil {
			return err
		}
		if c != nil {
			if err := im.budget.spend(32 * len(c.ints)); err != nil {
				return err
			}
			return im.set(n, value{constant: c})
		}
	}
	operation := im.operation(n.Type)
	if operation == nil {
		return errors.New("there is no layer for this operation")
	}
	return im.result(n, operation)
}

func (im *importer) result(n *Node, operation func(*Node) (value, error)) error {
	v, err := operation(n)
	if err != nil {
		return err
	}
	return im.set(n, v)
}

// operation is the one place that lists all operations.
func (im *importer) operation(kind string) func(*Node) (value, error) {
	switch kind {
	case "Conv":
		return im.conv
	case "Gemm", "MatMul":
		return im.linear
	case "BatchNormalization":
		return im.batchNorm
	case "LRN":
		return im.responseNorm
	case "MaxPool":
		return im.maxPool
	case "AveragePool":
		return im.averagePool
	case "GlobalAveragePool":
		return im.simple(nn.GlobalAveragePool{})
	case "ReduceMean":
		return im.reduceMean
	case "Relu":
		return im.simple(nn.ReLU{})
	case "Sigmoid":
		return im.simple(nn.Sigmoid{})
	case "Tanh":
		return im.simple(nn.Tanh{})
	case "Gelu":
		return im.gelu
	case "LeakyRelu":
		return im.leakyReLU
	case "Clip":
		return im.clip
	case "Softmax", "LogSoftmax":
		return im.softmax
	case "Dropout":
		return im.dropout
	case "Add", "Sum", "Sub", "Mul", "Div":
		return im.arithmetic
	case "Concat":
		return im.concat
	case "Flatten":
		return im.flatten
	case "Reshape":
		return im.reshape
	case "Squeeze", "Unsqueeze":
		return im.squeeze
	case "Pad":
		return im.pad
	case "Identity", "Cast":
		return im.identity
	}
	return nil
}

// simple returns an operation on one input without settings.
func (im *importer) simple(op nn.Op) func(*Node) (value, error) {
	return func(n *Node) (value, error) {
		x, err := im.activations(n, 0)
		if err != nil {
			return value{}, err
		}
		return im.add(layerName(n, ""), op, x)
	}
}

// weights returns input i, which must be a constant of so many dimensions.
func (im *importer) weights(n *Node, i, rank int) (*constant, error) {
	v, err := im.value(n, i)
	if err != nil {
		return nil, err
	}
	c := v.constant
	if c == nil || c.floats == nil || len(c.dims) != rank {
		return nil, fmt.Errorf("input %d (%q) is not a constant of %d dimensions", i, n.input(i), rank)
	}
	return c, nil
}

// bias keeps input i of a node, times a factor, as a layer's bias, if there is
// one.
func (im *importer) bias(n *Node, i int, y value, out int, factor float32) error {
	if n.input(i) == "" {
		return nil
	}
	v, err := im.value(n, i)
	if err != nil {
		return err
	}
	values, err := im.channels(v, nn.Shape{out})
	if err != nil {
		return fmt.Errorf("the bias: %w", err)
	}
	for c := range values {
		values[c] *= factor
	}
	im.params[y.layer.name+".bias"] = values
	return nil
}

// channels returns a constant that is broadcast to a batch of samples of the
// given shape as one number for each channel.
func (im *importer) channels(v value, shape nn.Shape) ([]float32, error) {
	c := v.constant
	if c == nil || c.floats == nil {
		return nil, errors.New("it is not a constant of floating-point numbers")
	}
	out := shape[0]
	// Along the other dimensions, and the batch, it must be the same.
	dims := slices.Clone(c.dims)
	for len(dims) < 1+len(shape) {
		dims = append([]int{1}, dims...)
	}
	if size := c.size(); len(dims) != 1+len(shape) || size != 1 && (size != out || dims[1] != out) {
		return nil, fmt.Errorf("dimensions %v are not one number for each of %d channels of %v", c.dims, out, shape)
	}
	if err := im.budget.spend(8 * out); err != nil {
		return nil, err
	}
	values, err := c.floats()
	if err != nil {
		return nil, err
	}
	if len(values) == 1 && out > 1 {
		values = slices.Repeat(values, out)
	}
	return values, nil
}

// linear makes a dense layer of a Gemm or a MatMul.
func (im *importer) linear(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	l, err := im.graph.linear(n)
	if err != nil {
		return value{}, err
	}
	beta, err := n.Float("beta", 1)
	if err != nil {
		return value{}, err
	}
	if len(x.shape) != 1 || x.shape[0] != l.Inputs {
		return value{}, fmt.Errorf("weights for %d inputs do not fit samples of %v: want vectors of as many", l.Inputs, x.shape)
	}
	y, err := im.add(l.Name, nn.Dense{Out: l.Outputs, NoBias: n.input(2) == ""}, x)
	if err != nil {
		return value{}, err
	}
	if err := im.budget.spend(4 * l.Inputs * l.Outputs); err != nil {
		return value{}, err
	}
	l.Name, l.whole = y.layer.name, true
	im.linears[l.Name] = l
	if im.params[l.Name+".weight"], err = l.Weights(); err != nil {
		return value{}, err
	}
	return y, im.bias(n, 2, y, l.Outputs, beta)
}

func (im *importer) batchNorm(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	epsilon, errA := n.Float("epsilon", 1e-5)
	momentum, errB := n.Float("momentum", 0.9)
	spatial, errC := n.Int("spatial", 1)
	if err := errors.Join(errA, errB, errC, im.refuseTraining(n)); err != nil {
		return value{}, err
	}
	if spatial != 1 || !(epsilon > 0) {
		return value{}, fmt.Errorf("spatial %d, epsilon %v: want 1 and a positive number", spatial, epsilon)
	}
	var numbers [4][]float32 // scale, bias, mean and variance
	weight := ""
	for i := range numbers {
		c, err := im.weights(n, 1+i, 1)
		if err != nil {
			return value{}, err
		}
		if i == 0 {
			weight = c.name()
		}
		if numbers[i], err = im.channels(value{constant: c}, nn.Shape{x.shape[0]}); err != nil {
			return value{}, err
		}
	}
	if im.options.FoldBatchNorm {
		scale, shift := affine(numbers, epsilon)
		if im.foldAffine(n, x, scale, shift) {
			return x, nil
		}
	}
	op := nn.BatchNorm{Momentum: float64(1 - momentum), Epsilon: float64(epsilon)}
	y, err := im.add(layerName(n, weight), op, x)
	if err != nil {
		return value{}, err
	}
	for i, part := range []string{".weight", ".bias", ".mean", ".variance"} {
		im.params[y.layer.name+part] = numbers[i]
	}
	return y, nil
}

// affine returns what a normalisation multiplies by and adds, in place of its
// scale, bias, mean and variance.
func affine(numbers [4][]float32, epsilon float32) (scale, shift []float32) {
	scale, shift = slices.Clone(numbers[0]), slices.Clone(numbers[1])
	for c := range scale {
		scale[c] /= float32(math.Sqrt(float64(numbers[3][c]) + float64(epsilon)))
		shift[c] -= scale[c] * numbers[2][c]
	}
	return scale, shift
}

// foldable says whether the layer of x may be changed, and has its channels.
func (x value) foldable() bool {
	return x.sole && x.layer.index >= 0 && x.shape[0] == x.layer.shape[0]
}

// foldAffine has the layer of x, which nothing else takes, multiply its outputs
// by scale and add shift, a number for each channel, of which either may be nil, in
// place of a node. It returns false if that is not a convolution, a dense layer or a
// normalisation over batches.
func (im *importer) foldAffine(n *Node, x value, scale, shift []float32) bool {
	if !x.foldable() {
		return false
	}
	node := &im.description.Nodes[x.layer.index]
	l := im.linears[node.Name]
	if l != nil && !slices.Equal(x.shape, x.layer.shape) {
		return false // what Model.Replace puts in its place has the layer's own shape
	}
	switch op := node.Op.(type) {
	case nn.Conv:
		op.NoBias = op.NoBias && shift == nil
		node.Op = op
	case nn.Dense:
		op.NoBias = op.NoBias && shift == nil
		node.Op = op
	case nn.BatchNorm:
	default:
		return false
	}
	weight, bias := im.params[node.Name+".weight"], im.params[node.Name+".bias"]
	if bias == nil && shift != nil {
		bias = make([]float32, len(shift))
		im.params[node.Name+".bias"] = bias
	}
	for c, s := range scale {
		row := len(weight) / len(scale)
		for i := range row {
			weight[c*row+i] *= s
		}
		if bias != nil {
			bias[c] *= s
		}
	}
	for c, s := range shift {
		bias[c] += s
	}
	if l != nil {
		l.places[0].last = n
	}
	return true
}

func (im *importer) responseNorm(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	size, errA := n.Int("size", 0)
	alpha, errB := n.Float("alpha", 1e-4)
	beta, errC := n.Float("beta", 0.75)
	k, errD := n.Float("bias", 1)
	if err := errors.Join(errA, errB, errC, errD); err != nil {
		return value{}, err
	}
	if size < 1 || size > maxElements || !(alpha > 0) || !(beta > 0) || !(k > 0) {
		return value{}, fmt.Errorf("size %d, alpha %v, beta %v, bias %v: want positive numbers", size, alpha, beta, k)
	}
	// Of 0.0001 as float32 the nearest short decimal is meant.
	return im.add(layerName(n, ""), nn.LocalResponseNorm{Size: int(size), Alpha: decimal(alpha), Beta: decimal(beta), K: decimal(k)}, x)
}

func (im *importer) leakyReLU(n *Node) (value, error) {
	slope, err := n.Float("alpha", 0.01)
	if err != nil {
		return value{}, err
	}
	return im.simple(nn.LeakyReLU{Slope: decimal(slope)})(n)
}

// clip has its bounds as inputs or, in old files, as attributes.
func (im *importer) clip(n *Node) (value, error) {
	low, errA := n.Float("min", -math.MaxFloat32)
	high, errB := n.Float("max", math.MaxFloat32)
	if err := errors.Join(errA, errB); err != nil {
		return value{}, err
	}
	low, errA = im.scalar(n, 1, low)
	high, errB = im.scalar(n, 2, high)
	if err := errors.Join(errA, errB); err != nil {
		return value{}, err
	}
	low, high = max(low, -math.MaxFloat32), min(high, math.MaxFloat32) // infinities can't be stored
	return im.simple(nn.Clip{Min: decimal(low), Max: decimal(high)})(n)
}

func (im *importer) softmax(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	if im.options.Logits && n.Outputs[0] == im.output {
		return x, nil
	}
	old := im.model.Opset[""] < 13 // over all dimensions from the axis on
	axis, err := n.Int("axis", map[bool]int64{true: 1, false: -1}[old])
	if err != nil {
		return value{}, err
	}
	shape := x.shape
	if axis < 0 {
		axis += 1 + int64(len(shape))
	}
	if axis < 1 || axis > int64(len(shape)) || !old && shape[axis:].Size() > 1 {
		return value{}, fmt.Errorf("axis %d of samples of %v: want it over the last one, or over all values of a sample", axis, shape)
	}
	rows, row := shape[:axis-1].Size(), shape[axis-1:].Size()
	if rows > 1 && row != shape[len(shape)-1] {
		x.shape = nn.Shape{rows, row}
	}
	y, err := im.add(layerName(n, ""), nn.SoftmaxLayer{Log: n.Type == "LogSoftmax", LastAxis: rows > 1}, x)
	y.shape = shape
	return y, err
}

func (im *importer) dropout(n *Node) (value, error) {
	ratio, err := n.Float("ratio", 0.5)
	if err != nil {
		return value{}, err
	}
	if ratio, err = im.scalar(n, 1, ratio); err != nil {
		return value{}, err
	}
	if ratio == 0 {
		return im.identity(n)
	}
	if err := im.refuseTraining(n); err != nil {
		return value{}, err
	}
	if !(ratio > 0 && ratio < 1) {
		return im.identity(n)
	}
	return im.simple(nn.Dropout{Rate: decimal(ratio)})(n)
}

// refuseTraining fails for a Dropout or BatchNormalization that does what it does in
// training.
func (im *importer) refuseTraining(n *Node) error {
	training, err := im.trains(n)
	if err == nil && training {
		err = errors.New("it is in training mode: export the model for inference")
	}
	return err
}

func (im *importer) trains(n *Node) (bool, error) {
	switch {
	case im.model.Opset[""] < 7:
		test, err := n.Int("is_test", 0)
		return test == 0, err
	case n.Type == "Dropout":
		if n.input(2) == "" {
			return false, nil
		}
		training, err := im.integers(n, 2)
		return !slices.Equal(training, []int64{0}), err
	}
	training, err := n.Int("training_mode", 0)
	// Before opset 14 the outputs tell: statistics of the batch are made in training.
	more := slices.ContainsFunc(n.Outputs[1:], func(o string) bool { return o != "" })
	return training != 0 || more, err
}

// holdsIntegers tells whether the graph's input holds integers, as images often do.
func holdsIntegers(in Value) (bool, error) {
	switch in.Type {
	case Float, Float16, BFloat16, Double, 0: // or not said
		return false, nil
	case Uint8, Int8, Int32, Int64, Bool:
		return true, nil
	}
	return false, fmt.Errorf("input %q holds %v: that is not supported", in.Name, in.Type)
}

// passesIntegers tells whether a node passes integers on as they are, or makes
// floating-point numbers of them.
func passesIntegers(n *Node) bool {
	switch n.Type {
	case "Cast", "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Shape":
		return true
	}
	return false
}

func (im *importer) identity(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	if n.Type == "Cast" {
		to, err := n.Int("to", 0)
		if err != nil {
			return value{}, err
		}
		if kind := DataType(to); kind != Float && kind != Float16 && kind != Double {
			return value{}, fmt.Errorf("casting to %v is not supported", kind)
		}
		x.integers = false
		if l := im.linears[x.layer.name]; l != nil && DataType(to) != l.weights.kind {
			x.sole = false // what is behind has another type than the layer and can't be a part of it
		}
	}
	return x, nil
}
