package models_test

import (
	"fmt"

	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
)

func ExampleLeNet() {
	reference := models.LeNet(models.Options{})
	fried, err := nn.Fry(reference, nn.FryOptions{Outputs: 1024, Learn: "SGB"})
	if err != nil {
		panic(err)
	}
	for _, description := range []nn.Description{reference, fried} {
		network, err := nn.New(description, 1)
		if err != nil {
			panic(err)
		}
		fmt.Println(network.Weights())
	}
	// Output:
	// 430500
	// 38812
}
