package compress

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// lossFunc returns the loss of a batch, summed over its samples, and overwrites grad
// with the gradient of its mean. samples are the rows of the data.
type lossFunc func(grad, outputs []float32, samples []int) float64

// recipe is that of fine-tuning and of fits: the default one of training, with
// another rate.
func recipe(epochs int, rate float64) train.Recipe {
	r := train.Default()
	r.Epochs, r.Optimizer.Rate = epochs, rate
	return r
}

// descend trains a network on the rows of x, and calls progress, unless it is nil,
// after every epoch with its mean loss.
func descend(ctx context.Context, network *nn.Network, x []float32, r train.Recipe, seed uint64, loss lossFunc, progress func(epoch int, loss float64)) error {
	size := network.Description.Input.Size()
	n := len(x) / size
	batch := min(r.BatchSize, n)
	w := network.NewWorkspace(batch, true)
	steps := (n + batch - 1) / batch
	updater := train.NewUpdater(r, network, w, r.Epochs*steps)
	inputs, order := make([]float32, batch*size), make([]int, n)
	for i := range order {
		order[i] = i
	}
	for epoch := range r.Epochs {
		rand.New(random.New(seed, random.For("compress order"), epoch, 0)).Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
		total := 0.0
		for first := 0; first < n; first += batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			samples := order[first:min(first+batch, n)]
			for i, s := range samples {
				copy(inputs[i*size:], x[s*size:(s+1)*size])
			}
			w.SetStream(nn.Stream{Seed: seed, Epoch: epoch, Samples: samples})
			outputs := w.Forward(inputs[:len(samples)*size])
			total += loss(w.OutputGrad(), outputs, samples)
			if math.IsNaN(total) || math.IsInf(total, 0) {
				return fmt.Errorf("compress: training diverged in epoch %d: the loss is not finite", epoch+1)
			}
			w.Backward()
			updater.Update()
			w.UpdateStatistics()
		}
		if progress != nil {
			progress(epoch+1, total/float64(n))
		}
	}
	return nil
}

// classify is the cross-entropy with labels.
func classify(labels []int32, classes int) lossFunc {
	var batch []int32
	return func(grad, outputs []float32, samples []int) float64 {
		batch = batch[:0]
		for _, s := range samples {
			batch = append(batch, labels[s])
		}
		loss, _ := nn.SoftmaxCrossEntropy{}.Evaluate(grad, outputs, batch, classes)
		return loss
	}
}

// imitate is half the squared distance to targets [samples, outputs], over their mean
// square: of a layer's outputs, or of the logits of a whole network (Ba and
// Caruana, Do Deep Nets Really Need to be Deep?, NIPS 2014).
func imitate(targets []float32, outputs int) lossFunc {
	unit := float32(1 / math.Max(dot(targets, targets)/float64(len(targets))*float64(outputs), 1e-30))
	return func(grad, y []float32, samples []int) float64 {
		var total float64
		factor := unit / float32(len(samples))
		for i, s := range samples {
			row, target := y[i*outputs:(i+1)*outputs], targets[s*outputs:(s+1)*outputs]
			for j, v := range row {
				d := v - target[j]
				grad[i*outputs+j] = d * factor
				total += float64(d * d)
			}
		}
		return total / 2 * float64(unit)
	}
}
