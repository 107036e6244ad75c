package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/deepfry/deepfry/internal/float16"
)

// constant is a value of the graph that does not depend on its input, or, if it
// holds integers, only on the size of the batch.
type constant struct {
	dims   []int
	kind   DataType                  // of the value, which may be cast from another one
	ints   []int64                   // of a few integers, which are shapes and the like
	floats func() ([]float32, error) // of other numbers; nil for integers
	tensor *Tensor                   // whose numbers it holds, perhaps cast, turned or scaled, or nil
	names  []string                  // of the values between the tensor's and this one
	depth  int                       // how many nodes it comes through
}

// batchSize stands for the number of samples among integers that depend on it.
const batchSize = -1 << 62

// maxFolded bounds the integers that are computed with.
const maxFolded = 4096

func (c *constant) size() int {
	n := 1
	for _, d := range c.dims {
		n *= d
	}
	return n
}

// name returns that of the tensor, or "".
func (c *constant) name() string {
	if c.tensor == nil {
		return ""
	}
	return c.tensor.Name
}

// with returns the constant with other dimensions and numbers.
func (c *constant) with(dims []int, floats func() ([]float32, error)) *constant {
	changed := *c
	changed.dims, changed.floats = dims, floats
	return &changed
}

func intConstant(ints []int64) *constant {
	return &constant{dims: []int{len(ints)}, kind: Int64, ints: ints}
}

// tensorConstant returns the constant that a tensor is. Few numbers are read once: many
// nodes may take them, and other fields of the tensor's message may stand between them.
func (g *graph) tensorConstant(t *Tensor) (*constant, error) {
	if read := g.read[t]; read != nil {
		c := *read
		return &c, nil
	}
	c := &constant{dims: t.Dims, kind: t.Type, tensor: t}
	few := t.Size() <= maxFolded // others are weights, perhaps, which DequantizeLinear takes
	switch t.Type {
	case Int64, Int32, Uint16, Int8, Uint8, Bool:
		if few {
			if err := g.budget.spend(16 * t.Size()); err != nil {
				return nil, err
			}
			var err error
			if c.ints, err = t.Ints(); err != nil {
				return nil, err
			}
		}
	default:
		c.floats = t.Floats
		if few && t.raw == nil && t.external == nil {
			if err := g.budget.spend(4 * t.Size()); err != nil {
				return nil, err
			}
			values, err := t.Floats()
			c.floats = func() ([]float32, error) { return slices.Clone(values), err }
		}
	}
	read := *c
	g.read[t] = &read
	return c, nil
}

// integers returns input i of a node as integers.
func (im *importer) integers(n *Node, i int) ([]int64, error) {
	v, err := im.value(n, i)
	if err != nil {
		return nil, err
	}
	return integersOf(n, i, v.constant)
}

func integersOf(n *Node, i int, c *constant) ([]int64, error) {
	if c == nil || c.floats != nil {
		return nil, fmt.Errorf("input %d (%q) is not a constant of integers", i, n.input(i))
	}
	if c.size() != len(c.ints) {
		return nil, fmt.Errorf("input %d (%q): computing with %d integers is not supported", i, n.input(i), c.size())
	}
	return c.ints, nil
}

// axes returns the axes of a node, which are an attribute or, in newer files, an
// input; nil if there are none.
func (im *importer) axes(n *Node, input int) ([]int64, error) {
	if n.input(input) != "" {
		return im.integers(n, input)
	}
	return n.Ints("axes", nil)
}

// scalar returns input i of a node as a number, or missing if there is none.
func (im *importer) scalar(n *Node, i int, missing float32) (float32, error) {
	if n.input(i) == "" {
		return missing, nil
	}
	v, err := im.value(n, i)
	if err != nil {
		return 0, err
	}
	if v.constant == nil || v.constant.floats == nil || v.constant.size() != 1 {
		return 0, fmt.Errorf("input %d (%q) is not a constant number", i, n.input(i))
	}
	values, err := v.constant.floats()
	if err != nil {
		return 0, err
	}
	return values[0], nil
}

