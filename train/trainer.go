// Package train trains networks: the loop, optimizers, learning-rate schedules
// and evaluation.
//
// A run is determined by its network, recipe, seed and data: neither the number
// of cores nor an interruption changes a bit of the result. Other kernels
// (AVX-512, AVX2, pure Go) and other versions of Deepfry sum in another order.
package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/cpu"
	"github.com/deepfry/deepfry/nn"
)

// Trainer trains one network. It is for one goroutine, and uses all cores.
type Trainer struct {
	Network *nn.Network
	Recipe  Recipe
	Seed    uint64
	// Kernel is the version of the kernels (avx512, avx2 or ref), after Resume
	// that of the run which wrote the checkpoint, or "" if it did not say.
	Kernel string
	// History holds the results of the epochs that are finished.
	History []EpochResult
	// Said holds a line for what else is to be known: samples that no epoch has.
	Said []string

	images  dataset.Source
	loader  *dataset.Loader
	stepper *Stepper
	length  length
	epoch   epochState
	best    best
	data    uint64 // fingerprint of the training set
	trained []byte // hashes of the training set's pictures, as they are stored

	// Of the step.
	labels []int32 // of the parts that are to come
	errors int     // in the parts so far
	loss   float64 // mean

	elapsed time.Duration // of the epoch's steps that this trainer made
	resumed int           // images of the epoch that an earlier trainer saw
}

// EpochResult is what an epoch gives.
type EpochResult struct {
	Epoch int `json:"epoch"` // from 1
	// Loss and TrainErrorPercent are means over the epoch while the network
	// was learning, with dropout and augmentation.
	Loss              float64 `json:"loss"`
	TrainErrorPercent float64 `json:"train_error_percent"`
	// Seconds is how long the epoch trained, 0 if that is not known: checkpoints hold
	// no times, so that equal runs give equal files.
	Seconds float64 `json:"seconds,omitempty"`
	// Test is what an Evaluator found after the epoch, if the caller ran one.
	Test *Evaluation `json:"test,omitempty"`
	// Validation is what Judge was told of the epoch.
	Validation *Evaluation `json:"validation,omitempty"`
	// Best says that, with Recipe.Keep, it is the best epoch so far, whose parameters the
	// network has once the run is done.
	Best bool `json:"best,omitempty"`
}

// epochState is the position within an epoch and the sums so far.
type epochState struct {
	Number int     `json:"number"`          // from 0: the epoch that goes on
	Batch  int     `json:"batch,omitempty"` // the next one
	Images int     `json:"images,omitempty"`
	Loss   float64 `json:"loss,omitempty"` // sum over images
	Errors int     `json:"errors,omitempty"`
	// Elapsed is in files of earlier versions, and not used.
	Elapsed int64 `json:"elapsed,omitempty"`
}

// Progress is what RunEpoch tells after a step.
type Progress struct {
	Epoch, Epochs  int // from 1
	Batch, Batches int // done, in this epoch
	Images         int // done, in this epoch
	Step, Steps    int // done, of the whole run
	// Rate and StepLoss, a mean, are the last step's: the base rate as the schedule has it.
	Rate, StepLoss float64
	// Loss and ErrorPercent are running means of this epoch.
	Loss, ErrorPercent float64
	Elapsed            time.Duration // of this epoch, for the last Timed images
	Timed              int           // Images, or after Resume those since then
}

// New returns a trainer for a network on the images of a training set. It
// fails if the recipe makes no sense, if images and network do not fit or are
// nil, and if full batches would give parts with less samples than the network needs
// (nn.Network.LeastBatch). Where only the last batch of an epoch would, that batch is
// left out, and Said says so.
func New(network *nn.Network, images dataset.Source, recipe Recipe, seed uint64) (*Trainer, error) {
	return startAt(network, images, recipe, seed, position{})
}

// startAt is New for a run that begins at a position.
func startAt(network *nn.Network, images dataset.Source, recipe Recipe, seed uint64, from position) (*Trainer, error) {
	if err := recipe.Check(); err != nil {
		return nil, err
	}
	if err := checkFit(network, images); err != nil {
		return nil, err
	}
	t := &Trainer{Network: network, Seed: seed, Kernel: cpu.Current().String(), images: images, data: images.Identity(), trained: encodeHashes(images.FileHashes())}
	if err := t.begin(recipe, from); err != nil {
		return nil, err
	}
	return t, nil
}

