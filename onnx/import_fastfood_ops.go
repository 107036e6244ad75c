package onnx

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/nn"
)

// walk goes back through a graph from a node, along one input of each.
type walk struct {
	*graph
	next  *Node   // nil once a node is not what it should be
	nodes []*Node // those that were what they should be
	x     string  // the input of the last one, along which it goes on
}

// back takes a node of that operation, goes on along its input i, 0 or 1, and
// returns the name of the other one of the two.
func (w *walk) back(operation string, i int) (other string) {
	n := w.next
	if n == nil || n.Domain != "" || n.Type != operation || len(n.Inputs) < 2 {
		w.next, w.nodes = nil, nil
		return ""
	}
	w.nodes, w.x = append(w.nodes, n), n.Inputs[i]
	w.next = w.makers[w.x]
	return n.Inputs[1-i]
}

func (w *walk) at(operation string) bool { return w.next != nil && w.next.Type == operation }

// cropped returns how many columns a Slice leaves, from the first on, or 0.
func (g *graph) cropped(slice *Node) int64 {
	end := g.integers(slice.input(2))
	if len(slice.Inputs) != 4 || !slices.Equal(g.integers(slice.input(1)), []int64{0}) || !slices.Equal(g.integers(slice.input(3)), []int64{1}) || len(end) != 1 {
		return 0
	}
	return max(0, end[0])
}

// turned takes a Transpose with these axes.
func (w *walk) turned(axes ...int64) {
	n := w.next
	if n == nil || n.Domain != "" || n.Type != "Transpose" || len(n.Inputs) != 1 || w.budget.spend(16*len(n.message)) != nil { // many nodes may be behind the same one
		w.next, w.nodes = nil, nil
		return
	}
	if found, err := n.Ints("perm", nil); err != nil || !slices.Equal(found, axes) {
		w.next, w.nodes = nil, nil
		return
	}
	w.nodes, w.x = append(w.nodes, n), n.Inputs[0]
	w.next = w.makers[w.x]
}

// padsBehind tells whether a Pad puts zeros behind vectors, and nothing else.
func (g *graph) padsBehind(pad *Node) bool {
	mode, err := pad.Text("mode", "constant")
	pads := g.integers(pad.input(1))
	return err == nil && mode == "constant" && len(pad.Inputs) == 2 && len(pads) == 4 && slices.Equal(pads[:3], []int64{0, 0, 0})
}

// fastfoodOf returns a node deepfry.Fastfood for the operators that fastfoodOps
// writes for one, of which n is the last, and all of them; or nil. That the
// matrices are Hadamard's is for the importer to check.
func (g *graph) fastfoodOf(n *Node) (found *Node, all []*Node) {
	if n.Type != "Mul" && n.Type != "Add" || len(n.Outputs) != 1 {
		return nil, nil
	}
	w := &walk{graph: g, next: n}
	bias, end := "", ""
	if w.at("Add") {
		bias = w.back("Add", 0)
	}
	s := w.back("Mul", 0)
	if w.at("Slice") {
		if g.cropped(w.next) == 0 {
			return nil, nil
		}
		end = w.next.input(2)
		w.back("Slice", 0)
	}
	w.back("Reshape", 0)
	ha2, hb2 := w.back("MatMul", 1), w.back("MatMul", 0)
	matrices := w.back("Reshape", 0)
	diagonal, groups := "", ""
	if w.at("Transpose") {
		w.turned(1, 0, 2)
		diagonal = w.back("MatMul", 0)
		w.turned(1, 0, 2)
		groups = w.back("Reshape", 0)
	} else {
		diagonal = w.back("Mul", 0)
	}
	gather := w.next
	perm := w.back("Gather", 0)
	w.back("Reshape", 0)
	ha, hb := w.back("MatMul", 1), w.back("MatMul", 0)
	b := w.back("Mul", 0)
	w.back("Reshape", 0)
	if w.nodes == nil || ha != ha2 || hb != hb2 {
		return nil, nil
	}
	if w.at("Pad") {
		if !g.padsBehind(w.next) {
			return nil, nil
		}
		w.back("Pad", 0)
	}
	if g.budget.spend(len(gather.message)) != nil { // many nodes may be behind the same one
		return nil, nil
	}
	axis, err := gather.Int("axis", 0)
	diagonalS, errS := g.constant(s)
	if err != nil || axis != 1 || errS != nil || diagonalS == nil || end != "" && !slices.Equal(g.integers(end), []int64{int64(diagonalS.size())}) {
		return nil, nil
	}
	if c, err := g.constant(bias); bias != "" && (err != nil || c == nil || c.size() != diagonalS.size()) {
		return nil, nil // something else is added
	}
	name := n.Name[:max(strings.LastIndexByte(n.Name, '/'), 0)]
	return NewNode(ourDomain+"."+ourFunction, name, []string{w.x, s, diagonal, b, perm, ha, hb, bias}, n.Outputs,
		IntsAttribute("matrices", g.integers(matrices)...), IntsAttribute("outputs", int64(diagonalS.size())), IntsAttribute("groups", g.integers(groups)...)), w.nodes
}

