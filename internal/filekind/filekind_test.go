package filekind

import (
	"archive/zip"
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func zipped(t *testing.T, names ...string) string {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, name := range names {
		if _, err := w.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

func TestOf(t *testing.T) {
	var pngFile, jpegFile, gifFile bytes.Buffer
	picture := image.NewGray(image.Rect(0, 0, 2, 2))
	if png.Encode(&pngFile, picture) != nil || jpeg.Encode(&jpegFile, picture, nil) != nil || gif.Encode(&gifFile, picture, nil) != nil {
		t.Fatal("no pictures")
	}
	for _, c := range []struct{ content, want string }{
		{"", Empty},
		{pngFile.String(), "a PNG picture"},
		{jpegFile.String(), "a JPEG picture"},
		{gifFile.String(), "a GIF picture"},
		{"\x02\x00\x00\x00\x00\x00\x00\x00{}", Safetensors},
		{"\x08\x08\x12\x07pytorch", ONNX},
		{zipped(t, "x.npy", "y.npy"), NPZ},
		{zipped(t, "net/data.pkl", "net/data/0"), "a PyTorch file (.pt)"},
		{zipped(t, "cat.png"), "a zip archive"},
		{zipped(t), "an empty zip archive"},
		{"PK\x03\x04", "a zip archive"},
		{"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "a Python pickle, such as old PyTorch files are"},
		{"\x00\x00\x08\x03\x00\x00\xea\x60", IDX},
		{"\x1f\x8b\x08", Gzip},
		{"P5\n28 28\n255\n", "a PNM picture"},
		{"a,b\n1,2\n", Table},
		{"\ufeffa;b\n1;2\n", Table},
		{"hello\nworld, and all\n", Text},
		{strings.Repeat("x", 511) + "é", Text},
		{"<!DOCTYPE html><html>", "a web page"},
		{`{"a": 1}`, "a JSON file"},
		{"PARIS\n", Text},
		{"BMW,3\n", Table},
		{"\x00\x01\x02\x03", ""},
		{"\x80", ""},
		{"P", Text},
		{strings.Repeat("\x00", 257) + "ustar", "a tar archive"},
	} {
		if got := Of([]byte(c.content)); got != c.want {
			t.Errorf("%.20q is %q, want %q", c.content, got, c.want)
		}
	}
}

func TestOfFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "table")
	if err := os.WriteFile(path, []byte("a,b\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{path: Table, folder: Folder} {
		if got, err := OfFile(path); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", path, got, err, want)
		}
	}
	if _, err := OfFile(filepath.Join(folder, "none")); err == nil {
		t.Error("no file: no error")
	}
}

func FuzzOf(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, content []byte) { Of(content) })
}
