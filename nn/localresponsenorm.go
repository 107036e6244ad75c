package nn

import (
	"fmt"
	"math"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// LocalResponseNorm divides a pixel by a power of the mean square of the
// pixels at its place in Size neighbouring channels, its own in their middle
// (Krizhevsky, Sutskever and Hinton, NIPS 2012, section 3.3; parametrised as
// Caffe's LRN layer across channels):
//
//	y[c] = x[c] / t[c]^Beta,  t[c] = K + Alpha/Size · Σ_{|j-c| ≤ Size/2} x[j]²
//
// Channels that do not exist count as zeros. With dy the gradient with respect
// to y, that with respect to x is
//
//	dx[c] = dy[c]/t[c]^Beta - 2·Alpha·Beta/Size · x[c] · Σ_{|j-c| ≤ Size/2} dy[j]·y[j]/t[j]
//
// A setting of 0 stands for Caffe's default. A Beta of 0.75 is fast, any other
// computes a power for every pixel.
type LocalResponseNorm struct {
	Size  int     `json:"size,omitempty"`  // odd; 0 means 5
	Alpha float64 `json:"alpha,omitempty"` // 0 means 1e-4
	Beta  float64 `json:"beta,omitempty"`  // 0 means 0.75
	K     float64 `json:"k,omitempty"`     // 0 means 1
}

func (LocalResponseNorm) Kind() string { return "localresponsenorm" }

// responseNorm is a built LocalResponseNorm.
type responseNorm struct {
	parameterless
	LocalResponseNorm
	shape Shape
}

// Build fails unless the input is channels × height × width, Size is odd and
// at least 1, and the other settings are positive.
func (n LocalResponseNorm) Build(_ string, in []Shape) (Layer, error) {
	shape, err := imageShape(in)
	if err != nil {
		return nil, err
	}
	if n.Size == 0 {
		n.Size = 5
	}
	if n.Size < 1 || n.Size%2 == 0 {
		return nil, fmt.Errorf("size %d: want an odd number of channels", n.Size)
	}
	for _, s := range []struct {
		name    string
		value   *float64
		replace float64
	}{{"alpha", &n.Alpha, 1e-4}, {"beta", &n.Beta, 0.75}, {"k", &n.K, 1}} {
		if *s.value == 0 {
			*s.value = s.replace
		}
		if v := float32(*s.value); !(v > 0) || v > math.MaxFloat32 {
			return nil, fmt.Errorf("%s %v: want a positive, finite float32, or 0 for %v", s.name, *s.value, s.replace)
		}
	}
	return &responseNorm{LocalResponseNorm: n, shape: shape}, nil
}

func (l *responseNorm) OutShape() Shape { return l.shape }

// responseBlock is how many pixels of a sample are handled at a time: as many
// as stay in the first-level cache, those of all neighbouring channels
// included. No result depends on it. It is a variable for tests.
var responseBlock = 2048

// Plan keeps nothing for the backward pass, which sums the squares again.
func (l *responseNorm) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	sums := par.Scratch[float32](b.Workers, min(responseBlock, y.Size))
	blocks := (y.Size + responseBlock - 1) / responseBlock
	pass := Pass{Forward: b.EachPart(blocks, responseBlock, func(first, last, worker int) {
		for i := first; i < last; i++ {
			sample, block := i/blocks, i%blocks
			l.forward(y.Row(sample), x.Row(sample), block*responseBlock, sums[worker])
		}
	})}
	if b.Training && x.Grad != nil {
		ratios := par.Scratch[float32](b.Workers, y.Size)
		pass.Backward = b.EachSample(func(first, last, worker int) {
			for i := first; i < last; i++ {
				l.backward(x.GradRow(i), y.GradRow(i), y.Row(i), x.Row(i), sums[worker], ratios[worker])
			}
		})
	}
	return pass
}

// forward normalises a block of a sample, which begins at pixel first. It needs
// memory for the sums of a block.
func (l *responseNorm) forward(y, x []float32, first int, sums []float32) {
	last := min(first+responseBlock, len(x))
	sums = l.neighbours(sums, x, first, last, simd.AddSquares)
	l.normalise(y[first:last], x[first:last], sums)
}

// backward needs memory for the sums of a block and for dy·y/t of a sample.
func (l *responseNorm) backward(dx, dy, y, x, sums, ratios []float32) {
	for first := 0; first < len(x); first += responseBlock {
		last := min(first+responseBlock, len(x))
		sums := l.neighbours(sums, x, first, last, simd.AddSquares)
		l.normaliseBackward(dx[first:last], ratios[first:last], dy[first:last], y[first:last], sums)
	}
	factor := float32(2 * l.Alpha * l.Beta / float64(l.Size))
	for first := 0; first < len(x); first += responseBlock {
		last := min(first+responseBlock, len(x))
		sums := l.neighbours(sums, ratios, first, last, simd.Add)
		simd.SubtractProducts(dx[first:last], x[first:last], sums, factor)
	}
}

// neighbours sums, for the pixels from first to last-1 of a sample, the pixels
// at the same place in the neighbouring channels, which are whole numbers of
// channels away, in their order. add adds pixels or their squares to the sums.
func (l *responseNorm) neighbours(sums, x []float32, first, last int, add func(sums, x []float32)) []float32 {
	sums = sums[:last-first]
	clear(sums)
	plane := l.shape[1] * l.shape[2]
	reach := min(l.Size/2, l.shape[0]-1)
	for away := -reach * plane; away <= reach*plane; away += plane {
		from, to := max(first, -away), min(last, len(x)-away)
		if from < to {
			add(sums[from-first:to-first], x[from+away:to+away])
		}
	}
	return sums
}

// scale is the factor of the sum of squares.
func (l *responseNorm) scale() float32 { return float32(l.Alpha / float64(l.Size)) }

func (l *responseNorm) normalise(y, x, sums []float32) {
	if l.Beta == 0.75 {
		simd.ResponseNorm(y, x, sums, float32(l.K), l.scale())
		return
	}
	for i, sum := range sums {
		y[i] = x[i] * l.power(sum)
	}
}

// normaliseBackward sets dx to dy/t^Beta and ratios to dy·y/t.
func (l *responseNorm) normaliseBackward(dx, ratios, dy, y, sums []float32) {
	if l.Beta == 0.75 {
		simd.ResponseNormBackward(dx, ratios, dy, y, sums, float32(l.K), l.scale())
		return
	}
	for i, sum := range sums {
		ratios[i] = dy[i] * y[i] / (float32(l.K) + l.scale()*sum)
		dx[i] = dy[i] * l.power(sum)
	}
}

// power returns t^-Beta for a sum of squares.
func (l *responseNorm) power(sum float32) float32 {
	return float32(math.Pow(float64(float32(l.K)+l.scale()*sum), -l.Beta))
}
