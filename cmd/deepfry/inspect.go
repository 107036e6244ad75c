package main

import (
	"cmp"
	"encoding/json"
	"io"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/inspection"
	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/deepfry/deepfry/predict"
)

type inspectCommand struct {
	flags.LayerChoice
	Network string `arg:"" help:"lenet, smallvgg, tinyvgg, tinygap, caffenet, alexnet, vgg16, a checkpoint, an ONNX file, or a kernel machine that fit wrote."`
	Input   string `placeholder:"1x28x28" help:"Shape of a sample, for ONNX files that do not say it."`
	JSON    bool   `name:"json" help:"Write JSON."`
}

func (*inspectCommand) Help() string {
	return `Examples:

  deepfry inspect lenet --fc adaptive:1024
  deepfry inspect caffenet --fc adaptive:16384 --classifier adaptive
  deepfry inspect runs/lenet-mnist-adaptive-1024-seed1.safetensors --json
  deepfry inspect net.onnx
  deepfry inspect runs/iris-gaussian-fastfood-256-ridge-seed1.safetensors

Of an ONNX file that can't be imported as a network it lists the fully-connected layers,
which deepfry compress can replace where they are, and says of other products of matrices
why it can't.`
}

func (c *inspectCommand) Run(term *console.Terminal) error {
	result, err := c.inspect()
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(term.Stdout).Encode(result)
	}
	return result.Print(term.Stdout)
}

// printer is what is written as JSON or for people.
type printer interface{ Print(w io.Writer) error }

// inspect describes a known model, or a file.
func (c *inspectCommand) inspect() (printer, error) {
	named := ""
	if c.FC != "" || c.Classifier != "dense" || c.Padding == "mixed" {
		named = "--fc, --classifier, --padding"
	}
	isFile, err := flags.IsNetworkFile(c.Network, named)
	switch {
	case err != nil:
		return nil, err
	case isFile:
		return c.file()
	case c.Input != "":
		return nil, flags.ErrNotONNX
	}
	d, err := c.Describe(c.Network, models.Options{}, cmp.Or(c.FC, "dense"))
	if err != nil {
		return nil, err
	}
	layers, err := nn.Inspect(d)
	return inspection.OfNetwork(d, layers, 0), err
}

func (c *inspectCommand) file() (printer, error) {
	network, err := flags.OpenNetwork(c.Network, c.Input)
	if err != nil {
		return c.noNetwork(err)
	}
	size, err := inspection.SizeOf(flags.Inputs("", c.Network)...)
	return inspection.OfNetwork(network.Description, network.Layers(), size), err
}

// noNetwork describes a file that can't be read as a network for that reason: a kernel
// machine, or an ONNX file, whose fully-connected layers are listed. It fails, with the
// reason, if it is neither.
func (c *inspectCommand) noNetwork(reason error) (printer, error) {
	if _, bad := flags.ParseShape(c.Input); compress.IsONNX(c.Network) && bad == nil {
		model, err := onnx.Open(c.Network)
		if err != nil {
			return nil, reason
		}
		return inspection.OfLinears(c.Network, model, reason)
	}
	p, err := predict.Open(c.Network)
	if err != nil || p.Machine == nil || c.Input != "" {
		return nil, reason
	}
	size, err := inspection.SizeOf(c.Network)
	if err != nil {
		return nil, err
	}
	return inspection.OfMachine(c.Network, p, size)
}
