package nn

import (
	"github.com/deepfry/deepfry/internal/par"
)

// Op describes a layer: a small struct of settings such as Conv or Dense.
type Op interface {
	// Kind is the name of the operation in a stored description.
	Kind() string
	// Build returns a layer whose parameters are named name.weight and so on
	// and have no values yet. in holds the shape of every input. It fails if
	// the settings are invalid or do not fit the shapes.
	Build(name string, in []Shape) (Layer, error)
}

// Layer is an operation with its parameters, and with nothing else: all memory
// that a batch needs is in the workspace, so that many workspaces can share a
// layer.
type Layer interface {
	OutShape() Shape
	// Params returns the parameters, the same pointers at every call.
	Params() []*Param
	// Init draws initial values of the parameters, which are allocated and
	// zero. They depend on the seed and the layer's name.
	Init(seed uint64)
	// MultiplyAdds is the work of one forward pass of one sample.
	MultiplyAdds() int
	// Plan prepares the layer's two passes over the tensors of b. It is called
	// once for a workspace; the passes allocate nothing.
	Plan(b *Binding) Pass
}

// Pass holds what a workspace runs for one layer.
type Pass struct {
	// Forward computes b.Y.Value from the inputs' values.
	Forward func()
	// Backward, given b.Y.Grad, overwrites the Grad of every input that has
	// one, and the gradients of the parameters that learn. It is nil in a
	// workspace that is not for training.
	Backward func()
}

// Tensor holds a batch of values between layers, and the gradient of the loss
// with respect to them. Both are [batch, Size], row-major.
type Tensor struct {
	Size  int // values of a sample
	Value []float32
	Grad  []float32 // nil where no gradient is wanted
}

// Row returns the values of one sample.
func (t *Tensor) Row(i int) []float32 { return t.Value[i*t.Size : (i+1)*t.Size] }

// GradRow returns the gradient of one sample.
func (t *Tensor) GradRow(i int) []float32 { return t.Grad[i*t.Size : (i+1)*t.Size] }

// Rows returns the values of the samples from first to last-1.
func (t *Tensor) Rows(first, last int) []float32 { return t.Value[first*t.Size : last*t.Size] }

// GradRows returns the gradients of the samples from first to last-1.
func (t *Tensor) GradRows(first, last int) []float32 { return t.Grad[first*t.Size : last*t.Size] }

// Binding is what a layer gets to plan its passes: its tensors in a workspace.
type Binding struct {
	X        []*Tensor // the inputs
	Y        *Tensor   // the output
	MaxBatch int
	Training bool
	Workers  int // bound of the worker numbers that loop bodies get

	// Epilogue is what Forward does with its outputs last. It is zero but for
	// layers that fuses knows.
	Epilogue Epilogue

	workspace *Workspace
}

// Batch returns the number of samples of the current batch. It changes from
// call to call, so passes ask for it.
func (b *Binding) Batch() int { return b.workspace.batch }

// Gradient returns the memory for the gradient of p, or nil if p does not
// learn.
func (b *Binding) Gradient(p *Param) []float32 {
	if p == nil {
		return nil
	}
	return b.workspace.gradients[p]
}

// sampleChunk is how many samples a core takes at a time where samples are
// independent. No result depends on it.
const sampleChunk = 4

// EachSample returns a function that runs body over all samples of the batch,
// a few at a time, on all cores. Results must not depend on the split.
func (b *Binding) EachSample(body func(first, last, worker int)) func() {
	chunk := func(i, worker int) {
		body(i*sampleChunk, min(b.Batch(), (i+1)*sampleChunk), worker)
	}
	return func() {
		par.For((b.Batch()+sampleChunk-1)/sampleChunk, b.Workers, chunk)
	}
}

// leastPart is how many values are worth handing to another core.
const leastPart = 16 << 10

// EachPart is EachSample for samples that consist of parts that are independent
// too, of size values each: where samples are few, cores share them. The body
// gets a range of the parts of the whole batch.
func (b *Binding) EachPart(parts, size int, body func(first, last, worker int)) func() {
	width := 0
	chunk := func(i, worker int) {
		body(i*width, min(b.Batch()*parts, (i+1)*width), worker)
	}
	return func() {
		n := b.Batch() * parts
		width = min(sampleChunk*parts, max((n+b.Workers-1)/b.Workers, (leastPart+size-1)/size))
		par.For((n+width-1)/width, b.Workers, chunk)
	}
}

// gradientChunks is the number of parts into which a batch is split to sum
// gradients: each part sums in order, and the parts are added in order, so
// that a sum does not depend on the number of cores.
const gradientChunks = 8

// EachGradientChunk returns a function that splits the batch into
// gradientChunks parts, which may be empty, and runs body over them.
func (b *Binding) EachGradientChunk(body func(chunk, first, last, worker int)) func() {
	run := func(i, worker int) {
		body(i, i*b.Batch()/gradientChunks, (i+1)*b.Batch()/gradientChunks, worker)
	}
	return func() { par.For(gradientChunks, b.Workers, run) }
}

// EachTile returns a function that runs body on ranges of 0 to n-1 of the
// given width, on all cores. n may change from call to call.
func (b *Binding) EachTile(n func() int, width int, body func(first, last, worker int)) func() {
	tile := func(i, worker int) {
		body(i*width, min(n(), (i+1)*width), worker)
	}
	return func() { par.For((n()+width-1)/width, b.Workers, tile) }
}

// inSequence returns a function that calls the given ones that are not nil.
func inSequence(steps ...func()) func() {
	return func() {
		for _, step := range steps {
			if step != nil {
				step()
			}
		}
	}
}

// parameterless is the part of a layer without parameters. The work of such
// layers is not counted.
type parameterless struct{}

func (parameterless) Params() []*Param  { return nil }
func (parameterless) Init(uint64)       {}
func (parameterless) MultiplyAdds() int { return 0 }
