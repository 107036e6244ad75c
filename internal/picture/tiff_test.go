package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math/bits"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// tiffFile makes a TIFF file of strips.
type tiffFile struct {
	width, height int
	bits, samples int
	photometric   int
	compression   int // 0 for none
	rows          int // of a strip, 0 for all
	orientation   int
	strips        [][]byte
	extra         map[uint16][]uint16 // more tags, or in the place of those above
}

func (f tiffFile) bytes(order binary.AppendByteOrder) []byte {
	file := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		file = []byte("MM\x00*")
	}
	var places, lengths []uint16
	at := 8
	for _, strip := range f.strips {
		places, lengths = append(places, uint16(at)), append(lengths, uint16(len(strip)))
		at += len(strip)
	}
	file = order.AppendUint32(file, uint32(at+at%2))
	file = append(append(file, bytes.Join(f.strips, nil)...), make([]byte, at%2)...)
	tags := map[uint16][]uint16{
		tagWidth: {uint16(f.width)}, tagHeight: {uint16(f.height)}, tagPhotometric: {uint16(f.photometric)},
		tagBits: slices.Repeat([]uint16{uint16(f.bits)}, f.samples), tagSamples: {uint16(f.samples)},
		tagCompression: {uint16(max(1, f.compression))}, tagStrips: places, tagStripLengths: lengths,
	}
	if f.rows > 0 {
		tags[tagRowsPerStrip] = []uint16{uint16(f.rows)}
	}
	if f.orientation > 0 {
		tags[tagOrientation] = []uint16{uint16(f.orientation)}
	}
	for tag, values := range f.extra {
		if tags[tag] = values; values == nil {
			delete(tags, tag)
		}
	}
	names := make([]uint16, 0, len(tags))
	for tag := range tags {
		names = append(names, tag)
	}
	slices.Sort(names)
	file = order.AppendUint16(file, uint16(len(tags)))
	far := len(file) + 12*len(tags) + 4
	var behind []byte
	for _, tag := range names {
		values := tags[tag]
		file = order.AppendUint32(order.AppendUint16(order.AppendUint16(file, tag), 3), uint32(len(values)))
		var raw []byte
		for _, value := range values {
			raw = order.AppendUint16(raw, value)
		}
		if len(raw) > 4 {
			file = order.AppendUint32(file, uint32(far+len(behind)))
			behind = append(behind, raw...)
		} else {
			file = append(append(file, raw...), make([]byte, 4-len(raw))...)
		}
	}
	return append(append(file, 0, 0, 0, 0), behind...)
}

