package nn

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"
)

// operation is a case of the table that drives the tests of all layers.
type operation struct {
	name string
	op   Op
	in   []Shape
	out  Shape
	// want computes the output of one sample by the operation's definition. It
	// is nil where the output depends on the batch.
	want  func(l Layer, in [][]float64) []float64
	step  float64 // of finite differences; 0 where the output is linear in everything
	batch int     // samples, where the number of them matters
}

// samples returns how many samples to take, of which n are enough for most.
func (o *operation) samples(n int) int { return max(o.batch, n) }

var operations = []operation{
	{name: "conv", op: Conv{Out: 3, Kernel: 3}, in: []Shape{{2, 5, 6}}, out: Shape{3, 3, 4}, want: wantConv},
	{name: "conv 1×1", op: Conv{Out: 4, Kernel: 1, NoBias: true}, in: []Shape{{3, 4, 4}}, out: Shape{4, 4, 4}, want: wantConv},
	{name: "conv stride pad", op: Conv{Out: 4, Kernel: 3, Stride: 2, Pad: 1}, in: []Shape{{2, 7, 6}}, out: Shape{4, 4, 3}, want: wantConv},
	{name: "conv groups", op: Conv{Out: 6, Kernel: 3, Pad: 1, Groups: 2}, in: []Shape{{4, 5, 5}}, out: Shape{6, 5, 5}, want: wantConv},
	{name: "conv wide", op: Conv{Out: 5, Kernel: 5}, in: []Shape{{1, 20, 28}}, out: Shape{5, 16, 24}, want: wantConv},
	{name: "conv tiles", op: Conv{Out: 3, Kernel: 3}, in: []Shape{{2, 5, 6}}, out: Shape{3, 3, 4}, want: wantConv, batch: 16},
	{name: "conv tiles stride pad", op: Conv{Out: 4, Kernel: 3, Stride: 2, Pad: 1}, in: []Shape{{2, 7, 6}}, out: Shape{4, 4, 3}, want: wantConv, batch: 19},
	{name: "conv tiles groups", op: Conv{Out: 6, Kernel: 3, Pad: 1, Groups: 2}, in: []Shape{{4, 5, 5}}, out: Shape{6, 5, 5}, want: wantConv, batch: 13},
	{name: "conv tiles bands", op: Conv{Out: 3, Kernel: 3, Pad: 1}, in: []Shape{{3, 5, 40}}, out: Shape{3, 5, 40}, want: wantConv, batch: 17},
	{name: "conv tiles stride beyond kernel", op: Conv{Out: 2, Kernel: 2, Stride: 3}, in: []Shape{{2, 7, 9}}, out: Shape{2, 2, 3}, want: wantConv, batch: 17},
	{name: "conv tiles many channels", op: Conv{Out: 16, Kernel: 5, Pad: 2, NoBias: true}, in: []Shape{{23, 3, 2}}, out: Shape{16, 3, 2}, want: wantConv, batch: 16},
	{name: "maxpool 2×2", op: MaxPool{Kernel: 2, Stride: 2}, in: []Shape{{3, 4, 6}}, out: Shape{3, 2, 3}, want: wantMaxPool, step: 0.2},
	{name: "maxpool overlapping", op: MaxPool{Kernel: 3, Stride: 2}, in: []Shape{{2, 7, 7}}, out: Shape{2, 3, 3}, want: wantMaxPool, step: 0.2},
	{name: "maxpool wide", op: MaxPool{Kernel: 3, Stride: 2, Ceil: true}, in: []Shape{{1, 6, 27}}, out: Shape{1, 3, 13}, want: wantMaxPool, step: 0.2},
	{name: "maxpool floor", op: MaxPool{Kernel: 3, Stride: 2}, in: []Shape{{2, 6, 8}}, out: Shape{2, 2, 3}, want: wantMaxPool, step: 0.2},
	{name: "maxpool ceil", op: MaxPool{Kernel: 3, Stride: 2, Ceil: true}, in: []Shape{{2, 6, 8}}, out: Shape{2, 3, 4}, want: wantMaxPool, step: 0.2},
	{name: "maxpool pad ceil", op: MaxPool{Kernel: 3, Stride: 2, Pad: 1, Ceil: true}, in: []Shape{{1, 6, 6}}, out: Shape{1, 4, 4}, want: wantMaxPool, step: 0.2},
	{name: "maxpool odd", op: MaxPool{Kernel: 2, Stride: 2}, in: []Shape{{1, 5, 5}}, out: Shape{1, 2, 2}, want: wantMaxPool, step: 0.2},
	{name: "maxpool far", op: MaxPool{Kernel: 2, Stride: 1, Pads: [4]int{0, 0, 1, 1}}, in: []Shape{{2, 4, 5}}, out: Shape{2, 4, 5}, want: wantMaxPool, step: 0.2},
	{name: "maxpool near", op: MaxPool{Kernel: 2, Stride: 2, Pads: [4]int{1, 1, 0, 0}}, in: []Shape{{2, 6, 4}}, out: Shape{2, 3, 2}, want: wantMaxPool, step: 0.2},
	{name: "averagepool", op: AveragePool{Kernel: 3, Stride: 2, Ceil: true}, in: []Shape{{2, 6, 6}}, out: Shape{2, 3, 3}, want: wantAveragePool},
	{name: "averagepool pad", op: AveragePool{Kernel: 3, Stride: 2, Pad: 1, Ceil: true}, in: []Shape{{1, 6, 6}}, out: Shape{1, 4, 4}, want: wantAveragePool},
	{name: "averagepool exclude pad", op: AveragePool{Kernel: 3, Stride: 2, Pad: 1, Ceil: true, ExcludePad: true}, in: []Shape{{1, 6, 6}}, out: Shape{1, 4, 4}, want: wantAverageInside},
	{name: "averagepool far", op: AveragePool{Kernel: 3, Stride: 2, Pads: [4]int{0, 1, 1, 2}}, in: []Shape{{2, 6, 6}}, out: Shape{2, 3, 4}, want: wantAverageFar},
	{name: "averagepool far exclude pad", op: AveragePool{Kernel: 2, Stride: 1, Pads: [4]int{0, 0, 1, 1}, ExcludePad: true}, in: []Shape{{1, 4, 5}}, out: Shape{1, 4, 5}, want: wantAverageInside},
	{name: "globalaveragepool", op: GlobalAveragePool{}, in: []Shape{{3, 4, 5}}, out: Shape{3, 1, 1}, want: wantGlobalAverage},
	{name: "dense", op: Dense{Out: 7}, in: []Shape{{2, 3, 3}}, out: Shape{7}, want: wantDense},
	{name: "dense large", op: Dense{Out: 300, NoBias: true}, in: []Shape{{40}}, out: Shape{300}, want: wantDense},
	{name: "fastfood", op: Fastfood{Out: 21, Learn: "SGB"}, in: []Shape{{2, 3, 1}}, out: Shape{21}, want: wantFastfood},
	{name: "fastfood S", op: Fastfood{Out: 5, Learn: "S", NoBias: true}, in: []Shape{{8}}, out: Shape{5}, want: wantFastfood},
	{name: "fastfood fixed", op: Fastfood{Out: 16}, in: []Shape{{8}}, out: Shape{16}, want: wantFastfood},
	{name: "fastfood mixed", op: Fastfood{Out: 29, Learn: "SGB", Padding: "mixed"}, in: []Shape{{2, 5, 1}}, out: Shape{29}, want: wantFastfood},
	{name: "fastfood groups", op: Fastfood{Out: 21, Learn: "SGB", Group: 4}, in: []Shape{{2, 3, 1}}, out: Shape{21}, want: wantFastfood},
	{name: "fastfood groups G", op: Fastfood{Out: 9, Learn: "G", Group: 2, Padding: "mixed"}, in: []Shape{{10}}, out: Shape{9}, want: wantFastfood},
	{name: "monarch", op: Monarch{Out: 12, Blocks: 3}, in: []Shape{{3, 3, 1}}, out: Shape{12}, want: wantMonarch},
	{name: "monarch ragged", op: Monarch{Out: 14, Blocks: 4, NoBias: true}, in: []Shape{{11}}, out: Shape{14}, want: wantMonarch, batch: 37},
	{name: "monarch one block", op: Monarch{Out: 5, Blocks: 1}, in: []Shape{{8}}, out: Shape{5}, want: wantMonarch},
	{name: "relu", op: ReLU{}, in: []Shape{{2, 3}}, out: Shape{2, 3}, want: each(func(x float64) float64 { return max(x, 0) }), step: 0.2},
	{name: "leakyrelu", op: LeakyReLU{Slope: 0.1}, in: []Shape{{2, 3}}, out: Shape{2, 3}, want: each(func(x float64) float64 { return max(x, 0) + 0.1*min(x, 0) }), step: 0.2},
	{name: "clip", op: Clip{Min: -2, Max: 2}, in: []Shape{{4, 5}}, out: Shape{4, 5}, want: each(func(x float64) float64 { return min(max(x, -2), 2) }), step: 0.2},
	{name: "sigmoid", op: Sigmoid{}, in: []Shape{{5}}, out: Shape{5}, want: each(func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }), step: 1e-2},
	{name: "tanh", op: Tanh{}, in: []Shape{{5}}, out: Shape{5}, want: each(math.Tanh), step: 1e-2},
	{name: "gelu", op: GELU{}, in: []Shape{{2, 9}}, out: Shape{2, 9}, want: each(func(x float64) float64 { return x / 2 * (1 + math.Erf(x/math.Sqrt2)) }), step: 1e-2},
	{name: "gelu tanh", op: GELU{Tanh: true}, in: []Shape{{2, 9}}, out: Shape{2, 9}, want: each(wantGELUTanh), step: 1e-2},
	{name: "softmax", op: SoftmaxLayer{}, in: []Shape{{6}}, out: Shape{6}, want: wantSoftmax, step: 1e-2},
	{name: "log softmax", op: SoftmaxLayer{Log: true}, in: []Shape{{6}}, out: Shape{6}, want: wantLogSoftmax, step: 1e-2},
	{name: "softmax rows", op: SoftmaxLayer{LastAxis: true}, in: []Shape{{2, 1, 3}}, out: Shape{2, 1, 3}, want: wantSoftmaxOfThree, step: 1e-2},
	{name: "log softmax rows", op: SoftmaxLayer{Log: true, LastAxis: true}, in: []Shape{{4, 3}}, out: Shape{4, 3}, want: wantLogSoftmaxOfThree, step: 1e-2},
	{name: "reshape", op: Reshape{Shape: Shape{3, 2, 2}}, in: []Shape{{12}}, out: Shape{3, 2, 2}, want: each(func(x float64) float64 { return x })},
	{name: "cos", op: Cos{}, in: []Shape{{5}}, out: Shape{5}, want: each(func(x float64) float64 { return math.Sqrt2 * math.Cos(x) }), step: 1e-2},
	{name: "cossin", op: CosSin{}, in: []Shape{{5}}, out: Shape{10}, want: wantCosSin, step: 1e-2},
	{name: "localresponsenorm", op: LocalResponseNorm{Alpha: 0.5}, in: []Shape{{7, 3, 5}}, out: Shape{7, 3, 5}, want: wantResponseNorm, step: 1e-2},
	{name: "localresponsenorm few channels", op: LocalResponseNorm{Size: 7, Alpha: 2, K: 0.5}, in: []Shape{{2, 3, 3}}, out: Shape{2, 3, 3}, want: wantResponseNorm, step: 1e-2},
	{name: "localresponsenorm beta", op: LocalResponseNorm{Size: 3, Alpha: 0.8, Beta: 0.5, K: 2}, in: []Shape{{5, 3, 4}}, out: Shape{5, 3, 4}, want: wantResponseNorm, step: 1e-2},
	{name: "localresponsenorm alone", op: LocalResponseNorm{Size: 1}, in: []Shape{{3, 2, 2}}, out: Shape{3, 2, 2}, want: wantResponseNorm, step: 1e-2},
	{name: "normalize image", op: Normalize{}, in: []Shape{{3, 2, 3}}, out: Shape{3, 2, 3}, want: wantNormalize},
	{name: "normalize vector", op: Normalize{}, in: []Shape{{7}}, out: Shape{7}, want: wantNormalize},
	{name: "normalize per value", op: Normalize{PerValue: true}, in: []Shape{{3, 2, 3}}, out: Shape{3, 2, 3}, want: wantNormalize},
	{name: "batchnorm image", op: BatchNorm{}, in: []Shape{{3, 2, 3}}, out: Shape{3, 2, 3}, step: 1e-2},
	{name: "batchnorm vector", op: BatchNorm{Epsilon: 0.1}, in: []Shape{{7}}, out: Shape{7}, step: 1e-2},
	{name: "dropout 0", op: Dropout{}, in: []Shape{{6}}, out: Shape{6}, want: each(func(x float64) float64 { return x })},
	{name: "add", op: Add{}, in: []Shape{{2, 2}, {2, 2}, {2, 2}}, out: Shape{2, 2}, want: wantAdd},
	{name: "concat", op: Concat{}, in: []Shape{{2, 3, 3}, {1, 3, 3}}, out: Shape{3, 3, 3}, want: func(_ Layer, in [][]float64) []float64 { return slices.Concat(in...) }},
}

