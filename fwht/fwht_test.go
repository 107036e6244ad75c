package fwht_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

// levels is the definition of the transform: h = 1, 2, 4, …, then the scale.
func levels[T fwht.Float](x []T, scale T) {
	for h := 1; h < len(x); h *= 2 {
		for i := range x {
			if i&h == 0 {
				x[i], x[i+h] = x[i]+x[i+h], x[i]-x[i+h]
			}
		}
	}
	for i := range x {
		x[i] *= scale
	}
}

// inverseRoot returns 1/√n, rounded once.
func inverseRoot[T fwht.Float](n int) T {
	root := new(big.Float).SetPrec(200).SetInt64(int64(n))
	root.Quo(big.NewFloat(1), root.Sqrt(root))
	if _, single := any(T(0)).(float32); single {
		v, _ := root.Float32()
		return T(v)
	}
	v, _ := root.Float64()
	return T(v)
}

// firstDifference returns the first index where x and y differ in a bit, or
// -1. All NaNs are one: which NaN comes out of Inf - Inf depends on the machine.
func firstDifference[T fwht.Float](x, y []T) int {
	for i := range x {
		bothNaN := x[i] != x[i] && y[i] != y[i]
		if !bothNaN && math.Float64bits(float64(x[i])) != math.Float64bits(float64(y[i])) {
			return i
		}
	}
	return -1
}

// normal returns n normally distributed values.
func normal[T fwht.Float](n int) []T {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}

// integers returns n integers from -8 to 8.
func integers[T fwht.Float](n int) []T {
	r := rand.New(rand.NewPCG(3, uint64(n)))
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.IntN(17) - 8)
	}
	return x
}

// forVersions runs a test with each version of the kernels.
func forVersions(t *testing.T, test func(t *testing.T)) {
	for _, version := range cpu.Available() {
		t.Run(version.String(), func(t *testing.T) {
			defer cpu.Use(version)()
			test(t)
		})
	}
}

func must(t interface {
	Helper()
	Fatal(...any)
}, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTransformEqualsDefinition(t *testing.T) {
	forVersions(t, func(t *testing.T) {
		t.Run("float32", testTransformEqualsDefinition[float32])
		t.Run("float64", testTransformEqualsDefinition[float64])
	})
}

// testTransformEqualsDefinition compares bits, for slices at several distances
// from a boundary of 64 bytes, with guards on both sides.
func testTransformEqualsDefinition[T fwht.Float](t *testing.T) {
	const guard, before, after = -77, 20, 20
	for n := 1; n <= 1<<16; n *= 2 {
		x := normal[T](n)
		plain, orthonormal := slices.Clone(x), slices.Clone(x)
		levels(plain, 1)
		levels(orthonormal, inverseRoot[T](n))
		memory := make([]T, before+n+after)
		for _, offset := range []int{0, 1, 3, 4, 15} {
			for _, option := range []fwht.Option{0, fwht.Orthonormal} {
				for i := range memory {
					memory[i] = guard
				}
				row := memory[before-offset:][:n]
				copy(row, x)
				must(t, fwht.Transform(row, option))
				want := plain
				if option == fwht.Orthonormal {
					want = orthonormal
				}
				if i := firstDifference(row, want); i >= 0 {
					t.Fatalf("n %d, offset %d, option %d: x[%d] = %v, want %v", n, offset, option, i, row[i], want[i])
				}
				for i, v := range memory {
					if outside := i < before-offset || i >= before-offset+n; outside && v != guard {
						t.Fatalf("n %d, offset %d, option %d: wrote %v at %d", n, offset, option, v, i-before+offset)
					}
				}
			}
		}
	}
}

func TestTransformIsHadamardMatrix(t *testing.T) {
	forVersions(t, func(t *testing.T) {
		for n := 1; n <= 1024; n *= 2 {
			x := make([]float32, n)
			r := rand.New(rand.NewPCG(5, uint64(n)))
			for i := range x {
				x[i] = float32(1 - 2*r.IntN(2))
			}
			y := slices.Clone(x)
			must(t, fwht.Transform(y))
			for i := range y {
				var want float32
				for j := range x {
					want += float32(1-2*(bits.OnesCount(uint(i&j))&1)) * x[j]
				}
				if y[i] != want {
					t.Fatalf("n %d: y[%d] = %v, want %v", n, i, y[i], want)
				}
			}
		}
	})
}

func TestTwiceIsTimesN(t *testing.T) {
	forVersions(t, func(t *testing.T) {
		for n := 1; n <= 1<<16; n *= 2 {
			x := integers[float64](n)
			y := slices.Clone(x)
			must(t, fwht.Transform(y))
			must(t, fwht.Transform(y))
			for i := range y {
				if y[i] != float64(n)*x[i] {
					t.Fatalf("n %d: H(Hx)[%d] = %v, want %v", n, i, y[i], float64(n)*x[i])
				}
			}
		}
	})
}

func TestLinear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := 1 << rapid.IntRange(0, 12).Draw(t, "log2 n")
		a := float64(rapid.IntRange(-9, 9).Draw(t, "a"))
		x, y := integers[float64](n), integers[float64](2 * n)[n:]
		sum := make([]float64, n)
		for i := range sum {
			sum[i] = a*x[i] + y[i]
		}
		for _, v := range [][]float64{x, y, sum} {
			must(t, fwht.Transform(v))
		}
		for i := range sum {
			if sum[i] != a*x[i]+y[i] {
				t.Fatalf("H(ax+y)[%d] = %v, want %v", i, sum[i], a*x[i]+y[i])
			}
		}
	})
}

