// Package filekind tells what kind of file something is by its first bytes, so that
// errors can name what was given in the place of what was wanted.
package filekind

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// Kinds that Deepfry reads. Of returns words for many others.
const (
	Safetensors = "a safetensors file"
	ONNX        = "an ONNX model"
	NPZ         = "a NumPy archive (.npz)"
	NPY         = "a NumPy array (.npy)"
	IDX         = "an IDX file, such as MNIST's"
	Table       = "a table as text, such as CSV"
	Text        = "a text file"
	Gzip        = "a gzip file"
	Empty       = "an empty file"
	Folder      = "a folder"
)

// signatures are the bytes that files of a kind have at a place. The first that fits
// counts.
var signatures = []struct {
	at    int
	bytes string
	kind  string
}{
	{0, "\x89PNG\r\n\x1a\n", "a PNG picture"},
	{0, "\xff\xd8\xff", "a JPEG picture"},
	{0, "GIF8", "a GIF picture"},
	{8, "WEBP", "a WebP picture"},
	{0, "II*\x00", "a TIFF picture"},
	{0, "MM\x00*", "a TIFF picture"},
	{4, "ftypavif", "an AVIF picture"},
	{4, "ftyphei", "a HEIC picture"},
	{4, "ftypmif1", "a HEIC picture"},
	{4, "ftyp", "a video (MP4)"},
	{0, "%PDF", "a PDF document"},
	{0, "\x89HDF\r\n\x1a\n", "an HDF5 file, such as Keras writes"},
	{0, "GGUF", "a GGUF model"},
	{4, "TFL3", "a TensorFlow Lite model"},
	{0, "\x93NUMPY", NPY},
	{0, "\x1f\x8b", Gzip},
	{0, "BZh", "a bzip2 file"},
	{0, "\xfd7zXZ\x00", "an xz file"},
	{0, "\x28\xb5\x2f\xfd", "a Zstandard file"},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{257, "ustar", "a tar archive"},
	{0, "PAR1", "a Parquet table"},
	{0, "ARROW1", "an Arrow table"},
	{0, "SQLite format 3\x00", "an SQLite database"},
	{0, "MATLAB 5.0", "a MATLAB file"},
	{0, "\x7fELF", "a program"},
	{0, "MZ\x90\x00", "a program"},
	{0, "\xff\xfe", "a text file in UTF-16"},
	{0, "\xfe\xff", "a text file in UTF-16"},
	{0, "version https://git-lfs", "a pointer of Git LFS in the place of a file (git lfs pull fetches it)"},
}

// HeadLength is how many bytes Of looks at.
const HeadLength = 512

// Of returns words for the kind of file that content is the beginning of, or all: at
// least HeadLength bytes, if the file has them. It returns "" for what it does not know.
func Of(content []byte) string {
	head := content[:min(len(content), HeadLength)]
	if len(head) == 0 {
		return Empty
	}
	if isSafetensors(head) { // whose length may begin as another kind's signature
		return Safetensors
	}
	for _, s := range signatures {
		if len(head) >= s.at && bytes.HasPrefix(head[s.at:], []byte(s.bytes)) {
			return s.kind
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return zipKind(head)
	case bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return "an empty zip archive"
	case isONNX(head):
		return ONNX
	case len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5:
		return "a Python pickle, such as old PyTorch files are"
	case len(head) >= 14 && string(head[:2]) == "BM" && binary.LittleEndian.Uint32(head[6:]) == 0:
		return "a BMP picture"
	case len(head) > 2 && head[0] == 'P' && head[1] >= '1' && head[1] <= '7' && strings.IndexByte(" \t\r\n", head[2]) >= 0:
		return "a PNM picture"
	case len(head) > 3 && head[0] == 0 && head[1] == 0 && head[2] >= 8 && head[2] <= 14 && head[3] >= 1 && head[3] <= 4:
		return IDX
	case isText(head):
		return textKind(string(head))
	}
	return ""
}

// OfFile is Of for a file, or Folder.
func OfFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return Folder, nil
	}
	head := make([]byte, HeadLength)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	return Of(head[:n]), nil
}

// isSafetensors looks for the length of a header, 8 bytes, and its beginning.
func isSafetensors(head []byte) bool {
	return len(head) > 8 && binary.LittleEndian.Uint64(head) < 1<<32 && head[8] == '{'
}

// isONNX looks for ModelProto's first field, the version of the format, and the tag of
// another one that follows it: models are commonly written in this order.
func isONNX(head []byte) bool {
	return len(head) > 2 && head[0] == 0x08 && head[1] > 0 && head[1] < 0x80 && strings.IndexByte("\x12\x1a\x22\x28\x32\x3a\x42\x72", head[2]) >= 0
}

// zipKind goes by the name of the archive's first file.
func zipKind(head []byte) string {
	if len(head) < 30 {
		return "a zip archive"
	}
	name := string(head[30:min(len(head), 30+int(binary.LittleEndian.Uint16(head[26:])))])
	switch {
	case strings.HasSuffix(name, ".npy"):
		return NPZ
	case strings.HasSuffix(name, "/data.pkl") || strings.HasSuffix(name, "/version") || strings.HasSuffix(name, "/byteorder") || strings.HasSuffix(name, "/.format_version"):
		return "a PyTorch file (.pt)"
	case name == "[Content_Types].xml" || strings.HasPrefix(name, "_rels/"):
		return "an Office document, such as an Excel table"
	case name == "metadata.json" || name == "config.json":
		return "a Keras file"
	}
	return "a zip archive"
}

// isText tells whether a head is UTF-8 without control characters, of which the last
// letter may be cut.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		if r == utf8.RuneError && size <= 1 {
			return !utf8.FullRune(head)
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' {
			return false
		}
		head = head[size:]
	}
	return true
}

func textKind(head string) string {
	trimmed := strings.ToLower(strings.TrimLeft(head, "\ufeff \t\r\n"))
	line, _, _ := strings.Cut(trimmed, "\n")
	switch {
	case strings.HasPrefix(trimmed, "<!doctype html") || strings.HasPrefix(trimmed, "<html"):
		return "a web page"
	case strings.HasPrefix(trimmed, "<?xml") || strings.HasPrefix(trimmed, "<svg"):
		return "an XML file, such as an SVG drawing"
	case strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "["):
		return "a JSON file"
	case strings.ContainsAny(line, ",;\t"):
		return Table
	}
	return Text
}
