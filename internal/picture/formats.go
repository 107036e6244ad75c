package picture

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/deepfry/deepfry/internal/filekind"
)

// format is one that pictures are read from.
type format struct {
	name   string
	magics []string // how its files begin; ? is any byte
	open   func(data *io.SectionReader) (*File, error)
}

var formats = []format{
	{"PNG", []string{"\x89PNG\r\n\x1a\n"}, openPNG},
	{"JPEG", []string{"\xff\xd8"}, openJPEG},
	{"GIF", []string{"GIF87a", "GIF89a"}, openGIF},
	{"WebP", []string{"RIFF????WEBP"}, openWebP},
	{"TIFF", []string{"II*\x00", "MM\x00*"}, openTIFF},
	{"BMP", []string{"BM????\x00\x00\x00\x00"}, openBMP},
	{"PNM", []string{"P1", "P2", "P3", "P4", "P5", "P6", "P7\n", "P7\r\n"}, openPNM},
}

// formatOf returns nil for a file of none.
func formatOf(start []byte) *format {
	for i := range formats {
		for _, magic := range formats[i].magics {
			if hasMagic(start, magic) {
				return &formats[i]
			}
		}
	}
	return nil
}

func hasMagic(start []byte, magic string) bool {
	if len(start) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != start[i] {
			return false
		}
	}
	return true
}

// foreign are files that people take for pictures that can be read, by how they
// begin (? is any byte), and what to do with them.
var foreign = []struct{ magic, what string }{
	{"????ftypavi", "an AVIF picture: convert it to PNG or JPEG"},
	{"????ftyphe", "a HEIC (HEIF) picture: convert it to JPEG or PNG, or set the phone's camera to its most compatible format"},
	{"????ftypmif1", "a HEIF picture: convert it to JPEG or PNG"},
	{"????ftypmsf1", "a HEIF picture: convert it to JPEG or PNG"},
	{"????ftypcrx", "a camera's raw file (Canon CR3): develop it to JPEG, PNG or TIFF"},
	{"????ftypjp", "a JPEG 2000 picture: convert it to PNG or JPEG"},
	{"????ftyp", "a video (MP4 or its kin): take pictures out of it"},
	{"\x00\x00\x00\x0cJXL ", "a JPEG XL picture: convert it to PNG or JPEG"},
	{"\xff\x0a", "a JPEG XL picture: convert it to PNG or JPEG"},
	{"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture: convert it to PNG or JPEG"},
	{"\xff\x4f\xff\x51", "a JPEG 2000 picture: convert it to PNG or JPEG"},
	{"%PDF-", "a PDF document: render its page as PNG"},
	{"%!PS", "a PostScript document: render its page as PNG"},
	{"\xc5\xd0\xd3\xc6", "a PostScript document: render its page as PNG"},
	{"8BPS", "a Photoshop document: export it as PNG or JPEG"},
	{"gimp xcf", "a GIMP document: export it as PNG or JPEG"},
	{"FUJIFILMCCD-RAW", "a camera's raw file (Fujifilm RAF): develop it to JPEG, PNG or TIFF"},
	{"IIRO", "a camera's raw file (Olympus ORF): develop it to JPEG, PNG or TIFF"},
	{"IIRS", "a camera's raw file (Olympus ORF): develop it to JPEG, PNG or TIFF"},
	{"MMOR", "a camera's raw file (Olympus ORF): develop it to JPEG, PNG or TIFF"},
	{"IIU\x00", "a camera's raw file (Panasonic RW2): develop it to JPEG, PNG or TIFF"},
	{"FOVb", "a camera's raw file (Sigma X3F): develop it to JPEG, PNG or TIFF"},
	{"\x00MRM", "a camera's raw file (Minolta MRW): develop it to JPEG, PNG or TIFF"},
	{"II+\x00", "a BigTIFF picture: save it as TIFF of less than 4 GiB, or as PNG"},
	{"MM\x00+", "a BigTIFF picture: save it as TIFF of less than 4 GiB, or as PNG"},
	{"II\xbc\x01", "a JPEG XR picture: convert it to PNG or JPEG"},
	{"\x00\x00\x01\x00", "a Windows icon: convert it to PNG"},
	{"\x00\x00\x02\x00", "a Windows cursor: convert it to PNG"},
	{"PF\n", "a PFM picture of floating-point values: convert it to 16-bit PNG"},
	{"Pf\n", "a PFM picture of floating-point values: convert it to 16-bit PNG"},
	{"\x76\x2f\x31\x01", "an OpenEXR picture: convert it to 16-bit PNG"},
	{"#?RADIANCE", "a Radiance HDR picture: convert it to 16-bit PNG"},
	{"qoif", "a QOI picture: convert it to PNG"},
	{"AT&TFORM", "a DjVu document: render its page as PNG"},
	{"\x0a\x05\x01", "a PCX picture: convert it to PNG"},
	{"/* XPM */", "an XPM picture: convert it to PNG"},
	{"#define ", "an XBM picture or a C source file: convert it to PNG"},
	{"\x00\x05\x16\x07", "macOS's companion of a file (AppleDouble, its name begins with ._): take the file itself, this one can be deleted"},
	{"version https://git-lfs", "a pointer of Git LFS, not the file itself: run git lfs pull"},
	{"\x1f\x8b", "a gzip file: unpack it"},
	{"PK\x03\x04", "a ZIP archive: unpack it"},
	{"Rar!", "a RAR archive: unpack it"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it"},
	{"RIFF????AVI ", "a video (AVI): take pictures out of it"},
	{"\x1a\x45\xdf\xa3", "a video (Matroska or WebM): take pictures out of it"},
	{"\x93NUMPY", "a NumPy array: save it as PNG"},
}

// refusal is the error for a file that is of no format which can be read.
func refusal(start []byte) error {
	const wanted = "expected a PNG, JPEG, GIF, WebP, TIFF, BMP or PNM picture"
	if len(start) == 0 {
		return fmt.Errorf("%s, found an empty file: copy or download it again", wanted)
	}
	if what := nameOf(start); what != "" {
		return fmt.Errorf("%s, found %s", wanted, what)
	}
	if kind := filekind.Of(start); kind != "" {
		return fmt.Errorf("%s, found %s", wanted, kind)
	}
	return fmt.Errorf("%s, found a file that begins with %q", wanted, start[:min(8, len(start))])
}

// nameOf names a file by its beginning, and what to do with it, or returns "".
func nameOf(start []byte) string {
	if hasMagic(start, "????ftyp") && bytes.Contains(start[8:min(len(start), 64)], []byte("avif")) {
		return foreign[0].what // mif1 that is compatible with avif
	}
	for _, f := range foreign {
		if hasMagic(start, f.magic) {
			return f.what
		}
	}
	if len(start) > 132 && string(start[128:132]) == "DICM" {
		return "a DICOM picture: convert it to PNG"
	}
	text := strings.ToLower(strings.TrimLeft(strings.TrimPrefix(string(start), "\ufeff"), " \t\r\n"))
	switch {
	case strings.HasPrefix(text, "<svg"), strings.HasPrefix(text, "<?xml") && strings.Contains(text, "<svg"),
		strings.HasPrefix(text, "<!--") && strings.Contains(text, "<svg"), strings.HasPrefix(text, "<!doctype svg"):
		return "an SVG drawing: render it as PNG"
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"), strings.HasPrefix(text, "<head"),
		strings.Contains(text, "<html"):
		return "an HTML page, which a server may have sent in the picture's place: download the picture again"
	case strings.Trim(text, "\x00") == "" && len(start) > 0:
		return "zeros only: the file is damaged, copy or download it again"
	}
	return ""
}