// TestVersionsAgree draws the values at which rounding and signs are special.
func TestVersionsAgree(t *testing.T) {
	t.Run("float32", func(t *testing.T) {
		special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1e-45, -1e-45, 1e-38, math.MaxFloat32, -math.MaxFloat32, 1 << 24, 1 / 3.}
		rapid.Check(t, func(t *rapid.T) {
			testVersionsAgree(t, rapid.OneOf(rapid.SampledFrom(special), rapid.Float32()))
		})
	})
	t.Run("float64", func(t *testing.T) {
		special := []float64{0, math.Copysign(0, -1), 1, -1, 5e-324, -5e-324, 2e-308, math.MaxFloat64, -math.MaxFloat64, 1 << 53, 1 / 3.}
		rapid.Check(t, func(t *rapid.T) {
			testVersionsAgree(t, rapid.OneOf(rapid.SampledFrom(special), rapid.Float64()))
		})
	})
}

func testVersionsAgree[T fwht.Float](t *rapid.T, value *rapid.Generator[T]) {
	n := 1 << rapid.IntRange(0, 11).Draw(t, "log2 n")
	few := rapid.SliceOfN(value, 1, 40).Draw(t, "values")
	x := make([]T, n)
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
	for i := range x {
		x[i] = few[r.IntN(len(few))]
	}
	checkVersions(t, x, rapid.SampledFrom([]fwht.Option{0, fwht.Orthonormal, fwht.Sequency}).Draw(t, "option"))
}

// checkVersions fails if a version does not have the bits of the definition.
func checkVersions[T fwht.Float](t interface{ Fatalf(string, ...any) }, x []T, option fwht.Option) {
	want := slices.Clone(x)
	scale := T(1)
	if option&fwht.Orthonormal != 0 {
		scale = inverseRoot[T](len(x))
	}
	levels(want, scale)
	if option&fwht.Sequency != 0 {
		want = inSequencyOrder(want)
	}
	for _, version := range cpu.Available() {
		y := slices.Clone(x)
		restore := cpu.Use(version)
		err := fwht.Transform(y, option)
		restore()
		if err != nil {
			t.Fatalf("%v", err)
		}
		if i := firstDifference(y, want); i >= 0 {
			t.Fatalf("%v, n %d, option %d: y[%d] = %v, want %v", version, len(x), option, i, y[i], want[i])
		}
	}
}

// inSequencyOrder sorts by the number of sign changes of the rows of H.
func inSequencyOrder[T fwht.Float](x []T) []T {
	y := make([]T, len(x))
	for i := range x {
		changes := 0
		for j := 1; j < len(x); j *= 2 { // n/2j columns follow one that ends in log2(j) ones
			changes += len(x) / (2 * j) * (bits.OnesCount(uint(i&(2*j-1))) & 1)
		}
		y[changes] = x[i]
	}
	return y
}

// TestSequency counts sign changes in the matrix itself, column by column.
func TestSequency(t *testing.T) {
	for n := 1; n <= 512; n *= 2 {
		changes := make([]int, n)
		var last []float32
		for j := range n {
			column := make([]float32, n)
			column[j] = 1
			must(t, fwht.Transform(column, fwht.Sequency))
			for k := range column {
				if j > 0 && column[k] != last[k] {
					changes[k]++
				}
			}
			last = column
		}
		for k := range changes {
			if changes[k] != k {
				t.Fatalf("n %d: row %d changes sign %d times", n, k, changes[k])
			}
		}
	}
}

