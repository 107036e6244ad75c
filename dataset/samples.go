package dataset

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/internal/random"
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

// CheckLabels fails for a label that is none of so many classes, which are counted
// from 0.
func (s Samples) CheckLabels(classes int) error {
	if len(s.Labels) == 0 {
		return nil
	}
	low, high := slices.Min(s.Labels), slices.Max(s.Labels)
	switch {
	case low >= 0 && int(high) < classes:
		return nil
	case classes == 1:
		return fmt.Errorf("there are labels from %d to %d, but the network has one output, which is a value and no class: leave the labels out", low, high)
	case low == 1 && int(high) == classes:
		return fmt.Errorf("the labels are from 1 to %d, but the network's %d classes are counted from 0: store y - 1", high, classes)
	}
	wrong := slices.IndexFunc(s.Labels, func(label int32) bool { return label < 0 || int(label) >= classes })
	return fmt.Errorf("the label of sample %d is %d, but there are only %d classes, counted from 0", wrong, s.Labels[wrong], classes)
}

// SampleSet is the samples of an .npz file.
type SampleSet struct {
	Train *Samples // nil: the file has samples for tests alone
	Test  *Samples // nil: the file does not say which are for tests

	// Said tells the user, a line each, what was read otherwise than they may think.
	Said []string
}

// ReadSamples reads an .npz file of samples for a network that takes the given input,
// usually [channels, height, width]. The file holds, in upper or lower case,
//
//   - inputs as x_train and x_test and labels as y_train and y_test, or as train_images,
//     test_images, train_labels and test_labels. Where there is no x_test, x_val, x_valid,
//     x_validation, x_dev or val_images (or valid_images, validation_images, dev_images)
//     is taken for it, with its labels;
//   - or inputs as x (or images, or x_train alone) and labels as y (or labels), in one
//     piece;
//   - or arrays without names, as numpy.savez(file, x, y) writes them: two are x and y,
//     four are x_train, y_train, x_test and y_test, in this order.
//
// There may be tests alone; labels may be missing, and then one array of any name is
// enough. Other arrays are passed over.
//
// Inputs are [n, input...], but for sides of 1, or [n, input size], or have their channels
// last, where that can be told; they must be finite. Unsigned bytes (uint8) become 0 to
// 1, as pixels do everywhere here; other numbers stay as they are. Labels are whole
// numbers from 0 to 99,999, of any type: [n], [n, 1], or rows of zeros with a single 1 at
// the label.
//
// Errors name the file and the array, what was expected and what was found.
func ReadSamples(path string, input []int) (*SampleSet, error) {
	arrays, names, err := readNamed(path, false)
	if err != nil {
		return nil, err
	}
	set, err := newSamples(arrays, names, input)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, names.explain(err))
	}
	set.Said = append(names.say(), set.Said...)
	return set, nil
}

// HoldOut makes a tenth of the samples, at least one, those for tests where the file has
// none: they are chosen by chance, and always the same for as many samples, so that files
// in the order of their labels have all classes on both sides. Samples have size numbers
// each. It fails if the file has samples for tests alone, or fewer than two.
func (set *SampleSet) HoldOut(size int) error {
	if set.Train == nil {
		return errors.New("the file has samples for tests alone: want x_train and y_train, too")
	}
	if set.Test != nil {
		return nil
	}
	n := len(set.Train.Inputs) / size
	if n < 2 {
		return errors.New("want at least two samples")
	}
	held := heldOut(n)
	set.Test = &Samples{}
	set.Train.Inputs, set.Test.Inputs = takeRows(set.Train.Inputs, held, size)
	if set.Train.Labels != nil {
		set.Train.Labels, set.Test.Labels = takeRows(set.Train.Labels, held, 1)
	}
	set.Said = append(set.Said, sayHeldOut(len(held), n, "samples"))
	return nil
}

// forRows is the purpose of the random stream that chooses rows for tests.
var forRows = random.For("rows for tests")

// heldOut returns the rows that are for tests, a tenth of n, in order.
func heldOut(n int) []int {
	held := rand.New(random.New(1, forRows, 0, 0)).Perm(n)[:max(n/10, 1)]
	slices.Sort(held)
	return held
}

func sayHeldOut(held, all int, things string) string {
	return fmt.Sprintf("%d of %d %s, chosen by chance but always the same, are for tests", held, all, things)
}

// takeRows takes the held rows, which are sorted, out of values, [n, width]; the others
// move together, in their order and on the same memory.
func takeRows[T any](values []T, held []int, width int) (rest, taken []T) {
	rest = values[:0]
	from := 0
	for _, row := range held {
		rest = append(rest, values[from*width:row*width]...)
		taken = append(taken, values[row*width:(row+1)*width]...)
		from = row + 1
	}
	return append(rest, values[from*width:]...), taken
}

// newSamples makes samples of the named arrays.
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
		for _, line := range said {
			set.Said = append(set.Said, "array "+part.x+": "+line)
		}
	}
	return set, nil
}