// cosineOf returns a node deepfry.Cos or deepfry.CosSin for the operators that are
// written for these layers, of which n is the last, or nil.
func (g *graph) cosineOf(n *Node) *Node {
	if len(n.Inputs) != 2 || n.Domain != "" {
		return nil
	}
	cos, sin := g.makers[n.Inputs[0]], g.makers[n.Inputs[1]]
	if cos == nil || cos.Domain != "" || cos.Type != "Cos" {
		return nil
	}
	switch x := []string{cos.input(0)}; n.Type {
	case "Mul":
		if first, scale := g.withConstant(n, "Mul"); first == cos && scale == math.Sqrt2 {
			return NewNode(ourDomain+".Cos", n.Name, x, n.Outputs)
		}
	case "Concat":
		axis, err := n.Int("axis", 0)
		if err == nil && axis == 1 && sin != nil && sin.Domain == "" && sin.Type == "Sin" && sin.input(0) == x[0] {
			return NewNode(ourDomain+".CosSin", n.Name, x, n.Outputs)
		}
	}
	return nil
}

// layerOf returns the node that fastfoodOf, monarchOf or cosineOf does.
func (g *graph) layerOf(n *Node) *Node {
	if found, _ := g.fastfoodOf(n); found != nil {
		return found
	}
	if found, _ := g.monarchOf(n); found != nil {
		return found
	}
	return g.cosineOf(n)
}

// recognised returns the operation for a node that stands for operators of our
// export.
func (im *importer) recognised(n *Node) func(*Node) (value, error) {
	switch n.Type {
	case "Cos":
		return im.simple(nn.Cos{})
	case "CosSin":
		return im.simple(nn.CosSin{})
	case ourMonarch:
		return im.monarch
	}
	return im.fastfood
}

// checkFactors fails unless inputs 5 and 6 are factors of a Hadamard matrix, which
// it tries on random numbers.
func (im *importer) checkFactors(n *Node, rows, columns int) error {
	var factors [2][]float32
	for i, order := range []int{rows, columns} {
		c, err := im.weights(n, 5+i, 2)
		if err != nil {
			return err
		}
		if !slices.Equal(c.dims, []int{order, order}) {
			return fmt.Errorf("input %d: dimensions %v, want %d×%d", 5+i, c.dims, order, order)
		}
		if err := im.budget.spend(8*order*order + 12*rows*columns); err != nil {
			return err
		}
		if factors[i], err = c.floats(); err != nil {
			return err
		}
	}
	source, x := rand.New(rand.NewPCG(1, 2)), make([]float32, rows*columns)
	for i := range x {
		x[i] = float32(source.NormFloat64())
	}
	y := timesFactors(x, factors[0], factors[1], rows, columns)
	if err := fwht.TransformMixed(x); err != nil {
		return err
	}
	scale := float32(1 / math.Sqrt(float64(len(x))))
	for i, v := range x {
		if d := float64(y[i] - scale*v); !(math.Abs(d) < 1e-3) {
			return errors.New("its matrices are not the factors of a Hadamard matrix")
		}
	}
	return nil
}