// bench is a layer between hand-made tensors.
type bench struct {
	layer  Layer
	inputs []*Tensor
	output *Tensor
	pass   Pass
	space  *Workspace
	batch  int
}

// newBench builds an operation with random parameters and inputs. The values
// of the inputs are distinct by at least 0.5 and at least 0.25 from zero, so
// that finite differences do not cross a kink.
func newBench(t testing.TB, o operation, batch int) *bench {
	layer, err := o.op.Build("layer", o.in)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range layer.Params() {
		p.allocate()
	}
	layer.Init(3)
	source := rand.New(rand.NewPCG(1, 2))
	gradients := map[*Param][]float32{}
	for _, p := range layer.Params() {
		for i := range p.Data {
			switch p.Kind {
			case Bias, Scale:
				p.Data[i] = source.Float32()
			case Statistic: // a variance or a deviation
				p.Data[i] = 0.5 + source.Float32()
			}
		}
		if p.Learn {
			gradients[p] = make([]float32, len(p.Data))
		}
	}
	h := &bench{layer: layer, batch: batch, space: &Workspace{batch: batch, gradients: gradients}}
	for _, shape := range o.in {
		n := batch * shape.Size()
		x := &Tensor{Size: shape.Size(), Value: make([]float32, n), Grad: make([]float32, n)}
		for i, rank := range source.Perm(n) {
			x.Value[i] = (float32(rank) - float32(n/2) + 0.5) / 2
			if o.step == 0 || o.step < 0.1 {
				x.Value[i] /= float32(n) / 8
			}
			x.Grad[i] = 99 // to be overwritten
		}
		h.inputs = append(h.inputs, x)
	}
	size := layer.OutShape().Size()
	h.output = &Tensor{Size: size, Value: make([]float32, batch*size), Grad: make([]float32, batch*size)}
	for i := range h.output.Grad {
		h.output.Grad[i] = float32(source.NormFloat64())
	}
	h.plan()
	return h
}

