package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/deepfry/deepfry/internal/float16"
	"google.golang.org/protobuf/encoding/protowire"
)

// Tensor is a constant of a model. Its data stay as they are in the file until
// Floats or Ints is called.
type Tensor struct {
	Name string
	Type DataType
	Dims []int // none for a single number

	wire     []byte    // the field as it was read; nil for a new tensor
	message  []byte    // its message; for a new tensor without the data
	at       int       // where the message is in the file
	raw      []byte    // the data, little endian, unless they are in another form
	external *external // where they are, if that is another file
}

// Bounds of a tensor, beyond which products of dimensions could overflow.
const (
	maxRank     = 64
	maxElements = 1 << 40
)

// decodeTensor checks what is said of the data, but not the data.
func decodeTensor(f field, folder string, b *budget) (*Tensor, error) {
	if err := b.spend(256); err != nil {
		return nil, err
	}
	t := &Tensor{wire: f.wire, message: f.value, at: f.at}
	var entries []field
	location := int64(0)
	err := f.each("a tensor", func(f field) (err error) {
		switch f.number {
		case tensorName:
			t.Name, err = f.text("a tensor's name")
		case tensorType:
			var v int64
			v, err = f.int("a tensor's type")
			t.Type = DataType(v)
		case tensorDims:
			if len(t.Dims)+f.count() > maxRank {
				return fmt.Errorf("byte %d: a tensor of more than %d dimensions", f.at, maxRank)
			}
			err = f.eachInt("a tensor's dimensions", func(v int64) { t.Dims = append(t.Dims, int(v)) })
		case tensorRawData:
			t.raw, err = f.value, f.want(protowire.BytesType, "a tensor's data")
		case tensorExternal:
			if len(entries) < 8 {
				entries = append(entries, f)
			}
		case tensorLocation:
			location, err = f.int("the location of a tensor's data")
		}
		return err
	})
	if err == nil {
		err = t.checkDims()
	}
	if err == nil && location == locationExternal {
		t.external, err = decodeExternal(entries, folder)
	}
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return t, nil
}

func (t *Tensor) checkDims() error {
	n := 1
	for _, d := range t.Dims {
		if d < 0 || d > maxElements || n*d > maxElements {
			return fmt.Errorf("byte %d: dimensions %v: want numbers from 0 on whose product is at most 2^40", t.at, t.Dims)
		}
		n *= d
	}
	return nil
}

