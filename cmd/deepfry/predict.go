package main

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

type predictCommand struct {
	Checkpoint string   `arg:"" help:"A file that train wrote."`
	Image      []string `arg:"" help:"PNG, JPEG or GIF files."`
	JSON       bool     `name:"json" help:"Write a JSON object a line."`
}

// prediction is the command's JSON.
type prediction struct {
	Image         string    `json:"image"`
	Class         int       `json:"class"`
	Name          string    `json:"name"`
	Probability   float32   `json:"probability"`   // of the class
	Probabilities []float32 `json:"probabilities"` // of all classes
	Inverted      bool      `json:"inverted"`      // dark on light, turned around to look like the training images
}

func (*predictCommand) Help() string {
	return `Examples:

  deepfry predict runs/lenet-mnist-adaptive-1024-seed1.safetensors digit.png
  deepfry predict net.safetensors *.png --json`
}

func (c *predictCommand) Run(term *terminal) error {
	network, extra, err := checkpoint.Load(c.Checkpoint)
	if err != nil {
		return err
	}
	shape := network.Description.Input
	if len(shape) != 3 {
		return fmt.Errorf("%s takes inputs of %v, not images", c.Checkpoint, shape)
	}
	var classes []string
	if notes, err := train.Notes(extra); err == nil && notes["classes"] != "" {
		classes = strings.Split(notes["classes"], classSeparator)
	}
	workspace := network.NewWorkspace(1, false)
	encoder := json.NewEncoder(term.out)
	for _, path := range c.Image {
		if err := term.Context.Err(); err != nil {
			return err
		}
		pixels, inverted, err := dataset.ReadImage(path, shape[0], shape[1], shape[2])
		if err != nil {
			return err
		}
		p := prediction{Image: path, Inverted: inverted, Probabilities: slices.Clone(workspace.Forward(pixels))}
		nn.Softmax(p.Probabilities)
		if math.IsNaN(float64(p.Probabilities[0])) {
			return fmt.Errorf("%s: the network's output for %s is not finite: the checkpoint is damaged, or the run that wrote it diverged", c.Checkpoint, path)
		}
		p.Probability = slices.Max(p.Probabilities)
		p.Class = slices.Index(p.Probabilities, p.Probability)
		p.Name = className(classes, p.Class)
		if c.JSON {
			if err := encoder.Encode(p); err != nil {
				return err
			}
			continue
		}
		p.print(term, classes)
	}
	return nil
}

// classSeparator stands between the names of classes in a checkpoint's notes.
const classSeparator = "\n"

func className(classes []string, class int) string {
	if class < 0 || class >= len(classes) {
		return strconv.Itoa(class)
	}
	return classes[class]
}

// print writes the class and the runners-up that are not negligible.
func (p prediction) print(term *terminal, classes []string) {
	fmt.Fprintf(term.out, "%s: %s (%.1f%%)", p.Image, p.Name, 100*p.Probability)
	order := make([]int, len(p.Probabilities))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p.Probabilities[a] > p.Probabilities[b]:
			return -1
		case p.Probabilities[a] < p.Probabilities[b]:
			return 1
		}
		return 0
	})
	for _, class := range order[1:min(4, len(order))] {
		if p.Probabilities[class] >= 0.001 {
			fmt.Fprintf(term.out, ", %s (%.1f%%)", className(classes, class), 100*p.Probabilities[class])
		}
	}
	fmt.Fprintln(term.out)
}
