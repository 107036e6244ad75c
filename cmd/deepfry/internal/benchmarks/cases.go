package benchmarks

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

type benchFWHT struct {
	benchFlags
	N         []int  `default:"64,256,1024,4096,16384,65536,1048576" help:"Lengths: powers of two or, for a single row on one core, others such as 800."`
	Rows      int    `default:"1" help:"Rows of a batch."`
	Precision string `default:"float32" enum:"float32,float64" help:"${enum}."`
}

func (*benchFWHT) Help() string {
	return `Examples:

  deepfry bench fwht --n 1024,4096
  deepfry bench fwht --n 1024 --rows 256 --threads 2`
}

func (c *benchFWHT) Run(term *console.Terminal) error { return c.measure(term, c.groups) }

func (c *benchFWHT) groups() (groups []benchGroup, err error) {
	for _, n := range c.N {
		if n < 1 || n > fwht.MaxLength || c.Rows < 1 || c.Rows > 1<<24 {
			return nil, fmt.Errorf("%d rows of %d: want 1 to 2^24 rows of 1 to 2^30", c.Rows, n)
		}
		name := fmt.Sprintf("%s n=%d rows=%d", c.Precision, n, c.Rows)
		size, fill := int64(4), fwhtCase[float32]
		if c.Precision == "float64" {
			size, fill = 8, fwhtCase[float64]
		}
		groups = append(groups, benchGroup{name, size * int64(n) * int64(c.Rows), func() ([]benchCase, error) {
			run, err := fill(n, c.Rows, par.Workers())
			return []benchCase{{
				benchmark: "fwht", name: name, run: run,
				rows: c.Rows, operations: float64(fwht.Additions(n)), additions: true,
			}}, err
		}})
	}
	return groups, nil
}

// fwhtCase returns a transform of a batch, again and again: the orthonormal
// one, so that the values stay as large as they are.
func fwhtCase[T fwht.Float](n, rows, threads int) (func(), error) {
	x := make([]T, n*rows)
	source := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = T(source.NormFloat64())
	}
	transform := func() error { return fwht.TransformRows(x, n, fwht.Orthonormal) }
	if rows == 1 && threads == 1 { // any length, but always on one core
		transform = func() error { return fwht.TransformMixed(x, fwht.Orthonormal) }
	}
	return func() { transform() }, transform()
}

type benchFastfood struct {
	benchFlags
	Sizes []string `default:"1024:1024,4096:4096,9216:16384" help:"Inputs and outputs, as d:n."`
	Batch []int    `default:"64" help:"Rows of a batch."`
	Dense bool     `default:"true" negatable:"" help:"Measure the dense product too."`
}

func (*benchFastfood) Help() string {
	return `Examples:

  deepfry bench fastfood --sizes 1024:1024,9216:16384 --batch 1,64
  deepfry bench fastfood --no-dense --json > new.json`
}

func (c *benchFastfood) Run(term *console.Terminal) error { return c.measure(term, c.groups) }

func (c *benchFastfood) groups() (groups []benchGroup, err error) {
	for _, size := range c.Sizes {
		d, n, err := parseSize(size)
		if err != nil {
			return nil, err
		}
		for _, batch := range c.Batch {
			if batch < 1 || batch > 1<<20 {
				return nil, fmt.Errorf("--batch %d: want 1 to 2^20", batch)
			}
			name := fmt.Sprintf("%d→%d batch=%d", d, n, batch)
			inputs, outputs, rows := int64(d), int64(n), int64(batch)
			// x, dx, y, dy, and two vectors of the blocks' size that training keeps of a row
			groups = append(groups, benchGroup{"fastfood " + name, 4 * rows * 4 * (inputs + outputs), func() ([]benchCase, error) {
				return fastfoodCases(name, d, n, batch)
			}})
			if c.Dense {
				groups = append(groups, benchGroup{"dense " + name, 4 * (rows*(2*inputs+outputs) + 2*inputs*outputs), func() ([]benchCase, error) {
					return denseCases(name, d, n, batch, par.Workers()), nil
				}})
			}
		}
	}
	return groups, nil
}

// parseSize reads d:n.
func parseSize(size string) (inputs, outputs int, err error) {
	first, second, _ := strings.Cut(size, ":")
	inputs, err1 := strconv.Atoi(first)
	outputs, err2 := strconv.Atoi(second)
	if err1 != nil || err2 != nil || min(inputs, outputs) < 1 || max(inputs, outputs) > 1<<16 {
		return 0, 0, fmt.Errorf("size %q: want inputs:outputs of 1 to 65536, as in 1024:1024", size)
	}
	return inputs, outputs, nil
}

func fastfoodCases(name string, d, n, batch int) ([]benchCase, error) {
	v, err := fastfood.Sample(d, n, math.Sqrt2, 1)
	if err != nil {
		return nil, err
	}
	x, y, dx := bench.Normals(batch*d), make([]float32, batch*n), make([]float32, batch*d)
	dy := bench.Normals(batch * n)
	size := len(v.S)
	gradients := &fastfood.Gradients{S: make([]float32, size), G: make([]float32, size), B: make([]float32, size)}
	inference, training := fastfood.NewWorkspace(v, batch, false), fastfood.NewWorkspace(v, batch, true)
	operations := float64(size) * (3 + 2*math.Log2(float64(v.Dim)))
	return []benchCase{
		{benchmark: "fastfood forward", name: name, rows: batch, operations: operations, additions: true,
			run: func() { inference.Forward(y, x) }},
		{benchmark: "fastfood forward+backward", name: name, rows: batch, operations: 2 * operations, additions: true,
			run: func() {
				training.Forward(y, x)
				training.Backward(dx, dy, x, gradients)
			}},
	}, nil
}

