package models

import (
	"testing"

	"github.com/deepfry/deepfry/nn"
)

// TestWeights holds the counts of Yang et al. (ICCV 2015). The paper
// prints 38,821 for the first fried network: its own sum is 38,812.
func TestWeights(t *testing.T) {
	fry := func(o nn.FryOptions) nn.Description {
		d, err := nn.Fry(LeNet(LeNetOptions{ConvReLU: true, Dropout: 0.4}), o)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		name string
		d    nn.Description
		want int
	}{
		{"reference", LeNet(LeNetOptions{}), 430500},
		{"reference with dropout", LeNet(LeNetOptions{ConvReLU: true, Dropout: 0.4}), 430500},
		{"adaptive 1024", fry(nn.FryOptions{Outputs: 1024, Learn: "SGB"}), 38812},
		{"fixed 1024", fry(nn.FryOptions{Outputs: 1024}), 38812},
		{"adaptive 2048", fry(nn.FryOptions{Outputs: 2048, Learn: "SGB"}), 52124},
		{"adaptive 800, no padding", fry(nn.FryOptions{Outputs: 800, Learn: "SGB", Padding: "mixed"}), 500 + 25000 + 3*800 + 8000},
		{"classifier fried too", fry(nn.FryOptions{Outputs: 1024, Learn: "SGB", Classifier: true, ClassifierLearn: "SGB"}), 25500 + 3*1024 + 3*1024},
	} {
		network, err := nn.New(c.d, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := network.Weights(); got != c.want {
			t.Errorf("%s: %d weights, want %d", c.name, got, c.want)
		}
	}
}

func TestByName(t *testing.T) {
	if _, err := ByName("lenet", LeNetOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := ByName("resnet", LeNetOptions{}); err == nil {
		t.Error("an unknown name was accepted")
	}
}
