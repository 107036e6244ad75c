package train

import (
	"errors"
	"fmt"

	"github.com/deepfry/deepfry/nn"
)

// LossFunc returns the loss of a batch, summed over its samples, and overwrites grad
// with the gradient of its mean. Samples are the rows of the training data. For a step
// in parts it is called with each part in turn.
type LossFunc func(grad, outputs []float32, samples []int) float64

// Stepper makes training steps: forward, loss, backward, update, statistics. A Trainer
// and Rows make theirs with one; so do loops with data or losses of their own.
//
// A step may be cut into parts (Recipe.Parts), which run one after another in the
// memory of one. Part p of P has the samples ⌊p·n/P⌋ to ⌊(p+1)·n/P⌋ of n, so that
// parts differ by at most one sample, and counts as many as it has:
//
//	gradient = Σ_p n_p/n · (gradient of the mean loss of part p)
//
// Steps of batch normalisation's statistics, which are by part, are added up in the
// same way. The sum is a binary tree that depends on P alone: P parts are split at the
// largest power of two below P, and so on.
type Stepper struct {
	workspace *nn.Workspace
	optimizer *optimizer
	loss      LossFunc
	inputs    int // numbers of a sample
	batch     int // samples of a step, at most
	parts     int
	least     int   // samples of a part
	numbers   []int // 0, 1, 2, ... of samples without numbers
	sums      *partialSums
}

// NewStepper returns a stepper for a run of so many steps of at most batch samples. Of
// the recipe it takes the optimizer, the schedule, the groups and the parts, and fails
// where these make no sense, for less than one step, for parts that are too small for
// the network (nn.Network.LeastBatch), and if no parameter of the network learns.
func NewStepper(network *nn.Network, recipe Recipe, batch, steps int, loss LossFunc) (*Stepper, error) {
	if network == nil || loss == nil {
		return nil, errors.New("train: there is no network or no loss (nil)")
	}
	if err := recipe.checkSteps(); err != nil {
		return nil, err
	}
	if steps < 1 {
		return nil, fmt.Errorf("train: %d steps: want at least 1", steps)
	}
	s := &Stepper{loss: loss, inputs: network.Description.Input.Size(), batch: batch, parts: recipe.parts(), least: network.LeastBatch()}
	if err := checkParts(batch, s.parts, s.least); err != nil {
		return nil, err
	}
	for i := range batch {
		s.numbers = append(s.numbers, i)
	}
	s.workspace = network.NewWorkspace((batch+s.parts-1)/s.parts, true)
	s.optimizer = newOptimizer(recipe, network, s.workspace, steps)
	if len(s.optimizer.slots) == 0 {
		return nil, errors.New("train: no parameter of the network learns")
	}
	s.sums = newPartialSums(network, s.workspace, s.parts)
	return s, nil
}

// checkParts returns an error unless every part of n samples has enough.
func checkParts(n, parts, least int) error {
	if n/parts >= least {
		return nil
	}
	return fmt.Errorf("train: %s: take larger batches or fewer parts", tooFew(n, parts, least))
}

// tooFew says that parts of n samples would be too small.
func tooFew(n, parts, least int) string {
	why := ""
	if least > 1 {
		why = ", from which batch normalisation measures a deviation"
	}
	return fmt.Sprintf("a batch of %d samples in %d parts would have %d in the smallest, and the network needs at least %d%s", n, parts, n/parts, least, why)
}

// Step makes a step with the samples x, [n, input size], and returns their loss, summed.
// The stream keys dropout and says what the loss is told of the samples: nil numbers
// those of the batch. It fails, and changes nothing, with a *DivergedError for a loss
// that is not finite, and if a part has too few samples. It panics unless x is a whole
// number of samples, as many as the stream has and at most the batch of NewStepper, and
// after the last step that NewStepper was told.
func (s *Stepper) Step(x []float32, stream nn.Stream) (float64, error) {
	n := len(x) / s.inputs
	if len(x) != n*s.inputs || n > s.batch {
		panic("train: Step: the input is not a whole number of samples, or more than a batch")
	}
	if stream.Samples == nil {
		stream.Samples = s.numbers[:n]
	}
	if len(stream.Samples) != n {
		panic("train: Step: the stream is for another number of samples")
	}
	if err := checkParts(n, s.parts, s.least); err != nil {
		return 0, err
	}
	if err := addAsTree(s.parts, func(part int) error { return s.run(part, n, x, stream) }, s.sums.keep, s.sums.add); err != nil {
		return 0, err
	}
	s.optimizer.update()
	s.workspace.UpdateStatistics()
	return s.sums.loss, nil
}

// run computes the loss and the gradients of a part, weighted by its samples.
func (s *Stepper) run(part, n int, x []float32, stream nn.Stream) error {
	first, last := part*n/s.parts, (part+1)*n/s.parts
	w, samples := s.workspace, stream.Samples[first:last]
	w.SetStream(nn.Stream{Seed: stream.Seed, Epoch: stream.Epoch, Samples: samples})
	outputs := w.Forward(x[first*s.inputs : last*s.inputs])
	s.sums.loss = s.loss(w.OutputGrad(), outputs, samples)
	if !isFinite(s.sums.loss) {
		return &DivergedError{Epoch: stream.Epoch + 1, Step: s.optimizer.step + 1, Layer: w.FindNonFinite()}
	}
	if s.parts == 1 {
		w.Backward()
		return nil
	}
	weight := float32(last-first) / float32(n)
	scale(w.OutputGrad(), weight)
	w.Backward()
	for _, step := range s.sums.statistics {
		scale(step, weight)
	}
	return nil
}

func scale(x []float32, factor float32) {
	for i := range x {
		x[i] *= factor
	}
}
