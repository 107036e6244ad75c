package nn

import (
	"math"
	"slices"
	"time"

	"github.com/deepfry/deepfry/internal/alias"
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// Workspace holds all memory that passes over batches need. Its methods
// allocate nothing and use all cores; one workspace serves one goroutine at a
// time.
type Workspace struct {
	network   *Network
	maxBatch  int
	training  bool
	batch     int       // samples of the current batch
	tensors   []*Tensor // the input, then the output of every node
	steps     []step
	gradients map[*Param][]float32
	stream    Stream
	trace     func(Trace)

	wentForward  bool // and not backward since
	wentBackward bool // and the statistics were not updated since
}

// Stream keys the random numbers of a training step, so that they depend on
// nothing else: not on the number of cores, nor on what ran before.
type Stream struct {
	Seed    uint64
	Epoch   int
	Samples []int // the index in the data set of every sample of the batch
}

// Trace says how long a layer's part of a pass took.
type Trace struct {
	Layer    string // its name; going forward, a layer that is done as another's epilogue counts as that one
	Kind     string
	Backward bool
	Elapsed  time.Duration
}

// SetTrace has every layer's part of the next passes reported, or none if trace
// is nil.
func (w *Workspace) SetTrace(trace func(Trace)) { w.trace = trace }

// run does node i's part of a pass.
func (w *Workspace) run(i int, backward bool, pass func()) {
	if pass == nil {
		return // done as an epilogue
	}
	if w.trace == nil {
		pass()
		return
	}
	start := time.Now()
	pass()
	node := w.network.nodes[i]
	w.trace(Trace{node.Name, node.Op.Kind(), backward, time.Since(start)})
}

// step is one node's part of the passes.
type step struct {
	Pass
	// The output's consumers each write a gradient of their own when there are
	// several; gather adds them up before the node's backward pass.
	gather func()
}

// NewWorkspace plans passes over batches of up to maxBatch samples. Only a
// workspace for training can go backward. It panics if maxBatch is less than 1, or
// so large that no memory could hold the batch; [WorkspaceBytes] says how much it
// takes. For one for training, parameters that learn are no longer read in eight bits
// ([Param.SetInt8]).
func (n *Network) NewWorkspace(maxBatch int, training bool) *Workspace {
	if maxBatch < 1 {
		panic("nn: a workspace needs room for at least one sample")
	}
	for _, node := range n.nodes {
		if maxBatch > math.MaxInt/4/node.layer.OutShape().Size() {
			panic("nn: a workspace for a batch that no memory could hold")
		}
	}
	w := &Workspace{network: n, maxBatch: maxBatch, training: training}
	if training {
		w.gradients = map[*Param][]float32{}
		for _, p := range n.params {
			if p.Learn || p.Kind == Statistic {
				w.gradients[p] = make([]float32, len(p.Data))
				p.ForgetInt8()
			}
		}
	}
	w.allocate()
	w.plan()
	return w
}

// allocate makes the tensors.
func (w *Workspace) allocate() {
	n := w.network
	input := n.Description.Input
	w.tensors = []*Tensor{{Size: input.Size()}} // its values are the caller's
	for _, node := range n.nodes {
		w.tensors = append(w.tensors, &Tensor{Size: node.layer.OutShape().Size()})
	}
	for i, needs := range slices.Backward(n.memory(w.training)) {
		y := w.tensors[i+1]
		if needs.next {
			y.Value, y.Grad = w.tensors[i+2].Value, w.tensors[i+2].Grad
		}
		if needs.value {
			y.Value = make([]float32, w.maxBatch*y.Size)
		}
		if needs.grad {
			y.Grad = make([]float32, w.maxBatch*y.Size)
		}
	}
}

func learns(l Layer) bool {
	return slices.ContainsFunc(l.Params(), func(p *Param) bool { return p.Learn })
}

// plan asks every layer for its passes.
func (w *Workspace) plan() {
	bindings, shares := w.bind()
	w.steps = make([]step, len(bindings))
	for i := 0; i < len(bindings); i++ {
		b, layer := bindings[i], w.network.nodes[i].layer
		if w.network.fused(i) {
			next := w.network.nodes[i+1].layer.(elementwise)
			b.Epilogue, w.steps[i+1].Pass = next.planEpilogue(bindings[i+1])
			w.steps[i].Pass = layer.Plan(b)
			i++
		} else {
			w.steps[i].Pass = layer.Plan(b)
		}
	}
	for j, parts := range shares {
		if j > 0 && len(parts) > 0 {
			w.steps[j-1].gather = w.gather(w.tensors[j], parts)
		}
	}
}

// bind returns the tensors of every node. Where a tensor has several consumers,
// each has a gradient of its own: the shares of the tensor's.
func (w *Workspace) bind() (bindings []*Binding, shares [][][]float32) {
	uses := w.network.uses
	shares = make([][][]float32, len(w.tensors))
	for i, node := range w.network.nodes {
		b := &Binding{Y: w.tensors[i+1], MaxBatch: w.maxBatch, Training: w.training, Workers: par.Workers(), workspace: w}
		for _, j := range node.from {
			x := w.tensors[j]
			if x.Grad != nil && uses[j] > 1 {
				share := make([]float32, len(x.Grad))
				shares[j] = append(shares[j], share)
				x = &Tensor{Size: x.Size, Value: x.Value, Grad: share}
			}
			b.X = append(b.X, x)
		}
		bindings = append(bindings, b)
	}
	return bindings, shares
}

// gather returns a function that adds up the shares of a tensor's gradient.
func (w *Workspace) gather(y *Tensor, shares [][]float32) func() {
	b := &Binding{Workers: par.Workers(), workspace: w}
	return b.EachSample(func(first, last, _ int) {
		total := y.GradRows(first, last)
		clear(total)
		for _, share := range shares {
			simd.Add(total, share[first*y.Size:last*y.Size])
		}
	})
}

// SetStream sets the keys of the random numbers that dropout draws in the next
// passes of a workspace for training. It keeps the slice s.Samples, whose
// length must be that of the next batches; nil numbers the samples of a batch.
func (w *Workspace) SetStream(s Stream) { w.stream = s }

// Forward runs the network on x, which is [batch, input size], and returns its
// output, [batch, output size], which is valid until the next call. Both x and
// the output must stay as they are until Backward has run. It panics unless x is a
// whole number of samples, from 1 to the workspace's maxBatch, and as many as
// SetStream was given, and if x overlaps the output.
func (w *Workspace) Forward(x []float32) []float32 {
	input := w.tensors[0]
	w.batch = len(x) / input.Size
	if len(x) != w.batch*input.Size || w.batch == 0 {
		panic("nn: Forward: the input is not a whole number of samples, at least one")
	}
	if w.batch > w.maxBatch {
		panic("nn: Forward: the batch is larger than the workspace")
	}
	if w.stream.Samples != nil && len(w.stream.Samples) != w.batch {
		panic("nn: Forward: the stream of SetStream is for another number of samples")
	}
	if alias.Overlap(x, w.output().Value) {
		panic("nn: Forward: the input overlaps the output: copy what the last Forward returned")
	}
	input.Value = x
	for i, s := range w.steps {
		w.run(i, false, s.Forward)
	}
	w.wentForward = true
	return w.output().Rows(0, w.batch)
}

// OutputGrad returns the memory for the gradient of the loss with respect to
// the output, [batch, output size], which is to be filled before every Backward,
// which may overwrite it. It is nil if no parameter learns. It panics before the
// first Forward, whose batch it is for: note that copy(w.OutputGrad(), w.Forward(x))
// calls them in the wrong order.
func (w *Workspace) OutputGrad() []float32 {
	if w.batch == 0 {
		panic("nn: OutputGrad before Forward")
	}
	if w.output().Grad == nil {
		return nil
	}
	return w.output().GradRows(0, w.batch)
}

func (w *Workspace) output() *Tensor { return w.tensors[len(w.tensors)-1] }

// Backward computes the gradients of all parameters that learn, for the batch
// of the last Forward, from OutputGrad. It panics on a workspace that is not for
// training, and unless there was a Forward since the last Backward.
func (w *Workspace) Backward() {
	if !w.training {
		panic("nn: Backward on a workspace that is not for training")
	}
	if !w.wentForward {
		panic("nn: Backward without a Forward before it: each Forward allows one")
	}
	w.wentForward, w.wentBackward = false, true
	for i := len(w.steps) - 1; i >= 0; i-- {
		if w.tensors[i+1].Grad == nil {
			continue // neither this layer nor one before it learns
		}
		if gather := w.steps[i].gather; gather != nil {
			gather()
		}
		w.run(i, true, w.steps[i].Backward)
	}
}

// Gradient returns the gradient that the last Backward computed for p, in the
// order of p.Data, or nil if p does not learn. For a Statistic it is the step
// that UpdateStatistics subtracts: of a Normalize, and of a BatchNorm that is
// frozen, 0. It is the workspace's memory, which the next Backward overwrites.
func (w *Workspace) Gradient(p *Param) []float32 { return w.gradients[p] }

// FindNonFinite returns the name of the first layer whose output, for the last
// Forward, holds a NaN or an infinity, or "" if none does. Where a layer has an
// epilogue, the outputs are those behind it. It is for the diagnosis of a loss
// that is not finite, not for every step.
func (w *Workspace) FindNonFinite() string {
	for i, node := range w.network.nodes {
		if w.tensors[i+1].Value == nil {
			continue // mapped, and never written
		}
		for _, v := range w.tensors[i+1].Rows(0, w.batch) {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return node.Name
			}
		}
	}
	return ""
}
