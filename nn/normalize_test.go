package nn

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// normalizedInput has a layer that learns before the second normalisation, so that
// this one goes backward.
func normalizedInput() Description {
	return Description{Name: "normalized", Input: Shape{2, 2, 3}, Nodes: []Node{
		{Name: "norm1", Op: Normalize{}}, {Name: "conv", Op: Conv{Out: 3, Kernel: 2}},
		{Name: "norm2", Op: Normalize{PerValue: true}}, {Name: "fc", Op: Dense{Out: 2}},
	}}
}

// TestNormalizeBeginsAsIdentity: nothing is known of the data yet.
func TestNormalizeBeginsAsIdentity(t *testing.T) {
	n := mustNew(t, Description{Name: "identity", Input: Shape{3}, Nodes: []Node{{Name: "norm", Op: Normalize{}}}})
	x := gaussian(6, 1)
	if y := n.NewWorkspace(2, false).Forward(x); !slices.Equal(y, x) {
		t.Errorf("%v became %v", x, y)
	}
}

// TestNormalizeStaysInTraining makes a step, in which all parameters that learn move
// and the statistics do not.
func TestNormalizeStaysInTraining(t *testing.T) {
	n := mustNew(t, normalizedInput())
	for _, p := range n.Params() {
		if p.Kind == Statistic {
			for i, v := range gaussian(p.Size(), 3) {
				p.Data[i] = 2 + float32(math.Tanh(float64(v)))
			}
			if p.Learn || p.Weights() != 0 {
				t.Errorf("%s learns or counts as weights", p.Name)
			}
		}
	}
	before := map[string][]float32{}
	for _, p := range n.Params() {
		before[p.Name] = slices.Clone(p.Data)
	}
	w := n.NewWorkspace(4, true)
	trainingStep(w, gaussian(4*12, 1))
	for _, p := range n.Params() {
		if !slices.Equal(p.Data, before[p.Name]) {
			t.Errorf("%s changed", p.Name)
		}
		if g := w.Gradient(p); p.Learn && !slices.ContainsFunc(g, func(v float32) bool { return v != 0 }) {
			t.Errorf("%s has no gradient", p.Name)
		}
	}
	if got := fmt.Sprint(n.Param("norm1.mean").Shape, n.Param("norm2.deviation").Shape); got != "[2] [3 1 2]" {
		t.Errorf("the shapes of mean and deviation are %s", got)
	}
}

// TestRestoreChecksStatistics gives a Normalize numbers by which nothing can be
// divided, or that are none.
func TestRestoreChecksStatistics(t *testing.T) {
	nan, infinity := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		name  string
		value float32
		valid bool
	}{
		{"norm1.deviation", 0, false}, {"norm2.deviation", nan, false}, {"norm1.deviation", infinity, false},
		{"norm1.mean", nan, false}, {"norm2.mean", infinity, false}, {"norm1.deviation", -2, true}, {"norm1.mean", 0, true},
	} {
		_, err := Restore(normalizedInput(), func(p *Param) error {
			p.Data = slices.Repeat([]float32{1}, p.Size())
			if p.Name == c.name {
				p.Data[1] = c.value
			}
			return nil
		})
		if c.valid != (err == nil) || err != nil && !strings.Contains(err.Error(), "layer "+c.name[:5]+": entry 1 has a mean of") {
			t.Errorf("%s of %v: error %v", c.name, c.value, err)
		}
	}
}
