package fwht_test

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

// character is 1 if the elements of the field of q elements with the numbers i
// and j differ by a square, -1 if not, and 0 if they are the same.
func character(q, i, j int) int {
	if i == j {
		return 0
	}
	square := false
	if q == 9 { // 1, -1, i and -i are the squares: one of a and b in a + b·i is 0
		square = i%3 == j%3 || i/3 == j/3
	} else {
		for x := 1; x < q; x++ {
			square = square || (x*x-i+j)%q == 0
		}
	}
	if square {
		return 1
	}
	return -1
}

// entry is the definition of the matrix of an order that is a power of two or
// Paley's.
func entry(order, i, j int) int {
	if order&(order-1) == 0 {
		return 1 - 2*(bits.OnesCount(uint(i&j))&1)
	}
	c := min(i/2+j/2, 1) // of C
	if i/2 > 0 && j/2 > 0 {
		c = character(order/2-1, i/2-1, j/2-1)
	}
	block := [2][2]int{{1, 1}, {1, -1}}
	if i/2 == j/2 {
		return [2][2]int{{1, -1}, {-1, -1}}[i%2][j%2]
	}
	return c * block[i%2][j%2]
}

// dense returns the product of the matrices of all orders.
func dense(orders []int) [][]int {
	n := 1
	for _, m := range orders {
		n *= m
	}
	h := make([][]int, n)
	for i := range h {
		h[i] = make([]int, n)
		for j := range h[i] {
			h[i][j] = 1
			for k, a, b := len(orders)-1, i, j; k >= 0; k-- {
				m := orders[k]
				h[i][j] *= entry(m, a%m, b%m)
				a, b = a/m, b/m
			}
		}
	}
	return h
}

// products are lengths and their factors.
var products = [][]int{
	{12, 1}, {20, 1}, {28, 1}, {36, 1}, {12, 2}, {20, 4}, {28, 8}, {36, 16}, {12, 32}, {20, 64},
	{20, 12, 1}, {20, 20, 2}, {20, 12, 4}, {36, 12, 1}, {28, 20, 1}, {36, 28, 1}, {1}, {64},
}

func product(orders []int) int {
	n := 1
	for _, m := range orders {
		n *= m
	}
	return n
}

func TestTransformMixedIsHadamardMatrix(t *testing.T) {
	for _, orders := range products {
		n := product(orders)
		if got, want := fwht.PowerOfTwo(n), orders[len(orders)-1]; got != want {
			t.Errorf("PowerOfTwo(%d) = %d, want %d", n, got, want)
		}
		h := dense(orders)
		for i := range n {
			for j := range n {
				if h[i][j] != h[j][i] {
					t.Fatalf("%v: not symmetric", orders)
				}
			}
		}
		x := integers[float32](n)
		want := make([]float32, n)
		for i := range want {
			for j, v := range x {
				want[i] += float32(h[i][j]) * v
			}
		}
		forVersions(t, func(t *testing.T) {
			y := slices.Clone(x)
			must(t, fwht.TransformMixed(y))
			if i := firstDifference(y, want); i >= 0 {
				t.Fatalf("%v: y[%d] = %v, want %v", orders, i, y[i], want[i])
			}
			must(t, fwht.TransformMixed(y))
			for i := range y {
				if y[i] != float32(n)*x[i] {
					t.Fatalf("%v: H(Hx)[%d] = %v, want %v", orders, i, y[i], float32(n)*x[i])
				}
			}
		})
	}
}

// TestMixedVersionsAgree compares bits with the portable version, for vectors
// and for columns, with guards around misaligned slices.
func TestMixedVersionsAgree(t *testing.T) {
	long := [][]int{{36, 256}, {20, 20, 8}, {36, 36, 4}, {28, 20, 20, 2}, {36, 36, 12, 1}}
	for _, orders := range slices.Concat(products, long) {
		for _, option := range []fwht.Option{0, fwht.Orthonormal} {
			checkMixed[float32](t, product(orders), option)
			checkMixed[float64](t, product(orders), option)
		}
	}
}

