package nn

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
)

// residual is a network with a fork, joins and every kind of parameter.
func residual() Description {
	return Description{Name: "residual", Input: Shape{2, 6, 6}, Nodes: []Node{
		{Name: "conv1", Op: Conv{Out: 3, Kernel: 3, Pad: 1}},
		{Name: "relu1", Op: ReLU{}},
		{Name: "conv2", Op: Conv{Out: 3, Kernel: 3, Pad: 1}},
		{Name: "sum", Op: Add{}, From: []string{"relu1", "conv2"}},
		{Name: "conv3", Op: Conv{Out: 2, Kernel: 1}, From: []string{"relu1"}},
		{Name: "both", Op: Concat{}, From: []string{"sum", "conv3", "input"}},
		{Name: "pool", Op: MaxPool{Kernel: 2, Stride: 2}},
		{Name: "fc1", Op: Fastfood{Out: 40, Learn: "SGB"}},
		{Name: "cos", Op: Cos{}},
		{Name: "monarch", Op: Monarch{Out: 23, Blocks: 4}},
		{Name: "fc2", Op: Dense{Out: 4}},
	}}
}

func mustNew(t testing.TB, d Description) *Network {
	t.Helper()
	n, err := New(d, 5)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func gaussian(n int, seed uint64) []float32 {
	source := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(source.NormFloat64())
	}
	return x
}

// TestNetworkGradients compares the gradients of a network with a fork and
// joins with central differences of its loss.
func TestNetworkGradients(t *testing.T) {
	n := mustNew(t, residual())
	const batch = 5
	w := n.NewWorkspace(batch+2, true)
	x, labels := gaussian(batch*72, 1), []int32{0, 3, 1, 2, 2}
	loss := SoftmaxCrossEntropy{Smoothing: 0.1}
	evaluate := func() float64 {
		total, _ := loss.Evaluate(nil, w.Forward(x), labels, 4)
		return total / batch
	}
	logits := w.Forward(x)
	loss.Evaluate(w.OutputGrad(), logits, labels, 4)
	w.Backward()
	for _, p := range n.Params() {
		gradient := w.Gradient(p)
		if p.Kind == Permutation {
			if gradient != nil {
				t.Errorf("%s has a gradient", p.Name)
			}
			continue
		}
		var worst, scale float64
		for i := range p.Data {
			const step = 2e-3
			before := p.Data[i]
			p.Data[i] = before + step
			up := evaluate()
			p.Data[i] = before - step
			down := evaluate()
			p.Data[i] = before
			want := (up - down) / (2 * step)
			worst = max(worst, math.Abs(float64(gradient[i])-want))
			scale = max(scale, math.Abs(want))
		}
		// The loss is rounded to about 1e-7, which the step divides.
		if worst > 2e-4+0.02*scale {
			t.Errorf("%s: a gradient is off by %.2g, the largest is %.2g", p.Name, worst, scale)
		}
	}
}

func TestNetworkDoesNotDependOnCoresOrBatch(t *testing.T) {
	n := mustNew(t, residual())
	x := gaussian(21*72, 2)
	run := func(cores int) (logits, gradients []float32) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		w := n.NewWorkspace(21, true)
		logits = slices.Clone(w.Forward(x))
		copy(w.OutputGrad(), logits)
		w.Backward()
		for _, p := range n.Params() {
			gradients = append(gradients, w.Gradient(p)...)
		}
		return logits, gradients
	}
	wantLogits, wantGradients := run(1)
	for _, cores := range []int{2, 4} {
		logits, gradients := run(cores)
		if !slices.Equal(logits, wantLogits) || !slices.Equal(gradients, wantGradients) {
			t.Errorf("%d cores give other bits than one", cores)
		}
	}
	single := n.NewWorkspace(1, false)
	for i := range 21 {
		got := single.Forward(x[i*72 : (i+1)*72])
		for j, v := range got {
			if math.Abs(float64(v-wantLogits[i*4+j])) > 1e-5 {
				t.Fatalf("sample %d alone gives %v, in a batch %v", i, got, wantLogits[i*4:][:4])
			}
		}
	}
}

