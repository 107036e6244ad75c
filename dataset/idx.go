package dataset

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// The IDX format, with all numbers big-endian: two zero bytes, the type of an
// element (8 for unsigned bytes), the number of dimensions, each dimension in 4
// bytes, the elements. See LeCun, Cortes and Burges, The MNIST database.
const (
	imagesMagic = 0x00000803 // unsigned bytes, [count, height, width]
	labelsMagic = 0x00000801 // unsigned bytes, [count]

	maxSide    = 4096                      // pixels; larger ones come from a damaged header
	maxPixels  = min(1<<33, math.MaxInt/2) // bytes; a small gzip file can pretend to any size
	idxClasses = 10
)

// ReadIDX reads images of one channel and their labels from a pair of IDX
// files. A file may be gzipped: its content decides, not its name. Labels must
// be less than 10; the names of the classes are the digits.
//
// Errors name the file, the offset in its uncompressed bytes, what was expected
// there and what was found. The memory that is used is in proportion to what
// the files hold, whatever their headers claim.
func ReadIDX(imagesPath, labelsPath string) (*Images, error) {
	set := &Images{Channels: 1, Classes: digitClasses()}
	err := readFile(imagesPath, func(r *idxReader) (err error) {
		set.Pixels, set.Height, set.Width, err = r.images()
		return err
	})
	if err != nil {
		return nil, err
	}
	err = readFile(labelsPath, func(r *idxReader) error {
		labels, err := r.labels()
		set.Labels = make([]int32, len(labels))
		for i, label := range labels {
			set.Labels[i] = int32(label)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if images := len(set.Pixels) / set.size(); images != set.Len() {
		return nil, fmt.Errorf("dataset: %s: offset 4: expected %d labels, one for each image of %s, found %d",
			labelsPath, images, imagesPath, set.Len())
	}
	return set, nil
}

// readFile opens an IDX file for read and adds the path to its errors.
func readFile(path string, read func(r *idxReader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	r, err := newIDXReader(file, info.Size())
	if err == nil {
		err = read(r)
	}
	if err != nil {
		return fmt.Errorf("dataset: %s: %w", path, err)
	}
	return nil
}

// idxReader reads the uncompressed bytes of an IDX file.
type idxReader struct {
	r      io.Reader
	offset int64 // bytes read
	likely int64 // bytes that a file of this size may well hold
}

// newIDXReader reads from file, which has the given size in bytes.
func newIDXReader(file io.Reader, size int64) (*idxReader, error) {
	buffered := bufio.NewReaderSize(file, 1<<16)
	start, err := buffered.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if string(start) != "\x1f\x8b" {
		return &idxReader{r: buffered, likely: size}, nil
	}
	z, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("offset 0: expected a gzip header: %w", err)
	}
	return &idxReader{r: z, likely: 8 * size}, nil
}

// images reads a file of images: [count, height, width] bytes.
func (r *idxReader) images() (pixels []byte, height, width int, err error) {
	count, err := r.header(imagesMagic, "images")
	if err != nil {
		return nil, 0, 0, err
	}
	for _, side := range []*int{&height, &width} {
		value, err := r.number("the height or width of the images")
		if err != nil {
			return nil, 0, 0, err
		}
		if value < 1 || value > maxSide {
			return nil, 0, 0, fmt.Errorf("offset %d: expected a height or width from 1 to %d, found %d", r.offset-4, maxSide, value)
		}
		*side = int(value)
	}
	n := int64(count) * int64(height) * int64(width) // at most 2^56
	if n > maxPixels {
		return nil, 0, 0, fmt.Errorf("offset 4: expected at most %d bytes of pixels, found %d images of %d×%d", int64(maxPixels), count, height, width)
	}
	pixels, err = r.rest(n, "pixels")
	return pixels, height, width, err
}

// labels reads a file of labels: [count] bytes.
func (r *idxReader) labels() ([]byte, error) {
	count, err := r.header(labelsMagic, "labels")
	if err != nil {
		return nil, err
	}
	start := r.offset
	labels, err := r.rest(int64(count), "labels")
	if err != nil {
		return nil, err
	}
	for i, label := range labels {
		if label >= idxClasses {
			return nil, fmt.Errorf("offset %d: expected a label less than %d, found %d", start+int64(i), idxClasses, label)
		}
	}
	return labels, nil
}

// header reads the magic number and the first dimension.
func (r *idxReader) header(magic uint32, content string) (count uint32, err error) {
	found, err := r.number("the magic number of a file of " + content)
	if err != nil {
		return 0, err
	}
	if found != magic {
		return 0, fmt.Errorf("offset 0: expected the magic number %#08x of a file of %s, found %#08x", magic, content, found)
	}
	count, err = r.number("the number of " + content)
	if err == nil && count == 0 {
		err = fmt.Errorf("offset 4: expected at least one of %s, found 0", content)
	}
	return count, err
}

// number reads 4 bytes.
func (r *idxReader) number(what string) (uint32, error) {
	var bytes [4]byte
	n, err := io.ReadFull(r.r, bytes[:])
	if err != nil {
		return 0, r.readError(err, fmt.Sprintf("%s in 4 bytes, found %d", what, n), n)
	}
	r.offset += 4
	return binary.BigEndian.Uint32(bytes[:]), nil
}

// rest reads the last n bytes of the file. It asks for memory as the bytes
// come, for n may be a lie.
func (r *idxReader) rest(n int64, content string) ([]byte, error) {
	var data []byte
	for start := r.offset; int64(len(data)) < n; {
		piece := min(n-int64(len(data)), max(1<<16, r.likely, int64(len(data))))
		data = slices.Grow(data, int(piece))
		got, err := io.ReadFull(r.r, data[len(data):len(data)+int(piece)])
		data = data[:len(data)+got]
		if err != nil {
			found := fmt.Sprintf("%d bytes of %s from offset %d on, found %d", n, content, start, len(data))
			return nil, r.readError(err, found, got)
		}
		r.offset += piece
	}
	// This also makes gzip compare its checksum.
	var extra [1]byte
	if got, err := io.ReadFull(r.r, extra[:]); got > 0 {
		return nil, fmt.Errorf("offset %d: expected the end of the file, found more bytes", r.offset)
	} else if err != io.EOF {
		return nil, r.readError(err, "the end of the file", 0)
	}
	return data, nil
}

// readError describes a failure to read, got bytes after r.offset.
func (r *idxReader) readError(err error, expected string, got int) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("offset %d: the file is too short: expected %s: %w", r.offset+int64(got), expected, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("offset %d: expected %s: %w", r.offset+int64(got), expected, err)
}
