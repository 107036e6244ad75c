// Package fastfood multiplies by a structured matrix in O(n log d) time that
// behaves like a dense n × d one:
//
//	V = S · H̃ · G · Π · H̃ · B
//
// B, G and S are diagonal matrices, or G has square blocks on its diagonal, Π is a
// permutation, d is the number of inputs with padding, and H̃ = H/√d is the orthonormal Hadamard matrix of that
// order, Walsh's where d is a power of two. With the random diagonals that Sample
// draws, V stands in for a Gaussian random matrix (Le, Sarlós and Smola,
// "Fastfood: Approximating Kernel Expansions in Loglinear Time", ICML 2013).
// With learnt diagonals it replaces a fully-connected layer (Yang et al.,
// "Deep Fried Convnets", ICCV 2015, section 3): 3n numbers instead of n·d.
// Blocks of 2 to 8 rows of G have more to learn, at about the same time.
//
// The package knows nothing of networks. A Transform holds the numbers, a
// Workspace applies them to batches on all cores and computes gradients.
package fastfood

import (
	"fmt"

	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/simd"
)

// Transform is the matrix V for Inputs inputs and Outputs outputs.
//
// An input is padded with zeros to d = Dim, the length of a transform. Outputs
// beyond Dim come from further, independent blocks of Dim rows, stacked below each
// other; the last block's rows beyond Outputs are dropped. Entry i of block b
// of a diagonal is at index b·Dim + i.
type Transform struct {
	Inputs  int // the length of x
	Outputs int // n, the length of y
	Dim     int // d: Inputs, padded to a length of fwht.TransformMixed
	Blocks  int // ⌈n / Dim⌉
	Group   int // G consists of square matrices of so many rows; 1, or 0, if it is a diagonal

	S, B []float32 // the diagonals, [Blocks, Dim] each
	G    []float32 // [Blocks, Dim, Group]: entry (b, i, c) is in row i and column i - i%Group + c
	Perm []int32   // Π, [Blocks, Dim]: (Πv)[i] = v[Perm[i]] within a block. Workspaces copy it.
}

// Options say what a Transform looks like. The zero value has inputs padded to a power of
// two, and a diagonal G.
type Options struct {
	Padding Padding
	Group   int // 1 (or 0), 2, 4 or 8 rows of each square matrix in G, which divide Dim
}

// group returns Group with 1 for 0.
func (o Options) group() int { return max(o.Group, 1) }

// only returns the options that are given, or none.
func only(options []Options) (Options, error) {
	switch len(options) {
	case 0:
		return Options{}, nil
	case 1:
		return options[0], nil
	}
	return Options{}, fmt.Errorf("fastfood: %d options: want one at most", len(options))
}

// Padding says to which length inputs are padded.
type Padding string

const (
	// PowerOfTwo is the next power of two.
	PowerOfTwo Padding = ""
	// Mixed is the next length of fwht.TransformMixed: 800 and 9216 inputs, for
	// example, are not padded. That saves entries of the diagonals if the
	// outputs fill whole blocks: 800 do, but 1024 take two blocks of 800.
	Mixed Padding = "mixed"
)

// length returns the length to which the inputs are padded.
func (p Padding) length(inputs int) (int, error) {
	switch p {
	case PowerOfTwo:
		return fwht.NextLength(inputs)
	case Mixed:
		return fwht.NextMixedLength(inputs)
	}
	return 0, fmt.Errorf("fastfood: padding %q: want %q, or nothing for a power of two", p, Mixed)
}

