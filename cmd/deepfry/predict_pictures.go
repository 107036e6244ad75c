package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/kernel/machine"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// prediction is the command's JSON for a picture.
type prediction struct {
	Image         string    `json:"image"`
	Class         int       `json:"class"`
	Name          string    `json:"name"`
	Probability   float32   `json:"probability,omitempty"`   // of the class
	Probabilities []float32 `json:"probabilities,omitempty"` // of all classes; none by a machine of least squares
	Inverted      bool      `json:"inverted"`                // dark on light, turned around to look like the training images
}

// network classifies pictures by a network.
func (c *predictCommand) network(term *console.Terminal) error {
	network, extra, err := checkpoint.Load(c.Model)
	if err != nil {
		return err
	}
	shape := network.Description.Input
	if len(shape) != 3 {
		return fmt.Errorf("%s takes inputs of %v, not images", c.Model, shape)
	}
	var classes []string
	read := dataset.ReadImage
	if notes, err := train.Notes(extra); err == nil && notes["classes"] != "" {
		classes = strings.Split(notes["classes"], classSeparator)
		if notes[picturesNote] != "" {
			read = readPixels
		}
	}
	workspace := network.NewWorkspace(1, false)
	return c.pictures(term, read, shape, classes, true, func(pixels []float32) []float32 { return workspace.Forward(pixels) })
}

// machinePictures classifies pictures by a kernel machine.
func (c *predictCommand) machinePictures(term *console.Terminal, m *machine.Model, note string) error {
	var shape imageNote
	if err := json.Unmarshal([]byte(note), &shape); err != nil {
		return fmt.Errorf("%s: what is noted about images: %w", c.Model, err)
	}
	if shape.Channels < 1 || shape.Height < 1 || shape.Width < 1 || m.Columns.Classes == nil || m.Columns.Inputs != shape.Channels*shape.Height*shape.Width {
		return fmt.Errorf("%s: the machine has %d inputs and %d classes, but images of %d×%d×%d are noted", c.Model,
			m.Columns.Inputs, len(m.Columns.Classes), shape.Channels, shape.Height, shape.Width)
	}
	read := dataset.ReadImage
	if shape.Pictures {
		read = readPixels
	}
	predictor, scores := m.NewPredictor(1), make([]float32, len(m.Columns.Classes))
	return c.pictures(term, read, []int{shape.Channels, shape.Height, shape.Width}, m.Columns.Classes, m.Logits, func(pixels []float32) []float32 {
		predictor.Predict(scores, pixels)
		return scores
	})
}

// picturesNote is the note of a network that was trained on a folder of pictures.
const picturesNote = "pictures"

// readImage reads a picture for a network or machine.
type readImage func(path string, channels, height, width int) (pixels []float32, inverted bool, err error)

// readPixels is dataset.ReadImage without inversion, as a folder of pictures is
// read.
func readPixels(path string, channels, height, width int) ([]float32, bool, error) {
	values, err := dataset.ReadPixels(path, channels, height, width)
	pixels := make([]float32, len(values))
	for i, v := range values {
		pixels[i] = float32(v) / 255
	}
	return pixels, false, err
}

// pictures classifies the inputs by the greatest score, whose softmax may be
// probabilities. The shape is [channels, height, width].
func (c *predictCommand) pictures(term *console.Terminal, read readImage, shape []int, classes []string, logits bool, scores func(pixels []float32) []float32) error {
	encoder := json.NewEncoder(term.Stdout)
	for _, path := range c.Input {
		if err := term.Context.Err(); err != nil {
			return err
		}
		pixels, inverted, err := read(path, shape[0], shape[1], shape[2])
		if err != nil {
			return err
		}
		all := slices.Clone(scores(pixels))
		p := prediction{Image: path, Inverted: inverted, Class: slices.Index(all, slices.Max(all))}
		if p.Class < 0 { // NaN
			return fmt.Errorf("%s: the output for %s is not finite: the file is damaged, or the run that wrote it diverged", c.Model, path)
		}
		p.Name = className(classes, p.Class)
		if logits {
			nn.Softmax(all)
			p.Probabilities, p.Probability = all, all[p.Class]
		}
		if !c.JSON {
			p.print(term, classes)
		} else if err := encoder.Encode(p); err != nil {
			return err
		}
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
func (p prediction) print(term *console.Terminal, classes []string) {
	fmt.Fprintf(term.Stdout, "%s: %s", p.Image, p.Name)
	if p.Probabilities == nil {
		fmt.Fprintln(term.Stdout)
		return
	}
	fmt.Fprintf(term.Stdout, " (%.1f%%)", 100*p.Probability)
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
			fmt.Fprintf(term.Stdout, ", %s (%.1f%%)", className(classes, class), 100*p.Probabilities[class])
		}
	}
	fmt.Fprintln(term.Stdout)
}
