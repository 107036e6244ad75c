package onnx

import (
	"fmt"
	"slices"
)

// constant is a value of the graph that does not depend on its input, or, if it
// holds integers, only on the size of the batch.
type constant struct {
	dims   []int
	ints   []int64                   // of integers, which are shapes and the like
	floats func() ([]float32, error) // of other numbers
	name   string                    // of the tensor that they are from
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

func intConstant(ints []int64) *constant { return &constant{dims: []int{len(ints)}, ints: ints} }

func (im *importer) tensorConstant(t *Tensor) (*constant, error) {
	c := &constant{dims: t.Dims, name: t.Name}
	switch t.Type {
	case Int64, Int32, Int8, Uint8, Bool:
		if t.Size() > maxFolded {
			return nil, fmt.Errorf("tensor %q: computing with %d integers is not supported", t.Name, t.Size())
		}
		if err := im.budget.spend(16 * t.Size()); err != nil {
			return nil, err
		}
		var err error
		c.ints, err = t.Ints()
		return c, err
	}
	c.floats = t.Floats
	return c, nil
}

// integers returns input i of a node as integers.
func (im *importer) integers(n *Node, i int) ([]int64, error) {
	v, err := im.value(n, i)
	if err != nil {
		return nil, err
	}
	if v.constant == nil || v.constant.floats != nil {
		return nil, fmt.Errorf("input %d (%q) is not a constant of integers", i, n.input(i))
	}
	return v.constant.ints, nil
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

// fold computes a node of constants. It returns nil for one that it does not
// know.
func (im *importer) fold(n *Node) (*constant, error) {
	if n.Type == "Constant" {
		return im.constantNode(n)
	}
	v, err := im.value(n, 0)
	if err != nil {
		return nil, err
	}
	c := v.constant
	switch {
	case n.Type == "Shape":
		return im.shapeOf(n, v)
	case c == nil:
		return nil, nil
	case n.Type == "Identity":
		return c, nil
	case n.Type == "Cast":
		return castConstant(n, c)
	case c.floats == nil:
		return im.foldInts(n, c)
	case n.Type == "Transpose":
		return transposed(n, c)
	case n.Type == "Reshape":
		return im.reshaped(n, c)
	}
	return nil, nil
}

func (im *importer) constantNode(n *Node) (*constant, error) {
	t, err := n.tensor("value", im.model.folder, &im.budget)
	if err != nil {
		return nil, err
	}
	if t != nil {
		return im.tensorConstant(t)
	}
	if found, err := n.attribute("value_int", func(field) error { return nil }); found || err != nil {
		v, err := n.Int("value_int", 0)
		return &constant{ints: []int64{v}}, err
	}
	if found, err := n.attribute("value_float", func(field) error { return nil }); found || err != nil {
		v, err := n.Float("value_float", 0)
		return &constant{floats: func() ([]float32, error) { return []float32{v}, nil }}, err
	}
	ints, err := n.Ints("value_ints", nil)
	if ints == nil && err == nil {
		err = fmt.Errorf("its value is of a kind that is not supported")
	}
	return intConstant(ints), err
}

// shapeOf returns the dimensions of a value.
func (im *importer) shapeOf(n *Node, v value) (*constant, error) {
	var dims []int64
	shape := v.shape
	if v.constant != nil {
		shape = v.constant.dims
	} else {
		dims = append(dims, im.batch)
	}
	for _, d := range shape {
		dims = append(dims, int64(d))
	}
	start, err := n.Int("start", 0)
	if err != nil {
		return nil, err
	}
	end, err := n.Int("end", int64(len(dims)))
	if err != nil {
		return nil, err
	}
	first, last := clampIndex(start, len(dims)), clampIndex(end, len(dims))
	return intConstant(dims[first:max(first, last)]), nil
}

// clampIndex returns an index from 0 to n for one that counts from the end if it
// is negative.
func clampIndex(i int64, n int) int {
	if i < 0 {
		i += int64(n)
	}
	return int(min(max(i, 0), int64(n)))
}

func castConstant(n *Node, c *constant) (*constant, error) {
	to, err := n.Int("to", 0)
	switch kind := DataType(to); {
	case err != nil:
		return nil, err
	case c.floats == nil && (kind == Int64 || kind == Int32):
		return c, nil
	case c.floats != nil && (kind == Float || kind == Float16 || kind == Double):
		return c, nil
	}
	return nil, fmt.Errorf("casting a constant to %v is not supported", DataType(to))
}

// foldInts computes with shapes, as exporters have it done to flatten a batch of
// any size.
func (im *importer) foldInts(n *Node, c *constant) (*constant, error) {
	switch n.Type {
	case "Squeeze":
		return &constant{ints: c.ints}, nil // of one integer: a vector or a number
	case "Unsqueeze":
		return intConstant(c.ints), nil
	case "Gather":
		indices, err := im.value(n, 1)
		if err != nil || indices.constant == nil || indices.constant.floats != nil {
			return nil, err
		}
		gathered := &constant{dims: indices.constant.dims}
		for _, i := range indices.constant.ints {
			if i < 0 {
				i += int64(len(c.ints))
			}
			if i < 0 || i >= int64(len(c.ints)) {
				return nil, fmt.Errorf("index %d of %d", i, len(c.ints))
			}
			gathered.ints = append(gathered.ints, c.ints[i])
		}
		return gathered, nil
	case "Concat":
		var all []int64
		for i := range n.Inputs {
			ints, err := im.integers(n, i)
			if err != nil {
				return nil, err
			}
			if all = append(all, ints...); len(all) > maxFolded {
				return nil, fmt.Errorf("more than %d integers", maxFolded)
			}
		}
		return intConstant(all), nil
	case "Slice":
		return im.sliceInts(n, c)
	}
	return nil, nil
}

func (im *importer) sliceInts(n *Node, c *constant) (*constant, error) {
	bound := func(input int, attribute string) (int64, error) {
		ints, err := n.Ints(attribute, nil)
		if n.input(input) != "" {
			ints, err = im.integers(n, input)
		}
		if err == nil && len(ints) != 1 {
			err = fmt.Errorf("%d %s, want one", len(ints), attribute)
		}
		if err != nil {
			return 0, err
		}
		return ints[0], nil
	}
	start, err := bound(1, "starts")
	if err != nil {
		return nil, err
	}
	end, err := bound(2, "ends")
	if err != nil {
		return nil, err
	}
	if step := n.input(4); step != "" {
		if steps, err := im.integers(n, 4); err != nil || !slices.Equal(steps, []int64{1}) {
			return nil, fmt.Errorf("steps other than 1 are not supported")
		}
	}
	first, last := clampIndex(start, len(c.ints)), clampIndex(end, len(c.ints))
	return intConstant(c.ints[first:max(first, last)]), nil
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
	return &constant{dims: []int{columns, rows}, name: c.name, floats: func() ([]float32, error) {
		values, err := c.floats()
		if err != nil {
			return nil, err
		}
		return transposeMatrix(values, rows, columns), nil
	}}
}

func transposeMatrix(values []float32, rows, columns int) []float32 {
	turned := make([]float32, len(values))
	for i := range rows {
		for j := range columns {
			turned[j*rows+i] = values[i*columns+j]
		}
	}
	return turned
}

// reshaped gives a constant other dimensions.
func (im *importer) reshaped(n *Node, c *constant) (*constant, error) {
	target, err := im.integers(n, 1)
	if err != nil {
		return nil, err
	}
	dims, err := resolve(target, c.dims)
	return &constant{dims: dims, floats: c.floats, name: c.name}, err
}

// resolve returns the dimensions that Reshape makes of others: 0 keeps the one
// at its place, and -1, once, is what is left.
func resolve(target []int64, from []int) ([]int, error) {
	if len(target) > maxRank {
		return nil, fmt.Errorf("a shape of %d dimensions", len(target))
	}
	size, known, open := 1, 1, -1
	for _, d := range from {
		size *= d
	}
	dims := make([]int, len(target))
	for i, d := range target {
		switch {
		case d == 0 && i < len(from):
			d = int64(from[i])
		case d == -1 && open < 0:
			open = i
			continue
		}
		if d < 1 || d > int64(size) || int64(known)*d > int64(size) {
			return nil, fmt.Errorf("%v can't be reshaped to %v", from, target)
		}
		dims[i] = int(d)
		known *= int(d)
	}
	if open >= 0 && known > 0 {
		dims[open] = size / known
		known *= dims[open]
	}
	if known != size || size == 0 {
		return nil, fmt.Errorf("%v can't be reshaped to %v", from, target)
	}
	return dims, nil
}
