package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/cpu"
	"github.com/deepfry/deepfry/nn"
)

// Keys of a checkpoint's metadata.
const (
	stateKey = "deepfry.training" // the state of a training run
	notesKey = "deepfry.notes"    // the notes alone
)

// ErrNoState is the error for a checkpoint that no trainer saved.
var ErrNoState = errors.New("no training state in the checkpoint")

// storedState is what a resumed run needs beside the tensors.
type storedState struct {
	Recipe  Recipe            `json:"recipe"`
	Seed    uint64            `json:"seed"`
	Step    int               `json:"step"`
	From    position          `json:"from,omitzero"` // where Extend began
	Epoch   epochState        `json:"epoch"`
	History storedHistory     `json:"history"`
	Best    int               `json:"best,omitempty"` // epoch, from 1
	Data    uint64            `json:"data"`           // fingerprint of the training set
	Kernel  string            `json:"kernel,omitempty"`
	Notes   map[string]string `json:"notes,omitempty"`
	// Trained is the sorted hashes of the pictures, 8 bytes each, little-endian.
	Trained []byte `json:"trained_on,omitempty"`
}

// Save writes a checkpoint: the network and, as long as the run is not done,
// what Resume needs, the parameters of the best epoch included. Notes are kept for
// the reader of the checkpoint, and so are the hashes of the images (TrainedOn). A
// network with a parameter that is not finite is not saved, so that the last good
// checkpoint stays.
func (t *Trainer) Save(path string, notes map[string]string) error {
	for _, p := range t.Network.Params() {
		for i, v := range p.Data {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("train: parameter %s is not finite (entry %d): the checkpoint %s stays as it was", p.Name, i, path)
			}
		}
	}
	state, err := json.Marshal(storedState{
		Recipe: t.Recipe, Seed: t.Seed, Step: t.StepsDone(), From: t.length.from, Epoch: t.epoch, History: t.History, Best: t.best.epoch,
		Data: t.data, Kernel: cpu.Current().String(), Notes: notes, Trained: t.trained,
	})
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return checkpoint.Save(path, t.Network, checkpoint.Extra{Metadata: map[string]string{stateKey: string(state)}, Tensors: t.tensors()})
}

// tensors returns what a checkpoint holds beside the network.
func (t *Trainer) tensors() map[string][]float32 {
	tensors := map[string][]float32{}
	if !t.Done() {
		tensors = t.stepper.optimizer.state()
	}
	if t.best.epoch > 0 && !t.settled() {
		maps.Copy(tensors, t.best.state(t.Network))
	}
	return tensors
}

// Resume returns a trainer that goes on where the checkpoint's run stopped, on
// the same training set. With the same version of the kernels, the result is
// bit-identical to that of a run that was never stopped. It fails as
// [checkpoint.Load] and New do, with ErrNoState for a checkpoint that no trainer
// saved, and for other images than the run's.
func Resume(path string, images dataset.Source) (*Trainer, error) {
	if images == nil {
		return nil, errors.New("train: there are no images (nil)")
	}
	network, extra, err := checkpoint.Load(path)
	if err != nil {
		return nil, err
	}
	stored, err := readState(extra)
	if err != nil {
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	if !dataset.HasIdentity(images, stored.Data) {
		return nil, fmt.Errorf("train: %s was trained on other images than these; resume with the same data", path)
	}
	t, err := stored.trainer(network, images)
	if err != nil {
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	for name, target := range t.tensors() {
		tensor, ok := extra.Tensors[name]
		if !ok || len(tensor) != len(target) {
			return nil, fmt.Errorf("train: %s has no tensor %s with %d values: it cannot be resumed", path, name, len(target))
		}
		copy(target, tensor)
	}
	return t, nil
}

// trainer returns the trainer of the state, whose tensors are still to be filled.
func (s storedState) trainer(network *nn.Network, images dataset.Source) (*Trainer, error) {
	if s.From.Epochs < 0 || s.From.Steps < 0 || s.From.Epochs > len(s.History) {
		return nil, fmt.Errorf("it went on from epoch %d, step %d, with a history of %d epochs", s.From.Epochs, s.From.Steps, len(s.History))
	}
	t, err := startAt(network, images, s.Recipe, s.Seed, s.From)
	if err != nil {
		return nil, err
	}
	if err := s.check(t.length); err != nil {
		return nil, err
	}
	t.epoch, t.History, t.stepper.optimizer.step, t.Kernel = s.Epoch, s.History, s.Step-s.From.Steps, s.Kernel
	t.epoch.Elapsed, t.resumed = 0, t.epoch.Images
	if t.trained == nil {
		t.trained = s.Trained
	}
	t.markBest(s.Best)
	if t.best.epoch > 0 && !t.settled() {
		t.best.take(network)
	}
	return t, nil
}

// check returns an error unless the numbers fit each other.
func (s storedState) check(l length) error {
	number, batch := s.Epoch.Number, s.Epoch.Batch
	if number < l.from.Epochs || number > l.epochs || batch < 0 || batch > 0 && batch >= l.batchesOf(number) {
		return fmt.Errorf("it stands at epoch %d, batch %d, but the run has %d epochs of %d batches", number, batch, l.epochs, l.batches)
	}
	if len(s.History) != number || s.Step != l.stepsBefore(number, batch) {
		return fmt.Errorf("%d epochs, a history of %d and %d steps do not fit each other", number, len(s.History), s.Step)
	}
	if s.Best < 0 || s.Best > number || s.Best > 0 && (s.Recipe.Keep == "" || s.History[s.Best-1].Validation == nil) {
		return fmt.Errorf("epoch %d of %d is not the best one: the recipe keeps %q, or it was not judged", s.Best, number, s.Recipe.Keep)
	}
	return nil
}

// Inference returns the extra content of a checkpoint without what only training
// needs, its state, tensors and hashes of pictures: the notes are left, and metadata of others. It
// fails for a state that this version does not understand.
func Inference(extra checkpoint.Extra) (checkpoint.Extra, error) {
	metadata := maps.Clone(extra.Metadata)
	delete(metadata, stateKey)
	notes, err := Notes(extra)
	if err != nil && !errors.Is(err, ErrNoState) {
		return checkpoint.Extra{}, err
	}
	if len(notes) > 0 {
		text, err := json.Marshal(notes)
		if err != nil {
			return checkpoint.Extra{}, fmt.Errorf("train: %w", err)
		}
		metadata[notesKey] = string(text)
	}
	return checkpoint.Extra{Metadata: metadata}, nil
}

func readState(extra checkpoint.Extra) (storedState, error) {
	var stored storedState
	text, ok := extra.Metadata[stateKey]
	if !ok {
		return stored, ErrNoState
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields() // a newer version may have written them
	if err := decoder.Decode(&stored); err != nil {
		return stored, fmt.Errorf("the training state: %w", err)
	}
	return stored, nil
}
