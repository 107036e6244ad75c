package nn

import "fmt"

// WorkspaceBytes returns how many bytes the tensors and gradients of a workspace
// take for the network that d describes, which is not built. The scratch memory
// of layers comes on top. It fails as New does.
func WorkspaceBytes(d Description, maxBatch int, training bool) (int64, error) {
	n, err := build(d)
	if err != nil {
		return 0, fmt.Errorf("nn: network %s: %w", d.Name, err)
	}
	var values, gradients int64 // of a sample, and of parameters
	for i, node := range n.nodes {
		size := int64(node.layer.OutShape().Size())
		fused := n.fused(i)
		if fused && size == int64(n.nodes[i+1].layer.OutShape().Size()) {
			continue // the next layer's memory
		}
		if !fused {
			values += size
		}
		if training {
			values += size
		}
	}
	if training {
		for _, p := range n.params {
			if p.Learn || p.Kind == Statistic {
				gradients += int64(p.Size())
			}
		}
	}
	return 4 * (values*int64(maxBatch) + gradients), nil
}