// TestWorkspacesForget runs a batch of NaNs before another, smaller one: nothing of
// it is left in the memory that a workspace uses again.
func TestWorkspacesForget(t *testing.T) {
	pooled := Description{Name: "pooled", Input: Shape{3, 9, 40}, Nodes: []Node{
		{Name: "conv1", Op: Conv{Out: 4, Kernel: 3, Pad: 1}}, {Name: "relu1", Op: ReLU{}},
		{Name: "norm1", Op: LocalResponseNorm{}}, {Name: "pool1", Op: MaxPool{Kernel: 3, Stride: 2, Ceil: true}},
		{Name: "conv2", Op: Conv{Out: 6, Kernel: 5, Pad: 2, Groups: 2}}, {Name: "pool2", Op: AveragePool{Kernel: 2, Stride: 2}},
		{Name: "fc1", Op: Fastfood{Out: 100, Learn: "SGB", Padding: "mixed"}}, {Name: "features", Op: CosSin{}},
		{Name: "dropout", Op: Dropout{Rate: 0.5}}, {Name: "monarch", Op: Monarch{Out: 90, Blocks: 8}}, {Name: "fc2", Op: Dense{Out: 300}}, {Name: "relu2", Op: ReLU{}},
	}}
	for _, d := range append(convolutions(), residual(), normalised(), pooled) {
		n := mustNew(t, d)
		for _, batch := range []int{1, 2, 5, 11, 14, 19} {
			want, wantGradients := passes(n, n.NewWorkspace(20, true), batch)
			w := n.NewWorkspace(20, true)
			x := slices.Repeat([]float32{float32(math.NaN())}, 20*d.Input.Size())
			y := w.Forward(x)
			copy(w.OutputGrad(), y)
			w.Backward()
			got, gradients := passes(n, w, batch)
			if !slices.Equal(got, want) || !slices.Equal(gradients, wantGradients) {
				t.Errorf("%s, %v: a batch of %d depends on what ran before", d.Name, d.Nodes[1].Op, batch)
			}
		}
	}
}

func TestPassesAllocateNothing(t *testing.T) {
	n := mustNew(t, residual())
	x := gaussian(8*72, 2)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2)) // a workspace asks once
	w := n.NewWorkspace(8, true)
	check.Allocations(t, "a step", 1000, func() {
		y := w.Forward(x)
		copy(w.OutputGrad(), y)
		w.Backward()
	})
}

func TestFrozenLayersGetNoGradient(t *testing.T) {
	n := mustNew(t, residual())
	for _, p := range n.Params() {
		p.Learn = strings.HasPrefix(p.Name, "fc2")
	}
	w := n.NewWorkspace(3, true)
	w.Forward(gaussian(3*72, 1))
	copy(w.OutputGrad(), gaussian(12, 3))
	w.Backward()
	free := mustNew(t, residual())
	v := free.NewWorkspace(3, true)
	v.Forward(gaussian(3*72, 1))
	copy(v.OutputGrad(), gaussian(12, 3))
	v.Backward()
	for _, p := range n.Params() {
		if g := w.Gradient(p); p.Learn && !slices.Equal(g, v.Gradient(free.Param(p.Name))) || !p.Learn && g != nil {
			t.Errorf("the gradient of %s (learns: %v) is %v", p.Name, p.Learn, g)
		}
	}
}

func TestInitialisationIsKeyed(t *testing.T) {
	a, b := mustNew(t, residual()), mustNew(t, residual())
	other, err := New(residual(), 6)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range a.Params() {
		if !slices.Equal(p.Data, b.Params()[i].Data) || !slices.Equal(p.Indices, b.Params()[i].Indices) {
			t.Errorf("%s differs for one seed", p.Name)
		}
		if p.Kind != Bias && slices.Equal(p.Data, other.Params()[i].Data) && slices.Equal(p.Indices, other.Params()[i].Indices) {
			t.Errorf("%s is the same for two seeds", p.Name)
		}
	}
}

