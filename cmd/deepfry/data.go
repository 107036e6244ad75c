package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
)

type dataCommand struct {
	Name  string `arg:"" optional:"" help:"mnist, fashion, a folder of IDX files, or one of pictures, as for train; without it, the first two."`
	Input string `placeholder:"3x64x64" help:"Scale pictures to channels x height x width. Default: as they are, and then all must have the same size."`
	JSON  bool   `name:"json" help:"Write JSON."`
}

// dataInfo is what the command tells of a data set.
type dataInfo struct {
	Name   string `json:"name"`
	Folder string `json:"folder,omitempty"`
	Error  string `json:"error,omitempty"` // says how to get it
	Train  int    `json:"train_images,omitempty"`
	Test   int    `json:"test_images,omitempty"`
	Shape  [3]int `json:"shape,omitzero"` // channels, height, width

	Classes []classInfo `json:"classes,omitempty"` // of pictures
}

// classInfo counts the images of a class.
type classInfo struct {
	Name  string `json:"name"`
	Train int    `json:"train_images"`
	Test  int    `json:"test_images"`
}

func (*dataCommand) Help() string {
	return `Examples:

  deepfry data
  deepfry data fashion
  deepfry data ./folder --json
  deepfry data pictures --input 1x28x28`
}

func (c *dataCommand) Run(term *console.Terminal) error {
	input, err := flags.ParseShape(c.Input)
	if err != nil {
		return err
	}
	if len(input) != 0 && len(input) != 3 {
		return fmt.Errorf("--input %q: want channels, height and width, for example 1x28x28", c.Input)
	}
	names := []string{"mnist", "fashion"}
	if c.Name != "" {
		names = []string{c.Name}
	}
	for _, name := range names {
		info, err := describeData(name, input)
		switch {
		case c.JSON:
			if err := json.NewEncoder(term.Stdout).Encode(info); err != nil {
				return err
			}
		case err == nil:
			fmt.Fprintf(term.Stdout, "%-8s %s: %d training and %d test images of %d×%d×%d\n", name, info.Folder,
				info.Train, info.Test, info.Shape[0], info.Shape[1], info.Shape[2])
			for label, class := range info.Classes {
				fmt.Fprintf(term.Stdout, "%8d %s: %d and %d\n", label, class.Name, class.Train, class.Test)
			}
		case c.Name == "":
			fmt.Fprintf(term.Stdout, "%-8s not found: %v\n", name, err)
		}
		if errors.Is(err, dataset.ErrSizes) {
			return console.Hint(err, "--input 3x64x64 scales them")
		}
		if err != nil && c.Name != "" {
			return err
		}
	}
	return nil
}

func describeData(name string, input nn.Shape) (dataInfo, error) {
	info := dataInfo{Name: name}
	folder, err := dataset.Locate(name)
	if err != nil {
		info.Error = err.Error()
		return info, err
	}
	data, err := dataset.OpenWith(name, dataset.Options{Input: input})
	if err != nil {
		info.Error = err.Error()
		return info, err
	}
	info.Folder, info.Train, info.Test = folder, data.Train.Len(), data.Test.Len()
	info.Shape = [3]int{data.Train.Channels, data.Train.Height, data.Train.Width}
	if !data.Pictures {
		return info, nil
	}
	for _, name := range data.Train.Classes {
		info.Classes = append(info.Classes, classInfo{Name: name})
	}
	for _, label := range data.Train.Labels {
		info.Classes[label].Train++
	}
	for _, label := range data.Test.Labels {
		info.Classes[label].Test++
	}
	return info, nil
}
