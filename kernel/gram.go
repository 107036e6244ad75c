package kernel

import (
	"math"
	"slices"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// Gram writes the matrix g[i, j] = k(x_i, x_j), [rows, rows], of the rows of x
// [rows, d], on all cores. It is exactly symmetric. Products are sums in float32,
// so that for Gaussian and Matern kernels a squared distance is wrong by about
// 1e-7 times the squared distances from the middle of the rows. Gram panics if a
// slice has not the length that it should, or if k is not valid.
func Gram(g []float32, k Kernel, x []float32, d int) {
	m := newGram(k, x, d)
	m.symmetric = true
	m.run(g, x)
}

// CrossGram writes g[i, j] = k(x_i, y_j), [rows of x, rows of y], as Gram does.
// For a matrix that does not fit in memory, call it with some rows of x at a
// time.
func CrossGram(g []float32, k Kernel, x, y []float32, d int) {
	newGram(k, y, d).run(g, x)
}

// gramTile is how many rows and columns of a Gram matrix a core computes at a
// time.
const gramTile = 192

// gram computes matrices of the kernel with rows y, one at a time.
type gram struct {
	kernel    Kernel
	geometry  geometry
	y         []float32
	d, ny     int
	symmetric bool // x is y
	// Only differences of rows matter to kernels of distances: rows count from
	// the origin, near the middle of y, so that squares are small.
	origin          []float32 // [d], or nil
	squaresY        []float64
	copies, scratch [][]float32 // of each worker: rows of x and y less the origin; memory of Gemm
	products        [][]float32
	tiles           func(chunk, worker int)
	second          *gram // of a mixture: its Laplacian kernel; this one is of the Gaussian
	average         bool  // elements are averaged with those that g has

	g, x     []float32 // of the call under way
	nx       int
	squaresX []float64
}

func newGram(k Kernel, y []float32, d int) *gram {
	if validate(k) != nil {
		panic("kernel: Gram: the kernel is not valid")
	}
	if d < 1 || len(y)%d != 0 {
		panic("kernel: Gram: rows are not of length d")
	}
	if mixture, ok := k.(Mixture); ok {
		m := newGram(Gaussian{mixture.Gamma}, y, d)
		m.second = newGram(Laplacian{mixture.Delta}, y, d)
		m.second.average = true
		return m
	}
	m := &gram{kernel: k, geometry: k.geometry(), y: y, d: d, ny: len(y) / d}
	m.tiles = m.computeTile
	if m.geometry == absoluteSums {
		return m
	}
	if m.geometry == squaredDistances {
		m.origin = middle(y, d)
	}
	workers, tile := par.Workers(), min(gramTile, max(m.ny, 1))
	m.copies = par.Scratch[float32](workers, 2*gramTile*d)
	m.products = par.Scratch[float32](workers, gramTile*tile)
	m.scratch = par.Scratch[float32](workers, simd.GemmScratch(gramTile, tile, d))
	m.squaresY = make([]float64, m.ny)
	m.squares(m.squaresY, y)
	return m
}

// run computes g for rows x. It allocates nothing if there were as many before.
func (m *gram) run(g, x []float32) {
	if len(x)%m.d != 0 {
		panic("kernel: Gram: rows are not of length d")
	}
	m.g, m.x, m.nx = g, x, len(x)/m.d
	if len(g) != m.nx*m.ny {
		panic("kernel: Gram: g is not [rows of x, rows of y]")
	}
	switch {
	case m.geometry == absoluteSums:
	case m.symmetric:
		m.squaresX = m.squaresY
	default:
		m.squaresX = slices.Grow(m.squaresX[:0], m.nx)[:m.nx]
		m.squares(m.squaresX, x)
	}
	par.For(m.down()*m.across(), par.Workers(), m.tiles)
	m.g, m.x = nil, nil
	if m.second != nil {
		m.second.symmetric = m.symmetric
		m.second.run(g, x)
	}
}

// middle returns the mean of some rows.
func middle(y []float32, d int) []float32 {
	const rows = 64
	step := max(1, len(y)/d/rows)
	sums, count := make([]float64, d), 0.0
	for i := 0; i < len(y)/d; i += step {
		for j, v := range y[i*d:][:d] {
			sums[j] += float64(v)
		}
		count++
	}
	origin := make([]float32, d)
	for j, sum := range sums {
		origin[j] = float32(sum / count)
	}
	return origin
}

// squares writes ‖x - origin‖² of every row.
func (m *gram) squares(squares []float64, x []float32) {
	for i := range squares {
		sum := 0.0
		for _, v := range m.shifted(m.copies[0], x, i, i+1) {
			sum += float64(v) * float64(v)
		}
		squares[i] = sum
	}
}

// shifted returns rows of x less the origin, in memory of to.
func (m *gram) shifted(to, x []float32, first, last int) []float32 {
	x = x[first*m.d : last*m.d]
	if m.origin == nil {
		return x
	}
	for i := 0; i < len(x); i += m.d {
		row, from := to[i:][:m.d], x[i:][:m.d]
		for j, o := range m.origin {
			row[j] = from[j] - o
		}
	}
	return to[:len(x)]
}

func (m *gram) down() int   { return (m.nx + gramTile - 1) / gramTile }
func (m *gram) across() int { return (m.ny + gramTile - 1) / gramTile }

func (m *gram) computeTile(chunk, worker int) {
	row, column := chunk/m.across()*gramTile, chunk%m.across()*gramTile
	if m.symmetric && column < row {
		return // its mirror image writes it
	}
	end, columnEnd := min(m.nx, row+gramTile), min(m.ny, column+gramTile)
	if m.geometry == absoluteSums {
		m.direct(row, end, column, columnEnd)
	} else {
		m.tile(row, end, column, columnEnd, worker)
	}
}

// direct computes a tile element by element.
func (m *gram) direct(row, end, column, columnEnd int) {
	for i := row; i < end; i++ {
		x := m.x[i*m.d:][:m.d]
		for j := m.firstOf(i, column); j < columnEnd; j++ {
			m.set(i, j, m.kernel.at(absoluteSum(x, m.y[j*m.d:][:m.d]), 0, 0))
		}
	}
}

// absoluteSum returns ‖x-y‖₁, in four sums that do not wait for each other.
func absoluteSum(x, y []float32) float64 {
	var a, b, c, d float64
	y = y[:len(x)]
	for ; len(x) >= 4; x, y = x[4:], y[4:] {
		a += math.Abs(float64(x[0]) - float64(y[0]))
		b += math.Abs(float64(x[1]) - float64(y[1]))
		c += math.Abs(float64(x[2]) - float64(y[2]))
		d += math.Abs(float64(x[3]) - float64(y[3]))
	}
	for i, v := range x {
		a += math.Abs(float64(v) - float64(y[i]))
	}
	return (a + b) + (c + d)
}

// firstOf returns the first column of a tile that is not the mirror image of another
// element.
func (m *gram) firstOf(row, column int) int {
	if m.symmetric {
		return max(row, column)
	}
	return column
}

// tile computes a tile from products of rows and their squares.
func (m *gram) tile(row, end, column, columnEnd, worker int) {
	copies, d := m.copies[worker], m.d
	a := simd.RowMajor(m.shifted(copies, m.x, row, end), end-row, d)
	b := simd.RowMajor(m.shifted(copies[gramTile*d:], m.y, column, columnEnd), columnEnd-column, d)
	p := simd.RowMajor(m.products[worker][:a.Rows*b.Rows], a.Rows, b.Rows)
	simd.Gemm(p, a, b.T(), simd.Epilogue{}, m.scratch[worker])
	for i := row; i < end; i++ {
		xx := m.squaresX[i]
		for j := m.firstOf(i, column); j < columnEnd; j++ {
			yy, value := m.squaresY[j], float64(p.Data[(i-row)*p.Cols+j-column])
			if m.symmetric && i == j {
				value = xx
			}
			if m.origin != nil {
				value = max(0, xx+yy-2*value)
			}
			m.set(i, j, m.kernel.at(value, xx, yy))
		}
	}
}

// set stores an element and its mirror image.
func (m *gram) set(i, j int, value float64) {
	if m.average {
		value = (float64(m.g[i*m.ny+j]) + value) / 2
	}
	m.g[i*m.ny+j] = float32(value)
	if m.symmetric {
		m.g[j*m.ny+i] = float32(value)
	}
}
