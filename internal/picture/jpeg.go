package picture

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
)

func openJPEG(data *io.SectionReader) (*File, error) {
	config, err := jpeg.DecodeConfig(data)
	if unsupported := jpeg.UnsupportedError(""); errors.As(err, &unsupported) {
		return nil, fmt.Errorf("%w: save it anew as PNG or as an 8-bit RGB JPEG", err)
	} else if err != nil {
		return nil, err
	}
	f := &File{Config: config, decode: func() (image.Image, error) { return jpeg.Decode(data) }}
	frame := readJPEGMarkers(data)
	f.Orientation = frame.orientation
	samples := frame.samples(config.Width, config.Height)
	f.Memory = slack + samples
	if frame.progressive {
		f.Memory += 4 * samples // a coefficient, kept until the end
	}
	if config.ColorModel != color.GrayModel && config.ColorModel != color.YCbCrModel {
		f.Memory += 4 * area(config.Width, config.Height) // a copy as RGBA or CMYK
	}
	if f.pixel = 4; config.ColorModel == color.GrayModel {
		f.pixel = 1
	}
	f.least = area((config.Width+7)/8, (config.Height+7)/8) / 8 // a bit for each block
	return f, nil
}

// jpegFrame is what Go's decoder doesn't tell of a JPEG's header.
type jpegFrame struct {
	orientation int // 0 where none is given
	progressive bool
	factors     [][2]int // of sampling: horizontal, vertical, of each component
}

// samples returns how many values the decoder holds: whole blocks of all components.
func (f *jpegFrame) samples(width, height int) int64 {
	most := [2]int{1, 1}
	for _, factor := range f.factors {
		most[0], most[1] = max(most[0], factor[0]), max(most[1], factor[1])
	}
	units := area((width+8*most[0]-1)/(8*most[0]), (height+8*most[1]-1)/(8*most[1]))
	blocks := int64(0)
	for _, factor := range f.factors {
		blocks += units * int64(factor[0]*factor[1])
	}
	return 64 * blocks
}

// readJPEGMarkers reads the markers before the first scan, as far as they go.
func readJPEGMarkers(data *io.SectionReader) (f jpegFrame) {
	data.Seek(0, io.SeekStart)
	r := bufio.NewReader(data)
	at := int64(0)
	next := func() int {
		b, err := r.ReadByte()
		if err != nil {
			return -1
		}
		at++
		return int(b)
	}
	for {
		marker := next()
		for marker >= 0 && marker != 0xff { // what lies between segments is passed over
			marker = next()
		}
		for marker == 0xff {
			marker = next()
		}
		switch {
		case marker < 0 || marker == 0xd9 || marker == 0xda: // the end, a scan
			return f
		case marker <= 0x01 || marker >= 0xd0 && marker <= 0xd8: // without a length
			continue
		}
		length := next()<<8 | next()
		if length < 2 {
			return f
		}
		length -= 2
		f.read(marker, io.NewSectionReader(data, at, int64(length)))
		skipped, err := r.Discard(length)
		if at += int64(skipped); err != nil {
			return f
		}
	}
}

// read takes what is wanted from a segment.
func (f *jpegFrame) read(marker int, segment *io.SectionReader) {
	switch marker {
	case 0xe1: // APP1, which may be XMP, too
		var name [6]byte
		if _, err := segment.ReadAt(name[:], 0); err == nil && string(name[:]) == "Exif\x00\x00" && f.orientation == 0 {
			f.orientation = exifOrientation(segment)
		}
	case 0xc0, 0xc1, 0xc2: // SOF
		f.progressive = marker == 0xc2
		header := make([]byte, segment.Size())
		if _, err := segment.ReadAt(header, 0); err != nil {
			return
		}
		for i := 6; i+2 < len(header); i += 3 {
			f.factors = append(f.factors, [2]int{int(header[i+1] >> 4), int(header[i+1] & 15)})
		}
		if len(f.factors) == 1 {
			f.factors[0] = [2]int{1, 1} // a lone component has blocks, but no units of several
		}
	}
}