// samples checks and scales an array of inputs.
func samples(x Array, input []int) (s Samples, said []string, err error) {
	size := size(input)
	if len(x.Shape) == 0 || len(x.Values) == 0 || len(x.Values)%size != 0 || x.Shape[0] != len(x.Values)/size {
		return s, nil, fmt.Errorf("the inputs have the shape %v, want that of a batch of %v, at least one", x.Shape, input)
	}
	for i, v := range x.Values {
		if v-v != 0 {
			return s, nil, fmt.Errorf("number %d of sample %d is %v, want a finite number", i%size, i/size, v)
		}
	}
	s.Inputs = x.Values
	got, want := sides(x.Shape[1:]), sides(input)
	switch {
	case slices.Equal(got, want) || len(want) == 1:
	case len(got) == 1 && len(want) < 3:
	case len(got) == 1:
		said = append(said, fmt.Sprintf("rows of %d numbers are taken for %v, in this order", size, input))
	case len(input) == 3 && slices.Equal(x.Shape[1:], []int{input[1], input[2], input[0]}):
		s.Inputs = channelsFirst(x.Values, input[1]*input[2], input[0])
		said = append(said, fmt.Sprintf("the inputs %v have their channels last, which were moved before height and width", x.Shape[1:]))
	default:
		return s, nil, fmt.Errorf("the inputs have the shape %v, but the network takes a batch of %v: transpose them", x.Shape, input)
	}
	low, high := slices.Min(x.Values), slices.Max(x.Values)
	if x.Bytes {
		for i := range s.Inputs {
			s.Inputs[i] *= 1. / 255
		}
		said = append(said, "unsigned bytes became numbers from 0 to 1; numbers of other types stay as they are")
	} else if (len(input) == 3 || !x.floats) && (low < 0 || high > 1) {
		said = append(said, fmt.Sprintf("numbers from %v to %v are taken as they are; pixels that are unsigned bytes become 0 to 1", low, high))
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
	arrays, names, err := readNamed(path, !whole)
	if err != nil {
		return nil, err
	}
	data, err := namedImages(path, arrays, names, whole)
	if err != nil {
		return nil, names.explain(err)
	}
	data.Said = append(names.say(), data.Said...)
	return data, nil
}

// namedImages makes a set of the named arrays.
func namedImages(path string, arrays map[string]Array, names arrayNames, whole bool) (*Dataset, error) {
	if names.x != "" {
		return splitImages(path, arrays, names, whole)
	}
	var sets []notedImages
	for _, pair := range [][2]string{{names.trainX, names.trainY}, {names.testX, names.testY}, {names.valX, names.valY}} {
		if pair[0] == "" && (len(sets) == forValidation || whole && len(sets) == forTraining) {
			sets = append(sets, notedImages{})
			continue
		}
		set, err := arrayImages(path, arrays, names, pair[0], pair[1])
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	if sets[forTraining].Images == nil {
		sets[forTraining] = sets[forTests].slice(0, 0)
	}
	if sets[forValidation].Images == nil {
		sets = sets[:forValidation]
	}
	return newDataset(path, sets, classNames{})
}

// arrayImages makes images of the arrays x and y, either of which may be missing.
func arrayImages(path string, arrays map[string]Array, names arrayNames, x, y string) (notedImages, error) {
	switch {
	case x != "" && y != "":
		return newImages(arrays[x].numbers("dataset: "+path+": array "+x), arrays[y].numbers("dataset: "+path+": array "+y))
	case x != "" && x == names.valX:
		return notedImages{}, fmt.Errorf("dataset: %s: array %s: there are no labels for these images, such as an array y_val: add them, or leave it out", path, x)
	}
	return notedImages{}, fmt.Errorf("dataset: %s: want labelled images, as arrays named x_train, y_train, x_test and y_test, or x and y; found no more than %s", path, strings.Join(names.list(), ", "))
}

// splitImages makes a set of images in one piece, of which a tenth is for tests, or, if
// whole, all.
func splitImages(path string, arrays map[string]Array, names arrayNames, whole bool) (*Dataset, error) {
	all, err := arrayImages(path, arrays, names, names.x, names.y)
	if err != nil {
		return nil, err
	}
	if whole {
		return newDataset(path, []notedImages{all.slice(0, 0), all}, classNames{})
	}
	n := all.Len()
	if n < 2 {
		return nil, errors.New("dataset: " + path + ": want at least two images")
	}
	held, test := heldOut(n), all.slice(0, n)
	all.Pixels, test.Pixels = takeRows(all.Pixels, held, all.size())
	all.Labels, test.Labels = takeRows(all.Labels, held, 1)
	data, err := newDataset(path, []notedImages{all, test}, classNames{})
	if err == nil {
		data.Said = append([]string{sayHeldOut(len(held), n, "images")}, data.Said...)
	}
	return data, err
}
