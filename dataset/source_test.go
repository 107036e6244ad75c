package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// streamed is a folder of three classes of which a part is in memory.
func streamed(t *testing.T) (dir string, whole, part *Dataset) {
	files := map[string][]byte{}
	for i := range 60 {
		files[fmt.Sprintf("%s/%02d.png", []string{"train/a", "train/b", "test/a", "test/b", "val/a", "val/b"}[i%6], i)] = greyPNG(uint8(i))
	}
	dir = writeFiles(t, files)
	open := func(memory int64) *Dataset {
		data, err := OpenWith(dir, Options{Input: []int{1, 5, 6}, Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	return dir, open(0), open(30*17 + 29)
}

// TestSourcesBeyondMemory: images are the same whether they are kept or read anew, and
// so are batches, on any number of cores and from the middle of an epoch.
func TestSourcesBeyondMemory(t *testing.T) {
	dir, whole, part := streamed(t)
	if _, err := OpenWith(dir, Options{Memory: -1}); err == nil || !strings.Contains(err.Error(), "at least 0 bytes") {
		t.Errorf("negative memory: error %v", err)
	}
	if n := len(part.Said); n != 1 || !strings.Contains(part.Said[0], "17 of 60 pictures are kept") {
		t.Errorf("said %q", part.Said)
	}
	for i, sources := range [][2]Source{{whole.Train, part.Train}, {whole.Test, part.Test}, {whole.Validation, part.Validation}} {
		want, err := InMemory(sources[0])
		if err != nil {
			t.Fatal(err)
		}
		got, err := InMemory(sources[1])
		if err != nil || want.Len() != 20 || !bytes.Equal(got.Pixels, want.Pixels) || !slices.Equal(got.Labels, want.Labels) || !slices.Equal(got.Hashes, want.Hashes) || !slices.Equal(got.Classes, want.Classes) {
			t.Errorf("part %d: %v; %d images differ from those in memory", i, err, got.Len())
		}
		got.Pixels[0]++
		if id := want.Identity(); sources[1].Identity() != id || got.Identity() != id || Slice(want, 3, 9).Identity() != Slice(sources[1], 3, 9).Identity() {
			t.Errorf("part %d: identities depend on what is in memory", i)
		}
		few, err := InMemory(Slice(sources[1], 3, 9))
		if err != nil || !bytes.Equal(few.Pixels, want.Slice(3, 9).Pixels) || !slices.Equal(few.Labels, want.Labels[3:9]) || !slices.Equal(few.Hashes, want.Hashes[3:9]) {
			t.Errorf("part %d: a slice differs: %v", i, err)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, cores := range []int{1, 3} {
		runtime.GOMAXPROCS(cores)
		o := LoaderOptions{BatchSize: 7, Seed: 5, Shuffle: true, Augment: Light()}
		want := collect(newLoader(t, whole.Train.(*Images), o).Epoch(2, 0))
		loader, err := NewLoader(part.Train, o)
		if err != nil {
			t.Fatal(err)
		}
		for first := range 3 {
			got := collect(loader.Epoch(2, first))
			if !slices.EqualFunc(got, want[first:], equalBatches) {
				t.Errorf("%d cores: batches from %d on differ", cores, first)
			}
		}
	}
	if whole.Train.Identity() == whole.Test.Identity() || Slice(part.Train, 0, 5).Identity() == Slice(part.Train, 1, 6).Identity() {
		t.Error("identities of different sets are equal")
	}
	relabelled := *whole.Train.(*Images)
	relabelled.Labels = slices.Clone(relabelled.Labels)
	relabelled.Labels[7] = 1 - relabelled.Labels[7]
	if relabelled.Identity() == whole.Train.Identity() {
		t.Error("images with another label have the same identity")
	}
}

// TestEarlierIdentities: what versions hashed that had an identity for pictures in memory
// and another for those beyond.
func TestEarlierIdentities(t *testing.T) {
	_, whole, part := streamed(t)
	fnv64 := func(values ...any) uint64 {
		hash := fnv.New64a()
		for _, v := range values {
			binary.Write(hash, binary.LittleEndian, v)
		}
		return hash.Sum64()
	}
	images := whole.Train.(*Images)
	files := []any{[]uint64{1, 5, 6}}
	for i, hash := range images.Hashes {
		files = append(files, hash, uint64(images.Labels[i]))
	}
	few := images.Slice(5, 17)
	for _, test := range []struct {
		name    string
		source  Source
		earlier uint64
	}{
		{"in memory", images, fnv64(images.Pixels, images.Labels)},
		{"a slice in memory", few, fnv64(few.Pixels, few.Labels)},
		{"beyond", part.Train, fnv64(files...)},
		{"a slice beyond", Slice(part.Train, 5, 17), fnv64(fnv64(files...), uint64(5), uint64(12))},
		{"a slice of a slice", Slice(Slice(part.Train, 2, 20), 5, 17), fnv64(fnv64(fnv64(files...), uint64(2), uint64(18)), uint64(5), uint64(12))},
	} {
		if !HasIdentity(test.source, test.earlier) || !HasIdentity(test.source, test.source.Identity()) || HasIdentity(test.source, test.earlier+1) || HasIdentity(test.source, 0) {
			t.Errorf("%s: the identity %d of earlier versions or another one", test.name, test.earlier)
		}
	}
	numbers := &Images{Channels: 1, Height: 1, Width: 2, Pixels: []byte{1, 2, 3, 4}, Labels: []int32{0, 1}, Classes: []string{"a", "b"}, Hashes: []uint64{5, 6}}
	if numbers.Identity() != fnv64(numbers.Pixels, numbers.Labels) {
		t.Error("images of no pictures have another identity than in earlier versions")
	}
}

// TestFilesThatChange: a file that is another one or missing is an error that names it,
// and the same one on any number of cores.
func TestFilesThatChange(t *testing.T) {
	dir, _, part := streamed(t)
	for _, damage := range []struct {
		want string
		do   func(path string) error
	}{
		{"not the file any more", func(path string) error { return os.WriteFile(path, greyPNG(200), 0o644) }},
		{"no such file", os.Remove},
	} {
		for i := range 60 {
			name := []string{"train/a", "train/b"}[i%6%2]
			if i%6 < 2 {
				if err := damage.do(filepath.Join(dir, fmt.Sprintf("%s/%02d.png", name, i))); err != nil {
					t.Fatal(err)
				}
			}
		}
		loader, err := NewLoader(part.Train, LoaderOptions{BatchSize: 4})
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for range 2 {
			for batch, err := range loader.Epoch(0, 0) {
				if batch == nil {
					found = append(found, err.Error())
				}
			}
		}
		if len(found) != 2 || found[0] != found[1] || !strings.Contains(found[0], damage.want) || !strings.Contains(found[0], filepath.Join(dir, "train")) {
			t.Errorf("errors %q, want one with %q each time", found, damage.want)
		}
	}
}
