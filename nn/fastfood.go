package nn

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/random"
)

// Fastfood takes the place of a fully-connected layer on the d values of a
// sample (Yang et al., "Deep Fried Convnets", ICCV 2015, section 3):
//
//	y = S·H̃·G·Π·H̃·B·x + bias
//
// Its parameters are the diagonals S, G and B, stored [blocks, d] with d padded
// as Padding says, the permutation Π and the bias. With a Group, G has square matrices on
// its diagonal, stored [blocks, d, Group].
type Fastfood struct {
	Out int `json:"out"`
	// Learn says which of the diagonals learn: "SGB" is the paper's Adaptive
	// Fastfood, "" its fixed one.
	Learn  string `json:"learn,omitempty"`
	NoBias bool   `json:"no_bias,omitempty"`
	// Gain of the initialisation: an output has gain² times the mean square of
	// the inputs, the padding included. 0 means √2, for a ReLU that follows.
	Gain float64 `json:"gain,omitempty"`
	// Phase initialises the bias uniformly in [0, 2π), for a cosine that
	// follows (Rahimi and Recht, NIPS 2007), instead of with zeros.
	Phase bool `json:"phase,omitempty"`
	// Padding of the inputs: "" to a power of two, "mixed" to the next length that
	// has a transform. That has fewer weights if Out is about a multiple of it;
	// blocks are whole.
	Padding fastfood.Padding `json:"padding,omitempty"`
	// Group is how many rows the matrices in G have: 2, 4 or 8, or 0 for a diagonal. They
	// have Group times as many numbers, which a layer's time hardly shows.
	Group int `json:"group,omitempty"`
}

func (Fastfood) Kind() string { return "fastfood" }

// fastfoodLayer is a built Fastfood.
type fastfoodLayer struct {
	Fastfood
	name                string
	in, blocks, dim     int
	s, g, b, perm, bias *Param
}

// Build fails unless there is one input, Out is at least 1, Learn consists of
// the letters S, G and B, a layer with phases has a bias, Padding is a known
// one, and Group is 0, 2, 4 or 8 and divides d.
func (f Fastfood) Build(name string, in []Shape) (Layer, error) {
	size, err := flattened(in, f.Out)
	if err != nil {
		return nil, err
	}
	if strings.Trim(f.Learn, "SGB") != "" {
		return nil, fmt.Errorf("learn %q: want some of the letters S, G and B", f.Learn)
	}
	if err := checkGain(f.Gain); err != nil {
		return nil, err
	}
	if f.Phase && f.NoBias {
		return nil, errors.New("random phases are kept in the bias, but the layer has none")
	}
	if f.Group == 1 { // one way to say it
		return nil, errors.New("a group of 1 is a diagonal: leave it out")
	}
	blocks, dim, err := fastfood.Size(size, f.Out, f.options())
	if err != nil {
		return nil, err
	}
	l := &fastfoodLayer{Fastfood: f, name: name, in: size, blocks: blocks, dim: dim}
	part := func(letter string, kind ParamKind, more ...int) *Param {
		p := newParam(name+"."+strings.ToLower(letter), kind, append([]int{blocks, dim}, more...)...)
		p.Learn = strings.Contains(f.Learn, letter)
		return p
	}
	l.s, l.g, l.b = part("S", Diagonal), part("G", Diagonal), part("B", Diagonal)
	if f.Group > 0 {
		l.g = part("G", Diagonal, f.Group)
	}
	l.perm = part("perm", Permutation)
	if !f.NoBias {
		l.bias = newParam(name+".bias", Bias, f.Out)
	}
	return l, nil
}

// options are those of the transform.
func (f Fastfood) options() fastfood.Options {
	return fastfood.Options{Padding: f.Padding, Group: f.Group}
}

func (l *fastfoodLayer) OutShape() Shape  { return Shape{l.Out} }
func (l *fastfoodLayer) Params() []*Param { return present(l.s, l.g, l.b, l.perm, l.bias) }

// MultiplyAdds counts an addition of the two transforms as half of a
// multiply-add, a diagonal as one an entry, and a G of matrices as Group an entry.
func (l *fastfoodLayer) MultiplyAdds() int {
	return l.blocks * ((2+max(l.Group, 1))*l.dim + fwht.Additions(l.dim))
}

// validate fails unless Π is a permutation.
func (l *fastfoodLayer) validate() error { return l.transform().Validate() }

// transform returns the transform on the memory of the parameters.
func (l *fastfoodLayer) transform() *fastfood.Transform {
	return &fastfood.Transform{
		Inputs: l.in, Outputs: l.Out, Dim: l.dim, Blocks: l.blocks, Group: l.Group,
		S: l.s.Data, G: l.g.Data, B: l.b.Data, Perm: l.perm.Indices,
	}
}

// Init samples the transform, and the phases if they are wanted.
func (l *fastfoodLayer) Init(seed uint64) {
	gain := l.Gain
	if gain == 0 {
		gain = math.Sqrt2
	}
	seed ^= uint64(random.For("init " + l.name))
	sample, err := fastfood.Sample(l.in, l.Out, gain, seed, l.options())
	if err != nil {
		panic("nn: " + err.Error()) // Build has accepted sizes and gain
	}
	l.s.Data, l.g.Data, l.b.Data, l.perm.Indices = sample.S, sample.G, sample.B, sample.Perm
	l.perm.Seed = &seed
	if l.bias != nil && l.Phase {
		source := rand.New(random.New(seed, random.For("phases"), 0, 0))
		for i := range l.bias.Data {
			l.bias.Data[i] = float32(2 * math.Pi * source.Float64())
		}
	}
}

func (l *fastfoodLayer) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	workspace := fastfood.NewWorkspace(l.transform(), b.MaxBatch, b.Training)
	e := fastfood.Epilogue{ReLU: b.Epilogue.ReLU, Map: b.Epilogue.Map}
	if l.bias != nil {
		e.Bias = l.bias.Data
	}
	workspace.SetEpilogue(e)
	pass := Pass{Forward: func() {
		var out []float32
		if e.Map == nil {
			out = y.Rows(0, b.Batch())
		}
		workspace.Forward(out, x.Rows(0, b.Batch()))
	}}
	if !b.Training {
		return pass
	}
	gradients, biases := l.gradients(b), b.biasGradient(l.bias)
	pass.Backward = inSequence(func() {
		var dx []float32
		if x.Grad != nil {
			dx = x.GradRows(0, b.Batch())
		}
		dy := y.GradRows(0, b.Batch())
		if gradients != nil { // to which the workspace adds
			clear(gradients.S)
			clear(gradients.G)
			clear(gradients.B)
		}
		workspace.Backward(dx, dy, x.Rows(0, b.Batch()), gradients)
	}, biases)
	return pass
}

// gradients returns where the diagonals' gradients go, or nil if none learns.
// A diagonal that does not learn while others do gets memory that nobody
// reads.
func (l *fastfoodLayer) gradients(b *Binding) *fastfood.Gradients {
	if !l.s.Learn && !l.g.Learn && !l.b.Learn {
		return nil
	}
	target := func(p *Param) []float32 {
		if grad := b.Gradient(p); grad != nil {
			return grad
		}
		return make([]float32, p.Size())
	}
	return &fastfood.Gradients{S: target(l.s), G: target(l.g), B: target(l.b)}
}
