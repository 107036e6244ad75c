package main

import (
	"fmt"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset/shapes"
)

type shapesCommand struct {
	Out      string `required:"" placeholder:"DIR" help:"A new or an empty folder for the pictures: DIR/train/CLASS/0000.jpg, ..., DIR/test/CLASS/0000.jpg, ..."`
	Textures bool   `help:"Ten figures with five patterns each, 50 classes, as PNG, instead of ten shapes as JPEG."`
	Train    *int   `placeholder:"N" help:"Pictures to train on, of all classes together. Default: 2000 of shapes, 20000 of textures."`
	Test     *int   `placeholder:"N" help:"Pictures to test on. Default: 600 of shapes, 2000 of textures."`
	Seed     uint64 `default:"1" help:"Draws the pictures: the same ones on every machine."`
}

func (*shapesCommand) Help() string {
	return `Pictures are in colours, of 64×64 pixels, with noise. A folder of your own that is called
shapes is ./shapes.

Examples:

  deepfry data shapes --out figures
  deepfry data shapes --out more --train 20000 --seed 2
  deepfry data shapes --out textures --textures
  deepfry train --data figures`
}

func (c *shapesCommand) Run(term *console.Terminal) error {
	set, options := shapes.Shapes, shapes.Options{Train: 2000, Test: 600, Seed: c.Seed}
	if c.Textures {
		set, options = shapes.Textures, shapes.Options{Train: 20000, Test: 2000, Seed: c.Seed}
	}
	flags.Override(&options.Train, c.Train)
	flags.Override(&options.Test, c.Test)
	bar := console.NewBar(term)
	defer bar.Stop()
	options.Progress = func(done, total int) { bar.Show("drawing", done, total) }
	if err := set.Write(term, c.Out, options); err != nil {
		return err
	}
	bar.Stop()
	fmt.Fprintf(term.Stdout, "%s: %s to train and %d to test on, of %d classes\n", c.Out, console.Counted(options.Train, "picture"), options.Test, len(set.Classes()))
	return nil
}
