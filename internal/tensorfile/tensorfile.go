// Package tensorfile writes and reads safetensors files with a checksum.
//
// The metadata of such a file has two keys more: the format, and the SHA-256 of all
// that the file means: metadata, and the names, types, shapes and values of tensors.
// How the header spells that does not matter, so that programs which store the same
// content anew keep the file valid. Each key vouches for the other: a file without
// both is one of another program, or of Deepfry before it had them.
package tensorfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deepfry/deepfry/internal/filekind"
	"github.com/nlpodyssey/safetensors"
)

// Keys of the metadata.
const (
	formatKey   = "deepfry.format"
	checksumKey = "deepfry.checksum"

	NetworkKey = "deepfry.network" // the description of a network, by package checkpoint
	MachineKey = "deepfry.machine" // the description of a machine, by package kernel/machine
)

// format is the version of what Write writes.
const format = "2"

// File is the content of a safetensors file.
type File struct {
	Tensors  map[string]safetensors.TensorView // by name; they share the memory of what Read got
	Metadata map[string]string
}

// Write writes tensors and metadata with their checksum: equal content as equal
// bytes. Names, keys and values must be UTF-8.
func Write(w io.Writer, tensors map[string]safetensors.TensorView, metadata map[string]string) error {
	metadata = maps.Clone(metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	for _, key := range []string{formatKey, checksumKey} {
		if _, taken := metadata[key]; taken {
			return fmt.Errorf("the metadata's %q is a part of every file; choose another key", key)
		}
	}
	for key, value := range metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return fmt.Errorf("the metadata's %q is not UTF-8, which safetensors files can't hold", key)
		}
	}
	for name := range tensors {
		if !utf8.ValidString(name) || name == "__metadata__" {
			return fmt.Errorf("no tensor of a safetensors file can have the name %q", name)
		}
	}
	metadata[formatKey] = format
	metadata[checksumKey] = checksum(tensors, metadata)
	return safetensors.SerializeToWriter(tensors, metadata, w)
}

// ErrDamaged is in the error of Read for a file that does not match its checksum.
var ErrDamaged = errors.New("the file is damaged")

// ReadFile returns the content of a file for Read. It does not read more than the
// beginning of what is no safetensors file, however large or endless that is.
func ReadFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content := make([]byte, filekind.HeadLength)
	n, err := io.ReadFull(file, content)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	if err := checkKind(content[:n]); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	buffer := bytes.NewBuffer(content[:n])
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		buffer.Grow(int(min(info.Size(), 1<<30)) + bytes.MinRead)
	}
	_, err = buffer.ReadFrom(file)
	return buffer.Bytes(), err
}

const advice = "take an intact copy of it, or make it anew"

// Read decodes a file, and returns its own metadata without the keys that Write adds.
// It fails if the file is not a whole safetensors file, has a key or name twice, or
// does not match its checksum, if it has one.
func Read(content []byte) (*File, error) {
	if err := checkKind(content); err != nil {
		return nil, err
	}
	if err := checkLength(content); err != nil {
		return nil, err
	}
	err := checkKeys(content[8 : 8+binary.LittleEndian.Uint64(content)])
	var header safetensors.Metadata
	if err == nil {
		_, header, err = safetensors.ReadMetadata(content)
	}
	if err != nil {
		return nil, fmt.Errorf("not a whole safetensors file: %w; if it was one, it is damaged: %s", err, advice)
	}
	decoded, err := safetensors.Deserialize(content)
	if err != nil {
		return nil, err // never: the header is valid
	}
	file := &File{Tensors: map[string]safetensors.TensorView{}, Metadata: map[string]string{}}
	maps.Copy(file.Metadata, header.Metadata())
	for _, tensor := range decoded.Tensors() {
		file.Tensors[tensor.Name] = tensor.TensorView
	}
	return file, file.verify()
}

