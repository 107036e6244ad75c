package train_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// fry trains a fried LeNet on images of digits and saves it.
func fry(ctx context.Context, images dataset.Source, recipe train.Recipe, path string) (*nn.Network, error) {
	reference := models.LeNet(models.Options{ConvReLU: true, Dropout: new(0.5)})
	fried, err := nn.Fry(reference, nn.FryOptions{Outputs: 1024, Learn: "SGB"})
	if err != nil {
		return nil, err
	}
	network, err := nn.New(fried, 1) // 38,812 weights
	if err != nil {
		return nil, err
	}
	trainer, err := train.New(network, images, recipe, 1)
	if err != nil {
		return nil, err
	}
	for !trainer.Done() {
		if err := trainer.RunEpoch(ctx, nil); err != nil {
			return nil, err
		}
	}
	return network, trainer.Save(path, nil)
}

// Train the fried LeNet on MNIST and measure it. With all 60,000 images and the
// epochs of the recipe it takes a minute.
func Example() {
	data, err := dataset.Open("mnist")
	if err != nil {
		log.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "fry")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	recipe := train.Default()
	recipe.Epochs = 1
	few := dataset.Slice(data.Train, 0, 2000)
	network, err := fry(context.Background(), few, recipe, filepath.Join(folder, "fried.safetensors"))
	if err != nil {
		log.Fatal(err)
	}
	evaluator, err := train.NewEvaluator(network, dataset.Slice(data.Test, 0, 1000))
	if err != nil {
		log.Fatal(err)
	}
	result, err := evaluator.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Images, "images; better than chance:", result.ErrorPercent < 50)
	// Output: 1000 images; better than chance: true
}

// A training step by hand: a network with two inputs learns whether the first is larger.
func ExampleStepper() {
	network, err := nn.New(nn.Description{Name: "compare", Input: nn.Shape{2}, Nodes: []nn.Node{{Name: "fc", Op: nn.Dense{Out: 2}}}}, 1)
	if err != nil {
		log.Fatal(err)
	}
	x, labels := []float32{0, 1, 1, 0, 2, 3, 3, 2}, []int32{0, 1, 0, 1}
	const steps = 100
	stepper, err := train.NewStepper(network, train.Default(), len(labels), steps, train.Classify(labels, 2))
	if err != nil {
		log.Fatal(err)
	}
	var first, last float64
	for step := range steps {
		if last, err = stepper.Step(x, nn.Stream{Seed: 1, Epoch: step}); err != nil {
			log.Fatal(err)
		}
		if step == 0 {
			first = last
		}
	}
	fmt.Println("a smaller loss:", last < first)
	// Output: a smaller loss: true
}
