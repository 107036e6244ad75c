package picture

import (
	"encoding/binary"
	"errors"
	"io"
)

var errNoTIFF = errors.New("expected TIFF's header")

// directory is one of TIFF's image file directories: its values by their tags.
type directory struct {
	data    *io.SectionReader
	order   binary.ByteOrder
	entries map[uint16]directoryEntry
}

type directoryEntry struct {
	kind  uint16
	count uint32
	value [4]byte // or where the values are
}

// readTIFFDirectory reads the first directory of a TIFF file.
func readTIFFDirectory(data *io.SectionReader) (*directory, error) {
	var header [8]byte
	if _, err := data.ReadAt(header[:], 0); err != nil {
		return nil, err
	}
	var order binary.ByteOrder
	switch string(header[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return nil, errNoTIFF
	}
	return readDirectory(data, order, int64(order.Uint32(header[4:])))
}

func readDirectory(data *io.SectionReader, order binary.ByteOrder, at int64) (*directory, error) {
	var count [2]byte
	if _, err := data.ReadAt(count[:], at); err != nil {
		return nil, err
	}
	entries := make([]byte, min(12*int64(order.Uint16(count[:])), max(0, data.Size()-at)))
	if _, err := data.ReadAt(entries, at+2); err != nil && err != io.EOF { // what is cut off is missing
		return nil, err
	}
	d := &directory{data, order, map[uint16]directoryEntry{}}
	for ; len(entries) >= 12; entries = entries[12:] {
		entry := directoryEntry{kind: order.Uint16(entries[2:]), count: order.Uint32(entries[4:]), value: [4]byte(entries[8:])}
		if tag := order.Uint16(entries); d.entries[tag].kind == 0 {
			d.entries[tag] = entry
		}
	}
	return d, nil
}

// value returns the first integer of a tag, or otherwise where it has none.
func (d *directory) value(tag uint16, otherwise uint32) uint32 {
	if values := d.values(tag, 1); len(values) > 0 {
		return values[0]
	}
	return otherwise
}

// values returns the integers of a tag, at most so many as limit, or nil.
func (d *directory) values(tag uint16, limit int) []uint32 {
	entry := d.entries[tag]
	size := map[uint16]int{1: 1, 3: 2, 4: 4, 13: 4}[entry.kind] // BYTE, SHORT, LONG, IFD
	if size == 0 {
		return nil
	}
	count := int(min(int64(entry.count), int64(limit), d.data.Size()))
	raw := entry.value[:]
	if int64(entry.count)*int64(size) > 4 {
		raw = make([]byte, count*size)
		if _, err := d.data.ReadAt(raw, int64(d.order.Uint32(entry.value[:]))); err != nil {
			return nil
		}
	}
	values := make([]uint32, count)
	for i := range values {
		switch size {
		case 1:
			values[i] = uint32(raw[i])
		case 2:
			values[i] = uint32(d.order.Uint16(raw[2*i:]))
		case 4:
			values[i] = d.order.Uint32(raw[4*i:])
		}
	}
	return values
}

// bytes returns the bytes of a tag of kind UNDEFINED or BYTE, at most so many as limit.
func (d *directory) bytes(tag uint16, limit int64) []byte {
	entry := d.entries[tag]
	if entry.kind != 1 && entry.kind != 7 || entry.count <= 4 {
		return nil
	}
	raw := make([]byte, min(int64(entry.count), limit, d.data.Size()))
	if _, err := d.data.ReadAt(raw, int64(d.order.Uint32(entry.value[:]))); err != nil {
		return nil
	}
	return raw
}
