package table

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"github.com/deepfry/deepfry/internal/filekind"
)

const (
	// maxRecord bounds a row in bytes: a file may claim to be one endless line.
	maxRecord = 4 << 20
	// sampleBytes is what the guesses look at.
	sampleBytes = 64 << 10
)

var errRecord = fmt.Errorf("a row of more than %d MiB", maxRecord>>20)

// newInput unpacks what is gzipped, whatever it is called, and makes the text
// UTF-8 with line feeds at line ends, without the mark that some programs write
// at the beginning.
func newInput(r io.Reader, encoding string) (*bufio.Reader, error) {
	input := bufio.NewReaderSize(r, sampleBytes)
	if start, _ := input.Peek(2); string(start) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(input)
		if err != nil {
			return nil, err
		}
		input = bufio.NewReaderSize(unzipped, sampleBytes)
	}
	decoder, err := newDecoder(input, encoding)
	if err != nil {
		return nil, err
	}
	sample, err := input.Peek(sampleBytes)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if kind := filekind.Of(sample); decoder == nil && bytes.IndexByte(sample, 0) >= 0 && kind != "" {
		return nil, fmt.Errorf("expected a table as CSV or LIBSVM text, found %s", kind)
	}
	if decoder != nil && isUTF8(sample) {
		return nil, doubtf(ErrEncoding, "the text is UTF-8 and would be spoilt as %s", encoding)
	}
	text := &textReader{r: input, chunk: make([]byte, sampleBytes)}
	if decoder != nil {
		text.r, text.decoded = decoder.Reader(input), cmp.Or(encoding, "utf-16")
	}
	input = bufio.NewReaderSize(text, sampleBytes)
	sample, err = input.Peek(sampleBytes)
	switch {
	case errors.Is(err, ErrEncoding):
		return nil, fmt.Errorf("line %d: %w", 1+bytes.Count(sample, []byte("\n")), err)
	case err != nil && err != io.EOF:
		return nil, err
	case bytes.IndexByte(sample, 0) >= 0:
		zero := bytes.IndexByte(sample, 0)
		return nil, doubtf(ErrEncoding, "line %d: not a text in %s: it has a byte of 0, as damaged files and UTF-16 without its mark have", 1+bytes.Count(sample[:zero], []byte("\n")), cmp.Or(text.decoded, "UTF-8"))
	}
	return input, nil
}

