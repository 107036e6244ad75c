package train

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/nn"
)

// rows returns the pixels of images as rows, 0 to 1.
func rows(n int) (x []float32, labels []int32) {
	images := stripes(n)
	for _, p := range images.Pixels {
		x = append(x, float32(p)/255)
	}
	return x, images.Labels
}

// TestRowsLearn trains a network, and then another to imitate it.
func TestRowsLearn(t *testing.T) {
	x, labels := rows(400)
	r := Default()
	r.Epochs, r.BatchSize = 15, 20
	network, err := nn.New(small(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var losses []float64
	if err := Rows(context.Background(), network, x, r, 1, Classify(labels, 8), func(_ int, loss float64) { losses = append(losses, loss) }); err != nil {
		t.Fatal(err)
	}
	if len(losses) != 15 || losses[14] > losses[0]/4 {
		t.Errorf("losses %v: want 15 that fall to a quarter", losses)
	}
	targets := Outputs(network, x)
	pupil, err := nn.New(small(), 2)
	if err != nil {
		t.Fatal(err)
	}
	losses = nil
	if err := Rows(context.Background(), pupil, x, r, 1, Imitate(targets, 8), func(_ int, loss float64) { losses = append(losses, loss) }); err != nil {
		t.Fatal(err)
	}
	if losses[14] > losses[0]/3 {
		t.Errorf("losses of the imitation %v: want them to fall to a third", losses)
	}
}

// TestImitateIsTheGradient compares with differences of the loss.
func TestImitateIsTheGradient(t *testing.T) {
	targets := []float32{1, -2, 3, 0.5, 0, 4}
	loss := Imitate(targets, 2)
	y := []float32{0.3, 0.1, -1, 2}
	grad, scratch := make([]float32, 4), make([]float32, 4)
	samples := []int{2, 0}
	loss(grad, y, samples)
	for i := range y {
		moved := slices.Clone(y)
		moved[i] += 0.5
		above := loss(scratch, moved, samples)
		moved[i] -= 1
		below := loss(scratch, moved, samples)
		if want := (above - below) / 2; math.Abs(float64(grad[i])-want) > 1e-6 { // of the mean of two
			t.Errorf("gradient %d is %g, want %g", i, grad[i], want)
		}
	}
}

// TestSumIsTheGradient compares with differences.
func TestSumIsTheGradient(t *testing.T) {
	const classes = 4
	source := rand.New(rand.NewPCG(8, 9))
	normals := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(source.NormFloat64())
		}
		return x
	}
	samples := []int{2, 0}
	loss := Sum(Classify([]int32{1, 3, 0}, classes), 10, Imitate(normals(3*classes), classes))
	y, grad, unused := normals(2*classes), make([]float32, 2*classes), make([]float32, 2*classes)
	loss(grad, y, samples)
	for i := range y {
		const step = 1e-2
		was := y[i]
		y[i] = was + step
		above := loss(unused, y, samples)
		y[i] = was - step
		below := loss(unused, y, samples)
		y[i] = was
		if want := (above - below) / (2 * step) / 2; math.Abs(float64(grad[i])-want) > 1e-3*math.Max(1, math.Abs(want)) { // of the mean of two
			t.Errorf("gradient %d is %v, want %v", i, grad[i], want)
		}
	}
}

func TestRowsErrors(t *testing.T) {
	x, labels := rows(50)
	network, err := nn.New(small(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := Rows(context.Background(), network, x, Recipe{}, 1, Classify(labels, 8), nil); err == nil {
		t.Error("a recipe without epochs is taken")
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Rows(ended, network, x, Default(), 1, Classify(labels, 8), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
	network.Param("fc1.g").Data[3] = float32(math.Inf(1))
	var diverged *DivergedError
	if err := Rows(context.Background(), network, x, Default(), 1, Classify(labels, 8), nil); !errors.As(err, &diverged) || diverged.Layer != "fc1" {
		t.Errorf("error %v, want a DivergedError of fc1", err)
	}
}

// TestRowsWantWhatTheyUse: nothing that is given is left out without a word.
func TestRowsWantWhatTheyUse(t *testing.T) {
	x, labels := rows(50)
	network, err := nn.New(small(), 1)
	if err != nil {
		t.Fatal(err)
	}
	smoothed, augmented := Default(), Default()
	smoothed.Smoothing, augmented.Augment = 0.1, dataset.Light()
	for name, c := range map[string]struct {
		x      []float32
		recipe Recipe
	}{
		"no samples": {nil, Default()}, "a remainder": {x[:len(x)-1], Default()},
		"smoothing": {x, smoothed}, "augmentation": {x, augmented},
	} {
		if err := Rows(context.Background(), network, c.x, c.recipe, 1, Classify(labels, 8), nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, p := range network.Params() {
		p.Learn = false
	}
	if err := Rows(context.Background(), network, x, Default(), 1, Classify(labels, 8), nil); err == nil {
		t.Error("nothing learns: no error")
	}
}

func TestLossesWantTheirRows(t *testing.T) {
	x, labels := rows(50)
	network, err := nn.New(small(), 1)
	if err != nil {
		t.Fatal(err)
	}
	train := func(loss LossFunc) func() {
		return func() { Rows(context.Background(), network, x, Default(), 1, loss, nil) }
	}
	check.Panics(t, "Classify", "train: Classify: there are fewer labels", train(Classify(labels[:49], 8)))
	check.Panics(t, "Classify", "train: Classify: a label is", func() { Classify([]int32{0, 8}, 8) })
	check.Panics(t, "Classify", "train: Classify: a label is", func() { Classify([]int32{-1}, 8) })
	check.Panics(t, "Imitate", "train: Imitate: there are fewer targets", train(Imitate(make([]float32, 49*8), 8)))
	check.Panics(t, "Imitate", "train: Imitate: the network has another", train(Imitate(make([]float32, 50*4), 4)))
	for _, size := range []int{0, 7} {
		check.Panics(t, "Imitate", "train: Imitate: the targets are not", func() { Imitate(make([]float32, size), 4) })
	}
	check.Panics(t, "Imitate", "train: Imitate: the targets are not", func() { Imitate(make([]float32, 4), 0) })
}

func TestOutputsOfWholeRows(t *testing.T) {
	x, labels := rows(70)
	network, err := nn.New(small(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if y := Outputs(network, x); len(y) != 70*8 {
		t.Errorf("%d outputs of 70 rows, want 8 each", len(y))
	}
	if y, wrong := Outputs(network, nil), Wrong(network, nil, nil); len(y) != 0 || wrong != 0 {
		t.Errorf("no rows have the outputs %v and %d errors", y, wrong)
	}
	check.Panics(t, "Outputs", "train: Outputs: x is not", func() { Outputs(network, x[1:]) })
	check.Panics(t, "Wrong", "train: Outputs: x is not", func() { Wrong(network, x[1:], labels) })
	check.Panics(t, "Wrong", "train: Wrong: there is not one label", func() { Wrong(network, x, labels[1:]) })
}