// fold computes a node of constants, or the shape of a value. It returns nil for one
// that it does not know.
func (im *importer) fold(n *Node) (*constant, error) {
	if n.Type == "Shape" {
		v, err := im.value(n, 0)
		if err != nil {
			return nil, err
		}
		return im.shapeOf(n, v)
	}
	if !foldable(n) {
		return nil, nil
	}
	return im.graph.fold(n, func(i int) (*constant, error) {
		if n.input(i) == "" {
			return nil, nil
		}
		v, err := im.value(n, i)
		return v.constant, err
	})
}

// foldable tells whether fold knows the operation.
func foldable(n *Node) bool {
	switch n.Type {
	case "Constant":
		return true
	case "Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Gather", "Concat", "Slice", "DequantizeLinear", "ConstantOfShape":
		return len(n.Inputs) > 0 && len(n.Outputs) == 1
	}
	return false
}

// fold computes a node of constants, of which input returns those that are its
// inputs, or nil. It returns nil if one is not constant.
func (g *graph) fold(n *Node, input func(int) (*constant, error)) (*constant, error) {
	if n.Type == "Constant" {
		return g.constantNode(n)
	}
	all := make([]*constant, len(n.Inputs))
	for i := range n.Inputs {
		var err error
		if all[i], err = input(i); err != nil || all[i] == nil && n.input(i) != "" {
			return nil, err
		}
	}
	if all[0] == nil {
		return nil, nil
	}
	if all[0].depth >= maxDepth { // each may go through all numbers
		return nil, fmt.Errorf("a constant made of others through more than %d nodes", maxDepth)
	}
	c, err := g.folded(n, all)
	if c != nil {
		c.depth = all[0].depth + 1
	}
	return c, err
}

// folded computes a node of constants, the first of which is not missing.
func (g *graph) folded(n *Node, all []*constant) (*constant, error) {
	c := all[0]
	switch n.Type {
	case "Identity":
		return c.with(c.dims, c.floats), nil
	case "Cast":
		return castConstant(n, c)
	case "DequantizeLinear":
		return dequantized(n, all)
	case "ConstantOfShape":
		return g.filled(n, c)
	}
	if c.floats == nil {
		return foldInts(n, all)
	}
	switch n.Type {
	case "Transpose":
		return transposed(n, c)
	case "Reshape", "Squeeze", "Unsqueeze":
		return reshaped(n, all)
	case "Slice":
		return firstFloats(all), nil
	}
	return nil, nil
}

// firstFloats returns the first numbers of a vector, more than half of them, as our export
// cuts a diagonal, or nil for any other Slice. All are computed for it.
func firstFloats(all []*constant) *constant {
	c := all[0]
	if len(c.dims) != 1 || len(all) != 4 {
		return nil
	}
	for i, want := range []int{0, -1, 0} { // starts, ends, axes
		if k := all[1+i]; k == nil || len(k.ints) != 1 || want == 0 && k.ints[0] != 0 {
			return nil
		}
	}
	end := all[2].ints[0]
	if size := int64(c.dims[0]); end <= size/2 || end > size {
		return nil
	}
	return c.with([]int{int(end)}, func() ([]float32, error) {
		values, err := c.floats()
		if err != nil {
			return nil, err
		}
		return values[:end:end], nil
	})
}

func (g *graph) constantNode(n *Node) (*constant, error) {
	t, err := n.tensor("value", g.model.folder, g.budget)
	if err != nil {
		return nil, err
	}
	if t != nil {
		return g.tensorConstant(t)
	}
	has := func(name string) bool {
		found, e := n.attribute(name, func(field) error { return nil })
		err = errors.Join(err, e)
		return found
	}
	switch {
	case has("value_int"):
		v, err := n.Int("value_int", 0)
		return &constant{kind: Int64, ints: []int64{v}}, err
	case has("value_float"):
		v, err := n.Float("value_float", 0)
		return &constant{kind: Float, floats: func() ([]float32, error) { return []float32{v}, nil }}, err
	case err != nil:
		return nil, err
	}
	ints, err := n.Ints("value_ints", nil)
	if ints == nil && err == nil {
		err = fmt.Errorf("its value is of a kind that is not supported")
	}
	return intConstant(ints), err
}

