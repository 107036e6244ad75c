package dataset

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/internal/float16"
)

// Array is an array of numbers, from a file of NumPy's.
type Array struct {
	Shape  []int
	Values []float32 // row-major
	Bytes  bool      // the file holds unsigned bytes

	floats bool // the file holds floating-point numbers or booleans
}

const (
	maxArray = 1 << 31 // elements of an array

	// A byte of a zip file holds at most this many: deflate's best is 1,032.
	maxDeflation = 1032
)

// IsNPZ tells whether a path is called as an .npz file is.
func IsNPZ(path string) bool { return strings.EqualFold(filepath.Ext(path), ".npz") }

// ReadNPZ reads the arrays of an .npz file, compressed or not, as numpy.savez writes
// it, by name. Elements may be booleans, integers and floating-point numbers of any
// size up to 64 bits, in either byte order, and become float32; arrays in Fortran's
// order become row-major. Errors name the file and the array.
//
// A file whose arrays would be more than 1,032 times as large as itself, the most that
// its compression can do, is refused; memory is asked for as the elements come,
// whatever their header claims.
func ReadNPZ(path string) (map[string]Array, error) {
	return readNPZ(path, func(names []string) ([]string, error) { return names, nil })
}

// readNPZ reads the arrays that choose picks from the names of all.
func readNPZ(path string, choose func(names []string) ([]string, error)) (map[string]Array, error) {
	file, err := zip.OpenReader(path)
	if errors.Is(err, zip.ErrFormat) {
		return nil, fmt.Errorf("dataset: %s: not an .npz file, as numpy.savez writes it: %w", path, err)
	} else if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	files, names, claimed := map[string]*zip.File{}, []string(nil), uint64(0)
	for _, f := range file.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue
		}
		if files[name] != nil {
			return nil, fmt.Errorf("dataset: %s: there are two arrays %s", path, name)
		}
		claimed += min(f.UncompressedSize64, 1<<40)
		files[name], names = f, append(names, name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("dataset: %s: the file holds no arrays", path)
	}
	if claimed > maxDeflation*uint64(info.Size()) {
		return nil, fmt.Errorf("dataset: %s: arrays of %d bytes or more can't be in a file of %d", path, claimed, info.Size())
	}
	chosen, err := choose(names)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	arrays := map[string]Array{}
	for _, name := range chosen {
		if arrays[name], err = readEntry(files[name], info.Size()); err != nil {
			return nil, fmt.Errorf("dataset: %s: array %s: %w", path, name, err)
		}
	}
	return arrays, nil
}

// readEntry reads the array of a file in the zip file, which has the given size.
func readEntry(f *zip.File, size int64) (Array, error) {
	r, err := f.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	return readNPY(r, 16*min(int64(f.CompressedSize64&math.MaxInt64), size))
}

// The header of an .npy file is a Python dictionary.
var (
	npyType    = regexp.MustCompile(`'descr': *'([<|=>])([a-zA-Z])([0-9]*)'`)
	npyFortran = regexp.MustCompile(`'fortran_order': *True`)
	npyShape   = regexp.MustCompile(`'shape': *\(([0-9, ]*)\)`)
)