func (h *bench) plan() {
	h.pass = h.layer.Plan(&Binding{X: h.inputs, Y: h.output, MaxBatch: h.batch, Training: true, Workers: runtime.GOMAXPROCS(0), workspace: h.space})
}

func TestOutputShapes(t *testing.T) {
	for _, o := range operations {
		layer, err := o.op.Build("layer", o.in)
		if err != nil {
			t.Errorf("%s: %v", o.name, err)
		} else if !slices.Equal(layer.OutShape(), o.out) {
			t.Errorf("%s: output %v, want %v", o.name, layer.OutShape(), o.out)
		}
	}
}

func TestOperationsSurviveJSON(t *testing.T) {
	for _, o := range operations {
		stored, err := json.Marshal(Node{Name: "layer", Op: o.op})
		var back Node
		if err == nil {
			err = json.Unmarshal(stored, &back)
		}
		if err != nil || !reflect.DeepEqual(back.Op, o.op) {
			t.Errorf("%s: %+v became %+v (%v)", o.name, o.op, back.Op, err)
		}
	}
}

func TestForwardEqualsDefinition(t *testing.T) {
	for _, o := range operations {
		if o.want == nil {
			continue
		}
		h := newBench(t, o, o.samples(5))
		h.pass.Forward()
		for i := range h.batch {
			var in [][]float64
			for _, x := range h.inputs {
				row := make([]float64, x.Size)
				for j, v := range x.Row(i) {
					row[j] = float64(v)
				}
				in = append(in, row)
			}
			want := o.want(h.layer, in)
			for j, got := range h.output.Row(i) {
				if math.Abs(float64(got)-want[j]) > 1e-4*(1+math.Abs(want[j])) {
					t.Fatalf("%s: sample %d, output %d: got %v, want %v", o.name, i, j, got, want[j])
				}
			}
		}
	}
}

