package picture

import (
	"image"
	"image/draw"
	"io"
)

// Tag 274 of TIFF and EXIF.
const tagOrientation = 274

// exifOrientation reads the orientation, 1 to 8, of EXIF data. Whatever is missing
// or malformed leaves a picture as it is stored: 1.
func exifOrientation(data *io.SectionReader) int {
	var start [6]byte
	if _, err := data.ReadAt(start[:], 0); err == nil && string(start[:]) == "Exif\x00\x00" {
		data = io.NewSectionReader(data, 6, data.Size()-6)
	}
	first, err := readTIFFDirectory(data)
	if err != nil {
		return 1
	}
	return first.orientation()
}

func (d *directory) orientation() int {
	if value := d.value(tagOrientation, 1); value >= 1 && value <= 8 {
		return int(value)
	}
	return 1
}

// transposed tells whether an orientation exchanges width and height.
func transposed(orientation int) bool { return orientation >= 5 }

// Upright turns a picture that is stored in one of EXIF's orientations: 1 upright, 2
// mirrored, 3 upside down, 4 upside down and mirrored, 5 transposed, 6 turned
// left (so it is turned right here), 7 transposed along the other diagonal, 8
// turned right. It returns the picture itself or a copy, which begins at (0, 0).
func Upright(stored image.Image, orientation int) image.Image {
	if orientation == 1 {
		return stored
	}
	size := stored.Bounds().Size()
	rect := image.Rectangle{Max: size}
	if transposed(orientation) {
		rect.Max = image.Pt(size.Y, size.X)
	}
	result := emptyLike(stored, rect)
	to, stride, bytes := packed(result)
	// A pixel (x, y) as stored goes to start + x·right + y·down.
	right, down := bytes, stride
	if transposed(orientation) {
		right, down = stride, bytes
	}
	start := 0
	if orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8 { // x as stored runs backwards
		start += (size.X - 1) * right
		right = -right
	}
	if orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7 { // y as stored runs backwards
		start += (size.Y - 1) * down
		down = -down
	}
	row := rowsOf(stored)
	for y := range size.Y {
		from := row(y)
		at := start + y*down
		for x := range size.X {
			copy(to[at:at+bytes], from[x*bytes:(x+1)*bytes])
			at += right
		}
	}
	return result
}

// emptyLike returns an image of the same type where that keeps the bytes of a pixel
// together, or else RGBA.
func emptyLike(m image.Image, rect image.Rectangle) image.Image {
	switch m := m.(type) {
	case *image.Gray:
		return image.NewGray(rect)
	case *image.Gray16:
		return image.NewGray16(rect)
	case *image.Paletted:
		return image.NewPaletted(rect, m.Palette)
	case *image.NRGBA:
		return image.NewNRGBA(rect)
	case *image.RGBA64:
		return image.NewRGBA64(rect)
	case *image.NRGBA64:
		return image.NewNRGBA64(rect)
	case *image.CMYK:
		return image.NewCMYK(rect)
	}
	return image.NewRGBA(rect)
}

// packed returns the memory of an image of emptyLike's types, and the bytes of a row
// and of a pixel, or nil for others.
func packed(m image.Image) (pix []byte, stride, bytes int) {
	switch m := m.(type) {
	case *image.Gray:
		return m.Pix, m.Stride, 1
	case *image.Gray16:
		return m.Pix, m.Stride, 2
	case *image.Paletted:
		return m.Pix, m.Stride, 1
	case *image.RGBA:
		return m.Pix, m.Stride, 4
	case *image.NRGBA:
		return m.Pix, m.Stride, 4
	case *image.RGBA64:
		return m.Pix, m.Stride, 8
	case *image.NRGBA64:
		return m.Pix, m.Stride, 8
	case *image.CMYK:
		return m.Pix, m.Stride, 4
	}
	return nil, 0, 0
}

// rowsOf returns a function that gives a row's pixels as emptyLike's type has them.
func rowsOf(m image.Image) func(y int) []byte {
	if pix, stride, _ := packed(m); pix != nil {
		return func(y int) []byte { return pix[y*stride:] }
	}
	bounds := m.Bounds()
	row := image.NewRGBA(image.Rect(0, 0, bounds.Dx(), 1))
	return func(y int) []byte {
		draw.Draw(row, row.Rect, m, image.Pt(bounds.Min.X, bounds.Min.Y+y), draw.Src)
		return row.Pix
	}
}
