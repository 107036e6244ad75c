package train

import (
	"cmp"
	"math/bits"

	"github.com/deepfry/deepfry/nn"
)

// Memory returns about how many bytes a run holds for the network that d describes, which
// is not built: the network, a Trainer on so many images, and an Evaluator for each number
// of measured images. They are
//
//   - the parameters, and the optimizer's one or two numbers for each that learns,
//   - activations and gradients of a part of a batch (Recipe.Parts), with their scratch
//     memory, and a copy of the parameters' gradients for each level of the parts' tree,
//   - a copy of the parameters with Recipe.Keep,
//   - three batches of the loader's,
//   - activations and three batches of each Evaluator.
//
// The images come on top. It fails as nn.WorkspaceBytes does, and if the recipe makes no
// sense.
func Memory(d nn.Description, r Recipe, images int, measured ...int) (int64, error) {
	if err := r.Check(); err != nil {
		return 0, err
	}
	layers, err := nn.Inspect(d)
	if err != nil {
		return 0, err
	}
	var all, learning, changing int64
	for _, layer := range layers {
		for _, p := range layer.Params {
			size := int64(p.Size())
			all += size
			if p.Learn && p.Kind != nn.Statistic {
				learning += size
			}
			if p.Learn || p.Kind == nn.Statistic {
				changing += size
			}
		}
	}
	moments, copies, parts := int64(1), int64(bits.Len(uint(r.parts()-1))), r.parts()
	if r.Optimizer.Kind == "adamw" {
		moments = 2
	}
	if r.Keep != "" {
		copies++
	}
	batch := min(r.BatchSize, images)
	bytes, err := passes(d, max(1, (batch+parts-1)/parts), batch, true)
	if err != nil {
		return 0, err
	}
	bytes += 4 * (all + moments*learning + copies*changing)
	for _, n := range measured {
		batch, err := evaluationBatch(d, n)
		if err != nil {
			return 0, err
		}
		more, err := passes(d, batch, batch, false)
		if err != nil {
			return 0, err
		}
		bytes += more
	}
	return bytes, nil
}

// passes returns about how many bytes a workspace takes, and a loader's three batches.
func passes(d nn.Description, samples, batch int, training bool) (int64, error) {
	tensors, err := nn.WorkspaceBytes(d, samples, training)
	if err != nil {
		return 0, err
	}
	scratch, err := nn.ScratchBytes(d, samples, training)
	return tensors + scratch + 3*4*int64(batch)*int64(d.Input.Size()), err
}

// Bounds of how many samples are evaluated at a time: the activations of a small network
// stay in the cache, and those of a large one do not take more than a part of training.
const (
	mostEvaluated  = 64
	evaluatedBytes = 1 << 28
)

// evaluationBatch returns how many of n samples a network evaluates at a time.
func evaluationBatch(d nn.Description, n int) (int, error) {
	tensors, errA := nn.WorkspaceBytes(d, 1, false)
	all, errB := nn.ScratchBytes(d, mostEvaluated, false)
	less, errC := nn.ScratchBytes(d, mostEvaluated-1, false)
	size := tensors + all - less // scratch memory may be of each sample, or of each core
	return max(1, min(n, mostEvaluated, int(evaluatedBytes/max(1, size)))), cmp.Or(errA, errB, errC)
}
