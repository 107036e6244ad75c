package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
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
		{"label 10", images, idxLabels(2, []byte{3, 10}), true, []string{"offset 9", "less than 10", "found 10"}},
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
	data, _, _, err := r.images()
	return data, err
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
	for _, file := range [][]byte{images, labels, gzipped(images), gzipped(labels), images[:20], idxImages(1<<31, 1, 1, nil)} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		// What is accepted has exactly one way to be written.
		plain := file
		if z, err := gzip.NewReader(bytes.NewReader(file)); err == nil {
			plain, _ = io.ReadAll(io.LimitReader(z, 1<<26))
		}
		if r, err := newIDXReader(bytes.NewReader(file), int64(len(file))); err == nil {
			data, height, width, err := r.images()
			if err == nil && !bytes.Equal(idxImages(uint32(len(data)/height/width), uint32(height), uint32(width), data), plain) {
				t.Errorf("%d images of %d×%d from %q", len(data)/height/width, height, width, plain)
			}
		}
		if r, err := newIDXReader(bytes.NewReader(file), int64(len(file))); err == nil {
			data, err := r.labels()
			if err == nil && !bytes.Equal(idxLabels(uint32(len(data)), data), plain) {
				t.Errorf("labels %v from %q", data, plain)
			}
		}
	})
}