// castConstant casts numbers. To fewer bits they are rounded.
func castConstant(n *Node, c *constant) (*constant, error) {
	to, err := n.Int("to", 0)
	if err != nil {
		return nil, err
	}
	cast := *c
	cast.kind = DataType(to)
	switch {
	case c.floats == nil && (cast.kind == Int64 || cast.kind == Int32):
		return &cast, nil
	case c.floats != nil && (cast.kind == Float || cast.kind == Double):
		return &cast, nil
	case c.floats != nil && cast.kind == Float16:
		cast.floats = func() ([]float32, error) {
			values, err := c.floats()
			float16.Round(values)
			return values, err
		}
		return &cast, nil
	}
	return nil, fmt.Errorf("casting a constant to %v is not supported: it is %v", cast.kind, c.kind)
}

// dequantized returns (x - zero)·scale for a tensor of integers, with one scale, or
// one for each index along an axis.
func dequantized(n *Node, all []*constant) (*constant, error) {
	x, scale := all[0], (*constant)(nil)
	if len(all) > 1 {
		scale = all[1]
	}
	axis, errA := n.Int("axis", 1)
	block, errB := n.Int("block_size", 0)
	kind, errC := n.Int("output_dtype", 0)
	if err := errors.Join(errA, errB, errC); err != nil {
		return nil, err
	}
	if axis < 0 {
		axis += int64(len(x.dims))
	}
	if x.tensor == nil || x.floats != nil || scale == nil || scale.floats == nil || scale.size() < 1 || block != 0 || kind != 0 && DataType(kind) != scale.kind {
		return nil, errors.New("it is supported for a constant of integers, with one scale or one for each index along an axis")
	}
	scales, inner := scale.size(), 1
	if scales > 1 {
		if axis < 0 || axis >= int64(len(x.dims)) || x.dims[axis] != scales || len(scale.dims) != 1 {
			return nil, fmt.Errorf("scales of %v along axis %d of %v", scale.dims, axis, x.dims)
		}
		for _, d := range x.dims[axis+1:] {
			inner *= d
		}
	}
	var zero *Tensor
	if len(all) > 2 && all[2] != nil {
		if zero = all[2].tensor; all[2].floats != nil || zero == nil || all[2].size() != scales {
			return nil, fmt.Errorf("zero points of %v: want integers, as many as scales", all[2].dims)
		}
	}
	c := x.with(x.dims, func() ([]float32, error) {
		factors, err := scale.floats()
		if err != nil {
			return nil, err
		}
		zeros := make([]int64, scales)
		if zero != nil {
			err = zero.eachInteger(func(i int, v int64) { zeros[i] = v })
		}
		values := []float32{}
		err = errors.Join(err, x.tensor.eachInteger(func(i int, v int64) {
			if i == 0 {
				values = make([]float32, x.size())
			}
			k := i / inner % scales
			values[i] = float32(v-zeros[k]) * factors[k]
		}))
		return values, err
	})
	c.kind, c.ints = scale.kind, nil
	return c, nil
}

// transposed exchanges rows and columns of a matrix.
func transposed(n *Node, c *constant) (*constant, error) {
	perm, err := n.Ints("perm", []int64{1, 0})
	if err != nil {
		return nil, err
	}
	if len(c.dims) != 2 || !slices.Equal(perm, []int64{1, 0}) {
		return nil, fmt.Errorf("of constants, only matrices can be transposed")
	}
	return c.transpose(), nil
}

// transpose returns the transposed matrix.
func (c *constant) transpose() *constant {
	rows, columns := c.dims[0], c.dims[1]
	return c.with([]int{columns, rows}, func() ([]float32, error) {
		values, err := c.floats()
		if err != nil {
			return nil, err
		}
		turn(values, rows, columns)
		return values, nil
	})
}

// turn transposes a matrix where it is: there may be no memory for two.
func turn(values []float32, rows, columns int) {
	done := make([]uint64, len(values)/64+1) // a bit for each place that has its new value
	for start := range values {
		if done[start/64]>>(start%64)&1 != 0 {
			continue
		}
		for at, moved := start, values[start]; ; {
			at = at%columns*rows + at/columns
			moved, values[at] = values[at], moved
			done[at/64] |= 1 << (at % 64)
			if at == start {
				break
			}
		}
	}
}

// transposeMatrix returns the transposed matrix in memory of its own, several times as fast
// as turn.
func transposeMatrix(values []float32, rows, columns int) []float32 {
	turned := make([]float32, len(values))
	for i := range rows {
		for j := range columns {
			turned[j*rows+i] = values[i*columns+j]
		}
	}
	return turned
}