func checkMixed[T fwht.Float](t *testing.T, n int, option fwht.Option) {
	t.Helper()
	const guard = -77
	for _, columns := range []int{1, 2, 3, 4, 5, 8, 13, 16, 24, 64} {
		if n > 2000 && columns > 3 {
			continue
		}
		x := normal[T](n * columns)
		restore := cpu.Use(cpu.Ref)
		want := make([]T, len(x)) // every column alone
		column := make([]T, n)
		for j := range columns {
			for i := range column {
				column[i] = x[i*columns+j]
			}
			must(t, fwht.TransformMixed(column, option))
			for i, v := range column {
				want[i*columns+j] = v
			}
		}
		restore()
		for _, version := range cpu.Available() {
			restore := cpu.Use(version)
			for _, offset := range []int{0, 1, 7} {
				memory := slices.Repeat([]T{guard}, len(x)+40)
				y := memory[20-offset:][:len(x):len(x)]
				copy(y, x)
				if columns == 1 {
					must(t, fwht.TransformMixed(y, option))
				} else {
					must(t, fwht.TransformColumns(y, n, columns, option))
				}
				if i := firstDifference(y, want); i >= 0 {
					t.Fatalf("%v, %d by %d, option %d: y[%d] = %v, want %v", version, n, columns, option, i, y[i], want[i])
				}
				for i, v := range memory {
					if outside := i < 20-offset || i >= 20-offset+len(x); outside && v != guard {
						t.Fatalf("%v, %d by %d: wrote %v at %d", version, n, columns, v, i-20+offset)
					}
				}
			}
			restore()
		}
	}
}

// TestMixedSpecialValues has zeros of both signs, infinities and huge numbers.
func TestMixedSpecialValues(t *testing.T) {
	values := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1e-45, 3e38, float32(math.Inf(1))}
	rapid.Check(t, func(r *rapid.T) {
		n := product(rapid.SampledFrom(products).Draw(r, "factors"))
		columns := rapid.IntRange(1, 20).Draw(r, "columns")
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 1))
		kinds := rapid.IntRange(1, len(values)).Draw(r, "kinds")
		x := make([]float32, n*columns)
		for i := range x {
			x[i] = values[source.IntN(kinds)]
		}
		var want []float32
		for _, version := range cpu.Available() {
			restore := cpu.Use(version)
			y := slices.Clone(x)
			must(r, fwht.TransformColumns(y, n, columns))
			restore()
			if want == nil {
				want = y
			}
			if i := firstDifference(y, want); i >= 0 {
				r.Fatalf("%v: y[%d] = %v, want %v", version, i, y[i], want[i])
			}
		}
	})
}

func TestMixedOrthonormal(t *testing.T) {
	for _, n := range []int{12, 800, 9216} {
		x := normal[float64](n)
		y := slices.Clone(x)
		must(t, fwht.TransformMixed(y, fwht.Orthonormal))
		if got, want := sumOfSquares(y), sumOfSquares(x); math.Abs(got-want) > 1e-12*want {
			t.Errorf("n %d: the sum of squares is %v, was %v", n, got, want)
		}
		must(t, fwht.TransformMixed(y, fwht.Orthonormal))
		for i := range y {
			if math.Abs(y[i]-x[i]) > 1e-12 {
				t.Fatalf("n %d: twice gives %v, want %v", n, y[i], x[i])
			}
		}
	}
}

func TestNextMixedLength(t *testing.T) {
	length := 0 // the next one, going down
	for n := 5000; n >= 0; n-- {
		if fwht.PowerOfTwo(n) != 0 {
			length = n
		}
		got, err := fwht.NextMixedLength(n)
		if n <= 4608 && (err != nil || got != length && n > 0) {
			t.Fatalf("NextMixedLength(%d) = %d, %v, want %d", n, got, err, length)
		}
	}
	for n, want := range map[int]int{0: 1, 800: 800, 9216: 9216, 1<<30 - 1: 1 << 30, fwht.MaxLength: fwht.MaxLength} {
		if got, err := fwht.NextMixedLength(n); got != want || err != nil {
			t.Errorf("NextMixedLength(%d) = %d, %v, want %d", n, got, err, want)
		}
	}
	for _, n := range []int{-1, fwht.MaxLength + 1} {
		if _, err := fwht.NextMixedLength(n); err == nil {
			t.Errorf("NextMixedLength(%d): no error", n)
		}
	}
}

