package picture

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math/bits"
	"slices"

	"golang.org/x/image/tiff/lzw"
)

// TIFF's tags (TIFF 6.0, and its supplements).
const (
	tagSubfile      = 254
	tagOldSubfile   = 255
	tagWidth        = 256
	tagHeight       = 257
	tagBits         = 258
	tagCompression  = 259
	tagPhotometric  = 262
	tagFillOrder    = 266
	tagStrips       = 273
	tagSamples      = 277
	tagRowsPerStrip = 278
	tagStripLengths = 279
	tagPlanar       = 284
	tagFaxOptions   = 292
	tagPredictor    = 317
	tagColourMap    = 320
	tagTileWidth    = 322
	tagTileHeight   = 323
	tagTiles        = 324
	tagTileLengths  = 325
	tagSubIFDs      = 330
	tagInkSet       = 332
	tagExtraSamples = 338
	tagSampleFormat = 339
	tagJPEGTables   = 347
	tagDNGVersion   = 50706
)

// How TIFF's samples become colours.
const (
	whiteIsZero = 0
	blackIsZero = 1
	isRGB       = 2
	isPalette   = 3
	isCMYK      = 5
	isYCbCr     = 6
	isCFA       = 32803 // a camera's sensor
	isLinearRaw = 34892
)

// TIFF's compressions.
const (
	compressionNone       = 1
	compressionRLE        = 2
	compressionGroup3     = 3
	compressionGroup4     = 4
	compressionLZW        = 5
	compressionJPEG       = 7
	compressionDeflate    = 8
	compressionOldDeflate = 32946
	compressionPackBits   = 32773
)

// tiffPicture is the first page of a TIFF file.
//
// It is read here, rather than by golang.org/x/image/tiff, which inverts fax-coded
// pages whose black is zero, reads two-dimensional Group 3 as one-dimensional,
// ignores planes and the order of bits, and knows no 2 and 4 bits, CMYK and JPEG.
type tiffPicture struct {
	*directory
	width, height            int
	bits, samples            int // of a sample, in a pixel
	compression, photometric uint32
	planes                   int // 1, or samples where each has a plane of its own
	alpha                    int // 0 none, 1 associated (premultiplied), 2 unassociated
	blockWidth, blockHeight  int
	across, down             int // blocks: strips or tiles
	offsets, lengths         []uint32
	palette                  color.Palette
	predicted, bitsBackwards bool
}

// openTIFF takes a file of several pages for the first.
func openTIFF(data *io.SectionReader) (*File, error) {
	d, err := readTIFFDirectory(data)
	if err != nil {
		return nil, err
	}
	if err := d.refuseRaw(); err != nil {
		return nil, err
	}
	t := &tiffPicture{directory: d}
	if err := t.readLayout(); err != nil {
		return nil, err
	}
	if t.width < 1 || t.height < 1 || t.width > MaxSide || t.height > MaxSide {
		return &File{Config: image.Config{Width: t.width, Height: t.height}}, nil // which its limits refuse
	}
	if err := t.readBlocks(); err != nil {
		return nil, err
	}
	model, pixel := t.model()
	f := &File{
		Config:      image.Config{ColorModel: model, Width: t.width, Height: t.height},
		Orientation: d.orientation(),
		Memory:      slack + pixel*area(t.width, t.height) + 8*int64(len(t.offsets)) + 8*int64(t.samples*t.blockWidth),
		pixel:       pixel,
		decode:      t.decode,
	}
	raw := t.rowBytes(t.width) * int64(t.height) * int64(t.planes)
	switch t.compression {
	case compressionNone:
		f.least = raw
	case compressionPackBits:
		f.least = raw / 64
	case compressionLZW:
		f.least = raw / 4096
	case compressionDeflate, compressionOldDeflate:
		f.least = raw / 1032
	case compressionJPEG:
		f.least = area(t.width/8, t.height/8) / 8
		f.Memory += 9 * 3 * area(t.blockWidth+32, t.blockHeight+32) // coefficients, pixels and a copy of a block
	default: // fax
		f.least = int64(t.height) / 8
		f.Memory += 2*t.rowBytes(t.blockWidth)*int64(t.blockHeight) + 3*data.Size() + 40*int64(t.blockWidth)
	}
	return f, nil
}

