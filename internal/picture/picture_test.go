package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
)

// pngOf makes a PNG of raw rows, each with its filter's byte, and of more chunks.
func pngOf(width, height byte, depth, kind byte, rows []byte, chunks ...[]byte) []byte {
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	w.Write(rows)
	w.Close()
	file := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", []byte{0, 0, 0, width, 0, 0, 0, height, depth, kind, 0, 0, 0})...)
	return slices.Concat(file, bytes.Join(chunks, nil), pngChunk("IDAT", packed.Bytes()), pngChunk("IEND", nil))
}

func TestPNG(t *testing.T) {
	palette, transparent := pngChunk("PLTE", []byte{1, 2, 3, 4, 5, 6}), pngChunk("tRNS", []byte{255, 0})
	control := pngChunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0})
	frame := func(number byte) []byte {
		return pngChunk("fcTL", []byte{0, 0, 0, number, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 10, 0, 0})
	}
	animated := pngOf(2, 1, 8, 0, []byte{0, 7, 8}, control, frame(0))
	end := len(animated) - pngEndSize
	animated = slices.Concat(animated[:end], frame(1), pngChunk("fdAT", append([]byte{0, 0, 0, 2}, deflated([]byte{0, 99, 99})...)), animated[end:])
	for name, test := range map[string]struct {
		file []byte
		want []color.NRGBA
		grey bool
	}{
		"16 bits":            {pngOf(2, 1, 16, 0, []byte{0, 1, 0, 200, 7}), []color.NRGBA{{1, 1, 1, 255}, {200, 200, 200, 255}}, true},
		"16-bit colours":     {pngOf(1, 1, 16, 2, []byte{0, 1, 0, 2, 0, 3, 0}), []color.NRGBA{{1, 2, 3, 255}}, false},
		"grey and alpha":     {pngOf(2, 1, 8, 4, []byte{0, 7, 128, 9, 255}), []color.NRGBA{{7, 7, 7, 128}, {9, 9, 9, 255}}, true},
		"transparent grey":   {pngOf(2, 1, 8, 0, []byte{0, 7, 9}, pngChunk("tRNS", []byte{0, 7})), []color.NRGBA{{7, 7, 7, 0}, {9, 9, 9, 255}}, true},
		"palette":            {pngOf(2, 1, 8, 3, []byte{0, 0, 1}, palette), []color.NRGBA{{1, 2, 3, 255}, {4, 5, 6, 255}}, false},
		"transparent colour": {pngOf(2, 1, 8, 3, []byte{0, 0, 1}, palette, transparent), []color.NRGBA{{1, 2, 3, 255}, {}}, false},
		"1 bit":              {pngOf(2, 1, 1, 0, []byte{0, 0x40}), []color.NRGBA{{0, 0, 0, 255}, {255, 255, 255, 255}}, true},
		"animated":           {animated, []color.NRGBA{{7, 7, 7, 255}, {8, 8, 8, 255}}, true},
	} {
		m := decoded(t, test.file)
		for x, want := range test.want {
			if got := at(m, x, 0); got != want && (got.A != 0 || want.A != 0) {
				t.Errorf("%s: pixel %d is %v, want %v", name, x, got, want)
			}
		}
		f, _ := Open(bytes.NewReader(test.file))
		if grey := f.ColorModel == color.GrayModel || f.ColorModel == color.Gray16Model; grey != test.grey {
			t.Errorf("%s: its model says grey %v", name, grey)
		}
		var err error
		if used := allocated(func() { _, err = f.Decode() }); err != nil || used > f.Memory {
			t.Errorf("%s: took %d bytes, announced %d, error %v", name, used, f.Memory, err)
		}
	}
}

