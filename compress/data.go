package compress

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
)

// Data is what a model is fitted to and measured on.
type Data struct {
	Name        string
	Train, Test Samples
}

// Samples are inputs of a network, with labels where they are known.
type Samples struct {
	Inputs []float32 // [n, input size]
	Labels []int32   // [n], or nil
}

// OpenData reads the named data, for a network with the given input: mnist,
// fashion, a folder of IDX files, one of pictures with a subfolder for each class,
// which are scaled to the input ([dataset.OpenWith]), or an .npz file of NumPy's. That
// holds inputs as x_train and x_test, and labels as y_train and y_test, or inputs as
// x and labels as y; labels may be missing, and then one array of any name is enough.
// Unsigned bytes (uint8) become 0 to 1, as pixels do everywhere here; other numbers
// stay as they are. Of data in one
// piece, the last tenth is for tests.
func OpenData(name string, input nn.Shape) (*Data, error) {
	if strings.EqualFold(filepath.Ext(name), ".npz") {
		arrays, err := dataset.ReadNPZ(name)
		if err != nil {
			return nil, err
		}
		data, err := fromArrays(arrays, input)
		if err != nil {
			return nil, fmt.Errorf("compress: %s: %w", name, err)
		}
		data.Name = name
		return data, nil
	}
	images, err := dataset.OpenWith(name, dataset.Options{Input: input})
	if err != nil {
		return nil, err
	}
	set := images.Train
	if found := set.Channels * set.Height * set.Width; found != input.Size() {
		return nil, fmt.Errorf("compress: the network takes samples of %v, but the images of %s are %d×%d×%d (channels, height, width)", input, name, set.Channels, set.Height, set.Width)
	}
	return &Data{Name: name, Train: fromImages(images.Train), Test: fromImages(images.Test)}, nil
}

func fromImages(set *dataset.Images) Samples {
	s := Samples{Inputs: make([]float32, len(set.Pixels)), Labels: set.Labels}
	for i, p := range set.Pixels {
		s.Inputs[i] = float32(p) / 255
	}
	return s
}

func fromArrays(arrays map[string]dataset.Array, input nn.Shape) (*Data, error) {
	train, split := arrays["x_train"]
	if split {
		test := arrays["x_test"]
		a, err := samples(train, arrays["y_train"], input)
		if err != nil {
			return nil, fmt.Errorf("x_train and y_train: %w", err)
		}
		b, err := samples(test, arrays["y_test"], input)
		if err != nil {
			return nil, fmt.Errorf("x_test and y_test: %w", err)
		}
		if train.Bytes != test.Bytes {
			return nil, errors.New("one of x_train and x_test holds bytes (uint8), which become 0 to 1, and the other does not: store both alike")
		}
		if (a.Labels == nil) != (b.Labels == nil) {
			return nil, errors.New("there is one of y_train and y_test: want labels for both parts, or for neither")
		}
		return &Data{Train: a, Test: b}, nil
	}
	x, named := arrays["x"]
	if !named && len(arrays) == 1 {
		for _, only := range arrays {
			x, named = only, true
		}
	}
	if !named {
		return nil, errors.New("want arrays named x_train, y_train, x_test and y_test, or x and y, or one array of inputs")
	}
	all, err := samples(x, arrays["y"], input)
	if err != nil {
		return nil, fmt.Errorf("x and y: %w", err)
	}
	n := len(all.Inputs) / input.Size()
	if n < 2 {
		return nil, errors.New("want at least two samples")
	}
	cut := n - max(n/10, 1)
	return &Data{Train: all.Slice(0, cut, input.Size()), Test: all.Slice(cut, n, input.Size())}, nil
}

// samples checks and scales a pair of arrays.
func samples(x, y dataset.Array, input nn.Shape) (Samples, error) {
	if len(x.Shape) == 0 || len(x.Values) == 0 || len(x.Values)%input.Size() != 0 || x.Shape[0] != len(x.Values)/input.Size() {
		return Samples{}, fmt.Errorf("the inputs have the shape %v, want that of a batch of %v, at least one", x.Shape, input)
	}
	if got, want := sides(x.Shape[1:]), sides(input); len(got) > 1 && len(want) > 1 && !slices.Equal(got, want) {
		return Samples{}, fmt.Errorf("the inputs have the shape %v, but the network takes a batch of %v: transpose them (channels come before height and width)", x.Shape, input)
	}
	s := Samples{Inputs: x.Values}
	if x.Bytes {
		scale(s.Inputs, 1./255)
	}
	if len(y.Values) == 0 {
		return s, nil
	}
	if len(y.Shape) == 0 || len(y.Values) != x.Shape[0] {
		return s, fmt.Errorf("%d labels for %d samples", len(y.Values), x.Shape[0])
	}
	for i, v := range y.Values {
		if v != float32(int32(v)) || v < 0 {
			return s, fmt.Errorf("label %d is %v, want a whole number from 0 on", i, v)
		}
		s.Labels = append(s.Labels, int32(v))
	}
	return s, nil
}

// sides returns a shape without its ones.
func sides(shape []int) []int {
	return slices.DeleteFunc(slices.Clone(shape), func(n int) bool { return n == 1 })
}

// Slice returns samples i to j-1, of size numbers each, on the same memory. It panics
// unless there are so many.
func (s Samples) Slice(i, j, size int) Samples {
	if i < 0 || j < i || size < 1 || j > len(s.Inputs)/size || s.Labels != nil && j > len(s.Labels) {
		panic("compress: Slice: bounds out of range")
	}
	part := Samples{Inputs: s.Inputs[i*size : j*size]}
	if s.Labels != nil {
		part.Labels = s.Labels[i:j]
	}
	return part
}
