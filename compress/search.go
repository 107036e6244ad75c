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
	method Method // "dense": as it is
	size   int    // rank, features or transforms
	chain  *nn.Network
	cost   Cost
	error  float64 // relative, of the layer's outputs
	damage float64 // relative, of the network's outputs if only this layer is replaced
	reason string  // for which it is refused, or ""
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
	dense         = Method("dense")
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
		first := candidate{method: dense, chain: original, cost: k.before}
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
	f, testX, err := c.fit(k.Layer)
	if err != nil {
		return err
	}
	testY := train.Outputs(k.candidates[0].chain, testX)
	methods := []Method{c.Method}
	if c.Method == Auto {
		methods = []Method{SVD, Fastfood, RandomProjection}
		if c.Data == nil {
			methods = methods[:1]
		}
	}
	var reference []float32
	if c.hasGoal() && c.samples > 0 {
		reference = train.Outputs(c.logits, c.damageInputs())
	}
	for _, method := range methods {
		for _, size := range c.sizes(f, method) {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := c.replace(ctx, f, method, size, k.candidates[0].cost)
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
			c.tell("%s: %s %d: %d weights of %d, output error %.1f%%", k.Name, n.method, n.size, n.cost.Weights, k.Weights(), 100*n.error)
			k.candidates = append(k.candidates, n)
		}
	}
	return nil
}

