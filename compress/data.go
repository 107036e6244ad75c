package compress

import (
	"errors"
	"fmt"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
)

// Data is what a model is fitted to and measured on.
type Data struct {
	Name        string
	Train, Test Samples

	// Said tells the user, a line each, what was read otherwise than they may think.
	Said []string
}

// Samples are inputs of a network, with labels where they are known.
type Samples = dataset.Samples

// OpenData reads the named data, for a network with the given input: an .npz file of
// NumPy's, as [dataset.ReadSamples] reads it, of which the last tenth is for tests if it
// is in one piece; or images, as [dataset.OpenWith] does.
func OpenData(name string, input nn.Shape) (*Data, error) {
	if !dataset.IsNPZ(name) {
		images, err := dataset.OpenWith(name, dataset.Options{Input: input})
		if err != nil {
			return nil, err
		}
		return FromDataset(images, input)
	}
	set, err := dataset.ReadSamples(name, input)
	if err != nil {
		return nil, err
	}
	data, err := split(set, input.Size())
	if err != nil {
		return nil, fmt.Errorf("compress: %s: %w", name, err)
	}
	data.Name = name
	return data, nil
}

// FromDataset returns images as data, for a network with the given input.
func FromDataset(images *dataset.Dataset, input nn.Shape) (*Data, error) {
	set := images.Train
	if found := set.Channels * set.Height * set.Width; found != input.Size() {
		return nil, fmt.Errorf("compress: the network takes samples of %v, but the images of %s are %d×%d×%d (channels, height, width)", input, images.Name, set.Channels, set.Height, set.Width)
	}
	return &Data{Name: images.Name, Train: fromImages(images.Train), Test: fromImages(images.Test), Said: images.Said}, nil
}

func fromImages(set *dataset.Images) Samples {
	return Samples{Inputs: dataset.Unit(set.Pixels), Labels: set.Labels}
}

// split takes the last tenth for tests where there are none.
func split(set *dataset.SampleSet, size int) (*Data, error) {
	if set.Train == nil {
		return nil, errors.New("the file has samples for tests alone: want x_train and y_train, too")
	}
	if set.Test != nil {
		if (set.Train.Labels == nil) != (set.Test.Labels == nil) {
			return nil, errors.New("there is one of y_train and y_test: want labels for both parts, or for neither")
		}
		return &Data{Train: *set.Train, Test: *set.Test, Said: set.Said}, nil
	}
	n := len(set.Train.Inputs) / size
	if n < 2 {
		return nil, errors.New("want at least two samples")
	}
	cut := n - max(n/10, 1)
	return &Data{Train: set.Train.Slice(0, cut, size), Test: set.Train.Slice(cut, n, size), Said: set.Said}, nil
}
