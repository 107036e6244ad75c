package dataset

import (
	"image"
	"image/color"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plain returns a picture of one colour.
func plain(width, height int, c color.Color) image.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		picture.Set(i%width, i/width, c)
	}
	return picture
}

// greyPNG is a grey picture of 4×3 (width, height), all of one value.
func greyPNG(value uint8) []byte {
	picture := image.NewGray(image.Rect(0, 0, 4, 3))
	for i := range picture.Pix {
		picture.Pix[i] = value
	}
	return pngOf(picture)
}

// writeFiles writes files by their paths below a new folder, which it returns.
func writeFiles(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for path, content := range files {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents returns class and first pixel of every image, sorted.
func contents(s *Images) (list [][2]int) {
	for i, label := range s.Labels {
		list = append(list, [2]int{int(label), int(s.image(i)[0])})
	}
	slices.SortFunc(list, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	return list
}

func TestOpenPictures(t *testing.T) {
	grey := greyPNG
	for _, test := range []struct {
		name        string
		files       map[string][]byte
		classes     []string
		train, test [][2]int
	}{
		{
			"the last of each class are for tests; hidden, other and deeper files are passed over",
			map[string][]byte{
				"dog/b.png": grey(11), "dog/a.PNG": grey(10), "dog/.c.png": []byte("hidden"), "dog/notes.txt": nil, "dog/old/d.png": nil,
				"cat/1.png": grey(1), "cat/2.png": grey(2), "cat/3.png": grey(3), "emu/1.png": grey(20),
				".git/x.png": nil, "readme.md": nil, "stray.png": nil,
			},
			[]string{"cat", "dog", "emu"},
			[][2]int{{0, 1}, {0, 2}, {1, 10}, {2, 20}},
			[][2]int{{0, 3}, {1, 11}},
		},
		{
			"train and test, of which a class may be missing; test before val",
			map[string][]byte{
				"train/cat/1.png": grey(1), "train/dog/1.png": grey(2), "Test/dog/1.png": grey(3), "val/cat/1.png": grey(4), "docs/x/1.png": nil,
			},
			[]string{"cat", "dog"}, [][2]int{{0, 1}, {1, 2}}, [][2]int{{1, 3}},
		},
		{
			"tests without classes do not count",
			map[string][]byte{
				"train/cat/1.png": grey(1), "train/dog/1.png": grey(2), "test/1.png": grey(3), "val/cat/1.png": grey(4),
			},
			[]string{"cat", "dog"}, [][2]int{{0, 1}, {1, 2}}, [][2]int{{0, 4}},
		},
		{
			"train alone",
			map[string][]byte{"training/0/1.png": grey(1), "training/0/2.png": grey(2), "training/1/1.png": grey(3)},
			[]string{"0", "1"}, [][2]int{{0, 1}, {1, 3}}, [][2]int{{0, 2}},
		},
		{
			"a class called train",
			map[string][]byte{"train/1.png": grey(1), "train/2.png": grey(2), "test/1.png": grey(3), "plane/1.png": grey(4)},
			[]string{"plane", "test", "train"}, [][2]int{{0, 4}, {1, 3}, {2, 1}}, [][2]int{{2, 2}},
		},
	} {
		dir := writeFiles(t, test.files)
		data, err := Open(dir)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		for _, set := range []*Images{data.Train, data.Test} {
			if err := set.check(); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			if set.Channels != 1 || set.Height != 3 || set.Width != 4 {
				t.Errorf("%s: images of %d×%d×%d", test.name, set.Channels, set.Height, set.Width)
			}
			if diff := cmp.Diff(test.classes, set.Classes); diff != "" {
				t.Errorf("%s: classes: %s", test.name, diff)
			}
		}
		if diff := cmp.Diff(test.train, contents(data.Train)); diff != "" {
			t.Errorf("%s: to train on: %s", test.name, diff)
		}
		if diff := cmp.Diff(test.test, contents(data.Test)); diff != "" {
			t.Errorf("%s: for tests: %s", test.name, diff)
		}
		if found, err := Locate(dir); err != nil || found != dir || data.Name != dir || !data.Pictures {
			t.Errorf("%s: %q (%v), %+v", test.name, found, err, data)
		}
	}
}

// TestPicturesAreShuffled: the first images and the last are of all classes, and
// the order is the same on one core and on several.
func TestPicturesAreShuffled(t *testing.T) {
	files := map[string][]byte{}
	for i := range 100 {
		class := string(rune('a' + i/50))
		files[class+"/"+string(rune('a'+i%10))+string(rune('a'+i/10))+".png"] = greyPNG(uint8(i))
	}
	dir := writeFiles(t, files)
	data, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if data.Train.Len() != 90 || data.Test.Len() != 10 {
		t.Errorf("%d images to train on and %d for tests", data.Train.Len(), data.Test.Len())
	}
	for _, part := range []*Images{data.Train.Slice(0, 20), data.Train.Slice(70, 90)} {
		if counts := labelCounts(part); slices.Min(counts) < 4 {
			t.Errorf("classes in a fifth of the images: %v", counts)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	alone, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GOMAXPROCS(4)
	together, err := Open(dir)
	if diff := cmp.Diff(alone, together); err != nil || diff != "" {
		t.Errorf("%v, one core and four: %s", err, diff)
	}
}

// TestPicturesAreScaled: to any size, in grey or in colours, and never inverted.
func TestPicturesAreScaled(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{
		"train/red/1.png": pngOf(plain(40, 30, color.NRGBA{200, 0, 0, 255})), "train/white/1.png": greyPNG(255),
		"test/red/1.png": pngOf(plain(5, 5, color.NRGBA{200, 0, 0, 255})),
	})
	data, err := OpenWith(dir, Options{Input: []int{3, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	red := append(slices.Repeat([]byte{200}, 6), make([]byte, 12)...)
	white := slices.Repeat([]byte{255}, 18)
	for i, label := range data.Train.Labels {
		if want := [][]byte{red, white}[label]; !slices.Equal(data.Train.image(i), want) {
			t.Errorf("class %d is %v, want %v", label, data.Train.image(i), want)
		}
	}
	if !slices.Equal(data.Test.Pixels, red) {
		t.Errorf("the test image is %v", data.Test.Pixels)
	}
	data, err = OpenWith(dir, Options{Input: []int{1, 7, 7}})
	if err != nil {
		t.Fatal(err)
	}
	for i, label := range data.Train.Labels { // the luminance of 200 red is 0.299·200
		if want := [][]byte{slices.Repeat([]byte{60}, 49), slices.Repeat([]byte{255}, 49)}[label]; !slices.Equal(data.Train.image(i), want) {
			t.Errorf("class %d is %v in grey", label, data.Train.image(i))
		}
	}
	_, err = OpenWith(dir, Options{Input: []int{100}}) // not one of images: as they are
	if _, too := Open(dir); err == nil || too == nil || err.Error() != too.Error() {
		t.Errorf("a flat input: %v, none: %v", err, too)
	}
}

// TestOpenPicturesChannels: as they are, one picture in colours makes three channels.
func TestOpenPicturesChannels(t *testing.T) {
	files := map[string][]byte{"a/1.png": greyPNG(1), "a/2.png": greyPNG(2), "b/1.png": greyPNG(3)}
	palette := image.NewPaletted(image.Rect(0, 0, 4, 3), color.Palette{color.Black, color.White})
	files["b/2.png"] = pngOf(palette)
	for channels, last := range map[int][]byte{1: pngOf(palette), 3: pngOf(plain(4, 3, color.White))} {
		files["b/2.png"] = last
		if data, err := Open(writeFiles(t, files)); err != nil || data.Train.Channels != channels || data.Test.Channels != channels {
			t.Errorf("%+v (%v), want %d channels", data, err, channels)
		}
	}
}

func TestOpenPicturesErrors(t *testing.T) {
	grey := greyPNG(9)
	for _, test := range []struct {
		name  string
		files map[string][]byte
		input []int
		want  []string
	}{
		{"one class", map[string][]byte{"a/1.png": grey}, nil, []string{"at least two, found 1", "nor are there IDX files: no file train-images"}},
		{"an empty class", map[string][]byte{"a/1.png": grey, "b/x.txt": nil}, nil, []string{"b: expected the pictures of a class", ".jpeg"}},
		{"nothing for tests", map[string][]byte{"a/1.png": grey, "b/1.png": grey}, nil, []string{"no pictures are left for tests"}},
		{"an unknown class", map[string][]byte{"train/a/1.png": grey, "train/b/1.png": grey, "test/c/1.png": grey}, nil, []string{"c: there is no class of this name in ", "train"}},
		{"broken", map[string][]byte{"a/1.png": grey, "a/2.png": grey, "b/1.png": grey[:60]}, []int{1, 3, 4}, []string{filepath.Join("b", "1.png: "), "decoding a picture of 4×3"}},
		{"no picture", map[string][]byte{"a/1.png": grey, "a/2.png": grey, "b/1.jpg": []byte("text")}, []int{1, 3, 4}, []string{filepath.Join("b", "1.jpg: expected a PNG, JPEG")}},
		{"no picture, size unknown", map[string][]byte{"a/1.png": grey, "a/2.png": grey, "b/1.jpg": nil}, nil, []string{filepath.Join("b", "1.jpg: expected a PNG, JPEG")}},
		{"sizes", map[string][]byte{"a/1.png": grey, "a/2.png": pngOf(plain(5, 5, color.Black)), "b/1.png": grey}, nil, []string{"1.png is 3×4 (height, width) but ", "2.png is 5×5", ErrSizes.Error()}},
		{"two channels", map[string][]byte{"a/1.png": grey, "a/2.png": grey, "b/1.png": grey}, []int{2, 3, 4}, []string{"1 or 3 channels, found 2"}},
		{"too large", map[string][]byte{"a/1.png": grey, "a/2.png": grey, "b/1.png": grey}, []int{1, 1 << 20, 4}, []string{"1 to 4096 pixels high and wide, found 1048576×4"}},
	} {
		_, err := OpenWith(writeFiles(t, test.files), Options{Input: test.input})
		if err == nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q does not say %q", test.name, err, want)
			}
		}
	}
}

func TestPicturesThatNeedTooMuchMemory(t *testing.T) {
	_, err := (&pictureFolder{dir: "x"}).read(make([]pictureFile, 1<<20), imageSize{3, 4096, 4096})
	if err == nil || !strings.Contains(err.Error(), "x: 1048576 pictures of 3×4096×4096 need more than") {
		t.Errorf("error %v", err)
	}
}

// TestFirstBrokenPictureIsNamed whatever the number of cores.
func TestFirstBrokenPictureIsNamed(t *testing.T) {
	files := make([]pictureFile, 1000)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for range 20 {
		err := forEach(files, func(i int) error {
			if i%300 == 299 {
				return os.NewSyscallError(string(rune('a'+i/300)), os.ErrInvalid)
			}
			return nil
		})
		if err == nil || !strings.HasPrefix(err.Error(), "a: ") {
			t.Fatalf("error %v, want that of file 299", err)
		}
	}
}