func TestMixedErrors(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{fwht.TransformMixed([]float32{}), "len(x) is 0, want 1 to 2^30"},
		{fwht.TransformMixed(make([]float32, 6)), "len(x) is 6, want a product of the orders 12, 20, 28, 36 and a power of two: pad with zeros to 8"},
		{fwht.TransformMixed(make([]float32, 44)), "pad with zeros to 48"},
		{fwht.TransformMixed(make([]float32, 12), fwht.Sequency), "sequency order exists for powers of two alone"},
		{fwht.TransformColumns(make([]float32, 24), 12, 2, fwht.Sequency|fwht.Orthonormal), "sequency order"},
		{fwht.TransformColumns(make([]float32, 24), 12, 3), "len(x) is 24, want rows·columns = 12·3"},
	} {
		if test.err == nil || !strings.HasPrefix(test.err.Error(), "fwht: ") || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("error %v, want one that says %q", test.err, test.want)
		}
	}
	if fwht.PowerOfTwo(0) != 0 || fwht.PowerOfTwo(6) != 0 || fwht.Additions(-3) != 0 {
		t.Error("0, 6 and -3 are no lengths")
	}
}

func TestMixedSequency(t *testing.T) {
	for _, n := range []int{1, 16, 256} {
		want, got := normal[float32](n), normal[float32](n)
		must(t, fwht.Transform(want, fwht.Sequency))
		must(t, fwht.TransformMixed(got, fwht.Sequency))
		if !slices.Equal(got, want) {
			t.Errorf("n %d: not what Transform gives", n)
		}
	}
}

func TestAdditions(t *testing.T) {
	for n, want := range map[int]int{1: 0, 1024: 10 * 1024, 12: 60, 800: 800 * (7 + 7 + 1), 9216: 9216 * (11 + 8)} {
		if got := fwht.Additions(n); got != want {
			t.Errorf("Additions(%d) = %d, want %d", n, got, want)
		}
	}
}

func TestMixedAllocatesNothing(t *testing.T) {
	forVersions(t, func(t *testing.T) {
		x := make([]float32, 800*8)
		must(t, fwht.TransformMixed(x[:800]))
		if n := testing.AllocsPerRun(10, func() {
			must(t, fwht.TransformMixed(x[:800]))
			must(t, fwht.TransformMixed(x[:36*16]))
			must(t, fwht.TransformColumns(x, 800, 8))
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func ExampleTransformMixed() {
	// 12 points need no padding to 16. Twice is 12 times the vector.
	x := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	for range 2 {
		if err := fwht.TransformMixed(x); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(x)

	length, _ := fwht.NextMixedLength(790)
	fmt.Println(length)
	// Output:
	// [12 24 36 48 60 72 84 96 108 120 132 144]
	// 800
}

// BenchmarkMixed compares with the padded power of two.
func BenchmarkMixed(b *testing.B) {
	for _, columns := range []int{1, 8, 16} {
		for _, version := range cpu.Available() {
			for _, n := range []int{24, 32, 56, 64, 400, 512, 800, 1024, 9216, 16384} {
				b.Run(fmt.Sprintf("float32/columns=%d/%v/%d", columns, version, n), func(b *testing.B) {
					benchmarkMixed[float32](b, version, n, columns)
				})
				b.Run(fmt.Sprintf("float64/columns=%d/%v/%d", columns, version, n), func(b *testing.B) {
					benchmarkMixed[float64](b, version, n, columns)
				})
			}
		}
	}
}

func benchmarkMixed[T fwht.Float](b *testing.B, version cpu.Version, n, columns int) {
	defer cpu.Use(version)()
	x := normal[T](n * columns)
	b.SetBytes(int64(len(x)) * int64(unsafe.Sizeof(x[0])))
	b.ReportAllocs()
	for b.Loop() { // plain, x would overflow
		if columns == 1 {
			fwht.TransformMixed(x, fwht.Orthonormal)
		} else {
			fwht.TransformColumns(x, n, columns, fwht.Orthonormal)
		}
	}
}
