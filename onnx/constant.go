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

func (g *graph) tensorConstant(t *Tensor) (*constant, error) {
	c := &constant{dims: t.Dims, kind: t.Type, tensor: t}
	switch t.Type {
	case Int64, Int32, Int8, Uint8, Bool:
		if t.Size() > maxFolded { // weights, perhaps, which DequantizeLinear takes
			return c, nil
		}
		if err := g.budget.spend(16 * t.Size()); err != nil {
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
	}
	return nil, nil
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

// filled returns a few integers that are all the same; nil where they are many, or no
// integers.
func (g *graph) filled(n *Node, shape *constant) (*constant, error) {
	t, err := n.tensor("value", g.model.folder, g.budget)
	if err != nil || t == nil || t.Size() != 1 || shape.floats != nil {
		return nil, err
	}
	value, err := g.tensorConstant(t)
	if err != nil || value.floats != nil {
		return nil, err
	}
	c := &constant{kind: t.Type}
	size := int64(1)
	for _, d := range shape.ints {
		if d < 0 || d > maxFolded || size*d > maxFolded {
			return nil, nil
		}
		size *= d
		c.dims = append(c.dims, int(d))
	}
	c.ints = slices.Repeat(value.ints, int(size))
	return c, g.budget.spend(8 * int(size))
}

// foldInts computes with shapes, as exporters have it done to flatten a batch of
// any size.
func foldInts(n *Node, all []*constant) (*constant, error) {
	c := all[0]
	ints, err := integersOf(n, 0, c)
	if err != nil {
		return nil, nil // not shapes, but weights perhaps
	}
	switch n.Type {
	case "Gather":
		if len(c.dims) > 1 || len(all) < 2 || all[1] == nil || all[1].floats != nil || len(all[1].ints) != all[1].size() {
			return nil, nil
		}
		gathered := &constant{dims: all[1].dims, kind: c.kind}
		for _, i := range all[1].ints {
			if i < 0 {
				i += int64(len(ints))
			}
			if i < 0 || i >= int64(len(ints)) {
				return nil, fmt.Errorf("index %d of %d", i, len(ints))
			}
			gathered.ints = append(gathered.ints, ints[i])
		}
		return gathered, nil
	case "Concat":
		var joined []int64
		for i, part := range all {
			ints, err := integersOf(n, i, part)
			if err != nil {
				return nil, err
			}
			if len(part.dims) > 1 {
				return nil, nil
			}
			if joined = append(joined, ints...); len(joined) > maxFolded {
				return nil, fmt.Errorf("more than %d integers", maxFolded)
			}
		}
		return intConstant(joined), nil
	case "Slice":
		return sliceInts(n, all)
	case "Reshape", "Squeeze", "Unsqueeze":
		return reshaped(n, all)
	case "Transpose": // of pairs, as PyTorch has the padding
		perm, err := n.Ints("perm", []int64{1, 0})
		if err != nil || len(c.dims) != 2 || !slices.Equal(perm, []int64{1, 0}) {
			return nil, err
		}
		turned := &constant{dims: []int{c.dims[1], c.dims[0]}, kind: c.kind}
		for j := range c.dims[1] {
			for i := range c.dims[0] {
				turned.ints = append(turned.ints, ints[i*c.dims[1]+j])
			}
		}
		return turned, nil
	}
	return nil, nil
}

func sliceInts(n *Node, all []*constant) (*constant, error) {
	ints := all[0].ints
	bound := func(input int, attribute string) (int64, error) {
		bounds, err := n.Ints(attribute, nil)
		if n.input(input) != "" {
			bounds, err = integersOf(n, input, all[input])
		}
		if err == nil && len(bounds) != 1 {
			err = fmt.Errorf("%d %s, want one", len(bounds), attribute)
		}
		if err != nil {
			return 0, err
		}
		return bounds[0], nil
	}
	start, err := bound(1, "starts")
	if err != nil {
		return nil, err
	}
	end, err := bound(2, "ends")
	if err != nil {
		return nil, err
	}
	axes, err := n.Ints("axes", []int64{0})
	if n.input(3) != "" {
		axes, err = integersOf(n, 3, all[3])
	}
	if err != nil {
		return nil, err
	}
	steps := []int64{1}
	if n.input(4) != "" {
		if steps, err = integersOf(n, 4, all[4]); err != nil {
			return nil, err
		}
	}
	c := all[0]
	if len(c.dims) < 1 || !slices.Equal(axes, []int64{0}) && !slices.Equal(axes, []int64{int64(-len(c.dims))}) {
		return nil, fmt.Errorf("axes %v of %v: want the first", axes, c.dims)
	}
	count := c.dims[0]
	row := len(ints) / max(count, 1)
	sliced := &constant{dims: slices.Clone(c.dims), kind: c.kind}
	switch {
	case slices.Equal(steps, []int64{1}):
		first, last := clampIndex(start, count), clampIndex(end, count)
		sliced.ints = ints[first*row : max(first, last)*row]
		sliced.dims[0] = max(first, last) - first
	case slices.Equal(steps, []int64{-1}) && (start == -1 || start >= int64(count)-1) && end < int64(-count): // all of them
		for i := count - 1; i >= 0; i-- {
			sliced.ints = append(sliced.ints, ints[i*row:(i+1)*row]...)
		}
	default:
		return nil, fmt.Errorf("steps %v from %d to %d: want 1, or -1 through all", steps, start, end)
	}
	return sliced, nil
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

func transposeMatrix(values []float32, rows, columns int) []float32 {
	turned := make([]float32, len(values))
	for i := range rows {
		for j := range columns {
			turned[j*rows+i] = values[i*columns+j]
		}
	}
	return turned
}

// reshaped gives a constant other dimensions: those that a Reshape names, or its own
// with some of 1 left out or put in.
func reshaped(n *Node, all []*constant) (*constant, error) {
	c := all[0]
	name := map[bool]string{true: "shape", false: "axes"}[n.Type == "Reshape"]
	target, err := n.Ints(name, nil)
	if n.input(1) != "" {
		target, err = integersOf(n, 1, all[1])
	}
	if err != nil {
		return nil, err
	}
	var dims []int
	switch n.Type {
	case "Reshape":
		dims, err = resolve(target, c.dims)
	case "Unsqueeze":
		dims, err = unsqueezed(target, c.dims)
	default:
		dims, err = squeezed(target, c.dims)
	}
	return c.with(dims, c.floats), err
}

// squeezed leaves out dimensions of 1: those at the axes, or all if there are none.
func squeezed(axes []int64, dims []int) ([]int, error) {
	if axes == nil {
		return slices.DeleteFunc(slices.Clone(dims), func(d int) bool { return d == 1 }), nil
	}
	left := slices.Clone(dims)
	for _, a := range slices.Backward(positive(axes, len(dims))) {
		if a < 0 || a >= int64(len(left)) || left[a] != 1 {
			return nil, fmt.Errorf("axes %v of %v: want dimensions of 1", axes, dims)
		}
		left = slices.Delete(left, int(a), int(a)+1)
	}
	return left, nil
}

// unsqueezed puts in dimensions of 1, which are then at the axes.
func unsqueezed(axes []int64, dims []int) ([]int, error) {
	more := slices.Clone(dims)
	for _, a := range positive(axes, len(dims)+len(axes)) {
		if a < 0 || a > int64(len(more)) || len(more) >= maxRank {
			return nil, fmt.Errorf("axes %v of %v", axes, dims)
		}
		more = slices.Insert(more, int(a), 1)
	}
	return more, nil
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
