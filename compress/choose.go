package compress

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// choose takes a candidate for every layer, and makes the network of them. Without a
// goal it is the one that was asked for, unless that was refused.
func (c *compressor) choose(ctx context.Context, layers []choices) (*Result, error) {
	path := c.path(layers)
	switch {
	case c.MaxDrop > 0 || c.maxError > 0:
		return c.withinLoss(ctx, layers, path)
	case c.TargetBytes > 0:
		chosen, err := c.bestWithinBytes(layers, finer(layers, path))
		if err != nil {
			return nil, err
		}
		return c.finish(ctx, layers, chosen)
	case c.Budget > 0:
		chosen, err := c.withinBudget(layers, finer(layers, path))
		if err != nil {
			return nil, err
		}
		return c.finish(ctx, layers, chosen)
	}
	chosen := make([]int, len(layers))
	for i, l := range layers {
		chosen[i] = len(l.candidates) - 1
	}
	return c.finish(ctx, layers, chosen)
}

// path returns choices from the model as it is to the smallest one. Each step
// takes the change of one layer with the least damage for a weight saved
// (squares of errors add up, roughly, as if they were independent).
func (c *compressor) path(layers []choices) [][]int {
	chosen := make([]int, len(layers))
	path := [][]int{slices.Clone(chosen)}
	for c.hasGoal() {
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
			break
		}
		chosen[layer] = next
		path = append(path, slices.Clone(chosen))
	}
	return path
}

// finer returns a path with what is between its choices.
func finer(layers []choices, path [][]int) (all [][]int) {
	for i := range path[:len(path)-1] {
		all = append(all, between(layers, path[i], path[i+1])...)
	}
	return append(all, path[len(path)-1])
}

// withinBudget returns the first choice of the path with few enough weights.
func (c *compressor) withinBudget(layers []choices, path [][]int) ([]int, error) {
	for _, chosen := range path {
		if weights, _ := c.size(layers, chosen); float64(weights)*c.Budget <= float64(c.totalWeights()) {
			return chosen, nil
		}
	}
	weights, bytes := c.size(layers, path[len(path)-1])
	others, _ := c.rest()
	return nil, fmt.Errorf("compress: the goal is out of reach: the smallest that was found has %d of %d weights, in %d bytes; %d weights are in other layers", weights, c.totalWeights(), bytes, others)
}

// bestWithinBytes chooses the precision, too, where there are several: that whose choice does
// the least harm to the network's outputs, or, where these are not known, the first in which
// the file is small enough.
func (c *compressor) bestWithinBytes(layers []choices, path [][]int) (chosen []int, err error) {
	if c.logits == nil || c.samples == 0 {
		for _, precision := range c.Precisions {
			c.setPrecision(layers, precision)
			if chosen, err = c.withinBytes(layers, path); err == nil {
				break
			}
		}
		return chosen, err
	}
	if len(c.Precisions) == 1 {
		return c.withinBytes(layers, path)
	}
	x := c.damageInputs()
	reference := train.Outputs(c.logits, x)
	best, least, failed := c.precision, math.Inf(1), error(nil)
	for _, precision := range c.Precisions {
		c.setPrecision(layers, precision)
		found, err := c.withinBytes(layers, path)
		if err == nil {
			var network *nn.Network
			if network, err = c.rounded(layers, found); err == nil {
				e, _ := outputError(train.Outputs(network, x), reference, c.logits.OutShape().Size())
				c.tell("%s: output error %.2f%% within %s bytes", cmp.Or(string(precision), "float32"), 100*e, thousands.Apart(c.TargetBytes))
				if chosen == nil || e < least { // outputs that are not finite have no error
					best, least, chosen = precision, e, found
				}
			}
		}
		failed = cmp.Or(err, failed) // the last one is of the smallest files
	}
	if chosen == nil {
		return nil, failed
	}
	c.setPrecision(layers, best)
	return chosen, nil
}

// setPrecision has everything stored in a precision.
func (c *compressor) setPrecision(layers []choices, precision checkpoint.Precision) {
	c.precision = precision
	for _, l := range layers {
		for i := range l.candidates {
			n := &l.candidates[i]
			if i == 0 {
				n.cost.Bytes = c.keptBytes(l.Layer, n.chain)
			} else {
				n.cost.Bytes = c.replacedBytes(l.Layer, n.chain)
			}
		}
	}
}

// rounded returns the network of a choice up to its logits, as it is stored.
func (c *compressor) rounded(layers []choices, chosen []int) (*nn.Network, error) {
	network, err := rewrite(c.logits, c.chains(layers, chosen))
	if err != nil {
		return nil, err
	}
	return c.stored(network)
}

// stored returns what a file gives back of a network, which stays as it is.
func (c *compressor) stored(network *nn.Network) (_ *nn.Network, err error) {
	if c.precision == checkpoint.Float32 {
		return network, nil
	}
	if network, err = network.Clone(); err != nil {
		return nil, err
	}
	return network, c.round(network)
}

