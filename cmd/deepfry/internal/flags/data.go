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

// IsImages tells whether a name is that of a data set of images, not of a table.
func IsImages(name string) bool {
	if name == "mnist" || name == "fashion" || dataset.IsNPZ(name) {
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
