package onnx

import (
	"errors"
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
// and the tensors refer to them there; all else is as it was. Tensors in nodes, as those
// of Constant and of the branches of an If, stay as they are: if their data are in other
// files, they can be saved in the model's own folder alone. It refuses to write over a file
// that the model's own data are in.
func (m *Model) Save(path string) error {
	moved := *m
	_, size := m.encode()
	external := size > maxFile || m.hasExternal()
	for _, file := range m.ExternalFiles() {
		if sameFile(file, path) || external && sameFile(file, path+".data") {
			return fmt.Errorf("onnx: %s would be written over %s, where the model's own weights are: name another file", path, file)
		}
	}
	if err := m.checkInnerExternal(filepath.Dir(path)); err != nil {
		return fmt.Errorf("onnx: %s: %w", path, err)
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

// checkInnerExternal fails if tensors in nodes have data in files that are not in a folder.
func (m *Model) checkInnerExternal(folder string) (err error) {
	if m.folder == "" || sameFile(m.folder, folder) {
		return nil
	}
	errB := m.eachInnerExternal(func(e *external) {
		err = fmt.Errorf("its nodes have data in %q: save it in the folder of the original, %s", e.location, m.folder)
	})
	return errors.Join(err, errB)
}

// sameFile tells whether two paths are those of one file.
func sameFile(a, b string) bool {
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

// minShortened is how many numbers a constant has at least to be worth a node.
const minShortened = 128

// MinInt8Opset is the first version of ONNX's operators in which weights can be Int8: its
// DequantizeLinear takes several scales.
const MinInt8Opset = 13

// Store stores the model's matrices and kernels, constants of more bits that nothing
// but products and convolutions take, as their weights, as Float16 or Int8, with a scale for
// each output, and has them made what they were where they are used. All other constants stay
// as they are, such as biases and means, and those that whoever runs the model may replace, as
// inputs. It fails, and changes nothing, if one has a number that the type can't hold, or if
// the file's opset is less than 7, or, for Int8, 13.
func (m *Model) Store(kind DataType) error {
	least := int64(minReplaced) // Cast was another
	switch kind {
	case Float16:
	case Int8:
		least = MinInt8Opset
	default:
		return fmt.Errorf("onnx: weights as %v: want %v or %v", kind, Float16, Int8)
	}
	if m.Opset[""] < least {
		return fmt.Errorf("onnx: %v: the file has opset %d: want %d or more", kind, m.Opset[""], least)
	}
	matrices, err := m.matrices()
	if err != nil {
		return fmt.Errorf("onnx: %w", err)
	}
	b := builder{taken: m.names(), weights: kind}
	shortened := map[string][]*Tensor{}
	for _, t := range m.Initializers() {
		if by, found := matrices[t.Name]; found {
			if shortened[t.Name], err = b.shorten(t, by); err != nil {
				return fmt.Errorf("onnx: %w", err)
			}
		}
	}
	if b.overflow != nil {
		return fmt.Errorf("onnx: %w", b.overflow)
	}
	var graph []part
	for _, p := range m.graph {
		if p.node != nil && b.nodes != nil { // before all others
			graph, b.nodes = append(graph, m.newParts(&b)...), nil
		}
		if p.tensor != nil && shortened[p.tensor.Name] != nil {
			graph = append(graph, m.newParts(&builder{tensors: shortened[p.tensor.Name]})...)
		} else if p.input == "" || shortened[p.input] == nil {
			graph = append(graph, p)
		}
	}
	m.graph, m.graphWire = graph, nil
	return nil
}

// shorten adds the nodes that make a constant of one of fewer bits, and returns what they
// take; nothing if that is not worth it.
func (b *builder) shorten(t *Tensor, by scales) ([]*Tensor, error) {
	if by.dims == nil {
		by.dims = t.Dims
	}
	if !b.weights.shortens(t.Type) || t.Size() < minShortened || by.axis >= len(by.dims) {
		return nil, nil
	}
	by.axis = (by.axis + len(by.dims)) % len(by.dims)
	if b.weights == Int8 && t.Size() < 2*by.dims[by.axis] { // each number would have a scale
		return nil, nil
	}
	values, err := t.Floats()
	if err != nil {
		return nil, err
	}
	b.activations = t.Type
	var value string
	var constants []*Tensor
	if b.weights == Float16 {
		constants = []*Tensor{b.floats(Float16, b.unique(t.Name+".float16"), t.Dims, values)}
		value = b.node("Cast", t.Name+"/cast", []string{constants[0].Name}, IntAttribute("to", int64(t.Type)))
	} else {
		value, constants = b.dequantized(t.Name+"/dequantized", t.Dims, values, by)
	}
	b.rename(value, t.Name)
	return constants, nil
}

// shortens tells whether numbers of another type have more bits than those of the type that
// Store stores.
func (t DataType) shortens(other DataType) bool {
	return other == Float || other == Double || t == Int8 && other == Float16
}

// matrices returns the names of values that are the second input of products and
// convolutions, or L and R of Monarch layers, and nothing else, with the axis of these that is
// the outputs', from the end where it is negative. The factors of Hadamard matrices are not
// among them: they are few numbers, and known by their exact values.
func (m *Model) matrices() (map[string]scales, error) {
	matrices, others := map[string]scales{}, m.given()
	for _, out := range m.Outputs {
		others[out.Name] = true
	}
	b := newBudget(m.size)
	g := m.newGraph(&b)
	parts, structured := g.layerParts(), g.monarchScales()
	for _, n := range m.Nodes() {
		weights, axis := "", 0
		if n.Domain == "" && !parts[n] {
			switch n.Type {
			case "MatMul":
				weights, axis = n.input(1), -1
			case "Gemm":
				turned, err := n.Int("transB", 0)
				if err != nil {
					return nil, err
				}
				weights, axis = n.input(1), 1-int(min(max(turned, 0), 1))
			case "Conv":
				weights = n.input(1)
			case "ConvTranspose":
				weights, axis = n.input(1), 1
			}
		}
		for i, input := range n.Inputs {
			if i == 1 && input == weights {
				matrices[input] = scales{axis: axis}
			} else if by, found := structured[input]; found && parts[n] {
				matrices[input] = by
			} else {
				others[input] = true
			}
		}
		if err := eachInner(n.message, n.at, 0, func(name string) { others[name] = true }); err != nil {
			return nil, err
		}
	}
	for name := range others {
		delete(matrices, name)
	}
	return matrices, nil
}
