package dataset

import (
	"bytes"
	"fmt"
	"image"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/draw"
)

// Stretch scales a picture to height×width, whatever its proportions, and returns
// [channels, height, width] bytes: red, green and blue where channels is 3,
// luminance where it is 1. Transparent parts are white. It fails if the size is none
// that pictures can have, such as 2 channels.
func Stretch(picture image.Image, channels, height, width int) ([]byte, error) {
	if err := (imageSize{channels, height, width}).check(); err != nil {
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

// InvertPaper turns an image of one channel, [1, height, width], around if its
// border is more bright than dark: ink on paper becomes bright on black, as MNIST
// and its kin are. It leaves images of more channels alone, and tells whether it
// turned one around.
func InvertPaper(values []byte, channels, height, width int) bool {
	if channels != 1 || !brightBorder(&image.Gray{Pix: values, Stride: width, Rect: image.Rect(0, 0, width, height)}) {
		return false
	}
	for i, v := range values {
		values[i] = 255 - v
	}
	return true
}

// PrepareDigit stands in until the real one is there.
func PrepareDigit(picture image.Image) ([]byte, bool, error) {
	values, err := Stretch(picture, 1, 28, 28)
	return values, err == nil && InvertPaper(values, 1, 28, 28), err
}

// DecodePicture is [ReadPicture] from a stream. It does not bound the length of r.
func DecodePicture(r io.Reader) (image.Image, error) {
	picture, err := decodeBounded(r)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	return picture, nil
}

// IsText tells whether content is text, such as a list of names, and no picture.
func IsText(content []byte) bool { return utf8.Valid(content) && !bytes.ContainsRune(content, 0) }

// PicturesIn returns the pictures of a folder and those within it, by the endings of
// their names, sorted; what is hidden is passed over.
func PicturesIn(dir string) (paths []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".") && path != dir
		switch {
		case err != nil:
			return err
		case hidden && entry.IsDir():
			return fs.SkipDir
		case !hidden && entry.Type().IsRegular() && slices.Contains(pictureEndings, strings.ToLower(filepath.Ext(path))):
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	return paths, nil
}
