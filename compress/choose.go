package compress

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

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
