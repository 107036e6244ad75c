package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/deepfry/deepfry/train"
)

type exportCommand struct {
	Checkpoint string `arg:"" help:"A file that train wrote."`
	Out        string `name:"output" short:"o" required:"" placeholder:"FILE" help:"The file to write: ONNX if it ends in .onnx, or a checkpoint without what only training needs if it ends in .safetensors."`
	flags.Precision
	flags.Output
	Fastfood string `enum:"ops,function,dense" default:"ops" help:"In ONNX, Fastfood layers as operators that every runtime has, as an ONNX function (one box in a viewer), or as dense layers."`
}

func (*exportCommand) Help() string {
	return `Examples:

  deepfry export runs/lenet-mnist-adaptive-1024-seed1.safetensors -o lenet.onnx
  deepfry export net.safetensors -o net.onnx --float16 --fastfood function
  deepfry export net.safetensors -o small.safetensors --int8

In ONNX, the network's input is named input, and its output like the last layer.
Batches may have any size.`
}

func (c *exportCommand) Run(term *console.Terminal) error {
	if err := flags.CheckNetworkName("-o", c.Out); err != nil {
		return err
	}
	for _, path := range outputs(c.Out) {
		if err := c.CheckOutput("-o", path, c.Checkpoint); err != nil {
			return err
		}
	}
	precision, err := c.Precision.Choose()
	if err != nil {
		return err
	}
	network, extra, err := checkpoint.Load(c.Checkpoint)
	if err != nil {
		return err
	}
	if strings.EqualFold(filepath.Ext(c.Out), ".safetensors") {
		return c.checkpoint(term, network, extra, precision)
	}
	if extra, err = train.Inference(extra); err != nil {
		return err
	}
	options := onnx.Options{Weights: weightTypes[precision], Fastfood: onnx.Form(c.Fastfood), Metadata: extra.Metadata}
	if c.Fastfood == "ops" {
		options.Fastfood = onnx.Ops
	}
	model, err := onnx.FromNetwork(network, options)
	if err != nil {
		return err
	}
	if err := model.Save(c.Out); err != nil {
		return err
	}
	return c.print(term, network, fmt.Sprintf("input %s [N×%v], output %s [N×%v]", model.Inputs[0].Name, network.Description.Input, model.Outputs[0].Name, network.OutShape()))
}

// checkpoint writes a checkpoint for those who run the network.
func (c *exportCommand) checkpoint(term *console.Terminal, network *nn.Network, extra checkpoint.Extra, precision checkpoint.Precision) error {
	if c.Fastfood != "ops" {
		return console.Hint(fmt.Errorf("--fastfood %s: only for ONNX; in a checkpoint, Fastfood layers are what they are", c.Fastfood), "name a file that ends in .onnx")
	}
	extra, err := train.Inference(extra)
	if err != nil {
		return err
	}
	if err := checkpoint.SaveAs(c.Out, network, extra, precision); err != nil {
		return err
	}
	return c.print(term, network, cmp.Or(string(precision), "float32"))
}

// weightTypes are the types of an ONNX file's weights.
var weightTypes = map[checkpoint.Precision]onnx.DataType{checkpoint.Float16: onnx.Float16, checkpoint.Int8: onnx.Int8}

// outputs returns the file that is written, and that of its weights, which an ONNX
// file may have.
func outputs(path string) []string {
	if strings.EqualFold(filepath.Ext(path), ".safetensors") {
		return []string{path}
	}
	return []string{path, path + ".data"}
}

func (c *exportCommand) print(term *console.Terminal, network *nn.Network, details string) error {
	info, err := os.Stat(c.Out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(term.Stdout, "%s: %s bytes, %s weights; %s\n", c.Out, thousands.Apart(int(info.Size())), thousands.Apart(network.Weights()), details)
	return err
}
