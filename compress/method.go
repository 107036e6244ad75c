package compress

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/nn"
)

// Method is a way to replace a fully-connected layer y = W·x + b. A new one is a
// file that implements it, and an entry of registry.
type Method interface {
	// Name is what flags and reports call it.
	Name() string

	needs() needs
	// sizes lists the sizes to try where there is a goal, the largest first.
	sizes(l *Layer) []int
	// ops are the layers of a replacement, from the layer's inputs to its outputs.
	ops(l *Layer, size int) []nn.Op
	// fit makes a replacement with these layers.
	fit(ctx context.Context, t *target, size int) (*nn.Network, error)
}

// needs says what a method takes and does not take.
type needs struct {
	data       bool    // it is fitted to data
	tuning     bool    // it starts from random numbers: fine-tuning alone makes it useful
	transforms bool    // Options.Transforms is its size, not Options.Rank
	energy     bool    // Rank.Energy may say its size
	rate       float64 // the highest learning rate of fine-tuning; what is far from the original has far to go
}

// registry has all methods. Flags and reports name them as they do themselves.
var registry = []Method{SVD, Monarch, Fastfood, Block, RandomProjection, LowRank}

// Auto returns the methods that a search can compare: all but those that have to be
// trained first.
func Auto() []Method {
	return slices.DeleteFunc(slices.Clone(registry), func(m Method) bool { return m.needs().tuning })
}

// auto is the name of several methods.
const auto = "auto"

// ParseMethods returns the method of a name, svd, fastfood, rp or lowrank, or, for
// auto, all that Auto returns.
func ParseMethods(name string) ([]Method, error) {
	if name == auto {
		return Auto(), nil
	}
	var names []string
	for _, m := range registry {
		if m.Name() == name {
			return []Method{m}, nil
		}
		names = append(names, m.Name())
	}
	return nil, fmt.Errorf("there is no method %q; there are %s and %s", name, strings.Join(names, ", "), auto)
}

// nameOf is ParseMethods's inverse.
func nameOf(methods []Method) string {
	if len(methods) == 1 {
		return methods[0].Name()
	}
	return auto
}
