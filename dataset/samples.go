package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Samples are inputs of a network as numbers, with labels where they are known.
type Samples struct {
	Inputs []float32 // [n, input size]
	Labels []int32   // [n], or nil
}

// Slice returns samples i to j-1, of size numbers each, on the same memory. It panics
// unless there are so many.
func (s Samples) Slice(i, j, size int) Samples {
	if i < 0 || j < i || size < 1 || j > len(s.Inputs)/size || s.Labels != nil && j > len(s.Labels) {
		panic("dataset: Samples.Slice: bounds out of range")
	}
	part := Samples{Inputs: s.Inputs[i*size : j*size]}
	if s.Labels != nil {
		part.Labels = s.Labels[i:j]
	}
	return part
}

// SampleSet is the samples of an .npz file.
type SampleSet struct {
	Train *Samples // nil: the file has samples for tests alone
	Test  *Samples // nil: the file has one piece, which is Train

	// Said tells the user, a line each, what was read otherwise than they may think.
	Said []string
}

// ReadSamples reads an .npz file of samples for a network that takes the given input,
// usually [channels, height, width]. The file holds inputs as x_train and x_test and
// labels as y_train and y_test, or as train_images, test_images, train_labels and
// test_labels, in any case; or inputs as x (or images) and labels as y (or labels), in one
// piece. There may be tests alone; labels may be missing, and then one array of any
// name is enough. Other arrays are passed over.
//
// Inputs are [n, input...], but for sides of 1, or [n, input size]; they must be finite.
// Unsigned bytes (uint8) become 0 to 1, as pixels do everywhere here; other numbers
// stay as they are. Labels are whole numbers from 0 to 99,999: [n], [n, 1], or rows of
// zeros with a single 1 at the label.
//
// Errors name the file and the array, what was expected and what was found.
func ReadSamples(path string, input []int) (*SampleSet, error) {
	arrays, names, err := readNamed(path)
	if err != nil {
		return nil, err
	}
	set, err := newSamples(arrays, names, input)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	set.Said = append(names.say(), set.Said...)
	return set, nil
}

// arrayNames are the names of the arrays of an .npz file that matter; "" is missing.
type arrayNames struct {
	trainX, trainY, testX, testY, x, y string

	others []string
}

// chooseArrays finds the names among those of all arrays.
func chooseArrays(all []string) (n arrayNames, err error) {
	for _, wanted := range []struct {
		slot  *string
		names []string
	}{
		{&n.trainX, []string{"x_train", "train_images"}}, {&n.trainY, []string{"y_train", "train_labels"}},
		{&n.testX, []string{"x_test", "test_images"}}, {&n.testY, []string{"y_test", "test_labels"}},
		{&n.x, []string{"x", "images"}}, {&n.y, []string{"y", "labels"}},
	} {
		for _, name := range all {
			if !slices.Contains(wanted.names, strings.ToLower(name)) {
				continue
			}
			if *wanted.slot != "" {
				return n, fmt.Errorf("arrays %s and %s are both there: leave one out", *wanted.slot, name)
			}
			*wanted.slot = name
		}
	}
	split := n.trainX != "" || n.testX != ""
	switch {
	case split && n.x != "":
		return n, fmt.Errorf("arrays %s and %s are both there: leave one out", n.trainX+n.testX, n.x)
	case n.trainX != "" && n.testX == "":
		return n, fmt.Errorf("there is an array %s, but no x_test and y_test", n.trainX)
	case split || n.x != "":
		return n, nil
	case len(all) == 1:
		return arrayNames{x: all[0]}, nil
	}
	return n, fmt.Errorf("want arrays named x_train, y_train, x_test and y_test, or x and y, or one array of inputs; found %.200s", strings.Join(all, ", "))
}

// say tells which arrays are passed over.
func (n arrayNames) say() []string {
	if len(n.others) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("arrays that are passed over: %.200s", strings.Join(n.others, ", "))}
}

// list returns the names that are there.
func (n arrayNames) list() []string {
	return slices.DeleteFunc([]string{n.trainX, n.trainY, n.testX, n.testY, n.x, n.y}, func(name string) bool { return name == "" })
}

// readNamed reads the arrays of an .npz file that matter.
func readNamed(path string) (arrays map[string]Array, names arrayNames, err error) {
	arrays, err = readNPZ(path, func(all []string) ([]string, error) {
		names, err = chooseArrays(all)
		used := names.list()
		names.others = slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(used, name) })
		return used, err
	})
	return arrays, names, err
}

func newSamples(arrays map[string]Array, names arrayNames, input []int) (set *SampleSet, err error) {
	set = &SampleSet{}
	if names.trainX != "" && names.testX != "" && arrays[names.trainX].Bytes != arrays[names.testX].Bytes {
		return nil, fmt.Errorf("one of %s and %s holds bytes (uint8), which become 0 to 1, and the other does not: store both alike", names.trainX, names.testX)
	}
	for _, part := range []struct {
		to   **Samples
		x, y string
	}{{&set.Train, names.trainX, names.trainY}, {&set.Test, names.testX, names.testY}, {&set.Train, names.x, names.y}} {
		if part.x == "" {
			continue
		}
		s, said, err := samples(arrays[part.x], input)
		if err != nil {
			return nil, fmt.Errorf("array %s: %w", part.x, err)
		}
		if part.y != "" {
			if s.Labels, err = arrays[part.y].numbers("array " + part.y).labels(len(s.Inputs) / size(input)); err != nil {
				return nil, err
			}
		}
		*part.to = &s
		if said != "" {
			set.Said = append(set.Said, "array "+part.x+": "+said)
		}
	}
	return set, nil
}

