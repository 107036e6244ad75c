package dataset

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
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
	}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Array{
		"bytes":  {[]int{2, 3}, []float32{0, 1, 2, 253, 254, 255}, true},
		"floats": {[]int{2}, []float32{1, -2}, false},
		"double": {nil, []float32{0.5}, false},
		"signed": {[]int{1, 1}, []float32{-7}, false},
		"empty":  {[]int{0, 5}, nil, false},
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
		"elements of type >f4":         npy(">f4", "(1,)", make([]byte, 4)),
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

func FuzzReadNPY(f *testing.F) {
	f.Add(npy("|u1", "(2, 3)", make([]byte, 6)))
	f.Add(npy("<f8", "(1000000000,)", nil))
	f.Fuzz(func(t *testing.T, content []byte) {
		a, err := readNPY(strings.NewReader(string(content)))
		if err == nil && len(a.Values) > len(content) {
			t.Fatal("more elements than bytes")
		}
	})
}
