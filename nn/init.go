package nn

import (
	"fmt"
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

// checkGain returns an error unless gain is positive and finite, or 0, which
// stands for a default.
func checkGain(gain float64) error {
	if !(gain >= 0) || math.IsInf(gain, 0) {
		return fmt.Errorf("gain %v: want a positive, finite number, or 0 for the default", gain)
	}
	return nil
}
