// Package flags holds flags that several subcommands have, and what they mean.
package flags

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
)

// LayerChoice says what stands behind the convolutions.
type LayerChoice struct {
	FC         string `name:"fc" placeholder:"LAYER" help:"Between the convolutions and the classifier: dense, fastfood:N (fixed) or adaptive:N (learnt), with N outputs (without N, as many as the dense layers have), block:N:Q, which learns Q (2, 4 or 8) numbers where adaptive:N has one of G, or monarch:N:B, two block-diagonal matrices of B blocks. Default: dense for inspect, adaptive:1024 (tinyvgg: 256) for train."`
	Classifier string `default:"dense" enum:"dense,fastfood,adaptive" help:"The last layer: ${enum}."`
	Padding    string `default:"power-of-two" enum:"power-of-two,mixed" help:"What inputs of Fastfood layers are padded to: a power of two, or (mixed) the next length that has a transform, such as 800, which saves weights if the outputs are about a multiple of it."`
}

// Describe returns the network of the given model with its fully-connected
// layers as the flags say; fc takes the place of FC.
func (f LayerChoice) Describe(model string, options models.Options, fc string) (nn.Description, error) {
	d, err := models.ByName(model, options)
	if err != nil {
		return d, err
	}
	fry, dense, err := parseFC(fc)
	if err != nil {
		return d, err
	}
	_, none := nn.Fry(d, nn.FryOptions{})
	if !dense && none != nil {
		return d, console.Hint(fmt.Errorf("--fc %s: %s has no fully-connected layer before its classifier", fc, model), "leave out --fc, or say --fc dense; the classifier alone is what --classifier adaptive fries, where there is that flag")
	}
	fry.Classifier = f.Classifier != "dense"
	if f.Classifier == "adaptive" {
		fry.ClassifierLearn = "SGB"
	}
	if f.Padding == "mixed" {
		fry.Padding = fastfood.Mixed
	}
	if fry.Group == 1 {
		return d, console.Hint(fmt.Errorf("--fc %s: of one number each, G is a diagonal", fc), fmt.Sprintf("that is --fc adaptive:%d", fry.Outputs))
	}
	if fry.Blocks > 0 && fry.Padding == fastfood.Mixed {
		return d, fmt.Errorf("--padding mixed with --fc %s: Monarch layers pad nothing; leave out --padding", fc)
	}
	if dense && !(fry.Classifier && none != nil) {
		if fry.Padding == fastfood.Mixed {
			advice := "choose Fastfood, for example with --fc adaptive:800"
			if none != nil {
				advice = "fry the classifier, with --classifier adaptive"
			}
			return d, console.Hint(errors.New("--padding mixed with --fc dense: a dense layer pads nothing"), advice)
		}
		if fry.Classifier {
			return d, console.Hint(fmt.Errorf("--classifier %s with --fc dense: the hidden layer comes before the classifier", f.Classifier), "fry the hidden layer too, for example with --fc adaptive:1024")
		}
		return d, nil
	}
	return nn.Fry(d, fry)
}

// DescribeModel returns a model with the given layers, a dense classifier and
// padding to powers of two.
func DescribeModel(model string, options models.Options, fc string) (nn.Description, error) {
	return LayerChoice{Classifier: "dense"}.Describe(model, options, fc)
}

// DefaultFC is the layer that takes the place of a model's dense ones.
func DefaultFC(model string) string {
	switch model {
	case "lenet", "smallvgg":
		return "adaptive:1024"
	case "tinyvgg":
		return "adaptive:256"
	case "tinygap": // it has none
		return "dense"
	}
	return "adaptive:16384"
}

// IsNetworkFile tells whether a name is that of a file, not of a model. It fails
// for a path where no file is, and for a file if layers are chosen by flags, which
// are named unless there are none.
func IsNetworkFile(name, flags string) (bool, error) {
	_, missing := os.Stat(name)
	switch {
	case slices.Contains(models.Names(), name):
		return false, nil
	case missing != nil && strings.ContainsAny(name, "./\\"):
		return false, fmt.Errorf("there is no file %s", name)
	case missing == nil && flags != "":
		return false, fmt.Errorf("%s: only for a model; %s is a file, which has layers of its own", flags, name)
	}
	return missing == nil, nil
}

// ErrNotONNX is that --input was given for another network.
var ErrNotONNX = errors.New("--input: only for ONNX files; models and checkpoints say what they take")