// TestGIF: a first picture that is smaller than its canvas lies in its place, and its
// own colours are the file's.
func TestGIF(t *testing.T) {
	small := image.NewPaletted(image.Rect(2, 1, 4, 3), color.Palette{color.RGBA{10, 20, 30, 255}, color.RGBA{200, 0, 0, 255}})
	small.SetColorIndex(3, 2, 1)
	second := image.NewPaletted(image.Rect(0, 0, 5, 4), small.Palette)
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{small, second}, Delay: []int{1, 1},
		Config: image.Config{Width: 5, Height: 4, ColorModel: color.Palette{color.Gray{0}, color.Gray{255}}}})
	if err != nil {
		t.Fatal(err)
	}
	m := decoded(t, b.Bytes())
	if m.Bounds() != image.Rect(0, 0, 5, 4) {
		t.Fatalf("bounds %v", m.Bounds())
	}
	for place, want := range map[image.Point]color.NRGBA{{0, 0}: {}, {4, 3}: {}, {2, 1}: {10, 20, 30, 255}, {3, 2}: {200, 0, 0, 255}, {4, 2}: {}} {
		if got := at(m, place.X, place.Y); got != want {
			t.Errorf("pixel %v is %v, want %v", place, got, want)
		}
	}
	f, err := Open(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if palette := f.ColorModel.(color.Palette); palette[1] != (color.RGBA{200, 0, 0, 255}) {
		t.Errorf("palette %v", palette)
	}
	lying := append([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 0, 0x3b)
	if _, err := Open(bytes.NewReader(lying)); err == nil || !strings.Contains(err.Error(), "in total") {
		t.Errorf("a canvas of 65535×65535: %v", err)
	}
}

// TestBMP: a picture whose transparency nobody has written is shown.
func TestBMP(t *testing.T) {
	const header = 14 + 108 // bytes, of BITMAPV4HEADER, which has masks
	file := make([]byte, header)
	copy(file, "BM")
	for at, value := range map[int]uint32{10: header, 14: header - 14, 18: 2, 22: 1, 26: 32<<16 | 1, 30: 3,
		54: 0xff0000, 58: 0xff00, 62: 0xff, 66: 0xff000000} {
		binary.LittleEndian.PutUint32(file[at:], value)
	}
	file = append(file, 30, 20, 10, 0, 60, 50, 40, 128)
	if m := decoded(t, file); at(m, 0, 0).A != 0 || at(m, 1, 0) != (color.NRGBA{40, 50, 60, 128}) {
		t.Errorf("with alpha: %v, %v", at(m, 0, 0), at(m, 1, 0))
	}
	file[header+7] = 0
	if m := decoded(t, file); at(m, 0, 0) != (color.NRGBA{10, 20, 30, 255}) || at(m, 1, 0) != (color.NRGBA{40, 50, 60, 255}) {
		t.Errorf("without alpha: %v, %v", at(m, 0, 0), at(m, 1, 0))
	}
	file[30] = 1 // run lengths
	if _, err := Open(bytes.NewReader(file)); err == nil || !strings.Contains(err.Error(), "compression 1") {
		t.Errorf("run lengths: %v", err)
	}
}

// TestForeign: files of other kinds are named.
func TestForeign(t *testing.T) {
	for start, want := range map[string]string{
		"": "an empty file",
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic":            "HEIC",
		"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic":            "HEIF",
		"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00":                    "AVIF",
		"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00miafavif":            "AVIF",
		"\x00\x00\x00\x18ftypcrx ":                                    "CR3",
		"\x00\x00\x00\x18ftypisom":                                    "video",
		"\x00\x00\x00\x0cJXL \r\n\x87\n":                              "JPEG XL",
		"\xff\x0a\xfa\x7f":                                            "JPEG XL",
		"\x00\x00\x00\x0cjP  \r\n\x87\n":                              "JPEG 2000",
		"%PDF-1.7":                                                    "PDF",
		"8BPS\x00\x01":                                                "Photoshop",
		"<svg xmlns='http://www.w3.org/2000/svg'>":                    "SVG",
		"\ufeff<?xml version='1.0'?>\n<!-- a -->\n<svg>":              "SVG",
		"\r\n <!DOCTYPE html><html>":                                  "HTML",
		"<HTML><head>":                                                "HTML",
		"<?xml version='1.0'?><!DOCTYPE html PUBLIC><html xmlns='x'>": "HTML",
		"IIU\x00\x18\x00\x00\x00":                                     "Panasonic RW2",
		"FUJIFILMCCD-RAW 0201":                                        "RAF",
		"II+\x00\x08\x00":                                             "BigTIFF",
		"version https://git-lfs.github.com/spec/v1":                  "git lfs pull",
		"\x00\x05\x16\x07\x00\x02\x00\x00":                            "AppleDouble",
		"PK\x03\x04":                                                  "ZIP",
		strings.Repeat("\x00", 2000):                                  "zeros only",
		"hello, world":                                                "found a table as text",
		"\x01\x02\x03\x04hello":                                       `begins with "\x01\x02\x03\x04hell"`,
	} {
		if _, err := Open(strings.NewReader(start)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: error %v, want %q", start, err, want)
		}
	}
}

// endless is a stream that never ends.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// TestOpenStreams: from wherever a file or stream is now; an endless one of anything
// is refused after its beginning.
func TestOpenStreams(t *testing.T) {
	picture := pngOf(2, 1, 8, 0, []byte{0, 7, 8})
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, append([]byte("before"), picture...), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Seek(6, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	reader, writer := io.Pipe()
	go func() {
		writer.Write(picture)
		writer.Close()
	}()
	for name, r := range map[string]io.Reader{"file": file, "pipe": reader} {
		f, err := Open(r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if m, err := f.Decode(); err != nil || at(m, 1, 0).R != 8 {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	if used := allocated(func() { _, err = Open(endless('x')) }); err == nil || used > 1<<16 {
		t.Errorf("an endless stream: took %d bytes, error %v", used, err)
	}
	broken := errors.New("broken")
	if _, err := Open(io.MultiReader(bytes.NewReader(picture[:20]), failing{broken})); !errors.Is(err, broken) {
		t.Errorf("a broken stream: %v", err)
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

func TestReserve(t *testing.T) {
	first, err := Reserve(MaxMemory)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		second, err := Reserve(1)
		if err == nil {
			second()
		}
		close(done)
	}()
	select {
	case <-done:
		t.Error("a second picture did not wait")
	default:
	}
	first()
	<-done
	if _, err := Reserve(MaxMemory + 1); err == nil {
		t.Error("more than all memory was reserved")
	}
}

// FuzzDecode: no file makes decoding panic, or take more memory than announced.
func FuzzDecode(f *testing.F) {
	for _, seed := range seeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := Open(bytes.NewReader(file))
		if err != nil || p.Memory > 1<<24 {
			return
		}
		var m image.Image
		used := allocated(func() { m, err = p.Decode() })
		if used > p.Memory+1<<22 { // what is freed and taken again, too
			t.Errorf("took %d bytes, announced %d", used, p.Memory)
		}
		if err == nil {
			if size := Upright(m, p.Orientation).Bounds().Size(); size != image.Pt(p.Width, p.Height) {
				t.Errorf("decoded to %v, the header says %d×%d", size, p.Width, p.Height)
			}
		}
	})
}

// seeds are small files of every format.
func seeds() [][]byte {
	grey := tiffFile{width: 4, height: 1, bits: 8, samples: 1, photometric: 1, strips: [][]byte{{1, 2, 3, 4}}}
	fax := tiffFile{width: 83, height: 12, bits: 1, samples: 1, photometric: 1, compression: compressionGroup4, strips: [][]byte{fromBase64(faxGroup4)}}
	packed := grey
	packed.compression, packed.strips = compressionPackBits, [][]byte{{3, 1, 2, 3, 4}}
	coded := tiffFile{width: 16, height: 8, bits: 8, samples: 3, photometric: isYCbCr, compression: compressionJPEG,
		strips: [][]byte{flatJPEG{16, 8, []byte{76, 85, 255}, []byte{1, 1, 1}, false, -1}.bytes()}}
	var asGIF, asBMP bytes.Buffer
	m := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White})
	if err := errors.Join(gif.Encode(&asGIF, m, nil), bmp.Encode(&asBMP, m)); err != nil {
		panic(err)
	}
	return [][]byte{
		grey.bytes(binary.LittleEndian), grey.bytes(binary.BigEndian), fax.bytes(binary.LittleEndian), packed.bytes(binary.BigEndian), coded.bytes(binary.BigEndian),
		flatJPEG{20, 10, []byte{76, 85, 255}, []byte{2, 1, 1}, true, -1}.bytes(), flatJPEG{20, 10, []byte{0, 255, 255, 200}, []byte{1, 1, 1, 1}, false, 2}.bytes(),
		pngOf(2, 1, 8, 0, []byte{0, 7, 8}, pngChunk("eXIf", exifData(binary.BigEndian, 6))), asGIF.Bytes(), asBMP.Bytes(),
		fromBase64(webPBlack), fromBase64(webPAlpha), fromBase64(webPLossless), fromBase64(webPAnimated),
		[]byte("P1 3 1 101"), []byte("P5\n2 1\n255\n\x00\xc8"), []byte("P3 1 1 255 1 2 3"), []byte("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nENDHDR\n\x01\x02\x03\x04"),
	}
}
