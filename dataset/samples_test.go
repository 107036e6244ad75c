package dataset

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
)

// readArrays returns what newSamples takes, for arrays of any names.
func readArrays(arrays map[string]Array, input []int) (*SampleSet, error) {
	var all []string
	for name := range arrays {
		all = append(all, name)
	}
	names, err := chooseArrays(all)
	if err != nil {
		return nil, err
	}
	return newSamples(arrays, names, input)
}

func TestSamples(t *testing.T) {
	array := func(bytes bool, shape []int, values ...float32) Array {
		return Array{Shape: shape, Values: slices.Clone(values), Bytes: bytes}
	}
	x := array(true, []int{3, 1, 2}, 0, 51, 102, 153, 204, 255)
	y := array(false, []int{3}, 0, 2, 1)
	set, err := readArrays(map[string]Array{"X": array(true, x.Shape, x.Values...), "y": y}, []int{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Train.Inputs[:4], []float32{0, 51 * float32(1./255), 102 * float32(1./255), 153 * float32(1./255)}) || !slices.Equal(set.Train.Labels, []int32{0, 2, 1}) || set.Test != nil || len(set.Said) != 1 || !strings.Contains(set.Said[0], "array X: unsigned bytes became") {
		t.Errorf("found %v", set)
	}
	set, err = readArrays(map[string]Array{"anything": array(false, []int{2, 1}, 7, 8)}, []int{1})
	if err != nil || set.Train.Labels != nil || !slices.Equal(set.Train.Inputs, []float32{7, 8}) {
		t.Errorf("one array: %v, %v", set, err)
	}
	set, err = readArrays(map[string]Array{"test_images": x, "test_labels": y, "val_images": y}, []int{1, 2})
	if err != nil || set.Train != nil || !slices.Equal(set.Test.Labels, []int32{0, 2, 1}) {
		t.Errorf("tests alone: %v, %v", set, err)
	}
	set, err = readArrays(map[string]Array{"x": array(false, []int{1, 1, 1, 2}, 0, 255)}, []int{1, 1, 2})
	if err != nil || len(set.Said) != 1 || !strings.Contains(set.Said[0], "array x: numbers from 0 to 255 are taken as they are") {
		t.Errorf("pixels that are no bytes: %v, %v", set, err)
	}
	set, err = readArrays(map[string]Array{"x": array(false, []int{1, 2}, 0, 255)}, []int{2}) // whole numbers
	if err != nil || len(set.Said) != 1 || !strings.Contains(set.Said[0], "from 0 to 255 are taken as they are") {
		t.Errorf("whole numbers: %v, %v", set, err)
	}
	set, err = readArrays(map[string]Array{"x": {Shape: []int{1, 2}, Values: []float32{0, 255}, floats: true}}, []int{2})
	if err != nil || set.Said != nil {
		t.Errorf("columns of a table: %v, %v", set, err)
	}
	nan := float32(math.NaN())
	for want, arrays := range map[string]map[string]Array{
		"want arrays named":                       {"a": y, "b": y},
		"have the shape []":                       {"x": array(false, nil, 1)},
		"have the shape [3]":                      {"x": y},
		"expected 3 labels, one for each":         {"x": x, "y": array(false, []int{2}, 0, 1)},
		"array y: element 1":                      {"x": x, "y": array(false, []int{3}, 0, 0.5, 1)},
		"found -1":                                {"x": x, "y": array(false, []int{3}, -1, 0, 1)},
		"found NaN":                               {"x": x, "y": array(false, []int{3}, 0, 1, nan)},
		"array x: number 1 of sample 1 is NaN":    {"x": array(false, []int{2, 2}, 0, 0, 0, nan)},
		"y_train: there are no inputs":            {"x": x, "y_train": y},
		"y: there are no inputs":                  {"y": y},
		"one of x_train and x_test holds bytes":   {"x_train": x, "x_test": array(false, []int{1, 2}, 0, 1)},
		"x_test and x are both":                   {"x": x, "x_test": x},
		"found [1 1] in a file of [3 2]":          {"x": x, "y": array(false, []int{3, 2}, 0, 1, 1, 1, 0, 1)},
		"expected at most 100000 classes":         {"x": x, "y": Array{Shape: []int{3, 100_001}, Values: make([]float32, 3*100_001)}},
		"expected 3 labels, one for each image o": {"x": x, "y": array(false, []int{3, 0})},
	} {
		if _, err := readArrays(arrays, []int{1, 2}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// TestSamplesInAnotherOrder has pictures whose channels come last, which would be read
// as noise.
func TestSamplesInAnotherOrder(t *testing.T) {
	for _, c := range []struct {
		shape, input []int
		fits         bool
	}{
		{[]int{2, 3, 4, 5}, []int{3, 4, 5}, true},
		{[]int{2, 60}, []int{3, 4, 5}, true},
		{[]int{2, 3, 4, 5}, []int{60}, true},
		{[]int{2, 4, 5, 1}, []int{1, 4, 5}, true},
		{[]int{2, 4, 5}, []int{1, 4, 5}, true},
		{[]int{2, 4, 5, 3}, []int{3, 4, 5}, true}, // moved
		{[]int{2, 5, 4, 3}, []int{3, 4, 5}, false},
		{[]int{2, 3, 5, 4}, []int{3, 4, 5}, false},
		{[]int{2, 3, 4, 5}, []int{4, 5, 3}, false},
	} {
		_, _, err := samples(Array{Shape: c.shape, Values: make([]float32, 2*size(c.input))}, c.input)
		if fits := err == nil; fits != c.fits {
			t.Errorf("%v for %v: %v", c.shape, c.input, err)
		}
	}
}

func TestChannelsLast(t *testing.T) {
	x := Array{Shape: []int{2, 1, 3, 2}, Values: []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
	s, said, err := samples(x, []int{2, 1, 3})
	if err != nil || !slices.Equal(s.Inputs, []float32{0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11}) || len(said) != 2 || !strings.Contains(said[0], "channels last") {
		t.Errorf("%v, %v, %v", s, said, err)
	}
	flat := Array{Shape: []int{1, 12}, Values: x.Values}
	if _, said, err := samples(flat, []int{2, 2, 3}); err != nil || len(said) != 2 || !strings.Contains(said[0], "rows of 12 numbers are taken for [2 2 3]") {
		t.Errorf("rows: %v, %v", said, err)
	}
}

// TestSamplesFromNumPy has what NumPy 1.24 writes: for each array a local header of
// zip64, big-endian numbers in Fortran's order, and arrays without names.
//
//	x = np.asfortranarray(np.arange(12).reshape(2, 2, 3)/8).astype(">f2", order="K")
//	y = np.array([[0, 1, 0], [0, 0, 1]], ">i8")
//	np.savez_compressed("data.npz", x, y)
func TestSamplesFromNumPy(t *testing.T) {
	content, err := base64.StdEncoding.DecodeString("UEsDBBQAAAAIAAAAIQDWdapaXwAAAJgAAAAJABQAYXJyXzAubnB5AQAQAJgAAAAAAAAAXwAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBul2akrqOgnpZfVFKUmBefX5SSChIPKSpNBQoXZyQWpAK5GkY6CkBkrKmjUKtAJuBiYLBiMGOwaTBgsGawYLBlMGGwYbBksG0AAFBLAwQUAAAACAAAACEAxAmsYU4AAACwAAAACQAUAGFycl8xLm5weQEAEACwAAAAAAAAAE4AAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpdpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKxpo6CrUKZAMuBlTAyIAfMAIAUEsBAhQDFAAAAAgAAAAhANZ1qlpfAAAAmAAAAAkAAAAAAAAAAAAAAIABAAAAAGFycl8wLm5weVBLAQIUAxQAAAAIAAAAIQDECaxhTgAAALAAAAAJAAAAAAAAAAAAAACAAZoAAABhcnJfMS5ucHlQSwUGAAAAAAIAAgBuAAAAIwEAAAAA")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "data.npz")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := ReadSamples(path, []int{2, 3})
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float32, 12)
	for i := range want {
		want[i] = float32(i) / 8
	}
	if !slices.Equal(set.Train.Inputs, want) || !slices.Equal(set.Train.Labels, []int32{1, 2}) || !slices.Equal(set.Said, []string{"arrays without names are taken for x and y, in this order"}) {
		t.Errorf("%v, said %q", set.Train, set.Said)
	}
}

func TestArraysByName(t *testing.T) {
	for _, c := range []struct {
		all, list string // trainX, trainY, testX, testY, valX, valY, x, y
		said      []string
	}{
		{"arr_0", "arr_0", nil},
		{"arr_0 arr_1", "arr_0 arr_1", []string{"arrays without names are taken for x and y, in this order"}},
		{"arr_0 arr_1 arr_2 arr_3", "arr_0 arr_1 arr_2 arr_3", []string{"arrays without names are taken for x_train, y_train, x_test and y_test, in this order"}},
		{"X_train Y_train x_val y_val", "X_train Y_train x_val y_val", []string{"there is no x_test: x_val is for tests"}},
		{"x_train y_train x_dev y_dev x_test y_test", "x_train y_train x_test y_test x_dev y_dev", nil},
		{"x_train y_train", "x_train y_train", []string{"there is no x_test beside x_train"}},
		{"val_images val_labels", "val_images val_labels", []string{"there is no x_test: val_images is for tests"}},
	} {
		n, err := chooseArrays(strings.Fields(c.all))
		if err != nil || strings.Join(n.list(), " ") != c.list || !slices.Equal(n.say(), c.said) {
			t.Errorf("%s: %+v, said %q, %v", c.all, n, n.say(), err)
		}
	}
	for _, all := range []string{"arr_0 arr_1 arr_2", "arr_0 arr_2", "arr_0 y", "a", "x_train x_val x_valid", "x x_val"} {
		if n, err := chooseArrays(strings.Fields(all)); (err == nil) != (all == "a") {
			t.Errorf("%s: %+v, %v", all, n, err)
		}
	}
	labels := npy("|u1", "(3,)", []byte{0, 1, 2})
	_, err := ReadSamples(writeNPZ(t, map[string][]byte{"arr_0": labels, "arr_1": npy("|u1", "(3, 2)", make([]byte, 6))}), []int{2})
	if err == nil || !strings.Contains(err.Error(), "array arr_0: the inputs have the shape [3]") || !strings.Contains(err.Error(), "(arrays without names are taken for x and y, in this order: ") {
		t.Errorf("labels before inputs: %v", err)
	}
}

// TestHoldOut has rows in the order of their labels, and rows whose labels take turns:
// all classes are on both sides.
func TestHoldOut(t *testing.T) {
	for name, label := range map[string]func(i int) int32{
		"sorted": func(i int) int32 { return int32(i / 100) },
		"turns":  func(i int) int32 { return int32(i % 10) },
	} {
		all := &Samples{Inputs: make([]float32, 2000), Labels: make([]int32, 1000)}
		for i := range all.Labels {
			all.Inputs[2*i], all.Inputs[2*i+1], all.Labels[i] = float32(i), float32(-i), label(i)
		}
		set := &SampleSet{Train: all}
		if err := set.HoldOut(2); err != nil {
			t.Fatal(err)
		}
		seen, rows := map[int32]bool{}, map[float32]bool{}
		for _, part := range []*Samples{set.Train, set.Test} {
			last := float32(-1)
			for i, l := range part.Labels {
				at := part.Inputs[2*i]
				if l != label(int(at)) || part.Inputs[2*i+1] != -at || at <= last {
					t.Fatalf("%s: the inputs %v have the label %d after row %v", name, part.Inputs[2*i:2*i+2], l, last)
				}
				last, rows[at] = at, true
			}
		}
		for _, l := range set.Test.Labels {
			seen[l] = true
		}
		if len(rows) != 1000 || len(set.Test.Labels) != 100 || len(set.Test.Inputs) != 200 || len(seen) != 10 || len(set.Said) != 1 {
			t.Errorf("%s: %d rows, %d for tests of %d classes, said %q", name, len(rows), len(set.Test.Labels), len(seen), set.Said)
		}
	}
	two := &SampleSet{Train: &Samples{Inputs: []float32{1, 2}}}
	if err := two.HoldOut(1); err != nil || len(two.Train.Inputs) != 1 || len(two.Test.Inputs) != 1 || two.Train.Labels != nil || two.Test.Labels != nil {
		t.Errorf("two samples: %v, %v", two, err)
	}
	both := &SampleSet{Train: two.Train, Test: two.Train}
	if err := both.HoldOut(1); err != nil || both.Said != nil {
		t.Errorf("tests are there: %v, %v", both, err)
	}
	if err := (&SampleSet{Train: two.Train}).HoldOut(1); err == nil || !strings.Contains(err.Error(), "two samples") {
		t.Errorf("one sample: %v", err)
	}
	if err := (&SampleSet{Test: two.Train}).HoldOut(1); err == nil || !strings.Contains(err.Error(), "tests alone") {
		t.Errorf("tests alone: %v", err)
	}
}

func TestCheckLabels(t *testing.T) {
	for _, c := range []struct {
		labels  []int32
		classes int
		want    string
	}{
		{nil, 1, ""},
		{[]int32{0, 9, 3}, 10, ""},
		{[]int32{1, 10, 3}, 10, "labels are from 1 to 10, but the network's 10 classes are counted from 0: store y - 1"},
		{[]int32{0, 3, 10}, 10, "label of sample 2 is 10"},
		{[]int32{0, -1}, 10, "label of sample 1 is -1"},
		{[]int32{0, 1}, 1, "one output"},
	} {
		err := Samples{Labels: c.labels}.CheckLabels(c.classes)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v of %d classes: %v, want %q", c.labels, c.classes, err, c.want)
		}
	}
}

func TestReadSamples(t *testing.T) {
	path := writeNPZ(t, map[string][]byte{
		"x":     npy("<f8", "(2, 3)", make([]byte, 48)),
		"y":     npy("<i8", "(2, 1)", binary.LittleEndian.AppendUint64(make([]byte, 8), 4)),
		"names": npy("<U9", "(1,)", nil), // passed over
	})
	set, err := ReadSamples(path, []int{3})
	if err != nil || len(set.Train.Inputs) != 6 || !slices.Equal(set.Train.Labels, []int32{0, 4}) || len(set.Said) != 1 || !strings.Contains(set.Said[0], "passed over: names") {
		t.Errorf("%+v, %v", set, err)
	}
	_, err = ReadSamples(path, []int{4})
	if err == nil || !strings.HasPrefix(err.Error(), "dataset: "+path+": array x: ") {
		t.Errorf("samples of another size: %v", err)
	}
}

func TestOpenNPZ(t *testing.T) {
	content := pixels(2 * 3 * 2)
	data, err := Open(writeNPZ(t, map[string][]byte{
		"train_images": npy("|u1", "(2, 3, 2)", content), "train_labels": npy("|u1", "(2, 1)", []byte{2, 0}),
		"test_images": npy("|u1", "(1, 3, 2)", content[6:]), "test_labels": npy("|u1", "(1, 1)", []byte{3}),
		"names": npy("<U1", "(1,)", nil),
	}))
	if err != nil {
		t.Fatal(err)
	}
	if s := data.Train.(*Images); !bytes.Equal(s.Pixels, content) || s.imageSize() != (imageSize{1, 3, 2}) || !slices.Equal(s.Labels, []int32{2, 0}) || !slices.Equal(s.Classes, numbered(4)) || s.check() != nil {
		t.Errorf("train: %+v", s)
	}
	if s := data.Test.(*Images); !bytes.Equal(s.Pixels, content[6:]) || !slices.Equal(s.Labels, []int32{3}) || len(s.Classes) != 4 {
		t.Errorf("test: %+v", s)
	}
	if len(data.Said) != 2 || !strings.Contains(data.Said[0], "passed over: names") || !strings.Contains(data.Said[1], `"1", "3"`) {
		t.Errorf("said %q", data.Said)
	}

	// One piece, its channels last, as booleans; transposed.
	data, err = OpenWith(writeNPZ(t, map[string][]byte{
		"x": npy("|b1", "(3, 2, 4, 1)", append([]byte{0, 1}, make([]byte, 22)...)), "y": npy("<i8", "(3,)", make([]byte, 24)),
	}), Options{Transpose: true})
	if err != nil {
		t.Fatal(err)
	}
	if s := data.Train.(*Images); s.Len() != 2 || s.imageSize() != (imageSize{1, 4, 2}) || !bytes.Equal(s.Pixels[:8], []byte{0, 0, 255, 0, 0, 0, 0, 0}) || data.Test.Len() != 1 || data.Test.(*Images).imageSize() != s.imageSize() {
		t.Errorf("train: %+v", s)
	}
	for _, want := range []string{"1 of 3 images, chosen by chance but always the same, are for tests", "channels last", "multiplied by 255"} {
		if !strings.Contains(strings.Join(data.Said, "\n"), want) {
			t.Errorf("said %q, want %q", data.Said, want)
		}
	}

	u1 := func(shape string, n int) []byte { return npy("|u1", shape, make([]byte, n)) }
	tests := writeNPZ(t, map[string][]byte{"x_test": u1("(3, 2, 2)", 12), "y_test": u1("(3,)", 3)})
	if data, err = OpenWith(tests, Options{Whole: true}); err != nil || data.Test.Len() != 3 || data.Train.Len() != 0 {
		t.Errorf("tests alone, to measure on: %v, %v", data, err)
	}
	for want, arrays := range map[string]map[string][]byte{
		"want labelled images":           {"x": u1("(2, 2, 2)", 8)},
		"found no more than x_test":      {"x_test": u1("(2, 2, 2)", 8)},
		"at least two images":            {"x": u1("(1, 2, 2)", 4), "y": u1("(1,)", 1)},
		"at least one image":             {"x": u1("(0, 2, 2)", 0), "y": u1("(0,)", 0)},
		"need a height and a width":      {"x": u1("(2, 4)", 8), "y": u1("(2,)", 2)},
		"found the shape [2 0 4]":        {"x": u1("(2, 0, 4)", 0), "y": u1("(2,)", 2)},
		"expected 2 labels":              {"x": u1("(2, 2, 2)", 8), "y": u1("(3,)", 3)},
		"the test images 1×1×2":          {"x_train": u1("(2, 2, 2)", 8), "y_train": u1("(2,)", 2), "x_test": u1("(2, 1, 2)", 4), "y_test": u1("(2,)", 2)},
		"array y: element 1: expected a": {"x": u1("(2, 2, 2)", 8), "y": npy("<f4", "(2,)", []byte{0, 0, 0, 0, 0, 0, 0xc0, 0x7f})},
		"test images from 0 to 1: store": {"x_train": npy("<f4", "(1, 1, 1)", []byte{0, 0, 0x7f, 0x43}), "y_train": u1("(1,)", 1), "x_test": npy("<f4", "(1, 1, 1)", make([]byte, 4)), "y_test": u1("(1,)", 1)},
	} {
		path := writeNPZ(t, arrays)
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "dataset: "+path+": ") {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if dir, err := Locate("none.npz"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("found %s: %v", dir, err)
	}
}

func TestSamplesSlicePanics(t *testing.T) {
	all := Samples{Inputs: make([]float32, 8), Labels: make([]int32, 4)}
	part := all.Slice(1, 3, 2) // whose memory goes on
	if len(part.Inputs) != 4 || len(part.Labels) != 2 {
		t.Errorf("samples 1 and 2 are %v", part)
	}
	for _, c := range []struct{ i, j, size int }{{0, 3, 2}, {-1, 1, 2}, {2, 1, 2}, {0, 1, 0}, {0, 2, 3}} {
		check.Panics(t, "Slice", "dataset: Samples.Slice: ", func() { part.Slice(c.i, c.j, c.size) })
	}
}

// TestNPZValidation: images for validation beside those for tests are a set of their own,
// under all of their names, and in no set where they don't fit the others.
func TestNPZValidation(t *testing.T) {
	images := func(count int, first byte) []byte {
		pixels := make([]byte, 6*count)
		for i := range pixels {
			pixels[i] = first + byte(i)
		}
		return npy("|u1", fmt.Sprintf("(%d, 2, 3)", count), pixels)
	}
	labels := func(labels ...byte) []byte { return npy("|u1", fmt.Sprintf("(%d,)", len(labels)), labels) }
	for _, pair := range [][2]string{{"x_val", "y_val"}, {"X_valid", "Y_valid"}, {"x_validation", "y_validation"}, {"val_images", "val_labels"}, {"valid_images", "valid_labels"}, {"validation_images", "validation_labels"}} {
		path := writeNPZ(t, map[string][]byte{
			"x_train": images(3, 0), "y_train": labels(0, 1, 0), "x_test": images(1, 100), "y_test": labels(1),
			pair[0]: images(2, 200), pair[1]: labels(1, 2),
		})
		data, err := OpenWith(path, Options{Transpose: true})
		if err != nil {
			t.Fatal(err)
		}
		validation := data.Validation.(*Images)
		if !slices.Equal(validation.Labels, []int32{1, 2}) || !slices.Equal(validation.image(0), []byte{200, 203, 201, 204, 202, 205}) || data.Test.Len() != 1 || data.Train.Len() != 3 {
			t.Errorf("%s: %v", pair[0], validation)
		}
		if len(validation.Classes) != 3 || len(data.Said) != 1 || !strings.Contains(data.Said[0], `no image to train on is of "2"`) {
			t.Errorf("a class for validation alone: %v, said %q", validation.Classes, data.Said)
		}
		d, err := Describe(path, Options{})
		if err != nil || d.Train != 3 || d.Validation != 2 || d.Test != 1 || d.Classes[1] != (ClassCount{"1", 1, 1, 1}) {
			t.Errorf("%s: %v, %v", pair[0], d, err)
		}
		samples, err := ReadSamples(path, []int{1, 2, 3})
		if err != nil || len(samples.Test.Labels) != 1 || !strings.Contains(strings.Join(samples.Said, "\n"), "passed over: ") {
			t.Errorf("as samples: %v, %v", samples, err)
		}
	}
	for want, arrays := range map[string]map[string][]byte{
		"array x_val: there are no labels for these images":               {"x_val": images(2, 0)},
		"array y_val: there are no inputs for these labels":               {"y_val": labels(1)},
		"array y_val: expected 2 labels":                                  {"x_val": images(2, 0), "y_val": labels(1)},
		"1×2×3 (channels, height, width) but the validation images 1×3×2": {"x_val": npy("|u1", "(1, 3, 2)", make([]byte, 6)), "y_val": labels(1)},
		"are both there: leave one out":                                   {"x_val": images(1, 0), "val_images": images(1, 0), "y_val": labels(1)},
	} {
		maps.Copy(arrays, map[string][]byte{"x_train": images(2, 0), "y_train": labels(0, 1), "x_test": images(1, 0), "y_test": labels(1)})
		_, err := Open(writeNPZ(t, arrays))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	path := writeNPZ(t, map[string][]byte{"x_train": images(2, 0), "y_train": labels(0, 1), "x_val": images(1, 0), "y_val": labels(1)})
	if data, err := Open(path); err != nil || data.Validation != nil || data.Test.Len() != 1 || !strings.Contains(data.Said[0], "x_val is for tests") {
		t.Errorf("where there are none for tests: %v, %v", data, err)
	}
}
