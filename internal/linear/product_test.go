package linear

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/internal/simd"
)

func normals(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func normalMatrix(rows, columns int, seed uint64) simd.Matrix {
	return simd.RowMajor(normals(rows*columns, seed), rows, columns)
}

// multiplied is A·B by its definition, in float64, with an epilogue.
func multiplied(c []float32, a, b simd.Matrix, e Epilogue) []float32 {
	result := slices.Clone(c)
	for i := range a.Rows {
		for j := range b.Cols {
			sum := 0.0
			for k := range a.Cols {
				sum += float64(a.Data[i*a.RowStride+k*a.ColStride]) * float64(b.Data[k*b.RowStride+j*b.ColStride])
			}
			at := &result[i*b.Cols+j]
			if e.Accumulate {
				sum += float64(*at)
			}
			if e.Bias != nil {
				sum += float64(e.Bias[j])
			}
			if e.ReLU {
				sum = max(0, sum)
			}
			*at = float32(sum)
		}
	}
	return result
}

// TestMultiply compares all epilogues and several tiles with the definition. A
// Product serves them all, in whatever order.
func TestMultiply(t *testing.T) {
	const k = 70
	var product Product
	for _, shape := range [][2]int{{1, 1}, {3, 130}, {40, 37}, {130, 260}, {300, 5}} {
		rows, columns := shape[0], shape[1]
		a, b, before := normalMatrix(rows, k, 1), normalMatrix(k, columns, 2), normals(rows*columns, 3)
		stored := normalMatrix(columns, k, 4) // Bᵀ
		for _, tile := range []Tile{{}, {Rows: 16}, {Columns: 128}, {7, 9}, Balanced(rows, columns)} {
			for _, e := range []Epilogue{{}, {Accumulate: true}, {Bias: normals(columns, 5)}, {Accumulate: true, ReLU: true}, {Bias: normals(columns, 5), ReLU: true}} {
				name := fmt.Sprint(shape, tile, e.Accumulate, e.Bias != nil, e.ReLU)
				c := simd.RowMajor(slices.Clone(before), rows, columns)
				product.Multiply(c, a, b, tile, e)
				checkNear(t, name, c.Data, multiplied(before, a, b, e))
				product.Multiply(c, a, stored.T(), tile, Epilogue{Bias: e.Bias})
				checkNear(t, name+" transposed", c.Data, multiplied(before, a, stored.T(), Epilogue{Bias: e.Bias}))
				if e.Accumulate {
					continue
				}
				product.MultiplyTransposed(c, a, stored, tile, e)
				checkNear(t, name+" by dots", c.Data, multiplied(before, a, stored.T(), e))
				mapped := e
				got := make([]float32, rows*columns)
				mapped.Map = func(row, column int, elements []float32) { copy(got[row*columns+column:], elements) }
				product.MultiplyTransposed(simd.Matrix{Rows: rows, Cols: columns}, a, stored, tile, mapped)
				if !slices.Equal(got, c.Data) {
					t.Errorf("%s: Map gets others than are stored", name)
				}
			}
		}
	}
}

func checkNear(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i, v := range got {
		if math.Abs(float64(v-want[i])) > 2e-5 {
			t.Fatalf("%s: element %d is %v, want %v", name, i, v, want[i])
		}
	}
}

func TestMultiplyOnAnyCoresAndTiles(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	a, b := normalMatrix(90, 600, 1), normalMatrix(600, 310, 2)
	var first []float32
	for cores := range 3 {
		runtime.GOMAXPROCS(cores + 1)
		for _, tile := range []Tile{{}, {Rows: 16}, {Columns: 128}, {31, 33}} {
			c := simd.RowMajor(make([]float32, 90*310), 90, 310)
			new(Product).Multiply(c, a, b, tile, Epilogue{})
			if first == nil {
				first = c.Data
			}
			if !slices.Equal(c.Data, first) {
				t.Errorf("other bits on %d cores with %v", cores+1, tile)
			}
		}
	}
}

// TestReserve has products within what is planned, from the first one on.
func TestReserve(t *testing.T) {
	a, b := normalMatrix(50, 60, 1), normalMatrix(60, 300, 2)
	c, out := simd.RowMajor(make([]float32, 50*300), 50, 300), make([]float32, 50*300)
	e := Epilogue{Map: func(row, column int, elements []float32) { copy(out[row*300+column:], elements) }}
	tile := Tile{Columns: 64}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var p Product
	p.Reserve(50, 300, 60, tile, e)
	scratch, mapped := &p.scratch[0][0], &p.mapped[0][0]
	rows := 0
	check.Allocations(t, "Multiply", 1000, func() {
		rows = rows%50 + 1
		p.Multiply(c.RowRange(0, rows), a.RowRange(0, rows), b, tile, Epilogue{})
		p.Multiply(c.RowRange(0, rows), a.RowRange(0, rows), b, tile, e)
	})
	if scratch != &p.scratch[0][0] || mapped != &p.mapped[0][0] {
		t.Error("what was reserved is too small")
	}
}

func TestMultiplyPanics(t *testing.T) {
	a, c := normalMatrix(4, 5, 1), normalMatrix(4, 6, 2)
	var p Product
	check.Panics(t, "other shapes", "shapes", func() { p.Multiply(c, a, normalMatrix(6, 6, 3), Tile{}, Epilogue{}) })
	both := Epilogue{Accumulate: true, Map: func(int, int, []float32) {}}
	check.Panics(t, "accumulates and maps", "accumulates and maps", func() { p.Multiply(c, a, normalMatrix(5, 6, 3), Tile{}, both) })
}

func TestVectors(t *testing.T) {
	x := []float32{1, 2, 3, 5, 8, 14}
	if d := Dot(x, x); d != 299 {
		t.Errorf("dot product %v", d)
	}
	if mean := Centre(x, 2); !slices.Equal(mean, []float32{4, 7}) || !slices.Equal(x, []float32{-3, -5, -1, -2, 4, 7}) {
		t.Errorf("mean %v, centred %v", mean, x)
	}
	Scale(x, 2)
	Subtract(x, []float32{1, 1, 1, 1, 1, 1}, 3)
	if !slices.Equal(x, []float32{-9, -13, -5, -7, 5, 11}) {
		t.Errorf("scaled, less 3: %v", x)
	}
	if e := RelativeError([]float32{3, 5}, []float32{3, 4}); e != 0.2 {
		t.Errorf("relative error %v", e)
	}
	if e := RelativeError([]float32{0}, []float32{0}); e != 0 {
		t.Errorf("relative error %v of zeros", e)
	}
}
