package quantize

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRows: no entry is farther than half a step from what it was, a row's largest entry
// is nearly kept, and what was rounded once stays as it is.
func TestRows(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	const rows, width = 7, 33
	values := make([]float32, rows*width)
	for i := range values {
		values[i] = float32(source.NormFloat64() * math.Pow(10, float64(i/width-3)))
	}
	clear(values[2*width : 3*width])
	numbers, scales, err := Rows(values, rows)
	if err != nil {
		t.Fatal(err)
	}
	rounded := Values(numbers, scales)
	for i := range rows {
		row, largest := values[i*width:(i+1)*width], float32(0)
		for j, v := range row {
			largest = max(largest, float32(math.Abs(float64(v))))
			if d := math.Abs(float64(rounded[i*width+j] - v)); !(d <= 0.5001*float64(scales[i])) {
				t.Errorf("row %d: %v became %v, with a scale of %v", i, v, rounded[i*width+j], scales[i])
			}
		}
		if want := largest / 127; largest > 0 && !(math.Abs(float64(scales[i]/want-1)) < 1e-6) || largest == 0 && scales[i] != 1 {
			t.Errorf("row %d: scale %v, want %v", i, scales[i], want)
		}
	}
	again, sameScales, err := Rows(rounded, rows)
	if err != nil || !slices.Equal(again, numbers) || !slices.Equal(sameScales, scales) {
		t.Errorf("rounded numbers are rounded to others (%v)", err)
	}
	if slices.Contains(numbers, -128) {
		t.Error("-128 is used")
	}
}

// TestAlong: along the second dimension, numbers are those of the transposed matrix.
func TestAlong(t *testing.T) {
	source := rand.New(rand.NewPCG(5, 6))
	const rows, columns = 5, 8
	values, turned := make([]float32, rows*columns), make([]float32, rows*columns)
	for i := range values {
		values[i] = float32(source.NormFloat64())
		turned[i%columns*rows+i/columns] = values[i]
	}
	want, wantScales, errA := Rows(turned, columns)
	got, scales, errB := Along(values, columns, 1)
	if errA != nil || errB != nil || !slices.Equal(scales, wantScales) {
		t.Errorf("scales %v, want %v (%v, %v)", scales, wantScales, errA, errB)
	}
	for i, n := range got {
		if n != want[i%columns*rows+i/columns] {
			t.Errorf("number %d is %d", i, n)
		}
	}
}

// TestScalesStay: a scale is that of the numbers rounded by it.
func TestScalesStay(t *testing.T) {
	source := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		scale := scaleFor(float32(math.Exp(200*source.Float64() - 100)))
		if again := scaleFor(scale * most); again != scale {
			t.Fatalf("%v becomes %v", scale, again)
		}
	}
}

// TestRowsOfExtremes: what is as large, or as small, as a float32 can be.
func TestRowsOfExtremes(t *testing.T) {
	tiny := math.SmallestNonzeroFloat32
	numbers, scales, err := Rows([]float32{math.MaxFloat32, -math.MaxFloat32, 0, float32(tiny), 0, float32(tiny)}, 3)
	if err != nil || !slices.Equal(numbers[:2], []int8{127, -127}) || !slices.Equal(numbers[2:], make([]int8, 4)) {
		t.Errorf("%v, %v, %v", numbers, scales, err)
	}
	for _, v := range Values(numbers, scales) {
		if math.IsInf(float64(v), 0) || math.IsNaN(float64(v)) {
			t.Errorf("%v", v)
		}
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, _, err := Rows([]float32{1, float32(bad)}, 1); err == nil {
			t.Errorf("%v was rounded", bad)
		}
	}
	if numbers, scales, err := Rows(nil, 0); err != nil || len(numbers)+len(scales)+len(Values(nil, nil)) > 0 {
		t.Error("nothing is not nothing")
	}
}
