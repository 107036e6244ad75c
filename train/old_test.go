package train

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
)

// old is a file from before there were checksums, of the run of newTrainer with
// smallRecipe on stripes(120), stopped after 3 of 5 steps of the second epoch. It holds
// times and the names of classes as one text.
const old = "testdata/without-checksum.safetensors"

func TestOldFileAnswersAsBefore(t *testing.T) {
	network, extra, err := checkpoint.Load(old)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 64)
	for i := range x {
		x[i] = float32(i%8) / 8
	}
	got := network.NewWorkspace(1, false).Forward(x)
	for i, want := range []float32{-0.01597327, 0.016616844, 0.07058558, 0.015152872, -0.082335025, 0.016946638, -0.042350747, 0.07287449} {
		if math.Abs(float64(got[i]-want)) > 1e-5 { // kernels differ in the last bits
			t.Errorf("output %d is %v, was %v", i, got[i], want)
		}
	}
	notes, err := Notes(extra)
	if err != nil || notes["data"] != "stripes" || notes["classes"] != strings.Join(stripes(1).Classes, "\n") {
		t.Errorf("notes %v, error %v", notes, err)
	}
}

func TestOldFileResumes(t *testing.T) {
	images := stripes(120)
	trainer, err := Resume(old, images)
	if err != nil {
		t.Fatal(err)
	}
	want := EpochResult{Epoch: 1, Loss: 2.2991590471266146, TrainErrorPercent: 100. * 110 / 120, Seconds: 0.001}
	if got := trainer.History[0]; len(trainer.History) != 1 || got.Test.Errors != 3 || got.Loss != want.Loss || got.Seconds != want.Seconds {
		t.Errorf("history %+v", trainer.History)
	}
	first := 0
	if err := trainer.RunEpoch(context.Background(), func(p Progress) error {
		if first == 0 {
			first = p.Batch
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if first != 4 {
		t.Errorf("it went on at batch %d, want 4", first)
	}
	if err := trainer.Save(filepath.Join(t.TempDir(), "run.safetensors"), nil); err != nil {
		t.Error(err)
	}
}
