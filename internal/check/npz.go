package check

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Array is an array of NumPy's.
type Array struct {
	Shape  []int
	Values any // []byte, []int64 or []float32
}

// NPZ returns an .npz file of the named arrays, as numpy.savez writes it.
func NPZ(arrays map[string]Array) []byte {
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		a := arrays[name]
		kind := map[string]string{"[]uint8": "|u1", "[]int64": "<i8", "[]float32": "<f4"}[fmt.Sprintf("%T", a.Values)]
		shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(a.Shape), " ", ", "), "[]")
		header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }\n", kind, shape)
		content := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
		content, err := binary.Append(append(content, header...), binary.LittleEndian, a.Values)
		if err == nil {
			var w io.Writer
			if w, err = z.Create(name + ".npy"); err == nil {
				_, err = w.Write(content)
			}
		}
		if err != nil {
			panic("check: NPZ: " + err.Error())
		}
	}
	if err := z.Close(); err != nil {
		panic("check: NPZ: " + err.Error())
	}
	return file.Bytes()
}