// TestGradients compares every gradient with central differences of the loss
// Σ weight ⊙ y, summed in float64.
func TestGradients(t *testing.T) {
	for _, o := range operations {
		h := newBench(t, o, o.samples(5))
		loss := func() float64 {
			h.pass.Forward()
			var total float64
			for i, y := range h.output.Value {
				total += float64(h.output.Grad[i]) * float64(y)
			}
			return total
		}
		step := o.step
		if step == 0 {
			step = 0.5
		}
		loss()
		h.pass.Backward()
		check := func(name string, values, gradient []float32) {
			for i := 0; i < len(values); i += 1 + len(values)/200 {
				before := values[i]
				values[i] = before + float32(step)
				up, upAt := loss(), values[i]
				values[i] = before - float32(step)
				down, downAt := loss(), values[i]
				values[i] = before
				want := (up - down) / (float64(upAt) - float64(downAt))
				if math.Abs(float64(gradient[i])-want) > 2e-3*(1+math.Abs(want)) {
					t.Fatalf("%s: gradient of %s[%d] is %v, want %v", o.name, name, i, gradient[i], want)
				}
			}
		}
		for k, x := range h.inputs {
			check(fmt.Sprintf("input %d", k), x.Value, x.Grad)
		}
		for _, p := range h.layer.Params() {
			if p.Learn {
				check(p.Name, p.Data, h.space.gradients[p])
			}
		}
	}
}

