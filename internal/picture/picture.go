// Package picture decodes the files of pictures that people have: what their first
// picture looks like in a viewer, within stated memory, or an error that says what
// the file is.
package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"

	"golang.org/x/sync/semaphore"
)

// Limits, which bound what a hostile file can ask for.
const (
	MaxSide   = 1<<16 - 1 // pixels, JPEG's own limit
	MaxArea   = 1 << 27   // pixels
	MaxMemory = 1 << 30   // bytes that decoding one picture allocates, or several at a time
	maxStream = 1 << 29   // bytes of a file that can't be read at any offset, but is kept
)

// slack is the memory of whatever doesn't grow with a picture: buffers and tables.
const slack = 1 << 20

// A File is a picture whose header has been read.
type File struct {
	image.Config     // upright: of the picture as a viewer shows it
	Orientation  int // of EXIF, 1 to 8: how the decoded pixels have to be turned
	// Memory is the number of bytes that Decode needs at most, its result among them.
	Memory int64

	data   *io.SectionReader
	pixel  int64 // bytes of a pixel that has been turned
	least  int64 // bytes that the file of such a picture has at least
	decode func() (image.Image, error)
}

// Open reads the header of a picture. It does not bound the length of a file, but
// a stream that is no file is kept in memory and may have 512 MiB.
func Open(r io.Reader) (*File, error) {
	data, err := section(r)
	if err != nil {
		return nil, err
	}
	start := beginning(data)
	format := formatOf(start)
	if format == nil {
		return nil, refusal(start)
	}
	if _, err := data.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	f, err := format.open(data)
	if err != nil {
		return nil, fmt.Errorf("expected the size of a %s picture: %w", format.name, short(err))
	}
	f.data = data
	if f.Orientation == 0 {
		f.Orientation = 1
	}
	if transposed(f.Orientation) {
		f.Width, f.Height = f.Height, f.Width
	}
	return f, f.check()
}

// check fails where the size of a picture is unreasonable.
func (f *File) check() error {
	switch {
	case f.Width < 1 || f.Width > MaxSide || f.Height < 1 || f.Height > MaxSide || f.Width*f.Height > MaxArea:
		return fmt.Errorf("expected a picture of 1 to %d pixels on a side and at most %d in total, found %d×%d (width, height): scale it down",
			MaxSide, MaxArea, f.Width, f.Height)
	case f.Memory > MaxMemory:
		return fmt.Errorf("expected a picture that is decoded in at most %d bytes of memory, found %d×%d (width, height), which may take %d: scale it down",
			MaxMemory, f.Width, f.Height, f.Memory)
	case f.data.Size() < f.least:
		return fmt.Errorf("expected at least %d bytes for a picture of %d×%d (width, height), found %d: the file is cut short or damaged",
			f.least, f.Width, f.Height, f.data.Size())
	}
	return nil
}

// Decode returns the picture as it is stored, which [Upright] turns.
func (f *File) Decode() (image.Image, error) {
	if _, err := f.data.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	picture, err := f.decode()
	if err != nil {
		return nil, fmt.Errorf("decoding a picture of %d×%d: %w", f.Width, f.Height, short(err))
	}
	return picture, nil
}

// Transposed tells whether width and height are exchanged in what Decode returns.
func (f *File) Transposed() bool { return transposed(f.Orientation) }

// TurningMemory returns the number of bytes that [Upright] needs.
func (f *File) TurningMemory() int64 {
	if f.Orientation == 1 {
		return 0
	}
	return f.pixel*area(f.Width, f.Height) + 4*int64(f.Width+f.Height) // and a row
}

// short says in plain words that a file ends too early.
func short(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the file is cut short or damaged", err)
	}
	return err
}

// decoding counts the bytes that pictures are decoded in now.
var decoding = semaphore.NewWeighted(MaxMemory)

// Reserve waits until others have freed so much that all together stay within
// MaxMemory. It fails where bytes alone exceeds that.
func Reserve(bytes int64) (release func(), err error) {
	if bytes > MaxMemory {
		return nil, fmt.Errorf("expected a picture that is read in at most %d bytes of memory, found that it may take %d: scale it down", MaxMemory, bytes)
	}
	if err := decoding.Acquire(context.Background(), bytes); err != nil {
		return nil, err
	}
	return func() { decoding.Release(bytes) }, nil
}

// section returns what r has left, for reading at any offset.
func section(r io.Reader) (*io.SectionReader, error) {
	if file, ok := r.(*os.File); ok {
		info, err := file.Stat()
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			at, err := file.Seek(0, io.SeekCurrent)
			return io.NewSectionReader(file, at, max(0, info.Size()-at)), err
		}
	}
	start, err := io.ReadAll(io.LimitReader(r, beginningSize))
	if err != nil {
		return nil, err
	}
	if formatOf(start) == nil { // an endless stream of anything
		return nil, refusal(start)
	}
	all := bytes.NewBuffer(start)
	if _, err := io.Copy(all, io.LimitReader(r, maxStream)); err != nil {
		return nil, err
	}
	if all.Len() > maxStream {
		return nil, fmt.Errorf("expected a stream of at most %d bytes, found a longer one: scale the picture down, or give a file", maxStream)
	}
	return io.NewSectionReader(bytes.NewReader(all.Bytes()), 0, int64(all.Len())), nil
}

const beginningSize = 1024 // bytes that tell formats apart

func beginning(data *io.SectionReader) []byte {
	start := make([]byte, min(beginningSize, data.Size()))
	n, _ := data.ReadAt(start, 0)
	return start[:n]
}

// area is the product of sizes that may come from a hostile file, which doesn't
// overflow.
func area(width, height int) int64 {
	if width < 0 || height < 0 || width > MaxSide || height > MaxSide {
		return 1 << 40 // no picture passes with it
	}
	return int64(width) * int64(height)
}