// newDecoder returns nil for UTF-8. It skips a mark of UTF-8.
func newDecoder(input *bufio.Reader, name string) (*encoding.Decoder, error) {
	start, _ := input.Peek(3)
	marked := string(start) == "\xef\xbb\xbf"
	if marked {
		input.Discard(3)
	}
	switch {
	case name == "" && (bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff"))):
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder(), nil
	case name == "" || strings.EqualFold(name, "utf-8") || strings.EqualFold(name, "utf8"):
		return nil, nil
	}
	known, err := htmlindex.Get(name)
	if err != nil {
		return nil, doubtf(ErrEncoding, "there is no encoding %s; there are latin1, windows-1252, utf-16le, shift_jis and others", quote(name))
	}
	if marked {
		return nil, doubtf(ErrEncoding, "the text begins with the mark of UTF-8, and cannot be %s", name)
	}
	if strings.HasPrefix(strings.ToLower(name), "utf-16") {
		order := unicode.LittleEndian
		if strings.EqualFold(name, "utf-16be") {
			order = unicode.BigEndian
		}
		known = unicode.UTF16(order, unicode.UseBOM)
	}
	return known.NewDecoder(), nil
}

// isUTF8 tells whether a text has characters beyond ASCII as only UTF-8 writes
// them.
func isUTF8(sample []byte) bool {
	ascii := !bytes.ContainsFunc(sample, func(r rune) bool { return r >= utf8.RuneSelf })
	for cut := 0; !ascii && cut < utf8.UTFMax && cut < len(sample); cut++ { // the sample may end in a character
		if utf8.Valid(sample[:len(sample)-cut]) {
			return true
		}
	}
	return false
}

// textReader passes UTF-8 on, with a line feed for every line end: CR LF, or CR
// alone as old Macintoshes wrote it. It fails at what is not UTF-8, behind the
// text before.
type textReader struct {
	r       io.Reader
	decoded string // the encoding that r decodes; it writes U+FFFD for what it can't
	chunk   []byte
	ready   []byte            // of the chunk, to be passed on
	begun   [utf8.UTFMax]byte // a character that the last chunk has the beginning of
	bytes   int               // of it
	last    []byte            // some bytes before the chunk
	cr      bool              // the last chunk ended with a CR
	err     error
}

func (t *textReader) Read(p []byte) (int, error) {
	for len(t.ready) == 0 && t.err == nil {
		t.fill()
	}
	n := copy(p, t.ready)
	t.ready = t.ready[n:]
	if n > 0 {
		return n, nil
	}
	return 0, t.err
}

// fill reads a chunk.
func (t *textReader) fill() {
	copy(t.chunk, t.begun[:t.bytes])
	n, err := t.r.Read(t.chunk[t.bytes:])
	data := t.chunk[:t.bytes+n]
	t.bytes, t.err = 0, err
	for k := 1; k < utf8.UTFMax && k <= len(data) && err == nil; k++ {
		if last := data[len(data)-k:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				t.bytes = copy(t.begun[:], last)
				data = data[:len(data)-k]
			}
			break
		}
	}
	if bad := t.bad(data); bad >= 0 {
		if err == nil || err == io.EOF {
			t.err = t.refuse(append(t.last, data[:bad]...), data[bad])
		}
		data = data[:bad]
	}
	if n := len(data); n > 0 {
		t.last = append(t.last[:0], data[max(0, n-maxBefore):]...)
	}
	t.ready = t.lineFeeds(data)
}

// bad returns the place of the first byte that cannot be read, or -1.
func (t *textReader) bad(data []byte) int {
	if t.decoded != "" {
		return bytes.Index(data, []byte("\uFFFD"))
	}
	if utf8.Valid(data) {
		return -1
	}
	i := 0
	for {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
}

// maxBefore bounds what an error shows of the line before a byte.
const maxBefore = 20

// refuse says what stands before a byte that cannot be read.
func (t *textReader) refuse(before []byte, bad byte) error {
	before = before[bytes.LastIndexAny(before, "\r\n")+1:]
	place := "at the line's beginning"
	if n := len(before); n > 0 {
		place = "behind " + strconv.Quote(strings.ToValidUTF8(string(before[max(0, n-maxBefore):]), ""))
	}
	if t.decoded != "" {
		return doubtf(ErrEncoding, "not a text in %s, %s", t.decoded, place)
	}
	return doubtf(ErrEncoding, "not a text in UTF-8: the byte 0x%X %s", bad, place)
}

// lineFeeds makes all line ends line feeds, in place.
func (t *textReader) lineFeeds(data []byte) []byte {
	if t.cr && len(data) > 0 {
		if data[0] == '\n' {
			data = data[1:] // its line feed is passed on already
		}
		t.cr = false
	}
	first := bytes.IndexByte(data, '\r')
	if first < 0 {
		return data
	}
	t.cr = data[len(data)-1] == '\r'
	kept := data[:first]
	for i := first; i < len(data); i++ {
		switch {
		case data[i] != '\r':
			kept = append(kept, data[i])
		case i+1 == len(data) || data[i+1] != '\n':
			kept = append(kept, '\n')
		}
	}
	return kept
}

// sampleLines returns the whole lines at the beginning of the input, or the
// words at the beginning of a line that is very long.
func sampleLines(input *bufio.Reader) []byte {
	sample, err := input.Peek(sampleBytes)
	if err != nil {
		return sample // it is all
	}
	for _, ends := range []string{"\n", " \t"} {
		if end := bytes.LastIndexAny(sample, ends); end >= 0 {
			return sample[:end+1]
		}
	}
	return sample
}