// Size returns the shape [blocks, dim] of the diagonals of a Transform. It
// fails as New does.
func Size(inputs, outputs int, options ...Options) (blocks, dim int, err error) {
	o, err := only(options)
	if err != nil {
		return 0, 0, err
	}
	if inputs < 1 || outputs < 1 {
		return 0, 0, fmt.Errorf("fastfood: %d inputs and %d outputs: both must be at least 1", inputs, outputs)
	}
	if inputs > maxSize || outputs > maxSize {
		return 0, 0, fmt.Errorf("fastfood: %d inputs and %d outputs: at most %d of each are supported", inputs, outputs, maxSize)
	}
	if dim, err = o.Padding.length(inputs); err != nil {
		return 0, 0, err
	}
	if err := checkGroup(o.Group, dim); err != nil {
		return 0, 0, err
	}
	blocks = (outputs + dim - 1) / dim
	if blocks*dim > maxSize/o.group() {
		return 0, 0, fmt.Errorf("fastfood: %d outputs from %d inputs need diagonals of %d entries: at most %d are supported", outputs, inputs, blocks*dim*o.group(), maxSize)
	}
	return blocks, dim, nil
}

// checkGroup fails unless G can have matrices of so many rows.
func checkGroup(group, dim int) error {
	switch group {
	case 0, 1, 2, 4, 8:
		if dim%max(group, 1) == 0 {
			return nil
		}
		return fmt.Errorf("fastfood: matrices of %d rows in G: they do not divide the %d rows of a block", group, dim)
	}
	return fmt.Errorf("fastfood: matrices of %d rows in G: want 1, 2, 4 or 8", group)
}

// maxSize bounds the diagonals' length, so that 32-bit permutations suffice
// and a mistyped size is an error rather than an exhausted memory.
const maxSize = 1 << 30

// New returns a Transform for the given numbers of inputs and outputs, with
// S = G = B = 1 and Π = 1, and at most one value of options. It fails if a number is less
// than 1, if a parameter would be longer than 2^30, or if there is no such padding or
// group, or the group does not divide Dim.
func New(inputs, outputs int, options ...Options) (*Transform, error) {
	blocks, dim, err := Size(inputs, outputs, options...)
	if err != nil {
		return nil, err
	}
	o, _ := only(options)
	size, group := blocks*dim, o.group()
	t := &Transform{
		Inputs: inputs, Outputs: outputs, Dim: dim, Blocks: blocks, Group: group,
		S: make([]float32, size), G: make([]float32, size*group), B: make([]float32, size),
		Perm: make([]int32, size),
	}
	for i := range size {
		t.S[i], t.G[i*group+i%group], t.B[i] = 1, 1, 1
		t.Perm[i] = int32(i % dim)
	}
	return t, nil
}

// Validate returns an error unless the sizes fit each other, Dim is the length
// of a transform, the diagonals have the right lengths and every block of Perm
// is a permutation of 0..Dim-1. Call it on numbers that come from a file:
// NewWorkspace panics where they are wrong.
func (t *Transform) Validate() error {
	if t.Inputs < 1 || t.Outputs < 1 || t.Dim < t.Inputs || t.Dim > maxSize || fwht.PowerOfTwo(t.Dim) == 0 {
		return fmt.Errorf("fastfood: %d inputs, %d outputs: inputs cannot be padded to %d", t.Inputs, t.Outputs, t.Dim)
	}
	if want := (t.Outputs-1)/t.Dim + 1; t.Blocks != want || want > maxSize/t.Dim {
		return fmt.Errorf("fastfood: %d blocks of %d for %d outputs, want %d, and no more than %d entries", t.Blocks, t.Dim, t.Outputs, want, maxSize)
	}
	if err := checkGroup(t.Group, t.Dim); err != nil {
		return err
	}
	size, group := t.Blocks*t.Dim, max(t.Group, 1)
	for name, length := range map[string]int{"S": len(t.S), "B": len(t.B), "Π": len(t.Perm)} {
		if length != size {
			return fmt.Errorf("fastfood: %s has %d entries, want %d blocks × %d", name, length, t.Blocks, t.Dim)
		}
	}
	if len(t.G) != size*group {
		return fmt.Errorf("fastfood: G has %d entries, want %d blocks × %d × %d", len(t.G), t.Blocks, t.Dim, group)
	}
	seen := make([]bool, t.Dim)
	for b := range t.Blocks {
		clear(seen)
		for i, p := range t.Perm[b*t.Dim:][:t.Dim] {
			if p < 0 || int(p) >= t.Dim || seen[p] {
				return fmt.Errorf("fastfood: block %d, entry %d of Π is %d: not a permutation of 0 to %d", b, i, p, t.Dim-1)
			}
			seen[p] = true
		}
	}
	return nil
}

