package shapes

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var sets = []*Set{Shapes, Textures}

func TestClasses(t *testing.T) {
	if got, want := strings.Join(Shapes.Classes(), " "), "arrow circle crescent cross heart hexagon ring square star triangle"; got != want {
		t.Errorf("shapes: %s, want %s", got, want)
	}
	names := Textures.Classes()
	if len(names) != 50 || !slices.IsSorted(names) || len(slices.Compact(names)) != 50 {
		t.Errorf("textures: %v, want 50 different names in order", names)
	}
}

// TestFiguresFillTheirCircle and no more, and differ.
func TestFiguresFillTheirCircle(t *testing.T) {
	const steps = 200
	for _, figures := range [][]namedRegion{shapeFigures, textureFigures} {
		drawn := map[string][]bool{}
		for _, figure := range figures {
			farthest := 0.0
			for i := range steps * steps {
				p := point{2.4*(float64(i%steps)+0.5)/steps - 1.2, 2.4*(float64(i/steps)+0.5)/steps - 1.2}
				inside := figure.region(p)
				drawn[figure.name] = append(drawn[figure.name], inside)
				if inside {
					farthest = max(farthest, math.Hypot(p.x, p.y))
				}
			}
			if farthest < 0.95 || farthest > 1 {
				t.Errorf("%s reaches %.3f of the circle", figure.name, farthest)
			}
			for other, points := range drawn {
				differ := 0
				for i, inside := range points {
					if inside != drawn[figure.name][i] {
						differ++
					}
				}
				if other != figure.name && differ < steps*steps/20 {
					t.Errorf("%s and %s differ in %d of %d points", other, figure.name, differ, steps*steps)
				}
			}
		}
	}
}

// TestDrawings has what is drawn at random within its bounds, and near both of them.
func TestDrawings(t *testing.T) {
	for _, set := range sets {
		p := &set.parameters
		least, most, turn, light := 1.0, 0.0, 0.0, 0.0
		for number := range 2000 {
			d := p.draw(set.stream(3, "train", 0, number))
			for i, a := range d.colours {
				for _, b := range d.colours[:i] {
					if distance(a, b) < p.apart {
						t.Fatalf("%s %d: colours %v and %v", set.name, number, a, b)
					}
				}
			}
			for _, c := range []float64{d.centre.x, d.centre.y} {
				if c-d.radius < 0 || c+d.radius > 1 {
					t.Fatalf("%s %d: the figure leaves the picture: %v ± %v", set.name, number, c, d.radius)
				}
			}
			if length := math.Hypot(d.sin, d.cos); math.Abs(length-1) > 1e-14 {
				t.Fatalf("%s %d: sine %v and cosine %v", set.name, number, d.sin, d.cos)
			}
			least, most = min(least, d.radius), max(most, d.radius)
			turn = max(turn, math.Abs(math.Atan2(d.sin, d.cos)/(2*math.Pi)))
			light = max(light, math.Abs(d.light.x)+math.Abs(d.light.y))
		}
		for _, c := range []struct {
			name      string
			got, want float64
		}{{"least radius", least, p.smallest}, {"largest radius", most, p.largest}, {"turn", turn, p.turn}, {"light", light, p.light}} {
			if math.Abs(c.got-c.want) > 0.01*c.want {
				t.Errorf("%s: %s %v, want %v", set.name, c.name, c.got, c.want)
			}
		}
	}
}

// TestNoise measures what is added to grey, which nothing clips.
func TestNoise(t *testing.T) {
	p, d := Shapes.parameters, drawing{cast: [3]float64{10, 0, -10}}
	pixels := bytes.Repeat([]byte{128}, 4*Side*Side)
	p.finish(pixels, d, Shapes.stream(1, "train", 0, 0))
	for channel, cast := range d.cast {
		var sum, squares float64
		for i := channel; i < len(pixels); i += 4 {
			x := float64(pixels[i]) - 128
			sum, squares = sum+x, squares+x*x
		}
		mean := sum / (Side * Side)
		if deviation := math.Sqrt(squares/(Side*Side) - mean*mean); math.Abs(mean-cast) > 1.5 || math.Abs(deviation-22) > 1 {
			t.Errorf("channel %d: mean %.2f and deviation %.2f, want %v and 22", channel, mean, deviation, cast)
		}
	}
	d = drawing{light: point{40, -20}, uniform: 3}
	pixels = bytes.Repeat([]byte{128}, 4*Side*Side)
	Textures.parameters.finish(pixels, d, Textures.stream(1, "train", 0, 0))
	corner := 4 * (Side - 1) // right, top
	if got := int(pixels[corner]) - 128; got < 60-5 || got > 60+3 {
		t.Errorf("the light adds %d in its corner, want 60", got)
	}
}

