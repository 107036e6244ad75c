package onnx

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/deepfry/deepfry/nn"
	"google.golang.org/protobuf/encoding/protowire"
)

// backendCase is one of ONNX's own tests, onnx/backend/test/data of its
// repository: a model, inputs and the outputs that are right.
type backendCase struct {
	name            string
	model           []byte
	operator        string // of its only node
	inputs, outputs []*Tensor
	names           []string // of the inputs
}

// backendTally counts what became of one operator's tests.
type backendTally struct{ tests, passedTests, passed, refused, wrong int }

// TestONNXBackend imports ONNX's own tests and compares the outputs with those
// that ONNX wants. A test is tried with every choice of one input and one output,
// the other inputs being constants of the graph. What Import takes must be right.
// DEEPFRY_ONNX_BACKEND is a folder of tests, or of folders of them.
func TestONNXBackend(t *testing.T) {
	folder := os.Getenv("DEEPFRY_ONNX_BACKEND")
	if folder == "" {
		t.Skip("set DEEPFRY_ONNX_BACKEND to backend/test/data of a copy of onnx/onnx")
	}
	tallies := map[string]*backendTally{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "model.onnx" {
			return err
		}
		c, err := readBackendCase(filepath.Dir(path))
		if err != nil {
			return err
		}
		if tallies[c.operator] == nil {
			tallies[c.operator] = &backendTally{}
		}
		c.try(t, tallies[c.operator])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	logBackendTable(t, tallies)
}

func readBackendCase(folder string) (c backendCase, err error) {
	c.name = filepath.Base(folder)
	if c.model, err = os.ReadFile(filepath.Join(folder, "model.onnx")); err != nil {
		return c, err
	}
	m, err := Parse(c.model)
	if err != nil {
		return c, fmt.Errorf("%s: %w", c.name, err)
	}
	c.operator = "graphs of several nodes"
	if nodes := m.Nodes(); len(nodes) == 1 {
		c.operator = nodes[0].Type
		if nodes[0].Domain != "" {
			c.operator = nodes[0].Domain + "." + c.operator
		}
	}
	for _, in := range m.Inputs {
		c.names = append(c.names, in.Name)
	}
	data := filepath.Join(folder, "test_data_set_0")
	c.inputs, err = readBackendTensors(data, "input", len(m.Inputs))
	if err == nil {
		c.outputs, err = readBackendTensors(data, "output", len(m.Outputs))
	}
	return c, err
}

// readBackendTensors reads so many files. What is no tensor, but a sequence or
// nothing, is nil.
func readBackendTensors(folder, kind string, n int) ([]*Tensor, error) {
	tensors := make([]*Tensor, n)
	for i := range tensors {
		data, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("%s_%d.pb", kind, i)))
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		b := newBudget(len(data))
		if t, err := decodeTensor(field{value: data, wire: data, kind: protowire.BytesType}, "", &b); err == nil && t.Type != 0 {
			tensors[i] = t
		}
	}
	return tensors, nil
}

// try runs the variants of a test.
func (c backendCase) try(t *testing.T, tally *backendTally) {
	tally.tests++
	before := tally.passed
	for in := range max(1, len(c.inputs)) {
		for out := range max(1, len(c.outputs)) {
			reason, err := c.variant(in, out)
			switch {
			case err != nil:
				tally.wrong++
				t.Errorf("%s, input %d, output %d: %v", c.name, in, out, err)
			case reason != "":
				tally.refused++
				t.Logf("%s, input %d, output %d: refused: %s", c.name, in, out, reason)
			default:
				tally.passed++
				t.Logf("%s, input %d, output %d: passed", c.name, in, out)
			}
		}
	}
	if tally.passed > before {
		tally.passedTests++
	}
}

// variant imports the test with one input and one output. It returns why it is
// refused, or an error if the answer is wrong or there is a panic.
func (c backendCase) variant(in, out int) (refused string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	slope := 1.0
	network, refusal, err := importBackend(c.with(in, out, false))
	if refusal != nil && strings.Contains(refusal.Error(), "not computed by any layer") { // but only another shape of the input
		slope = 0.5
		network, refusal, err = importBackend(c.with(in, out, true))
	}
	if err != nil || refusal != nil {
		return fmt.Sprint(refusal), err
	}
	x, err := numbersOf(c.inputs[in])
	if err != nil {
		return "", err
	}
	samples := make([]float32, len(x))
	for i, v := range x {
		samples[i] = float32(v)
	}
	return "", c.compare(run(network, samples, c.inputs[in].Dims[0]), out, slope)
}

