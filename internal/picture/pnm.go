package picture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"strconv"
	"strings"
)

// pnm is the header of a file of Netpbm's family: PBM, PGM and PPM, plain (P1 to P3)
// and raw (P4 to P6), and PAM (P7).
type pnm struct {
	kind          byte // '1' to '7'
	width, height int
	depth         int // samples of a pixel: grey, grey and alpha, colours, colours and alpha
	maximum       int // of a sample, up to 65,535
	r             *bufio.Reader
	at            int64 // bytes read of the header
}

// openPNM takes a file of several pictures for the first.
func openPNM(data *io.SectionReader) (*File, error) {
	p, err := readPNMHeader(data)
	if err != nil {
		return nil, err
	}
	model, pixel := color.GrayModel, int64(1)
	switch wide := p.maximum > 255; {
	case p.depth == 1 && wide:
		model, pixel = color.Gray16Model, 2
	case p.depth > 1 && wide:
		model, pixel = color.NRGBA64Model, 8
	case p.depth > 1:
		model, pixel = color.NRGBAModel, 4
	}
	if p.depth == 2 { // no colours
		model = color.GrayModel
	}
	f := &File{
		Config: image.Config{ColorModel: model, Width: p.width, Height: p.height},
		Memory: slack + pixel*area(p.width, p.height) + 8*int64(p.depth*min(p.width, MaxSide)),
		pixel:  pixel,
		decode: func() (image.Image, error) {
			p, err := readPNMHeader(data)
			if err != nil {
				return nil, err
			}
			return p.decode()
		},
	}
	if samples := area(p.width, p.height) * int64(p.depth); !p.plain() {
		f.least = p.at + p.rowBytes()*int64(p.height)
	} else if f.least = p.at + 2*samples - 1; p.kind == '1' { // bits need no space between them
		f.least = p.at + samples
	}
	return f, nil
}

func (p *pnm) plain() bool { return p.kind <= '3' }

// rowBytes is the length of a row in raw files.
func (p *pnm) rowBytes() int64 {
	samples := int64(p.width) * int64(p.depth)
	switch {
	case p.kind == '4':
		return (samples + 7) / 8
	case p.maximum > 255:
		return 2 * samples
	}
	return samples
}

func readPNMHeader(data *io.SectionReader) (*pnm, error) {
	if _, err := data.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	p := &pnm{r: bufio.NewReader(data), depth: 1, maximum: 1}
	if _, err := p.r.Discard(1); err != nil {
		return nil, err
	}
	p.at = 1
	kind, err := p.byte()
	if err != nil {
		return nil, err
	}
	if p.kind = kind; kind == '7' {
		err = p.readPAM()
	} else {
		err = p.readSizes()
	}
	if err != nil {
		return nil, err
	}
	if p.width < 1 || p.height < 1 || p.depth < 1 || p.depth > 4 || p.maximum < 1 || p.maximum > 65535 {
		return nil, fmt.Errorf("expected a width and height, 1 to 4 samples of a pixel and a maximum from 1 to 65535, found %d×%d, %d and %d",
			p.width, p.height, p.depth, p.maximum)
	}
	return p, p.skipLineFeed(data)
}

// readSizes reads the header of P1 to P6: numbers between white space and comments.
func (p *pnm) readSizes() (err error) {
	wanted := []*int{&p.width, &p.height}
	if p.kind != '1' && p.kind != '4' {
		wanted = append(wanted, &p.maximum)
	}
	if p.kind == '3' || p.kind == '6' {
		p.depth = 3
	}
	for _, value := range wanted {
		if *value, err = p.number(); err != nil {
			return err
		}
	}
	return nil
}

// readPAM reads the header of P7: lines of a word and its value.
func (p *pnm) readPAM() (err error) {
	for range 1000 { // lines, of which most are comments
		line, err := p.line()
		if err != nil {
			return err
		}
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		switch words[0] {
		case "ENDHDR":
			return nil
		case "TUPLTYPE": // what the depth says, but for types of others
			continue
		}
		value := map[string]*int{"WIDTH": &p.width, "HEIGHT": &p.height, "DEPTH": &p.depth, "MAXVAL": &p.maximum}[words[0]]
		if value == nil || len(words) != 2 {
			return fmt.Errorf("expected a line of PAM's header, found %q", line)
		}
		if *value, err = strconv.Atoi(words[1]); err != nil {
			return fmt.Errorf("expected a number of PAM's header, found %q", line)
		}
	}
	return errors.New("expected PAM's header to end, found 1000 lines")
}

// skipLineFeed passes over the second half of a line's end as Windows writes it,
// which would shift all pixels: where the length of the file tells.
func (p *pnm) skipLineFeed(data *io.SectionReader) error {
	var end [2]byte
	if p.plain() || p.at < 2 {
		return nil
	}
	if _, err := data.ReadAt(end[:], p.at-1); err != nil {
		return nil // of a picture without pixels, which others refuse
	}
	if string(end[:]) == "\r\n" && data.Size() == p.at+1+p.rowBytes()*int64(p.height) {
		_, err := p.byte()
		return err
	}
	return nil
}

