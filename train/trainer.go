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

	workspace *nn.Workspace
	loader    *dataset.Loader
	optimizer *optimizer
	loss      nn.SoftmaxCrossEntropy
	epoch     epochState
	data      uint64 // fingerprint of the training set
	trained   []byte // hashes of the training set's pictures, as they are stored
	classes   int    // outputs of the network

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
	// Loss and ErrorPercent are running means of this epoch.
	Loss, ErrorPercent float64
	Elapsed            time.Duration // of this epoch, for the last Timed images
	Timed              int           // Images, or after Resume those since then
}

// New returns a trainer for a network on the images of a training set. It
// fails if the recipe makes no sense, or if images and network do not fit or are
// nil.
func New(network *nn.Network, images dataset.Source, recipe Recipe, seed uint64) (*Trainer, error) {
	if err := recipe.Check(); err != nil {
		return nil, err
	}
	if err := checkFit(network, images); err != nil {
		return nil, err
	}
	options := dataset.LoaderOptions{BatchSize: recipe.BatchSize, Seed: seed, Shuffle: true}
	if recipe.Augment {
		options.Augment = dataset.Light()
	}
	loader, err := dataset.NewLoader(images, options)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	t := &Trainer{Network: network, Recipe: recipe, Seed: seed, Kernel: cpu.Current().String(), loader: loader, data: images.Identity(), trained: encodeHashes(images.FileHashes()), classes: network.OutShape().Size()}
	t.loss.Smoothing = recipe.Smoothing
	t.workspace = network.NewWorkspace(min(recipe.BatchSize, images.Len()), true)
	t.optimizer = newOptimizer(recipe, network, t.workspace, recipe.Epochs*loader.Batches())
	if len(t.optimizer.slots) == 0 {
		return nil, errNothingLearns
	}
	return t, nil
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
func (t *Trainer) SetTrace(trace func(nn.Trace)) { t.workspace.SetTrace(trace) }

// Done tells whether all epochs are finished.
func (t *Trainer) Done() bool { return t.epoch.Number >= t.Recipe.Epochs }

// RunEpoch runs the next epoch, or the rest of one that was interrupted, and
// appends its result to History. It calls afterStep, unless that is nil, after
// every step but the epoch's last; Save may be called there. When the context is
// cancelled or afterStep fails, RunEpoch finishes the step and returns that
// error; another RunEpoch goes on from there.
//
// A loss that is not finite ends the run with a *DivergedError.
func (t *Trainer) RunEpoch(ctx context.Context, afterStep func(Progress) error) error {
	if t.Done() {
		return errors.New("train: all epochs are finished")
	}
	state := &t.epoch
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
		if afterStep != nil && state.Batch < t.loader.Batches() {
			if err := afterStep(t.progress()); err != nil {
				return err
			}
		}
	}
	images := float64(state.Images)
	result := EpochResult{Epoch: state.Number + 1, Loss: state.Loss / images, TrainErrorPercent: 100 * float64(state.Errors) / images}
	if t.resumed == 0 {
		result.Seconds = t.elapsed.Round(time.Microsecond).Seconds()
	}
	t.History = append(t.History, result)
	t.epoch, t.elapsed, t.resumed = epochState{Number: state.Number + 1}, 0, 0
	return nil
}

// step trains on one batch.
func (t *Trainer) step(batch *dataset.Batch) error {
	t.workspace.SetStream(nn.Stream{Seed: t.Seed, Epoch: batch.Epoch, Samples: batch.Samples})
	logits := t.workspace.Forward(batch.Images)
	loss, wrong := t.loss.Evaluate(t.workspace.OutputGrad(), logits, batch.Labels, t.classes)
	if !isFinite(loss) {
		return &DivergedError{Epoch: batch.Epoch + 1, Batch: batch.Index + 1, Step: t.optimizer.step + 1, Layer: t.workspace.FindNonFinite()}
	}
	t.workspace.Backward()
	t.optimizer.update()
	t.workspace.UpdateStatistics()
	t.epoch.Batch = batch.Index + 1
	t.epoch.Images += len(batch.Labels)
	t.epoch.Loss += loss
	t.epoch.Errors += wrong
	return nil
}

func (t *Trainer) progress() Progress {
	state := &t.epoch
	return Progress{
		Epoch: state.Number + 1, Epochs: t.Recipe.Epochs,
		Batch: state.Batch, Batches: t.loader.Batches(), Images: state.Images,
		Loss: state.Loss / float64(state.Images), ErrorPercent: 100 * float64(state.Errors) / float64(state.Images),
		Elapsed: t.elapsed, Timed: state.Images - t.resumed,
	}
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// DivergedError reports that the loss became NaN or infinite.
type DivergedError struct {
	Epoch, Batch int    // from 1; the epoch is 0 for a loss while measuring
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
	if e.Epoch == 0 {
		when = fmt.Sprintf("while measuring batch %d", e.Batch)
	}
	return fmt.Sprintf("train: diverged %s: %s; try a lower learning rate", when, what)
}
