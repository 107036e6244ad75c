package nn

import (
	"fmt"
	"slices"

	"github.com/deepfry/deepfry/internal/par"
)

// tensorMemory says what a workspace allocates for the output of a node.
type tensorMemory struct {
	value, grad bool
	next        bool // nothing: values and gradient have the memory of the next node's output
	shares      int  // gradients besides, one for each reader where there are several
}

// memory returns what a workspace allocates for every node. An output whose only
// reader is done as an epilogue is never written: it has the memory of that one's
// output, or no values at all.
func (n *Network) memory(training bool) []tensorMemory {
	uses := n.uses
	wanted := make([]bool, len(n.nodes)+1) // whether a tensor's gradient is; the input's is not
	all := make([]tensorMemory, len(n.nodes))
	for i, node := range n.nodes {
		wanted[i+1] = training && (learns(node.layer) || slices.ContainsFunc(node.from, func(j int) bool { return wanted[j] }))
		fused := n.fused(i)
		if fused && slices.Equal(n.nodes[i+1].layer.OutShape(), node.layer.OutShape()) {
			all[i].next = true
			continue
		}
		all[i].value, all[i].grad = !fused, wanted[i+1]
		if uses[i+1] > 1 && wanted[i+1] {
			all[i].shares = uses[i+1]
		}
	}
	return all
}

// WorkspaceBytes returns how many bytes the tensors and gradients of a workspace
// take for the network that d describes, which is not built. The scratch memory
// of layers comes on top ([ScratchBytes]). It fails as New does, for a batch of less than one sample,
// and for more than 2^62 bytes.
func WorkspaceBytes(d Description, maxBatch int, training bool) (int64, error) {
	n, err := build(d)
	if err != nil {
		return 0, fmt.Errorf("nn: network %s: %w", d.Name, err)
	}
	var values, gradients int64 // of a sample, and of parameters
	for i, needs := range n.memory(training) {
		tensors := needs.shares
		if needs.value {
			tensors++
		}
		if needs.grad {
			tensors++
		}
		values += int64(tensors) * int64(n.nodes[i].layer.OutShape().Size())
	}
	if training {
		for _, p := range n.params {
			if p.Learn || p.Kind == Statistic {
				gradients += int64(p.Size())
			}
		}
	}
	if maxBatch < 1 {
		return 0, fmt.Errorf("nn: network %s: a workspace for a batch of %d: want at least 1", d.Name, maxBatch)
	}
	if most := (1<<60 - gradients) / max(values, 1); int64(maxBatch) > most {
		return 0, fmt.Errorf("nn: network %s: a workspace for a batch of %d: no memory holds more than %d", d.Name, maxBatch, most)
	}
	return 4 * (values*int64(maxBatch) + gradients), nil
}

// ScratchBytes returns about how many bytes of scratch memory convolutions and Monarch
// layers hold in a workspace on as many cores as there are: sums of gradients, what is
// between two products, and for every core columns or tiles. Other layers have little beside their tensors. It fails as New does.
func ScratchBytes(d Description, maxBatch int, training bool) (bytes int64, err error) {
	n, err := build(d)
	if err != nil {
		return 0, fmt.Errorf("nn: network %s: %w", d.Name, err)
	}
	for _, node := range n.nodes {
		if l, ok := node.layer.(interface {
			scratchBytes(maxBatch, workers int, training bool) int64
		}); ok {
			bytes += l.scratchBytes(maxBatch, par.Workers(), training)
		}
	}
	return bytes, nil
}
