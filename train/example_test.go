package train_test

import (
	"context"
	"fmt"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// Train the fried LeNet on MNIST and measure it.
func Example() {
	data, err := dataset.Open("mnist")
	if err != nil {
		panic(err)
	}
	fried, err := nn.Fry(models.LeNet(models.Options{ConvReLU: true}), nn.FryOptions{Outputs: 1024, Learn: "SGB"})
	if err != nil {
		panic(err)
	}
	network, err := nn.New(fried, 1)
	if err != nil {
		panic(err)
	}
	recipe := train.Default()
	recipe.Epochs = 1
	few := data.Train.Slice(0, 2000) // all 60,000 take longer than an example should
	trainer, err := train.New(network, few, recipe, 1)
	if err != nil {
		panic(err)
	}
	for !trainer.Done() {
		if err := trainer.RunEpoch(context.Background(), nil); err != nil {
			panic(err)
		}
	}
	evaluator, err := train.NewEvaluator(network, data.Test.Slice(0, 1000))
	if err != nil {
		panic(err)
	}
	result, err := evaluator.Run(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Images, "images; better than chance:", result.ErrorPercent < 50)
	// Output: 1000 images; better than chance: true
}