// TestSequencyOfLongRows checks those that are reordered in place.
func TestSequencyOfLongRows(t *testing.T) {
	for n := 1 << 12; n <= 1<<16; n *= 2 {
		x := normal[float32](n)
		want := slices.Clone(x)
		must(t, fwht.Transform(want))
		must(t, fwht.Transform(x, fwht.Sequency))
		if i := firstDifference(x, inSequencyOrder(want)); i >= 0 {
			t.Fatalf("n %d: point %d", n, i)
		}
	}
}

func TestOrthonormalKeepsLength(t *testing.T) {
	for n := 1; n <= 1<<12; n *= 2 {
		x := normal[float64](n)
		before := sumOfSquares(x)
		must(t, fwht.Transform(x, fwht.Orthonormal))
		if after := sumOfSquares(x); math.Abs(after-before) > 1e-13*before {
			t.Errorf("n %d: length² %v, was %v", n, after, before)
		}
	}
}

func sumOfSquares[T fwht.Float](x []T) (sum float64) {
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
}

func TestTransformRows(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	forVersions(t, func(t *testing.T) {
		t.Run("float32", testTransformRows[float32])
		t.Run("float64", testTransformRows[float64])
	})
}

func testTransformRows[T fwht.Float](t *testing.T) {
	for _, size := range []struct{ rows, n int }{
		{0, 4}, {1, 1}, {5, 1}, {15, 2}, {3, 4}, {15, 4}, {7, 8}, {3, 16}, {1 << 14, 4}, {5001, 8}, {301, 128}, {70, 1024}, {3, 1 << 15}, {2, 1 << 16},
	} {
		for _, option := range []fwht.Option{0, fwht.Orthonormal, fwht.Sequency | fwht.Orthonormal} {
			checkRows[T](t, size.rows, size.n, option)
		}
	}
}

// TestTransformLongRows is about rows that all cores share.
func TestTransformLongRows(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	checkRows[float32](t, 2, 1<<18, 0)
	checkRows[float64](t, 1, 1<<19, fwht.Orthonormal|fwht.Sequency)
	checkRows[float32](t, 1, 1<<21, fwht.Orthonormal)
}

// checkRows compares TransformRows with Transform of every row, with guards on
// both sides.
func checkRows[T fwht.Float](t *testing.T, rows, n int, option fwht.Option) {
	const guard, margin = -77, 17
	memory := slices.Repeat([]T{guard}, rows*n+2*margin)
	x := memory[margin : margin+rows*n : margin+rows*n]
	copy(x, normal[T](rows*n))
	want := slices.Clone(x)
	for i := 0; i < len(x); i += n {
		must(t, fwht.Transform(want[i:i+n], option))
	}
	must(t, fwht.TransformRows(x, n, option))
	if i := firstDifference(x, want); i >= 0 {
		t.Fatalf("%d rows of %d, option %d: row %d, point %d", rows, n, option, i/n, i%n)
	}
	for i := range margin {
		if memory[i] != guard || memory[len(memory)-1-i] != guard {
			t.Fatalf("%d rows of %d: memory around them was written", rows, n)
		}
	}
}

func TestTransform2D(t *testing.T) {
	forVersions(t, func(t *testing.T) {
		for _, size := range []struct{ rows, cols int }{{1, 1}, {1, 8}, {8, 1}, {4, 2}, {16, 64}, {64, 16}, {128, 256}, {512, 512}} {
			for _, option := range []fwht.Option{0, fwht.Sequency} {
				x := normal[float32](size.rows * size.cols)
				want := slices.Clone(x)
				rowsThenColumns(t, want, size.rows, size.cols, option)
				must(t, fwht.Transform2D(x, size.rows, size.cols, option))
				if i := firstDifference(x, want); i >= 0 {
					t.Fatalf("%d by %d, option %d: x[%d] = %v, want %v", size.rows, size.cols, option, i, x[i], want[i])
				}
			}
		}
	})
}

func rowsThenColumns(t *testing.T, x []float32, rows, cols int, option fwht.Option) {
	for i := range rows {
		must(t, fwht.Transform(x[i*cols:(i+1)*cols], option))
	}
	column := make([]float32, rows)
	for j := range cols {
		for i := range rows {
			column[i] = x[i*cols+j]
		}
		must(t, fwht.Transform(column, option))
		for i := range rows {
			x[i*cols+j] = column[i]
		}
	}
}