// withinBytes returns the first choice of the path whose file, written to a folder
// that is removed, is small enough. How much a file has beside parameters is learnt
// from those that are written.
func (c *compressor) withinBytes(layers []choices, path [][]int) ([]int, error) {
	if c.precision == checkpoint.Float32 && c.model.bytes <= c.TargetBytes {
		c.note("the file has %s bytes, no more than the target: nothing is to be done", thousands.Apart(c.model.bytes))
		return path[0], nil
	}
	beside, written, first := 0, 0, 1
	if c.precision != checkpoint.Float32 { // alone, it may be enough
		first = 0
	}
	for i := first; i < len(path); i++ {
		chosen := path[i]
		_, bytes := c.size(layers, chosen)
		if bytes+beside > c.TargetBytes && i < len(path)-1 {
			continue
		}
		var err error
		if written, err = c.fileBytes(layers, chosen); err != nil {
			return nil, err
		}
		if written <= c.TargetBytes {
			return chosen, nil
		}
		beside = written - bytes
	}
	return nil, fmt.Errorf("compress: the goal is out of reach: the smallest file that was found has %d bytes, and the target is %d", written, c.TargetBytes)
}

// fileBytes returns how many bytes Save will write at most.
func (c *compressor) fileBytes(layers []choices, chosen []int) (int, error) {
	r, err := c.build(layers, chosen)
	if err != nil {
		return 0, err
	}
	folder, err := os.MkdirTemp("", "deepfry-*")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	name := c.Output
	if name == "" {
		name = c.model.path
	}
	bytes := 0
	for _, tuned := range []bool{false, true} { // it is known later whether fine-tuning is kept
		if tuned && c.FineTune == 0 {
			continue
		}
		r.tuned = tuned
		ending := ".safetensors"
		if IsONNX(name) {
			ending = ".onnx"
		}
		path := filepath.Join(folder, fmt.Sprint("network", tuned, ending))
		if err := r.save(path); err != nil {
			return 0, err
		}
		_, all, err := written(path)
		if err != nil {
			return 0, err
		}
		bytes = max(bytes, all)
	}
	return bytes, nil
}

// withinLoss returns the last choice of the path that loses as little as is allowed
// on the held-out rows, or one between that and the next. Without fine-tuning, losses
// only grow along the path, or nearly so. With it, networks from beyond there are
// fine-tuned, some of them, in search of the last that comes back.
func (c *compressor) withinLoss(ctx context.Context, layers []choices, path [][]int) (*Result, error) {
	within, err := c.judge()
	if err != nil {
		return nil, err
	}
	first, err := c.lastWithin(ctx, layers, path, within)
	if err != nil {
		return nil, err
	}
	if c.FineTune > 0 {
		return c.tunedWithin(ctx, layers, path, first, within)
	}
	between := between(layers, path[first], path[min(first+1, len(path)-1)])
	last, err := c.lastWithin(ctx, layers, between, within)
	if err != nil {
		return nil, err
	}
	return c.finish(ctx, layers, between[last])
}

// lastWithin returns the index of the last choice of a path that is within the loss,
// as the first one is taken to be, by halving.
func (c *compressor) lastWithin(ctx context.Context, layers []choices, path [][]int, within judgement) (int, error) {
	var failed error
	last := sort.Search(len(path)-1, func(i int) bool {
		if failed == nil {
			failed = ctx.Err()
		}
		if failed != nil {
			return true
		}
		network, err := c.rounded(layers, path[i+1])
		if err != nil {
			failed = err
			return true
		}
		return !within(network, fmt.Sprintf("step %d of %d", i+1, len(path)-1))
	})
	return last, failed
}

// between returns a path from one choice towards the next, which differs in a layer at
// most: that layer's candidates between the two in weights and damage, the largest
// first.
func between(layers []choices, from, to []int) [][]int {
	path := [][]int{from}
	for i, l := range layers {
		if from[i] == to[i] {
			continue
		}
		was, next := l.candidates[from[i]], l.candidates[to[i]]
		for k, n := range l.candidates {
			if n.cost.Weights >= was.cost.Weights || n.cost.Weights <= next.cost.Weights || n.damage >= next.damage {
				continue
			}
			chosen := slices.Clone(from)
			chosen[i] = k
			path = append(path, chosen)
		}
		slices.SortFunc(path, func(a, b []int) int {
			return cmp.Compare(l.candidates[b[i]].cost.Weights, l.candidates[a[i]].cost.Weights)
		})
	}
	return path
}

// tunings are tried at most beyond the last choice that needs none.
const tunings = 4

