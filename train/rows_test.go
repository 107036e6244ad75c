package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

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

func TestRowsWantSamples(t *testing.T) {
	network, err := nn.New(small(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := Rows(context.Background(), network, nil, Default(), 1, Classify(nil, 8), nil); err == nil {
		t.Error("no samples are taken")
	}
}
