package nn

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/internal/simd"
)

// Dropout sets each value to zero with probability Rate while training and
// divides the others by 1-Rate (Srivastava et al., JMLR 2014). Otherwise it
// passes its input on. Which values are dropped depends on the workspace's
// Stream and the layer's name alone.
type Dropout struct {
	Rate float64 `json:"rate"`
}

func (Dropout) Kind() string { return "dropout" }

// dropout is a built Dropout.
type dropout struct {
	parameterless
	shape   Shape
	purpose random.Purpose
	keep    uint64  // a 16-bit random number below it keeps the value
	scale   float32 // of values that are kept
}

// Build fails unless there is one input and Rate is in [0, 1).
func (d Dropout) Build(name string, in []Shape) (Layer, error) {
	shape, err := only(in)
	if err != nil {
		return nil, err
	}
	if !(d.Rate >= 0 && d.Rate < 1) {
		return nil, fmt.Errorf("rate %v: want a probability of at least 0 and less than 1", d.Rate)
	}
	keep := max(1, uint64((1-d.Rate)*(1<<16)+0.5))
	return &dropout{shape: shape, purpose: random.For("dropout " + name), keep: keep, scale: float32(1<<16) / float32(keep)}, nil
}

func (l *dropout) OutShape() Shape { return l.shape }

func (l *dropout) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	if !b.Training {
		return Pass{Forward: b.EachSample(func(first, last, _ int) {
			copy(y.Rows(first, last), x.Rows(first, last))
		})}
	}
	factors := make([]float32, b.MaxBatch*y.Size) // 0 or scale
	sources := par.Scratch[rand.PCG](b.Workers, 1)
	pass := Pass{Forward: b.EachSample(func(first, last, worker int) {
		for i := first; i < last; i++ {
			stream := b.workspace.stream
			sample := i
			if stream.Samples != nil {
				sample = stream.Samples[i]
			}
			random.Seed(&sources[worker][0], stream.Seed, l.purpose, stream.Epoch, sample)
			l.draw(factors[i*y.Size:][:y.Size], &sources[worker][0])
		}
		simd.Multiply(y.Rows(first, last), x.Rows(first, last), factors[first*y.Size:last*y.Size], 1)
	})}
	if x.Grad != nil {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			simd.Multiply(x.GradRows(first, last), y.GradRows(first, last), factors[first*y.Size:last*y.Size], 1)
		})
	}
	return pass
}

// draw fills factors, using a draw for every four of them. It takes no branch
// that a processor would have to guess.
func (l *dropout) draw(factors []float32, source *rand.PCG) {
	scale := math.Float32bits(l.scale)
	var bits uint64
	for i := range factors {
		if i%4 == 0 {
			bits = source.Uint64()
		}
		kept := uint32(int64(bits&0xffff-l.keep) >> 63) // all ones, or zero
		factors[i] = math.Float32frombits(scale & kept)
		bits >>= 16
	}
}
