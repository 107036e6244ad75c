package picture

import (
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"io"
)

// openPNG takes an animation (APNG) for its default image, which is the first one or
// stands for it.
func openPNG(data *io.SectionReader) (*File, error) {
	config, err := png.DecodeConfig(data)
	if err != nil {
		return nil, err
	}
	var header [29]byte // signature, and IHDR
	if _, err := data.ReadAt(header[:], 0); err != nil {
		return nil, err
	}
	depth, kind, interlaced := int(header[24]), header[25], header[28] != 0
	chunks := readPNGChunks(data)
	f := &File{Config: config, Orientation: chunks.orientation, decode: func() (image.Image, error) { return png.Decode(data) }}
	pixel := int64(1)
	if kind != 3 && (kind != 0 || chunks.transparent) {
		pixel = 4
	}
	if depth == 16 {
		pixel *= 2
	}
	if f.pixel = pixel; interlaced {
		pixel *= 2 // all passes, and the whole
	}
	samples := map[byte]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
	row := (int64(config.Width)*int64(samples*depth) + 7) / 8
	f.Memory = slack + pixel*area(config.Width, config.Height) + 4*row
	f.least = row * int64(config.Height) / 1032 // deflate packs no better
	if kind == 4 {
		f.ColorModel = color.GrayModel // beside its transparency
	}
	return f, nil
}

// pngChunks is what Go's decoder doesn't tell of a PNG's chunks.
type pngChunks struct {
	orientation int // 0 where none is given
	transparent bool
}

// readPNGChunks reads the chunks, as far as they go: eXIf may come after the pixels.
func readPNGChunks(data *io.SectionReader) (c pngChunks) {
	for at := int64(8); ; {
		var header [8]byte
		if _, err := data.ReadAt(header[:], at); err != nil {
			return c
		}
		length := int64(binary.BigEndian.Uint32(header[:]))
		switch string(header[4:]) {
		case "IEND":
			return c
		case "tRNS":
			c.transparent = true
		case "eXIf":
			if c.orientation == 0 {
				c.orientation = exifOrientation(io.NewSectionReader(data, at+8, length))
			}
		}
		at += 8 + length + 4
	}
}