// Matrix returns V as a dense row-major Outputs × Inputs matrix, for tests and
// for export to programs that know no Fastfood. It panics if t is not valid.
func (t *Transform) Matrix() []float32 {
	identity := make([]float32, t.Inputs*t.Inputs)
	for i := range t.Inputs {
		identity[i*t.Inputs+i] = 1
	}
	columns := make([]float32, t.Inputs*t.Outputs)
	NewWorkspace(t, t.Inputs, false).Forward(columns, identity)
	matrix := make([]float32, t.Outputs*t.Inputs)
	for j := range t.Inputs {
		for i := range t.Outputs {
			matrix[i*t.Inputs+j] = columns[j*t.Outputs+i]
		}
	}
	return matrix
}

// block is the part of a Transform that one block of rows uses.
type block struct {
	s, g, b []float32
	perm    []int32
	group   int // the rows of each matrix in G
}

func (t *Transform) block(i int) block {
	from, to, group := i*t.Dim, (i+1)*t.Dim, max(t.Group, 1)
	return block{t.S[from:to], t.G[from*group : to*group], t.B[from:to], t.Perm[from:to], group}
}

// forward computes the block's product y = S·H̃·G·Π·H̃·B·x for one row, and what
// the epilogue makes of it; y may be shorter than Dim. It leaves ΠHBx in permuted
// and HGΠHBx in mixed, both without the scale 1/Dim = (1/√Dim)², by which y is
// multiplied with S, before the epilogue. The scratch slice u, permuted and mixed
// have length Dim.
func (k block) forward(y, x, u, permuted, mixed []float32, e Epilogue) {
	simd.Multiply(u[:len(x)], k.b[:len(x)], x, 1)
	clear(u[len(x):])
	transform(u)
	k.mix(permuted, mixed, u)
	transform(mixed)
	simd.Multiply(y, k.s[:len(y)], mixed[:len(y)], 1/float32(len(u)))
	e.apply(y)
}

// backward is the adjoint of forward without its epilogue. With e = dy, the
// gradient of the loss with respect to V·x (shorter than Dim where rows are
// dropped), it adds
//
//	dS += e ⊙ (H̃GΠH̃Bx)
//	dG += (H̃Se) ⊙ (ΠH̃Bx), or, for a G of matrices, (H̃Se) · (ΠH̃Bx)ᵀ where they are
//	dB += (H̃ΠᵀGH̃Se) ⊙ x
//	dx += BH̃ΠᵀGH̃Se
//
// dx may be nil, as may d's diagonals all together. The scratch slices u and v
// have length Dim.
func (k block) backward(dx []float32, d block, dy, x, u, v, permuted, mixed []float32) {
	scale := 1 / float32(len(u))
	clear(u[len(dy):])
	simd.Multiply(u[:len(dy)], k.s[:len(dy)], dy, scale)
	transform(u) // HSe / Dim
	k.unmix(v, u)
	transform(v) // HΠᵀGHSe / Dim
	if d.s != nil {
		for i, e := range dy {
			d.s[i] += e * mixed[i] * scale
		}
		k.addProducts(d.g, u, permuted)
		for i, xi := range x {
			d.b[i] += v[i] * xi
		}
	}
	for i := range dx {
		dx[i] += k.b[i] * v[i]
	}
}

// transform multiplies x, of length Dim, by H.
func transform(x []float32) {
	if err := fwht.TransformMixed(x); err != nil {
		panic("fastfood: " + err.Error()) // Dim is a length of transforms
	}
}
