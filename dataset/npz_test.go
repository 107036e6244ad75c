package dataset

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// npy returns an array as NumPy stores it.
func npy(kind, shape string, content []byte) []byte {
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", kind, shape)
	header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
	out := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	return append(append(out, header...), content...)
}

func writeNPZ(t testing.TB, arrays map[string][]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.npz")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z := zip.NewWriter(file)
	for name, content := range arrays {
		w, err := z.Create(name + ".npy")
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadNPZ(t *testing.T) {
	le := binary.LittleEndian
	arrays, err := ReadNPZ(writeNPZ(t, map[string][]byte{
		"bytes":  npy("|u1", "(2, 3)", []byte{0, 1, 2, 253, 254, 255}),
		"floats": npy("<f4", "(2,)", le.AppendUint32(le.AppendUint32(nil, 0x3f800000), 0xc0000000)),
		"double": npy("<f8", "()", le.AppendUint64(nil, 0x3fe0000000000000)),
		"signed": npy("<i8", "(1, 1)", le.AppendUint64(nil, ^uint64(6))),
		"empty":  npy("<i4", "(0, 5)", nil),
		"half":   npy("<f2", "(6,)", []byte{0, 0x3c, 0, 0xc0, 0xff, 0x7b, 1, 0, 0, 0, 0, 0x7c}),
		"big":    npy(">f4", "(2,)", []byte{0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0}),
		"big i2": npy(">i2", "(2,)", []byte{1, 2, 0xff, 0xff}),
		"big f2": npy(">f2", "(2,)", []byte{0x3c, 0, 0xc0, 0}),
		"big f8": npy(">f8", "(1,)", []byte{0x3f, 0xe0, 0, 0, 0, 0, 0, 0}),
		"big i8": npy(">i8", "(1,)", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf9}),
		"u2":     npy("<u2", "(1,)", []byte{1, 0xff}),
		"u4":     npy("<u4", "(1,)", []byte{0, 0, 0, 0x80}),
		"i4":     npy("<i4", "(1,)", []byte{0, 0, 0, 0x80}),
		"u8":     npy("<u8", "(1,)", []byte{0, 0, 0, 0, 0, 0, 0, 0x80}),
		"bools":  npy("|b1", "(2,)", []byte{1, 0}),
		// numpy.asfortranarray(a).ravel("K") is 0 to 11 for the a of these values
		"fortran": bytes.Replace(npy("|i1", "(2, 3, 2)", []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}), []byte("False"), []byte("True "), 1),
	}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Array{
		"bytes":   {Shape: []int{2, 3}, Values: []float32{0, 1, 2, 253, 254, 255}, Bytes: true},
		"floats":  {Shape: []int{2}, Values: []float32{1, -2}},
		"double":  {Values: []float32{0.5}},
		"signed":  {Shape: []int{1, 1}, Values: []float32{-7}},
		"empty":   {Shape: []int{0, 5}},
		"half":    {Shape: []int{6}, Values: []float32{1, -2, 65504, 1. / (1 << 24), 0, float32(math.Inf(1))}},
		"big":     {Shape: []int{2}, Values: []float32{1, -2}},
		"big i2":  {Shape: []int{2}, Values: []float32{258, -1}},
		"big f2":  {Shape: []int{2}, Values: []float32{1, -2}},
		"big f8":  {Shape: []int{1}, Values: []float32{0.5}},
		"big i8":  {Shape: []int{1}, Values: []float32{-7}},
		"u2":      {Shape: []int{1}, Values: []float32{0xff01}},
		"u4":      {Shape: []int{1}, Values: []float32{1 << 31}},
		"i4":      {Shape: []int{1}, Values: []float32{-1 << 31}},
		"u8":      {Shape: []int{1}, Values: []float32{1 << 63}},
		"bools":   {Shape: []int{2}, Values: []float32{1, 0}},
		"fortran": {Shape: []int{2, 3, 2}, Values: []float32{0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11}},
	} {
		if got := arrays[name]; !slices.Equal(got.Shape, want.Shape) || !slices.Equal(got.Values, want.Values) || got.Bytes != want.Bytes {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestReadNPZRefuses(t *testing.T) {
	for want, content := range map[string][]byte{
		"expected the header":          []byte("hello, world"),
		"expected a type and a shape":  npy("object", "(1,)", nil),
		"too large":                    npy("<f4", "(65536, 65536)", nil),
		"expected 1000000000 elements": npy("<f4", "(1000000000,)", []byte{1, 2, 3}),
		"numbers names of classes":     npy("<U3", "(1,)", make([]byte, 12)),
		"elements of type |O":          npy("|O", "(1,)", make([]byte, 12)),
		"numpy.stack(list)":            npy("|O", "(1,)", make([]byte, 12)),
		"elements of type <f16":        npy("<f16", "(1,)", make([]byte, 16)),
		"found more bytes":             npy("<f4", "(1,)", make([]byte, 5)),
		"elements of type <c8":         npy("<c8", "(1,)", make([]byte, 8)),
	} {
		_, err := ReadNPZ(writeNPZ(t, map[string][]byte{"x": content}))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "array x") {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if _, err := ReadNPZ(writeNPZ(t, nil)); err == nil {
		t.Error("a file without arrays is accepted")
	}
}

// TestReadNPZHostile has a flipped bit, and arrays that are larger than the file can
// hold.
func TestReadNPZHostile(t *testing.T) {
	array := npy("|u1", "(4,)", []byte{1, 2, 3, 4})
	write := func(h zip.FileHeader, content []byte) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		h.Name = "x.npy"
		w, err := z.CreateRaw(&h)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "data.npz")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	size := uint64(len(array))
	stored := zip.FileHeader{CRC32: crc32.ChecksumIEEE(array), CompressedSize64: size, UncompressedSize64: size}
	if a, err := ReadNPZ(write(stored, array)); err != nil || len(a["x"].Values) != 4 {
		t.Errorf("%v, %v", a, err)
	}
	if _, err := ReadNPZ(write(stored, flipped(array, -1))); !errors.Is(err, zip.ErrChecksum) {
		t.Errorf("a flipped bit: %v", err)
	}
	stored.UncompressedSize64 = 1 << 30
	if _, err := ReadNPZ(write(stored, array)); err == nil || !strings.Contains(err.Error(), "arrays of 1073741824 bytes or more can't be in a file of") {
		t.Errorf("a bomb: %v", err)
	}
}

func FuzzReadNPY(f *testing.F) {
	f.Add(npy("|u1", "(2, 3)", make([]byte, 6)))
	f.Add(npy("<f8", "(1000000000,)", nil))
	f.Fuzz(func(t *testing.T, content []byte) {
		a, err := readNPY(strings.NewReader(string(content)), int64(len(content)))
		if err == nil && len(a.Values) > len(content) {
			t.Fatal("more elements than bytes")
		}
	})
}
