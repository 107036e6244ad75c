package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
)

// dataCommand describes data sets, unless it is told to draw one.
type dataCommand struct {
	Describe describeCommand `cmd:"" default:"withargs" help:"Tell where data sets are, or how to get them. The word describe may be left out."`
	Shapes   shapesCommand   `cmd:"" help:"Draw pictures of figures to learn from, as many as you like."`
}

type describeCommand struct {
	Name  string `arg:"" optional:"" help:"mnist, fashion, IDX files, an .npz file, or a folder or list of pictures, as for train; without it, the first two."`
	Input string `placeholder:"3x64x64" help:"As pictures are when they are scaled to channels x height x width. Default: as they are."`
	JSON  bool   `name:"json" help:"Write JSON."`
	flags.DataOptions
}

// dataInfo is what the command tells of a data set.
type dataInfo struct {
	Name   string `json:"name"`
	Folder string `json:"folder,omitempty"`
	Error  string `json:"error,omitempty"` // says how to get it
	Train  int    `json:"train_images,omitempty"`
	Test   int    `json:"test_images,omitempty"`
	// Validation is that of data with images for it beside those for tests.
	Validation int `json:"validation_images,omitempty"`

	Shape [3]int `json:"shape,omitzero"` // channels, height, width; pictures of several sizes have none

	Classes []classInfo `json:"classes,omitempty"` // of pictures
	Said    []string    `json:"said,omitempty"`    // what is passed over
}

// classInfo counts the images of a class.
type classInfo struct {
	Name       string `json:"name"`
	Train      int    `json:"train_images"`
	Test       int    `json:"test_images"`
	Validation int    `json:"validation_images,omitempty"`
}

func (*describeCommand) Help() string {
	return `Examples:

  deepfry data
  deepfry data fashion
  deepfry data ./folder --json
  deepfry data pictures --input 1x28x28`
}

func (c *describeCommand) Run(term *console.Terminal) error {
	input, err := flags.ParseImageShape(c.Input)
	if err != nil {
		return err
	}
	names := []string{"mnist", "fashion"}
	if c.Name != "" {
		names = []string{c.Name}
	}
	for _, name := range names {
		info, err := c.describe(name, input)
		switch {
		case c.JSON:
			if err := json.NewEncoder(term.Stdout).Encode(info); err != nil {
				return err
			}
		case err == nil:
			info.write(term.Stdout)
		case c.Name == "":
			fmt.Fprintf(term.Stdout, "%-8s not found: %v\n", name, err)
		}
		if err != nil && c.Name != "" {
			return err
		}
	}
	return nil
}

// write prints it as text.
func (i dataInfo) write(w io.Writer) {
	shape := "several sizes"
	if i.Shape != [3]int{} {
		shape = fmt.Sprintf("%d×%d×%d", i.Shape[0], i.Shape[1], i.Shape[2])
	}
	validation := func(count int, text string) string {
		if i.Validation == 0 {
			return ""
		}
		return fmt.Sprintf(", %d%s", count, text)
	}
	fmt.Fprintf(w, "%-8s %s: %d training%s and %d test images of %s\n", i.Name, i.Folder, i.Train, validation(i.Validation, " validation"), i.Test, shape)
	for label, class := range i.Classes {
		fmt.Fprintf(w, "%8d %s: %d%s and %d\n", label, class.Name, class.Train, validation(class.Validation, ""), class.Test)
	}
	for _, line := range i.Said {
		fmt.Fprintln(w, line)
	}
}

func (c *describeCommand) describe(name string, input nn.Shape) (dataInfo, error) {
	info := dataInfo{Name: name}
	found, err := dataset.Describe(name, c.DataOptions.Options(input))
	if err != nil {
		info.Error = err.Error()
		return info, err
	}
	info.Folder, info.Train, info.Test, info.Validation, info.Said = found.Folder, found.Train, found.Test, found.Validation, found.Said
	if found.Height != 0 {
		info.Shape = [3]int{found.Channels, found.Height, found.Width}
	}
	if !found.Pictures {
		return info, nil
	}
	for _, class := range found.Classes {
		info.Classes = append(info.Classes, classInfo(class))
	}
	return info, nil
}
