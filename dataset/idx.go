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
// element, the number of dimensions, each dimension in 4 bytes, the elements. See
// LeCun, Cortes and Burges, The MNIST database.
const (
	imagesMagic = 0x00000803 // unsigned bytes, [count, height, width]
	labelsMagic = 0x00000801 // unsigned bytes, [count]

	maxSide   = 4096                      // pixels, or channels; larger ones come from a damaged header
	maxPixels = min(1<<33, math.MaxInt/2) // elements; a small gzip file can pretend to any size
)

// idxTypes are NumPy's names of the types of elements, by the third byte of a file.
var idxTypes = map[byte]string{0x08: "u1", 0x09: "i1", 0x0b: "i2", 0x0c: "i4", 0x0d: "f4", 0x0e: "f8"}

// ReadIDX reads images and their labels from a pair of IDX files. A file may be
// gzipped: its content decides, not its name.
//
// Images are [count, height, width] or [count, channels, height, width]. Channels that
// come last are moved before the height where their number, 1, 3 or 4, tells them from a
// width, and the second dimension is none of channels. Unsigned bytes are pixels as they are, and so are
// integers of other types, which must lie from 0 to 255. Floating-point numbers must
// all lie from 0 to 1, and are multiplied by 255, or from 0 to 255 with one of at
// least 128; they are rounded.
//
// Labels are whole numbers from 0 to 99,999 of any type: [count], [count, 1], rows
// with a single 1 at the label, or QMNIST's [count, 8], whose first column they are.
// The classes are as many as the largest label of this file says, and named by their
// numbers. ([OpenWith] counts those of the training and the test files together.)
//
// Errors name the file, the offset in its uncompressed bytes, what was expected
// there and what was found. The memory that is used is in proportion to what
// the files hold, whatever their headers claim.
func ReadIDX(imagesPath, labelsPath string) (*Images, error) {
	set, err := readPair(imagesPath, labelsPath)
	if err != nil {
		return nil, err
	}
	set.Classes = numbered(int(slices.Max(set.Labels)) + 1)
	return set.Images, nil
}

// readPair is ReadIDX, but leaves the classes to the caller.
func readPair(imagesPath, labelsPath string) (notedImages, error) {
	x, err := readNumbers(imagesPath, (*idxReader).images)
	if err != nil {
		return notedImages{}, err
	}
	y, err := readNumbers(labelsPath, (*idxReader).labels)
	if err != nil {
		return notedImages{}, err
	}
	return newImages(x, y)
}

// readNumbers reads an IDX file, or an .npz file of one array.
func readNumbers(path string, read func(r *idxReader) (numbers, error)) (n numbers, err error) {
	if IsNPZ(path) {
		return readOnlyArray(path)
	}
	err = readFile(path, func(r *idxReader) error {
		n, err = read(r)
		return err
	})
	n.from = "dataset: " + path
	return n, err
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

// images reads a file of images.
func (r *idxReader) images() (numbers, error) {
	return r.read("images", "pixels", imagesMagic, 3, 4)
}

// labels reads a file of labels.
func (r *idxReader) labels() (numbers, error) {
	return r.read("labels", "labels", labelsMagic, 1, 2)
}

// read reads a file that has the least to the most dimensions.
func (r *idxReader) read(content, elements string, magic uint32, least, most int) (numbers, error) {
	found, err := r.number("the magic number of a file of " + content)
	if err != nil {
		return numbers{}, err
	}
	kind, dimensions := idxTypes[byte(found>>8)], int(byte(found))
	if found>>16 != 0 || kind == "" || dimensions < least || dimensions > most {
		return numbers{}, fmt.Errorf("offset 0: expected the magic number %#08x of a file of %s, or its like for another type or %d dimensions, found %#08x (%q)",
			magic, content, most, found, binary.BigEndian.AppendUint32(nil, found))
	}
	shape, count, err := r.shape(content, dimensions)
	if err != nil {
		return numbers{}, err
	}
	size, decode := npyDecoder(binary.BigEndian, kind)
	n := numbers{shape: shape, start: int(r.offset), size: size, floats: kind[0] == 'f'}
	data, err := r.rest(count*int64(size), elements)
	if err != nil {
		return numbers{}, err
	}
	if kind == "u1" {
		n.bytes = data
		return n, nil
	}
	n.values = make([]float32, count)
	for i := range n.values {
		n.values[i] = decode(data[i*size:])
	}
	return n, nil
}

// shape reads the dimensions and returns their product, too.
func (r *idxReader) shape(content string, dimensions int) (shape []int, product int64, err error) {
	product = 1
	for i := range dimensions {
		what := "a height, width or number of channels"
		if i == 0 {
			what = "the number of " + content
		}
		value, err := r.number(what)
		if err != nil {
			return nil, 0, err
		}
		if i == 0 && value == 0 {
			return nil, 0, fmt.Errorf("offset 4: expected at least one of %s, found 0", content)
		}
		if i > 0 && (value < 1 || value > maxSide) {
			return nil, 0, fmt.Errorf("offset %d: expected a height, width or number of channels or columns from 1 to %d, found %d", r.offset-4, maxSide, value)
		}
		if product > maxPixels/int64(value) {
			return nil, 0, fmt.Errorf("offset 4: expected at most %d numbers, found %d %s of %v or more", int64(maxPixels), shape[0], content, append(shape[1:], int(value)))
		}
		shape, product = append(shape, int(value)), product*int64(value)
	}
	return shape, product, nil
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