// samples checks and scales an array of inputs.
func samples(x Array, input []int) (s Samples, said string, err error) {
	if size := size(input); len(x.Shape) == 0 || len(x.Values) == 0 || len(x.Values)%size != 0 || x.Shape[0] != len(x.Values)/size {
		return s, "", fmt.Errorf("the inputs have the shape %v, want that of a batch of %v, at least one", x.Shape, input)
	}
	if got, want := sides(x.Shape[1:]), sides(input); len(got) > 1 && len(want) > 1 && !slices.Equal(got, want) {
		return s, "", fmt.Errorf("the inputs have the shape %v, but the network takes a batch of %v: transpose them (channels come before height and width)", x.Shape, input)
	}
	for i, v := range x.Values {
		if v-v != 0 {
			return s, "", fmt.Errorf("element %d is %v, want a finite number", i, v)
		}
	}
	s.Inputs = x.Values
	if x.Bytes {
		for i := range s.Inputs {
			s.Inputs[i] *= 1. / 255
		}
	} else if len(input) == 3 && slices.Max(x.Values) > 1 && slices.Min(x.Values) >= 0 {
		said = fmt.Sprintf("numbers from %v to %v are taken as they are; pixels that are unsigned bytes become 0 to 1", slices.Min(x.Values), slices.Max(x.Values))
	}
	return s, said, nil
}

// size returns how many numbers a sample of a shape has.
func size(shape []int) int {
	product := 1
	for _, n := range shape {
		product *= n
	}
	return product
}

// sides returns a shape without its ones.
func sides(shape []int) []int {
	return slices.DeleteFunc(slices.Clone(shape), func(n int) bool { return n == 1 })
}

// numbers returns the array for images and labels.
func (a Array) numbers(from string) numbers {
	n := numbers{from: from, shape: a.Shape, values: a.Values, floats: a.floats}
	if a.Bytes {
		n.bytes = make([]byte, len(a.Values))
		for i, v := range a.Values {
			n.bytes[i] = byte(v)
		}
		n.values = nil
	}
	return n
}

// readOnlyArray reads an .npz file of one array.
func readOnlyArray(path string) (numbers, error) {
	name := ""
	arrays, err := readNPZ(path, func(all []string) ([]string, error) {
		if len(all) != 1 {
			return nil, fmt.Errorf("expected one array, found %d: %.200s", len(all), strings.Join(all, ", "))
		}
		name = all[0]
		return all, nil
	})
	return arrays[name].numbers("dataset: " + path + ": array " + name), err
}

// openNPZ reads an .npz file of labelled images; of one in a piece, whole makes all for
// tests.
func openNPZ(path string, whole bool) (*Dataset, error) {
	arrays, names, err := readNamed(path)
	if err != nil {
		return nil, err
	}
	read := func(x, y string) (*Images, imageNotes, error) {
		if x == "" || y == "" {
			return nil, imageNotes{}, fmt.Errorf("dataset: %s: want labelled images, as arrays named x_train, y_train, x_test and y_test, or x and y; found no more than %s", path, strings.Join(names.list(), ", "))
		}
		return newImages(arrays[x].numbers("dataset: "+path+": array "+x), arrays[y].numbers("dataset: "+path+": array "+y))
	}
	if names.x == "" {
		train, trainNotes, err := read(names.trainX, names.trainY)
		if err != nil {
			return nil, err
		}
		test, testNotes, err := read(names.testX, names.testY)
		if err != nil {
			return nil, err
		}
		data, err := newDataset(path, train, test, trainNotes, testNotes, classNames{})
		if err == nil {
			data.Said = append(names.say(), data.Said...)
		}
		return data, err
	}
	all, notes, err := read(names.x, names.y)
	if err != nil {
		return nil, err
	}
	n := all.Len()
	cut := n - max(n/10, 1)
	if whole {
		cut = 0
	} else if n < 2 {
		return nil, errors.New("dataset: " + path + ": want at least two images")
	}
	data, err := newDataset(path, all.Slice(0, cut), all.Slice(cut, n), notes, notes, classNames{})
	if err == nil {
		if !whole {
			data.Said = append([]string{sayCut(data)}, data.Said...)
		}
		data.Said = append(names.say(), data.Said...)
	}
	return data, err
}

// sayCut says which images became those for tests.
func sayCut(data *Dataset) string {
	said := fmt.Sprintf("the last %d of %d images are for tests", data.Test.Len(), data.Train.Len()+data.Test.Len())
	seen := map[int32]bool{}
	for _, label := range data.Test.Labels {
		seen[label] = true
	}
	if len(seen) < len(data.Test.Classes) {
		said += fmt.Sprintf(", which have %d of the %d classes: shuffle them before they are saved, if they are in the order of their labels", len(seen), len(data.Test.Classes))
	}
	return said
}
