package nn

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/internal/cpu"
)

// normalised is a network with batch normalisation of images and vectors.
func normalised() Description {
	return Description{Name: "normalised", Input: Shape{2, 4, 5}, Nodes: []Node{
		{Name: "norm1", Op: BatchNorm{}},
		{Name: "conv1", Op: Conv{Out: 9, Kernel: 3}},
		{Name: "norm2", Op: BatchNorm{Momentum: 0.5, Epsilon: 0.01}},
		{Name: "fc1", Op: Dense{Out: 6}},
		{Name: "norm3", Op: BatchNorm{}},
		{Name: "relu", Op: ReLU{}}, // done by norm3
		{Name: "fc2", Op: Dense{Out: 3}},
	}}
}

// trainingStep runs both passes, of the loss |logits|²/2, and updates the
// statistics.
func trainingStep(w *Workspace, x []float32) {
	y := w.Forward(x)
	copy(w.OutputGrad(), y)
	w.Backward()
	w.UpdateStatistics()
}

// output returns the values of the named layer in the last pass.
func output(w *Workspace, name string) []float32 {
	for i, node := range w.network.nodes {
		if node.Name == name {
			return w.tensors[i+1].Rows(0, w.batch)
		}
	}
	panic("no such layer")
}

// momentsOf computes mean and variance of channel c of samples of channels ×
// pixels.
func momentsOf(x []float32, channels, pixels, c int) (mean, variance float64, n int) {
	var sum, squares float64
	for i, v := range x {
		if i/pixels%channels == c {
			sum += float64(v)
			n++
		}
	}
	mean = sum / float64(n)
	for i, v := range x {
		if i/pixels%channels == c {
			squares += (float64(v) - mean) * (float64(v) - mean)
		}
	}
	return mean, squares / float64(n), n
}

func TestBatchNorm(t *testing.T) {
	n := mustNew(t, normalised())
	n.Param("norm2.weight").Data[4], n.Param("norm2.bias").Data[4] = 3, -2
	w := n.NewWorkspace(8, true)
	x := gaussian(7*40, 1)
	for i := range x {
		x[i] = 100 + 5*x[i]
	}
	trainingStep(w, x)
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-4*(1+math.Abs(want)) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	for c := range 9 {
		mean, variance, values := momentsOf(output(w, "conv1"), 9, 6, c)
		if values != 7*6 {
			t.Fatalf("%d values", values)
		}
		near("running mean", float64(n.Param("norm2.mean").Data[c]), 0.5*mean)
		near("running variance", float64(n.Param("norm2.variance").Data[c]), 0.5+0.5*variance*42/41)
		gotMean, gotVariance, _ := momentsOf(output(w, "norm2"), 9, 6, c)
		weight, bias := float64(n.Param("norm2.weight").Data[c]), float64(n.Param("norm2.bias").Data[c])
		near("mean", gotMean, bias)
		near("variance", gotVariance, weight*weight*variance/(variance+0.01))
	}

	// Without training, and in a frozen layer, it is the running ones that count.
	for _, p := range n.Params() {
		p.Learn = p.Name == "fc2.weight"
	}
	before := slices.Clone(n.Param("norm2.mean").Data)
	frozen, inference := n.NewWorkspace(8, true), n.NewWorkspace(8, false)
	inference.Forward(x)
	trainingStep(frozen, x)
	for i, y := range output(inference, "norm2") {
		c := i / 6 % 9
		at := func(name string) float64 { return float64(n.Param("norm2." + name).Data[c]) }
		v := float64(output(inference, "conv1")[i])
		near("inference", float64(y), (v-at("mean"))/math.Sqrt(at("variance")+0.01)*at("weight")+at("bias"))
	}
	if !slices.Equal(output(frozen, "norm2"), output(inference, "norm2")) {
		t.Error("a frozen layer does not use the running statistics")
	}
	if !slices.Equal(n.Param("norm2.mean").Data, before) {
		t.Error("the statistics of a frozen layer changed")
	}
}

// TestFrozenBatchNormGradient: for fixed statistics the layer is linear.
func TestFrozenBatchNormGradient(t *testing.T) {
	h := newBench(t, operation{op: BatchNorm{Epsilon: 1}, in: []Shape{{2, 2, 2}}}, 3)
	for _, p := range h.layer.Params() {
		p.Learn = false
	}
	clear(h.space.gradients)
	h.plan()
	h.pass.Forward()
	h.pass.Backward()
	l := h.layer.(*batchNorm)
	for i, g := range h.inputs[0].Grad {
		c := i / 4 % 2
		if want := float64(h.output.Grad[i]*l.weight.Data[c]) / math.Sqrt(float64(l.variance.Data[c])+1); math.Abs(float64(g)-want) > 1e-5 {
			t.Errorf("gradient %d: %v, want %v", i, g, want)
		}
	}
}

