package picture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image/color"
	"strings"
	"testing"
)

// Golden files, made with Pillow 9.4 and webpmux 1.2 (libwebp):
//
//	Image.new('RGB', (16, 16), colour).save('k.webp', quality=90)
//	m = Image.new('RGBA', (16, 16), (255, 0, 0, 255))
//	m.paste((255, 0, 0, 0), (0, 0, 16, 8)); m.save('a.webp', quality=90, exact=True)
//	Image.new('RGB', (4, 3), (10, 200, 30)).save('l.webp', lossless=True)
//	webpmux -frame a.webp +100+4+2 -frame k.webp +100 -o animated.webp
//	webpmux -frame l.webp +100+4+2 -frame w.webp +100 -o animated-lossless.webp
const (
	webPBlack     = "UklGRiYAAABXRUJQVlA4IBoAAAAwAQCdASoQABAAAMASJaQAA3AA/v7uqgAAAA=="
	webPWhite     = "UklGRiYAAABXRUJQVlA4IBoAAAAwAQCdASoQABAAAMASJaQAA3AA/v7deAAAAA=="
	webPBlue      = "UklGRj4AAABXRUJQVlA4IDIAAADwAQCdASoQABAAAMASJaACdLoB+AAETAAA/v5mof/60c/XRP9aOf+tHP/lKotU24oAAA=="
	webPAlpha     = "UklGRmwAAABXRUJQVlA4WAoAAAAQAAAADwAADwAAQUxQSBIAAAABDzD/ERFCLJjkL905hYj+Z5xWUDggNAAAADACAJ0BKhAAEAAAwBIloAJ0ugH4AfgABGgAAP76IZf/d5qw03f1rf/1o5+uif60c/9ZWAA="
	webPLossless  = "UklGRh4AAABXRUJQVlA4TBEAAAAvA4AAAAdQ5CrUo/+BiOh/AAA="
	webPAnimated  = "UklGRswAAABXRUJQVlA4WAoAAAASAAAAEwAAEQAAQU5JTQYAAAD/////AABBTk1GZgAAAAIAAAEAAA8AAA8AAGQAAABBTFBIEgAAAAEPMP8REUIsmOQv3TmFiP5nnFZQOCA0AAAAMAIAnQEqEAAQAADAEiWgAnS6AfgB+AAEaAAA/vohl/93mrDTd/Wt//Wjn66J/rRz/1lYAEFOTUYyAAAAAAAAAAAADwAADwAAZAAAAFZQOCAaAAAAMAEAnQEqEAAQAADAEiWkAANwAP7+7qoAAAA="
	webPAnimated2 = "UklGRpAAAABXRUJQVlA4WAoAAAACAAAADwAADwAAQU5JTQYAAAD/////AABBTk1GKgAAAAIAAAEAAAMAAAIAAGQAAABWUDhMEQAAAC8DgAAAB1DkKtSj/4GI6H8AAEFOTUYyAAAAAAAAAAAADwAADwAAZAAAAFZQOCAaAAAAMAEAnQEqEAAQAADAEiWkAANwAP7+3XgAAAA="
)

func fromBase64(s string) []byte {
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return data
}

func webPChunk(kind string, data []byte) []byte {
	chunk := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(data)))
	return append(append(chunk, data...), make([]byte, len(data)%2)...)
}

func webPFile(chunks ...[]byte) []byte {
	data := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(data))), data...)
}

// losslessWebP makes a VP8L chunk of any size, of one colour: no pixel takes a bit.
func losslessWebP(width, height int) []byte {
	data := fromBase64(webPLossless)[20:]
	binary.LittleEndian.PutUint32(data[1:], uint32(width-1|(height-1)<<14))
	return data
}

func near(a, b color.NRGBA, most int) bool {
	for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B), int(a.A) - int(b.A)} {
		if d < -most || d > most {
			return false
		}
	}
	return true
}