// TestPicturesAreThoseOfTheirSeed has values that this made, of which those of the
// files also depend on the encoders of Go's standard library:
//
//	sha256.Sum256(set.Picture(1, "train", class, 0).Pix)
//	deepfry data shapes --out DIR; sha256sum DIR/train/CLASS/0000.*
func TestPicturesAreThoseOfTheirSeed(t *testing.T) {
	for _, c := range []struct {
		set           *Set
		class         string
		picture, file string // the first 8 bytes of the SHA-256
	}{
		{Shapes, "arrow", "66087d09db095bb8", "9825b4d112eb613e"},
		{Shapes, "heart", "a660b4724fc4d36e", "7e0d91f5faa93ada"},
		{Shapes, "star", "292b6d5be0b84e44", "803d287f55097f00"},
		{Textures, "crescent-dots", "008b07655fc98b0f", "e71661b4bda765cd"},
		{Textures, "ellipse-rings", "a517d9ba6ce875b5", "6166adcf6a04a6a9"},
		{Textures, "flower5-stripes", "ab7f256926e7b45b", "997991ca79f1081a"},
	} {
		picture := c.set.Picture(1, "train", slices.Index(c.set.Classes(), c.class), 0)
		var file bytes.Buffer
		if err := c.set.encode(&file, picture); err != nil {
			t.Fatal(err)
		}
		for _, got := range []struct {
			what    string
			content []byte
			want    string
		}{{"pixels", picture.Pix, c.picture}, {"file", file.Bytes(), c.file}} {
			if hash := fmt.Sprintf("%x", sha256.Sum256(got.content))[:16]; hash != got.want {
				t.Errorf("%s: %s %s, want %s", c.class, got.what, hash, got.want)
			}
		}
	}
}

func TestStreamsOfPicturesDiffer(t *testing.T) {
	first := Shapes.Picture(1, "train", 4, 0).Pix
	for _, other := range [][]byte{
		Shapes.Picture(2, "train", 4, 0).Pix, Shapes.Picture(1, "test", 4, 0).Pix, Shapes.Picture(1, "train", 3, 0).Pix, Shapes.Picture(1, "train", 4, 1).Pix,
	} {
		if bytes.Equal(first, other) {
			t.Error("two pictures are one")
		}
	}
}

// TestWrite writes as many of each class as of another, whatever the cores.
func TestWrite(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var before map[string]string
	for _, cores := range []int{1, 4} {
		runtime.GOMAXPROCS(cores)
		folder := filepath.Join(t.TempDir(), "new", "set")
		if err := Shapes.Write(t.Context(), folder, Options{Train: 72, Test: 10, Seed: 5}); err != nil {
			t.Fatal(err)
		}
		files := read(t, folder)
		if len(files) != 82 || before != nil && !maps.Equal(files, before) {
			t.Errorf("%d cores: %d files, or others than by one core", cores, len(files))
		}
		before = files
	}
	for i, class := range Shapes.Classes() {
		train, test := 7, 1
		if i < 2 {
			train = 8
		}
		for part, want := range map[string]int{"train": train, "test": test} {
			for number := range want + 1 {
				if _, found := before[fmt.Sprintf("%s/%s/%04d.jpg", part, class, number)]; found != (number < want) {
					t.Errorf("%s of %s: number %d is there: %v", part, class, number, found)
				}
			}
		}
	}
}

// read returns the files of a folder.
func read(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, path)
		files[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestWriteLeavesNothingHalf of a set that can't be written, or is not to be.
func TestWriteLeavesNothingHalf(t *testing.T) {
	folder := t.TempDir()
	options := Options{Train: 70, Test: 50, Seed: 1}
	for _, stopped := range []int{0, 64, 70} { // before the first, among the training and the test pictures
		ctx, cancel := context.WithCancel(t.Context())
		options.Progress = func(done, total int) {
			if done >= stopped {
				cancel()
			}
			if total != 120 {
				t.Errorf("%d pictures in all, want 120", total)
			}
		}
		for _, path := range []string{folder, filepath.Join(folder, "new")} {
			if err := Textures.Write(ctx, path, options); !errors.Is(err, context.Canceled) {
				t.Errorf("stopped at %d: %v", stopped, err)
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Fatalf("stopped at %d: %v is left (%v)", stopped, left, err)
			}
		}
	}
	options.Progress = nil
	if err := os.WriteFile(filepath.Join(folder, "mine"), []byte("work"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, filepath.Join(folder, "mine")} {
		if err := Textures.Write(t.Context(), path, options); err == nil || !strings.Contains(err.Error(), "want a new or an empty folder") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if files := read(t, folder); len(files) != 1 || files["mine"] != "work" {
		t.Errorf("the folder holds %v", files)
	}
	for _, few := range []Options{{Train: 49, Test: 50}, {Train: 50, Test: -1}} {
		path := filepath.Join(t.TempDir(), "few")
		if err := Textures.Write(t.Context(), path, few); err == nil || !strings.Contains(err.Error(), "want at least 50") {
			t.Errorf("%+v: %v", few, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%+v: the folder is there (%v)", few, err)
		}
	}
}