// denseCases are the products that a dense layer would make, split over the
// threads by columns.
func denseCases(name string, d, n, batch, threads int) []benchCase {
	x, w, y := simd.RowMajor(bench.Normals(batch*d), batch, d), simd.RowMajor(bench.Normals(n*d), n, d), simd.RowMajor(make([]float32, batch*n), batch, n)
	dx, dw := simd.RowMajor(make([]float32, batch*d), batch, d), simd.RowMajor(make([]float32, n*d), n, d)
	forward := splitProduct(y, x, w.T(), threads)
	backwardData, backwardWeights := splitProduct(dx, y, w, threads), splitProduct(dw, y.T(), x, threads)
	operations := 2 * float64(d) * float64(n)
	return []benchCase{
		{benchmark: "dense forward", name: name, rows: batch, operations: operations, run: forward},
		{benchmark: "dense forward+backward", name: name, rows: batch, operations: 3 * operations, run: func() {
			forward()
			backwardData()
			backwardWeights()
		}},
	}
}

type benchGEMM struct {
	benchFlags
	Sizes []string `default:"256x1024x1024,256x4096x4096,512x512x512,1024x1024x1024" placeholder:"MxKxN,..." help:"Rows, inner dimension and columns. With :nt behind, B is stored transposed, with :tn A."`
}

func (*benchGEMM) Help() string {
	return `Examples:

  deepfry bench gemm
  deepfry bench gemm --sizes 256x1024x1024 --threads 2
  deepfry bench gemm --sizes 32x9216x4096:nt,4096x32x9216:tn`
}

func (c *benchGEMM) Run(term *console.Terminal) error { return c.measure(term, c.groups) }

func (c *benchGEMM) groups() (groups []benchGroup, err error) {
	for _, size := range c.Sizes {
		p, err := parseProduct(size)
		if err != nil {
			return nil, err
		}
		groups = append(groups, benchGroup{"gemm " + size, p.bytes(), func() ([]benchCase, error) {
			a, b := normalMatrix(p.m, p.k, p.transposedA), normalMatrix(p.k, p.n, p.transposedB)
			c, threads := simd.RowMajor(make([]float32, p.m*p.n), p.m, p.n), par.Workers()
			run := splitProduct(c, a, b, threads)
			return []benchCase{{benchmark: "gemm", name: size, rows: 1, operations: 2 * float64(p.m) * float64(p.k) * float64(p.n), run: run}}, nil
		}})
	}
	return groups, nil
}

// normalMatrix returns random numbers, stored transposed or not.
func normalMatrix(rows, cols int, transposed bool) simd.Matrix {
	if transposed {
		return normalMatrix(cols, rows, false).T()
	}
	return simd.RowMajor(bench.Normals(rows*cols), rows, cols)
}

// product is C [m, n] = A [m, k] · B [k, n].
type product struct {
	m, k, n                  int
	transposedA, transposedB bool // as they are stored
}

func (p product) bytes() int64 {
	m, k, n := int64(p.m), int64(p.k), int64(p.n)
	return 4 * (m*k + k*n + m*n)
}

// parseProduct reads MxKxN, MxKxN:nt or MxKxN:tn.
func parseProduct(text string) (p product, err error) {
	size, stored, _ := strings.Cut(text, ":")
	p.transposedA, p.transposedB = stored == "tn", stored == "nt"
	parts := strings.Split(size, "x")
	if len(parts) == 3 {
		var errs [3]error
		p.m, errs[0] = strconv.Atoi(parts[0])
		p.k, errs[1] = strconv.Atoi(parts[1])
		p.n, errs[2] = strconv.Atoi(parts[2])
		err = errors.Join(errs[:]...)
	}
	if err != nil || min(p.m, p.k, p.n) < 1 || max(p.m, p.k, p.n) > 1<<15 || strings.Contains(text, ":") && !p.transposedA && !p.transposedB {
		return product{}, fmt.Errorf("size %q: want rows, inner dimension and columns of 1 to 32768, as in 256x1024x1024, and :nt or :tn or nothing behind", text)
	}
	return p, nil
}

// splitProduct returns a product C = A·B that is split over the threads by
// columns. Where A has few rows and B is transposed, it is that of a layer.
func splitProduct(c, a, b simd.Matrix, threads int) func() {
	const alignment = 32 // columns of a tile of the kernels
	product, none := new(linear.Product), linear.Epilogue{}
	tile := linear.Tile{Columns: ((c.Cols+threads-1)/threads + alignment - 1) / alignment * alignment}
	product.Reserve(c.Rows, c.Cols, a.Cols, tile, none)
	if a.Rows <= simd.FewRows && a.ColStride == 1 && b.RowStride == 1 {
		return func() { product.MultiplyTransposed(c, a, b.T(), tile, none) }
	}
	return func() { product.Multiply(c, a, b, tile, none) }
}
