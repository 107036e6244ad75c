package onnx

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/deepfry/deepfry/internal/filekind"
	"google.golang.org/protobuf/encoding/protowire"
)

// Model is an ONNX file in memory.
type Model struct {
	IRVersion int64
	Producer  string
	Opset     map[string]int64 // the version of every domain's operations; "" is ONNX itself
	Inputs    []Value          // of the graph, initializers apart
	Outputs   []Value
	Metadata  map[string]string // texts of whoever wrote the file

	parts     []part // all fields, the graph's apart
	graph     []part // all fields of the graph
	graphAt   int    // the index in parts before which the graph is
	graphWire []byte // the graph as it was read, until something changes it
	folder    string // where external data are
	size      int    // of the file, and of constants that came later
	functions map[string]bool
	// functionFields are the functions that the model defines.
	functionFields []field
}

// part is a field of the model or its graph.
type part struct {
	wire   []byte // as it was read
	node   *Node  // what the field holds, if it is one of these
	tensor *Tensor
	input  string // the name of the graph's input that the field holds
}

// Value is an input or an output of a graph.
type Value struct {
	Name string
	Type DataType
	Dims []int // -1: not known before the model runs; nil: not even their number
}

// maxFile is the size that no protobuf message may reach. It is a variable for
// tests.
var maxFile int64 = 1<<31 - 1

// Open reads a model. External data stay in their files, in the model's folder,
// until they are wanted. It fails if the file is not a whole ONNX model.
func Open(path string) (*Model, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	if info.Size() > maxFile || info.IsDir() {
		return nil, fmt.Errorf("onnx: %s: want a file of at most 2 GB; larger models have their weights in other files", path)
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, fmt.Errorf("onnx: %s: %w", path, err)
	}
	m, err := parse(data, filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("onnx: %s: %w", path, err)
	}
	return m, nil
}

// Parse decodes a model that is in memory, and keeps data.
func Parse(data []byte) (*Model, error) {
	m, err := parse(data, "")
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return m, nil
}

func parse(data []byte, folder string) (*Model, error) {
	m := &Model{Opset: map[string]int64{}, Metadata: map[string]string{}, graphAt: -1, folder: folder, size: len(data), functions: map[string]bool{}}
	b := newBudget(len(data))
	var graph field
	err := eachField(data, 0, func(f field) (err error) {
		if f.number == modelGraph {
			if m.graphAt >= 0 {
				return fmt.Errorf("byte %d: a second graph; want one", f.at)
			}
			m.graphAt, m.graphWire, graph = len(m.parts), f.wire, f
			return nil
		}
		switch f.number {
		case modelIRVersion:
			m.IRVersion, err = f.int("the version of the format")
		case modelProducer:
			m.Producer, err = f.text("the producer")
		case modelOpset:
			err = m.decodeOpset(f)
		case modelFunctions:
			err = m.decodeFunction(f)
		case modelMetadata:
			err = m.decodeEntry(f, &b)
		}
		m.parts = append(m.parts, part{wire: f.wire})
		if err == nil {
			err = b.spend(256 + len(m.Producer))
		}
		return err
	})
	if kind := filekind.Of(data); (err != nil || m.graphAt < 0) && kind != filekind.ONNX && kind != filekind.Empty && kind != "" {
		return nil, fmt.Errorf("%s, not an ONNX model", kind)
	}
	if err != nil {
		return nil, err
	}
	if m.graphAt < 0 {
		return nil, fmt.Errorf("not an ONNX model: there is no graph")
	}
	return m, m.decodeGraph(graph, &b)
}

func (m *Model) decodeOpset(f field) error {
	domain, version := "", int64(0)
	err := f.each("an operator set", func(f field) (err error) {
		switch f.number {
		case opsetDomain:
			domain, err = f.text("its domain")
		case opsetVersion:
			version, err = f.int("its version")
		}
		return err
	})
	if domain == "ai.onnx" {
		domain = ""
	}
	m.Opset[domain] = version
	return err
}

