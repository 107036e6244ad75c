package nn

import (
	"fmt"
	"slices"
)

// Reshape passes the values of a sample on under another shape.
type Reshape struct {
	Shape Shape `json:"shape"`
}

func (Reshape) Kind() string { return "reshape" }

// reshape is a built Reshape.
type reshape struct {
	parameterless
	shape Shape
}

// Build fails unless there is one input of as many values as Shape has.
func (r Reshape) Build(_ string, in []Shape) (Layer, error) {
	shape, err := only(in)
	if err != nil {
		return nil, err
	}
	size := 1
	for _, n := range r.Shape {
		if n < 1 || n > maxValues || size > maxValues/n {
			return nil, fmt.Errorf("shape %v: every dimension must be at least 1 and the product at most %d", r.Shape, maxValues)
		}
		size *= n
	}
	if len(r.Shape) == 0 || size != shape.Size() {
		return nil, fmt.Errorf("shape %v: want one of as many values as %v has", r.Shape, shape)
	}
	return &reshape{shape: slices.Clone(r.Shape)}, nil
}

func (l *reshape) OutShape() Shape { return l.shape }

func (l *reshape) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	pass := Pass{Forward: b.EachSample(func(first, last, _ int) {
		copy(y.Rows(first, last), x.Rows(first, last))
	})}
	if b.Training && x.Grad != nil {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			copy(x.GradRows(first, last), y.GradRows(first, last))
		})
	}
	return pass
}
