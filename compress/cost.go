package compress

import (
	"math"
	"slices"
	"time"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// Cost is what a layer or a network takes.
type Cost struct {
	Weights      int     `json:"weights"`       // biases and permutations apart
	Bytes        int     `json:"bytes"`         // of all parameters as the file has them, biases and permutations included
	MultiplyAdds int     `json:"multiply_adds"` // for one sample
	Microseconds float64 `json:"microseconds"`  // for one sample, measured on this machine
}

// measure returns what a network costs.
func measure(network *nn.Network) Cost { return measureIn(network.NewWorkspace(1, false), network) }

// measureIn is measure in a workspace of the network's. The time is that of the fastest of
// several runs: others only add to it.
func measureIn(w *nn.Workspace, network *nn.Network) Cost {
	cost := Cost{Weights: network.Weights(), Bytes: checkpoint.Bytes(network.Params(), checkpoint.Float32)}
	for _, l := range network.Layers() {
		cost.MultiplyAdds += l.MultiplyAdds
	}
	x := randomInputs(1, network.Description.Input.Size(), 1)
	fastest := time.Duration(math.MaxInt64)
	for start, runs := time.Now(), 0; runs < 10 || runs < 1000 && time.Since(start) < 5*time.Millisecond; runs++ {
		began := time.Now()
		w.Forward(x)
		fastest = min(fastest, time.Since(began))
	}
	cost.Microseconds = float64(fastest.Nanoseconds()) / 1000
	return cost
}

// run returns what a network costs, and what it makes of a few samples, without the
// softmax at its end, if there is one. If there is none, one workspace serves for both:
// for a small file that stands for much, it is most of the memory.
func run(network *nn.Network, x []float32) (Cost, []float32, error) {
	before, err := logits(network)
	if err != nil {
		return Cost{}, nil, err
	}
	if before != network {
		return measure(network), train.Outputs(before, x), nil
	}
	w, size := network.NewWorkspace(1, false), network.Description.Input.Size()
	cost := measureIn(w, network)
	y := make([]float32, 0, len(x)/size*network.OutShape().Size())
	for sample := range slices.Chunk(x, size) {
		y = append(y, w.Forward(sample)...)
	}
	return cost, y, nil
}

func (c *compressor) storedBytes(network *nn.Network) int {
	return checkpoint.Bytes(network.Params(), c.precision)
}

// Whether a replacement is slower must not hang on what else the machine does. A
// product of dense layers, which has fewer weights and so fewer multiply-adds, is
// never refused as slower. What a transform takes, its operations do not tell: it is
// measured in turn with the dense layer, and refused where the median says so clearly.

// slower is how many times longer than a dense layer a replacement may take: so much
// comes of measuring alone.
const slower = 1.1

// isDense tells whether a chain has dense layers alone.
func isDense(chain *nn.Network) bool {
	return !slices.ContainsFunc(chain.Layers(), func(l nn.LayerInfo) bool { return l.Kind != (nn.Dense{}).Kind() })
}

// timeRatio returns the median, over several runs in turn, of the time that a network
// takes for a sample over that of another on the same inputs.
func timeRatio(network, other *nn.Network) float64 {
	x := randomInputs(1, network.Description.Input.Size(), 1)
	first, second := network.NewWorkspace(1, false), other.NewWorkspace(1, false)
	took := func(w *nn.Workspace) float64 {
		began := time.Now()
		w.Forward(x)
		return float64(max(time.Since(began), 1))
	}
	took(first)
	took(second)
	var ratios []float64
	for start := time.Now(); len(ratios) < 15 || len(ratios) < 1001 && time.Since(start) < 20*time.Millisecond; {
		ratios = append(ratios, took(first)/took(second))
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

// numberBytes returns how many bytes a number takes in what is stored in a layer's place.
func (c *compressor) numberBytes(l *Layer) int {
	switch c.precision {
	case checkpoint.Float16:
		return 2
	case checkpoint.Int8:
		return 1
	}
	return l.number
}

// replacedBytes is storedBytes for what takes a layer's place.
func (c *compressor) replacedBytes(l *Layer, network *nn.Network) int {
	precision := c.precision
	if precision == checkpoint.Float32 {
		switch l.number {
		case 2:
			precision = checkpoint.Float16
		case 8:
			return 2 * checkpoint.Bytes(network.Params(), precision)
		}
	}
	return checkpoint.Bytes(network.Params(), precision)
}

// keptBytes returns how many bytes a layer that stays has in what is stored.
func (c *compressor) keptBytes(l *Layer, original *nn.Network) int {
	if c.precision == checkpoint.Float32 {
		return l.storedBytes()
	}
	return min(l.storedBytes(), c.replacedBytes(l, original))
}

// storedBytes returns how many bytes a layer has in the file.
func (l *Layer) storedBytes() int { return l.bytes + l.number*len(l.bias) }
