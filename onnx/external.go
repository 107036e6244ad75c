package onnx

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// external says where a tensor's data are: in another file, in the folder of the
// model's or below it.
type external struct {
	folder   string // "" if the model is not from a file
	location string // relative to the folder
	offset   int64
	length   int64 // -1: to be taken from the tensor's dimensions
}

func decodeExternal(entries []field, folder string) (*external, error) {
	e := &external{folder: folder, length: -1}
	for _, f := range entries {
		key, value, err := decodeEntry(f)
		if err != nil {
			return nil, err
		}
		switch key {
		case "location":
			e.location = value
		case "offset":
			e.offset, err = strconv.ParseInt(value, 10, 64)
		case "length":
			e.length, err = strconv.ParseInt(value, 10, 64)
		}
		if err != nil || e.offset < 0 || e.length < -1 {
			return nil, fmt.Errorf("byte %d: the %s of its external data is %q, want a number from 0 on", f.at, key, value)
		}
	}
	if e.location == "" {
		return nil, fmt.Errorf("its data are in another file, but no location is given")
	}
	return e, nil
}

func decodeEntry(f field) (key, value string, err error) {
	err = f.each("an entry", func(f field) (err error) {
		switch f.number {
		case entryKey:
			key, err = f.text("a key")
		case entryValue:
			value, err = f.text("a value")
		}
		return err
	})
	return key, value, err
}

// open returns the file and checks that it holds size bytes at the offset.
// Symbolic links do not lead out of the folder either.
func (e *external) open(size int64) (*os.File, error) {
	if e.folder == "" {
		return nil, fmt.Errorf("its data are in the file %q beside the model: read the model with Open", e.location)
	}
	root, err := os.OpenRoot(e.folder)
	if err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	defer root.Close()
	file, err := root.Open(e.location)
	if err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	info, err := file.Stat()
	if err == nil && (!info.Mode().IsRegular() || size > info.Size()-e.offset) {
		err = fmt.Errorf("%q is not a file of at least %d+%d bytes", e.location, e.offset, size)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("external data: %w", err)
	}
	return file, nil
}

// read returns the data, which must be of the given size.
func (e *external) read(size int) ([]byte, error) {
	if e.length >= 0 && e.length != int64(size) {
		return nil, fmt.Errorf("external data: %d bytes, want %d", e.length, size)
	}
	file, err := e.open(int64(size))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data := make([]byte, size)
	if _, err := file.ReadAt(data, e.offset); err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	return data, nil
}

// moved copies the tensor's data to a file, at its end, and returns a tensor
// that refers to them there. The data begin at a multiple of 4096 bytes, so that
// programs can map them into memory.
func (t *Tensor) moved(to io.WriteSeeker, location string, b *budget) (*Tensor, error) {
	const alignment = 4096
	end, err := to.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	offset := (end + alignment - 1) / alignment * alignment
	if _, err := to.Seek(offset, io.SeekStart); err != nil {
		return nil, err
	}
	length, err := t.copyData(to, b)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	message, err := without(t.message, tensorRawData, tensorExternal, tensorLocation)
	if err != nil {
		return nil, err
	}
	for _, e := range [][2]string{{"location", location}, {"offset", strconv.FormatInt(offset, 10)}, {"length", strconv.FormatInt(length, 10)}} {
		message = appendMessage(message, tensorExternal, entry(e[0], e[1]))
	}
	message = appendInt(message, tensorLocation, locationExternal)
	return &Tensor{Name: t.Name, Type: t.Type, Dims: t.Dims, wire: appendMessage(nil, graphInitializer, message)}, nil
}

func (t *Tensor) copyData(to io.Writer, b *budget) (int64, error) {
	if t.external == nil {
		n, err := to.Write(t.raw)
		return int64(n), err
	}
	length := t.external.length
	if length < 0 {
		length = int64(t.Size() * typeSizes[t.Type])
	}
	file, err := t.external.open(length)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if err := b.spend(int(length)); err != nil {
		return 0, err
	}
	return io.Copy(to, io.NewSectionReader(file, t.external.offset, length))
}

// without copies a message but for some fields.
func without(message []byte, numbers ...protowire.Number) ([]byte, error) {
	var kept []byte
	err := eachField(message, 0, func(f field) error {
		for _, n := range numbers {
			if f.number == n {
				return nil
			}
		}
		kept = append(kept, f.wire...)
		return nil
	})
	return kept, err
}