// begin prepares a run that starts at a position, with a new optimizer. It changes nothing
// if it fails.
func (t *Trainer) begin(recipe Recipe, from position) error {
	length, err := newLength(recipe, t.images.Len(), t.Network.LeastBatch(), from)
	if err != nil {
		return err
	}
	loader, err := dataset.NewLoader(t.images, dataset.LoaderOptions{
		BatchSize: length.batch, Seed: t.Seed, Shuffle: true, Augment: recipe.Augment, DropLast: length.dropped > 0,
	})
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	stepper, err := NewStepper(t.Network, recipe, length.batch, length.steps, t.lossOf(recipe))
	if err != nil {
		return err
	}
	t.Recipe, t.length, t.loader, t.stepper, t.epoch, t.Said = recipe, length, loader, stepper, epochState{Number: from.Epochs}, nil
	if n := length.dropped; n > 0 {
		t.Said = []string{"the last batch of every epoch is left out: " + tooFew(n, recipe.parts(), t.Network.LeastBatch())}
	}
	return nil
}

// lossOf returns the recipe's loss of the labels that are next, which counts errors.
func (t *Trainer) lossOf(recipe Recipe) LossFunc {
	entropy, classes := nn.SoftmaxCrossEntropy{Smoothing: recipe.Smoothing}, t.Network.OutShape().Size()
	return func(grad, outputs []float32, samples []int) float64 {
		loss, wrong := entropy.Evaluate(grad, outputs, t.labels[:len(samples)], classes)
		t.labels = t.labels[len(samples):]
		t.errors += wrong
		return loss
	}
}

// Extend has a run that is done go on from the network's parameters by a recipe with
// more epochs or steps, those before counted: with a new optimizer, and the schedule
// over what is added. An epoch that ended early is not made up for. It fails, and
// changes nothing, if the run is not done, if the recipe has no more epochs or
// steps, and as New does.
func (t *Trainer) Extend(recipe Recipe) error {
	if !t.Done() {
		return fmt.Errorf("train: the run is at epoch %d of %d: it can go on by another recipe when it is done", t.epoch.Number+1, t.Epochs())
	}
	if err := recipe.Check(); err != nil {
		return err
	}
	if err := t.begin(recipe, position{Epochs: t.epoch.Number, Steps: t.StepsDone()}); err != nil {
		return err
	}
	t.extendBest()
	return nil
}

// checkFit returns an error unless the network takes such images and has an
// output for every class.
func checkFit(network *nn.Network, images dataset.Source) error {
	switch {
	case network == nil:
		return errors.New("train: there is no network (nil)")
	case images == nil:
		return errors.New("train: there are no images (nil)")
	}
	input := network.Description.Input
	channels, height, width := images.Shape()
	found := nn.Shape{channels, height, width}
	if input.Size() != found.Size() || len(input) == 3 && !slices.Equal(input, found) {
		return fmt.Errorf("train: network %s takes images of %v, but the data's are %v (channels, height, width)", network.Description.Name, input, found)
	}
	if outputs := network.OutShape().Size(); outputs < len(images.ClassNames()) {
		return fmt.Errorf("train: network %s has %d outputs, but the data has %d classes", network.Description.Name, outputs, len(images.ClassNames()))
	}
	return nil
}

// SetTrace has the layers' part of every step reported, or none if trace is nil.
func (t *Trainer) SetTrace(trace func(nn.Trace)) { t.stepper.workspace.SetTrace(trace) }

// Epochs returns the number of epochs of the run, a last one that ends early and those
// before Extend included.
func (t *Trainer) Epochs() int { return t.length.epochs }

// Steps returns the number of steps of the run, those before Extend included.
func (t *Trainer) Steps() int { return t.length.from.Steps + t.length.steps }

// Done tells whether all epochs are finished.
func (t *Trainer) Done() bool { return t.epoch.Number >= t.Epochs() }

// StepsDone returns how many steps the run has made, those before Extend included.
func (t *Trainer) StepsDone() int { return t.length.from.Steps + t.stepper.optimizer.step }

// InEpoch tells whether an epoch is begun and not finished.
func (t *Trainer) InEpoch() bool { return t.epoch.Batch > 0 }

