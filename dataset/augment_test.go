package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestAugmentIdentity(t *testing.T) {
	for _, size := range [][3]int{{1, 28, 28}, {3, 5, 7}, {2, 1, 1}, {1, 1, 9}} {
		c, h, w := size[0], size[1], size[2]
		src := pixels(c * h * w)
		dst := make([]float32, len(src))
		newAugmenter(Augmentation{}, c, h, w).apply(dst, src, 1, 2, 3)
		for i, pixel := range src {
			if dst[i] != float32(pixel)/255 {
				t.Errorf("%v: value %d is %v, want %v/255", size, i, dst[i], pixel)
			}
		}
	}
}

func TestAugmentKeys(t *testing.T) {
	src := openMNIST(t).Train.(*Images).image(0)
	g := newAugmenter(*Light(), 1, 28, 28)
	apply := func(seed uint64, epoch, sample int) []float32 {
		dst := make([]float32, len(src))
		g.apply(dst, src, seed, epoch, sample)
		return dst
	}
	first := apply(1, 2, 3)
	for _, other := range [][]float32{apply(2, 2, 3), apply(1, 3, 3), apply(1, 2, 4)} {
		if slices.Equal(first, other) {
			t.Error("two keys distort alike")
		}
	}
	if !slices.Equal(first, apply(1, 2, 3)) {
		t.Error("one key distorts in two ways")
	}
}

// TestLightBits: runs of earlier versions go on bit for bit. The values are from the
// version before there were flips, crops and colours, by this code. Other processors
// may fuse products and sums.
func TestLightBits(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the bits are those of amd64")
	}
	for channels, want := range map[int]string{1: "65f06b571e5d1ac5", 3: "d6aea4d5f146ff69"} {
		src := pixels(channels * 784)
		g, dst, hash := newAugmenter(*Light(), channels, 28, 28), make([]float32, len(src)), sha256.New()
		for sample := range 20 {
			g.apply(dst, src, 1, 2, sample)
			binary.Write(hash, binary.LittleEndian, dst) // never fails
		}
		if got := fmt.Sprintf("%x", hash.Sum(nil)[:8]); got != want {
			t.Errorf("%d channels: hash %s, want %s", channels, got, want)
		}
	}
}

// moments returns the sum and the centre of the values of an image.
func moments(image []float32, width int) (mass, x, y float64) {
	for i, value := range image {
		mass += float64(value)
		x += float64(value) * float64(i%width)
		y += float64(value) * float64(i/width)
	}
	return mass, x / mass, y / mass
}

// TestAugmentMass distorts digits: ink neither vanishes nor doubles, averages
// stay, and the centre moves by no more than asked. The few digits that touch
// the border need the room in the bounds.
func TestAugmentMass(t *testing.T) {
	set := openMNIST(t).Train.(*Images)
	for _, test := range []struct {
		name                 string
		augmentation         Augmentation
		single, mean, moving float64 // largest relative change of mass, that of the average, largest move
	}{
		{"shift", Augmentation{Shift: 2}, 0.1, 0.005, 2 * math.Sqrt2},
		{"rotation", Augmentation{Rotation: 10}, 0.05, 0.005, 0.4},
		{"zoom", Augmentation{Zoom: 0.1}, 0.25, 0.03, 0.4},
		{"elastic", Augmentation{Elastic: 0.6}, 0.45, 0.03, 3},
		{"light", *Light(), 0.6, 0.04, 6},
	} {
		g, dst := newAugmenter(test.augmentation, 1, 28, 28), make([]float32, 784)
		original := make([]float32, 784)
		total, originalTotal := 0., 0.
		for i := range 1000 {
			newAugmenter(Augmentation{}, 1, 28, 28).apply(original, set.image(i), 0, 0, 0)
			g.apply(dst, set.image(i), 1, 0, i)
			mass0, x0, y0 := moments(original, 28)
			mass, x, y := moments(dst, 28)
			if change := math.Abs(mass/mass0 - 1); change > test.single {
				t.Errorf("%s: image %d changes its mass by %.2f", test.name, i, change)
			}
			if move := math.Hypot(x-x0, y-y0); move > test.moving+0.05 {
				t.Errorf("%s: image %d moves by %.2f pixels", test.name, i, move)
			}
			total, originalTotal = total+mass, originalTotal+mass0
		}
		if change := math.Abs(total/originalTotal - 1); change > test.mean {
			t.Errorf("%s: the average mass changes by %.3f", test.name, change)
		}
	}
}