// refuseRaw tells a camera's raw files, whose first picture is a small one for
// lists, from pictures.
func (d *directory) refuseRaw() error {
	const what = "found a camera's raw file (%s): develop it to JPEG, PNG or TIFF"
	var start [10]byte
	d.data.ReadAt(start[:], 0)
	switch {
	case string(start[8:]) == "CR":
		return fmt.Errorf(what, "Canon CR2")
	case d.entries[tagDNGVersion].kind != 0:
		return fmt.Errorf(what, "DNG")
	case d.holdsSensor():
		return fmt.Errorf(what, "its pixels are a sensor's")
	}
	for _, at := range d.values(tagSubIFDs, 16) {
		if sub, err := readDirectory(d.data, d.order, int64(at)); err == nil && sub.holdsSensor() {
			return fmt.Errorf(what, "NEF, ARW or its kin")
		}
	}
	if d.value(tagSubfile, 0)&1 != 0 || d.value(tagOldSubfile, 1) == 2 {
		return errors.New("found a small copy of another picture in the first place, as cameras' raw files have it: develop or convert it to PNG")
	}
	return nil
}

func (d *directory) holdsSensor() bool {
	photometric := d.value(tagPhotometric, 0)
	return photometric == isCFA || photometric == isLinearRaw
}

// readLayout reads what samples are and mean, and refuses what decode doesn't know.
func (t *tiffPicture) readLayout() error {
	t.width, t.height = int(t.value(tagWidth, 0)), int(t.value(tagHeight, 0))
	t.samples = int(t.value(tagSamples, 1))
	t.compression = t.value(tagCompression, compressionNone)
	t.bitsBackwards = t.value(tagFillOrder, 1) == 2
	t.planes = 1
	if t.value(tagPlanar, 1) == 2 && t.samples > 1 {
		t.planes = t.samples
	}
	if t.samples < 1 || t.samples > 16 {
		return unread("%d samples of a pixel", t.samples)
	}
	bits := t.values(tagBits, t.samples)
	t.bits = int(t.value(tagBits, 1))
	if slices.ContainsFunc(bits, func(b uint32) bool { return int(b) != t.bits }) {
		return unread("samples of %d bits", bits)
	}
	for _, format := range t.values(tagSampleFormat, t.samples) {
		if format != 1 && format != 4 { // unsigned integers, or nothing known
			return unread("samples that are signed, complex or floating-point numbers (format %d)", format)
		}
	}
	if err := t.readPhotometric(); err != nil {
		return err
	}
	switch predictor := t.value(tagPredictor, 1); {
	case predictor > 2 || predictor < 1:
		return unread("predictor %d", predictor)
	case predictor == 2:
		t.predicted = t.compression == compressionLZW || t.compression == compressionDeflate || t.compression == compressionOldDeflate
	}
	return t.checkCompression()
}

func (t *tiffPicture) readPhotometric() error {
	fax := t.compression >= compressionRLE && t.compression <= compressionGroup4
	t.photometric = t.value(tagPhotometric, 1<<31)
	if t.photometric == 1<<31 && fax {
		t.photometric = whiteIsZero // as fax machines do
	}
	colours, depths := 0, []int{8, 16}
	switch t.photometric {
	case whiteIsZero, blackIsZero:
		colours, depths = 1, []int{1, 2, 4, 8, 16}
	case isPalette:
		colours, depths = 1, []int{1, 2, 4, 8}
	case isRGB:
		colours = 3
	case isCMYK:
		colours = 4
		if t.value(tagInkSet, 1) != 1 {
			return unread("inks that are not CMYK")
		}
	case isYCbCr:
		colours, depths = 3, []int{8}
		if t.compression != compressionJPEG {
			return unread("YCbCr colours without JPEG compression")
		}
	case 1 << 31:
		return errors.New("expected a photometric interpretation (tag 262), found none: save it as PNG")
	default:
		return unread("photometric interpretation %d", t.photometric)
	}
	if !slices.Contains(depths, t.bits) {
		return unread("%d bits of a sample with photometric interpretation %d", t.bits, t.photometric)
	}
	if t.photometric == isPalette {
		if err := t.readPalette(); err != nil {
			return err
		}
	}
	return t.readExtraSamples(colours)
}

