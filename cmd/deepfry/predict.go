package main

import (
	"errors"

	"github.com/deepfry/deepfry/kernel/machine"
)

type predictCommand struct {
	Model string   `arg:"" help:"A file that train or fit wrote."`
	Input []string `arg:"" help:"Pictures (PNG, JPEG, GIF, WebP, TIFF, BMP or PNM files) for a network, or for a machine that was fitted to mnist or fashion; otherwise tables, gzipped or not, - for the standard input."`
	JSON  bool     `name:"json" help:"Write a JSON object a line."`
	tableFlags
}

func (*predictCommand) Help() string {
	return `Examples:

  deepfry predict runs/lenet-mnist-adaptive-1024-seed1.safetensors digit.png
  deepfry predict net.safetensors *.png --json
  deepfry predict runs/iris-gaussian-fastfood-256-ridge-seed1.safetensors flowers.csv
  zcat new.csv.gz | deepfry predict machine.safetensors - --ignore-unknown`
}

// Run looks into the model's file to learn what to do.
func (c *predictCommand) Run(term *terminal) error {
	m, err := machine.Load(c.Model)
	if errors.Is(err, machine.ErrNotModel) {
		return c.network(term)
	}
	if err != nil {
		return err
	}
	if note, fits := m.Notes[imagesNote]; fits {
		return c.machinePictures(term, m, note)
	}
	return hintTable(c.tables(term, m))
}
