package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"math"

	"golang.org/x/image/webp"
)

// openWebP takes an animation for its first picture, on its canvas.
func openWebP(data *io.SectionReader) (*File, error) {
	w, err := readWebP(data)
	if err != nil {
		return nil, err
	}
	model := color.YCbCrModel
	pixel := int64(2) // 4:2:0, and how blocks are filtered
	switch {
	case w.lossy == nil:
		model, pixel = color.NRGBAModel, 10 // transforms need a copy
	case w.alpha != nil:
		model, pixel = color.NYCbCrAModel, 13
	}
	f := &File{
		Config:      image.Config{ColorModel: model, Width: w.canvas.X, Height: w.canvas.Y},
		Orientation: w.orientation,
		Memory:      slack + pixel*area((w.frame.Dx()+15)&^15, (w.frame.Dy()+15)&^15) + w.size(),
		pixel:       4,
		decode:      w.decode,
	}
	if w.frame != (image.Rectangle{Max: w.canvas}) {
		f.ColorModel = color.NRGBAModel
		f.Memory += 4 * area(w.canvas.X, w.canvas.Y)
	}
	return f, nil
}

// webP is the first picture of a WebP file.
type webP struct {
	canvas      image.Point
	frame       image.Rectangle   // on the canvas
	alpha       *io.SectionReader // chunk ALPH, which may be there with lossy
	lossy       *io.SectionReader // chunk VP8, or nil
	lossless    *io.SectionReader // chunk VP8L, or nil
	orientation int
}

var errNoWebP = errors.New("found no picture in it")

func readWebP(data *io.SectionReader) (*webP, error) {
	w := &webP{orientation: 1}
	const riff = 12 // bytes of "RIFF", size, "WEBP"
	animated, exif := (*io.SectionReader)(nil), (*io.SectionReader)(nil)
	eachWebPChunk(io.NewSectionReader(data, riff, data.Size()-riff), func(kind string, chunk *io.SectionReader) {
		var b [10]byte
		n, _ := chunk.ReadAt(b[:], 0)
		switch {
		case kind == "VP8X" && n == len(b) && w.canvas.X == 0:
			w.canvas = image.Pt(1+uint24(b[4:]), 1+uint24(b[7:]))
		case kind == "ANMF" && animated == nil:
			animated = chunk
		case kind == "EXIF" && exif == nil:
			exif = chunk
		default:
			w.take(kind, chunk)
		}
	})
	if exif != nil && w.canvas.X > 0 {
		w.orientation = exifOrientation(exif)
	}
	at := image.Point{}
	if animated != nil {
		const header = 16 // bytes of a frame
		var b [header]byte
		if _, err := animated.ReadAt(b[:], 0); err != nil {
			return nil, err
		}
		at = image.Pt(2*uint24(b[0:]), 2*uint24(b[3:]))
		w.alpha, w.lossy, w.lossless = nil, nil, nil
		eachWebPChunk(io.NewSectionReader(animated, header, animated.Size()-header), w.take)
	}
	size, err := w.frameSize()
	if err != nil {
		return nil, err
	}
	w.frame = image.Rectangle{at, at.Add(size)}
	if w.canvas.X == 0 {
		w.canvas = size
	}
	if animated == nil && size != w.canvas || !w.frame.In(image.Rectangle{Max: w.canvas}) {
		return nil, fmt.Errorf("found a picture %v on a canvas of %v: the file is damaged", w.frame, w.canvas)
	}
	return w, nil
}

// take keeps the first chunk of each kind of pixels.
func (w *webP) take(kind string, chunk *io.SectionReader) {
	if w.lossy != nil || w.lossless != nil {
		return
	}
	switch kind {
	case "ALPH":
		w.alpha = chunk
	case "VP8 ":
		w.lossy = chunk
	case "VP8L":
		w.lossless, w.alpha = chunk, nil
	}
}