// OpenNetwork reads a checkpoint, or an ONNX file, whose input is a flag that says
// the shape of a sample or nothing.
func OpenNetwork(path, input string) (*nn.Network, error) {
	if !compress.IsONNX(path) {
		if input != "" {
			return nil, ErrNotONNX
		}
		network, _, err := checkpoint.Load(path)
		return network, err
	}
	shape, err := ParseShape(input)
	if err != nil {
		return nil, err
	}
	model, err := onnx.Open(path)
	if err != nil {
		return nil, err
	}
	network, err := onnx.Import(model, onnx.ImportOptions{Input: shape})
	if err == nil {
		return network, nil
	}
	err = fmt.Errorf("%s: %w", path, err)
	if in := model.Inputs; input == "" && len(in) == 1 && (len(in[0].Dims) < 2 || slices.Min(in[0].Dims[1:]) < 1) {
		return nil, console.Hint(err, "--input 1x28x28 gives the shape of a sample")
	}
	return nil, err
}

// CheckInput fails if the network takes other images than these, those of the
// named data. It says what to do: flags are those that gave the network its input, --init or
// --input among them with their values, or "" for a model with an input of its own.
func CheckInput(d nn.Description, flags string, images dataset.Source, data string) error {
	channels, height, width := images.Shape()
	found := nn.Shape{channels, height, width}
	if slices.Equal(d.Input, found) {
		return nil
	}
	var hint string
	switch fitting := fittingModels(found); {
	case strings.HasPrefix(flags, "--init"):
		hint = fmt.Sprintf("name data of %v, or a folder or a list of pictures, which are scaled", d.Input)
	case flags != "" && slices.Contains(fitting, d.Name):
		hint = "leave out --input: the network takes the images as they are then"
	case fitting != nil:
		hint = "use --model " + strings.Join(fitting, " or --model ")
	default:
		hint = "no model takes such images"
	}
	return console.Hint(fmt.Errorf("%s takes images of %v, but those of %s are %v (channels, height, width)", cmp.Or(flags, "--model "+d.Name), d.Input, data, found), hint)
}

// AnySize are the models whose input --input sets.
var AnySize = []string{"lenet", "smallvgg", "tinyvgg", "tinygap"}

// fittingModels returns the models that take images of a shape.
func fittingModels(shape nn.Shape) (names []string) {
	for _, name := range models.Names() {
		options := models.Options{}
		if slices.Contains(AnySize, name) {
			options.Input = shape
		}
		if m, err := models.ByName(name, options); err == nil && slices.Equal(m.Input, shape) {
			names = append(names, name)
		}
	}
	return names
}

// parseFC reads KIND, KIND:N, block:N:Q or monarch:N:B as what takes the place of dense
// layers, which stay for dense; without N they keep their number of outputs.
func parseFC(fc string) (fry nn.FryOptions, dense bool, err error) {
	kind, sizes, given := strings.Cut(fc, ":")
	var numbers []int
	for _, text := range strings.Split(sizes, ":") {
		n, err := strconv.Atoi(text)
		if given && (err != nil || n < 1) {
			return fry, false, fmt.Errorf("--fc %q: want whole numbers of at least 1, as in %s", fc, fcForms)
		}
		numbers = append(numbers, n)
	}
	fry.Outputs = numbers[0]
	switch {
	case kind == "dense" && !given:
		return fry, true, nil
	case kind == "fastfood" && len(numbers) == 1:
		return fry, false, nil
	case kind == "adaptive" && len(numbers) == 1:
		fry.Learn = "SGB"
		return fry, false, nil
	case kind == "block" && len(numbers) == 2:
		fry.Learn, fry.Group = "SGB", numbers[1]
		return fry, false, nil
	case kind == "monarch" && len(numbers) == 2:
		fry.Blocks = numbers[1]
		return fry, false, nil
	}
	return fry, false, fmt.Errorf("--fc %q: want %s", fc, fcForms)
}

const fcForms = "dense, fastfood:N, adaptive:N, block:N:Q or monarch:N:B, for example adaptive:1024, block:1024:4 or monarch:512:32"

// ParseShape reads a shape such as 1x28x28, or nil from nothing.
func ParseShape(text string) (nn.Shape, error) {
	if text == "" {
		return nil, nil
	}
	var shape nn.Shape
	for _, field := range strings.Split(strings.NewReplacer("X", "x", "×", "x").Replace(text), "x") {
		n, err := strconv.Atoi(field)
		if err != nil {
			n = 0
		}
		shape = append(shape, n)
	}
	if slices.Min(shape) < 1 {
		return nil, fmt.Errorf("--input %q: want the shape of a sample, for example 1x28x28", text)
	}
	return shape, nil
}

// ParseImageShape is ParseShape for images: of channels, height and width.
func ParseImageShape(text string) (nn.Shape, error) {
	shape, err := ParseShape(text)
	if err != nil || shape != nil && (len(shape) != 3 || shape[0] != 1 && shape[0] != 3) {
		return nil, fmt.Errorf("--input %q: want channels (1 or 3) x height x width, for example 3x64x64", text)
	}
	return shape, nil
}
