package dataset

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/image/draw"

	"github.com/deepfry/deepfry/internal/handwriting"
)

// greyPicture returns a picture of the given brightnesses, cut to bytes.
func greyPicture(width, height int, brightness func(x, y int) float64) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = byte(max(0, min(255, brightness(i%width, i/width))))
	}
	return picture
}

// TestPrepareDigitMNIST: MNIST's images come back byte for byte, as they are or
// inverted, whatever the type of the picture.
func TestPrepareDigitMNIST(t *testing.T) {
	set := openMNIST(t).Test.(*Images)
	for i := range set.Len() {
		digit := &image.Gray{Pix: set.image(i), Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
		inverse := greyPicture(28, 28, func(x, y int) float64 { return 255 - float64(digit.GrayAt(x, y).Y) })
		pictures := map[image.Image]bool{digit: false, inverse: true}
		if i < 100 {
			coloured := image.NewNRGBA(image.Rect(5, 6, 33, 34)) // not at the origin
			draw.Draw(coloured, coloured.Rect, digit, image.Point{}, draw.Src)
			larger := image.NewGray(image.Rect(0, 0, 280, 280))
			draw.NearestNeighbor.Scale(larger, larger.Rect, digit, digit.Rect, draw.Src, nil)
			pictures[coloured], pictures[larger] = false, false
		}
		for picture, inverted := range pictures {
			pixels, gotInverted, err := PrepareDigit(picture)
			if err != nil || gotInverted != inverted || !bytes.Equal(pixels, digit.Pix) {
				t.Fatalf("image %d as %T of %v: it changed, or inverted is %v; error %v", i, picture, picture.Bounds(), gotInverted, err)
			}
		}
	}
}

// TestPrepareDigitCropped: most digits come back nearly as they were though the
// picture ends where the ink does.
func TestPrepareDigitCropped(t *testing.T) {
	set := openMNIST(t).Test.(*Images)
	wrong := 0
	const count = 60
	for i := range count {
		digit := &image.Gray{Pix: set.image(i), Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
		box := image.Rectangle{}
		for i, v := range digit.Pix {
			if v > 0 {
				box = box.Union(image.Rect(i%28, i/28, i%28+1, i/28+1))
			}
		}
		cropped := image.NewGray(image.Rect(0, 0, 10*box.Dx(), 10*box.Dy()))
		draw.BiLinear.Scale(cropped, cropped.Rect, digit, box, draw.Src, nil)
		pixels, _, err := PrepareDigit(cropped)
		if set.Labels[i] == 1 {
			continue // fills its box
		}
		if err != nil || leastDifference(pixels, digit.Pix) > 0.6 {
			t.Logf("image %d, a %d: error %v", i, set.Labels[i], err)
			wrong++
		}
	}
	if wrong > count/6 {
		t.Errorf("%d of %d are not", wrong, count)
	}
}

// TestPrepareDigitGeometry: whatever a digit was written with and on, it is as
// MNIST's are: a box of 20 pixels, the centre of mass in the middle, paper 0, ink
// 255, strokes of at least about two pixels.
func TestPrepareDigitGeometry(t *testing.T) {
	for kind := range handwriting.Kinds {
		scene := handwriting.New(9, kind, int(kind)%3, int(3*kind)%10)
		pixels, inverted, err := PrepareDigit(scene.Render())
		if err != nil {
			t.Errorf("%s, %d: %v", kind.Name(), scene.Digit, err)
			continue
		}
		paper := scene.Paper[0] + scene.Paper[1] + scene.Paper[2]
		if scene.Transparency {
			paper = 1.5
		}
		if inverted != (scene.Ink[0]+scene.Ink[1]+scene.Ink[2] < paper) {
			t.Errorf("%s: inverted is %v", kind.Name(), inverted)
		}
		box, mass, sumX, sumY, zeros := image.Rectangle{}, 0., 0., 0., 0
		for i, v := range pixels {
			if v == 0 {
				zeros++
				continue
			}
			x, y := i%28, i/28
			box = box.Union(image.Rect(x, y, x+1, y+1))
			mass, sumX, sumY = mass+float64(v), sumX+float64(v)*float64(x), sumY+float64(v)*float64(y)
		}
		if max(box.Dx(), box.Dy()) != 20 {
			t.Errorf("%s, %d: the box is %v, not 20 pixels long", kind.Name(), scene.Digit, box)
		}
		if max(math.Abs(sumX/mass-14), math.Abs(sumY/mass-14)) > 0.51 {
			t.Errorf("%s, %d: the centre of mass is at %.2f, %.2f", kind.Name(), scene.Digit, sumX/mass, sumY/mass)
		}
		if bytes.IndexByte(pixels, 255) < 0 || zeros < 28*28/2 || mass < 255*2*18 {
			t.Errorf("%s, %d: %d pixels are paper, and the ink is that of %.0f", kind.Name(), scene.Digit, zeros, mass/255)
		}
	}
}

// TestPrepareDigitParts: the bar of a 5 that is apart from the rest stays, specks and
// lines go.
func TestPrepareDigitParts(t *testing.T) {
	pixels, _, err := PrepareDigit(greyPicture(200, 200, func(x, y int) float64 {
		for _, ink := range []image.Rectangle{
			image.Rect(60, 60, 70, 100), image.Rect(60, 90, 110, 100), image.Rect(100, 90, 110, 140), image.Rect(60, 130, 110, 140), // the body
			image.Rect(78, 60, 110, 70), // the bar
			image.Rect(150, 30, 153, 33), image.Rect(0, 170, 200, 172),
		} {
			if image.Pt(x, y).In(ink) {
				return 40
			}
		}
		return 230
	}))
	if err != nil {
		t.Fatal(err)
	}
	// 80 pixels became 20.
	rows := [28]int{}
	for i, v := range pixels {
		if v > 128 {
			rows[i/28]++
		}
	}
	if rows[4] < 10 || rows[5] < 10 || rows[23] < 10 || rows[3] != 0 || rows[24] != 0 {
		t.Errorf("the rows have %d pixels of ink", rows)
	}
}

// plainFive is a 5 in felt pen on white paper, in the middle.
func plainFive() handwriting.Scene {
	return handwriting.Scene{Digit: 5, Style: handwriting.European, Width: 300, Height: 300, Size: 0.5, Aspect: 0.6, PenWidth: 0.09,
		Centre: [2]float64{0.5, 0.5}, Ink: handwriting.RGB{0.1, 0.1, 0.1}, Paper: handwriting.RGB{1, 1, 1}, Light: 0.95}
}

// TestPrepareDigitInvariance: neither place, size, light nor colour changes much.
func TestPrepareDigitInvariance(t *testing.T) {
	want, _, err := PrepareDigit(plainFive().Render())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*handwriting.Scene){
		"nothing":        func(*handwriting.Scene) {},
		"place":          func(s *handwriting.Scene) { s.Centre = [2]float64{0.7, 0.28} },
		"large":          func(s *handwriting.Scene) { s.Size = 0.85 },
		"small":          func(s *handwriting.Scene) { s.Size = 0.15 },
		"many pixels":    func(s *handwriting.Scene) { s.Width, s.Height = 1500, 1200 },
		"few pixels":     func(s *handwriting.Scene) { s.Width, s.Height = 60, 70 },
		"28×28, large":   func(s *handwriting.Scene) { s.Width, s.Height, s.Size, s.Light = 28, 28, 0.85, 1 },
		"panorama":       func(s *handwriting.Scene) { s.Width, s.Height = 4000, 150 },
		"bright on dark": func(s *handwriting.Scene) { s.Ink, s.Paper = s.Paper, s.Ink },
		"white on black": func(s *handwriting.Scene) { s.Ink, s.Paper = s.Paper, handwriting.RGB{} },
		"dim":            func(s *handwriting.Scene) { s.Light = 0.2 },
		"gradient":       func(s *handwriting.Scene) { s.Gradient = [2]float64{0.6, -0.7} },
		"vignette":       func(s *handwriting.Scene) { s.Vignette = 0.7 },
		"shadow":         func(s *handwriting.Scene) { s.Shadow = 0.5 },
		"noise and JPEG": func(s *handwriting.Scene) { s.Noise, s.Quality = 0.03, 50 },
		"red on blue": func(s *handwriting.Scene) {
			s.Ink, s.Paper = handwriting.RGB{0.8, 0.2, 0.2}, handwriting.RGB{0.3, 0.4, 0.9}
		},
		"equal luminance": func(s *handwriting.Scene) {
			s.Ink, s.Paper, s.Noise = handwriting.RGB{0.8, 0.2, 0.2}, handwriting.RGB{0.2, 0.43, 0.2}, 0.02
		},
		"black, no paper":    func(s *handwriting.Scene) { s.Transparency = true },
		"white, no paper":    func(s *handwriting.Scene) { s.Transparency, s.Ink = true, handwriting.RGB{1, 1, 1} },
		"desk":               func(s *handwriting.Scene) { s.Desk, s.DeskColour = 0.1, handwriting.RGB{0.2, 0.15, 0.1} },
		"a corner of a desk": func(s *handwriting.Scene) { s.Corner, s.DeskColour = 0.3, handwriting.RGB{0.2, 0.15, 0.1} },
		"a larger corner":    func(s *handwriting.Scene) { s.Corner, s.DeskColour = 0.5, handwriting.RGB{0.2, 0.15, 0.1} },
		"a spiral binding":   func(s *handwriting.Scene) { s.Binding, s.Size = true, 0.25 },
		"a circle":           func(s *handwriting.Scene) { s.Ring = 1.5 },
		"pencil on lines": func(s *handwriting.Scene) {
			s.Width, s.Height, s.Size, s.PenWidth, s.Texture, s.Noise = 600, 450, 0.25, 0.04, 0.04, 0.02
			s.Ink, s.Lines, s.Spacing, s.LineColour = handwriting.RGB{0.55, 0.55, 0.55}, handwriting.Ruled, 0.07, handwriting.RGB{0.6, 0.6, 0.6}
		},
		"squared paper": func(s *handwriting.Scene) {
			s.Lines, s.Spacing, s.LineColour = handwriting.Squared, 0.15, handwriting.RGB{0.6, 0.7, 0.9}
		},
	} {
		scene := plainFive()
		change(&scene)
		got, _, err := PrepareDigit(scene.Render())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if difference := leastDifference(got, want); difference > 0.35 { // an edge of strokes by a third of a pixel; another digit is above 0.8
			t.Errorf("%s: the difference is %.0f%% of the ink", name, 100*difference)
		}
	}
}

// leastDifference is that of two images, relative to the ink of the second. They
// may be apart by a pixel each way, which is how the centre of mass is rounded.
func leastDifference(got, want []byte) float64 {
	least := math.Inf(1)
	for shift := range 9 {
		dx, dy := shift%3-1, shift/3-1
		difference, ink := 0.0, 0.0
		for i := 29; i < len(want)-29; i++ { // the outermost pixels are paper
			difference += math.Abs(float64(got[i+28*dy+dx]) - float64(want[i]))
			ink += float64(want[i])
		}
		least = min(least, difference/ink)
	}
	return least
}

// TestPrepareDigitRefuses: what shows no digit, or several, is no digit.
func TestPrepareDigitRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	three := image.NewGray(image.Rect(0, 0, 600, 200))
	digits := openMNIST(t).Test.(*Images)
	for i := range 3 {
		digit := &image.Gray{Pix: digits.image(i), Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
		draw.BiLinear.Scale(three, image.Rect(200*i, 0, 200*i+200, 200), digit, digit.Rect, draw.Src, nil)
	}
	lines := func(x, y int) float64 {
		if x%30 == 0 || y%30 == 0 {
			return 150
		}
		return 250
	}
	blank := func(change func(*handwriting.Scene)) image.Image {
		scene := plainFive()
		scene.Width, scene.Height, scene.Size, scene.PenWidth = 600, 450, 1e-9, 0
		change(&scene)
		return scene.Render()
	}
	for name, test := range map[string]struct {
		picture image.Image
		want    string // in the error; "" is ErrNoInk
	}{
		"nothing":      {image.NewGray(image.Rectangle{}), ""},
		"white":        {greyPicture(300, 200, func(x, y int) float64 { return 255 }), ""},
		"black":        {greyPicture(300, 200, func(x, y int) float64 { return 0 }), ""},
		"small":        {greyPicture(28, 28, func(x, y int) float64 { return 255 }), ""},
		"transparent":  {image.NewNRGBA(image.Rect(0, 0, 100, 100)), ""},
		"gradient":     {greyPicture(300, 200, func(x, y int) float64 { return 50 + float64(x+y)/3 }), ""},
		"dark corners": {greyPicture(300, 200, func(x, y int) float64 { return 220 - 0.006*float64((x-150)*(x-150)+(y-100)*(y-100)) }), ""},
		"half":         {greyPicture(300, 200, func(x, y int) float64 { return float64(x / 150 * 255) }), ""},
		"faint noise":  {greyPicture(300, 200, func(x, y int) float64 { return 180 + 5*rng.NormFloat64() }), ""},
		"noise":        {greyPicture(300, 200, func(x, y int) float64 { return 255 * rng.Float64() }), ""},
		"specks":       {greyPicture(300, 200, func(x, y int) float64 { return 250 - 200*float64(max(0, 2-abs(x-100)-abs(y-80))) }), ""},
		"squares":      {greyPicture(300, 200, lines), ""},
		"blank on a table": {blank(func(s *handwriting.Scene) {
			s.Desk, s.DeskColour, s.DeskGrain = 0.15, handwriting.RGB{0.4, 0.3, 0.2}, 0.1
		}), ""},
		"blank ruled": {blank(func(s *handwriting.Scene) {
			s.Lines, s.Spacing, s.LineColour, s.Rotation = handwriting.Ruled, 0.08, handwriting.RGB{0.6, 0.7, 0.9}, 3
		}), "found a line"},
		"line":     {greyPicture(300, 200, func(x, y int) float64 { return 250 - 200*float64(max(0, 1-max(abs(x-150)/40, abs(y-100)/5))) }), "found a line"},
		"halftone": {greyPicture(600, 400, func(x, y int) float64 { return 250 - 200*float64(max(0, 4-max(x%9, y%9))/2) }), "found ink in"},
		"three":    {three, "found 3 separate figures"},
	} {
		_, _, err := PrepareDigit(test.picture)
		if err == nil || test.want == "" && !errors.Is(err, ErrNoInk) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestPrepareDigitSizes: pictures of few pixels or long ones give an answer or an
// error.
func TestPrepareDigitSizes(t *testing.T) {
	for _, width := range []int{1, 2, 3, 4, 7, 28, 29, 5000} {
		for _, height := range []int{1, 2, 3, 5, 27, 28, 300} {
			rng := rand.New(rand.NewPCG(uint64(width), uint64(height)))
			for _, level := range []int{2, 30, 256} {
				picture := greyPicture(width, height, func(x, y int) float64 { return float64(rng.IntN(level) * 255 / (level - 1)) })
				if pixels, _, err := PrepareDigit(picture); err == nil && len(pixels) != 28*28 {
					t.Errorf("%d×%d: %d pixels", width, height, len(pixels))
				}
			}
		}
	}
	picture := image.NewPaletted(image.Rect(-9, 4, 31, 60), color.Palette{color.White, color.Black})
	for y := 15; y < 50; y++ {
		picture.SetColorIndex(9, y, 1)
	}
	if _, inverted, err := PrepareDigit(picture); err != nil || !inverted {
		t.Errorf("a line of a palette: inverted %v, error %v", inverted, err)
	}
}
