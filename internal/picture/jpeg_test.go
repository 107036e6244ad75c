package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"math/bits"
	"runtime"
	"strings"
	"testing"
)

// flatJPEG makes a JPEG picture of one colour: a value and a sampling factor (of
// both directions) for each component. Its codes are such that all blocks but the
// first of each component are zero bits.
type flatJPEG struct {
	width, height int
	values        []byte
	factors       []byte
	progressive   bool
	adobe         int // transform of its marker, or -1 for none
}

func (f flatJPEG) bytes() []byte {
	file := []byte("\xff\xd8")
	segment := func(marker byte, data ...byte) {
		file = append(file, 0xff, marker)
		file = binary.BigEndian.AppendUint16(file, uint16(2+len(data)))
		file = append(file, data...)
	}
	if f.adobe >= 0 {
		segment(0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00"+string(rune(f.adobe)))...)
	}
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...) // quantized by 1
	n := byte(len(f.values))
	frame := []byte{8, byte(f.height >> 8), byte(f.height), byte(f.width >> 8), byte(f.width), n}
	scan := []byte{n}
	for i := range n {
		frame = append(frame, i+1, f.factors[i]<<4|f.factors[i], 0)
		scan = append(scan, i+1, 0)
	}
	sof, last := byte(0xc0), byte(63)
	if f.progressive {
		sof, last = 0xc2, 0
	}
	segment(sof, frame...)
	// Differences: of no bits 0, of i bits 1, and i − 1 in four bits. No more in a block: 0.
	segment(0xc4, append(append([]byte{0x00, 1, 0, 0, 0, 11}, make([]byte, 11)...), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)...)
	segment(0xc4, append(append([]byte{0x10, 1}, make([]byte, 15)...), 0)...)
	segment(0xda, append(scan, 0, last, 0)...)
	return append(append(file, f.scan()...), 0xff, 0xd9)
}

func (f flatJPEG) scan() []byte {
	most := 1
	for _, factor := range f.factors {
		most = max(most, int(factor))
	}
	if len(f.values) == 1 {
		most = 1
	}
	units := ((f.width + 8*most - 1) / (8 * most)) * ((f.height + 8*most - 1) / (8 * most))
	code, blocks := "", 0
	end := "0"
	if f.progressive {
		end = ""
	}
	for i, value := range f.values {
		mean := 8 * (int(value) - 128)
		size := bits.Len(uint(max(mean, -mean)))
		if size == 0 {
			code += "0"
		} else {
			code += binaryDigits(16+size-1, 5)
			if mean < 0 {
				mean += 1<<size - 1
			}
			code += binaryDigits(mean, size)
		}
		code += end
		count := int(f.factors[i]) * int(f.factors[i])
		if len(f.values) == 1 {
			count = 1
		}
		code += strings.Repeat("0"+end, count-1)
		blocks += count
	}
	var scan []byte
	for code += "00000000"; len(code) >= 8; code = code[8:] {
		b := byte(0)
		for _, digit := range code[:8] {
			b = b<<1 | byte(digit-'0')
		}
		if scan = append(scan, b); b == 0xff {
			scan = append(scan, 0)
		}
	}
	return append(scan, make([]byte, (units*blocks*(1+len(end))+7)/8)...)
}

func binaryDigits(value, digits int) string {
	s := ""
	for ; digits > 0; digits-- {
		s += string(rune('0' + value>>(digits-1)&1))
	}
	return s
}

// decoded opens and decodes a file, upright.
func decoded(t *testing.T, file []byte) image.Image {
	t.Helper()
	f, err := Open(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := f.Decode()
	if err != nil {
		t.Fatal(err)
	}
	picture = Upright(picture, f.Orientation)
	if got, want := picture.Bounds().Size(), image.Pt(f.Width, f.Height); got != want {
		t.Fatalf("decoded to %v, but the header says %v", got, want)
	}
	return picture
}

// at returns a pixel as eight bits of red, green, blue and alpha (not premultiplied).
func at(m image.Image, x, y int) color.NRGBA {
	return color.NRGBAModel.Convert(m.At(m.Bounds().Min.X+x, m.Bounds().Min.Y+y)).(color.NRGBA)
}

// TestJPEGColours: grey, colours, and inks, which Adobe's programs store inverted.
func TestJPEGColours(t *testing.T) {
	for name, test := range map[string]struct {
		file flatJPEG
		want color.NRGBA
	}{
		"grey":              {flatJPEG{20, 10, []byte{90}, []byte{1}, false, -1}, color.NRGBA{90, 90, 90, 255}},
		"grey, factors 2×2": {flatJPEG{20, 10, []byte{90}, []byte{2}, true, -1}, color.NRGBA{90, 90, 90, 255}},
		"YCbCr red":         {flatJPEG{20, 10, []byte{76, 85, 255}, []byte{2, 1, 1}, false, -1}, color.NRGBA{254, 0, 0, 255}},
		"progressive red":   {flatJPEG{20, 10, []byte{76, 85, 255}, []byte{1, 1, 1}, true, -1}, color.NRGBA{254, 0, 0, 255}},
		"RGB by Adobe":      {flatJPEG{20, 10, []byte{10, 200, 30}, []byte{1, 1, 1}, false, 0}, color.NRGBA{10, 200, 30, 255}},
		// Stored 255 − ink: cyan 255, magenta 0, yellow 0, black 55 make (0, 200, 200).
		"CMYK": {flatJPEG{20, 10, []byte{0, 255, 255, 200}, []byte{1, 1, 1, 1}, false, 0}, color.NRGBA{0, 200, 200, 255}},
		// YCbCr of (254, 0, 0), which are then the inks of cyan, magenta and yellow.
		"YCCK": {flatJPEG{20, 10, []byte{76, 85, 255, 200}, []byte{1, 1, 1, 1}, false, 2}, color.NRGBA{0, 200, 200, 255}},
	} {
		got := at(decoded(t, test.file.bytes()), 19, 9)
		if got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// allocated returns the bytes that do allocates, freed ones too.
func allocated(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// TestLargeJPEG: a photograph of 50 megapixels and a panorama are decoded within the
// memory that Open announces, and that is not much more than they need.
func TestLargeJPEG(t *testing.T) {
	for name, test := range map[string]struct {
		file  flatJPEG
		bytes int64 // of a pixel, tenths
	}{
		"50 megapixels":           {flatJPEG{8688, 5792, []byte{90, 128, 128}, []byte{2, 1, 1}, false, -1}, 15},
		"progressive photograph":  {flatJPEG{3000, 2000, []byte{90, 128, 128}, []byte{2, 1, 1}, true, -1}, 75},
		"panorama":                {flatJPEG{30000, 1000, []byte{90}, []byte{1}, false, -1}, 10},
		"inks":                    {flatJPEG{2000, 1000, []byte{1, 2, 3, 4}, []byte{1, 1, 1, 1}, false, 0}, 80},
		"progressive inks, small": {flatJPEG{400, 100, []byte{1, 2, 3, 4}, []byte{1, 1, 1, 1}, true, 0}, 240},
	} {
		file := test.file.bytes()
		f, err := Open(bytes.NewReader(file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if least := int64(f.Width*f.Height) * test.bytes / 10; f.Memory < least || f.Memory > least+least/20+slack {
			t.Errorf("%s: announces %d bytes, want about %d", name, f.Memory, least)
		}
		used := allocated(func() { _, err = f.Decode() })
		if err != nil || used > f.Memory {
			t.Errorf("%s: took %d bytes, announced %d, error %v", name, used, f.Memory, err)
		}
	}
}