func TestBatchNormDoesNotDependOnCores(t *testing.T) {
	x := gaussian(21*40, 2)
	var want []float32
	for _, cores := range []int{1, 2, 4} {
		before := runtime.GOMAXPROCS(cores)
		n := mustNew(t, normalised())
		w := n.NewWorkspace(21, true)
		trainingStep(w, x)
		var got []float32
		for _, p := range n.Params() {
			got = append(append(got, p.Data...), w.Gradient(p)...)
		}
		runtime.GOMAXPROCS(before)
		if want == nil {
			want = got
		} else if !slices.Equal(got, want) {
			t.Errorf("%d cores give other bits than one", cores)
		}
		if cores == 2 {
			check.Allocations(t, "a step", 1000, func() { trainingStep(w, x) })
		}
	}
}

// TestStepsOfParts runs a batch in two parts on one workspace: the means' running
// mean is that of the whole batch.
func TestStepsOfParts(t *testing.T) {
	n, parts := mustNew(t, normalised()), mustNew(t, normalised())
	x := gaussian(5*40, 1)
	whole, w := n.NewWorkspace(5, true), parts.NewWorkspace(3, true)
	trainingStep(whole, x)
	sums := map[*Param][]float32{}
	for _, part := range []struct{ first, last int }{{0, 3}, {3, 5}} {
		y := w.Forward(x[part.first*40 : part.last*40])
		copy(w.OutputGrad(), y)
		w.Backward()
		for _, p := range parts.Params() {
			if sums[p] == nil {
				sums[p] = make([]float32, p.Size())
			}
			for i, g := range w.Gradient(p) {
				sums[p][i] += g * float32(part.last-part.first) / 5
			}
		}
	}
	for _, p := range parts.Params() {
		copy(w.Gradient(p), sums[p])
	}
	w.UpdateStatistics()
	for i, got := range parts.Param("norm1.mean").Data {
		if want := n.Param("norm1.mean").Data[i]; math.Abs(float64(got-want)) > 1e-6 || got == 0 {
			t.Errorf("the running mean %d is %v, want %v", i, got, want)
		}
	}
	check.Panics(t, "UpdateStatistics twice", "nn: UpdateStatistics without a Backward", w.UpdateStatistics)
}

// BenchmarkBatchNorm measures planes of several sizes.
func BenchmarkBatchNorm(b *testing.B) {
	for _, in := range []Shape{{16, 28, 28}, {16, 14, 14}, {16, 7, 7}, {16, 3, 3}, {16}} {
		h := newBench(b, operation{op: BatchNorm{}, in: []Shape{in}}, 64)
		for _, version := range cpu.Available() {
			restore := cpu.Use(version)
			b.Run(fmt.Sprintf("%v/forward/%v", in, version), func(b *testing.B) {
				for b.Loop() {
					h.pass.Forward()
				}
			})
			b.Run(fmt.Sprintf("%v/backward/%v", in, version), func(b *testing.B) {
				for b.Loop() {
					h.pass.Backward()
				}
			})
			restore()
		}
	}
}

func TestLeastBatch(t *testing.T) {
	norm := func(input Shape, ops ...Op) *Network {
		d := Description{Name: "least", Input: input}
		for i, op := range ops {
			d.Nodes = append(d.Nodes, Node{Name: string(rune('a' + i)), Op: op})
		}
		return mustNew(t, d)
	}
	for _, c := range []struct {
		n    *Network
		want int
	}{
		{norm(Shape{2, 2, 1}, BatchNorm{}, Dense{Out: 3}), 1}, {norm(Shape{2, 1, 1}, BatchNorm{}), 2}, {norm(Shape{4}, Normalize{}, Dense{Out: 3}), 1},
		{norm(Shape{4}, Dense{Out: 3}, BatchNorm{}, Dense{Out: 2}), 2}, {norm(Shape{2, 4, 4}, BatchNorm{}, GlobalAveragePool{}, BatchNorm{}), 2},
	} {
		if got := c.n.LeastBatch(); got != c.want {
			t.Errorf("%v: %d, want %d", c.n.Description.Nodes, got, c.want)
		}
		for _, p := range c.n.Params() {
			p.Learn = p.Kind == Weight
		}
		if got := c.n.LeastBatch(); got != 1 {
			t.Errorf("%v, frozen: %d, want 1", c.n.Description.Nodes, got)
		}
	}
}