// TestAugmentExact compares with maps that have a simple form.
func TestAugmentExact(t *testing.T) {
	const side = 9
	src := pixels(side * side)
	dst := make([]float32, len(src))
	g := newAugmenter(Augmentation{}, 1, side, side)
	for _, test := range []struct {
		name   string
		matrix [4]float32
		offset [2]float32
		source func(x, y int) (int, int)
	}{
		{"quarter turn", [4]float32{0, -1, 1, 0}, [2]float32{side - 1, 0}, func(x, y int) (int, int) { return side - 1 - y, x }},
		{"right 2, up 1", [4]float32{1, 0, 0, 1}, [2]float32{-2, 1}, func(x, y int) (int, int) { return max(x-2, 0), min(y+1, side-1) }},
	} {
		g.matrix, g.offset = test.matrix, test.offset
		for y := range side {
			g.row(dst, src, y, nil)
		}
		for i := range dst {
			x, y := test.source(i%side, i/side)
			if want := unit[src[y*side+x]]; dst[i] != want {
				t.Errorf("%s: pixel %d,%d is %v, want %v", test.name, i%side, i/side, dst[i], want)
			}
		}
	}
}

// TestAugmentRange checks that draw respects its limits and the centre.
func TestAugmentRange(t *testing.T) {
	g := newAugmenter(Augmentation{Shift: 2, Rotation: 10, Zoom: 0.1}, 1, 21, 31)
	var largest [3]float64
	for range 2000 {
		g.draw()
		cos, sin := float64(g.matrix[0]), float64(g.matrix[2])
		rotation := math.Abs(math.Atan2(sin, cos)) * 180 / math.Pi
		zoom := math.Abs(1/math.Hypot(cos, sin) - 1)
		// The inverse map of the centre is the centre plus the shift.
		x, y := 15-float64(g.offset[0]), 10-float64(g.offset[1])
		scale := cos*cos + sin*sin
		shift := max(math.Abs((cos*x+sin*y)/scale-15), math.Abs((-sin*x+cos*y)/scale-10))
		for i, value := range [3]float64{shift, rotation, zoom} {
			largest[i] = max(largest[i], value)
		}
	}
	for i, limit := range [3]float64{2, 10, 0.1} {
		if largest[i] > limit*1.0001 || largest[i] < limit*0.98 {
			t.Errorf("largest shift, rotation, zoom are %v: number %d should approach %v", largest, i, limit)
		}
	}
}

func TestElasticDeviation(t *testing.T) {
	const side, images = 28, 400
	g := newAugmenter(Augmentation{Elastic: 1.5}, 1, side, side)
	var sum, squares float64
	for range images {
		g.draw()
		for y := range side {
			var controls [splinePoints]point
			g.interpolateRow(&controls, y)
			for x := range side {
				displacement := float32(0)
				for k, weight := range g.columns[x].weights {
					displacement += weight * controls[g.columns[x].first+k].x
				}
				sum += float64(displacement)
				squares += float64(displacement) * float64(displacement)
			}
		}
	}
	const n = side * side * images
	if mean := sum / n; math.Abs(mean) > 0.1 {
		t.Errorf("mean displacement is %.3f", mean)
	}
	if deviation := math.Sqrt(squares / n); math.Abs(deviation-1.5) > 0.1 {
		t.Errorf("standard deviation of displacements is %.3f, want 1.5", deviation)
	}
}

func TestAugmentationErrors(t *testing.T) {
	for _, test := range []struct {
		augmentation Augmentation
		want         string
	}{
		{Augmentation{Shift: -1}, "shift from 0"},
		{Augmentation{Rotation: math.NaN()}, "rotation from 0 to 180, found NaN"},
		{Augmentation{Zoom: 1}, "zoom from 0 to 0.9, found 1"},
		{Augmentation{Elastic: math.Inf(1)}, "elastic displacement from 0"},
		{Augmentation{Crop: 1.1}, "least share of the area (crop) from 0 to 1, found 1.1"},
		{Augmentation{Brightness: -0.1}, "change of brightness from 0 to 1"},
		{Augmentation{Contrast: math.NaN()}, "change of contrast from 0 to 1"},
		{Augmentation{Saturation: 2}, "change of saturation from 0 to 1"},
		{Augmentation{Hue: 0.6}, "turn of the hue from 0 to 0.5, found 0.6"},
	} {
		_, err := NewLoader(smallSet(3, 1, 2, 2), LoaderOptions{BatchSize: 1, Augment: &test.augmentation})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v, want %q", test.augmentation, err, test.want)
		}
	}
}

