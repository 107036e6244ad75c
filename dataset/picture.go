package dataset

import (
	"fmt"
	"image"
	"io"
	"os"

	"golang.org/x/image/draw"

	"github.com/deepfry/deepfry/internal/picture"
)

// ReadPicture reads a PNG, JPEG, GIF, WebP, TIFF, BMP or PNM (PBM, PGM, PPM, PAM)
// file as a viewer shows it, so turned as its EXIF orientation says: of an animation
// the first picture, on its canvas; of several pages the first. The file's content
// decides, not its name.
//
// The errors name the file and, where it is of another kind (HEIC, camera raw, a
// page of HTML), what it is and what to do. A picture is refused before it is
// decoded where it has more than 65,535 pixels on a side or 134,217,728 in total, or
// where that may take more than 1 GiB of memory. All pictures that are being read
// at one time take that together, beside what has been returned: those that are too
// much wait. It suffices for a photograph of 50 megapixels in any format. What is
// no regular file, such as a pipe, may have 512 MiB, which come on top.
func ReadPicture(path string) (image.Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	upright, err := decodeUpright(file)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	return upright, nil
}

func decodeUpright(r io.Reader) (image.Image, error) {
	file, err := picture.Open(r)
	if err != nil {
		return nil, err
	}
	release, err := picture.Reserve(file.Memory + file.TurningMemory())
	if err != nil {
		return nil, err
	}
	defer release()
	stored, err := file.Decode()
	if err != nil {
		return nil, err
	}
	return picture.Upright(stored, file.Orientation), nil
}

// DecodePicture is [ReadPicture] from a stream.
func DecodePicture(r io.Reader) (image.Image, error) {
	upright, err := decodeUpright(r)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	return upright, nil
}

// Stretch scales a picture to height×width, whatever its proportions, and returns
// [channels, height, width] bytes: red, green and blue where channels is 3,
// luminance where it is 1. Transparent parts are white. It fails if the size is none
// that pictures can have, such as 2 channels.
func Stretch(picture image.Image, channels, height, width int) ([]byte, error) {
	if err := (imageSize{channels, height, width}).check(); err != nil {
		return nil, err
	}
	return pixelsOf(scale(picture, picture.Bounds(), image.Pt(width, height)), channels), nil
}

// Cover is [Stretch] for a picture that keeps its proportions, to a pixel of it: it is
// scaled to cover height×width, and the middle is taken.
func Cover(picture image.Image, channels, height, width int) ([]byte, error) {
	if err := (imageSize{channels, height, width}).check(); err != nil {
		return nil, err
	}
	size := image.Pt(width, height)
	return pixelsOf(scale(picture, middle(picture.Bounds(), size), size), channels), nil
}

// InvertPaper turns an image of one channel, [1, height, width], around if its
// border is more bright than dark on average: ink on paper becomes bright on black,
// as the images of MNIST and its kin are. It leaves images of more channels alone,
// and tells whether it turned one around.
func InvertPaper(values []byte, channels, height, width int) bool {
	if channels != 1 || !brightBorder(values, height, width) {
		return false
	}
	for i, v := range values {
		values[i] = 255 - v
	}
	return true
}

// ReadPixels reads a file as [ReadPicture] does, and scales it as [Stretch] does. It
// turns the picture when it is small, and so needs less memory than the two.
func ReadPixels(path string, channels, height, width int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	pixels, err := decodePixels(file, channels, height, width, false)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	return pixels, nil
}

// decodePixels returns [channels, height, width], as [Stretch] or [Cover] does.
func decodePixels(r io.Reader, channels, height, width int, cover bool) ([]byte, error) {
	if err := (imageSize{channels, height, width}).check(); err != nil {
		return nil, err
	}
	canvas, err := decodeScaled(r, width, height, cover)
	if err != nil {
		return nil, err
	}
	return pixelsOf(canvas, channels), nil
}

// decodeScaled draws a picture, or its middle if it is to cover, over a white canvas of
// a size. It is turned last, so that nothing large is copied.
func decodeScaled(r io.Reader, width, height int, cover bool) (*image.RGBA, error) {
	file, err := picture.Open(r)
	if err != nil {
		return nil, err
	}
	size, stored := image.Pt(width, height), image.Pt(file.Width, file.Height)
	if file.Transposed() {
		size, stored = image.Pt(height, width), image.Pt(file.Height, file.Width)
	}
	release, err := picture.Reserve(file.Memory + scalingMemory(size, stored))
	if err != nil {
		return nil, err
	}
	defer release()
	decoded, err := file.Decode()
	if err != nil {
		return nil, err
	}
	part := decoded.Bounds()
	if cover {
		part = middle(part, size)
	}
	return picture.Upright(scale(decoded, part, size), file.Orientation).(*image.RGBA), nil
}

// middle returns the largest part in the middle of bounds that has the proportions of a
// size, to a pixel. It leaves off as much on both sides, so that the part is the same
// whichever way a picture is turned.
func middle(bounds image.Rectangle, size image.Point) image.Rectangle {
	// The rounded half of what is too long, where the other side is as it should be.
	half := func(long, short, sizeLong, sizeShort int) int {
		excess := int64(long)*int64(sizeShort) - int64(short)*int64(sizeLong)
		return min(int((max(excess, 0)+int64(sizeShort))/(2*int64(sizeShort))), (long-1)/2)
	}
	x := half(bounds.Dx(), bounds.Dy(), size.X, size.Y)
	y := half(bounds.Dy(), bounds.Dx(), size.Y, size.X)
	return image.Rect(bounds.Min.X+x, bounds.Min.Y+y, bounds.Max.X-x, bounds.Max.Y-y)
}

// scale draws a part of a picture over a white canvas of a size.
func scale(picture image.Image, part image.Rectangle, size image.Point) *image.RGBA {
	canvas := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(canvas, canvas.Rect, image.White, image.Point{}, draw.Src)
	if part.Size() == size {
		draw.Draw(canvas, canvas.Rect, picture, part.Min, draw.Over)
	} else {
		draw.CatmullRom.Scale(canvas, canvas.Rect, picture, part, draw.Over, nil)
	}
	return canvas
}

// scalingMemory returns the bytes that decodeScaled needs beside the picture: a
// canvas and its turned copy; four float64 for all rows of the picture by all columns
// of the canvas; weights of some columns and rows for each.
func scalingMemory(canvas, stored image.Point) int64 {
	area := func(width, height int) int64 { return int64(width) * int64(height) }
	return 8*area(canvas.X, canvas.Y) + 32*area(canvas.X, stored.Y) + 200*int64(canvas.X+canvas.Y+stored.X+stored.Y)
}

// pictureConfig returns the size of a picture as [ReadPicture] returns it, and its
// colours, from the header.
func pictureConfig(r io.Reader) (image.Config, error) {
	file, err := picture.Open(r)
	if err != nil {
		return image.Config{}, err
	}
	return file.Config, nil
}

// pixelsOf returns [channels, height, width]: red, green and blue, or luminance.
func pixelsOf(canvas *image.RGBA, channels int) []byte {
	if channels == 1 {
		grey := image.NewGray(canvas.Rect)
		draw.Draw(grey, grey.Rect, canvas, image.Point{}, draw.Src)
		return grey.Pix
	}
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
func brightBorder(grey []byte, height, width int) bool {
	sum, count := 0, 0
	for y := range height {
		for x := range width {
			if x == 0 || y == 0 || x == width-1 || y == height-1 {
				sum += int(grey[y*width+x])
				count++
			}
		}
	}
	return 2*sum > 255*count
}
