package train

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/dataset"
)

// pictureFolder is a folder of 60 small noisy pictures of two classes.
func pictureFolder(t *testing.T) string {
	t.Helper()
	dir, source := t.TempDir(), rand.New(rand.NewPCG(3, 4))
	for i := range 60 {
		picture := image.NewGray(image.Rect(0, 0, 9, 7))
		for j := range picture.Pix {
			picture.SetGray(j%9, j/9, color.Gray{Y: uint8(source.IntN(128) + 127*(i%2))})
		}
		var content bytes.Buffer
		if err := png.Encode(&content, picture); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "ab"[i%2:i%2+1], fmt.Sprintf("%d.png", i))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestResumeBeyondMemory: a run on a folder goes on as it would have whether its pictures
// are in memory, in part or not at all, before and after it was interrupted; and so does
// that of an earlier version, whose identity was another one, where it could before.
func TestResumeBeyondMemory(t *testing.T) {
	dir, path := pictureFolder(t), filepath.Join(t.TempDir(), "run.safetensors")
	open := func(memory int64, cover bool) dataset.Source {
		data, err := dataset.OpenWith(dir, dataset.Options{Input: []int{1, 8, 8}, Memory: memory, Cover: cover})
		if err != nil {
			t.Fatal(err)
		}
		return dataset.Slice(data.Train, 0, data.Train.Len()-5) // of a hold-out
	}
	for _, cover := range []bool{false, true} {
		whole := open(0, cover)
		images, ok := whole.(*dataset.Images)
		if !ok {
			t.Fatal("the pictures are not in memory")
		}
		trainer := newTrainer(t, smallRecipe(), images)
		run(t, trainer)
		want := file(t, trainer)
		beyond := map[int64]dataset.Source{0: whole, 1: open(1, cover), 20 * 64: open(20*64, cover)}
		for began, first := range beyond {
			for went, second := range beyond {
				stopped, err := New(build(t, small()), first, smallRecipe(), 7)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(context.Background())
				if err := stopped.RunEpoch(ctx, func(Progress) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				if err := stopped.Save(path, nil); err != nil {
					t.Fatal(err)
				}
				resumed, err := Resume(path, second)
				if err != nil {
					t.Fatalf("from %d bytes to %d: %v", began, went, err)
				}
				run(t, resumed)
				if !bytes.Equal(file(t, resumed), want) {
					t.Errorf("from %d bytes to %d: the result differs", began, went)
				}
			}
		}
		if _, err := Resume(path, open(0, !cover)); err == nil {
			t.Error("pictures scaled otherwise: no error")
		}
		hash := fnv.New64a()
		hash.Write(images.Pixels)
		binary.Write(hash, binary.LittleEndian, images.Labels)
		saveWithIdentity(t, path, hash.Sum64())
		resumed, err := Resume(path, whole)
		if err != nil {
			t.Fatalf("of an earlier version: %v", err)
		}
		run(t, resumed)
		if !bytes.Equal(file(t, resumed), want) {
			t.Error("of an earlier version: the result differs")
		}
		if _, err := Resume(path, open(1, cover)); err == nil {
			t.Error("an identity of pixels, which are not at hand: no error")
		}
	}
}

// saveWithIdentity makes a checkpoint one of a run on images of an identity.
func saveWithIdentity(t *testing.T, path string, identity uint64) {
	t.Helper()
	network, extra, err := checkpoint.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := readState(extra)
	if err != nil {
		t.Fatal(err)
	}
	stored.Data = identity
	state, err := json.Marshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	extra.Metadata = map[string]string{stateKey: string(state)}
	if err := checkpoint.Save(path, network, extra); err != nil {
		t.Fatal(err)
	}
}
