package fwht_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/cpu"
)

func TestTransformColumns(t *testing.T) {
	forVersions(t, func(t *testing.T) {
		for rows := 1; rows <= 512; rows *= 2 {
			for _, columns := range []int{1, 2, 3, 4, 8, 16, 16, 31, 32, 33, 64, 100, 128, 200} {
				for _, option := range []fwht.Option{0, fwht.Orthonormal, fwht.Sequency} {
					checkColumns[float32](t, rows, columns, option)
					checkColumns[float64](t, rows, columns, option)
				}
			}
		}
	})
}

// checkColumns compares with Transform of every column, and guards what lies
// around the matrix.
func checkColumns[T fwht.Float](t *testing.T, rows, columns int, option fwht.Option) {
	t.Helper()
	const guard, margin = -77, 33
	memory := slices.Repeat([]T{guard}, rows*columns+2*margin)
	x := memory[margin : margin+rows*columns : margin+rows*columns]
	copy(x, normal[T](len(x)))
	want := slices.Clone(x)
	column := make([]T, rows)
	for j := range columns {
		for i := range rows {
			column[i] = want[i*columns+j]
		}
		must(t, fwht.Transform(column, option))
		for i := range rows {
			want[i*columns+j] = column[i]
		}
	}
	must(t, fwht.TransformColumns(x, rows, columns, option))
	if i := firstDifference(x, want); i >= 0 {
		t.Fatalf("%d by %d, option %d: x[%d] = %v, want %v", rows, columns, option, i, x[i], want[i])
	}
	for i := range margin {
		if memory[i] != guard || memory[len(memory)-1-i] != guard {
			t.Fatalf("%d by %d: memory around the matrix was written", rows, columns)
		}
	}
}

func TestTransformColumnsErrors(t *testing.T) {
	x := make([]float32, 12)
	for _, test := range []struct {
		err  error
		want string
	}{
		{fwht.TransformColumns(x, 3, 4), "the number of rows is 3, want a product of the orders 12, 20, 28, 36 and a power of two: pad with zeros to 4"},
		{fwht.TransformColumns(x, 4, 0), "the number of columns is 0, want at least 1"},
		{fwht.TransformColumns(x, 4, -3), "the number of columns is -3, want at least 1"},
		{fwht.TransformColumns(x, 4, 4), "len(x) is 12, want rows·columns = 4·4"},
		{fwht.TransformColumns(x, 1<<30, 1<<40), "len(x) is 12, want rows·columns"},
	} {
		if test.err == nil || !strings.HasPrefix(test.err.Error(), "fwht: ") || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("error %v, want one that says %q", test.err, test.want)
		}
	}
	must(t, fwht.TransformColumns(x, 4, 3))
	if n := testing.AllocsPerRun(10, func() { must(t, fwht.TransformColumns(x, 4, 3, fwht.Orthonormal)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleTransformColumns() {
	// Three vectors of four points side by side.
	x := []float32{
		1, 0, 1,
		1, 0, 0,
		1, 0, 0,
		1, 4, 0,
	}
	if err := fwht.TransformColumns(x, 4, 3); err != nil {
		fmt.Println(err)
	}
	for i := range 4 {
		fmt.Println(x[3*i : 3*i+3])
	}
	// Output:
	// [4 4 1]
	// [0 -4 1]
	// [0 -4 1]
	// [0 4 1]
}

// BenchmarkTransformColumns transforms 64 vectors side by side.
func BenchmarkTransformColumns(b *testing.B) {
	const columns = 64
	for _, version := range cpu.Available() {
		for rows := 16; rows <= 1<<12; rows *= 4 {
			b.Run(fmt.Sprintf("%v/%d", version, rows), func(b *testing.B) {
				defer cpu.Use(version)()
				x := normal[float32](columns * rows)
				b.SetBytes(int64(4 * len(x)))
				b.ReportAllocs()
				for b.Loop() { // plain, x would overflow
					must(b, fwht.TransformColumns(x, rows, columns, fwht.Orthonormal))
				}
			})
		}
	}
}
