package compress

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// Cost is what a layer or a network takes.
type Cost struct {
	Weights      int     `json:"weights"`       // biases and permutations apart
	Bytes        int     `json:"bytes"`         // of all parameters in a checkpoint, biases and permutations included; float32 before, after as Options say
	MultiplyAdds int     `json:"multiply_adds"` // for one sample
	Microseconds float64 `json:"microseconds"`  // for one sample, measured on this machine
}

// candidate is one way to have a layer: as it is, or replaced.
type candidate struct {
	method Method // nil: as it is
	size   int    // rank, features or transforms
	chain  *nn.Network
	cost   Cost
	error  float64 // relative, of the layer's outputs
	damage float64 // relative, of the network's outputs if only this layer is replaced
	reason string  // for which it is refused, or ""
}

// name is the method's, or dense.
func (n candidate) name() string {
	if n.method == nil {
		return "dense"
	}
	return n.method.Name()
}

// choices are a layer's candidates. The first is the layer as it is.
type choices struct {
	*Layer
	before     Cost
	candidates []candidate
	refused    []candidate
}

const (
	searchSamples = 5000    // on which drops of accuracy are measured while searching
	damageSamples = 512     // on which outputs are compared
	fitFloats     = 1 << 25 // bounds the memory for inputs and outputs of a layer
	fitSamples    = 8192    // at most, for fits
)

// candidates makes the candidates of all layers: those for a goal, or the one that
// is asked for.
func (c *compressor) candidates(ctx context.Context) ([]choices, error) {
	var all []choices
	for _, l := range c.model.Layers {
		original, err := l.dense()
		if err != nil {
			return nil, err
		}
		k := choices{Layer: l, before: measure(original)}
		first := candidate{chain: original, cost: k.before}
		if c.allFloat16() {
			first.cost.Bytes = c.storedBytes(original)
		}
		k.candidates = []candidate{first}
		if len(c.Layers) == 0 || slices.Contains(c.Layers, l.Name) {
			if err := c.extend(ctx, &k); err != nil {
				return nil, fmt.Errorf("layer %s: %w", l.Name, err)
			}
		}
		all = append(all, k)
	}
	return all, nil
}

// extend adds the replacements of a layer.
func (c *compressor) extend(ctx context.Context, k *choices) error {
	t, testX, err := c.target(k.Layer)
	if err != nil {
		return err
	}
	testY := train.Outputs(k.candidates[0].chain, testX)
	var reference []float32
	if c.hasGoal() && c.samples > 0 {
		reference = train.Outputs(c.logits, c.damageInputs())
	}
	for _, method := range c.Methods {
		if method.needs().data && c.Data == nil { // of several
			continue
		}
		for _, size := range c.sizes(t, method) {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := c.replace(ctx, t, method, size, k.candidates[0].cost)
			if err != nil {
				return err
			}
			if n.reason != "" {
				k.refused = append(k.refused, n)
				continue
			}
			n.error = relativeError(train.Outputs(n.chain, testX), testY)
			n.damage = n.error
			if reference != nil {
				if n.damage, err = c.damage(k.Name, n.chain, reference); err != nil {
					return err
				}
			}
			c.tell("%s: %s %d: %d weights of %d, output error %.1f%%", k.Name, n.method.Name(), n.size, n.cost.Weights, k.Weights(), 100*n.error)
			k.candidates = append(k.candidates, n)
		}
	}
	return nil
}

// target returns what replacements are fitted to, and inputs to measure them on,
// which they do not see.
func (c *compressor) target(l *Layer) (t *target, testX []float32, err error) {
	t = &target{Layer: l, seed: c.Seed}
	if c.Data == nil {
		n := min(256, max(1, (1<<18+l.Weights())/(l.Inputs+l.Outputs))) // the outputs of few inputs can be many
		return t, randomInputs(n, l.Inputs, c.Seed), nil
	}
	n := min(fitSamples, max(512, fitFloats/(l.Inputs+l.Outputs)))
	before, err := inputsOf(c.model.Network, l.Name)
	if err != nil {
		return nil, nil, err
	}
	take := func(s Samples, n int) []float32 {
		size := c.model.Network.Description.Input.Size()
		x := s.Inputs[:min(n, len(s.Inputs)/size)*size]
		if before == nil {
			return x
		}
		return train.Outputs(before, x)
	}
	t.x = take(c.Data.Train, n)
	original, err := l.dense()
	if err != nil {
		return nil, nil, err
	}
	t.y = train.Outputs(original, t.x)
	return t, take(c.Data.Test, 1000), nil
}