func TestParameterGradientsAreOverwritten(t *testing.T) {
	for _, o := range operations {
		h := newBench(t, o, o.samples(3))
		h.pass.Forward()
		h.pass.Backward()
		once := map[*Param][]float32{}
		for p, g := range h.space.gradients {
			once[p] = slices.Clone(g)
		}
		h.pass.Backward()
		for p, g := range h.space.gradients {
			if !slices.Equal(g, once[p]) {
				t.Fatalf("%s: the gradient of %s was not overwritten", o.name, p.Name)
			}
		}
	}
}

// TestGradientsThatAreNotWanted leaves out the gradient of each input, and of
// all parameters, in turn: the others stay the same.
func TestGradientsThatAreNotWanted(t *testing.T) {
	for _, o := range operations {
		want := newBench(t, o, o.samples(3))
		want.pass.Forward()
		want.pass.Backward()
		for leftOut := range len(want.inputs) + 1 {
			h := newBench(t, o, o.samples(3))
			if leftOut < len(h.inputs) {
				h.inputs[leftOut].Grad = nil
			} else {
				clear(h.space.gradients)
			}
			h.plan()
			h.pass.Forward()
			if h.pass.Backward == nil {
				continue // nothing is left to do
			}
			h.pass.Backward()
			for i, x := range h.inputs {
				if x.Grad != nil && !slices.Equal(x.Grad, want.inputs[i].Grad) {
					t.Errorf("%s: the gradient of input %d changes when another is left out", o.name, i)
				}
			}
			for i, p := range h.layer.Params() {
				if g := h.space.gradients[p]; g != nil && !slices.Equal(g, want.space.gradients[want.layer.Params()[i]]) {
					t.Errorf("%s: the gradient of %s changes when another is left out", o.name, p.Name)
				}
			}
		}
	}
}