// importBackend returns a network, or why there is none.
func importBackend(file []byte) (network *nn.Network, refusal, err error) {
	m, err := Parse(file)
	if err != nil {
		return nil, nil, err
	}
	m.Linears() // must not panic
	network, refusal = Import(m, ImportOptions{})
	return network, refusal, nil
}

// compare compares numbers with an output whose negative numbers are multiplied by
// slope.
func (c backendCase) compare(got []float32, out int, slope float64) error {
	want, err := numbersOf(c.outputs[out])
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d numbers, want those of %v", len(got), c.outputs[out].Dims)
	}
	relative, absolute := 1e-3, 1e-5
	if kind := c.outputs[out].Type; kind == Float16 || kind == BFloat16 {
		relative, absolute = 1e-2, 1e-3
	}
	for i, w := range want {
		if w < 0 {
			w *= slope
		}
		g := float64(got[i])
		if g == w || math.IsNaN(g) && math.IsNaN(w) || math.Abs(g-w) <= absolute+relative*math.Abs(w) {
			continue
		}
		return fmt.Errorf("output %d is %v, want %v", i, g, w)
	}
	return nil
}

// with returns the model with all inputs but one as constants, and one output,
// which may be passed through a LeakyRelu of slope 0.5.
func (c backendCase) with(in, out int, leaky bool) []byte {
	var file []byte
	_ = eachField(c.model, 0, func(f field) error { // it has been read before
		if f.number != modelGraph {
			file = append(file, f.wire...)
			return nil
		}
		var graph []byte
		output, names := 0, []string{}
		_ = f.each("", func(f field) error {
			switch f.number {
			case graphInput:
				b := newBudget(len(f.value))
				v, _ := decodeValue(f, &b)
				i := slices.Index(c.names, v.Name)
				if i >= 0 && i != in && c.inputs[i] != nil && !slices.Contains(names, v.Name) {
					names = append(names, v.Name)
					constant := appendText(bytes.Clone(c.inputs[i].message), tensorName, v.Name)
					graph = appendMessage(graph, graphInitializer, constant)
					return nil
				}
			case graphOutput:
				output++
				if output-1 != out {
					return nil
				}
				if leaky {
					b := newBudget(len(f.value))
					v, _ := decodeValue(f, &b)
					n := NewNode("LeakyRelu", "", []string{v.Name}, []string{"leaky"}, FloatAttribute("alpha", 0.5))
					graph = append(graph, n.wire...)
					graph = appendMessage(graph, graphOutput, appendText(nil, valueName, "leaky"))
					return nil
				}
			}
			graph = append(graph, f.wire...)
			return nil
		})
		file = appendMessage(file, modelGraph, graph)
		return nil
	})
	return file
}

// numbersOf returns the elements of a tensor of any type that is supported.
func numbersOf(t *Tensor) ([]float64, error) {
	if t == nil {
		return nil, fmt.Errorf("an input or output that is no tensor")
	}
	if floats, err := t.Floats(); err == nil {
		values := make([]float64, len(floats))
		for i, v := range floats {
			values[i] = float64(v)
		}
		return values, nil
	}
	ints, err := t.Ints()
	values := make([]float64, len(ints))
	for i, v := range ints {
		values[i] = float64(v)
	}
	return values, err
}

// logBackendTable prints what docs/onnx.md has.
func logBackendTable(t *testing.T, tallies map[string]*backendTally) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	var none, total backendTally
	others := 0
	fmt.Fprintln(w, "| operator\t| tests\t| imported\t| variants right\t| variants refused\t| wrong\t|")
	row := func(operator string, c backendTally) {
		fmt.Fprintf(w, "| %s\t| %d\t| %d\t| %d\t| %d\t| %d\t|\n", operator, c.tests, c.passedTests, c.passed, c.refused, c.wrong)
	}
	sum := func(to *backendTally, c backendTally) {
		to.tests, to.passedTests, to.passed, to.refused, to.wrong = to.tests+c.tests, to.passedTests+c.passedTests, to.passed+c.passed, to.refused+c.refused, to.wrong+c.wrong
	}
	for _, operator := range slices.Sorted(maps.Keys(tallies)) {
		c := *tallies[operator]
		sum(&total, c)
		if c.passed+c.wrong > 0 {
			row(operator, c)
			continue
		}
		others++
		sum(&none, c)
	}
	row(fmt.Sprintf("%d other operators", others), none)
	row("all", total)
	w.Flush()
	t.Logf("\n%s", b.String())
}
