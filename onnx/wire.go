package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is a field of a message as it is on the wire.
type field struct {
	number protowire.Number
	kind   protowire.Type
	at     int    // the offset of its value in the file, or in a new message
	wire   []byte // all of it
	value  []byte // without tag and length
}

// eachField calls visit for the fields of a message that begins at an offset of
// the file. It fails if the message is cut off, and where visit does.
func eachField(message []byte, at int, visit func(field) error) error {
	for done := 0; done < len(message); {
		rest := message[done:]
		number, kind, tag := protowire.ConsumeTag(rest)
		if tag < 0 {
			return fmt.Errorf("byte %d: want a field of a protobuf message: %w", at+done, protowire.ParseError(tag))
		}
		size := protowire.ConsumeFieldValue(number, kind, rest[tag:])
		if size < 0 {
			return fmt.Errorf("byte %d: field %d has no whole value in the %d bytes left of its message: %w",
				at+done, number, len(rest)-tag, protowire.ParseError(size))
		}
		f := field{number: number, kind: kind, at: at + done + tag, wire: rest[:tag+size], value: rest[tag : tag+size]}
		if kind == protowire.BytesType {
			content, _ := protowire.ConsumeBytes(f.value)
			f.at += len(f.value) - len(content)
			f.value = content
		}
		if err := visit(f); err != nil {
			return err
		}
		done += tag + size
	}
	return nil
}

// want fails if the field is not of the wire type of what it is to hold.
func (f field) want(kind protowire.Type, what string) error {
	if f.kind == kind {
		return nil
	}
	return fmt.Errorf("byte %d: %s (field %d) has wire type %d, want %d", f.at, what, f.number, f.kind, kind)
}

// each is eachField for a field that holds a message.
func (f field) each(what string, visit func(field) error) error {
	if err := f.want(protowire.BytesType, what); err != nil {
		return err
	}
	return eachField(f.value, f.at, visit)
}

func (f field) text(what string) (string, error) {
	if err := f.want(protowire.BytesType, what); err != nil {
		return "", err
	}
	return string(f.value), nil
}

func (f field) int(what string) (int64, error) {
	if err := f.want(protowire.VarintType, what); err != nil {
		return 0, err
	}
	v, _ := protowire.ConsumeVarint(f.value)
	return int64(v), nil
}

func (f field) float(what string) (float32, error) {
	if err := f.want(protowire.Fixed32Type, what); err != nil {
		return 0, err
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(f.value)), nil
}

// count returns how many integers a repeated field has, which may be packed.
func (f field) count() int {
	if f.kind != protowire.BytesType {
		return 1
	}
	n := 0
	for _, b := range f.value {
		if b < 0x80 {
			n++
		}
	}
	return n
}

// eachInt calls visit for the integers of a repeated field.
func (f field) eachInt(what string, visit func(int64)) error {
	if f.kind == protowire.VarintType {
		v, _ := protowire.ConsumeVarint(f.value)
		visit(int64(v))
		return nil
	}
	if err := f.want(protowire.BytesType, what); err != nil {
		return err
	}
	for rest := f.value; len(rest) > 0; {
		v, n := protowire.ConsumeVarint(rest)
		if n < 0 {
			return fmt.Errorf("byte %d: %s: want an integer: %w", f.at+len(f.value)-len(rest), what, protowire.ParseError(n))
		}
		visit(int64(v))
		rest = rest[n:]
	}
	return nil
}

// fixed returns the bytes of a repeated field of numbers of a fixed size, which
// may be packed.
func (f field) fixed(what string, kind protowire.Type, size int) ([]byte, error) {
	if f.kind == protowire.BytesType && len(f.value)%size == 0 || f.kind == kind {
		return f.value, nil
	}
	return nil, fmt.Errorf("byte %d: %s (field %d): want numbers of %d bytes, found %d bytes of wire type %d", f.at, what, f.number, size, len(f.value), f.kind)
}

// budget bounds what may be allocated for a file, so that a small one that
// stands for much can't exhaust the memory.
type budget int64

// newBudget returns a budget for a file of so many bytes. It is less than what
// the package promises to keep within, 16 MB + 8 times the file, as slices that
// grow leave some behind.
func newBudget(bytes int) budget { return budget(8<<20 + 4*int64(bytes)) }

func (b *budget) spend(bytes int) error {
	if int64(bytes) > int64(*b) {
		return fmt.Errorf("the file stands for more than its size allows: it is damaged, or made to exhaust the memory")
	}
	*b -= budget(bytes)
	return nil
}
