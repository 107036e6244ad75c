package kernel

import (
	"fmt"

	"github.com/deepfry/deepfry/internal/alias"
)

// Landmarks is the map from a row x to its kernel with some rows, [k(x, l_1), …,
// k(x, l_m)]. A function of it is the sum of kernels that a kernel machine is, exactly,
// where the landmarks are all the rows fitted to; and of Nyström's method where they are
// some of them (Williams and Seeger, NIPS 2000). Products of such features are no
// kernels, unlike those of [Features]: package machine sees to that.
type Landmarks struct {
	kernel Kernel
	inputs int
	rows   []float32 // [m, inputs]
}

// NewLandmarks returns the map of a kernel and rows [m, inputs], which it keeps. It fails
// if the kernel is not valid, for no rows, and for a number that is not finite.
func NewLandmarks(k Kernel, rows []float32, inputs int) (*Landmarks, error) {
	if err := validate(k); err != nil {
		return nil, err
	}
	if inputs < 1 || len(rows) == 0 || len(rows)%inputs != 0 {
		return nil, fmt.Errorf("kernel: %d numbers of landmarks of %d inputs: want whole rows, and one at least", len(rows), inputs)
	}
	if !finite(rows) {
		return nil, fmt.Errorf("kernel: a landmark has a number that is not finite")
	}
	return &Landmarks{k, inputs, rows}, nil
}

// Kernel returns the kernel.
func (l *Landmarks) Kernel() Kernel { return l.kernel }

// Rows returns the landmarks [m, Inputs], which must not be changed.
func (l *Landmarks) Rows() []float32 { return l.rows }

// Inputs returns the length of a row.
func (l *Landmarks) Inputs() int { return l.inputs }

// Outputs returns m, the number of landmarks.
func (l *Landmarks) Outputs() int { return len(l.rows) / l.inputs }

// Plan is that of [FeatureMap].
func (l *Landmarks) Plan(maxRows int) func(z, x []float32, rows int) {
	if maxRows < 0 {
		panic("kernel: Plan: a negative number of rows")
	}
	m := newGram(l.kernel, l.rows, l.inputs)
	if m.geometry != absoluteSums {
		m.squaresX = make([]float64, maxRows)
	}
	return func(z, x []float32, rows int) {
		if rows < 0 || rows > maxRows {
			panic("kernel: more rows than planned")
		}
		if len(x) != rows*l.inputs || len(z) != rows*l.Outputs() {
			panic("kernel: x is not [rows, Inputs] or z is not [rows, Outputs]")
		}
		if alias.Overlap(z, x) {
			panic("kernel: x and z overlap")
		}
		m.run(z, x)
	}
}
