package dataset

import (
	"fmt"
	"slices"
	"strings"
)

// arrayNames are the names of the arrays of an .npz file that matter; "" is missing.
// There are trainX and testX, or testX alone, or x alone.
type arrayNames struct {
	trainX, trainY, testX, testY, x, y string
	valX, valY                         string // beside testX

	byPosition bool     // they have no names, but an order
	said       []string // what was taken for what
	others     []string // are passed over
}

// Names of arrays, in lower case.
var (
	trainInputs = []string{"x_train", "train_images"}
	trainLabels = []string{"y_train", "train_labels"}
	testInputs  = []string{"x_test", "test_images"}
	testLabels  = []string{"y_test", "test_labels"}
	valInputs   = []string{"x_val", "x_valid", "x_validation", "x_dev", "val_images", "valid_images", "validation_images", "dev_images"} // for tests, if there are no others
	valLabels   = []string{"y_val", "y_valid", "y_validation", "y_dev", "val_labels", "valid_labels", "validation_labels", "dev_labels"}
	allInputs   = []string{"x", "images"}
	allLabels   = []string{"y", "labels"}
)

const wantedNames = "want arrays named x_train, y_train, x_test and y_test, or x and y, or two or four of them without names, or one array of inputs"

// chooseArrays finds the names among those of all arrays.
func chooseArrays(all []string) (n arrayNames, err error) {
	if n.takePositions(all) {
		return n, nil
	}
	for _, wanted := range []struct {
		slot  *string
		names []string
	}{
		{&n.trainX, trainInputs}, {&n.trainY, trainLabels}, {&n.testX, testInputs}, {&n.testY, testLabels},
		{&n.valX, valInputs}, {&n.valY, valLabels}, {&n.x, allInputs}, {&n.y, allLabels},
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
	if n.testX == "" && n.testY == "" && n.valX != "" {
		n.testX, n.testY, n.valX, n.valY = n.valX, n.valY, "", ""
		n.said = append(n.said, fmt.Sprintf("there is no x_test: %s is for tests", n.testX))
	}
	for _, pair := range [][2]string{{n.trainX, n.trainY}, {n.testX, n.testY}, {n.valX, n.valY}, {n.x, n.y}} {
		if pair[0] == "" && pair[1] != "" {
			return n, fmt.Errorf("array %s: there are no inputs for these labels: %s; found %.200s", pair[1], wantedNames, strings.Join(all, ", "))
		}
	}
	switch split := n.trainX + n.testX; {
	case split != "" && n.x != "":
		return n, fmt.Errorf("arrays %s and %s are both there: leave one out", split, n.x)
	case n.trainX != "" && n.testX == "":
		n.said = append(n.said, fmt.Sprintf("there is no x_test beside %s", n.trainX))
		n.x, n.y, n.trainX, n.trainY = n.trainX, n.trainY, "", ""
		return n, nil
	case split != "" || n.x != "":
		return n, nil
	case len(all) == 1:
		return arrayNames{x: all[0]}, nil
	}
	return n, fmt.Errorf("%s; found %.200s", wantedNames, strings.Join(all, ", "))
}

// takePositions takes two or four arrays to which numpy.savez gave names by their
// order, arr_0 and so on.
func (n *arrayNames) takePositions(all []string) bool {
	slots := []*string{&n.x, &n.y}
	if len(all) == 4 {
		slots = []*string{&n.trainX, &n.trainY, &n.testX, &n.testY}
	} else if len(all) != 2 {
		return false
	}
	for i := range slots {
		if !slices.Contains(all, fmt.Sprintf("arr_%d", i)) {
			return false
		}
	}
	for i, slot := range slots {
		*slot = fmt.Sprintf("arr_%d", i)
	}
	n.byPosition = true
	return true
}

// order says what arrays without names are taken for.
func (n arrayNames) order() string {
	if n.trainX != "" {
		return "arrays without names are taken for x_train, y_train, x_test and y_test, in this order"
	}
	return "arrays without names are taken for x and y, in this order"
}

// explain adds to an error what may be its cause.
func (n arrayNames) explain(err error) error {
	if err == nil || !n.byPosition {
		return err
	}
	return fmt.Errorf("%w (%s: numpy.savez(file, x=..., y=...) gives them names)", err, n.order())
}

// say tells which arrays are taken for what, and which are passed over.
func (n arrayNames) say() []string {
	said := slices.Clone(n.said)
	if n.byPosition {
		said = append(said, n.order())
	}
	if len(n.others) > 0 {
		said = append(said, fmt.Sprintf("arrays that are passed over: %.200s", strings.Join(n.others, ", ")))
	}
	return said
}

// list returns the names that are there.
func (n arrayNames) list() []string {
	return slices.DeleteFunc([]string{n.trainX, n.trainY, n.testX, n.testY, n.valX, n.valY, n.x, n.y}, func(name string) bool { return name == "" })
}

// readNamed reads the arrays of an .npz file that matter: those for validation, beside
// others for tests, only where that is wanted.
func readNamed(path string, validation bool) (arrays map[string]Array, names arrayNames, err error) {
	arrays, err = readNPZ(path, func(all []string) ([]string, error) {
		names, err = chooseArrays(all)
		if !validation {
			names.valX, names.valY = "", ""
		}
		used := names.list()
		names.others = slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(used, name) })
		return used, err
	})
	return arrays, names, err
}
