package flags

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/wholefile"
	"github.com/deepfry/deepfry/onnx"
)

// Output is the flag of commands that write files.
type Output struct {
	Overwrite bool `help:"Replace files that are there."`
}

// CheckOutput fails before the work if a flag names a file that can't be written,
// that is there already (unless Overwrite), or that is one of the command's inputs. No
// file is named by "".
func (o Output) CheckOutput(flag, path string, inputs ...string) error {
	if path == "" {
		return nil
	}
	if err := wholefile.CheckOutput(path, o.Overwrite, inputs...); err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return nil
}

// Inputs returns the files that a command reads, for CheckOutput: those of the named data,
// if there are any, and others, with the files beside ONNX files that have their weights.
func Inputs(data string, others ...string) (files []string) {
	if data != "" {
		files = dataset.Files(data)
	}
	for _, path := range others {
		files = append(files, path)
		if !compress.IsONNX(path) {
			continue
		}
		if model, err := onnx.Open(path); err == nil { // who reads it tells why not
			files = append(files, model.ExternalFiles()...)
		}
	}
	return files
}

// CheckNetworkName fails before the work unless the file that a flag names, for a
// network, ends in .onnx or .safetensors.
func CheckNetworkName(flag, path string) error {
	if ending := filepath.Ext(path); path != "" && !strings.EqualFold(ending, ".onnx") && !strings.EqualFold(ending, ".safetensors") {
		return fmt.Errorf("%s %s: name a file that ends in .onnx or .safetensors", flag, path)
	}
	return nil
}
