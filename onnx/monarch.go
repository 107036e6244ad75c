package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/nn"
)

// ourMonarch is the type of a node that stands for the operators of a Monarch layer while
// a graph is read. No file has such nodes.
const ourMonarch = "Monarch"

// monarch adds the operators for a Monarch layer of b blocks of width inputs and height
// outputs, with zeros where the last blocks have less, and returns their output:
//
//	x [N, in] → X [k, N, width] · R [k, width, l] = Z [k, N, l] → Zᵀ [l, k, N],  L [l, height, k] · Zᵀ = Y [l, height, N] → y [N, out]
func (e *exporter) monarch(name string, op nn.Monarch, x tensor, info nn.LayerInfo) string {
	b, in := op.Blocks, x.shape.Size()
	right, left := param(info, name+".r").Data, param(info, name+".l").Data
	r, l := monarchFactors(op, in, right, left)
	width, height := len(r)/(b*b), len(l)/(b*b)
	rows := []int64{-1, int64(b), int64(width)}
	y := e.flattened(name, x)
	if pads := []int64{0, 0, 0, int64(b*width - in)}; in < b*width && e.opset < 11 {
		y = e.node("Pad", name+"/pad", []string{y}, IntsAttribute("pads", pads...))
	} else if in < b*width {
		y = e.node("Pad", name+"/pad", []string{y, e.ints(pads...)})
	}
	turn := func(part string, axes ...int64) {
		y = e.node("Transpose", name+"/"+part, []string{y}, IntsAttribute("perm", axes...))
	}
	y = e.node("Reshape", name+"/blocks", []string{y, e.ints(rows...)})
	turn("inputs", 1, 0, 2)
	y = e.node("MatMul", name+"/R", []string{y, e.arranged(right, name+".r", []int{b, width, b}, r, scales{[]int{b * width, b}, 1})})
	turn("P", 2, 0, 1)
	y = e.node("MatMul", name+"/L", []string{e.arranged(left, name+".l", []int{b, height, b}, l, scales{dims: []int{b * height, b}}), y})
	turn("outputs", 2, 0, 1)
	y = e.node("Reshape", name+"/vector", []string{y, e.ints(-1, int64(b*height))})
	if op.Out < b*height {
		y = e.slice(name+"/crop", y, 0, int64(op.Out), 1)
	}
	if bias := e.bias(info); bias != "" {
		y = e.node("Add", name+"/bias", []string{y, bias})
	}
	return y
}

// monarchFactors returns R [k, width, l] and L [l, height, k] for a layer's
// parameters.
func monarchFactors(op nn.Monarch, in int, right, left []float32) (r, l []float32) {
	b := op.Blocks
	width, height := (in+b-1)/b, (op.Out+b-1)/b
	r, l = make([]float32, b*b*width), make([]float32, b*b*height)
	for block := range b {
		for j := range in {
			r[j*b+block] = right[block*in+j]
		}
	}
	copy(l, left) // and zeros
	return r, l
}