// sizes lists the sizes to try: one, or those that the method has for a goal.
func (c *compressor) sizes(t *target, m Method) []int {
	switch {
	case c.hasGoal():
		return m.sizes(t.Layer)
	case m.needs().transforms:
		return []int{max(1, c.Transforms)}
	case c.Rank == Rank{}:
		return []int{Rank{Part: 0.5}.size(t.Layer, nil, math.MaxInt)}
	case c.Rank.Energy > 0:
		limit := max(1, t.BreakEven())
		return []int{c.Rank.size(t.Layer, t.basis(limit), min(t.Inputs, t.Outputs))}
	}
	return []int{c.Rank.size(t.Layer, nil, math.MaxInt)}
}

// replace makes a candidate. It is refused, before anything is computed, if it
// would not have less weights, and afterwards if it is slower.
func (c *compressor) replace(ctx context.Context, t *target, method Method, size int, was Cost) (candidate, error) {
	n := candidate{method: method, size: size}
	weights, err := weightsOf(method, t.Layer, size)
	if err != nil {
		return n, err
	}
	n.cost.Weights = weights
	if weights >= was.Weights {
		n.reason = fmt.Sprintf("%d weights are no less than the dense layer's %d", weights, was.Weights)
		if !method.needs().transforms {
			n.reason += fmt.Sprintf("; the break-even is rank %d", breakEven(method, t.Layer, size))
		}
		return n, nil
	}
	if n.chain, err = method.fit(ctx, t, size); err != nil {
		return n, err
	}
	n.cost = measure(n.chain)
	n.cost.Bytes = c.storedBytes(n.chain)
	if n.cost.Microseconds > slower*was.Microseconds && !c.AllowSlower {
		n.reason = fmt.Sprintf("%.1f µs a sample are more than the dense layer's %.1f", n.cost.Microseconds, was.Microseconds)
	}
	return n, nil
}

// weightsOf returns the weights of a replacement that is not made yet.
func weightsOf(m Method, l *Layer, size int) (int, error) {
	d := nn.Description{Name: "chain", Input: nn.Shape{l.Inputs}}
	for i, op := range m.ops(l, size) {
		d.Nodes = append(d.Nodes, nn.Node{Name: fmt.Sprint(i + 1), Op: op})
	}
	layers, err := nn.Inspect(d)
	total := 0
	for _, info := range layers {
		total += info.Weights
	}
	return total, err
}

// breakEven returns the largest size below limit at which a replacement has fewer
// weights than the layer, or 0.
func breakEven(m Method, l *Layer, limit int) int {
	return sort.Search(limit, func(i int) bool {
		weights, err := weightsOf(m, l, i+1)
		return err != nil || weights >= l.Weights()
	})
}

// slower is how many times longer than a dense layer a replacement may take:
// so much comes of measuring alone.
const slower = 1.05

// measure returns what a network costs. The time is that of the fastest of several
// runs: others only add to it.
func measure(network *nn.Network) Cost {
	cost := Cost{Weights: network.Weights(), Bytes: checkpoint.Bytes(network.Params())}
	for _, l := range network.Layers() {
		cost.MultiplyAdds += l.MultiplyAdds
	}
	x := randomInputs(1, network.Description.Input.Size(), 1)
	w := network.NewWorkspace(1, false)
	fastest := time.Duration(math.MaxInt64)
	for start, runs := time.Now(), 0; runs < 10 || runs < 1000 && time.Since(start) < 5*time.Millisecond; runs++ {
		began := time.Now()
		w.Forward(x)
		fastest = min(fastest, time.Since(began))
	}
	cost.Microseconds = float64(fastest.Nanoseconds()) / 1000
	return cost
}

// allFloat16 tells whether layers that stay as they are become float16 too: those of
// an ONNX file that can't be imported do not.
func (c *compressor) allFloat16() bool { return c.Float16 && c.model.Network != nil }

func (c *compressor) storedBytes(network *nn.Network) int {
	if c.Float16 {
		return checkpoint.BytesFloat16(network.Params())
	}
	return checkpoint.Bytes(network.Params())
}

func (c *compressor) damageInputs() []float32 {
	size := c.logits.Description.Input.Size()
	if c.Data == nil {
		return randomInputs(c.samples, size, c.Seed)
	}
	return c.head.Inputs[:min(damageSamples*size, len(c.head.Inputs))]
}

// damage is the relative error of the network's outputs with one layer replaced.
func (c *compressor) damage(layer string, chain *nn.Network, reference []float32) (float64, error) {
	changed, err := rewrite(c.logits, map[string]*nn.Network{layer: chain})
	if err != nil {
		return 0, err
	}
	return relativeError(train.Outputs(changed, c.damageInputs()), reference), nil
}