func TestBuildErrors(t *testing.T) {
	image, vector := []Shape{{2, 5, 5}}, []Shape{{10}}
	for _, c := range []struct {
		op Op
		in []Shape
	}{
		{Conv{Out: 3, Kernel: 6}, image}, {Conv{Out: 3, Kernel: 0}, image}, {Conv{Out: 0, Kernel: 3}, image},
		{Conv{Out: 3, Kernel: 3, Groups: 2}, image}, {Conv{Out: 3, Kernel: 3, Pad: -1}, image}, {Conv{Out: 3, Kernel: 3}, vector},
		{Conv{Out: 1 << 40, Kernel: 3}, image}, {Conv{Out: 3, Kernel: 3}, append(image, image...)},
		{MaxPool{Kernel: 2, Stride: 0}, image}, {MaxPool{Kernel: 2, Stride: 2, Pad: 2}, image}, {MaxPool{Kernel: 2, Stride: 2}, vector},
		{MaxPool{Kernel: 2, Stride: 2, Pads: [4]int{0, 0, 0, 2}}, image}, {AveragePool{Kernel: 3, Stride: 2, Pad: 1, Pads: [4]int{0, 0, 1, 1}}, image},
		{AveragePool{Kernel: 9, Stride: 1}, image}, {GlobalAveragePool{}, vector},
		{Dense{Out: 0}, vector}, {Dense{Out: 1 << 40}, vector}, {Dense{Out: 1}, nil},
		{Fastfood{Out: 4, Gain: -1}, vector}, {Dense{Out: 4, Gain: math.Inf(1)}, vector}, {Conv{Out: 3, Kernel: 3, Gain: math.NaN()}, image},
		{Conv{Out: 3, Kernel: 3, Stride: -3}, image}, {Conv{Out: 3, Kernel: 3, Groups: -1}, image}, {Fastfood{Out: 4, Phase: true, NoBias: true}, vector},
		{MaxPool{Kernel: math.MaxInt - 4, Stride: 1 << 62, Pad: math.MaxInt - 5, Ceil: true}, image},
		{Conv{Out: 1, Kernel: 1024, Pad: 1023}, []Shape{{1, 1, 1 << 17}}},
		{Fastfood{Out: 0}, vector}, {Fastfood{Out: 4, Learn: "SX"}, vector}, {Fastfood{Out: 1 << 40}, vector}, {Fastfood{Out: 4, Padding: "power"}, vector}, {Fastfood{Out: 4, Group: 1}, vector}, {Fastfood{Out: 4, Group: 3}, vector}, {Fastfood{Out: 4, Group: 8, Padding: "mixed"}, vector},
		{Monarch{Out: 10}, vector}, {Monarch{Out: 10, Blocks: 11}, vector}, {Monarch{Out: 9, Blocks: 4}, vector}, {Monarch{Out: 0, Blocks: 1}, vector}, {Monarch{Out: 10, Blocks: 2, Gain: -1}, vector}, {Monarch{Out: 1 << 40, Blocks: 2}, vector}, {Monarch{Out: 10, Blocks: 2}, nil},
		{Dropout{Rate: 1}, vector}, {Dropout{Rate: -0.1}, vector}, {Dropout{Rate: math.NaN()}, vector},
		{LocalResponseNorm{}, vector}, {LocalResponseNorm{Size: 4}, image}, {LocalResponseNorm{Size: -3}, image},
		{LocalResponseNorm{Alpha: -1}, image}, {LocalResponseNorm{K: math.NaN()}, image}, {LocalResponseNorm{Beta: 1e300}, image},
		{BatchNorm{}, []Shape{{2, 3}}}, {BatchNorm{}, nil}, {BatchNorm{Momentum: 1.1}, vector}, {BatchNorm{Momentum: math.NaN()}, vector}, {BatchNorm{Epsilon: -1}, vector},
		{LeakyReLU{Slope: math.NaN()}, vector}, {Clip{Min: 1, Max: 1}, vector}, {Clip{}, nil}, {Sigmoid{}, nil}, {Tanh{}, nil}, {GELU{}, nil}, {GELU{Tanh: true}, nil}, {Normalize{}, nil}, {Normalize{}, append(image, image...)}, {SoftmaxLayer{}, nil},
		{Reshape{Shape: Shape{3, 4}}, vector}, {Reshape{}, vector}, {Reshape{Shape: Shape{-2, -5}}, vector}, {Reshape{Shape: Shape{10}}, nil},
		{ReLU{}, nil}, {Cos{}, nil}, {CosSin{}, nil},
		{Add{}, vector}, {Add{}, []Shape{{10}, {11}}}, {Concat{}, vector}, {Concat{}, []Shape{{1, 2, 2}, {1, 2, 3}}},
	} {
		if _, err := c.op.Build("layer", c.in); err == nil {
			t.Errorf("%T%+v on %v: no error", c.op, c.op, c.in)
		}
	}
}

