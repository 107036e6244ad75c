package picture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/bmp"
)

func openBMP(data *io.SectionReader) (*File, error) {
	config, err := bmp.DecodeConfig(data)
	var header [34]byte
	if _, short := data.ReadAt(header[:], 0); errors.Is(err, bmp.ErrUnsupported) && short == nil {
		return nil, fmt.Errorf("found %d bits per pixel, compression %d, in a header of %d bytes, which is not read: save it as uncompressed 24-bit BMP, or as PNG",
			binary.LittleEndian.Uint16(header[28:]), binary.LittleEndian.Uint32(header[30:]), binary.LittleEndian.Uint32(header[14:]))
	} else if err != nil {
		return nil, err
	} else if short != nil {
		return nil, short
	}
	bits := int64(binary.LittleEndian.Uint16(header[28:]))
	row := (int64(config.Width)*bits + 31) / 32 * 4
	pixel := int64(4)
	if bits <= 8 {
		pixel = 1
	}
	return &File{
		Config: config,
		Memory: slack + pixel*area(config.Width, config.Height) + row,
		pixel:  pixel,
		least:  row * int64(config.Height),
		decode: func() (image.Image, error) {
			picture, err := bmp.Decode(bufio.NewReader(data))
			if err == nil {
				showTransparent(picture)
			}
			return picture, err
		},
	}, nil
}

// showTransparent makes a picture opaque that is wholly transparent: programs that
// know no transparency write zeros into its place.
func showTransparent(m image.Image) {
	picture, ok := m.(*image.NRGBA)
	if !ok {
		return
	}
	for i := 3; i < len(picture.Pix); i += 4 {
		if picture.Pix[i] != 0 {
			return
		}
	}
	for i := 3; i < len(picture.Pix); i += 4 {
		picture.Pix[i] = 255
	}
}
