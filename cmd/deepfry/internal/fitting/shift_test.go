package fitting

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/kernel/machine"
)

const side = 6 // of images, in pixels

// dots returns images with one pixel of ink each, at row 1 + label and column 2.
func dots(t *testing.T, n int) (*machine.Table, *dataset.Images) {
	t.Helper()
	shape := &dataset.Images{Channels: 1, Height: side, Width: side, Classes: []string{"high", "middle", "low"}}
	x, labels := make([]float32, n*side*side), make([]int32, n)
	for i := range labels {
		labels[i] = int32(i % 3)
		x[i*side*side+(1+i%3)*side+2] = 200. / 255
	}
	images, err := machine.NewClasses(side*side, x, labels, shape.Classes)
	if err != nil {
		t.Fatal(err)
	}
	return images, shape
}

// pass returns all pixels and labels of a source.
func pass(t *testing.T, source machine.Source) (x []float32, labels []int32) {
	t.Helper()
	for batch, err := range source.Batches(7) {
		if err != nil {
			t.Fatal(err)
		}
		x, labels = append(x, batch.X...), append(labels, batch.Labels...)
	}
	return x, labels
}

// Ink moves by up to a pixel along each axis and is neither lost nor made, and images
// keep their labels in every order.
func TestShiftsMoveByUpToAPixel(t *testing.T) {
	images, shape := dots(t, 60)
	plain, err := shifted(images, shape, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]machine.Source{"in order": plain, "shuffled": plain.Shuffled(5)} {
		x, labels := pass(t, source)
		if len(labels) != 60 {
			t.Fatalf("%s: %d images, want 60", name, len(labels))
		}
		var least, most [2]float64 // shifts down and to the right
		for i, label := range labels {
			ink, down, right := 0.0, 0.0, 0.0
			for p, v := range x[i*side*side:][:side*side] {
				ink += float64(v)
				down += float64(v) * (float64(p/side) - float64(1+label))
				right += float64(v) * (float64(p%side) - 2)
			}
			if math.Abs(ink-200./255) > 1e-5 {
				t.Fatalf("%s: image %d has the ink %v, want %v", name, i, ink, 200./255)
			}
			for axis, shift := range []float64{down / ink, right / ink} {
				least[axis], most[axis] = min(least[axis], shift), max(most[axis], shift)
			}
		}
		for axis := range least {
			if least[axis] < -1-1e-5 || most[axis] > 1+1e-5 || least[axis] > -0.8 || most[axis] < 0.8 {
				t.Errorf("%s: shifts along axis %d are from %v to %v, want about -1 to 1", name, axis, least[axis], most[axis])
			}
		}
	}
}

// A source gives the same rows in every pass; each order comes with other shifts.
func TestShiftsAreDeterministic(t *testing.T) {
	images, shape := dots(t, 60)
	source, err := shifted(images.Shuffled(3).(*machine.Table), shape, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	x, labels := pass(t, source)
	if _, want := pass(t, images.Shuffled(3)); !slices.Equal(labels, want) {
		t.Error("the order is not that of the images")
	}
	for _, s := range []machine.Source{source, source.Shuffled(1), source.Shuffled(2)} {
		a, _ := pass(t, s)
		b, _ := pass(t, s)
		if !slices.Equal(a, b) {
			t.Error("two passes differ")
		}
	}
	if again, _ := pass(t, source.Shuffled(1)); slices.Equal(x, again) {
		t.Error("another order has the same rows")
	}
	sums := func(x []float32) (sums []float32) { // what images there are, in whatever order
		for image := range slices.Chunk(x, side*side) {
			sum := float32(0)
			for p, v := range image {
				sum += float32(p*p) * v
			}
			sums = append(sums, sum)
		}
		slices.Sort(sums)
		return sums
	}
	a, _ := pass(t, source.Shuffled(1))
	b, _ := pass(t, source.Shuffled(2))
	if slices.Equal(sums(a), sums(b)) {
		t.Error("another order has the same shifts")
	}
}

// Images are shifted for sgd to learn from, if the preset says so, and never to measure.
func TestShiftsAreForLearningAlone(t *testing.T) {
	images, shape := dots(t, 60)
	fit := func(name string, shift float64) *Result {
		r := rows{images: images}
		data := &Data{
			Task: table.Classification, all: r, learn: r, test: r, shape: *shape, scaling: machine.Scaling{UnitRows: true},
			preset: preset{kernel: "gaussian", gamma: 1, machine: "sgd", n: 64, epochs: 3, shift: shift},
		}
		o := options()
		o.Machine, o.Ridge = name, 1e-3
		result, err := Run(context.Background(), data, o)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	says := func(r *Result) bool {
		return strings.Contains(strings.Join(r.Said, "\n"), "each pass shifted the images anew, by up to 1 pixel")
	}
	moved, still, ridge := fit("sgd", 1), fit("sgd", 0), fit("ridge", 1)
	if !says(moved) || says(still) || says(ridge) {
		t.Errorf("said %q with shifts, %q without, %q of ridge", moved.Said, still.Said, ridge.Said)
	}
	if slices.Equal(moved.Model.Weights, still.Model.Weights) {
		t.Error("the machine is the same with shifts and without")
	}
	// Shifted, some dots would be nearer to those of another class.
	if kernel, linear := moved.Kernel[0], moved.Linear[0]; kernel.Rows != 60 || kernel.Errors != 0 || linear.Errors != 0 {
		t.Errorf("%d of %d wrong, and %d by the linear machine: want none of 60, as the images are", kernel.Errors, kernel.Rows, linear.Errors)
	}
}
