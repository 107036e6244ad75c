package train

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
)

func TestTrainedOn(t *testing.T) {
	images, path := stripes(50), filepath.Join(t.TempDir(), "run.safetensors")
	for i := range images.Len() {
		images.Hashes = append(images.Hashes, uint64(1)<<63|uint64(7919*i%49)) // one twice
	}
	trainer := newTrainer(t, smallRecipe(), images)
	if err := trainer.RunEpoch(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	content := file(t, trainer)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	_, extra, err := checkpoint.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint64]bool{}
	for _, hash := range images.Hashes {
		want[hash] = true
	}
	if got, err := TrainedOn(extra); err != nil || !maps.Equal(got, want) || len(got) != 49 {
		t.Errorf("%d hashes, want %d (%v)", len(got), len(want), err)
	}
	small, err := Inference(extra)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := TrainedOn(small); err != nil || got != nil {
		t.Errorf("after Inference: %d hashes (%v)", len(got), err)
	}
	images.Hashes = nil // of a reader that makes none
	resumed, err := Resume(path, images)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file(t, resumed), content) {
		t.Error("a resumed run stores other hashes")
	}
	images.Hashes = make([]uint64, maxHashes+1)
	if encodeHashes(images.Hashes) != nil || len(encodeHashes(images.Hashes[1:])) != 8 {
		t.Error("want the hashes of 100,000 pictures, and none of more")
	}
	extra.Metadata[stateKey] = `{"trained_on":"AAAA"}`
	if _, err := TrainedOn(extra); err == nil {
		t.Error("3 bytes of hashes: no error")
	}
}
