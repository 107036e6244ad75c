package onnx

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/nn"
)

func TestTurn(t *testing.T) {
	for _, dims := range [][2]int{{1, 1}, {1, 7}, {7, 1}, {5, 5}, {3, 8}, {12, 9}, {70, 3}} {
		rows, columns := dims[0], dims[1]
		got := gaussian(rows*columns, 1)
		want := transposeMatrix(got, rows, columns)
		if turn(got, rows, columns); !slices.Equal(got, want) {
			t.Errorf("%d×%d: %v, want %v", rows, columns, got, want)
		}
	}
}

// TestConstantsThroughManyNodes stops at constants for which one would go through all
// numbers again and again.
func TestConstantsThroughManyNodes(t *testing.T) {
	for _, n := range []int{maxDepth, maxDepth + 2} {
		d := drawn{input: nn.Shape{4}, tensors: []*Tensor{NewTensor("w", []int{4, 4}, gaussian(16, 1))}}
		name := "w"
		for i := range n {
			d.nodes = append(d.nodes, op("Transpose", fmt.Sprint("w", i), name), op("MatMul", fmt.Sprint("y", i), "x "+fmt.Sprint("w", i)))
			name = fmt.Sprint("w", i)
		}
		layers, refused := d.model(t).Linears()
		if n == maxDepth && len(layers)+len(refused) != n || n > maxDepth && !strings.Contains(fmt.Sprint(refused), "through more than 64 nodes") {
			t.Errorf("%d nodes: layers %v, refused %v", n, layers, refused)
		}
	}
}

// TestReasonIsTold says of every layer on a constant why that can't be read.
func TestReasonIsTold(t *testing.T) {
	d := drawn{input: nn.Shape{4}, tensors: []*Tensor{NewTensor("w", []int{2, 2, 4}, gaussian(16, 1))},
		nodes: []*Node{op("Transpose", "v", "w"), op("MatMul", "a", "x v"), op("MatMul", "y", "a v")}}
	_, refused := d.model(t).Linears()
	if len(refused) != 2 {
		t.Fatalf("refused: %v", refused)
	}
	for _, r := range refused {
		if !strings.Contains(r.Reason, "only matrices can be transposed") {
			t.Errorf("%v: %s", r.Node, r.Reason)
		}
	}
}

// TestNamesApart has layers whose names, told apart, are those of others.
func TestNamesApart(t *testing.T) {
	d := drawn{input: nn.Shape{2}}
	for i, name := range []string{"a", "a", "a (y1)", "a (y2)"} {
		w, y := fmt.Sprint("w", i), fmt.Sprint("y", i)
		d.tensors = append(d.tensors, NewTensor(w, []int{2, 2}, gaussian(4, uint64(i))))
		d.nodes = append(d.nodes, NewNode("MatMul", name, []string{"x", w}, []string{y}))
	}
	layers, _ := d.model(t).Linears()
	names := map[string]bool{}
	for _, l := range layers {
		names[l.Name] = true
	}
	if len(names) != 4 || !names["a (y0)"] || !names["a (y1)"] {
		t.Errorf("names %v", names)
	}
}

// TestQuantizedWeights reads a file that is a quarter as large as its weights are as
// float32, and keeps within the memory that is promised.
func TestQuantizedWeights(t *testing.T) {
	const inputs, outputs = 1300, 1100
	d := drawn{input: nn.Shape{inputs}, tensors: []*Tensor{newTensor("w", Int8, []int{inputs, outputs}, make([]byte, inputs*outputs)), NewTensor("s", nil, []float32{2})},
		nodes: []*Node{op("DequantizeLinear", "v", "w s"), op("MatMul", "y", "x v")}}
	file := encoded(t, d.model(t))
	m, err := Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	layers, refused := m.Linears()
	if len(layers) != 1 {
		t.Fatalf("refused: %v", refused)
	}
	before := allocatedBytes()
	if _, err := layers[0].Weights(); err != nil {
		t.Error(err)
	}
	if _, err := Import(m, ImportOptions{}); err != nil {
		t.Error(err)
	}
	if n := (allocatedBytes() - before) / 2; n > allowed(file) {
		t.Errorf("%d bytes for a file of %d", n, len(file))
	}
}

// TestQuantizedErrors have scales and zero points that do not fit.
func TestQuantizedErrors(t *testing.T) {
	w, s := newTensor("w", Int8, []int{2, 3}, make([]byte, 6)), NewTensor("s", nil, []float32{2})
	for want, d := range map[string]drawn{
		"with one scale or one for each": {tensors: []*Tensor{w, NewTensor("s", []int{0}, nil)}},
		"scales of [2]":                  {tensors: []*Tensor{w, NewTensor("s", []int{2}, []float32{1, 2})}},
		"zero points of [2]":             {tensors: []*Tensor{w, s, newTensor("z", Int8, []int{2}, make([]byte, 2))}},
		"want integers":                  {tensors: []*Tensor{w, s, NewTensor("z", nil, []float32{1})}},
	} {
		d.input = nn.Shape{2}
		d.nodes = []*Node{op("DequantizeLinear", "v", "w s z"), op("MatMul", "y", "x v")}
		if len(d.tensors) < 3 {
			d.nodes[0] = op("DequantizeLinear", "v", "w s")
		}
		if layers, refused := d.model(t).Linears(); len(layers) != 0 || !strings.Contains(fmt.Sprint(refused), want) {
			t.Errorf("layers %v, refused: %v; want %q", layers, refused, want)
		}
	}
}