func TestDescriptionSurvivesJSON(t *testing.T) {
	d := residual()
	d.Nodes = append(d.Nodes, Node{Name: "d", Op: Dropout{Rate: 0.5}}, Node{Name: "cs", Op: CosSin{}},
		Node{Name: "c", Op: Conv{Out: 4, Kernel: 3, Stride: 2, Pad: 1, Groups: 2, NoBias: true, Gain: 1.5}},
		Node{Name: "a", Op: AveragePool{Kernel: 3, Stride: 2, Ceil: true}}, Node{Name: "g", Op: GlobalAveragePool{}},
		Node{Name: "f", Op: Fastfood{Out: 7, Gain: 2, Phase: true}},
		Node{Name: "m", Op: Fastfood{Out: 7, Padding: "mixed"}},
		Node{Name: "gr", Op: Fastfood{Out: 16, Learn: "G", Group: 8}},
		Node{Name: "mo", Op: Monarch{Out: 12, Blocks: 3, Gain: 1.5}},
		Node{Name: "b", Op: BatchNorm{Momentum: 0.2, Epsilon: 1e-3}},
		Node{Name: "z", Op: Normalize{PerValue: true}}, Node{Name: "u", Op: GELU{Tanh: true}},
		Node{Name: "l", Op: LocalResponseNorm{Size: 3, Alpha: 0.1, Beta: 0.5, K: 2}})
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var back Description
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, d) {
		t.Errorf("got %+v, want %+v", back, d)
	}
	if text, err := json.Marshal(Fastfood{Out: 3}); string(text) != `{"out":3}` || err != nil {
		t.Errorf("defaults are stored: %s, %v", text, err)
	}
	for _, bad := range []string{
		`{"nodes":[{"name":"x","kind":"lstm"}]}`,
		`{"nodes":[{"name":"x","kind":"dense","config":{"out":3,"sparsity":2}}]}`,
		`{"nodes":[{"name":"x","kind":"dense","config":{"out":"3"}}]}`,
		`{"nodes":[7]}`,
		`{"nodes":[],"precision":"bfloat16"}`,
	} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestNetworkErrors(t *testing.T) {
	dense := func(out int) Op { return Dense{Out: out} }
	for name, c := range map[string]struct {
		input Shape
		nodes []Node
		want  string // part of the error
	}{
		"no layers":       {Shape{4}, nil, "no layers"},
		"no input":        {nil, []Node{{Name: "a", Op: dense(2)}}, "input"},
		"negative input":  {Shape{-1, 3}, []Node{{Name: "a", Op: dense(2)}}, "-1"},
		"huge input":      {Shape{1 << 20, 1 << 20}, []Node{{Name: "a", Op: dense(2)}}, "at most"},
		"two of a name":   {Shape{4}, []Node{{Name: "a", Op: dense(2)}, {Name: "a", Op: dense(2)}}, `"a"`},
		"named input":     {Shape{4}, []Node{{Name: "input", Op: dense(2)}}, `"input"`},
		"no operation":    {Shape{4}, []Node{{Name: "a"}}, "node a: want an operation"},
		"unknown source":  {Shape{4}, []Node{{Name: "a", Op: dense(2), From: []string{"b"}}}, `"b"`},
		"unused":          {Shape{4}, []Node{{Name: "a", Op: dense(2)}, {Name: "b", Op: dense(2), From: []string{"input"}}}, "layer a"},
		"shapes mismatch": {Shape{4}, []Node{{Name: "a", Op: dense(2)}, {Name: "b", Op: dense(3), From: []string{"input"}}, {Name: "c", Op: Add{}, From: []string{"a", "b"}}}, "layer c (add) after a (output 2) and b (output 3)"},
		"does not fit":    {Shape{1, 4, 4}, []Node{{Name: "conv1", Op: Conv{Out: 2, Kernel: 3}}, {Name: "conv2", Op: Conv{Out: 2, Kernel: 5}}}, "layer conv2 (conv) after conv1 (output 2×2×2)"},
	} {
		_, err := New(Description{Name: "net", Input: c.input, Nodes: c.nodes}, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that contains %q", name, err, c.want)
		}
	}
}

func TestRestoreChecksParameters(t *testing.T) {
	d := residual()
	original := mustNew(t, d)
	fill := func(p *Param) error {
		from := original.Param(p.Name)
		p.Data, p.Indices = from.Data, from.Indices
		return nil
	}
	restored, err := Restore(d, fill)
	if err != nil {
		t.Fatal(err)
	}
	x := gaussian(72, 1)
	if !slices.Equal(restored.NewWorkspace(1, false).Forward(x), original.NewWorkspace(1, false).Forward(x)) {
		t.Error("the restored network gives other logits")
	}
	for _, c := range []struct {
		name  string
		spoil func(*Param)
	}{
		{"fc2.weight", func(p *Param) { p.Data = p.Data[:len(p.Data)-1] }},
		{"fc2.weight", func(p *Param) { p.Data = nil }},
		{"fc2.weight", func(p *Param) { p.Data, p.Indices = nil, make([]int32, p.Size()) }},
		{"fc1.perm", func(p *Param) { p.Indices = p.Indices[1:] }},
		{"fc1.perm", func(p *Param) { p.Data, p.Indices = make([]float32, p.Size()), nil }},
		{"fc1.perm", func(p *Param) { p.Indices = make([]int32, p.Size()) }}, // all zero: no permutation
	} {
		_, err := Restore(d, func(p *Param) error {
			fill(p)
			if p.Name == c.name {
				c.spoil(p)
			}
			return nil
		})
		if err == nil {
			t.Errorf("a spoilt %s was accepted", c.name)
		}
	}
}

func TestFindNonFinite(t *testing.T) {
	n := mustNew(t, residual())
	w := n.NewWorkspace(2, false)
	w.Forward(gaussian(144, 1))
	if name := w.FindNonFinite(); name != "" {
		t.Errorf("layer %s is not finite", name)
	}
	n.Param("conv3.bias").Data[0] = float32(math.NaN())
	w.Forward(gaussian(144, 1))
	if name := w.FindNonFinite(); name != "conv3" {
		t.Errorf("found %q, want conv3", name)
	}
}
