package flags

import (
	"fmt"
	"io"
	"os"

	"github.com/deepfry/deepfry/dataset"
)

// DataOptions say how data sets of images are read.
type DataOptions struct {
	Transpose bool `help:"Swap height and width of the images of IDX and .npz files: EMNIST's are stored so."`
	SkipBad   int  `placeholder:"N" help:"Pass over up to N pictures of a folder that can't be read."`
}

// Options returns what the flags say, for a network with the given input or nil.
func (f DataOptions) Options(input []int) dataset.Options {
	return dataset.Options{Input: input, Transpose: f.Transpose, SkipBad: f.SkipBad}
}

// Standardization are the flags for networks that were trained elsewhere on
// standardised values.
type Standardization struct {
	Mean []float32 `placeholder:"X,..." help:"For networks from elsewhere: the mean that was taken from their inputs, for values from 0 to 1 (or the numbers of an .npz file), one, or one for each channel: 0.485,0.456,0.406 by torchvision for ImageNet. Default: 0."`
	Std  []float32 `placeholder:"X,..." help:"The standard deviation by which they were divided then: 0.229,0.224,0.225. Default: 1."`
}

// Value returns what the flags say.
func (f Standardization) Value() dataset.Standardization {
	return dataset.Standardization{Mean: f.Mean, Deviation: f.Std}
}

// ForSamples fails where the flags say how images are read, but the named .npz file is
// read as numbers.
func (f DataOptions) ForSamples(name string) error {
	if f.Transpose {
		return fmt.Errorf("--transpose: the arrays of %s are taken as they are for this network: store them with height and width swapped", name)
	}
	return nil
}

// IsImages tells whether a name is that of a data set of images, not of a table.
func IsImages(name string) bool {
	if name == "mnist" || name == "fashion" || dataset.IsNPZ(name) || dataset.IsPictureList(name) {
		return true
	}
	info, err := os.Stat(name)
	if err == nil {
		return info.IsDir()
	}
	_, err = dataset.Locate(name) // one of several sets of IDX files in a folder
	return name != "-" && err == nil
}

// Say tells the user what a data set says of itself.
func Say(w io.Writer, said []string) {
	for _, line := range said {
		fmt.Fprintln(w, line)
	}
}