// Size returns the number of elements.
func (t *Tensor) Size() int {
	n := 1
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

// Floats returns the elements of a tensor of floating-point numbers, in
// row-major order, as float32. It fails if the data do not fit the dimensions or
// are not floating-point numbers.
func (t *Tensor) Floats() ([]float32, error) {
	switch t.Type {
	case Float, Float16, BFloat16, Double:
	default:
		return nil, fmt.Errorf("tensor %q holds %v, want floating-point numbers", t.Name, t.Type)
	}
	raw, err := t.bytes()
	if err != nil {
		return nil, err
	}
	values := make([]float32, t.Size())
	for i := range values {
		switch t.Type {
		case Float:
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		case Float16:
			values[i] = float16.To(binary.LittleEndian.Uint16(raw[2*i:]))
		case BFloat16:
			values[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		case Double:
			values[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
		}
	}
	return values, nil
}

// Ints returns the elements of a tensor of integers, in row-major order. It
// fails as Floats does.
func (t *Tensor) Ints() ([]int64, error) {
	values := []int64{}
	err := t.eachInteger(func(i int, v int64) {
		if i == 0 { // there are as many as the dimensions say
			values = make([]int64, t.Size())
		}
		values[i] = v
	})
	return values, err
}

// eachInteger visits the elements of a tensor of integers, in row-major order. It fails as
// Floats does, before the first.
func (t *Tensor) eachInteger(visit func(i int, v int64)) error {
	switch t.Type {
	case Int64, Int32, Uint16, Int8, Uint8, Bool:
	default:
		return fmt.Errorf("tensor %q holds %v, want integers", t.Name, t.Type)
	}
	raw, err := t.bytes()
	if err != nil {
		return err
	}
	for i := range t.Size() {
		switch t.Type {
		case Int64:
			visit(i, int64(binary.LittleEndian.Uint64(raw[8*i:])))
		case Int32:
			visit(i, int64(int32(binary.LittleEndian.Uint32(raw[4*i:]))))
		case Uint16:
			visit(i, int64(binary.LittleEndian.Uint16(raw[2*i:])))
		case Int8:
			visit(i, int64(int8(raw[i])))
		default:
			visit(i, int64(raw[i]))
		}
	}
	return nil
}

// bytes returns the elements one after another, little endian.
func (t *Tensor) bytes() ([]byte, error) {
	size, known := typeSizes[t.Type]
	if !known {
		return nil, fmt.Errorf("tensor %q: elements of %v are not supported", t.Name, t.Type)
	}
	want := t.Size() * size
	raw := t.raw
	var err error
	switch {
	case t.external != nil:
		raw, err = t.external.read(want)
	case raw == nil:
		raw, err = t.typed()
	}
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	if len(raw) != want {
		return nil, fmt.Errorf("tensor %q: %d bytes of data, want %d for the dimensions %v of %v", t.Name, len(raw), want, t.Dims, t.Type)
	}
	return raw, nil
}

// typed returns what bytes does for elements that are stored in a repeated field
// of numbers. They are counted before memory is allocated.
func (t *Tensor) typed() ([]byte, error) {
	size := typeSizes[t.Type]
	n := 0
	err := t.eachTyped(func(f field) error {
		switch f.number {
		case tensorFloatData, tensorDoubleData:
			n += len(f.value) / size
		default:
			n += f.count()
		}
		return nil
	})
	if err != nil || n != t.Size() {
		return make([]byte, min(n, t.Size())*size), err // the wrong length is for bytes to tell
	}
	raw := make([]byte, 0, n*size)
	err = t.eachTyped(func(f field) error {
		switch f.number {
		case tensorFloatData, tensorDoubleData:
			kind := map[int]protowire.Type{4: protowire.Fixed32Type, 8: protowire.Fixed64Type}[size]
			values, err := f.fixed("a tensor's data", kind, size)
			raw = append(raw, values...)
			return err
		}
		var element [8]byte
		return f.eachInt("a tensor's data", func(v int64) {
			binary.LittleEndian.PutUint64(element[:], uint64(v))
			raw = append(raw, element[:size]...)
		})
	})
	return raw, err
}

// eachTyped visits the fields that hold numbers of the tensor's type.
func (t *Tensor) eachTyped(visit func(field) error) error {
	number := protowire.Number(tensorInt32Data)
	switch t.Type {
	case Float:
		number = tensorFloatData
	case Double:
		number = tensorDoubleData
	case Int64:
		number = tensorInt64Data
	}
	return eachField(t.message, t.at, func(f field) error {
		if f.number == number {
			return visit(f)
		}
		return nil
	})
}

// NewTensor returns a tensor of float32 numbers. It panics unless the product of
// dims, none of which is negative, is len(values).
func NewTensor(name string, dims []int, values []float32) *Tensor {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return newTensor(name, Float, dims, raw)
}

// NewFloat16Tensor returns a tensor of float16 numbers, the nearest to values. It
// panics as NewTensor does.
func NewFloat16Tensor(name string, dims []int, values []float32) *Tensor {
	raw := make([]byte, 0, 2*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint16(raw, float16.From(v))
	}
	return newTensor(name, Float16, dims, raw)
}

// newDoubleTensor returns a tensor of float64 numbers.
func newDoubleTensor(name string, dims []int, values []float32) *Tensor {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(float64(v)))
	}
	return newTensor(name, Double, dims, raw)
}

// NewIntTensor returns a vector of int64 numbers.
func NewIntTensor(name string, values ...int64) *Tensor {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return newTensor(name, Int64, []int{len(values)}, raw)
}

// newIndexTensor returns a vector of int32 numbers.
func newIndexTensor(name string, values []int32) *Tensor {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(v))
	}
	return newTensor(name, Int32, []int{len(values)}, raw)
}

func newTensor(name string, kind DataType, dims []int, raw []byte) *Tensor {
	t := &Tensor{Name: name, Type: kind, Dims: dims, raw: raw}
	negative := slices.ContainsFunc(dims, func(d int) bool { return d < 0 })
	if negative || t.Size()*typeSizes[kind] != len(raw) {
		panic("onnx: the number of a tensor's values is not the product of its dimensions")
	}
	for _, d := range dims {
		t.message = appendInt(t.message, tensorDims, int64(d))
	}
	t.message = appendInt(t.message, tensorType, int64(kind))
	t.message = appendText(t.message, tensorName, name)
	return t
}

// encode returns the tensor as a field of a graph, in parts.
func (t *Tensor) encode(number protowire.Number) [][]byte {
	if t.wire != nil {
		return [][]byte{t.wire}
	}
	data := protowire.AppendVarint(protowire.AppendTag(nil, tensorRawData, protowire.BytesType), uint64(len(t.raw)))
	head := protowire.AppendTag(nil, number, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(len(t.message)+len(data)+len(t.raw)))
	return [][]byte{append(append(head, t.message...), data...), t.raw}
}