func (p *pnm) byte() (byte, error) {
	b, err := p.r.ReadByte()
	if err == nil {
		p.at++
	}
	return b, err
}

// line returns a line without its end, which is short.
func (p *pnm) line() (string, error) {
	var line []byte
	for len(line) < 10000 {
		b, err := p.byte()
		if err != nil || b == '\n' {
			return string(line), err
		}
		line = append(line, b)
	}
	return "", errors.New("expected a line of the header, found 10000 bytes without an end")
}

// digit returns the next byte that is no white space and in no comment.
func (p *pnm) digit() (byte, error) {
	comment := false
	for {
		b, err := p.byte()
		switch {
		case err != nil:
			return 0, err
		case b == '#':
			comment = true
		case comment:
			comment = b != '\n' && b != '\r'
		case !whiteSpace(b):
			return b, nil
		}
	}
}

func whiteSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }

// number reads a decimal number and the one byte after it.
func (p *pnm) number() (int, error) {
	b, err := p.digit()
	if err != nil {
		return 0, err
	}
	value := 0
	for ; err == nil && !whiteSpace(b); b, err = p.byte() {
		if b == '#' { // a comment that touches the number, which ends with its line
			for err == nil && b != '\n' && b != '\r' {
				b, err = p.byte()
			}
			break
		}
		if b < '0' || b > '9' || value > 1<<24 {
			return 0, fmt.Errorf("expected a number at byte %d, found %q", p.at-1, b)
		}
		value = 10*value + int(b-'0')
	}
	if err == io.EOF { // after the last sample
		err = nil
	}
	return value, err
}

// decode reads the pixels, from the header's end on.
func (p *pnm) decode() (image.Image, error) {
	rect := image.Rect(0, 0, p.width, p.height)
	var picture image.Image
	switch wide := p.maximum > 255; {
	case p.depth == 1 && wide:
		picture = image.NewGray16(rect)
	case p.depth == 1:
		picture = image.NewGray(rect)
	case wide:
		picture = image.NewNRGBA64(rect)
	default:
		picture = image.NewNRGBA(rect)
	}
	pix, stride, _ := packed(picture)
	raw := []byte(nil)
	if !p.plain() {
		raw = make([]byte, p.rowBytes())
	}
	samples := make([]uint16, p.width*p.depth)
	for y := range p.height {
		if err := p.readRow(samples, raw); err != nil {
			return nil, fmt.Errorf("row %d: %w", y, err)
		}
		p.store(pix[y*stride:][:stride], samples)
	}
	return picture, nil
}

// readRow reads samples as they are in the file, but bits of PBM as 1 for white.
func (p *pnm) readRow(samples []uint16, raw []byte) error {
	if p.plain() {
		return p.readPlainRow(samples)
	}
	if _, err := io.ReadFull(p.r, raw); err != nil {
		return err
	}
	for i := range samples {
		switch {
		case p.kind == '4':
			samples[i] = uint16(raw[i/8]>>(7-i%8)&1) ^ 1
		case p.maximum > 255:
			samples[i] = binary.BigEndian.Uint16(raw[2*i:])
		default:
			samples[i] = uint16(raw[i])
		}
		if int(samples[i]) > p.maximum {
			return fmt.Errorf("expected samples of at most %d, found %d", p.maximum, samples[i])
		}
	}
	return nil
}

func (p *pnm) readPlainRow(samples []uint16) error {
	for i := range samples {
		if p.kind == '1' {
			b, err := p.digit()
			if err != nil {
				return err
			}
			if b != '0' && b != '1' {
				return fmt.Errorf("expected 0 or 1 at byte %d, found %q", p.at-1, b)
			}
			samples[i] = uint16('1' - b)
			continue
		}
		value, err := p.number()
		if err != nil {
			return err
		}
		if value > p.maximum {
			return fmt.Errorf("expected samples of at most %d, found %d before byte %d", p.maximum, value, p.at)
		}
		samples[i] = uint16(value)
	}
	return nil
}

// store scales samples to the range of bytes or of 16 bits, and adds what a pixel of
// the image has more.
func (p *pnm) store(pix []byte, samples []uint16) {
	most, put := 255, func(i int, value uint16) { pix[i] = byte(value) }
	if p.maximum > 255 {
		most, put = 65535, func(i int, value uint16) { binary.BigEndian.PutUint16(pix[2*i:], value) }
	}
	scaled := func(i int) uint16 { return uint16((int(samples[i])*most + p.maximum/2) / p.maximum) }
	for x := range p.width {
		if p.depth == 1 {
			put(x, scaled(x))
			continue
		}
		first, alpha := x*p.depth, uint16(most)
		if p.depth%2 == 0 {
			alpha = scaled(first + p.depth - 1)
		}
		for channel := range 3 {
			put(4*x+channel, scaled(first+min(channel, (p.depth-1)/2*2)))
		}
		put(4*x+3, alpha)
	}
}