// tunedWithin halves the path from the last choice that needs no fine-tuning on, as
// often as tunings says, and returns the last network that is within the loss after
// it: that of the first choice at least, for fine-tuning keeps the better.
func (c *compressor) tunedWithin(ctx context.Context, layers []choices, path [][]int, first int, within judgement) (*Result, error) {
	var best *Result
	last := len(path) - 1
	for i := 0; i < tunings && first < last && ctx.Err() == nil; i++ {
		middle := (first + last + 1) / 2
		r, err := c.finish(ctx, layers, path[middle])
		if err != nil {
			return nil, err
		}
		network, err := logits(r.Network)
		if err != nil {
			return nil, err
		}
		if within(network, fmt.Sprintf("step %d of %d, fine-tuned", middle, len(path)-1)) {
			first, best = middle, r
		} else {
			last = middle - 1
		}
	}
	if best != nil {
		return best, nil
	}
	return c.finish(ctx, layers, path[first])
}

// judgement tells whether a network loses as little as is allowed; name is for
// progress.
type judgement func(network *nn.Network, name string) bool

// judge returns the judgement of the goal, on the held-out rows.
func (c *compressor) judge() (judgement, error) {
	if c.maxError > 0 {
		x := c.held.head(1000).copy().Inputs
		reference, columns := train.Outputs(c.logits, x), c.logits.OutShape().Size()
		return func(network *nn.Network, name string) bool {
			e, _ := outputError(train.Outputs(network, x), reference, columns)
			c.tell("%s: %s weights, output error %.1f%%", name, thousands.Apart(network.Weights()), 100*e)
			return e <= c.maxError
		}, nil
	}
	sets := []rows{c.held}
	if len(c.fresh.index) > 0 {
		sets = append(sets, c.fresh)
	} else if one := 100 / float64(len(c.held.index)); one > c.MaxDrop/4 {
		c.note("sizes are chosen on %s samples with labels, of which one makes %.3g points: more would say more of a drop of %g", thousands.Apart(len(c.held.index)), one, c.MaxDrop)
	}
	var before [][]bool
	for _, set := range sets {
		before = append(before, set.wrong(c.logits))
	}
	if len(sets) == 1 {
		c.warnOfMemory(before[0])
	}
	// Of a drop that is just too large, one set says so with a probability of 90%; of
	// two, of which either may let it pass, with 98% and 92%: together 90%, most of it
	// spent on those that do not flatter. These are quantiles of the normal distribution.
	deviations := [][]float64{{1.2816}, {2.0537, 1.4051}}[len(sets)-1]
	return func(network *nn.Network, name string) bool {
		for i, set := range sets {
			lost, most := drop(before[i], set.wrong(network), deviations[i])
			c.tell("%s: %s weights, %.2f points lost on %s, at most %.2f", name, thousands.Apart(network.Weights()), lost, []string{"held-out training samples", "test samples"}[i], most)
			if most <= c.MaxDrop {
				return true
			}
		}
		return false
	}, nil
}

// finish makes the network of a choice and fine-tunes it.
func (c *compressor) finish(ctx context.Context, layers []choices, chosen []int) (*Result, error) {
	r, err := c.build(layers, chosen)
	if err != nil || r.Network == nil {
		return r, err
	}
	if err := c.fineTune(ctx, r); err != nil {
		return nil, err
	}
	return r, c.round(r.Network)
}

// build makes the network of a choice.
func (c *compressor) build(layers []choices, chosen []int) (*Result, error) {
	r := &Result{model: c.model, chosen: chosen, chains: c.chains(layers, chosen), precision: c.precision}
	for i, l := range layers {
		if k := chosen[i]; k > 0 {
			r.methods = append(r.methods, l.candidates[k].method)
		}
	}
	if c.model.Network == nil || len(r.chains) == 0 && c.precision == checkpoint.Float32 {
		return r, nil
	}
	changed, err := rewrite(c.model.Network, r.chains)
	if err != nil {
		return nil, err
	}
	r.Network, err = changed.Clone()
	return r, err
}

// chains returns the replacements of a choice by the names of the layers.
func (c *compressor) chains(layers []choices, chosen []int) map[string]*nn.Network {
	chains := map[string]*nn.Network{}
	for i, l := range layers {
		if k := chosen[i]; k > 0 {
			chains[l.Name] = l.candidates[k].chain
		}
	}
	return chains
}

// size returns the weights and the bytes of the parameters of a choice.
func (c *compressor) size(layers []choices, chosen []int) (weights, bytes int) {
	weights, bytes = c.rest()
	for i, l := range layers {
		cost := l.candidates[chosen[i]].cost
		weights, bytes = weights+cost.Weights, bytes+cost.Bytes
	}
	return weights, bytes
}

// totalWeights returns the model's weights; of a file that can't be imported, those
// of its fully-connected layers.
func (c *compressor) totalWeights() int {
	if c.model.Network != nil {
		return c.model.Network.Weights() - c.model.repeated
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
	anew := c.model.file == nil || c.precision != checkpoint.Float32 && c.model.Network != nil
	if anew {
		bytes = c.storedBytes(c.model.Network)
	}
	for _, l := range c.model.Layers {
		weights -= l.Weights()
		if !anew {
			bytes -= l.storedBytes()
		} else if dense, err := l.dense(); err == nil { // candidates has made one before
			bytes -= c.storedBytes(dense)
		}
	}
	return weights, bytes
}