func TestTransform2DOrthonormal(t *testing.T) {
	x := normal[float64](8 * 16)
	want := slices.Clone(x)
	must(t, fwht.Transform2D(x, 8, 16, fwht.Orthonormal))
	must(t, fwht.Transform2D(x, 8, 16, fwht.Orthonormal))
	for i := range x {
		if math.Abs(x[i]-want[i]) > 1e-14 {
			t.Fatalf("x[%d] = %v, want %v", i, x[i], want[i])
		}
	}
}

func TestErrors(t *testing.T) {
	x := make([]float32, 12)
	for i := range x {
		x[i] = float32(i)
	}
	for _, test := range []struct {
		err  error
		want string
	}{
		{fwht.Transform(x), "len(x) is 12, want a power of two: pad with zeros to 16"},
		{fwht.Transform(x[:0]), "len(x) is 0, want a power of two: pad with zeros to 1"},
		{fwht.TransformRows(x, 3), "the row length n is 3, want a power of two: pad with zeros to 4"},
		{fwht.TransformRows(x, 0), "the row length n is 0"},
		{fwht.TransformRows(x, -4), "the row length n is -4, want a power of two from 1 to 2^30"},
		{fwht.TransformRows(x, 8), "len(x) is 12, want whole rows of n = 8 points"},
		{fwht.TransformRows(x, 1<<30+1), "the row length n is 1073741825, want a power of two from 1 to 2^30"},
		{fwht.Transform2D(x, 3, 4), "the number of rows is 3"},
		{fwht.Transform2D(x, 4, 3), "the number of columns is 3"},
		{fwht.Transform2D(x, 2, 4), "len(x) is 12, want rows·cols = 2·4 = 8"},
		{fwht.Transform2D(x, 1<<20, 1<<20), "more than 2^30 points"},
	} {
		if test.err == nil || !strings.HasPrefix(test.err.Error(), "fwht: ") || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("error %v, want one that says %q", test.err, test.want)
		}
	}
	for i := range x {
		if x[i] != float32(i) {
			t.Errorf("x[%d] changed to %v", i, x[i])
		}
	}
}

func TestNextLength(t *testing.T) {
	for n, want := range map[int]int{0: 1, 1: 1, 2: 2, 3: 4, 1000: 1024, 1024: 1024, 1<<29 + 1: 1 << 30, 1 << 30: 1 << 30} {
		if got, err := fwht.NextLength(n); got != want || err != nil {
			t.Errorf("NextLength(%d) = %d, %v, want %d", n, got, err, want)
		}
	}
	for _, n := range []int{-1, 1<<30 + 1} {
		if _, err := fwht.NextLength(n); err == nil || !strings.Contains(err.Error(), fmt.Sprint(n)) {
			t.Errorf("NextLength(%d): error %v", n, err)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	x := make([]float32, 1<<17)
	for name, f := range map[string]func() error{
		"Transform": func() error { return fwht.Transform(x[:1024]) },
		"Transform on the stack": func() error {
			var row [64]float64
			return fwht.Transform(row[:], fwht.Orthonormal)
		},
		"Transform sequency": func() error { return fwht.Transform(x[:1024], fwht.Orthonormal, fwht.Sequency) },
		"TransformRows":      func() error { return fwht.TransformRows(x, 1024, fwht.Orthonormal) },
		"one long row":       func() error { return fwht.TransformRows(x, len(x)) },
		"Transform2D":        func() error { return fwht.Transform2D(x, 128, 1024) },
	} {
		check.Allocations(t, name, 300, func() { must(t, f()) })
	}
}

// FuzzTransform takes any values in any number: either there is an error and
// nothing changes, or all versions agree with the definition.
func FuzzTransform(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add(make([]byte, 12), uint8(1))
	f.Add(binary.LittleEndian.AppendUint64(nil, 0x80000000_00000001), uint8(2))
	f.Add([]byte(strings.Repeat("\x00\x00\x80\x3f\x00\x00\x80\xbf", 64)), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, option uint8) {
		x := make([]float32, len(data)/4)
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		if n := len(x); n > 0 && n&(n-1) == 0 {
			checkVersions(t, x, fwht.Option(option)&(fwht.Orthonormal|fwht.Sequency))
			return
		}
		before := slices.Clone(x)
		if err := fwht.Transform(x, fwht.Option(option)); err == nil || firstDifference(x, before) >= 0 {
			t.Fatalf("length %d: error %v", len(x), err)
		}
	})
}