// decodeEntry reads a text of the metadata.
func (m *Model) decodeEntry(f field, b *budget) error {
	key, value := "", ""
	err := f.each("an entry of the metadata", func(f field) (err error) {
		switch f.number {
		case entryKey:
			key, err = f.text("its key")
		case entryValue:
			value, err = f.text("its value")
		}
		return err
	})
	m.Metadata[key] = value
	return errors.Join(err, b.spend(256+len(key)+len(value)))
}

// decodeFunction notes the operation that a function defines.
func (m *Model) decodeFunction(f field) error {
	domain, name := "", ""
	err := f.each("a function", func(f field) (err error) {
		switch f.number {
		case functionDomain:
			domain, err = f.text("its domain")
		case functionName:
			name, err = f.text("its name")
		}
		return err
	})
	m.functions[domain+"."+name] = true
	if domain != ourDomain {
		m.functionFields = append(m.functionFields, f)
	}
	return err
}

func (m *Model) decodeGraph(graph field, b *budget) error {
	fields := 0
	err := graph.each("the graph", func(field) error { fields++; return nil })
	if err == nil {
		err = b.spend(64 * fields)
	}
	if err != nil {
		return err
	}
	m.graph = make([]part, 0, fields)
	initialized := map[string]bool{}
	err = graph.each("the graph", func(f field) error {
		p, err := m.decodePart(f, b)
		if p.tensor != nil {
			if initialized[p.tensor.Name] && err == nil {
				err = fmt.Errorf("byte %d: a second constant is called %q: programs differ in which they take", f.at, p.tensor.Name)
			}
			initialized[p.tensor.Name] = true
		}
		m.graph = append(m.graph, p)
		return err
	})
	// Files of before version 4 of the format list initializers as inputs, too.
	m.Inputs = slices.DeleteFunc(m.Inputs, func(v Value) bool { return initialized[v.Name] })
	return err
}

func (m *Model) decodePart(f field, b *budget) (p part, err error) {
	p.wire = f.wire
	switch f.number {
	case graphNode:
		p.node, err = decodeNode(f, b)
	case graphInitializer:
		p.tensor, err = decodeTensor(f, m.folder, b)
	case graphInput:
		var v Value
		v, err = decodeValue(f, b)
		p.input = v.Name
		m.Inputs = append(m.Inputs, v)
	case graphOutput:
		var v Value
		v, err = decodeValue(f, b)
		m.Outputs = append(m.Outputs, v)
	}
	return p, err
}