// RunEpoch runs the next epoch, or the rest of one that was interrupted, and
// appends its result to History. It calls afterStep, unless that is nil, after
// every step; Save may be called there. After the epoch's last step, its result is in
// History. When the context is cancelled or afterStep fails, RunEpoch finishes the step
// and returns that error; another RunEpoch goes on from there.
//
// A loss that is not finite ends the run with a *DivergedError.
func (t *Trainer) RunEpoch(ctx context.Context, afterStep func(Progress) error) error {
	if t.Done() {
		return errors.New("train: all epochs are finished")
	}
	state, batches := &t.epoch, t.length.batchesOf(t.epoch.Number)
	start := time.Now().Add(-t.elapsed)
	for batch, err := range t.loader.Epoch(state.Number, state.Batch) {
		if err != nil {
			return fmt.Errorf("train: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.step(batch); err != nil {
			return err
		}
		t.elapsed = time.Since(start)
		progress, last := t.progress(), state.Batch == batches
		if last {
			t.finishEpoch()
		}
		if afterStep != nil {
			if err := afterStep(progress); err != nil {
				return err
			}
		}
		if last {
			break // of a run by steps, perhaps within the epoch
		}
	}
	return nil
}

// finishEpoch appends the epoch's result to History.
func (t *Trainer) finishEpoch() {
	state := t.epoch
	images := float64(state.Images)
	result := EpochResult{Epoch: state.Number + 1, Loss: state.Loss / images, TrainErrorPercent: 100 * float64(state.Errors) / images}
	if t.resumed == 0 {
		result.Seconds = t.elapsed.Round(time.Microsecond).Seconds()
	}
	t.History = append(t.History, result)
	t.epoch, t.elapsed, t.resumed = epochState{Number: state.Number + 1}, 0, 0
}

// step trains on one batch.
func (t *Trainer) step(batch *dataset.Batch) error {
	t.labels, t.errors = batch.Labels, 0
	loss, err := t.stepper.Step(batch.Images, nn.Stream{Seed: t.Seed, Epoch: batch.Epoch, Samples: batch.Samples})
	if err != nil {
		err = inBatch(err, batch.Index+1)
		if diverged, ok := errors.AsType[*DivergedError](err); ok {
			diverged.Step = t.StepsDone() + 1
		}
		return err
	}
	t.loss = loss / float64(len(batch.Labels))
	t.epoch.Batch = batch.Index + 1
	t.epoch.Images += len(batch.Labels)
	t.epoch.Loss += loss
	t.epoch.Errors += t.errors
	return nil
}

func (t *Trainer) progress() Progress {
	state := &t.epoch
	return Progress{
		Epoch: state.Number + 1, Epochs: t.Epochs(),
		Batch: state.Batch, Batches: t.length.batchesOf(state.Number), Images: state.Images,
		Step: t.StepsDone(), Steps: t.Steps(), Rate: t.stepper.optimizer.rate, StepLoss: t.loss,
		Loss: state.Loss / float64(state.Images), ErrorPercent: 100 * float64(state.Errors) / float64(state.Images),
		Elapsed: t.elapsed, Timed: state.Images - t.resumed,
	}
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// DivergedError reports that the loss became NaN or infinite.
type DivergedError struct {
	Epoch, Batch int    // from 1; the epoch is 0 for a loss while measuring, the batch 0 where it is not known
	Step         int    // from 1, over all epochs
	Layer        string // the first whose output is not finite; empty if only the loss is not
}

// Error names the step and the layer, and what may help.
func (e *DivergedError) Error() string {
	what := "the loss is not finite"
	if e.Layer != "" {
		what = "the output of layer " + e.Layer + " is not finite"
	}
	when := fmt.Sprintf("at step %d (epoch %d, batch %d)", e.Step, e.Epoch, e.Batch)
	switch {
	case e.Epoch == 0:
		when = fmt.Sprintf("while measuring batch %d", e.Batch)
	case e.Batch == 0:
		when = fmt.Sprintf("at step %d (epoch %d)", e.Step, e.Epoch)
	}
	return fmt.Sprintf("train: diverged %s: %s; try a lower learning rate", when, what)
}

// inBatch says in which batch, from 1, a step failed.
func inBatch(err error, batch int) error {
	if diverged, ok := errors.AsType[*DivergedError](err); ok {
		diverged.Batch = batch
	}
	return err
}
