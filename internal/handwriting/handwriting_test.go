package handwriting

import (
	"bytes"
	"image"
	"image/draw"
	"testing"
)

// TestScenes: equal seeds give equal pictures, and the ink of each is within the
// picture and can be told from what is under it.
func TestScenes(t *testing.T) {
	for kind := range Kinds {
		style, digit := int(kind)%Styles, int(kind)%10
		scene := New(5, kind, style, digit)
		picture := scene.Render()
		if picture.Bounds() != image.Rect(0, 0, scene.Width, scene.Height) {
			t.Errorf("%s: bounds %v, want %d×%d", kind.Name(), picture.Bounds(), scene.Width, scene.Height)
		}
		if !bytes.Equal(pixels(picture), pixels(New(5, kind, style, digit).Render())) {
			t.Errorf("%s: a seed gave two pictures", kind.Name())
		}
		if bytes.Equal(pixels(picture), pixels(New(6, kind, style, digit).Render())) {
			t.Errorf("%s: two seeds gave one picture", kind.Name())
		}
		if ink := inkShare(scene); ink < 1e-4 || ink > 0.4 {
			t.Errorf("%s, %d: %.2g of the picture is ink", kind.Name(), digit, ink)
		}
	}
}

// pixels returns red, green, blue and alpha of each pixel.
func pixels(picture image.Image) []byte {
	canvas := image.NewRGBA(picture.Bounds())
	draw.Draw(canvas, canvas.Rect, picture, canvas.Rect.Min, draw.Src)
	return canvas.Pix
}

// inkShare is how much of the picture differs from the one without a digit.
func inkShare(scene Scene) float64 {
	scene.Specks, scene.Noise, scene.Quality = 0, 0, 0
	without := scene
	without.Size = 1e-9
	without.PenWidth = 0
	a, b := pixels(scene.Render()), pixels(without.Render())
	count := 0
	for i := 0; i < len(a); i += 4 {
		if max(a[i+1], b[i+1])-min(a[i+1], b[i+1]) > 8 || a[i+3] != b[i+3] {
			count++
		}
	}
	return float64(count) / float64(scene.Width*scene.Height)
}
