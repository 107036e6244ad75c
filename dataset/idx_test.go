package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func idxImages(count, height, width uint32, pixels []byte) []byte {
	var file []byte
	for _, number := range []uint32{imagesMagic, count, height, width} {
		file = binary.BigEndian.AppendUint32(file, number)
	}
	return append(file, pixels...)
}

func idxLabels(count uint32, labels []byte) []byte {
	file := binary.BigEndian.AppendUint32(nil, labelsMagic)
	return append(binary.BigEndian.AppendUint32(file, count), labels...)
}

// pixels returns n different bytes.
func pixels(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 37)
	}
	return p
}

func gzipped(content []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(content) // never fails
	z.Close()
	return b.Bytes()
}

// flipped returns content with one byte changed; -1 is the last.
func flipped(content []byte, i int) []byte {
	content = bytes.Clone(content)
	content[(i+len(content))%len(content)] ^= 0xff
	return content
}

func TestReadIDXErrors(t *testing.T) {
	images, labels := idxImages(2, 2, 3, pixels(12)), idxLabels(2, []byte{3, 9})
	z := gzipped(images)
	for _, test := range []struct {
		name           string
		images, labels []byte
		inLabels       bool // which file is at fault
		want           []string
	}{
		{"empty file", nil, labels, false, []string{"offset 0", "too short", "magic number"}},
		{"labels for images", labels, labels, false, []string{"offset 0", "0x00000803", "found 0x00000801"}},
		{"images for labels", images, images, true, []string{"offset 0", "0x00000801", "found 0x00000803"}},
		{"other type", flipped(images, 2), labels, false, []string{"offset 0", "found 0x0000f703"}},
		{"header cut", images[:10], labels, false, []string{"offset 10", "too short", "height", "found 2"}},
		{"no images", idxImages(0, 2, 3, nil), labels, false, []string{"offset 4", "at least one"}},
		{"height 0", idxImages(2, 0, 3, nil), labels, false, []string{"offset 8", "found 0"}},
		{"width huge", idxImages(2, 2, 4097, nil), labels, false, []string{"offset 12", "1 to 4096", "found 4097"}},
		{"set huge", idxImages(1<<32-1, 4096, 4096, nil), labels, false, []string{"offset 4", "at most", "found 4294967295 images"}},
		{"many claimed", idxImages(1<<31, 1, 1, pixels(5)), labels, false, []string{"offset 21", "expected 2147483648 bytes of pixels", "found 5"}},
		{"pixels cut", images[:27], labels, false, []string{"offset 27", "expected 12 bytes of pixels from offset 16 on, found 11"}},
		{"pixels extra", append(bytes.Clone(images), 0), labels, false, []string{"offset 28", "expected the end of the file, found more bytes"}},
		{"labels cut", images, labels[:9], true, []string{"offset 9", "expected 2 bytes of labels", "found 1"}},
		{"labels extra", images, append(bytes.Clone(labels), 1), true, []string{"offset 10", "expected the end of the file, found more bytes"}},
		{"label 100000", images, idxFile(0x0c, []int{2}, 3, 100_000), true, []string{"offset 12", "from 0 to 99999", "found 100000"}},
		{"label -1", images, idxFile(0x09, []int{2}, 3, -1), true, []string{"offset 9", "from 0 to 99999", "found -1"}},
		{"label 0.5", images, idxFile(0x0d, []int{2}, 3, 0.5), true, []string{"offset 12", "whole number", "found 0.5"}},
		{"label NaN", images, idxFile(0x0e, []int{2}, math.NaN(), 1), true, []string{"offset 8", "whole number", "found NaN"}},
		{"labels of two classes", images, idxFile(0x08, []int{2, 3}, 0, 1, 0, 1, 0, 1), true, []string{"offset 15", "single 1", "found [1 0 1] in a file of [2 3]"}},
		{"a page", []byte("<!DOCTYPE html>"), labels, false, []string{"offset 0", `"<!DO"`}},
		{"rows", idxFile(0x08, []int{2, 6}, make([]float64, 12)...), labels, false, []string{"offset 0", "0x00000803", "found 0x00000802"}},
		{"five dimensions", idxFile(0x08, []int{2, 1, 1, 2, 3}, make([]float64, 12)...), labels, false, []string{"offset 0", "4 dimensions"}},
		{"channels huge", idxFile(0x08, []int{2, 4097, 1, 1}), labels, false, []string{"offset 8", "number of channels", "found 4097"}},
		{"signed pixels", idxFile(0x09, []int{2, 1, 2}, 1, 2, 3, -1), labels, false, []string{"offset 19", "0 to 255", "found -1", "signed bytes"}},
		{"pixel 256", idxFile(0x0b, []int{2, 1, 2}, 1, 256, 3, 4), labels, false, []string{"offset 18", "found 256"}},
		{"pixel NaN", idxFile(0x0d, []int{2, 1, 2}, 1, 0, 0, math.NaN()), labels, false, []string{"offset 28", "found NaN"}},
		{"pixel Inf", idxFile(0x0e, []int{2, 1, 2}, 1, math.Inf(1), 0, 0), labels, false, []string{"offset 24", "found +Inf"}},
		{"normalized", idxFile(0x0d, []int{2, 1, 2}, 1, -0.42, 0, 1), labels, false, []string{"offset 20", "found -0.42", "undo a normalization"}},
		{"0 to 16", idxFile(0x0d, []int{2, 1, 2}, 1, 0, 0, 16), labels, false, []string{"none above 16", "from 0 to 1 or from 0 to 255"}},
		{"more labels", images, idxLabels(3, []byte{3, 9, 1}), true, []string{"offset 4", "expected 2 labels", "found 3"}},
		{"gzip header", flipped(z, 2), labels, false, []string{"offset 0", "gzip"}},
		{"gzip cut", z[:len(z)-12], labels, false, []string{"too short"}},
		{"gzip checksum", flipped(z, -8), labels, false, []string{"offset 28", "gzip: invalid checksum"}},
		{"gzip trailer", append(bytes.Clone(z), "something"...), labels, false, []string{"offset 28", "gzip"}},
		{"gzip many claimed", gzipped(idxImages(1<<31, 1, 1, pixels(5))), labels, false, []string{"offset 21", "found 5"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			paths := [2]string{filepath.Join(dir, "i"), filepath.Join(dir, "l")}
			for i, content := range [2][]byte{test.images, test.labels} {
				if err := os.WriteFile(paths[i], content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			_, err := ReadIDX(paths[0], paths[1])
			if err == nil {
				t.Fatal("no error")
			}
			at := paths[0]
			if test.inLabels {
				at = paths[1]
			}
			for _, want := range append(test.want, "dataset: "+at+": ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "too short") && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error %q does not wrap io.ErrUnexpectedEOF", err)
			}
		})
	}
}

func TestReadIDXNoFile(t *testing.T) {
	if _, err := ReadIDX(filepath.Join(t.TempDir(), "none"), ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func readImages(file []byte) ([]byte, error) {
	r, err := newIDXReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	n, err := r.images()
	return n.bytes, err
}

func TestReadIDXMemory(t *testing.T) {
	for _, file := range [][]byte{
		idxImages(1<<31, 1, 1, pixels(100)),
		gzipped(idxImages(1<<31, 1, 1, pixels(100))),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := readImages(file); err == nil {
			t.Error("no error")
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("a file of %d bytes took %d bytes of memory", len(file), used)
		}
	}
}

// TestReadIDXPieces reads a file that holds far more than its size suggests.
func TestReadIDXPieces(t *testing.T) {
	want := bytes.Repeat([]byte{1, 2, 3}, 1<<17)
	got, err := readImages(gzipped(idxImages(1<<17, 1, 3, want)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes of %d, error %v", len(got), len(want), err)
	}
}

func FuzzReadIDX(f *testing.F) {
	images, labels := idxImages(2, 2, 3, pixels(12)), idxLabels(2, []byte{3, 9})
	for _, file := range [][]byte{
		images, labels, gzipped(images), gzipped(labels), images[:20], idxImages(1<<31, 1, 1, nil),
		idxFile(0x0d, []int{2, 2, 2, 1}, 0, 1, 0.5, 0, 1, 1, 1, 0), idxFile(0x0c, []int{1, 8}, 5, 1, 2, 3, 53, 4, 0, 0), idxFile(0x0e, []int{2, 2}, 0, 1, 1, 0),
	} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		plain := file
		if z, err := gzip.NewReader(bytes.NewReader(file)); err == nil {
			plain, _ = io.ReadAll(io.LimitReader(z, 1<<26))
		}
		for name, read := range map[string]func(*idxReader) (numbers, error){"images": (*idxReader).images, "labels": (*idxReader).labels} {
			r, err := newIDXReader(bytes.NewReader(file), int64(len(file)))
			if err != nil {
				return
			}
			n, err := read(r)
			if err != nil {
				continue
			}
			elements := len(n.bytes) + len(n.values)
			if n.start+n.size*elements != len(plain) || n.start != 4+4*len(n.shape) || n.bytes != nil && !bytes.Equal(n.bytes, plain[n.start:]) {
				t.Errorf("%d %s of %v, of %d bytes each from offset %d on, in a file of %d bytes", elements, name, n.shape, n.size, n.start, len(plain))
			}
			if set, _, err := n.images(); err == nil && len(set.Pixels) != n.shape[0]*set.size() {
				t.Errorf("%d pixels for %v", len(set.Pixels), n.shape)
			}
			if labels, err := n.labels(n.shape[0]); err == nil && (len(labels) != n.shape[0] || slices.Min(labels) < 0 || slices.Max(labels) >= maxClasses) {
				t.Errorf("labels %v", labels)
			}
		}
	})
}

// idxFile writes an IDX file of a type and a shape.
func idxFile(kind byte, shape []int, values ...float64) []byte {
	file := []byte{0, 0, kind, byte(len(shape))}
	for _, n := range shape {
		file = binary.BigEndian.AppendUint32(file, uint32(n))
	}
	for _, v := range values {
		var element any
		switch kind {
		case 0x08:
			element = uint8(v)
		case 0x09:
			element = int8(v)
		case 0x0b:
			element = int16(v)
		case 0x0c:
			element = int32(v)
		case 0x0d:
			element = float32(v)
		case 0x0e:
			element = v
		}
		file, _ = binary.Append(file, binary.BigEndian, element) // numbers never fail
	}
	return file
}

// readIDXPair writes a pair of files and reads it.
func readIDXPair(t *testing.T, images, labels []byte) (*Images, error) {
	t.Helper()
	dir := writeFiles(t, map[string][]byte{"i": images, "l": labels})
	return ReadIDX(filepath.Join(dir, "i"), filepath.Join(dir, "l"))
}

func TestReadIDXTypes(t *testing.T) {
	whole := []float64{0, 100, 7, 127}
	labels := idxLabels(2, []byte{0, 3})
	for name, test := range map[string]struct {
		images []byte
		want   []byte
	}{
		"signed bytes": {idxFile(0x09, []int{2, 1, 2}, whole...), []byte{0, 100, 7, 127}},
		"int16":        {idxFile(0x0b, []int{2, 1, 2}, 0, 255, 1, 2), []byte{0, 255, 1, 2}},
		"int32":        {idxFile(0x0c, []int{2, 1, 2}, whole...), []byte{0, 100, 7, 127}},
		"float32":      {idxFile(0x0d, []int{2, 1, 2}, 0, 1, 0.5, 0.2), []byte{0, 255, 128, 51}},
		"float64":      {idxFile(0x0e, []int{2, 1, 2}, 0, 255, 99.6, 0.5), []byte{0, 255, 100, 1}},
		"float black":  {idxFile(0x0e, []int{2, 1, 2}, 0, 0, 0, 0), []byte{0, 0, 0, 0}},
	} {
		set, err := readIDXPair(t, test.images, labels)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(set.Pixels, test.want) || set.Channels != 1 || set.Height != 1 || set.Width != 2 || len(set.Classes) != 4 || set.check() != nil {
			t.Errorf("%s: %+v", name, set)
		}
	}
	// Labels of all types.
	images := idxImages(2, 1, 2, pixels(4))
	for kind := range idxTypes {
		set, err := readIDXPair(t, images, idxFile(kind, []int{2}, 1, 26))
		if err != nil || !slices.Equal(set.Labels, []int32{1, 26}) || len(set.Classes) != 27 || set.Classes[26] != "26" {
			t.Errorf("labels of type %#x: %+v, %v", kind, set, err)
		}
	}
	for name, file := range map[string][]byte{
		"a column":   idxFile(0x0c, []int{2, 1}, 5, 2),
		"one-hot":    idxFile(0x0d, []int{2, 6}, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0),
		"one-hot, 8": idxFile(0x0c, []int{2, 8}, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0),
		"QMNIST":     idxFile(0x0c, []int{2, 8}, 5, 1, 100, 2, 53, 0, 0, 0, 2, 0, 100, 2, 50, 1, 0, 0),
	} {
		if set, err := readIDXPair(t, images, file); err != nil || !slices.Equal(set.Labels, []int32{5, 2}) {
			t.Errorf("labels as %s: %+v, %v", name, set, err)
		}
	}
	if _, err := readIDXPair(t, images, idxFile(0x0b, []int{2, 8}, 5, 1, 100, 2, 53, 0, 0, 0, 2, 0, 100, 2, 50, 1, 0, 0)); err == nil {
		t.Error("rows of 8 numbers that are not QMNIST's were read")
	}
}

func TestReadIDXChannels(t *testing.T) {
	content := make([]float64, 2*3*4*5)
	for i := range content {
		content[i] = float64(i)
	}
	labels := idxLabels(2, []byte{0, 1})
	for _, test := range []struct {
		shape, want []int
		second      byte // the second pixel
	}{
		{[]int{2, 3, 4, 5}, []int{3, 4, 5}, 1},
		{[]int{2, 4, 5, 3}, []int{3, 4, 5}, 3}, // channels last
		{[]int{2, 1, 12, 5}, []int{1, 12, 5}, 1},
		{[]int{2, 12, 5, 1}, []int{1, 12, 5}, 1},
		{[]int{2, 5, 2, 6}, []int{5, 2, 6}, 1},
		{[]int{2, 5, 3, 4}, []int{4, 5, 3}, 4},
	} {
		set, err := readIDXPair(t, idxFile(0x08, test.shape, content...), labels)
		if err != nil || !slices.Equal([]int{set.Channels, set.Height, set.Width}, test.want) || set.Pixels[1] != test.second {
			t.Errorf("%v: %+v, %v", test.shape, set, err)
		}
	}
}
