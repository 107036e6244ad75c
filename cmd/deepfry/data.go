package main

import (
	"encoding/json"
	"fmt"

	"github.com/deepfry/deepfry/dataset"
)

type dataCommand struct {
	Name string `arg:"" optional:"" help:"mnist, fashion or a folder; without it, the first two."`
	JSON bool   `name:"json" help:"Write JSON."`
}

// dataInfo is what the command tells of a data set.
type dataInfo struct {
	Name   string `json:"name"`
	Folder string `json:"folder,omitempty"`
	Error  string `json:"error,omitempty"` // says how to get it
	Train  int    `json:"train_images,omitempty"`
	Test   int    `json:"test_images,omitempty"`
	Shape  [3]int `json:"shape,omitzero"` // channels, height, width
}

func (*dataCommand) Help() string {
	return `Examples:

  deepfry data
  deepfry data fashion
  deepfry data ./folder --json`
}

func (c *dataCommand) Run(term *terminal) error {
	names := []string{"mnist", "fashion"}
	if c.Name != "" {
		names = []string{c.Name}
	}
	for _, name := range names {
		info, err := describeData(name)
		switch {
		case c.JSON:
			if err := json.NewEncoder(term.out).Encode(info); err != nil {
				return err
			}
		case err == nil:
			fmt.Fprintf(term.out, "%-8s %s: %d training and %d test images of %d×%d×%d\n", name, info.Folder,
				info.Train, info.Test, info.Shape[0], info.Shape[1], info.Shape[2])
		case c.Name == "":
			fmt.Fprintf(term.out, "%-8s not found: %v\n", name, err)
		}
		if err != nil && c.Name != "" {
			return err
		}
	}
	return nil
}

func describeData(name string) (dataInfo, error) {
	info := dataInfo{Name: name}
	folder, err := dataset.Locate(name)
	if err != nil {
		info.Error = err.Error()
		return info, err
	}
	data, err := dataset.Open(name)
	if err != nil {
		info.Error = err.Error()
		return info, err
	}
	info.Folder, info.Train, info.Test = folder, data.Train.Len(), data.Test.Len()
	info.Shape = [3]int{data.Train.Channels, data.Train.Height, data.Train.Width}
	return info, nil
}
