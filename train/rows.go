package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/nn"
)

// Rows trains a network on samples in memory, the rows of x, with a loss of the
// caller's: for data that are no images, such as features from frozen layers
// (nn.Network.Slice). It calls progress, unless that is nil, after every epoch with
// its mean loss. It ends early with the context's error, or with a *DivergedError.
// It fails if the recipe makes no sense, or has label smoothing, augmentation or a best
// epoch to keep, which are for a Trainer; if x is not a whole number of samples, at least
// one; as NewStepper does for batches in parts; and if no parameter of the network
// learns. As by a Trainer, the last batch of an epoch is left out where its parts would
// be too small for the network.
func Rows(ctx context.Context, network *nn.Network, x []float32, r Recipe, seed uint64, loss LossFunc, progress func(epoch int, loss float64)) error {
	if err := r.Check(); err != nil {
		return err
	}
	if r.Smoothing != 0 || r.Augment != nil || r.Keep != "" {
		return errors.New("train: Rows knows neither labels to smooth nor images to augment nor which epoch is the best: take a Trainer, or a recipe without them")
	}
	size := network.Description.Input.Size()
	n := len(x) / size
	if n == 0 || len(x) != n*size {
		return fmt.Errorf("train: %d numbers are not a whole number of samples of %v, at least one", len(x), network.Description.Input)
	}
	length, err := newLength(r, n, network.LeastBatch(), position{})
	if err != nil {
		return err
	}
	stepper, err := NewStepper(network, r, length.batch, length.steps, loss)
	if err != nil {
		return err
	}
	inputs, order := make([]float32, length.batch*size), make([]int, n)
	for i := range order {
		order[i] = i
	}
	for epoch := range length.epochs {
		// The stream's name dates from when compress alone had this loop; results depend on it.
		rand.New(random.New(seed, random.For("compress order"), epoch, 0)).Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
		total, seen := 0.0, 0
		for batch := range length.batchesOf(epoch) {
			if err := ctx.Err(); err != nil {
				return err
			}
			samples := order[seen:min(seen+length.batch, n)]
			for i, s := range samples {
				copy(inputs[i*size:], x[s*size:(s+1)*size])
			}
			loss, err := stepper.Step(inputs[:len(samples)*size], nn.Stream{Seed: seed, Epoch: epoch, Samples: samples})
			if err != nil {
				return inBatch(err, batch+1)
			}
			total += loss
			seen += len(samples)
		}
		if progress != nil {
			progress(epoch+1, total/float64(seen))
		}
	}
	return nil
}

// Classify is the cross-entropy with labels, one for each row of the training data,
// of a network with as many outputs as there are classes. It panics for a label that
// is no class, and the loss for a row that has no label.
func Classify(labels []int32, classes int) LossFunc {
	for _, label := range labels {
		if label < 0 || int(label) >= classes {
			panic("train: Classify: a label is negative or not less than the number of classes")
		}
	}
	var batch []int32
	return func(grad, outputs []float32, samples []int) float64 {
		batch = batch[:0]
		for _, s := range samples {
			if s >= len(labels) {
				panic("train: Classify: there are fewer labels than rows")
			}
			batch = append(batch, labels[s])
		}
		loss, _ := nn.SoftmaxCrossEntropy{}.Evaluate(grad, outputs, batch, classes)
		return loss
	}
}

// Sum is the loss a + factor·b.
func Sum(a LossFunc, factor float64, b LossFunc) LossFunc {
	var second []float32
	return func(grad, outputs []float32, samples []int) float64 {
		second = slices.Grow(second[:0], len(grad))[:len(grad)]
		loss := a(grad, outputs, samples) + factor*b(second, outputs, samples)
		linear.Subtract(grad, second, float32(-factor))
		return loss
	}
}

// Imitate is half the squared distance to targets [samples, outputs], over their mean
// square: of a layer's outputs, or of the logits of a whole network (Ba and
// Caruana, Do Deep Nets Really Need to be Deep?, NIPS 2014). It panics unless targets
// are rows of so many outputs, at least one, and the loss for a row without targets
// and a network with another number of outputs.
func Imitate(targets []float32, outputs int) LossFunc {
	if outputs < 1 || len(targets) == 0 || len(targets)%outputs != 0 {
		panic("train: Imitate: the targets are not [samples, outputs], at least one of each")
	}
	squares := 0.0
	for _, t := range targets {
		squares += float64(t) * float64(t)
	}
	unit := float32(1 / math.Max(squares/float64(len(targets))*float64(outputs), 1e-30))
	return func(grad, y []float32, samples []int) float64 {
		if len(y) != len(samples)*outputs {
			panic("train: Imitate: the network has another number of outputs than the targets")
		}
		var total float64
		factor := unit / float32(len(samples))
		for i, s := range samples {
			if s >= len(targets)/outputs {
				panic("train: Imitate: there are fewer targets than rows")
			}
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

// Outputs returns what a network makes of the rows of x, [n, outputs]: nothing for no
// rows. It panics if x is not a whole number of samples.
func Outputs(network *nn.Network, x []float32) []float32 {
	if network == nil {
		panic("train: Outputs: there is no network (nil)")
	}
	inputs, outputs := network.Description.Input.Size(), network.OutShape().Size()
	samples := len(x) / inputs
	if len(x) != samples*inputs {
		panic("train: Outputs: x is not a whole number of samples")
	}
	if samples == 0 {
		return nil
	}
	batch, err := evaluationBatch(network.Description, samples)
	if err != nil {
		panic(err) // the network has been built
	}
	w := network.NewWorkspace(batch, false)
	y := make([]float32, 0, samples*outputs)
	for i := 0; i < samples; i += batch {
		y = append(y, w.Forward(x[i*inputs:min(i+batch, samples)*inputs])...)
	}
	return y
}

// Wrong counts the rows of x whose largest output is not at their label. It panics
// unless x is a whole number of samples with a label for each, which is less than the
// number of outputs.
func Wrong(network *nn.Network, x []float32, labels []int32) int {
	y, classes := Outputs(network, x), network.OutShape().Size()
	if len(y) != len(labels)*classes {
		panic("train: Wrong: there is not one label for each row")
	}
	_, wrong := nn.SoftmaxCrossEntropy{}.Evaluate(nil, y, labels, classes)
	return wrong
}
