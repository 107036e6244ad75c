package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"
)

// storedLetters are the rows in which a picture of the rows abc and def is stored, by
// its orientation: EXIF 2.32, section 4.6.4, says which sides of the picture the
// first row and the first column are.
var storedLetters = map[int]string{1: "abc def", 2: "cba fed", 3: "fed cba", 4: "def abc", 5: "ad be cf", 6: "cf be ad", 7: "fc eb da", 8: "da eb fc"}

// letters draws rows of letters, a pixel each, in a type of image.
func letters(rows string, blank func(image.Rectangle) draw.Image) draw.Image {
	lines := strings.Fields(rows)
	m := blank(image.Rect(0, 0, len(lines[0]), len(lines)))
	for y, line := range lines {
		for x, letter := range line {
			grey := byte(letter-'a') * 40
			m.Set(x, y, color.RGBA{grey, grey, grey, 255})
		}
	}
	return m
}

// TestUpright: all orientations, of all types of images that the decoders return.
func TestUpright(t *testing.T) {
	greys := make(color.Palette, 256)
	for i := range greys {
		greys[i] = color.Gray{byte(i)}
	}
	for name, blank := range map[string]func(image.Rectangle) draw.Image{
		"Gray":     func(r image.Rectangle) draw.Image { return image.NewGray(r) },
		"Gray16":   func(r image.Rectangle) draw.Image { return image.NewGray16(r) },
		"Paletted": func(r image.Rectangle) draw.Image { return image.NewPaletted(r, greys) },
		"RGBA":     func(r image.Rectangle) draw.Image { return image.NewRGBA(r) },
		"NRGBA":    func(r image.Rectangle) draw.Image { return image.NewNRGBA(r) },
		"RGBA64":   func(r image.Rectangle) draw.Image { return image.NewRGBA64(r) },
		"NRGBA64":  func(r image.Rectangle) draw.Image { return image.NewNRGBA64(r) },
		"CMYK":     func(r image.Rectangle) draw.Image { return image.NewCMYK(r) },
	} {
		for orientation, rows := range storedLetters {
			got := Upright(letters(rows, blank), orientation)
			want := letters(storedLetters[1], blank)
			gotPix, _, _ := packed(got)
			wantPix, _, _ := packed(want)
			if got.Bounds() != want.Bounds() || !bytes.Equal(gotPix, wantPix) {
				t.Errorf("%s, orientation %d: %v", name, orientation, gotPix)
			}
		}
	}
	for orientation, rows := range storedLetters { // what has planes, and a part of a picture
		whole := image.NewYCbCr(image.Rect(0, 0, 8, 8), image.YCbCrSubsampleRatio420)
		for i := range whole.Cb {
			whole.Cb[i], whole.Cr[i] = 128, 128
		}
		lines := strings.Fields(rows)
		for y, line := range lines {
			for x, letter := range line {
				whole.Y[whole.YOffset(x+1, y+1)] = byte(letter-'a') * 40
			}
		}
		part := whole.SubImage(image.Rect(1, 1, 1+len(lines[0]), 1+len(lines)))
		got := Upright(part, orientation)
		for i, letter := range "abcdef" {
			if g := at(got, i%3, i/3).G; g != byte(letter-'a')*40 {
				t.Errorf("YCbCr, orientation %d: %c is %d", orientation, letter, g)
			}
		}
	}
}

// exifData makes EXIF data with a single value: the orientation.
func exifData(order binary.AppendByteOrder, orientation int) []byte {
	data := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		data = []byte("MM\x00*")
	}
	data = order.AppendUint32(data, 8)
	data = order.AppendUint16(data, 1)
	data = order.AppendUint16(data, tagOrientation)
	data = order.AppendUint16(data, 3)
	data = order.AppendUint32(data, 1)
	data = order.AppendUint16(data, uint16(orientation))
	return append(data, 0, 0, 0, 0, 0, 0)
}