func BenchmarkAugment(b *testing.B) {
	for _, test := range []struct {
		name            string
		augmentation    Augmentation
		channels, width int
	}{
		{"affine/1x28x28", Augmentation{Shift: 2, Rotation: 10, Zoom: 0.1}, 1, 28},
		{"light/1x28x28", *Light(), 1, 28},
		{"light/3x32x32", *Light(), 3, 32},
		{"photo/3x64x64", *Photo(64, 64), 3, 64},
		{"photo and hue/3x64x64", photoWithHue(), 3, 64},
	} {
		b.Run(test.name, func(b *testing.B) {
			src := pixels(test.channels * test.width * test.width)
			dst := make([]float32, len(src))
			g := newAugmenter(test.augmentation, test.channels, test.width, test.width)
			b.ReportAllocs()
			b.SetBytes(int64(len(src)))
			for i := 0; b.Loop(); i++ {
				g.apply(dst, src, 1, 2, i)
			}
		})
	}
}

func photoWithHue() Augmentation {
	a := *Photo(64, 64)
	a.Hue = 0.1
	return a
}

// drawOf returns an augmenter whose random stream is at the start of a sample's.
func drawOf(g *augmenter, sample int) *augmenter {
	g.apply(make([]float32, g.channels*g.height*g.width), make([]byte, g.channels*g.height*g.width), 1, 2, sample)
	return g
}

// TestFlip: an image is as it was or mirrored, each as often.
func TestFlip(t *testing.T) {
	const height, width, images = 3, 4, 1000
	src := pixels(3 * height * width)
	var ways [2][]float32
	ways[0] = Unit(src)
	for i := range src {
		row := i / width * width
		ways[1] = append(ways[1], ways[0][row+width-1-i%width])
	}
	g, dst, mirrored := newAugmenter(Augmentation{Flip: true}, 3, height, width), make([]float32, len(src)), 0
	for sample := range images {
		g.apply(dst, src, 1, 2, sample)
		switch {
		case slices.Equal(dst, ways[1]):
			mirrored++
		case !slices.Equal(dst, ways[0]):
			t.Fatalf("image %d is %v, which is neither %v nor %v", sample, dst, ways[0], ways[1])
		}
	}
	if mirrored < 440 || mirrored > 560 { // 3.8 standard deviations
		t.Errorf("%d of %d are mirrored", mirrored, images)
	}
}

// bilinear returns the value of a plane at a point, where pixel (x, y) has its centre
// at (x+0.5, y+0.5), directly.
func bilinear(plane []byte, height, width int, x, y float64) float64 {
	x, y = min(max(x-0.5, 0), float64(width-1)), min(max(y-0.5, 0), float64(height-1))
	sum := 0.
	for i, v := range plane {
		overlap := max(0, 1-math.Abs(x-float64(i%width))) * max(0, 1-math.Abs(y-float64(i/width)))
		sum += overlap * float64(v) / 255
	}
	return sum
}

// TestCompose compares boxes, mirrored or not, of an image that is distorted or not,
// with a direct computation.
func TestCompose(t *testing.T) {
	const height, width = 6, 9
	src := pixels(2 * height * width)
	for _, test := range []struct {
		name  string
		boxes []box // one after the other
		turn  bool  // upside down before
	}{
		{"all", []box{{0, 0, 9, 6}}, false},
		{"left half", []box{{0, 0, 4.5, 6}}, false},
		{"inside", []box{{1.3, 2.1, 5.2, 3.4}}, false},
		{"mirrored", []box{{9, 0, -9, 6}}, false},
		{"mirrored, then inside", []box{{9, 0, -9, 6}, {1.3, 2.1, 5.2, 3.4}}, false},
		{"upside down, then inside", []box{{1.3, 2.1, 5.2, 3.4}}, true},
	} {
		g := newAugmenter(Augmentation{}, 2, height, width)
		drawOf(g, 0)
		if test.turn {
			g.matrix, g.offset = [4]float32{-1, 0, 0, -1}, [2]float32{width - 1, height - 1}
		}
		for _, b := range test.boxes {
			g.compose(b)
		}
		dst := make([]float32, len(src))
		for y := range height {
			g.row(dst, src, y, nil)
		}
		for i, got := range dst {
			x, y := float64(i%width)+0.5, float64(i/width%height)+0.5
			for _, b := range slices.Backward(test.boxes) {
				x, y = b.left+x/width*b.width, b.top+y/height*b.height
			}
			if test.turn {
				x, y = width-x, height-y
			}
			plane := src[i/(height*width)*height*width:][:height*width]
			if want := bilinear(plane, height, width, x, y); math.Abs(float64(got)-want) > 1e-5 {
				t.Errorf("%s: value %d is %v, want %v", test.name, i, got, want)
			}
		}
	}
}

