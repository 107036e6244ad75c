package onnx

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/deepfry/deepfry/internal/wholefile"
)

// externalBytes is how many bytes of data a tensor has at least to be worth a
// place in another file.
const externalBytes = 1024

// Save writes the model to path, under a temporary name first. What nobody
// changed is written as it was read. If the model has external data, or is too
// large for one file, the large tensors' data go to path with .data behind it
// and the tensors refer to them there; all else is as it was. It refuses to write
// over a file that the model's own data are in.
func (m *Model) Save(path string) error {
	moved := *m
	_, size := m.encode()
	external := size > maxFile || m.hasExternal()
	for _, file := range m.ExternalFiles() {
		if same(file, path) || external && same(file, path+".data") {
			return fmt.Errorf("onnx: %s would be written over %s, where the model's own weights are: name another file", path, file)
		}
	}
	if external {
		err := wholefile.Write(path+".data", func(data *os.File) error {
			return moved.moveData(data, filepath.Base(path)+".data")
		})
		if err != nil {
			return fmt.Errorf("onnx: %w", err)
		}
	}
	if err := wholefile.Write(path, func(file *os.File) error { return moved.write(file) }); err != nil {
		return fmt.Errorf("onnx: %w", err)
	}
	return nil
}

// same tells whether two paths are those of one file.
func same(a, b string) bool {
	first, errA := os.Stat(a)
	second, errB := os.Stat(b)
	return filepath.Clean(a) == filepath.Clean(b) || errA == nil && errB == nil && os.SameFile(first, second)
}

// moveData copies the data of large tensors to a file, and has the model refer
// to them there.
func (m *Model) moveData(data *os.File, location string) error {
	b := newBudget(m.size + m.externalSize()) // many tensors may refer to the same data
	old := m.graph
	m.graph, m.graphWire = nil, nil
	for _, p := range old {
		if t := p.tensor; t != nil && (t.external != nil || len(t.raw) >= externalBytes) {
			moved, err := t.moved(data, location, &b)
			if err != nil {
				return err
			}
			p.tensor = moved
		}
		m.graph = append(m.graph, p)
	}
	return nil
}