// monarchOf returns a node that stands for the operators that monarch writes, of which n
// is the last, with the inputs x, R, L and the bias, and all of them; or nil.
func (g *graph) monarchOf(n *Node) (found *Node, all []*Node) {
	if len(n.Outputs) != 1 || n.Type != "Add" && n.Type != "Slice" && n.Type != "Reshape" {
		return nil, nil
	}
	w := &walk{graph: g, next: n}
	bias := ""
	var slice, pad *Node
	if w.at("Add") {
		bias = w.back("Add", 0)
	}
	if w.at("Slice") {
		slice = w.next
		w.back("Slice", 0)
	}
	vector := w.back("Reshape", 0)
	w.turned(2, 0, 1)
	l := w.back("MatMul", 1)
	w.turned(2, 0, 1)
	r := w.back("MatMul", 0)
	w.turned(1, 0, 2)
	blocks := w.back("Reshape", 0)
	if w.at("Pad") {
		pad = w.next
		w.back("Pad", 0)
	}
	if w.nodes == nil { // from here on it costs something to look: constants are read
		return nil, nil
	}
	shape, size := g.integers(blocks), g.integers(vector)
	if len(shape) != 3 || shape[0] != -1 || len(size) != 2 || size[0] != -1 {
		return nil, nil
	}
	outputs := size[1]
	if slice != nil {
		outputs = g.cropped(slice)
	}
	if pad != nil && !g.padsBehind(pad) {
		return nil, nil
	}
	if c, err := g.constant(bias); bias != "" && (err != nil || c == nil || int64(c.size()) != outputs) {
		return nil, nil // something else is added
	}
	name := n.Name[:max(strings.LastIndexByte(n.Name, '/'), 0)]
	return NewNode(ourDomain+"."+ourMonarch, name, []string{w.x, r, l, bias}, n.Outputs,
		IntsAttribute("blocks", shape[1:]...), IntsAttribute("outputs", outputs, size[1])), w.nodes
}

// monarchScales returns, for the names of the constants L and R of all Monarch layers, which
// numbers have one scale in eight bits.
func (g *graph) monarchScales() map[string]scales {
	all := map[string]scales{}
	for _, n := range g.model.Nodes() {
		found, _ := g.monarchOf(n)
		if found == nil {
			continue
		}
		for i, axis := range []int{1, 0} {
			if t := g.tensors[found.input(1+i)]; t != nil && len(t.Dims) == 3 {
				all[t.Name] = scales{[]int{t.Dims[0] * t.Dims[1], t.Dims[2]}, axis}
			}
		}
	}
	return all
}

// monarch reads a node of monarchOf.
func (im *importer) monarch(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	blocks, errA := n.Ints("blocks", nil)
	outputs, errB := n.Ints("outputs", nil)
	right, errC := im.weights(n, 1, 3)
	left, errD := im.weights(n, 2, 3)
	if err := errors.Join(errA, errB, errC, errD); err != nil {
		return value{}, err
	}
	if len(x.shape) != 1 || outputs[0] < 1 || outputs[0] > maxElements || blocks[0] < 1 || blocks[0] > maxElements {
		return value{}, fmt.Errorf("samples of %v, %d outputs, %d blocks: want vectors, and at least one block", x.shape, outputs[0], blocks[0])
	}
	op := nn.Monarch{Out: int(outputs[0]), Blocks: int(blocks[0]), NoBias: n.input(3) == ""}
	b, in := op.Blocks, x.shape[0]
	width, height := (in+b-1)/b, (op.Out+b-1)/b
	if int64(width) != blocks[1] || int64(b)*int64(height) != outputs[1] || !slices.Equal(right.dims, []int{b, width, b}) || !slices.Equal(left.dims, []int{b, height, b}) {
		return value{}, fmt.Errorf("products of %v and %v do not fit %d inputs and %d outputs in %d blocks", right.dims, left.dims, in, op.Out, b)
	}
	y, err := im.add(layerName(n, ""), op, x)
	if err != nil {
		return value{}, err
	}
	name := y.layer.name
	r, err := im.param(name+".r", right)
	if err != nil {
		return value{}, err
	}
	l, err := im.param(name+".l", left)
	if err != nil {
		return value{}, err
	}
	im.params[name+".r"], im.params[name+".l"] = monarchParams(op, in, r, l)
	return y, im.bias(n, 3, y, op.Out, 1)
}

// monarchParams is monarchFactors's inverse. Numbers for inputs and outputs that there are
// not meet zeros, or are cut off.
func monarchParams(op nn.Monarch, in int, r, l []float32) (right, left []float32) {
	b := op.Blocks
	right = make([]float32, b*in)
	for block := range b {
		for j := range in {
			right[block*in+j] = r[j*b+block]
		}
	}
	return right, l[:op.Out*b]
}
