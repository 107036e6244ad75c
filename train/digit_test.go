package train_test

import (
	"context"
	"testing"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/handwriting"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// TestDrawnDigits: a network that has seen nothing but MNIST reads digits that were
// written with and on anything, in a style and from seeds that the preparation was
// not made with.
func TestDrawnDigits(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a network")
	}
	read := trainedOnMNIST(t)
	const seed = 2026
	wrong, total := 0, 0
	for i := range 60 {
		kind, digit := handwriting.Kind(i%int(handwriting.Kinds)), i%10
		style := handwriting.Hasty
		if i%2 == 0 {
			style = i / 2 % handwriting.Styles
		}
		pixels, _, err := dataset.PrepareDigit(handwriting.New(seed, kind, style, digit).Render())
		got := -1
		if err == nil {
			got = read(pixels)
		}
		total++
		if got != digit {
			wrong++
			t.Logf("%s, style %d: a %d is read as %d, error %v", kind.Name(), style, digit, got, err)
		}
	}
	if wrong > 3 {
		t.Errorf("%d of %d are wrong", wrong, total)
	}
}

// trainedOnMNIST returns the class of 28×28 pixels by a LeNet that has seen some of
// the training images.
func trainedOnMNIST(t *testing.T) func(pixels []byte) int {
	t.Helper()
	data, err := dataset.Open("mnist")
	if err != nil {
		t.Fatal(err)
	}
	network, err := nn.New(models.LeNet(models.Options{ConvReLU: true}), 1)
	if err != nil {
		t.Fatal(err)
	}
	recipe := train.Default()
	recipe.Epochs = 2
	trainer, err := train.New(network, dataset.Slice(data.Train, 0, 12_000), recipe, 1)
	if err != nil {
		t.Fatal(err)
	}
	for !trainer.Done() {
		if err := trainer.RunEpoch(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
	}
	workspace := network.NewWorkspace(1, false)
	return func(pixels []byte) int {
		input := make([]float32, len(pixels))
		for i, v := range pixels {
			input[i] = float32(v) / 255
		}
		class, scores := 0, workspace.Forward(input)
		for i, score := range scores {
			if score > scores[class] {
				class = i
			}
		}
		return class
	}
}
