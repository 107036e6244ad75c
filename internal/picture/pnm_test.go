package picture

import (
	"bytes"
	"image/color"
	"strings"
	"testing"
)

// TestPNM: all kinds, plain and raw, with comments, and any maximum.
func TestPNM(t *testing.T) {
	grey := func(values ...byte) (c []color.NRGBA) {
		for _, v := range values {
			c = append(c, color.NRGBA{v, v, v, 255})
		}
		return c
	}
	for name, test := range map[string]struct {
		file string
		want []color.NRGBA // of a row of 2 or so
	}{
		"P1":                      {"P1\n3 1\n1 0 1\n", grey(0, 255, 0)},
		"P1, no space":            {"P1 # a comment\n3 1\n101", grey(0, 255, 0)},
		"P2":                      {"P2\n2 1\n255\n0 200\n", grey(0, 200)},
		"P2, no line end":         {"P2 2 1 255 7 200", grey(7, 200)},
		"P2, comments":            {"P2 #one\n#two\n2 #three\n1\n# four\r255\n0#five\n 200", grey(0, 200)},
		"P2, maximum 15":          {"P2 2 1 15 15 7", grey(255, 119)},
		"P2, maximum 1000":        {"P2 2 1 1000 1000 500", grey(255, 128)},
		"P3":                      {"P3 2 1 255 1 2 3 4 5 6", []color.NRGBA{{1, 2, 3, 255}, {4, 5, 6, 255}}},
		"P4":                      {"P4\n3 1\n\xa0", grey(0, 255, 0)},
		"P5":                      {"P5\n2 1\n255\n\x00\xc8", grey(0, 200)},
		"P5, pixel like a space":  {"P5\n2 1\n255\n\n\xc8", grey(10, 200)},
		"P5, Windows' line ends":  {"P5\r\n2 1\r\n255\r\n\x05\xc8", grey(5, 200)},
		"P5, carriage return":     {"P5\n2 1\n255\r\n\xc8", grey(10, 200)},
		"P5, maximum 100":         {"P5\n2 1\n100\n\x64\x32", grey(255, 128)},
		"P5, 16 bits":             {"P5\n2 1\n65535\n\x01\x00\xff\xff", grey(1, 255)},
		"P5, maximum 256":         {"P5\n2 1\n256\n\x01\x00\x00\x80", grey(255, 128)},
		"P6":                      {"P6\n2 1\n255\n\x01\x02\x03\x04\x05\x06", []color.NRGBA{{1, 2, 3, 255}, {4, 5, 6, 255}}},
		"P6, 16 bits":             {"P6\n1 1\n65535\n\x01\x00\x02\x00\x03\x00", []color.NRGBA{{1, 2, 3, 255}}},
		"P5, two pictures":        {"P5\n2 1\n255\n\x00\xc8P5\n2 1\n255\n\x01\x02", grey(0, 200)},
		"PAM, bits":               {"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n\x00\x01", grey(0, 255)},
		"PAM, grey and alpha":     {"P7\n# comment\nHEIGHT 1\nWIDTH 2\nMAXVAL 255\nDEPTH 2\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n\x07\x80\x08\xff", []color.NRGBA{{7, 7, 7, 128}, {8, 8, 8, 255}}},
		"PAM, colours and alpha":  {"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nENDHDR\n\x01\x02\x03\x04", []color.NRGBA{{1, 2, 3, 4}}},
		"PAM, colours of 16 bits": {"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 65535\nENDHDR\n\x01\x00\x02\x00\x03\x00", []color.NRGBA{{1, 2, 3, 255}}},
	} {
		m := decoded(t, []byte(test.file))
		if m.Bounds().Dx() != len(test.want) || m.Bounds().Dy() != 1 {
			t.Errorf("%s: size %v", name, m.Bounds())
			continue
		}
		for x, want := range test.want {
			if got := at(m, x, 0); got != want {
				t.Errorf("%s: pixel %d is %v, want %v", name, x, got, want)
			}
		}
	}
}

func TestPNMErrors(t *testing.T) {
	for file, want := range map[string]string{
		"P5\n2 1\n255\n\x00":                       "at least 13 bytes for a picture of 2×1",
		"P2 2 1 255 7 ":                            "at least 14 bytes",
		"P2 2 1 255 7               ":              "cut short",
		"P2 2 1 100 7 101":                         "at most 100, found 101",
		"P5\n2 1\n100\n\x64\x65":                   "at most 100, found 101",
		"P1 2 1 02":                                "0 or 1 at byte 8",
		"P2 2 1 255 7 x":                           "number at byte 13",
		"P2 2 1 0 7 7":                             "maximum from 1 to 65535",
		"P2 2 1 65536 7 7":                         "maximum from 1 to 65535",
		"P2 -2 1 255 7 7":                          "number at byte 3",
		"P5 99999999999 1 255 7":                   "number at byte",
		"P5 60000 60000 255\n":                     "at most 134217728 in total",
		"P7\nWIDTH 2\nHEIGHT x\nENDHDR\n":          `found "HEIGHT x"`,
		"P7\nWIDTH 2\nHEIGHT 1\n":                  "EOF",
		"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nENDHDR\n": "1 to 4 samples",
		"P5": "EOF",
	} {
		f, err := Open(bytes.NewReader([]byte(file)))
		if err == nil {
			_, err = f.Decode()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", file, err, want)
		}
	}
}
