package compress

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// candidate is one way to have a layer: as it is, or replaced.
type candidate struct {
	method   Method // nil: as it is
	size     int    // rank, features or transforms
	chain    *nn.Network
	cost     Cost    // its weights alone, where it was refused unmeasured
	measured bool    // whether there are the following
	error    float64 // of the layer's outputs (outputError)
	damage   float64 // of the network's outputs if only this layer is replaced
	reason   string  // for which it is refused, or ""
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
	notes      []string
}

const (
	damageSamples = 512     // on which outputs are compared
	fitFloats     = 1 << 25 // bounds the memory for inputs and outputs of a layer
	fitSamples    = 7680    // at most, for fits: 60 batches, so that 25 epochs are the steps of Fastfood's fit
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
		k := choices{Layer: l}
		if k.before, err = l.cost(original); err != nil {
			return nil, err
		}
		k.before.Bytes = l.storedBytes()
		first := candidate{chain: original, cost: k.before}
		first.cost.Bytes = c.keptBytes(l, original)
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

// extend adds the replacements of a layer. Where methods compete, the first one's are
// made largest first, and the others', which take long to fit, smallest first, until
// one has as many weights as another that does less harm: larger ones would hardly do
// better.
func (c *compressor) extend(ctx context.Context, k *choices) error {
	if least, bytes := c.leastSaved(), k.candidates[0].cost.Bytes; bytes < least {
		k.notes = append(k.notes, fmt.Sprintf("left alone: it has %s bytes, and what saves under %s of the file's %s is not worth it", thousands.Apart(bytes), thousands.Apart(least), thousands.Apart(c.model.bytes)))
		return nil
	}
	t, err := c.target(k.Layer)
	if err != nil {
		return err
	}
	p, err := c.probe(k)
	if err != nil {
		return err
	}
	for i, method := range c.Methods {
		if method.needs().data && c.Data == nil { // of several
			continue
		}
		if !k.takes(method) {
			if len(c.Methods) == 1 {
				k.notes = append(k.notes, fmt.Sprintf("left alone: %s does not take a convolution's place", method.Name()))
			}
			continue
		}
		sizes, reason := c.sizes(t, method)
		if reason != "" {
			k.notes = append(k.notes, reason)
		}
		if i > 0 {
			slices.Reverse(sizes)
		}
		for _, size := range sizes {
			n, err := c.try(ctx, t, method, size, k, p)
			if err != nil {
				return err
			}
			if n.reason != "" {
				k.refused = append(k.refused, n)
				continue
			}
			k.candidates = append(k.candidates, n)
			if i > 0 && k.surpass(n) {
				break
			}
		}
	}
	return nil
}

// surpass tells whether a candidate with no more weights does less harm than n.
func (k *choices) surpass(n candidate) bool {
	return slices.ContainsFunc(k.candidates[1:], func(other candidate) bool {
		return other.cost.Weights <= n.cost.Weights && other.damage < n.damage
	})
}

// leastSaved is how many bytes a replacement must save that nothing asks for: 1% of
// the file, or, where layers are many, half of what they are on an average.
func (c *compressor) leastSaved() int {
	if c.explicit {
		return 0
	}
	return c.model.bytes / max(100, 2*len(c.model.Layers))
}

// try makes and measures a candidate.
func (c *compressor) try(ctx context.Context, t *target, m Method, size int, k *choices, p probe) (candidate, error) {
	if err := ctx.Err(); err != nil {
		return candidate{}, err
	}
	n, err := c.replace(ctx, t, m, size, k.candidates[0])
	if err != nil || n.reason != "" {
		return n, err
	}
	if err := c.measureErrors(&n, k, p); err != nil || n.reason != "" {
		return n, err
	}
	c.tell("%s: %s %d: %s weights of %s, output error %.1f%%", k.Name, n.method.Name(), n.size, thousands.Apart(n.cost.Weights), thousands.Apart(k.Weights()), 100*n.error)
	return n, nil
}

// target returns what replacements are fitted to.
func (c *compressor) target(l *Layer) (*target, error) {
	t := &target{Layer: l, seed: c.Seed}
	if c.Data == nil {
		return t, nil
	}
	n := min(fitSamples, max(512, fitFloats/(l.Inputs+l.Outputs)))
	before, err := inputsOf(c.model.Network, l.Name)
	if err != nil {
		return nil, err
	}
	original, err := l.dense()
	if err != nil {
		return nil, err
	}
	t.x = l.vectors(c.fitted.head(l.samples(n)).outputs(before), n)
	t.y = train.Outputs(original, t.x)
	return t, nil
}

// probe is what a layer's replacements are measured on: rows that they were not
// fitted to.
type probe struct {
	x, y      []float32 // of the layer
	reference []float32 // outputs of the network, or nil
}

func (c *compressor) probe(k *choices) (p probe, err error) {
	if c.Data == nil {
		n := min(256, max(1, (1<<18+k.Weights())/(k.Inputs+k.Outputs))) // the outputs of few inputs can be many
		p.x = randomInputs(n, k.Inputs, c.Seed)
	} else {
		before, err := inputsOf(c.model.Network, k.Name)
		if err != nil {
			return p, err
		}
		const n = 1000
		p.x = k.vectors(c.held.head(k.samples(n)).outputs(before), n)
	}
	p.y = train.Outputs(k.candidates[0].chain, p.x)
	if c.hasGoal() && c.samples > 0 {
		p.reference = train.Outputs(c.logits, c.damageInputs())
	}
	if _, kind := outputError(p.y, p.y, k.Outputs); kind != varied {
		k.notes = append(k.notes, "its outputs are "+string(kind))
	}
	return p, nil
}

// measureErrors measures a candidate, and refuses it if it is of no use.
func (c *compressor) measureErrors(n *candidate, k *choices, p probe) (err error) {
	n.error, _ = outputError(train.Outputs(n.chain, p.x), p.y, k.Outputs)
	n.damage, n.measured = n.error, true
	if p.reference != nil {
		if n.damage, err = c.damage(k.Name, n.chain, p.reference); err != nil {
			return err
		}
	}
	switch {
	case math.IsNaN(n.error) || math.IsInf(n.error, 0):
		n.measured = false
		n.reason = "its outputs, or the layer's, are not all finite numbers"
	case n.error >= 1 && !n.method.needs().tuning:
		n.reason = fmt.Sprintf("its outputs are no nearer to the layer's than their mean is: the error is %.0f%%", 100*n.error)
	}
	return nil
}

// sizes lists the sizes to try, one, or those that the method has for a goal, or says
// why there is none.
func (c *compressor) sizes(t *target, m Method) (sizes []int, reason string) {
	switch {
	case c.hasGoal():
		return m.sizes(t.Layer), ""
	case m.needs().transforms:
		return []int{max(1, c.Transforms)}, ""
	case c.Rank == Rank{} && !m.needs().energy: // and there are no data
		return nil, fmt.Sprintf("left alone: without data, nothing says how large %s should be: give a rank", m.Name())
	case c.Rank == Rank{}:
		return c.rankOfEnergy(t, defaultEnergy, t.BreakEven()/2)
	case c.Rank.Energy > 0:
		return c.rankOfEnergy(t, c.Rank.Energy, t.BreakEven())
	}
	size := c.Rank.size(t.Layer)
	if m == Monarch {
		size = wholeBlocks(t.Layer, size)
	}
	return []int{size}, ""
}

// rankOfEnergy returns the rank that keeps a part of the energy, if it is at most
// limit.
func (c *compressor) rankOfEnergy(t *target, part float64, limit int) (sizes []int, reason string) {
	rank, found := t.rankFor(part, limit)
	if found && rank <= limit {
		if rounded := roundUp(rank); rounded <= limit {
			rank = rounded
		}
		return []int{rank}, ""
	}
	takes := fmt.Sprintf("rank %d", rank)
	if !found {
		takes = fmt.Sprintf("more than rank %d", rank)
	}
	reason = fmt.Sprintf("to keep %g%% of its energy takes %s; the break-even is rank %d", 100*part, takes, t.BreakEven())
	if limit < t.BreakEven() {
		reason = "left alone: " + reason + ", and without data at most half of that is taken"
	}
	return nil, reason
}

// replace makes a candidate. It is refused, before anything is computed, if it
// would not have less weights, and afterwards if it is slower.
func (c *compressor) replace(ctx context.Context, t *target, method Method, size int, was candidate) (candidate, error) {
	n := candidate{method: method, size: size}
	weights, err := weightsOf(method, t.Layer, size)
	if err != nil {
		return n, err
	}
	n.cost.Weights = weights
	if weights >= was.cost.Weights {
		n.reason = fmt.Sprintf("%s weights are no less than the dense layer's %s", thousands.Apart(weights), thousands.Apart(was.cost.Weights))
		if !method.needs().transforms {
			n.reason += fmt.Sprintf("; the break-even is rank %d", breakEven(method, t.Layer, size))
		}
		return n, nil
	}
	bytes, number := t.bytes, c.numberBytes(t.Layer)
	if c.precision != checkpoint.Float32 {
		bytes = min(bytes, number*t.Weights())
	}
	switch saved, least := bytes-weights*number, c.leastSaved(); {
	case saved <= 0: // the layer's are stored in fewer bits
		n.reason = fmt.Sprintf("its weights would take %s bytes, no less than the layer's %s in the file", thousands.Apart(weights*number), thousands.Apart(bytes))
		return n, nil
	case saved < least:
		n.reason = fmt.Sprintf("it saves %s bytes, and what saves under %s of the file's %s is not worth it", thousands.Apart(saved), thousands.Apart(least), thousands.Apart(c.model.bytes))
		return n, nil
	}
	if n.chain, err = method.fit(ctx, t, size); ctx.Err() != nil {
		return n, ctx.Err()
	} else if err != nil {
		n.reason = fmt.Sprintf("it can't be fitted: %v", err)
		return n, nil
	}
	if n.cost, err = t.cost(n.chain); err != nil {
		return n, err
	}
	n.cost.Bytes = c.replacedBytes(t.Layer, n.chain)
	if c.AllowSlower || isDense(n.chain) {
		return n, nil
	}
	if ratio := timeRatio(n.chain, was.chain); ratio > slower {
		n.reason = fmt.Sprintf("it takes %.1f times the dense layer's time for a sample", ratio)
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

func (c *compressor) damageInputs() []float32 {
	size := c.logits.Description.Input.Size()
	if c.Data == nil {
		return randomInputs(c.samples, size, c.Seed)
	}
	return c.held.head(damageSamples).copy().Inputs
}

// damage is the error (outputError) of the network's outputs with one layer replaced.
func (c *compressor) damage(layer string, chain *nn.Network, reference []float32) (float64, error) {
	changed, err := rewrite(c.logits, map[string]*nn.Network{layer: chain})
	if err != nil {
		return 0, err
	}
	e, _ := outputError(train.Outputs(changed, c.damageInputs()), reference, c.logits.OutShape().Size())
	return e, nil
}
