package picture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"
)

// openGIF takes an animation for its first picture, on its canvas.
func openGIF(data *io.SectionReader) (*File, error) {
	frame, err := readGIFFrame(data)
	if err != nil {
		return nil, err
	}
	f := &File{Config: image.Config{ColorModel: frame.palette, Width: frame.canvas.X, Height: frame.canvas.Y}}
	canvas := image.Rectangle{Max: frame.canvas}
	pixels := area(frame.rect.Dx(), frame.rect.Dy())
	f.Memory = slack + 2*pixels // where it is interlaced
	f.least = pixels / 4096     // a code of LZW stands for fewer
	if f.pixel = 1; frame.rect != canvas {
		f.pixel = 4
		f.Memory += 4 * area(frame.canvas.X, frame.canvas.Y)
	}
	f.decode = func() (image.Image, error) {
		picture, err := gif.Decode(data)
		if err != nil || picture.Bounds() == canvas {
			return picture, err
		}
		whole := image.NewRGBA(canvas) // transparent
		draw.Draw(whole, picture.Bounds(), picture, picture.Bounds().Min, draw.Src)
		return whole, nil
	}
	return f, nil
}

// gifFrame is the first picture of a GIF.
type gifFrame struct {
	canvas  image.Point
	rect    image.Rectangle // on the canvas
	palette color.Palette   // its own or that of all
}

func readGIFFrame(data io.Reader) (f gifFrame, err error) {
	r := bufio.NewReader(data)
	var screen [13]byte
	if _, err := io.ReadFull(r, screen[:]); err != nil {
		return f, err
	}
	f.canvas = image.Pt(int(binary.LittleEndian.Uint16(screen[6:])), int(binary.LittleEndian.Uint16(screen[8:])))
	if f.palette, err = readGIFPalette(r, screen[10]); err != nil {
		return f, err
	}
	for {
		kind, err := r.ReadByte()
		if err != nil {
			return f, err
		}
		switch kind {
		case 0x21: // an extension
			if err := skipGIFExtension(r); err != nil {
				return f, err
			}
		case 0x2c: // a picture
			var b [9]byte
			if _, err := io.ReadFull(r, b[:]); err != nil {
				return f, err
			}
			value := func(i int) int { return int(binary.LittleEndian.Uint16(b[i:])) }
			f.rect = image.Rect(value(0), value(2), value(0)+value(4), value(2)+value(6))
			own, err := readGIFPalette(r, b[8])
			if own != nil {
				f.palette = own
			}
			return f, err
		default:
			return f, errors.New("found no picture in it")
		}
	}
}

// readGIFPalette returns nil where the flags announce none.
func readGIFPalette(r io.Reader, flags byte) (color.Palette, error) {
	if flags&0x80 == 0 {
		return nil, nil
	}
	raw := make([]byte, 3<<(1+flags&7))
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, err
	}
	palette := make(color.Palette, len(raw)/3)
	for i := range palette {
		palette[i] = color.RGBA{raw[3*i], raw[3*i+1], raw[3*i+2], 255}
	}
	return palette, nil
}

func skipGIFExtension(r *bufio.Reader) error {
	if _, err := r.ReadByte(); err != nil { // its kind
		return err
	}
	for {
		length, err := r.ReadByte()
		if err != nil || length == 0 {
			return err
		}
		if _, err := r.Discard(int(length)); err != nil {
			return err
		}
	}
}
