package flags

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/deepfry/deepfry/internal/wholefile"
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

// CheckNetworkName fails before the work unless the file that a flag names, for a
// network, ends in .onnx or .safetensors.
func CheckNetworkName(flag, path string) error {
	if ending := filepath.Ext(path); path != "" && !strings.EqualFold(ending, ".onnx") && !strings.EqualFold(ending, ".safetensors") {
		return fmt.Errorf("%s %s: name a file that ends in .onnx or .safetensors", flag, path)
	}
	return nil
}