func deflated(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// TestTIFFSamples: every way in which samples are stored and mean colours.
func TestTIFFSamples(t *testing.T) {
	grey := func(values ...byte) (c []color.NRGBA) {
		for _, v := range values {
			c = append(c, color.NRGBA{v, v, v, 255})
		}
		return c
	}
	colourMap := map[uint16][]uint16{tagColourMap: {0, 0x1111, 0x2222, 0xffff, 0, 0, 0x8080, 0, 0, 0x3333, 0, 0}}
	oldMap := map[uint16][]uint16{tagColourMap: {0, 0x11, 0x22, 0xff, 0, 0, 0x80, 0, 0, 0x33, 0, 0}}
	mapped := []color.NRGBA{{0, 0, 0, 255}, {0x11, 0, 0x33, 255}, {0x22, 0x80, 0, 255}, {255, 0, 0, 255}}
	for name, test := range map[string]struct {
		file tiffFile // 4 pixels wide, or of one row; big-endian
		want []color.NRGBA
	}{
		"1 bit":                  {tiffFile{bits: 1, samples: 1, photometric: blackIsZero, strips: [][]byte{{0b0110_0000}}}, grey(0, 255, 255, 0)},
		"1 bit, white is zero":   {tiffFile{bits: 1, samples: 1, photometric: whiteIsZero, strips: [][]byte{{0b0110_0000}}}, grey(255, 0, 0, 255)},
		"2 bits":                 {tiffFile{bits: 2, samples: 1, photometric: blackIsZero, strips: [][]byte{{0b00_01_10_11}}}, grey(0, 85, 170, 255)},
		"4 bits":                 {tiffFile{bits: 4, samples: 1, photometric: blackIsZero, strips: [][]byte{{0x0f, 0x48}}}, grey(0, 255, 68, 136)},
		"4 bits, white is zero":  {tiffFile{bits: 4, samples: 1, photometric: whiteIsZero, strips: [][]byte{{0x0f, 0x48}}}, grey(255, 0, 187, 119)},
		"8 bits":                 {tiffFile{bits: 8, samples: 1, photometric: blackIsZero, strips: [][]byte{{0, 1, 200, 255}}}, grey(0, 1, 200, 255)},
		"16 bits":                {tiffFile{bits: 16, samples: 1, photometric: blackIsZero, strips: [][]byte{{0, 255, 1, 0, 200, 7, 255, 255}}}, grey(0, 1, 200, 255)},
		"16 bits, white is zero": {tiffFile{bits: 16, samples: 1, photometric: whiteIsZero, strips: [][]byte{{0, 0, 1, 0, 200, 7, 255, 255}}}, grey(255, 254, 55, 0)},
		"colour map":             {tiffFile{bits: 2, samples: 1, photometric: isPalette, strips: [][]byte{{0b00_01_10_11}}, extra: colourMap}, mapped},
		"colour map of bytes":    {tiffFile{bits: 2, samples: 1, photometric: isPalette, strips: [][]byte{{0b00_01_10_11}}, extra: oldMap}, mapped},
		"RGB":                    {tiffFile{bits: 8, samples: 3, photometric: isRGB, strips: [][]byte{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}}, []color.NRGBA{{1, 2, 3, 255}, {4, 5, 6, 255}, {7, 8, 9, 255}, {10, 11, 12, 255}}},
		"RGB, planes": {tiffFile{bits: 8, samples: 3, photometric: isRGB, strips: [][]byte{{1, 4, 7, 10}, {2, 5, 8, 11}, {3, 6, 9, 12}},
			extra: map[uint16][]uint16{tagPlanar: {2}}}, []color.NRGBA{{1, 2, 3, 255}, {4, 5, 6, 255}, {7, 8, 9, 255}, {10, 11, 12, 255}}},
		"RGB and alpha": {tiffFile{bits: 8, samples: 4, photometric: isRGB, strips: [][]byte{{1, 2, 3, 255, 4, 5, 6, 128, 0, 0, 0, 0, 9, 9, 9, 9}},
			extra: map[uint16][]uint16{tagExtraSamples: {2}}}, []color.NRGBA{{1, 2, 3, 255}, {4, 5, 6, 128}, {}, {9, 9, 9, 9}}},
		"RGB and premultiplied alpha": {tiffFile{bits: 8, samples: 4, photometric: isRGB, strips: [][]byte{{1, 2, 3, 255, 51, 102, 0, 102, 0, 0, 0, 0, 200, 0, 0, 102}},
			extra: map[uint16][]uint16{tagExtraSamples: {1}}}, []color.NRGBA{{1, 2, 3, 255}, {127, 255, 0, 102}, {}, {255, 0, 0, 102}}},
		"RGB and something": {tiffFile{bits: 8, samples: 4, photometric: isRGB, strips: [][]byte{{1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0, 0}},
			extra: map[uint16][]uint16{tagExtraSamples: {0}}}, []color.NRGBA{{1, 2, 3, 255}, {4, 5, 6, 255}, {7, 8, 9, 255}, {0, 0, 0, 255}}},
		"grey and alpha": {tiffFile{bits: 8, samples: 2, photometric: blackIsZero, strips: [][]byte{{1, 255, 2, 128, 3, 0, 4, 255}},
			extra: map[uint16][]uint16{tagExtraSamples: {2}}}, []color.NRGBA{{1, 1, 1, 255}, {2, 2, 2, 128}, {3, 3, 3, 0}, {4, 4, 4, 255}}},
		"inverted grey and alpha": {tiffFile{bits: 8, samples: 2, photometric: whiteIsZero, strips: [][]byte{{1, 255, 2, 128, 3, 0, 4, 255}},
			extra: map[uint16][]uint16{tagExtraSamples: {2}}}, []color.NRGBA{{254, 254, 254, 255}, {253, 253, 253, 128}, {252, 252, 252, 0}, {251, 251, 251, 255}}},
		"RGB of 16 bits": {tiffFile{bits: 16, samples: 3, photometric: isRGB, strips: [][]byte{{1, 0, 2, 0, 3, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 9, 0, 9, 0}}},
			[]color.NRGBA{{1, 2, 3, 255}, {255, 0, 0, 255}, {0, 0, 0, 255}, {9, 9, 9, 255}}},
		"CMYK": {tiffFile{bits: 8, samples: 4, photometric: isCMYK, strips: [][]byte{{0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 0, 255, 255, 55}}},
			[]color.NRGBA{{255, 255, 255, 255}, {0, 255, 255, 255}, {0, 0, 0, 255}, {200, 0, 0, 255}}},
		"CMYK of 16 bits": {tiffFile{bits: 16, samples: 4, photometric: isCMYK, strips: [][]byte{{0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 255, 255, 255, 255, 55, 0}}},
			[]color.NRGBA{{255, 255, 255, 255}, {0, 255, 255, 255}, {0, 0, 0, 255}, {200, 0, 0, 255}}},
		"differences": {tiffFile{bits: 8, samples: 1, photometric: blackIsZero, compression: compressionDeflate, strips: [][]byte{deflated([]byte{5, 1, 255, 250})},
			extra: map[uint16][]uint16{tagPredictor: {2}}}, grey(5, 6, 5, 255)},
		"differences of 16 bits, RGB": {tiffFile{bits: 16, samples: 3, photometric: isRGB, compression: compressionDeflate,
			strips: [][]byte{deflated([]byte{1, 200, 2, 0, 3, 0, 1, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 1, 0, 1, 0})},
			extra:  map[uint16][]uint16{tagPredictor: {2}}}, []color.NRGBA{{1, 2, 3, 255}, {3, 2, 3, 255}, {3, 2, 3, 255}, {2, 3, 4, 255}}},
		"PackBits":       {tiffFile{bits: 8, samples: 1, photometric: blackIsZero, compression: compressionPackBits, strips: [][]byte{{128, 254, 7, 0, 9}}}, grey(7, 7, 7, 9)},
		"bits backwards": {tiffFile{bits: 1, samples: 1, photometric: blackIsZero, strips: [][]byte{{0b0000_1001}}, extra: map[uint16][]uint16{tagFillOrder: {2}}}, grey(255, 0, 0, 255)},
		"no lengths":     {tiffFile{bits: 8, samples: 1, photometric: blackIsZero, strips: [][]byte{{3, 1, 200, 255}}, extra: map[uint16][]uint16{tagStripLengths: nil}}, grey(3, 1, 200, 255)},
	} {
		test.file.width, test.file.height = 4, 1
		m := decoded(t, test.file.bytes(binary.BigEndian))
		for x, want := range test.want {
			if got := at(m, x, 0); got != want && (got.A != 0 || want.A != 0) {
				t.Errorf("%s: pixel %d is %v, want %v", name, x, got, want)
			}
		}
	}
	little := tiffFile{width: 2, height: 1, bits: 16, samples: 1, photometric: 1, strips: [][]byte{{255, 1, 0, 200}}}.bytes(binary.LittleEndian)
	if m := decoded(t, little); at(m, 0, 0).R != 1 || at(m, 1, 0).R != 200 {
		t.Errorf("little-endian: %v %v", at(m, 0, 0), at(m, 1, 0))
	}
}

// TestTIFFBlocks: strips, the last of which is short, and tiles over the edges.
func TestTIFFBlocks(t *testing.T) {
	const width, height = 19, 21
	value := func(x, y int) byte { return byte(7*x + 11*y) }
	rows := func(x0, y0, w, h int) (raw []byte) {
		for y := y0; y < y0+h; y++ {
			for x := x0; x < x0+w; x++ {
				raw = append(raw, value(x, y))
			}
		}
		return raw
	}
	strips := tiffFile{width: width, height: height, bits: 8, samples: 1, photometric: 1, rows: 8,
		strips: [][]byte{rows(0, 0, width, 8), rows(0, 8, width, 8), rows(0, 16, width, 5)}}
	tiles := strips
	tiles.rows, tiles.compression = 0, compressionDeflate
	tiles.strips = nil
	for _, corner := range [][2]int{{0, 0}, {16, 0}, {0, 16}, {16, 16}} {
		tiles.strips = append(tiles.strips, deflated(rows(corner[0], corner[1], 16, 16)))
	}
	var places, lengths []uint16
	at0 := uint16(8)
	for _, tile := range tiles.strips {
		places, lengths = append(places, at0), append(lengths, uint16(len(tile)))
		at0 += uint16(len(tile))
	}
	tiles.extra = map[uint16][]uint16{tagStrips: nil, tagStripLengths: nil, tagTileWidth: {16}, tagTileHeight: {16}, tagTiles: places, tagTileLengths: lengths}
	for name, file := range map[string]tiffFile{"strips": strips, "tiles": tiles} {
		m := decoded(t, file.bytes(binary.LittleEndian))
		for y := range height {
			for x := range width {
				if got := at(m, x, y).R; got != value(x, y) {
					t.Fatalf("%s: pixel (%d, %d) is %d, want %d", name, x, y, got, value(x, y))
				}
			}
		}
	}
}

const (
	faxRaw        = "D////////7///8AP//8AAAH///v/wA//BAAAAAP////AD/gAf/AAAD///sAP4AP//gAAD///wA/AD///gAAH///A/8AP//+AAAf//8D/4AP//wAAD///wP/4AH/wAAA////A///AAAAAA////8D///8AAAH/////wAAAAAAAAAAAAAAA"
	faxRLE        = "sDccC46w0BAbjhxwsPiGwzBwsQgKDDYPjrGgGC4Nx7I4bBAbBzUIcNggNg41CoAgQDccNQQgKDAuODUCBUMwcDUC4QNMcNjA"
	faxGroup3     = "ABsDccC44ANhoCA3HDjgA2HxDYZg4ANiEBQYbB8cAGxoBguDccAGyOGwQGwcAE1CHDYIDYOACahUAQIBuOACaghAUGBccAE1AgVDMHABNQLhA0xwAdjA"
	faxGroup3Two  = "AB2BuOBccAFIaAgkKPgA7D4hsMwcAFBCYCkGGwFgA7GgGC4NxwAVBBvABmoQ4bBAbBwAVhpYAM1BCAoMC44AKQIFcAGagXCBpjgAhGA="
	faxGroup3Fill = "AAHYG44FxwABSGgIJCj4AAHYfENhmDgAAUEJgKQYbAWAAdjQDBcG44ABUEG8AAGahDhsEBsHAAFYaWABmoIQFBgXHAABSBArgAGagXCBpjgAAQjA"
	faxGroup4     = "NgbkcC+Q0BBIUfkPgRGwzMEJgKQYbAXCBAwx6CDeTUJ+w0uGDIUHyBAryBcJiMAEAEA="
)

// TestTIFFFax: a bilevel picture in all fax codings, either photometric
// interpretation and either order of bits. The code is libtiff's:
//
//	tiffcp -c g3:1d|g3:2d|g3:2d:fill|g4|none fax.tif, and Pillow's tiff_ccitt (compression 2)
func TestTIFFFax(t *testing.T) {
	const width, height = 83, 12
	want := fromBase64(faxRaw) // rows of 11 bytes, 1 is black
	for name, test := range map[string]struct {
		compression int
		options     uint16
		code        string
	}{
		"RLE":                         {compressionRLE, 0, faxRLE},
		"Group 3":                     {compressionGroup3, 0, faxGroup3},
		"Group 3, two-dimensional":    {compressionGroup3, 1, faxGroup3Two},
		"Group 3, lines end at bytes": {compressionGroup3, 5, faxGroup3Fill},
		"Group 4":                     {compressionGroup4, 0, faxGroup4},
	} {
		for _, photometric := range []int{whiteIsZero, blackIsZero} {
			for fillOrder := uint16(1); fillOrder <= 2; fillOrder++ {
				code := fromBase64(test.code)
				if fillOrder == 2 {
					for i, b := range code {
						code[i] = bits.Reverse8(b)
					}
				}
				file := tiffFile{width: width, height: height, bits: 1, samples: 1, photometric: photometric, compression: test.compression, strips: [][]byte{code},
					extra: map[uint16][]uint16{tagFaxOptions: {test.options, 0}, tagFillOrder: {fillOrder}}}
				if photometric == whiteIsZero {
					file.extra[tagPhotometric] = nil // fax machines' default
				}
				m := decoded(t, file.bytes(binary.LittleEndian))
				for i := range width * height {
					x, y := i%width, i/width
					bit := int(want[y*11+x/8]>>(7-x%8)) & 1
					if got := int(at(m, x, y).R); got != 255*(bit^1^photometric) {
						t.Fatalf("%s, photometric %d, fill order %d: pixel (%d, %d) is %d, its bit %d", name, photometric, fillOrder, x, y, got, bit)
					}
				}
			}
		}
	}
}

// TestTIFFFaxWithoutLengths: strips whose lengths are not told end where the next one
// begins, and however many claim the same place do not read the file anew each.
func TestTIFFFaxWithoutLengths(t *testing.T) {
	code := fromBase64(faxGroup4)
	file := tiffFile{width: 83, height: 24, rows: 12, bits: 1, samples: 1, compression: compressionGroup4, strips: [][]byte{code, code}, extra: map[uint16][]uint16{tagStripLengths: nil}}
	m := decoded(t, file.bytes(binary.LittleEndian))
	for i := range 83 * 12 {
		if x, y := i%83, i/83; at(m, x, y) != at(m, x, y+12) {
			t.Fatalf("the second strip differs at (%d, %d)", x, y)
		}
	}
	file.height, file.rows, file.strips = 4000, 1, [][]byte{bytes.Repeat([]byte{0xff}, 60_000)}
	file.extra[tagStrips] = slices.Repeat([]uint16{8}, 4000)
	content := file.bytes(binary.LittleEndian)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if opened, err := Open(bytes.NewReader(content)); err == nil {
		opened.Decode()
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("4,000 strips at one place of %d bytes took %d bytes", len(content), used)
	}
}

// TestTIFFJPEG: strips of JPEG, with tables of their own or common ones.
func TestTIFFJPEG(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 16, 8))
	for i := range grey.Pix {
		grey.Pix[i] = 90
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, grey, nil); err != nil {
		t.Fatal(err)
	}
	red := flatJPEG{16, 8, []byte{76, 85, 255}, []byte{1, 1, 1}, false, -1}.bytes()
	plain := flatJPEG{16, 8, []byte{200, 10, 20}, []byte{1, 1, 1}, false, -1}.bytes()
	for name, test := range map[string]struct {
		strip       []byte
		photometric int
		want        color.NRGBA
	}{
		"grey":          {b.Bytes(), blackIsZero, color.NRGBA{90, 90, 90, 255}},
		"inverted grey": {b.Bytes(), whiteIsZero, color.NRGBA{165, 165, 165, 255}},
		"YCbCr":         {red, isYCbCr, color.NRGBA{254, 0, 0, 255}},
		"RGB":           {plain, isRGB, color.NRGBA{200, 10, 20, 255}},
	} {
		samples := 3
		if test.photometric < isRGB {
			samples = 1
		}
		file := tiffFile{width: 16, height: 16, rows: 8, bits: 8, samples: samples, photometric: test.photometric, compression: compressionJPEG, strips: [][]byte{test.strip, test.strip}}
		m := decoded(t, file.bytes(binary.LittleEndian))
		for _, place := range []image.Point{{0, 0}, {15, 15}} {
			if got := at(m, place.X, place.Y); got != test.want {
				t.Errorf("%s: pixel %v is %v, want %v", name, place, got, test.want)
			}
		}
	}
}