// readNPY reads an array in the format of numpy.lib.format. It may well have the likely
// number of bytes, for which it takes memory at once.
func readNPY(r io.Reader, likely int64) (Array, error) {
	header, err := npyHeader(r)
	if err != nil {
		return Array{}, err
	}
	kind, shape := npyType.FindStringSubmatch(header), npyShape.FindStringSubmatch(header)
	if kind == nil || shape == nil {
		return Array{}, fmt.Errorf("expected a type and a shape, found the header %.100q", header)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if kind[1] == ">" {
		order = binary.BigEndian
	}
	size, decode := npyDecoder(order, kind[2]+kind[3])
	if decode == nil {
		return Array{}, errElements(kind[1] + kind[2] + kind[3])
	}
	a := Array{Bytes: kind[2]+kind[3] == "u1", floats: kind[2] == "f" || kind[2] == "b"}
	elements := 0
	if a.Shape, elements, err = parseShape(shape[1]); err != nil {
		return Array{}, err
	}
	if elements > 0 {
		a.Values = make([]float32, 0, min(int64(elements), likely/int64(size)))
	}
	buffer := make([]byte, 8192*size)
	for len(a.Values) < elements {
		piece := buffer[:size*min(8192, elements-len(a.Values))]
		if _, err := io.ReadFull(r, piece); err != nil {
			return Array{}, fmt.Errorf("expected %d elements, found about %d: %w", elements, len(a.Values), err)
		}
		for ; len(piece) > 0; piece = piece[size:] {
			a.Values = append(a.Values, decode(piece))
		}
	}
	// This also makes zip compare its checksum.
	if n, err := io.ReadFull(r, buffer[:1]); n > 0 {
		return Array{}, fmt.Errorf("expected the end after %d elements of the shape (%s), found more bytes", elements, shape[1])
	} else if err != io.EOF {
		return Array{}, fmt.Errorf("after %d elements: %w", elements, err)
	}
	if npyFortran.MatchString(header) {
		a.Values = rowMajor(a.Values, a.Shape)
	}
	return a, nil
}

// errElements is the error for elements that are no numbers, or none that are read.
func errElements(kind string) error {
	hint := "x.astype(\"float32\") makes such"
	switch kind[1] {
	case 'O':
		hint = "these are Python's objects, pickled, which may run code: numpy.stack(list) or x.astype(\"float32\") makes numbers of them"
	case 'U', 'S':
		hint = "numpy.unique(y, return_inverse=True)[1] numbers names of classes"
	}
	return fmt.Errorf("elements of type %s: expected booleans, integers or floating-point numbers of up to 64 bits; %s", kind, hint)
}

// parseShape reads numbers between commas, and returns their product, too.
func parseShape(fields string) (shape []int, elements int, err error) {
	elements = 1
	for field := range strings.SplitSeq(fields, ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil || n > maxArray || n > 0 && elements > maxArray/n {
			return nil, 0, fmt.Errorf("the shape (%s) is too large", fields)
		}
		shape, elements = append(shape, n), elements*n
	}
	return shape, elements, nil
}

// rowMajor reorders values in Fortran's order, whose first index changes fastest.
func rowMajor(values []float32, shape []int) []float32 {
	if len(shape) < 2 {
		return values
	}
	ordered := make([]float32, len(values))
	index := make([]int, len(shape)) // of the next element of values
	for _, v := range values {
		to := 0
		for i, n := range shape {
			to = to*n + index[i]
		}
		ordered[to] = v
		for i := range index {
			if index[i]++; index[i] < shape[i] {
				break
			}
			index[i] = 0
		}
	}
	return ordered
}

func npyHeader(r io.Reader) (string, error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || string(start[:6]) != "\x93NUMPY" {
		return "", fmt.Errorf("expected the header of an .npy file, found %q", start[:])
	}
	length := make([]byte, 2)
	if start[6] > 1 { // the major version
		length = make([]byte, 4)
	}
	if _, err := io.ReadFull(r, length); err != nil {
		return "", err
	}
	n := binary.LittleEndian.Uint32(append(length, 0, 0))
	if n > 1<<16 {
		return "", fmt.Errorf("the header of %d bytes is too long", n)
	}
	header := make([]byte, n)
	_, err := io.ReadFull(r, header)
	return string(header), err
}

// npyDecoder returns the size of an element and how to read it, or nil.
func npyDecoder(order binary.ByteOrder, kind string) (size int, decode func([]byte) float32) {
	switch kind {
	case "b1", "u1":
		return 1, func(b []byte) float32 { return float32(b[0]) }
	case "i1":
		return 1, func(b []byte) float32 { return float32(int8(b[0])) }
	case "u2":
		return 2, func(b []byte) float32 { return float32(order.Uint16(b)) }
	case "i2":
		return 2, func(b []byte) float32 { return float32(int16(order.Uint16(b))) }
	case "u4":
		return 4, func(b []byte) float32 { return float32(order.Uint32(b)) }
	case "i4":
		return 4, func(b []byte) float32 { return float32(int32(order.Uint32(b))) }
	case "u8":
		return 8, func(b []byte) float32 { return float32(order.Uint64(b)) }
	case "i8":
		return 8, func(b []byte) float32 { return float32(int64(order.Uint64(b))) }
	case "f2":
		return 2, func(b []byte) float32 { return float16.To(order.Uint16(b)) }
	case "f4":
		return 4, func(b []byte) float32 { return math.Float32frombits(order.Uint32(b)) }
	case "f8":
		return 8, func(b []byte) float32 { return float32(math.Float64frombits(order.Uint64(b))) }
	}
	return 0, nil
}