// readExtraSamples finds transparency in what pixels have beyond their colours.
func (t *tiffPicture) readExtraSamples(colours int) error {
	extra := t.samples - colours
	if extra < 0 || extra > 1 || extra == 1 && colours != 3 && t.photometric != whiteIsZero && t.photometric != blackIsZero {
		return unread("%d samples of a pixel with photometric interpretation %d", t.samples, t.photometric)
	}
	if extra == 1 {
		t.alpha = int(t.value(tagExtraSamples, 2)) // programs that write no tag mean alpha
		if t.alpha > 2 {
			return unread("extra samples of kind %d", t.alpha)
		}
	}
	return nil
}

func (t *tiffPicture) readPalette() error {
	n := 1 << t.bits
	values := t.values(tagColourMap, 3*n)
	if len(values) < 3*n {
		return fmt.Errorf("expected a colour map of 3×%d values, found %d", n, len(values))
	}
	scale := uint32(1)
	if slices.Max(values) < 256 { // bytes, as old programs write them
		scale = 257
	}
	t.palette = make(color.Palette, n)
	for i := range t.palette {
		t.palette[i] = color.RGBA64{uint16(values[i] * scale), uint16(values[n+i] * scale), uint16(values[2*n+i] * scale), 0xffff}
	}
	return nil
}