// TestTIFFRefused: what is not read is named.
func TestTIFFRefused(t *testing.T) {
	plain := tiffFile{width: 4, height: 1, bits: 8, samples: 1, photometric: 1, strips: [][]byte{{1, 2, 3, 4}}}
	for want, extra := range map[string]map[uint16][]uint16{
		"floating-point":                {tagSampleFormat: {3}},
		"compression 6 old JPEG":        {tagCompression: {6}},
		"compression 50000 Zstandard":   {tagCompression: {50000}},
		"photometric interpretation 8":  {tagPhotometric: {8}},
		"12 bits":                       {tagBits: {12}},
		"inks that are not CMYK":        {tagPhotometric: {5}, tagInkSet: {2}},
		"predictor 3":                   {tagPredictor: {3}},
		"none: save it as PNG":          {tagPhotometric: nil},
		"places of 1 strips":            {tagStrips: nil},
		"colour map of 3×256":           {tagPhotometric: {3}},
		"raw file (DNG)":                {50706: {1, 4}},
		"sensor":                        {tagPhotometric: {32803}},
		"small copy of another picture": {tagSubfile: {1}},
		"found 0×1":                     {tagWidth: {0}},
		"fax coding of 1×8":             {tagCompression: {4}},
		"without JPEG":                  {tagPhotometric: {6}, tagSamples: {3}},
		"2 samples of a pixel with":     {tagPhotometric: {3}, tagSamples: {2}, tagColourMap: make([]uint16, 768)},
		"at least 40000 bytes":          {tagWidth: {40000}},
		"tiles of about the size":       {tagTileWidth: {1}, tagTileHeight: {1}},
	} {
		file := plain
		file.extra = extra
		if _, err := Open(bytes.NewReader(file.bytes(binary.BigEndian))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	cr2 := append([]byte("II*\x00\x10\x00\x00\x00CR\x02\x00"), make([]byte, 20)...)
	if _, err := Open(bytes.NewReader(cr2)); err == nil || !strings.Contains(err.Error(), "Canon CR2") {
		t.Errorf("CR2: %v", err)
	}
	// A preview, and a sensor's pixels in the directory behind it.
	preview := plain
	preview.extra = map[uint16][]uint16{tagSubIFDs: {0, 0, 0, 0}}
	file := preview.bytes(binary.LittleEndian)
	sub := len(file)
	file = append(file, 1, 0, 0x06, 0x01, 3, 0, 1, 0, 0, 0, 0x23, 0x80, 0, 0, 0, 0, 0, 0)
	entry := bytes.Index(file, []byte{0x4a, 0x01, 3, 0})
	binary.LittleEndian.PutUint16(file[entry+2:], 4)
	binary.LittleEndian.PutUint32(file[entry+4:], 1)
	binary.LittleEndian.PutUint32(file[entry+8:], uint32(sub))
	if _, err := Open(bytes.NewReader(file)); err == nil || !strings.Contains(err.Error(), "NEF, ARW") {
		t.Errorf("NEF: %v", err)
	}
}

// FuzzFax: no code makes the fax decoder panic or paint outside its rows.
func FuzzFax(f *testing.F) {
	for i, code := range []string{faxRLE, faxGroup3, faxGroup3Two, faxGroup4} {
		f.Add(fromBase64(code), uint8(i), uint8(83))
	}
	f.Fuzz(func(t *testing.T, code []byte, kind, width uint8) {
		coding := []faxCoding{{1, true}, {1, false}, {0, false}, {2, false}}[kind%4]
		stride := (int(width) + 7) / 8
		rows := make([][]byte, 12)
		for i := range rows {
			rows[i] = make([]byte, stride)
		}
		if err := decodeFax(rows, int(width), code, coding); err != nil {
			return
		}
		for _, row := range rows {
			if rest := int(width) % 8; rest > 0 && row[stride-1]&(0xff>>rest) != 0 {
				t.Errorf("ink behind the width: %x", row)
			}
		}
	})
}

// TestFaxEmptyRun: a run of no ink in the midst of a row is no change of colour for
// the row below.
func TestFaxEmptyRun(t *testing.T) {
	// 5 white, 0 black, 3 white, 2 black, the rest white; the row below is the same.
	const code = "001" + "1100" + "0000110111" + "001" + "1000" + "11" + "1" + "111"
	var packed []byte
	for padded := code + "0000000"; len(padded) >= 8; padded = padded[8:] {
		b := byte(0)
		for _, digit := range padded[:8] {
			b = b<<1 | byte(digit-'0')
		}
		packed = append(packed, b)
	}
	rows := [][]byte{make([]byte, 2), make([]byte, 2)}
	if err := decodeFax(rows, 16, packed, faxCoding{rows: 2}); err != nil {
		t.Fatal(err)
	}
	for y, row := range rows {
		if !bytes.Equal(row, []byte{0, 0b1100_0000}) {
			t.Errorf("row %d: %08b", y, row)
		}
	}
}