// Describe returns words for what the file holds, for errors of readers that want
// something else.
func (f *File) Describe() string {
	if _, ok := f.Metadata[NetworkKey]; ok {
		return "a network, such as deepfry train writes"
	}
	if _, ok := f.Metadata[MachineKey]; ok {
		return "a kernel machine, such as deepfry fit writes"
	}
	names := slices.Sorted(maps.Keys(f.Tensors))
	text := strings.Join(names[:min(3, len(names))], ", ")
	if len(names) > 3 {
		text += ", ..."
	}
	if text != "" {
		text = " (" + text + ")"
	}
	return fmt.Sprintf("%d tensors%s without a network or machine of Deepfry's: weights alone", len(names), text)
}

// verify checks the checksum, if there is one, and removes it.
func (f *File) verify() error {
	stored, checked := f.Metadata[checksumKey]
	version, versioned := f.Metadata[formatKey]
	if !checked && !versioned {
		return nil
	}
	if versioned && version != format {
		return fmt.Errorf("its format is %q, and this program reads %q: use a newer version of Deepfry, unless the file is damaged", version, format)
	}
	if !checked || !versioned || checksum(f.Tensors, f.Metadata) != stored {
		return fmt.Errorf("%w: its content does not match its checksum; %s", ErrDamaged, advice)
	}
	delete(f.Metadata, checksumKey)
	delete(f.Metadata, formatKey)
	return nil
}

// checksum returns the SHA-256 of everything but the checksum, in hexadecimal digits.
// Whatever has no fixed length is preceded by it.
func checksum(tensors map[string]safetensors.TensorView, metadata map[string]string) string {
	sum := sha256.New()
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(metadata)), func(key string) bool { return key == checksumKey })
	writeNumber(sum, uint64(len(keys)))
	for _, key := range keys {
		writeText(sum, key)
		writeText(sum, metadata[key])
	}
	writeNumber(sum, uint64(len(tensors)))
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		tensor := tensors[name]
		writeText(sum, name)
		writeText(sum, tensor.DType().String())
		writeNumber(sum, uint64(len(tensor.Shape())))
		for _, n := range tensor.Shape() {
			writeNumber(sum, n)
		}
		sum.Write(tensor.Data()) // as long as shape and type say
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func writeText(sum hash.Hash, text string) {
	writeNumber(sum, uint64(len(text)))
	io.WriteString(sum, text)
}

func writeNumber(sum hash.Hash, n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	sum.Write(b[:])
}

// checkKind takes a file or its beginning.
func checkKind(head []byte) error {
	switch kind := filekind.Of(head); kind {
	case filekind.Safetensors:
		return nil
	case "":
		return errors.New("not a safetensors file")
	default:
		return fmt.Errorf("%s, not a safetensors file", kind)
	}
}

// checkLength fails if the header is cut off.
func checkLength(content []byte) error {
	if header := binary.LittleEndian.Uint64(content); header > uint64(len(content)-8) {
		return fmt.Errorf("not a whole safetensors file: its header has %d bytes, but only %d are there: it was cut off; %s", header, len(content)-8, advice)
	}
	return nil
}

// checkKeys fails if an object of the header has a key twice, of which the decoder
// would take the last, or a text that is not UTF-8, in which it would change letters.
func checkKeys(header []byte) error {
	if !utf8.Valid(header) {
		return errors.New("the header is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(header))
	var objects []map[string]bool // the keys of each object around the token, nil for a list
	key := false                  // whether a key comes next, unless the object ends
	for {
		token, err := decoder.Token()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case len(objects) > 8:
			return errors.New("its header is nested too deeply")
		}
		switch value := token.(type) {
		case json.Delim:
			switch value {
			case '{':
				objects = append(objects, map[string]bool{})
			case '[':
				objects = append(objects, nil)
			default:
				objects = objects[:len(objects)-1]
			}
		case string:
			if key {
				inside := objects[len(objects)-1]
				if inside[value] {
					return fmt.Errorf("its header has the key %q twice", value)
				}
				inside[value] = true
				key = false
				continue // the key's value comes next
			}
		}
		key = len(objects) > 0 && objects[len(objects)-1] != nil
	}
}
