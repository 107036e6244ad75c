package dataset

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/tiff"

	"github.com/deepfry/deepfry/internal/picture"
)

// ring returns a picture of side×side pixels: a ring of ink on paper.
func ring(side int, paper, ink color.Color) image.Image {
	picture := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			radius := math.Hypot(float64(2*x+1)/float64(side)-1, float64(2*y+1)/float64(side)-1)
			if 0.4 < radius && radius < 0.7 {
				picture.Set(x, y, ink)
			} else {
				picture.Set(x, y, paper)
			}
		}
	}
	return picture
}

func pngOf(picture image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// inked decodes a picture as one of ink on paper, or bright on black.
func inked(file []byte, channels, height, width int) (pixels []byte, inverted bool, err error) {
	decoded, err := DecodePicture(bytes.NewReader(file))
	if err != nil {
		return nil, false, err
	}
	pixels, err = Stretch(decoded, channels, height, width)
	return pixels, err == nil && InvertPaper(pixels, channels, height, width), err
}

// TestReadMNIST: a digit that is written to a file comes back exactly.
func TestReadMNIST(t *testing.T) {
	digit := openMNIST(t).Test.(*Images).image(0)
	grey := &image.Gray{Pix: digit, Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
	got, inverted, err := inked(pngOf(grey), 1, 28, 28)
	if err != nil || inverted || !bytes.Equal(got, digit) {
		t.Fatalf("inverted %v, error %v, found %v", inverted, err, got)
	}
}

func TestInvertPaperOfRings(t *testing.T) {
	transparent := color.RGBA{}
	for _, test := range []struct {
		name       string
		paper, ink color.Color
		inverted   bool
	}{
		{"white on black", color.Black, color.White, false},
		{"black on white", color.White, color.Black, true},
		{"black on nothing", transparent, color.Black, true},
	} {
		var asGIF, asJPEG bytes.Buffer
		picture := ring(200, test.paper, test.ink)
		onWhite := image.NewRGBA(picture.Bounds())
		draw.Draw(onWhite, onWhite.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(onWhite, onWhite.Rect, picture, image.Point{}, draw.Over)
		if err := gif.Encode(&asGIF, onWhite, nil); err != nil {
			t.Fatal(err)
		}
		if err := jpeg.Encode(&asJPEG, onWhite, nil); err != nil {
			t.Fatal(err)
		}
		for format, file := range map[string][]byte{"png": pngOf(picture), "gif": asGIF.Bytes(), "jpeg": asJPEG.Bytes()} {
			got, inverted, err := inked(file, 1, 20, 24)
			if err != nil {
				t.Errorf("%s, %s: %v", test.name, format, err)
				continue
			}
			if inverted != test.inverted {
				t.Errorf("%s, %s: inverted is %v", test.name, format, inverted)
			}
			// Whatever the paper, bright ink on black comes out.
			for _, want := range []struct {
				what  string
				x, y  int
				value int
			}{{"centre", 12, 10, 0}, {"corner", 0, 0, 0}, {"left", 5, 10, 255}, {"top", 12, 4, 255}} {
				if v := int(got[want.y*24+want.x]); v < want.value-25 || v > want.value+25 {
					t.Errorf("%s, %s: the %s is %v, want %v", test.name, format, want.what, v, want.value)
				}
			}
		}
	}
}

func TestStretchColours(t *testing.T) {
	picture := image.NewRGBA(image.Rect(0, 0, 2, 1))
	picture.Set(0, 0, color.RGBA{255, 51, 0, 255})
	picture.Set(1, 0, color.RGBA{255, 255, 204, 255})
	got, inverted, err := inked(pngOf(picture), 3, 1, 2)
	if err != nil || inverted {
		t.Fatalf("inverted %v, error %v", inverted, err)
	}
	for i, want := range []byte{255, 255, 51, 255, 0, 204} {
		if got[i] != want {
			t.Errorf("value %d of [3, 1, 2] is %v, want %v", i, got[i], want)
		}
	}
}

// pngHeader returns the start of a PNG file that claims a size.
func pngHeader(width, height uint32) []byte {
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, width)
	chunk = binary.BigEndian.AppendUint32(chunk, height)
	chunk = append(chunk, 8, 0, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(file, chunk...), crc32.ChecksumIEEE(chunk))
}

// TestReadPictureFormats reads a red picture of 3×2 in the formats that the
// standard library has no encoder for, and a black pixel of WebP.
func TestReadPictureFormats(t *testing.T) {
	red := image.NewRGBA(image.Rect(0, 0, 3, 2))
	draw.Draw(red, red.Rect, image.NewUniform(color.RGBA{200, 10, 20, 255}), image.Point{}, draw.Src)
	var asBMP, asTIFF bytes.Buffer
	if err := errors.Join(bmp.Encode(&asBMP, red), tiff.Encode(&asTIFF, red, nil)); err != nil {
		t.Fatal(err)
	}
	asWebP, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		file []byte
		size image.Point
	}{{"bmp", asBMP.Bytes(), image.Pt(3, 2)}, {"tiff", asTIFF.Bytes(), image.Pt(3, 2)}, {"webp", asWebP, image.Pt(1, 1)}} {
		path := filepath.Join(t.TempDir(), "picture") // the content decides, not the name
		if err := os.WriteFile(path, test.file, 0o644); err != nil {
			t.Fatal(err)
		}
		picture, err := ReadPicture(path)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		r, g, b, _ := picture.At(0, 0).RGBA()
		if picture.Bounds().Size() != test.size || test.size.X == 3 && (r>>8 != 200 || g>>8 != 10 || b>>8 != 20) {
			t.Errorf("%s: %v, first pixel %d %d %d", test.name, picture.Bounds(), r>>8, g>>8, b>>8)
		}
	}
	if _, err := ReadPicture(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestReadPixelsErrors(t *testing.T) {
	good := pngOf(ring(20, color.Black, color.White))
	for _, test := range []struct {
		name                    string
		file                    []byte
		channels, height, width int
		want                    string
	}{
		{"empty", nil, 1, 28, 28, "found an empty file"},
		{"text", []byte("hello"), 1, 28, 28, "PNG, JPEG, GIF"},
		{"start only", good[:12], 1, 28, 28, "size of a PNG picture"},
		{"cut", good[:len(good)-30], 1, 28, 28, "decoding a picture of 20×20"},
		{"too wide", pngHeader(1<<16, 1), 1, 28, 28, "found 65536×1 "},
		{"too large", pngHeader(1<<14, 1<<14), 1, 28, 28, "found 16384×16384 "},
		{"says more than it holds", pngHeader(1<<13, 1<<13), 1, 28, 28, "at least 65027 bytes for a picture of 8192×8192"},
		{"two channels", good, 2, 28, 28, "1 or 3 channels, found 2"},
		{"no height", good, 1, 0, 28, "found 0×28"},
		{"huge width", good, 1, 28, 1 << 30, "found 28×1073741824"},
	} {
		path := filepath.Join(t.TempDir(), "picture")
		if err := os.WriteFile(path, test.file, 0o644); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ReadPixels(path, test.channels, test.height, test.width)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q and the path", test.name, err, test.want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: took %d bytes of memory", test.name, used)
		}
	}
	if _, err := ReadPixels(filepath.Join(t.TempDir(), "none"), 1, 28, 28); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// withOrientation returns a PNG file that says an EXIF orientation.
func withOrientation(file []byte, orientation byte) []byte {
	exif := []byte("\x00\x00\x00\x16eXIfMM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00")
	exif[len(exif)-3] = orientation
	exif = binary.BigEndian.AppendUint32(exif, crc32.ChecksumIEEE(exif[4:]))
	const header = 33
	return append(append(bytes.Clone(file[:header]), exif...), file[header:]...)
}

// waves is a picture without symmetries, whose bounds do not begin at (0, 0).
func waves(width, height int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(3, 5, 3+width, 5+height))
	for i := range width * height {
		x, y := i%width, i/width
		picture.SetRGBA(3+x, 5+y, color.RGBA{byte(8 * x), byte(12 * y), byte(5*x + 3*y), 255})
	}
	return picture
}

// TestCover: the middle of a wide or a tall picture, scaled.
func TestCover(t *testing.T) {
	for _, test := range []struct {
		picture, size image.Point
		left, top     int // cut off on either side
	}{
		{image.Pt(30, 20), image.Pt(10, 10), 5, 0},
		{image.Pt(20, 30), image.Pt(10, 10), 0, 5},
		{image.Pt(21, 12), image.Pt(12, 12), 5, 0}, // it takes 11 of 21
		{image.Pt(20, 30), image.Pt(4, 8), 3, 0},   // 14 of 20
		{image.Pt(20, 30), image.Pt(8, 4), 0, 10},
		{image.Pt(20, 30), image.Pt(10, 15), 0, 0},
		{image.Pt(6, 4), image.Pt(12, 12), 1, 0}, // smaller than the input
		{image.Pt(40, 1), image.Pt(7, 7), 19, 0}, // no narrower than 2
		{image.Pt(1, 41), image.Pt(9, 3), 0, 20},
		{image.Pt(10, 8), image.Pt(8, 8), 1, 0}, // not scaled
	} {
		picture := waves(test.picture.X, test.picture.Y)
		part := picture.Bounds()
		part.Min, part.Max = part.Min.Add(image.Pt(test.left, test.top)), part.Max.Sub(image.Pt(test.left, test.top))
		for _, channels := range []int{1, 3} {
			want, err := Stretch(picture.SubImage(part), channels, test.size.Y, test.size.X)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Cover(picture, channels, test.size.Y, test.size.X)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v on %v: %v (%v), want %v", test.picture, test.size, got, err, want)
			}
		}
	}
	if _, err := Cover(waves(3, 2), 2, 4, 4); err == nil || !strings.Contains(err.Error(), "1 or 3 channels, found 2") {
		t.Errorf("two channels: error %v", err)
	}
}

