package onnx

import (
	"fmt"
	"slices"
)

// Exporters compute shapes in the graph, from that of a value, which is constant but for
// the size of the batch. Here these integers are computed.

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