func (t *tiffPicture) checkCompression() error {
	switch t.compression {
	case compressionNone, compressionLZW, compressionDeflate, compressionOldDeflate, compressionPackBits:
		return nil
	case compressionRLE, compressionGroup3, compressionGroup4:
		if t.bits != 1 || t.samples != 1 {
			return unread("fax coding of %d×%d bits", t.samples, t.bits)
		}
		return nil
	case compressionJPEG:
		if t.bits != 8 || t.planes != 1 || t.alpha != 0 || t.photometric == isCMYK || t.photometric == isPalette || t.bitsBackwards {
			return unread("JPEG compression of %d×%d bits with photometric interpretation %d", t.samples, t.bits, t.photometric)
		}
		return nil
	}
	names := map[uint32]string{6: "old JPEG", 34712: "JPEG 2000", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL"}
	return unread("compression %d %s", t.compression, names[t.compression])
}

// unread is the error for what this package doesn't know.
func unread(format string, args ...any) error {
	return fmt.Errorf("found "+format+", which is not read: save it as PNG, or as TIFF of 8-bit RGB with LZW", args...)
}

// readBlocks finds the strips or tiles.
func (t *tiffPicture) readBlocks() error {
	offsets, lengths := uint16(tagStrips), uint16(tagStripLengths)
	t.blockWidth, t.blockHeight = t.width, int(min(t.value(tagRowsPerStrip, 1<<31), uint32(t.height)))
	if t.entries[tagTileWidth].kind != 0 {
		offsets, lengths = tagTiles, tagTileLengths
		t.blockWidth, t.blockHeight = int(t.value(tagTileWidth, 0)), int(t.value(tagTileHeight, 0))
		if t.blockWidth < 8 || t.blockHeight < 8 || t.blockWidth > t.width+1024 || t.blockHeight > t.height+1024 {
			return fmt.Errorf("expected tiles of about the size of the picture %d×%d or less, found %d×%d", t.width, t.height, t.blockWidth, t.blockHeight)
		}
	}
	if t.blockHeight < 1 {
		return errors.New("expected rows in a strip, found 0")
	}
	t.across, t.down = (t.width+t.blockWidth-1)/t.blockWidth, (t.height+t.blockHeight-1)/t.blockHeight
	n := t.across * t.down * t.planes
	t.offsets, t.lengths = t.values(offsets, n), t.values(lengths, n)
	if len(t.offsets) < n {
		return fmt.Errorf("expected the places of %d strips or tiles, found %d", n, len(t.offsets))
	}
	return nil
}

// model returns what decode's image will be, and its bytes of a pixel. Grey with
// transparency is grey in the model, but decoded to colours.
func (t *tiffPicture) model() (color.Model, int64) {
	grey := t.photometric == whiteIsZero || t.photometric == blackIsZero
	wide := int64(1)
	if t.bits == 16 && t.photometric != isCMYK {
		wide = 2
	}
	switch {
	case t.palette != nil:
		return t.palette, 1
	case t.photometric == isCMYK:
		return color.CMYKModel, 4
	case grey && t.alpha != 0:
		return color.GrayModel, 4 * wide
	case grey:
		return []color.Model{color.GrayModel, color.Gray16Model}[wide-1], wide
	}
	return []color.Model{color.NRGBAModel, color.NRGBA64Model}[wide-1], 4 * wide
}

// blank returns an image of the model.
func (t *tiffPicture) blank() image.Image {
	rect := image.Rect(0, 0, t.width, t.height)
	model, bytes := t.model()
	switch {
	case t.palette != nil:
		return image.NewPaletted(rect, t.palette)
	case model == color.CMYKModel:
		return image.NewCMYK(rect)
	case bytes == 1:
		return image.NewGray(rect)
	case bytes == 2:
		return image.NewGray16(rect)
	case bytes == 4 && t.alpha == 1:
		return image.NewRGBA(rect)
	case bytes == 4:
		return image.NewNRGBA(rect)
	case t.alpha == 1:
		return image.NewRGBA64(rect)
	}
	return image.NewNRGBA64(rect)
}

// rowBytes is the length of so many pixels of one plane.
func (t *tiffPicture) rowBytes(pixels int) int64 {
	return (int64(pixels)*int64(t.samples/t.planes*t.bits) + 7) / 8
}

func (t *tiffPicture) decode() (image.Image, error) {
	picture := t.blank()
	for i := range t.across * t.down {
		x, y := i%t.across*t.blockWidth, i/t.across*t.blockHeight
		rect := image.Rect(x, y, min(x+t.blockWidth, t.width), min(y+t.blockHeight, t.height))
		decode := t.decodeBlock
		if t.compression == compressionJPEG {
			decode = t.decodeJPEG
		}
		if err := decode(picture, rect, i); err != nil {
			return nil, fmt.Errorf("strip or tile %d of %d: %w", i, t.across*t.down, err)
		}
	}
	return picture, nil
}

// decodeBlock reads rows of all planes of a strip or tile and stores them.
func (t *tiffPicture) decodeBlock(picture image.Image, rect image.Rectangle, block int) error {
	readers := make([]io.Reader, t.planes)
	for plane := range readers {
		r, err := t.uncompressed(plane*t.across*t.down+block, rect.Dy())
		if err != nil {
			return err
		}
		readers[plane] = r
	}
	pix, stride, bytes := packed(picture)
	raw := make([]byte, t.rowBytes(t.blockWidth))
	samples := make([]uint16, t.blockWidth*t.samples)
	for y := rect.Min.Y; y < rect.Max.Y; y++ {
		for plane, r := range readers {
			if _, err := io.ReadFull(r, raw); err != nil {
				return err
			}
			t.unpack(samples[plane:], raw)
		}
		if t.predicted {
			for i := t.samples; i < len(samples); i++ {
				samples[i] = (samples[i] + samples[i-t.samples]) & (1<<t.bits - 1)
			}
		}
		t.store(pix[y*stride+rect.Min.X*bytes:][:rect.Dx()*bytes], samples)
	}
	return nil
}

// unpack takes samples out of a row of one plane: all of them, or each pixel's one.
func (t *tiffPicture) unpack(samples []uint16, raw []byte) {
	for i, step := 0, t.planes; i*step < len(samples); i++ {
		var value uint16
		switch t.bits {
		case 8:
			value = uint16(raw[i])
		case 16:
			value = t.order.Uint16(raw[2*i:])
		default:
			at := i * t.bits
			value = uint16(raw[at/8]>>(8-t.bits-at%8)) & (1<<t.bits - 1)
		}
		samples[i*step] = value
	}
}

// store writes samples as an image's pixels, which are as wide as pix is long.
func (t *tiffPicture) store(pix []byte, samples []uint16) {
	put := func(i int, value uint16) { pix[i] = byte(value) }
	most, scale, shift := uint16(1<<t.bits-1), uint16(1), 0
	switch {
	case t.bits < 8 && t.palette == nil:
		scale = 255 / most
	case t.bits == 16 && t.photometric == isCMYK:
		shift = 8
	case t.bits == 16:
		put = func(i int, value uint16) { binary.BigEndian.PutUint16(pix[2*i:], value) }
	}
	value := func(i int) uint16 { return samples[i] * scale >> shift }
	if t.photometric == whiteIsZero {
		value = func(i int) uint16 { return (most - samples[i]) * scale }
	}
	model, bytes := t.model()
	if t.palette != nil || bytes <= 2 || model == color.CMYKModel {
		channels := t.samples
		if t.photometric == whiteIsZero || t.photometric == blackIsZero {
			channels = 1 // and one without a meaning
		}
		n := len(pix) / int(bytes) // pixels
		for i := range n * channels {
			put(i, value(i/channels*t.samples+i%channels))
		}
		return
	}
	last := 0 // of a pixel's colours
	if t.samples >= 3 {
		last = 2
	}
	for x := range len(pix) / int(bytes) {
		first := x * t.samples
		alpha := most * scale
		if t.alpha != 0 {
			alpha = samples[first+t.samples-1] * scale
		}
		for channel := range 3 {
			colour := value(first + min(channel, last))
			if t.alpha == 1 {
				colour = min(colour, alpha)
			}
			put(4*x+channel, colour)
		}
		put(4*x+3, alpha)
	}
}

// uncompressed returns a reader of a strip's or tile's rows.
func (t *tiffPicture) uncompressed(block, rows int) (io.Reader, error) {
	var r io.Reader = bufio.NewReader(t.stored(block))
	if t.bitsBackwards {
		r = backwards{r}
	}
	switch t.compression {
	case compressionLZW:
		return lzw.NewReader(r, lzw.MSB, 8), nil
	case compressionDeflate, compressionOldDeflate:
		return zlib.NewReader(r)
	case compressionPackBits:
		return &packBits{r: bufio.NewReader(r)}, nil
	case compressionRLE, compressionGroup3, compressionGroup4:
		most := int64(rows)*int64(2*t.width+64) + 64 // bytes: no code takes 16 bits a pixel, though many strips may claim the same long one
		code, err := io.ReadAll(io.LimitReader(r, most))
		if err != nil {
			return nil, err
		}
		return t.decodeFax(code, rows)
	}
	return r, nil
}

// stored is a strip or tile as it is in the file. Where no length is known, it goes to
// the next one, if that is behind it, or else to the file's end.
func (t *tiffPicture) stored(block int) *io.SectionReader {
	at := int64(t.offsets[block])
	length := max(0, t.data.Size()-at)
	if block < len(t.lengths) && t.lengths[block] > 0 {
		length = min(length, int64(t.lengths[block]))
	} else if block+1 < len(t.offsets) && int64(t.offsets[block+1]) > at {
		length = min(length, int64(t.offsets[block+1])-at)
	}
	return io.NewSectionReader(t.data, at, length)
}

func (t *tiffPicture) decodeFax(code []byte, rows int) (io.Reader, error) {
	coding := faxCoding{rows: 1}
	switch t.compression {
	case compressionRLE:
		coding.aligned = true
	case compressionGroup3:
		if t.value(tagFaxOptions, 0)&1 != 0 {
			coding.rows = 0
		}
	case compressionGroup4:
		coding.rows = 2
	}
	stride := int(t.rowBytes(t.blockWidth))
	packed := make([]byte, stride*rows)
	if err := decodeFax(slices.Collect(slices.Chunk(packed, stride)), t.blockWidth, code, coding); err != nil {
		return nil, err
	}
	return bytes.NewReader(packed), nil
}

// backwards reverses the bits of bytes.
type backwards struct{ io.Reader }

func (b backwards) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	for i := range p[:n] {
		p[i] = bits.Reverse8(p[i])
	}
	return n, err
}

// packBits reads Apple's run lengths: a byte n up to 127 goes before n + 1 bytes, a
// byte n from 129 on before one that is repeated 257 − n times, 128 before nothing.
type packBits struct {
	r      *bufio.Reader
	left   int
	repeat bool
	value  byte
}

func (p *packBits) Read(out []byte) (int, error) {
	for i := range out {
		for p.left == 0 {
			n, err := p.r.ReadByte()
			if err != nil {
				return i, err
			}
			switch {
			case n < 128:
				p.left, p.repeat = int(n)+1, false
			case n > 128:
				p.left, p.repeat = 257-int(n), true
				if p.value, err = p.r.ReadByte(); err != nil {
					return i, err
				}
			}
		}
		if !p.repeat {
			value, err := p.r.ReadByte()
			if err != nil {
				return i, err
			}
			p.value = value
		}
		out[i] = p.value
		p.left--
	}
	return len(out), nil
}
