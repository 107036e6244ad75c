package compress

import (
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
// NumPy's, as [dataset.ReadSamples] reads it, of which a tenth, chosen by chance, is for
// tests if it is in one piece; or images, as [dataset.OpenWith] does.
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
	if err := set.HoldOut(input.Size()); err != nil {
		return nil, fmt.Errorf("compress: %s: %w", name, err)
	}
	if (set.Train.Labels == nil) != (set.Test.Labels == nil) {
		return nil, fmt.Errorf("compress: %s: there is one of y_train and y_test: want labels for both parts, or for neither", name)
	}
	return &Data{Name: name, Train: *set.Train, Test: *set.Test, Said: set.Said}, nil
}

// Standardize standardises the inputs, in place, as a network with the given input wants
// them that was trained so. It fails as [dataset.Standardization.Check] and
// [dataset.Standardization.Apply] do.
func (d *Data) Standardize(s dataset.Standardization, input nn.Shape) error {
	if err := s.Check(input); err != nil {
		return err
	}
	for i, samples := range []Samples{d.Train, d.Test} {
		if i > 0 && len(samples.Inputs) > 0 && len(d.Train.Inputs) > 0 && &samples.Inputs[0] == &d.Train.Inputs[0] {
			continue // they are the same
		}
		if err := s.Apply(samples.Inputs, input); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	return nil
}

// FromDataset returns images as data, for a network with the given input: all of them, in
// memory.
func FromDataset(images *dataset.Dataset, input nn.Shape) (*Data, error) {
	channels, height, width := images.Train.Shape()
	if channels*height*width != input.Size() {
		return nil, fmt.Errorf("compress: the network takes samples of %v, but the images of %s are %d×%d×%d (channels, height, width)", input, images.Name, channels, height, width)
	}
	data := &Data{Name: images.Name, Said: images.Said}
	if images.Validation != nil {
		data.Said = append(data.Said, fmt.Sprintf("the %d images for validation are not used", images.Validation.Len()))
	}
	var err error
	if data.Train, err = fromImages(images.Train); err != nil {
		return nil, err
	}
	data.Test, err = fromImages(images.Test)
	return data, err
}

func fromImages(source dataset.Source) (Samples, error) {
	set, err := dataset.InMemory(source)
	if err != nil {
		return Samples{}, err
	}
	return Samples{Inputs: dataset.Unit(set.Pixels), Labels: set.Labels}, nil
}
