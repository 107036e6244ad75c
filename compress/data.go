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

// OpenData reads the named data, for a network with options.Input: mnist, fashion, a
// folder of IDX files, one of pictures with a subfolder for each class, which are
// scaled to the input ([dataset.OpenWith]), or an .npz file of NumPy's, as
// [dataset.ReadSamples] reads it, which heeds the input alone. Of data in one piece,
// the last tenth is for tests.
func OpenData(name string, options dataset.Options) (*Data, error) {
	input := nn.Shape(options.Input)
	if dataset.IsNPZ(name) {
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
	images, err := dataset.OpenWith(name, options)
	if err != nil {
		return nil, err
	}
	set := images.Train
	if found := set.Channels * set.Height * set.Width; found != input.Size() {
		return nil, fmt.Errorf("compress: the network takes samples of %v, but the images of %s are %d×%d×%d (channels, height, width)", input, name, set.Channels, set.Height, set.Width)
	}
	return &Data{Name: name, Train: fromImages(images.Train), Test: fromImages(images.Test), Said: images.Said}, nil
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