// fit returns what replacements are fitted to, and inputs to measure them on,
// which they do not see.
func (c *compressor) fit(l *Layer) (f *fit, testX []float32, err error) {
	f = &fit{Layer: l, seed: c.Seed}
	if c.Data == nil {
		n := min(256, max(1, (1<<18+l.Weights())/(l.Inputs+l.Outputs))) // the outputs of few inputs can be many
		return f, randomInputs(n, l.Inputs, c.Seed), nil
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
	f.x = take(c.Data.Train, n)
	original, err := l.dense()
	if err != nil {
		return nil, nil, err
	}
	f.y = train.Outputs(original, f.x)
	return f, take(c.Data.Test, 1000), nil
}

// sizes lists the ranks, or numbers of transforms, to try: one, or for a goal
// a ladder from the break-even down, in steps of about √2.
func (c *compressor) sizes(f *fit, method Method) []int {
	if !c.hasGoal() {
		switch {
		case method == Fastfood:
			return []int{max(1, c.Transforms)}
		case c.Rank == Rank{}:
			return []int{Rank{Part: 0.5}.size(f.Layer, nil, math.MaxInt)}
		case c.Rank.Energy > 0:
			limit := max(1, f.BreakEven())
			return []int{c.Rank.size(f.Layer, f.basis(limit), min(f.Inputs, f.Outputs))}
		}
		return []int{c.Rank.size(f.Layer, nil, math.MaxInt)}
	}
	switch method {
	case Fastfood:
		return []int{1, 2, 4, 8}
	case RandomProjection:
		return ladder(min(f.Inputs, 1024))
	}
	return ladder(f.BreakEven())
}

func ladder(top int) []int {
	var sizes []int
	for i := range 16 {
		n := roundUp(int(float64(top) * math.Pow(2, -float64(i)/2)))
		if n < 1 {
			break
		}
		if n <= top && !slices.Contains(sizes, n) {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

// replace makes a candidate. It is refused, before anything is computed, if it
// would not have less weights, and afterwards if it is slower.
func (c *compressor) replace(ctx context.Context, f *fit, method Method, size int, was Cost) (candidate, error) {
	n := candidate{method: method, size: size}
	weights, err := f.weightsOf(method, size)
	if err != nil {
		return n, err
	}
	n.cost.Weights = weights
	if weights >= was.Weights {
		n.reason = fmt.Sprintf("%d weights are no less than the dense layer's %d", weights, was.Weights)
		if method == SVD || method == LowRank {
			n.reason += fmt.Sprintf("; the break-even is rank %d", f.BreakEven())
		}
		return n, nil
	}
	switch method {
	case SVD:
		n.chain, err = f.svd(size)
	case LowRank:
		n.chain, err = f.lowRank(size)
	case Fastfood:
		n.chain, err = f.fastfood(ctx, size)
	case RandomProjection:
		n.chain, err = f.randomProjection(size)
	}
	if err != nil {
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
func (f *fit) weightsOf(method Method, size int) (int, error) {
	var ops []nn.Op
	switch method {
	case SVD, LowRank:
		return size * (f.Inputs + f.Outputs), nil
	case Fastfood:
		ops = f.fastfoodOps(size)
	case RandomProjection:
		ops = f.randomProjectionOps(size)
	}
	d := nn.Description{Name: "chain", Input: nn.Shape{f.Inputs}}
	for i, op := range ops {
		d.Nodes = append(d.Nodes, nn.Node{Name: fmt.Sprint(i + 1), Op: op})
	}
	layers, err := nn.Inspect(d)
	total := 0
	for _, l := range layers {
		total += l.Weights
	}
	return total, err
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

// choose returns the index of every layer's candidate. Without a goal it is the
// one that was asked for, unless that was refused.
func (c *compressor) choose(ctx context.Context, layers []choices) ([]int, error) {
	if !c.hasGoal() {
		chosen := make([]int, len(layers))
		for i, l := range layers {
			chosen[i] = len(l.candidates) - 1
		}
		return chosen, nil
	}
	path := c.path(layers)
	if c.MaxDrop > 0 {
		return c.withinDrop(ctx, layers, path)
	}
	weights, bytes := c.rest()
	for _, chosen := range path {
		w, b := weights, bytes
		for i, l := range layers {
			w += l.candidates[chosen[i]].cost.Weights
			b += l.candidates[chosen[i]].cost.Bytes
		}
		if c.Budget > 0 && float64(w)*c.Budget <= float64(c.totalWeights()) || c.TargetBytes > 0 && b <= c.TargetBytes {
			return chosen, nil
		}
	}
	smallest := path[len(path)-1]
	w, b := weights, bytes
	for i, l := range layers {
		w, b = w+l.candidates[smallest[i]].cost.Weights, b+l.candidates[smallest[i]].cost.Bytes
	}
	return nil, fmt.Errorf("compress: the goal is out of reach: the smallest that was found has %d of %d weights, in %d bytes; %d weights are in other layers", w, c.totalWeights(), b, weights)
}

// path returns choices from the model as it is to the smallest one. Each step
// takes the change of one layer with the least damage for a weight saved
// (squares of errors add up, roughly, as if they were independent).
func (c *compressor) path(layers []choices) [][]int {
	chosen := make([]int, len(layers))
	path := [][]int{slices.Clone(chosen)}
	for {
		best, layer, next := math.Inf(1), -1, 0
		for i, l := range layers {
			now := l.candidates[chosen[i]]
			for k, n := range l.candidates {
				saved := float64(now.cost.Weights - n.cost.Weights)
				if saved <= 0 {
					continue
				}
				if slope := (n.damage*n.damage - now.damage*now.damage) / saved; slope < best {
					best, layer, next = slope, i, k
				}
			}
		}
		if layer < 0 {
			return path
		}
		chosen[layer] = next
		path = append(path, slices.Clone(chosen))
	}
}

// withinDrop returns the last choice of the path whose accuracy, before
// fine-tuning, is low by at most MaxDrop points. Along the path it only falls, or
// nearly so.
func (c *compressor) withinDrop(ctx context.Context, layers []choices, path [][]int) ([]int, error) {
	before := errorPercent(c.logits, c.head)
	var failed error
	first := sort.Search(len(path)-1, func(i int) bool {
		if failed != nil || ctx.Err() != nil {
			return true
		}
		chains := map[string]*nn.Network{}
		for j, l := range layers {
			if k := path[i+1][j]; k > 0 {
				chains[l.Name] = l.candidates[k].chain
			}
		}
		network, err := rewrite(c.logits, chains)
		if err != nil {
			failed = err
			return true
		}
		drop := errorPercent(network, c.head) - before
		c.tell("step %d of %d: %d weights, %.2f points lost", i+1, len(path)-1, network.Weights(), drop)
		return drop > c.MaxDrop
	})
	if failed == nil {
		failed = ctx.Err()
	}
	return path[first], failed
}

// errorPercent is the part of samples whose largest output is not at their label.
func errorPercent(network *nn.Network, s Samples) float64 {
	return 100 * float64(train.Wrong(network, s.Inputs, s.Labels)) / float64(len(s.Labels))
}

// totalWeights returns the model's weights; of a file that can't be imported, those
// of its fully-connected layers.
func (c *compressor) totalWeights() int {
	if c.model.Network != nil {
		return c.model.Network.Weights()
	}
	total := 0
	for _, l := range c.model.Layers {
		total += l.Weights()
	}
	return total
}

// rest returns the weights and bytes of what is no fully-connected layer.
func (c *compressor) rest() (weights, bytes int) {
	weights, bytes = c.totalWeights(), c.model.bytes
	size := 4
	if c.allFloat16() {
		size = 2
	}
	if c.model.Network != nil {
		bytes = c.storedBytes(c.model.Network)
	}
	for _, l := range c.model.Layers {
		weights -= l.Weights()
		bytes -= size * (l.Weights() + len(l.bias))
	}
	return weights, bytes
}
