package dataset

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Array is an array of numbers, from a file of NumPy's.
type Array struct {
	Shape  []int
	Values []float32 // row-major
	Bytes  bool      // the file holds unsigned bytes
}

// maxArray is the most elements of an array.
const maxArray = 1 << 31

// ReadNPZ reads the arrays of an .npz file, compressed or not, as numpy.savez writes
// it, by name. Elements may be booleans, integers and floating-point numbers of any
// size but 16 bits, little-endian, and become float32. Errors name the file and the
// array. An array takes memory in proportion to what it is when uncompressed, whatever
// its header claims.
func ReadNPZ(path string) (map[string]Array, error) {
	file, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: not an .npz file: %w", path, err)
	}
	defer file.Close()
	arrays := map[string]Array{}
	for _, f := range file.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("dataset: %s: array %s: %w", path, name, err)
		}
		arrays[name], err = readNPY(r)
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("dataset: %s: array %s: %w", path, name, err)
		}
	}
	if len(arrays) == 0 {
		return nil, fmt.Errorf("dataset: %s: the file holds no arrays", path)
	}
	return arrays, nil
}

// The header of an .npy file is a Python dictionary.
var (
	npyType    = regexp.MustCompile(`'descr': *'([<|=>])([a-z])([0-9]+)'`)
	npyFortran = regexp.MustCompile(`'fortran_order': *True`)
	npyShape   = regexp.MustCompile(`'shape': *\(([0-9, ]*)\)`)
)

// readNPY reads an array in the format of numpy.lib.format.
func readNPY(r io.Reader) (Array, error) {
	header, err := npyHeader(r)
	if err != nil {
		return Array{}, err
	}
	kind, shape := npyType.FindStringSubmatch(header), npyShape.FindStringSubmatch(header)
	if kind == nil || shape == nil {
		return Array{}, fmt.Errorf("expected a type and a shape, found the header %.100q", header)
	}
	if npyFortran.MatchString(header) {
		return Array{}, fmt.Errorf("the array is in Fortran's order: save numpy.ascontiguousarray of it")
	}
	size, decode := npyDecoder(kind[1], kind[2]+kind[3])
	if decode == nil {
		return Array{}, fmt.Errorf("elements of type %s: expected booleans, integers or floating-point numbers, little-endian", kind[1]+kind[2]+kind[3])
	}
	a := Array{Bytes: kind[2]+kind[3] == "u1"}
	elements := 1
	for _, field := range strings.Split(shape[1], ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil || n > maxArray || n > 0 && elements > maxArray/n {
			return Array{}, fmt.Errorf("the shape (%s) is too large", shape[1])
		}
		a.Shape = append(a.Shape, n)
		elements *= n
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
	return a, nil
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
func npyDecoder(order, kind string) (size int, decode func([]byte) float32) {
	le := binary.LittleEndian
	if order == ">" {
		return 0, nil
	}
	switch kind {
	case "b1", "u1":
		return 1, func(b []byte) float32 { return float32(b[0]) }
	case "i1":
		return 1, func(b []byte) float32 { return float32(int8(b[0])) }
	case "u2":
		return 2, func(b []byte) float32 { return float32(le.Uint16(b)) }
	case "i2":
		return 2, func(b []byte) float32 { return float32(int16(le.Uint16(b))) }
	case "u4":
		return 4, func(b []byte) float32 { return float32(le.Uint32(b)) }
	case "i4":
		return 4, func(b []byte) float32 { return float32(int32(le.Uint32(b))) }
	case "u8":
		return 8, func(b []byte) float32 { return float32(le.Uint64(b)) }
	case "i8":
		return 8, func(b []byte) float32 { return float32(int64(le.Uint64(b))) }
	case "f4":
		return 4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }
	case "f8":
		return 8, func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }
	}
	return 0, nil
}