// frameSize reads the size from the header of the pixels.
func (w *webP) frameSize() (image.Point, error) {
	var b [10]byte
	switch {
	case w.lossy != nil:
		if _, err := w.lossy.ReadAt(b[:], 0); err != nil {
			return image.Point{}, err
		}
		return image.Pt(int(binary.LittleEndian.Uint16(b[6:]))&0x3fff, int(binary.LittleEndian.Uint16(b[8:]))&0x3fff), nil
	case w.lossless != nil:
		if _, err := w.lossless.ReadAt(b[:5], 0); err != nil {
			return image.Point{}, err
		}
		bits := binary.LittleEndian.Uint32(b[1:])
		return image.Pt(int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1), nil
	}
	return image.Point{}, errNoWebP
}

// size returns the bytes of the chunks, which the decoder keeps.
func (w *webP) size() (bytes int64) {
	for _, chunk := range []*io.SectionReader{w.alpha, w.lossy, w.lossless} {
		if chunk != nil {
			bytes += chunk.Size()
		}
	}
	return bytes
}

// decode places the picture on its canvas, which is transparent where it is larger.
func (w *webP) decode() (image.Image, error) {
	picture, err := webp.Decode(w.still())
	if err != nil {
		return nil, err
	}
	switch p := picture.(type) { // lossy pixels are video's, which Go takes for JPEG's
	case *image.YCbCr:
		fullRange(p)
	case *image.NYCbCrA:
		fullRange(&p.YCbCr)
	}
	whole := image.Rectangle{Max: w.canvas}
	if w.frame == whole {
		return picture, nil
	}
	canvas := image.NewNRGBA(whole)
	draw.Draw(canvas, w.frame, picture, picture.Bounds().Min, draw.Src)
	return canvas, nil
}

// still is the picture as a WebP file of its own: the decoder knows no animations,
// and wants a VP8X chunk where there is an ALPH chunk, and only there.
func (w *webP) still() io.Reader {
	var parts []io.Reader
	size := int64(len("WEBP"))
	add := func(kind string, chunk io.Reader, length int64) {
		header := binary.LittleEndian.AppendUint32([]byte(kind), uint32(length))
		parts = append(parts, bytes.NewReader(header), chunk)
		if size += 8 + length; length%2 == 1 {
			parts = append(parts, bytes.NewReader([]byte{0}))
			size++
		}
	}
	addChunk := func(kind string, chunk *io.SectionReader) {
		add(kind, io.NewSectionReader(chunk, 0, chunk.Size()), chunk.Size())
	}
	if w.lossless != nil {
		addChunk("VP8L", w.lossless)
	} else {
		if w.alpha != nil {
			const hasAlpha = 1 << 4
			width, height := w.frame.Dx()-1, w.frame.Dy()-1
			add("VP8X", bytes.NewReader([]byte{hasAlpha, 0, 0, 0, byte(width), byte(width >> 8), 0, byte(height), byte(height >> 8), 0}), 10)
			addChunk("ALPH", w.alpha)
		}
		addChunk("VP8 ", w.lossy)
	}
	riff := append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(size)), "WEBP"...)
	return io.MultiReader(append([]io.Reader{bytes.NewReader(riff)}, parts...)...)
}

// eachWebPChunk calls do for the chunks, as far as they go.
func eachWebPChunk(data *io.SectionReader, do func(kind string, chunk *io.SectionReader)) {
	for at := int64(0); ; {
		var header [8]byte
		if _, err := data.ReadAt(header[:], at); err != nil {
			return
		}
		length := int64(binary.LittleEndian.Uint32(header[4:]))
		length = min(length, data.Size()-at-8)
		do(string(header[:4]), io.NewSectionReader(data, at+8, length))
		at += 8 + length + length%2
	}
}

// fullRange turns the range of ITU-R BT.601, 16 to 235 for luma and 16 to 240 for
// chroma, into JPEG's 0 to 255.
func fullRange(m *image.YCbCr) {
	var luma, chroma [256]byte
	for i := range luma {
		luma[i] = byte(math.Round(min(255, max(0, float64(i-16)*255/219))))
		chroma[i] = byte(math.Round(min(255, max(0, 128+float64(i-128)*255/224))))
	}
	for i, y := range m.Y {
		m.Y[i] = luma[y]
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = chroma[m.Cb[i]], chroma[m.Cr[i]]
	}
}

// uint24 is little-endian.
func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
