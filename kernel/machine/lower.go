package machine

import "github.com/deepfry/deepfry/internal/simd"

// side is the width of the square tiles that large matrices are worked on in.
const side = 256

// lower is the lower half of a square matrix, in panels of side rows: panel i has
// the columns 0 to (i+1)·side-1, row-major, so that its last tile, which is on
// the diagonal, is whole. The last panel ends where the matrix does.
type lower[T float32 | float64] struct {
	n      int
	panels [][]T
}

func newLower[T float32 | float64](n int) *lower[T] {
	m := &lower[T]{n: n}
	for i := range tiles(n) {
		m.panels = append(m.panels, make([]T, m.height(i)*m.width(i)))
	}
	return m
}

// tiles returns the number of tiles along a side of n.
func tiles(n int) int { return (n + side - 1) / side }

func (m *lower[T]) height(panel int) int { return min(side, m.n-panel*side) }
func (m *lower[T]) width(panel int) int  { return min(m.n, (panel+1)*side) }

// row returns row i of the matrix up to the end of the diagonal tile.
func (m *lower[T]) row(i int) []T {
	width := m.width(i / side)
	return m.panels[i/side][i%side*width:][:width]
}

// matrix returns a view of a panel's columns first to last-1.
func panelOf(m *lower[float32], i, first, last int) simd.Matrix {
	return simd.RowMajor(m.panels[i], m.height(i), m.width(i)).ColumnRange(first, last)
}
