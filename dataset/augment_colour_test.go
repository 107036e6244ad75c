package dataset

import (
	"math"
	"slices"
	"testing"
)

func closeTo(a, b []float32, tolerance float64) bool {
	return slices.EqualFunc(a, b, func(a, b float32) bool { return math.Abs(float64(a)-float64(b)) <= tolerance })
}

// TestColourChange compares with values that can be computed by hand.
func TestColourChange(t *testing.T) {
	for _, test := range []struct {
		name     string
		change   colourChange
		channels int
		image    []float32
		want     []float32
	}{
		{"none", unchanged, 3, []float32{1, 0.2, 0, 0.5, 0.7, 0.1}, []float32{1, 0.2, 0, 0.5, 0.7, 0.1}},
		{"brighter", colourChange{1.5, 1, 1, 0}, 1, []float32{0, 0.5, 0.8}, []float32{0, 0.75, 1}},
		{"darker", colourChange{0.5, 1, 1, 0}, 2, []float32{0, 0.5, 0.8, 1}, []float32{0, 0.25, 0.4, 0.5}},
		{"less contrast", colourChange{1, 0.5, 1, 0}, 1, []float32{0, 0.4, 0.8}, []float32{0.2, 0.4, 0.6}},
		{"more contrast", colourChange{1, 2, 1, 0}, 1, []float32{0, 0.4, 0.8}, []float32{0, 0.4, 1}},
		{"contrast of two channels", colourChange{1, 0.5, 1, 0}, 2, []float32{0.2, 0.6}, []float32{0.3, 0.5}},
		// Red, whose luminance is 0.299, and black: the mean is 0.1495.
		{"contrast of colours", colourChange{1, 0.5, 1, 0}, 3, []float32{1, 0, 0, 0, 0, 0}, []float32{0.57475, 0.07475, 0.07475, 0.07475, 0.07475, 0.07475}},
		{"no saturation", colourChange{1, 1, 0, 0}, 3, []float32{1, 0, 0, 1, 0, 0}, []float32{0.299, 0.587, 0.299, 0.587, 0.299, 0.587}},
		{"more saturation", colourChange{1, 1, 2, 0}, 3, []float32{0.5, 0.4, 0.4}, []float32{0.5701, 0.3701, 0.3701}},
		{"saturation of one channel", colourChange{1, 1, 0, 0}, 1, []float32{0.1, 0.9}, []float32{0.1, 0.9}},
		{"brightness before contrast", colourChange{2, 0.5, 1, 0}, 1, []float32{0.2, 1}, []float32{0.55, 0.85}},
		{"a third of the circle", colourChange{1, 1, 1, 1. / 3}, 3, []float32{1, 0, 0, 1, 0, 0}, []float32{0, 0, 1, 0, 0, 1}},
		{"a third back", colourChange{1, 1, 1, -1. / 3}, 3, []float32{0.9, 0.3, 0.3, 0.9, 0.3, 0.3}, []float32{0.3, 0.9, 0.3, 0.3, 0.9, 0.3}},
		// Orange, at 30°, becomes azure, at 210°.
		{"half of the circle", colourChange{1, 1, 1, 0.5}, 3, []float32{1, 0.6, 0.2}, []float32{0.2, 0.6, 1}},
		{"half of the circle back", colourChange{1, 1, 1, -0.5}, 3, []float32{1, 0.6, 0.2}, []float32{0.2, 0.6, 1}},
		{"hue of two channels", colourChange{1, 1, 1, 0.5}, 2, []float32{1, 0.6}, []float32{1, 0.6}},
	} {
		got := slices.Clone(test.image)
		test.change.apply(got, test.channels)
		if !closeTo(got, test.want, 1e-6) {
			t.Errorf("%s: %v became %v, want %v", test.name, test.image, got, test.want)
		}
	}
}

// TestGreyStays: saturation and hue change no grey.
func TestGreyStays(t *testing.T) {
	src := slices.Repeat(pixels(20), 3)
	g, dst := newAugmenter(Augmentation{Saturation: 1, Hue: 0.5}, 3, 4, 5), make([]float32, len(src))
	for sample := range 20 {
		g.apply(dst, src, 1, 2, sample)
		if !closeTo(dst, Unit(src), 1e-6) {
			t.Fatalf("%v became %v with %+v", src, dst, g.colours)
		}
	}
}

// TestHueComesBack: turns add up, and keep value and saturation.
func TestHueComesBack(t *testing.T) {
	for _, v := range [][3]float32{{0.9, 0.1, 0.4}, {0.2, 0.3, 0.3}, {0, 0, 1}, {0.5, 0.7, 0.6}} {
		r, g, b := v[0], v[1], v[2]
		for range 7 {
			r, g, b = turnHue(r, g, b, 1./7)
			if high, low := max(r, g, b), min(r, g, b); !closeTo([]float32{high, low}, []float32{slices.Max(v[:]), slices.Min(v[:])}, 1e-6) {
				t.Errorf("%v is %v %v %v on the way", v, r, g, b)
			}
		}
		if !closeTo([]float32{r, g, b}, v[:], 1e-5) {
			t.Errorf("%v came back as %v %v %v", v, r, g, b)
		}
	}
}

// TestJitterOfConstant: an image of one colour keeps one; contrast leaves a grey one
// alone, and the brightness is uniform.
func TestJitterOfConstant(t *testing.T) {
	const images = 2000
	src, dst := slices.Repeat([]byte{102}, 3*12), make([]float32, 3*12)
	g := newAugmenter(Augmentation{Brightness: 0.3, Contrast: 0.5, Saturation: 0.5}, 3, 3, 4)
	least, most, sum := 1., 0., 0.
	for sample := range images {
		g.apply(dst, src, 1, 2, sample)
		if !closeTo(dst, slices.Repeat(dst[:1], len(dst)), 1e-6) {
			t.Fatalf("image %d is not of one colour: %v", sample, dst)
		}
		factor := float64(dst[0]) / 0.4
		least, most, sum = min(least, factor), max(most, factor), sum+factor
	}
	if least < 0.7-1e-6 || least > 0.71 || most > 1.3+1e-6 || most < 1.29 || math.Abs(sum/images-1) > 0.016 { // 4 standard deviations
		t.Errorf("factors from %v to %v, on average %v", least, most, sum/images)
	}
}