func pngBytes(m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// pngChunk makes a chunk of a PNG file.
func pngChunk(kind string, data []byte) []byte {
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	chunk = append(append(chunk, kind...), data...)
	return binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
}

const pngHeaderSize, pngEndSize = 8 + 25, 12

// TestOrientation: EXIF data is found in every format that has it, in either order
// of bytes, and after the pixels, too.
func TestOrientation(t *testing.T) {
	plainJPEG := flatJPEG{16, 8, []byte{90}, []byte{1}, false, -1}.bytes()
	plainPNG := pngBytes(image.NewGray(image.Rect(0, 0, 16, 8)))
	webP := func(exif []byte) []byte {
		return webPFile(webPChunk("VP8X", []byte{8, 0, 0, 0, 15, 0, 0, 7, 0, 0}), webPChunk("VP8L", losslessWebP(16, 8)), webPChunk("EXIF", exif))
	}
	app1 := func(exif []byte) []byte {
		segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(8+len(exif)))
		return append(append(segment, "Exif\x00\x00"...), exif...)
	}
	xmp := append([]byte{0xff, 0xe1, 0, 10}, "http://"...)
	xmp = append(xmp, 0)
	for orientation := range 12 {
		want := orientation
		if want < 1 || want > 8 {
			want = 1
		}
		for i, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			exif := exifData(order, orientation)
			eXIf := pngChunk("eXIf", exif)
			end := len(plainPNG) - pngEndSize
			for name, file := range map[string][]byte{
				"JPEG":                 slices.Concat(plainJPEG[:2], app1(exif), plainJPEG[2:]),
				"JPEG with XMP before": slices.Concat(plainJPEG[:2], xmp, app1(exif), plainJPEG[2:]),
				"PNG":                  slices.Concat(plainPNG[:pngHeaderSize], eXIf, plainPNG[pngHeaderSize:]),
				"PNG, after pixels":    slices.Concat(plainPNG[:end], eXIf, plainPNG[end:]),
				"WebP":                 webP(exif),
				"WebP, as in JPEG":     webP(append([]byte("Exif\x00\x00"), exif...)),
				"TIFF":                 tiffFile{width: 16, height: 8, bits: 8, samples: 1, photometric: 1, strips: [][]byte{make([]byte, 128)}, orientation: orientation}.bytes(order),
			} {
				f, err := Open(bytes.NewReader(file))
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				size := image.Pt(16, 8)
				if want >= 5 {
					size = image.Pt(8, 16)
				}
				if f.Orientation != want || f.Width != size.X || f.Height != size.Y {
					t.Errorf("%s, order %d, orientation %d: read as %d, %d×%d", name, i, orientation, f.Orientation, f.Width, f.Height)
				}
				if m := decoded(t, file); m.Bounds().Size() != size {
					t.Errorf("%s, orientation %d: decoded to %v", name, orientation, m.Bounds())
				}
			}
		}
	}
}

// TestOrientationMalformed: EXIF data that makes no sense leaves a picture as it is.
func TestOrientationMalformed(t *testing.T) {
	good := exifData(binary.LittleEndian, 6)
	read := func(data []byte) int {
		return exifOrientation(io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data))))
	}
	if got := read(good); got != 6 {
		t.Fatalf("good data: %d", got)
	}
	for n := range good[:20] {
		if got := read(good[:n]); got != 1 {
			t.Errorf("cut to %d bytes: %d", n, got)
		}
	}
	far := bytes.Clone(good)
	binary.LittleEndian.PutUint32(far[4:], 1<<32-1)
	kind := bytes.Clone(good)
	kind[12] = 2 // text
	count := bytes.Clone(good)
	binary.LittleEndian.PutUint32(count[14:], 1<<32-1) // lies elsewhere, where nothing is
	for name, data := range map[string][]byte{"far": far, "text": kind, "many": count, "no TIFF": []byte("Exif\x00\x00hello hello")} {
		if got := read(data); got != 1 {
			t.Errorf("%s: %d", name, got)
		}
	}
	file := slices.Concat([]byte{0xff, 0xd8, 0xff, 0xe1, 0, 20}, []byte("Exif\x00\x00II*\x00\xff\xff\xff\xff1234"), flatJPEG{16, 8, []byte{90}, []byte{1}, false, -1}.bytes()[2:])
	if m := decoded(t, file); at(m, 3, 3).R != 90 {
		t.Errorf("a JPEG with malformed EXIF: %v", at(m, 3, 3))
	}
}
