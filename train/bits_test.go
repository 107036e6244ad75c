package train

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"github.com/deepfry/deepfry/nn"
)

// digest returns the beginning of a hash of numbers, bit for bit.
func digest(numbers ...[]float32) string {
	hash := sha256.New()
	for _, x := range numbers {
		for _, v := range x {
			var bits [4]byte
			binary.LittleEndian.PutUint32(bits[:], math.Float32bits(v))
			hash.Write(bits[:])
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

// bitsOfRuns returns digests of three runs whose last batch of an epoch is smaller than
// the others.
func bitsOfRuns(t *testing.T) (found [3]string) {
	r := smallRecipe()
	r.Smoothing, r.Optimizer.Decay = 0.1, 0 // as the default recipe was
	for i, kind := range []string{"adamw", "sgd"} {
		if kind == "sgd" {
			r.Optimizer, r.Schedule, r.Augment = Caffe().Optimizer, Caffe().Schedule, nil
		}
		trainer := newTrainer(t, r, stripes(110))
		run(t, trainer)
		state := trainer.stepper.optimizer.state()
		all := [][]float32{values(trainer.Network), {float32(trainer.History[2].Loss), float32(trainer.History[2].TrainErrorPercent)}}
		for _, name := range slices.Sorted(maps.Keys(state)) {
			all = append(all, state[name])
		}
		found[i] = digest(all...)
	}
	network, err := nn.New(small(), 7)
	if err != nil {
		t.Fatal(err)
	}
	x, labels := rows(110)
	r = Default()
	r.Epochs, r.BatchSize, r.Optimizer.Decay = 3, 25, 0
	var losses []float32
	err = Rows(context.Background(), network, x, r, 7, Classify(labels, 8), func(_ int, loss float64) { losses = append(losses, float32(loss)) })
	if err != nil {
		t.Fatal(err)
	}
	found[2] = digest(values(network), losses)
	return found
}

// TestOnePartGivesTheBitsOfOldVersions holds what commit d0eafaa gave, before a step
// could have parts: parameters, losses and the optimizer's state, bit for bit. The
// numbers are digests of bitsOfRuns, printed with that commit's train.
func TestOnePartGivesTheBitsOfOldVersions(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("Go's compiler rounds in another way on other processors")
	}
	vectors := [3]string{"3f5e4b06cfe512f1", "8c6877a4a63c5292", "ca5c20112ff5bf4d"}
	golden := map[cpu.Version][3]string{
		cpu.Ref: {"29378b8657f754a8", "5eb16cb2dfb0a1fa", "a956471f8ef11336"}, cpu.AVX2: vectors, cpu.AVX512: vectors,
	}
	for _, version := range cpu.Available() {
		restore := cpu.Use(version)
		found := bitsOfRuns(t)
		restore()
		if found != golden[version] {
			t.Errorf("kernels %v: %q, want %q: adamw with augmentation, sgd, Rows", version, found, golden[version])
		}
	}
}
