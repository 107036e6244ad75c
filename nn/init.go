package nn

import (
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/random"
)

// initUniform draws weights uniformly with the variance gain²/fanIn, so that
// an output has gain² times the variance of the inputs. With a gain of 1 (or
// 0, which means 1) this is Caffe's "xavier" filler.
func initUniform(p *Param, fanIn int, gain float64, seed uint64) {
	if gain == 0 {
		gain = 1
	}
	source := rand.New(random.New(seed, random.For("init "+p.Name), 0, 0))
	bound := gain * math.Sqrt(3/float64(fanIn))
	for i := range p.Data {
		p.Data[i] = float32((2*source.Float64() - 1) * bound)
	}
}

// present returns the parameters that are not nil.
func present(params ...*Param) []*Param {
	var found []*Param
	for _, p := range params {
		if p != nil {
			found = append(found, p)
		}
	}
	return found
}

// sum adds up x in four interleaved parts, which is faster than one and has a
// fixed order as well.
func sum(x []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(x) >= 4 {
		s0, s1, s2, s3 = s0+x[0], s1+x[1], s2+x[2], s3+x[3]
		x = x[4:]
	}
	for _, v := range x {
		s0 += v
	}
	return (s0 + s1) + (s2 + s3)
}
