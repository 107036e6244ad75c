package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // formats of image.Decode
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os"

	_ "golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// Limits of pictures, which bound the memory that a hostile one can ask for.
const (
	maxPictureSide = 1 << 14
	maxPictureArea = 1 << 25 // pixels
)

// ReadPicture reads a PNG, JPEG, GIF, WebP, TIFF or BMP file, of an animation the
// first picture.
//
// The errors name the file. A picture of more than 16,384 pixels on a side or
// 33,554,432 in total is refused before it is decoded.
func ReadPicture(path string) (image.Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	picture, err := decodeBounded(file)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	return picture, nil
}

// ReadImage reads a file as [ReadPicture] does, for a network whose input is
// [channels, height, width]. It returns that many values in [0, 1]: red, green
// and blue where channels is 3, luminance where it is 1. The picture is stretched
// to the size, whatever its proportions; transparent parts are white.
//
// The images of MNIST and its kin are bright on black. Where channels is 1 and
// the border of the scaled picture is more bright than dark on average, it is
// taken for ink on paper: all values v become 1−v, and inverted is true.
func ReadImage(path string, channels, height, width int) (pixels []float32, inverted bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, false, fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	pixels, inverted, err = decode(file, channels, height, width)
	if err != nil {
		return nil, false, fmt.Errorf("dataset: %s: %w", path, err)
	}
	return pixels, inverted, nil
}

// DecodeImage is [ReadImage] from a stream. It does not bound the length of r.
func DecodeImage(r io.Reader, channels, height, width int) (pixels []float32, inverted bool, err error) {
	pixels, inverted, err = decode(r, channels, height, width)
	if err != nil {
		return nil, false, fmt.Errorf("dataset: %w", err)
	}
	return pixels, inverted, nil
}

// ReadPixels reads a file as [ReadImage] does, but as bytes, and as bright and dark
// as they are in the picture.
func ReadPixels(path string, channels, height, width int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	pixels, err := decodePixels(file, channels, height, width)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	return pixels, nil
}

func decode(r io.Reader, channels, height, width int) (pixels []float32, inverted bool, err error) {
	values, err := decodePixels(r, channels, height, width)
	if err != nil {
		return nil, false, err
	}
	inverted = channels == 1 && brightBorder(&image.Gray{Pix: values, Stride: width, Rect: image.Rect(0, 0, width, height)})
	pixels = make([]float32, len(values))
	for i, value := range values {
		if inverted {
			value = 255 - value
		}
		pixels[i] = unit[value]
	}
	return pixels, inverted, nil
}

// decodePixels returns [channels, height, width].
func decodePixels(r io.Reader, channels, height, width int) ([]byte, error) {
	if err := (imageSize{channels, height, width}).check(); err != nil {
		return nil, err
	}
	picture, err := decodeBounded(r)
	if err != nil {
		return nil, err
	}
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(canvas, canvas.Rect, image.White, image.Point{}, draw.Src)
	if bounds := picture.Bounds(); bounds.Size() == canvas.Rect.Size() {
		draw.Draw(canvas, canvas.Rect, picture, bounds.Min, draw.Over)
	} else {
		draw.CatmullRom.Scale(canvas, canvas.Rect, picture, bounds, draw.Over, nil)
	}
	if channels == 3 {
		return colours(canvas), nil
	}
	grey := image.NewGray(canvas.Rect)
	draw.Draw(grey, grey.Rect, canvas, image.Point{}, draw.Src)
	return grey.Pix, nil
}

// decodeBounded decodes a picture of a reasonable size.
func decodeBounded(r io.Reader) (image.Image, error) {
	var start bytes.Buffer // what DecodeConfig read
	config, err := pictureConfig(io.TeeReader(r, &start))
	if err != nil {
		return nil, err
	}
	picture, _, err := image.Decode(io.MultiReader(&start, r))
	if err != nil {
		return nil, fmt.Errorf("decoding a picture of %d×%d: %w", config.Width, config.Height, err)
	}
	return picture, nil
}

// pictureConfig returns the size of a picture, which is a reasonable one.
func pictureConfig(r io.Reader) (image.Config, error) {
	config, _, err := image.DecodeConfig(r)
	if errors.Is(err, image.ErrFormat) {
		return config, fmt.Errorf("expected a PNG, JPEG, GIF, WebP, TIFF or BMP picture: %w", err)
	} else if err != nil {
		return config, fmt.Errorf("expected the size of a picture: %w", err)
	}
	if config.Width < 1 || config.Width > maxPictureSide || config.Height < 1 || config.Height > maxPictureSide ||
		config.Width*config.Height > maxPictureArea {
		return config, fmt.Errorf("expected a picture of 1 to %d pixels on a side and at most %d in total, found %d×%d (width, height): scale it down",
			maxPictureSide, maxPictureArea, config.Width, config.Height)
	}
	return config, nil
}

// colours returns [3, height, width].
func colours(canvas *image.RGBA) []byte {
	plane := len(canvas.Pix) / 4
	pixels := make([]byte, 3*plane)
	for i := range plane {
		for channel := range 3 {
			pixels[channel*plane+i] = canvas.Pix[4*i+channel]
		}
	}
	return pixels
}

// brightBorder tells whether the outermost pixels are more white than black.
func brightBorder(grey *image.Gray) bool {
	sum, count := 0, 0
	for y := range grey.Rect.Dy() {
		for x := range grey.Rect.Dx() {
			if x == 0 || y == 0 || x == grey.Rect.Dx()-1 || y == grey.Rect.Dy()-1 {
				sum += int(grey.Pix[y*grey.Stride+x])
				count++
			}
		}
	}
	return 2*sum > 255*count
}