// TestDrawBox: boxes are inside, of all areas, proportions and places.
func TestDrawBox(t *testing.T) {
	const height, width, n = 20, 50, 5000
	g := drawOf(newAugmenter(Augmentation{Crop: 0.36}, 1, height, width), 0)
	var wide, left, whole int
	least, most, widest, narrowest := 1., 0., 1., 1.
	for range n {
		b := g.drawBox()
		if b.left < 0 || b.top < 0 || b.left+b.width > width || b.top+b.height > height {
			t.Fatalf("%+v is not inside %d×%d", b, height, width)
		}
		share, proportions := b.width*b.height/(height*width), b.width/b.height*height/width
		least, most = min(least, share), max(most, share)
		narrowest, widest = min(narrowest, proportions), max(widest, proportions)
		if share == 1 {
			whole++
		}
		if proportions > 1 {
			wide++
		}
		if b.left > (width-b.width)/2 {
			left++
		}
	}
	if least < 0.36-1e-9 || least > 0.37 || most > 1 || most < 0.97 || whole > 10 {
		t.Errorf("shares from %v to %v, %d whole images", least, most, whole)
	}
	if narrowest < 0.75-1e-9 || narrowest > 0.76 || widest > 4./3+1e-9 || widest < 1.32 {
		t.Errorf("proportions from %v to %v", narrowest, widest)
	}
	for what, count := range map[string]int{"wide": wide, "right": left} {
		if count < n/2-150 || count > n/2+150 { // 4 standard deviations
			t.Errorf("%d of %d are %s", count, n, what)
		}
	}
	g.Crop = 1
	if b := g.drawBox(); b != (box{0, 0, width, height}) {
		t.Errorf("all of the area: %+v", b)
	}
}

// TestAugmentationJSON: what is written comes back; old files say true.
func TestAugmentationJSON(t *testing.T) {
	for _, a := range []*Augmentation{Light(), Photo(64, 48), {Flip: true, Hue: 0.5}, {}} {
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		back := *Light()
		if err := json.Unmarshal(text, &back); err != nil || back != *a {
			t.Errorf("%s became %+v (%v)", text, back, err)
		}
	}
	var recipe struct {
		Augment *Augmentation `json:"augment,omitempty"`
	}
	if err := json.Unmarshal([]byte(`{"augment": true}`), &recipe); err != nil || *recipe.Augment != *Light() {
		t.Errorf("true became %+v (%v)", recipe.Augment, err)
	}
	if err := json.Unmarshal([]byte(`{"augment": null}`), &recipe); err != nil || recipe.Augment != nil {
		t.Errorf("null became %+v (%v)", recipe.Augment, err)
	}
	for text, want := range map[string]string{
		`{"augment": {"flop": true}}`:    `unknown field "flop"`,
		`{"augment": {"crop": "large"}}`: "cannot unmarshal string",
		`{"augment": false}`:             "nothing for none, found false",
		`{"augment": 1}`:                 "expected an object",
	} {
		if err := json.Unmarshal([]byte(text), &recipe); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

// TestPhoto: it is valid for every size, and allocates nothing.
func TestPhoto(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 500}, {64, 64}, {maxSide, maxSide}} {
		if err := Photo(size[0], size[1]).Check(); err != nil {
			t.Errorf("%v: %v", size, err)
		}
	}
	src := pixels(3 * 64)
	g, dst, sample := newAugmenter(photoWithHue(), 3, 8, 8), make([]float32, len(src)), 0
	if n := testing.AllocsPerRun(20, func() { g.apply(dst, src, 1, 2, sample); sample++ }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
