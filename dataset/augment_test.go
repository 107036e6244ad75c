package dataset

import (
	"math"
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