func TestMaxPoolShowsNaN(t *testing.T) {
	nan := float32(math.NaN())
	for _, op := range []Op{MaxPool{Kernel: 2, Stride: 2}, MaxPool{Kernel: 2, Stride: 1}} {
		for at := range 4 {
			h := newBench(t, operation{op: op, in: []Shape{{1, 2, 2}}}, 1)
			h.inputs[0].Value[at] = nan
			h.pass.Forward()
			if y := h.output.Value[0]; y == y {
				t.Errorf("%+v: NaN at pixel %d gives %v", op, at, y)
			}
		}
	}
}

func TestDropout(t *testing.T) {
	h := newBench(t, operation{op: Dropout{Rate: 0.4}, in: []Shape{{1000}}}, 4)
	for i := range h.inputs[0].Value {
		h.inputs[0].Value[i] = 1
	}
	run := func(s Stream) []float32 {
		h.space.stream = s
		h.pass.Forward()
		return slices.Clone(h.output.Value)
	}
	y := run(Stream{Seed: 1, Epoch: 2, Samples: []int{5, 6, 7, 8}})
	kept := 0
	for _, v := range y {
		if v != 0 {
			kept++
			if math.Abs(float64(v)-1/0.6) > 1e-4 {
				t.Fatalf("a kept value became %v, want 1/0.6", v)
			}
		}
	}
	// 4,000 values kept with probability 0.6: standard deviation 31.
	if math.Abs(float64(kept)-2400) > 4*31 {
		t.Errorf("%d of 4000 values were kept, want about 2400", kept)
	}
	// The mask goes with the sample, wherever it is in the batch.
	moved := run(Stream{Seed: 1, Epoch: 2, Samples: []int{6, 5, 8, 7}})
	if !slices.Equal(moved[:1000], y[1000:2000]) || !slices.Equal(moved[3000:], y[2000:3000]) {
		t.Error("a sample's mask depends on its place in the batch")
	}
	for _, s := range []Stream{{2, 2, []int{5, 6, 7, 8}}, {1, 3, []int{5, 6, 7, 8}}, {1, 2, []int{1, 2, 3, 4}}} {
		if slices.Equal(run(s), y) {
			t.Errorf("stream %v gives the same mask", s)
		}
	}
	run(Stream{Seed: 1, Epoch: 2, Samples: []int{5, 6, 7, 8}})
	for i := range h.output.Grad {
		h.output.Grad[i] = 1
	}
	h.pass.Backward()
	if !slices.Equal(h.inputs[0].Grad, y) {
		t.Error("the gradient has another mask than the values")
	}
}
