package main

import (
	"fmt"
	"os"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/onnx"
)

type exportCommand struct {
	Checkpoint string `arg:"" help:"A file that train wrote."`
	Output     string `short:"o" required:"" placeholder:"FILE" help:"The ONNX file to write."`
	Float16    bool   `name:"float16" help:"Store weights as float16: half the file. Inputs, outputs and computation stay float32."`
	Fastfood   string `enum:"ops,function,dense" default:"ops" help:"Fastfood layers as operators that every runtime has, as an ONNX function (one box in a viewer), or as dense layers."`
}

func (*exportCommand) Help() string {
	return `Examples:

  deepfry export runs/lenet-mnist-adaptive-1024-seed1.safetensors -o lenet.onnx
  deepfry export net.safetensors -o net.onnx --float16 --fastfood function

The network's input is named input, and its output like the last layer. Batches
may have any size.`
}

func (c *exportCommand) Run(term *terminal) error {
	network, _, err := checkpoint.Load(c.Checkpoint)
	if err != nil {
		return err
	}
	options := onnx.Options{Float16: c.Float16, Fastfood: onnx.Form(c.Fastfood)}
	if c.Fastfood == "ops" {
		options.Fastfood = onnx.Ops
	}
	model, err := onnx.FromNetwork(network, options)
	if err != nil {
		return err
	}
	if err := model.Save(c.Output); err != nil {
		return err
	}
	info, err := os.Stat(c.Output)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(term.out, "%s: %s bytes, %s weights; input %s [N×%v], output %s [N×%v]\n", c.Output, grouped(int(info.Size())), grouped(network.Weights()),
		model.Inputs[0].Name, network.Description.Input, model.Outputs[0].Name, network.OutShape())
	return err
}
