package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
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

// hashOf is the hash by which SplitByHash goes.
func hashOf(content []byte) uint64 {
	sum := sha256.Sum256(content)
	return binary.BigEndian.Uint64(sum[:8])
}

// contents returns class and first pixel of every image, sorted.
func contents(s *Images) (list [][2]int) {
	for i, label := range s.Labels {
		list = append(list, [2]int{int(label), int(s.image(i)[0])})
	}
	return sorted(list)
}

// sorted joins lists and sorts them.
func sorted(lists ...[][2]int) [][2]int {
	list := slices.Concat(lists...)
	slices.SortFunc(list, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	return list
}

func TestOpenPictures(t *testing.T) {
	grey := greyPNG
	early, late := uint8(1), uint8(2) // by their hashes
	if hashOf(grey(early)) > hashOf(grey(late)) {
		early, late = late, early
	}
	for _, test := range []struct {
		name        string
		files       map[string][]byte
		classes     []string
		train, test [][2]int
	}{
		{
			"nested files are read; hidden, other and loose ones are passed over",
			map[string][]byte{
				"train/dog/b.png": grey(11), "train/dog/a.PNG": grey(10), "train/dog/.c.png": []byte("hidden"), "train/dog/notes.txt": nil,
				"train/dog/old/d.png": grey(12), "train/dog/old/er/d.png": grey(13), "train/dog/.old/d.png": nil, "train/dog/@eaDir/d.png": nil,
				"train/cat/1.png": grey(1), "train/cat/2.png": grey(2), "train/cat/._2.png": nil, "train/cat/Thumbs.db": nil, "train/emu/1.png": grey(20),
				"test/cat/x/3.png": grey(3),
				".git/x.png":       nil, "__MACOSX/cat/1.png": nil, "train/__MACOSX/cat/1.png": nil, "readme.md": nil, "train/stray.png": nil, "stray.png": nil,
			},
			[]string{"cat", "dog", "emu"},
			[][2]int{{0, 1}, {0, 2}, {1, 10}, {1, 11}, {1, 12}, {1, 13}, {2, 20}},
			[][2]int{{0, 3}},
		},
		{
			"classes without pictures are passed over, and folders for tests without any",
			map[string][]byte{
				"train/cat/1.png": grey(1), "train/dog/1.png": grey(2), "train/emu/1.heic": nil, "test/emu/x/1.txt": nil, "dev/cat/1.png": grey(3),
			},
			[]string{"cat", "dog"}, [][2]int{{0, 1}, {1, 2}}, [][2]int{{0, 3}},
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
			map[string][]byte{"training/0/1.png": grey(early), "training/0/2.png": grey(late), "training/1/1.png": grey(9)},
			[]string{"0", "1"}, [][2]int{{0, int(late)}, {1, 9}}, [][2]int{{0, int(early)}},
		},
		{
			"a class called train",
			map[string][]byte{"train/1.png": grey(early), "train/2.png": grey(late), "test/1.png": grey(3), "plane/1.png": grey(4)},
			[]string{"plane", "test", "train"}, [][2]int{{0, 4}, {1, 3}, {2, int(late)}}, [][2]int{{2, int(early)}},
		},
	} {
		dir := writeFiles(t, test.files)
		data, err := Open(dir)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		for _, set := range []*Images{data.Train.(*Images), data.Test.(*Images)} {
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
		if diff := cmp.Diff(test.train, contents(data.Train.(*Images))); diff != "" {
			t.Errorf("%s: to train on: %s", test.name, diff)
		}
		if diff := cmp.Diff(test.test, contents(data.Test.(*Images))); diff != "" {
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
	if data.Train.Len()+data.Test.Len() != 100 || data.Test.Len() < 2 || data.Test.Len() > 25 {
		t.Errorf("%d images to train on and %d for tests", data.Train.Len(), data.Test.Len())
	}
	for _, part := range []*Images{data.Train.(*Images).Slice(0, 20), data.Train.(*Images).Slice(data.Train.Len()-20, data.Train.Len())} {
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
	if diff := cmp.Diff(alone, together, cmp.AllowUnexported(Images{})); err != nil || diff != "" {
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
	for i, label := range data.Train.(*Images).Labels {
		if want := [][]byte{red, white}[label]; !slices.Equal(data.Train.(*Images).image(i), want) {
			t.Errorf("class %d is %v, want %v", label, data.Train.(*Images).image(i), want)
		}
	}
	if !slices.Equal(data.Test.(*Images).Pixels, red) {
		t.Errorf("the test image is %v", data.Test.(*Images).Pixels)
	}
	data, err = OpenWith(dir, Options{Input: []int{1, 7, 7}})
	if err != nil {
		t.Fatal(err)
	}
	for i, label := range data.Train.(*Images).Labels { // the luminance of 200 red is 0.299·200
		if want := [][]byte{slices.Repeat([]byte{60}, 49), slices.Repeat([]byte{255}, 49)}[label]; !slices.Equal(data.Train.(*Images).image(i), want) {
			t.Errorf("class %d is %v in grey", label, data.Train.(*Images).image(i))
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
		if data, err := Open(writeFiles(t, files)); err != nil || data.Train.(*Images).Channels != channels || data.Test.(*Images).Channels != channels {
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
		{"one class", map[string][]byte{"a/1.png": grey}, nil, []string{"at least two, found 1: a", "nor are there IDX files: no file train-images"}},
		{"an empty class", map[string][]byte{"a/1.png": grey, "b/x.heic": nil}, nil, []string{"at least two, found 1: a; ", "passed over a file that is no picture: .heic", "passed over a class folder without a picture: b"}},
		{"no class", map[string][]byte{"a/1.heic": grey, "b/x.heic": nil}, nil, []string{"at least two, found 0; passed over 2 files that are no pictures: .heic", "nor are there IDX files: no file train-images"}},
		{"one class to train on", map[string][]byte{"train/a/1.png": grey, "test/a/1.png": grey}, nil, []string{"train: expected ", "at least two, found 1: a"}},
		{"no train", map[string][]byte{"test/a/1.png": grey, "test/b/1.png": grey}, nil, []string{"expected a folder train beside ", "test"}},
		{"nothing for tests", map[string][]byte{"a/1.png": grey, "b/1.png": grey}, nil, []string{"no pictures are left for tests"}},
		{"only copies", map[string][]byte{"a/1.png": grey, "a/2.png": grey, "b/1.png": grey}, nil, []string{"no pictures are left for tests", "which must differ"}},
		{"an unknown class", map[string][]byte{"train/a/1.png": grey, "train/b/1.png": grey, "test/c/1.png": grey, "test/d/1.png": grey}, nil, []string{"test: c, d: there is no class of this name in ", "train, whose classes are a, b"}},
		{"another case", map[string][]byte{"train/cat/1.png": grey, "train/dog/1.png": grey, "test/Cat/1.png": grey}, nil, []string{"Cat: there is no class of this name in ", "if Cat is the class cat, rename it"}},
		{"not UTF-8", map[string][]byte{"a/1.png": grey, "b/1.png": grey, "caf\xe9/1.png": grey}, nil, []string{`the folder "caf\xe9" can't give its name to a class: it is not in UTF-8`}},
		{"a line feed", map[string][]byte{"a/1.png": grey, "b\nc/1.png": grey}, nil, []string{`the folder "b\nc" can't give its name to a class: it has a control character`}},
		{"a backslash", map[string][]byte{"a/1.png": grey, `train\cat/1.png`: grey}, nil, []string{`the folder "train\\cat" can't give its name to a class: it has a backslash`}},
		{"broken", map[string][]byte{"a/1.png": grey, "a/2.png": grey, "b/1.png": grey[:60]}, []int{1, 3, 4}, []string{"1 of 3 pictures can't be read:", filepath.Join("b", "1.png: "), "decoding a picture of 4×3"}},
		{"no picture", map[string][]byte{"a/1.png": grey, "a/2.png": grey, "b/1.jpg": []byte("text")}, []int{1, 3, 4}, []string{filepath.Join("b", "1.jpg: expected a PNG, JPEG")}},
		{"no picture, size unknown", map[string][]byte{"a/1.png": grey, "a/2.png": grey, "b/1.jpg": nil}, nil, []string{filepath.Join("b", "1.jpg: expected a PNG, JPEG"), "(the file is empty)"}},
		{"a name that is not UTF-8", map[string][]byte{"a/1.png": grey, "a/\xff.png": nil, "b/1.jpg": grey}, nil, []string{`\xff.png": expected a PNG, JPEG`}},
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

// TestSkippedClass: no class is trained on without pictures.
func TestSkippedClass(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{"a/1.png": greyPNG(1), "a/2.png": greyPNG(2), "b/1.png": nil, "b/2.png": nil})
	if _, err := OpenWith(dir, Options{SkipBad: 2}); err == nil || !strings.Contains(err.Error(), "no pictures are left to train on of the classes b") {
		t.Errorf("error %v", err)
	}
}

// TestBadPicturesAreNamed: all of them, of headers and of pixels, in one error that is
// the same whatever the number of cores; or they are passed over, and that is said.
func TestBadPicturesAreNamed(t *testing.T) {
	files := map[string][]byte{}
	for i := range 60 {
		content := greyPNG(uint8(i))
		if i%4 == 1 {
			content = content[:60]
		} else if i%4 == 3 {
			content = content[:20*(i%8/4)]
		}
		files[fmt.Sprintf("%c/%02d.png", 'a'+i/30, i)] = content
	}
	dir := writeFiles(t, files)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, input := range [][]int{nil, {1, 3, 4}} {
		for _, skip := range []int{0, 29} {
			runtime.GOMAXPROCS(1)
			_, alone := OpenWith(dir, Options{Input: input, SkipBad: skip})
			runtime.GOMAXPROCS(4)
			_, err := OpenWith(dir, Options{Input: input, SkipBad: skip})
			if !errors.Is(err, ErrBad) || alone == nil || alone.Error() != err.Error() {
				t.Fatalf("one core: %v\nfour: %v", alone, err)
			}
			lines := strings.Split(err.Error(), "\n\t")
			if len(lines) != 22 || !strings.Contains(lines[0], dir+": 30 of 60 pictures can't be read:") || lines[21] != "and 10 more" {
				t.Errorf("the error is %v", err)
			}
			for i, line := range lines[1:21] {
				if want := fmt.Sprintf("%02d.png: ", 2*i+1); !strings.Contains(line, want) {
					t.Errorf("line %d is %q, want %q", i, line, want)
				}
			}
		}
		data, err := OpenWith(dir, Options{Input: input, SkipBad: 30})
		if err != nil {
			t.Fatal(err)
		}
		var want [][2]int
		for i := 0; i < 60; i += 2 {
			want = append(want, [2]int{i / 30, i})
		}
		if diff := cmp.Diff(want, sorted(contents(data.Train.(*Images)), contents(data.Test.(*Images)))); diff != "" {
			t.Errorf("images: %s", diff)
		}
		if len(data.Said) != 1 || !strings.HasPrefix(data.Said[0], "passed over 30 of 60 pictures that can't be read, such as "+filepath.Join(dir, "a", "01.png: ")) {
			t.Errorf("said: %q", data.Said)
		}
	}
}