// TestCoverTurned: a file is covered as the upright picture is, however it is stored.
func TestCoverTurned(t *testing.T) {
	for orientation := byte(1); orientation <= 8; orientation++ {
		for _, stored := range []image.Point{{31, 12}, {12, 31}} {
			file := withOrientation(pngOf(waves(stored.X, stored.Y)), orientation)
			upright, err := DecodePicture(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range [][2]int{{8, 8}, {6, 9}, {40, 7}} {
				want, err := Cover(upright, 3, size[0], size[1])
				if err != nil {
					t.Fatal(err)
				}
				got, err := decodePixels(bytes.NewReader(file), 3, size[0], size[1], true)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if d := int(got[i]) - int(want[i]); d < -1 || d > 1 {
						t.Fatalf("orientation %d, %v to %v: value %d is %d, want %d", orientation, stored, size, i, got[i], want[i])
					}
				}
			}
		}
	}
}

// TestReadTurned: a picture that is stored turned left is read as the upright one,
// whatever it is read for.
func TestReadTurned(t *testing.T) {
	upright, stored := image.NewRGBA(image.Rect(0, 0, 30, 20)), image.NewRGBA(image.Rect(0, 0, 20, 30))
	for y := range 20 {
		for x := range 30 {
			c := color.RGBA{byte(8 * x), byte(12 * y), 40, 255}
			upright.SetRGBA(x, y, c)
			stored.SetRGBA(y, 29-x, c)
		}
	}
	file := withOrientation(pngOf(stored), 6)
	paths := []string{filepath.Join(t.TempDir(), "upright"), filepath.Join(t.TempDir(), "turned")}
	if err := errors.Join(os.WriteFile(paths[0], pngOf(upright), 0o644), os.WriteFile(paths[1], file, 0o644)); err != nil {
		t.Fatal(err)
	}
	config, err := pictureConfig(bytes.NewReader(file))
	if err != nil || config.Width != 30 || config.Height != 20 {
		t.Errorf("pictureConfig: %d×%d, %v", config.Width, config.Height, err)
	}
	picture, err := ReadPicture(paths[1])
	if err != nil || !bytes.Equal(picture.(*image.RGBA).Pix, upright.Pix) {
		t.Errorf("ReadPicture: %v", err)
	}
	for _, size := range [][2]int{{20, 30}, {7, 11}, {28, 28}} {
		want, err := ReadPixels(paths[0], 3, size[0], size[1])
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadPixels(paths[1], 3, size[0], size[1])
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if d := int(got[i]) - int(want[i]); d < -1 || d > 1 {
				t.Fatalf("%v: value %d is %d, want %d", size, i, got[i], want[i])
			}
		}
	}
}

// TestScalingMemory: what is announced for a tall picture suffices.
func TestScalingMemory(t *testing.T) {
	tall := image.NewGray(image.Rect(0, 0, 100, 20000))
	file := pngOf(tall)
	header, err := picture.Open(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	announced := header.Memory + scalingMemory(image.Pt(56, 28), tall.Rect.Size())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = decodeScaled(bytes.NewReader(file), 56, 28, false)
	runtime.ReadMemStats(&after)
	if used := int64(after.TotalAlloc - before.TotalAlloc); err != nil || used > announced {
		t.Errorf("took %d bytes, announced %d, error %v", used, announced, err)
	}
	if _, err := decodeScaled(bytes.NewReader(file), 4096, 28, false); err == nil || !strings.Contains(err.Error(), "1073741824 bytes") {
		t.Errorf("to a width of 4096, which needs gigabytes: %v", err)
	}
}