// TestWebP: lossy pixels are of video range, so that black is 0 and white 255.
func TestWebP(t *testing.T) {
	green, red, nothing := color.NRGBA{10, 200, 30, 255}, color.NRGBA{255, 0, 0, 255}, color.NRGBA{}
	for name, test := range map[string]struct {
		file          string
		width, height int
		pixels        map[[2]int]color.NRGBA
		most          int // difference
	}{
		"black":    {webPBlack, 16, 16, map[[2]int]color.NRGBA{{3, 3}: {0, 0, 0, 255}}, 0},
		"white":    {webPWhite, 16, 16, map[[2]int]color.NRGBA{{3, 3}: {255, 255, 255, 255}}, 0},
		"blue":     {webPBlue, 16, 16, map[[2]int]color.NRGBA{{3, 3}: {0, 0, 255, 255}}, 3},
		"lossless": {webPLossless, 4, 3, map[[2]int]color.NRGBA{{0, 0}: green, {3, 2}: green}, 0},
		"alpha":    {webPAlpha, 16, 16, map[[2]int]color.NRGBA{{3, 12}: red, {3, 3}: {255, 0, 0, 0}}, 3},
		// A frame of 16×16 at (4, 2), of which the lower half is red.
		"animated":           {webPAnimated, 20, 18, map[[2]int]color.NRGBA{{0, 0}: nothing, {4, 9}: nothing, {4, 10}: red, {19, 17}: red, {3, 17}: nothing}, 3},
		"animated, lossless": {webPAnimated2, 16, 16, map[[2]int]color.NRGBA{{3, 2}: nothing, {4, 2}: green, {7, 4}: green, {8, 4}: nothing, {7, 5}: nothing}, 0},
	} {
		m := decoded(t, fromBase64(test.file))
		if size := m.Bounds().Size(); size.X != test.width || size.Y != test.height {
			t.Errorf("%s: size %v, want %d×%d", name, size, test.width, test.height)
			continue
		}
		for place, want := range test.pixels {
			got := at(m, place[0], place[1])
			if got.A == 0 && want.A == 0 { // of no colour
				continue
			}
			if !near(got, want, test.most) {
				t.Errorf("%s: pixel %v is %v, want %v", name, place, got, want)
			}
		}
	}
}

// TestWebPChunks: what is around the pixels does not matter, but what contradicts
// them does.
func TestWebPChunks(t *testing.T) {
	black := fromBase64(webPBlack)[20:]
	extended := func(flags byte, side byte) []byte {
		return webPChunk("VP8X", []byte{flags, 0, 0, 0, side - 1, 0, 0, side - 1, 0, 0})
	}
	const hasAlpha = 1 << 4
	for name, file := range map[string][]byte{
		"announced alpha that isn't there": webPFile(extended(hasAlpha, 16), webPChunk("VP8 ", black)),
		"profile, unknown":                 webPFile(extended(0, 16), webPChunk("ICCP", []byte{1, 2, 3}), webPChunk("what", nil), webPChunk("VP8 ", black)),
	} {
		if got := at(decoded(t, file), 5, 5); got != (color.NRGBA{0, 0, 0, 255}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	frame := func(x byte) []byte {
		return webPChunk("ANMF", append([]byte{x, 0, 0, 0, 0, 0, 15, 0, 0, 15, 0, 0, 1, 0, 0, 0}, webPChunk("VP8 ", black)...))
	}
	for name, file := range map[string][]byte{
		"another size":     webPFile(extended(0, 17), webPChunk("VP8 ", black)),
		"outside":          webPFile(extended(2, 17), frame(1)),
		"nothing":          webPFile(extended(0, 16)),
		"an empty frame":   webPFile(extended(2, 16), webPChunk("ANMF", make([]byte, 16))),
		"a frame's start":  webPFile(extended(2, 16), webPChunk("ANMF", make([]byte, 7))),
		"no pixels at all": []byte("RIFF\x04\x00\x00\x00WEBP"),
	} {
		if _, err := Open(bytes.NewReader(file)); err == nil || !strings.Contains(err.Error(), "WebP") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestWebPMemory(t *testing.T) {
	for name, file := range map[string][]byte{
		"lossless": webPFile(webPChunk("VP8L", losslessWebP(3000, 700))),
		"lossy":    fromBase64(webPBlack), "alpha": fromBase64(webPAlpha), "animated": fromBase64(webPAnimated),
	} {
		f, err := Open(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if used := allocated(func() { _, err = f.Decode() }); err != nil || used > f.Memory {
			t.Errorf("%s: took %d bytes, announced %d, error %v", name, used, f.Memory, err)
		}
	}
}
