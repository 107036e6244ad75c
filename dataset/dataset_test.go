package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mnistOnce reads MNIST once for all tests.
var mnistOnce = sync.OnceValues(func() (*Dataset, error) { return Open("mnist") })

func openMNIST(t testing.TB) *Dataset {
	t.Helper()
	data, err := mnistOnce()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// isolate hides datasets that this machine may hold outside the module cache.
func isolate(t *testing.T) (data, cache string) {
	t.Helper()
	data, cache = t.TempDir(), t.TempDir()
	t.Setenv("DEEPFRY_DATA", data)
	t.Setenv("XDG_CACHE_HOME", cache) // Linux
	t.Setenv("LocalAppData", cache)   // Windows
	if found, err := os.UserCacheDir(); err != nil || found != cache {
		t.Skip("no way to move the cache folder of this system")
	}
	return data, cache
}

func labelCounts(s *Images) []int {
	counts := make([]int, len(s.Classes))
	for _, label := range s.Labels {
		counts[label]++
	}
	return counts
}

func TestMNIST(t *testing.T) {
	data := openMNIST(t)
	for _, test := range []struct {
		name   string
		set    *Images
		counts []int
		first  []int32
	}{
		{"train", data.Train.(*Images), []int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, []int32{5, 0, 4, 1, 9}},
		{"test", data.Test.(*Images), []int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, []int32{7, 2, 1, 0, 4}},
	} {
		if err := test.set.check(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if s := test.set; s.Channels != 1 || s.Height != 28 || s.Width != 28 {
			t.Errorf("%s: images are %d×%d×%d", test.name, s.Channels, s.Height, s.Width)
		}
		if diff := cmp.Diff(test.counts, labelCounts(test.set)); diff != "" {
			t.Errorf("%s: counts of labels: %s", test.name, diff)
		}
		if diff := cmp.Diff(test.first, test.set.Labels[:5]); diff != "" {
			t.Errorf("%s: first labels: %s", test.name, diff)
		}
	}
	// The mean that everyone normalizes MNIST by.
	sum := 0
	for _, pixel := range data.Train.(*Images).Pixels {
		sum += int(pixel)
	}
	if mean := float64(sum) / 255 / float64(len(data.Train.(*Images).Pixels)); mean < 0.13065 || mean > 0.13067 {
		t.Errorf("mean of the training pixels is %.5f, want 0.13066", mean)
	}
}

func TestFashion(t *testing.T) {
	if _, err := Locate("fashion"); err != nil {
		t.Skip(err)
	}
	data, err := Open("fashion")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{9, 0, 0, 3, 0}, data.Train.(*Images).Labels[:5]); diff != "" {
		t.Errorf("first labels: %s", diff)
	}
	if diff := cmp.Diff(slices.Repeat([]int{6000}, 10), labelCounts(data.Train.(*Images))); diff != "" {
		t.Errorf("training labels: %s", diff)
	}
	if diff := cmp.Diff(slices.Repeat([]int{1000}, 10), labelCounts(data.Test.(*Images))); diff != "" {
		t.Errorf("test labels: %s", diff)
	}
	if got := data.Test.(*Images).Classes[9]; got != "Ankle boot" {
		t.Errorf("class 9 is %q", got)
	}
}

func TestSlice(t *testing.T) {
	set := smallSet(10, 1, 3, 2)
	part := set.Slice(7, 10)
	if part.Len() != 3 || part.Width != 2 || part.check() != nil {
		t.Fatalf("slice: %+v", part)
	}
	if &part.Pixels[0] != &set.Pixels[7*6] || &part.Labels[0] != &set.Labels[7] {
		t.Error("a slice has other memory than its set")
	}
	if cap(part.Pixels) != len(part.Pixels) || cap(set.Slice(0, 2).Labels) != 2 {
		t.Error("append to a slice would write to its set")
	}
	for _, bounds := range [][2]int{{-1, 2}, {3, 2}, {0, 11}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Slice(%d, %d) of 10 images did not panic", bounds[0], bounds[1])
				}
			}()
			set.Slice(bounds[0], bounds[1])
		}()
	}
}