func decodeValue(f field, b *budget) (v Value, err error) {
	if err := b.spend(256 + len(f.value)); err != nil {
		return v, err
	}
	err = f.each("an input or output", func(f field) (err error) {
		switch f.number {
		case valueName:
			v.Name, err = f.text("its name")
		case valueType:
			err = f.each("its type", func(f field) error {
				if f.number != typeTensor {
					return nil
				}
				return f.each("its tensor type", v.decodeType)
			})
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("input or output %q: %w", v.Name, err)
	}
	return v, err
}

func (v *Value) decodeType(f field) error {
	switch f.number {
	case tensorTypeElem:
		kind, err := f.int("its element type")
		v.Type = DataType(kind)
		return err
	case tensorShape:
		v.Dims = []int{}
		return f.each("its shape", func(f field) error {
			if f.number != shapeDim {
				return nil
			}
			if len(v.Dims) == maxRank {
				return fmt.Errorf("byte %d: more than %d dimensions", f.at, maxRank)
			}
			v.Dims = append(v.Dims, -1)
			return f.each("a dimension", func(f field) error {
				if f.number != dimValue {
					return nil
				}
				n, err := f.int("a dimension")
				if n >= 0 && n <= maxElements {
					v.Dims[len(v.Dims)-1] = int(n)
				}
				return err
			})
		})
	}
	return nil
}

// Nodes returns the graph's operations, in the order of the file, in which each
// comes after those whose results it takes.
func (m *Model) Nodes() []*Node {
	var nodes []*Node
	for _, p := range m.graph {
		if p.node != nil {
			nodes = append(nodes, p.node)
		}
	}
	return nodes
}

// Initializers returns the graph's constants, those in Constant nodes apart.
func (m *Model) Initializers() []*Tensor {
	var tensors []*Tensor
	for _, p := range m.graph {
		if p.tensor != nil {
			tensors = append(tensors, p.tensor)
		}
	}
	return tensors
}

// encode returns the file in parts, and its size.
func (m *Model) encode() (parts [][]byte, size int64) {
	for i := range len(m.parts) + 1 {
		if i == m.graphAt {
			parts = append(parts, m.encodeGraph()...)
		}
		if i < len(m.parts) {
			parts = append(parts, m.parts[i].wire)
		}
	}
	for _, p := range parts {
		size += int64(len(p))
	}
	return parts, size
}

func (m *Model) encodeGraph() (parts [][]byte) {
	if m.graphWire != nil {
		return [][]byte{m.graphWire}
	}
	parts = [][]byte{nil}
	size := uint64(0)
	for _, p := range m.graph {
		fields := [][]byte{p.wire}
		switch {
		case p.node != nil:
			fields = [][]byte{p.node.wire}
		case p.tensor != nil:
			fields = p.tensor.encode(graphInitializer)
		}
		for _, f := range fields {
			size += uint64(len(f))
		}
		parts = append(parts, fields...)
	}
	parts[0] = protowire.AppendVarint(protowire.AppendTag(nil, modelGraph, protowire.BytesType), size)
	return parts
}

// Write writes the model. What nobody changed is written as it was read. It
// fails if there are external data, which would not go with it, or if the model
// is too large for one file; Save can do both.
func (m *Model) Write(w io.Writer) error {
	if err := m.write(w); err != nil {
		return fmt.Errorf("onnx: %w", err)
	}
	return nil
}

func (m *Model) write(w io.Writer) error {
	if m.hasExternal() {
		return errors.New("the model has data in other files: write it with Save")
	}
	parts, size := m.encode()
	if size > maxFile {
		return fmt.Errorf("a model of %d bytes is too large for one file: write it with Save, which puts the weights into another", size)
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

func (m *Model) hasExternal() bool {
	return slices.ContainsFunc(m.graph, func(p part) bool { return p.tensor != nil && p.tensor.external != nil })
}

// graphName returns the graph's name, or one in its stead.
func (m *Model) graphName() string {
	for _, p := range m.graph {
		if p.node != nil || p.tensor != nil {
			continue
		}
		name := ""
		_ = eachField(p.wire, 0, func(f field) error { // it has been read before
			if f.number == graphName {
				name = string(f.value)
			}
			return nil
		})
		if name != "" {
			return name
		}
	}
	return "onnx"
}

// ExternalFiles returns the paths of the files beside the model's own that hold data of
// its tensors, also of those in nodes.
func (m *Model) ExternalFiles() []string {
	var files []string
	seen := map[string]bool{}
	add := func(e *external) {
		path := filepath.Join(e.folder, filepath.FromSlash(e.location))
		if !seen[path] {
			seen[path], files = true, append(files, path)
		}
	}
	for _, p := range m.graph {
		if p.tensor != nil && p.tensor.external != nil {
			add(p.tensor.external)
		}
	}
	_ = m.eachInnerExternal(add) // what can't be read names no file
	return files
}

// eachInnerExternal visits the tensors in nodes, and in graphs within them, whose data
// are in other files: Save leaves these as they are.
func (m *Model) eachInnerExternal(visit func(*external)) error {
	for _, n := range m.Nodes() {
		if err := eachInnerTensor(n.message, n.at, 0, func(f field) error {
			b := budget(1 << 10) // for the tensor's name and place
			t, err := decodeTensor(f, m.folder, &b)
			if err == nil && t.external != nil {
				visit(t.external)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// externalSize returns the bytes of the files that hold external data.
func (m *Model) externalSize() int {
	total := int64(0)
	seen := map[string]bool{}
	for _, p := range m.graph {
		if p.tensor == nil || p.tensor.external == nil || seen[p.tensor.external.location] {
			continue
		}
		seen[p.tensor.external.location] = true
		if file, err := p.tensor.external.open(0); err == nil {
			if info, err := file.Stat(); err == nil {
				total += info.Size()
			}
			file.Close()
		}
	}
	return int(min(total, maxElements))
}
