package table

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/deepfry/deepfry/internal/filekind"
)

const (
	// maxRecord bounds a row in bytes: a file may claim to be one endless line.
	maxRecord = 4 << 20
	// sampleBytes is what the guesses look at.
	sampleBytes = 64 << 10
)

var errRecord = fmt.Errorf("a row of more than %d MiB", maxRecord>>20)

// newInput unpacks what is gzipped, whatever it is called, and skips the mark
// that some programs write at the beginning of UTF-8.
func newInput(r io.Reader) (*bufio.Reader, error) {
	input := bufio.NewReaderSize(r, sampleBytes)
	if start, _ := input.Peek(2); string(start) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(input)
		if err != nil {
			return nil, err
		}
		input = bufio.NewReaderSize(unzipped, sampleBytes)
	}
	if start, _ := input.Peek(3); string(start) == "\xef\xbb\xbf" {
		input.Discard(3)
	}
	sample, err := input.Peek(sampleBytes)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if bytes.IndexByte(sample, 0) >= 0 {
		if kind := filekind.Of(sample); kind != "" {
			return nil, fmt.Errorf("expected a table as CSV or LIBSVM text, found %s", kind)
		}
		return nil, errors.New("not a text file in UTF-8: it has bytes of 0")
	}
	return input, nil
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

// recordLimit is a reader that fails after maxRecord bytes since left was set.
type recordLimit struct {
	r    io.Reader
	left int
}

func (l *recordLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errRecord
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