// writeDataset writes two training images and one test image of 2×3 pixels.
func writeDataset(t *testing.T, dir string, names [4]string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, content := range [4][]byte{
		idxImages(2, 2, 3, pixels(12)), idxLabels(2, []byte{3, 9}),
		idxImages(1, 2, 3, pixels(6)), idxLabels(1, []byte{1}),
	} {
		if strings.HasSuffix(names[i], ".gz") {
			content = gzipped(content)
		}
		if err := os.WriteFile(filepath.Join(dir, names[i]), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var usualNames = [4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}

func TestOpenFolder(t *testing.T) {
	for _, names := range [][4]string{
		usualNames,
		{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"},
		{"train-images.idx3-ubyte", "train-labels.idx1-ubyte.gz", "t10k-images-idx3-ubyte", "t10k-labels.idx1-ubyte"},
	} {
		dir := t.TempDir()
		writeDataset(t, dir, names)
		data, err := Open(dir)
		if err != nil {
			t.Errorf("%v: %v", names, err)
			continue
		}
		want := &Dataset{Name: dir,
			Train: &Images{Channels: 1, Height: 2, Width: 3, Pixels: pixels(12), Labels: []int32{3, 9}, Classes: numbered(10)},
			Test:  &Images{Channels: 1, Height: 2, Width: 3, Pixels: pixels(6), Labels: []int32{1}, Classes: numbered(10)},
			Said:  []string{`10 classes are counted, from label 0 on, but no image to train on is of "0", "1", "2", "4", "5", "6", "7", "8"`},
		}
		if diff := cmp.Diff(want, data, cmp.AllowUnexported(Images{})); diff != "" {
			t.Errorf("%v: %s", names, diff)
		}
	}
}

func TestOpenSizesDiffer(t *testing.T) {
	dir := t.TempDir()
	writeDataset(t, dir, usualNames)
	if err := os.WriteFile(filepath.Join(dir, usualNames[2]), idxImages(1, 3, 2, pixels(6)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "2×3") || !strings.Contains(err.Error(), "3×2") {
		t.Errorf("sets of two sizes: %v", err)
	}
}

func TestLocateOrder(t *testing.T) {
	data, cache := isolate(t)
	inModule, err := Locate("mnist")
	if err != nil {
		t.Fatal(err)
	}
	inCache, inData := filepath.Join(cache, "deepfry", "mnist"), filepath.Join(data, "mnist")
	for _, dir := range []string{inCache, inData} { // each goes before the last
		if inModule == dir {
			t.Fatalf("found MNIST in the empty folder %s", dir)
		}
		writeDataset(t, dir, usualNames)
		if got, err := Locate("mnist"); err != nil || got != dir {
			t.Errorf("MNIST is in %q (%v), want %q", got, err, dir)
		}
	}
}

func TestLocateErrors(t *testing.T) {
	data, cache := isolate(t)
	for _, known := range []string{"mnist", "fashion"} {
		incomplete := filepath.Join(data, known)
		writeDataset(t, incomplete, usualNames)
		os.Remove(filepath.Join(incomplete, usualNames[3]))
	}
	t.Setenv("GOMODCACHE", filepath.Join(cache, "none"))
	t.Setenv("GOPATH", cache)
	t.Setenv("HOME", cache)
	t.Setenv("PATH", cache) // no go command
	isFile := filepath.Join(data, "file")
	if err := os.WriteFile(isFile, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		want []string
	}{
		{"", []string{`"mnist"`, `"fashion"`}},
		{"cifar", []string{`"cifar" is neither`, "no folder cifar", "train-images-idx3-ubyte"}},
		{isFile, []string{"is an empty file: expected"}},
		{filepath.Join(data, "mnist"), []string{"no file t10k-labels-idx1-ubyte[.gz] in the folder " + filepath.Join(data, "mnist")}},
		{"mnist", []string{
			"no file t10k-labels-idx1-ubyte[.gz] in the folder " + filepath.Join(data, "mnist"),
			"no folder " + filepath.Join(cache, "none", "github.com", "petar", "!go!m!n!i!s!t@"),
			"go mod download",
			"into " + filepath.Join(cache, "deepfry", "mnist"), "DEEPFRY_DATA"}},
	} {
		_, err := Locate(test.name)
		if err == nil {
			t.Errorf("%q was found", test.name)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: error %q does not say %q", test.name, err, want)
			}
		}
	}
	if _, err := Locate("fashion"); err != nil && !strings.Contains(err.Error(), "apt-get install dataset-fashion-mnist") {
		t.Errorf("fashion: error %q does not say how to get it", err)
	}
}
