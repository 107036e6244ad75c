package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/drawing"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/figures"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/filekind"
	"github.com/deepfry/deepfry/predict"
)

// prediction is the command's JSON for a picture.
type prediction struct {
	Image         string    `json:"image"`
	Class         int       `json:"class"`
	Name          string    `json:"name"`
	Value         *float64  `json:"value,omitempty"`         // of a network with one output
	Probability   float32   `json:"probability,omitempty"`   // of the class
	Probabilities []float32 `json:"probabilities,omitempty"` // of all classes; none by a machine of least squares
	Unsure        bool      `json:"unsure,omitempty"`        // the probability is below 1/2
	Inverted      bool      `json:"inverted"`                // dark on light, turned around to look like the training images
}

// pictures classifies pictures by a network or a kernel machine.
func (c *predictCommand) pictures(term *console.Terminal, p *predict.Predictor) error {
	names, err := c.expand(term)
	if err != nil {
		return err
	}
	return c.inputs(term, names, func(name string) error {
		if dataset.IsNPZ(name) {
			return c.arrays(term, p, name)
		}
		picture, err := c.read(&name)
		if err != nil {
			return err
		}
		answer, prepared, err := p.Image(picture)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := c.printPicture(term, p, name, answer, prepared.Inverted); err != nil {
			return err
		}
		return c.show(term, prepared.Input, p.Input)
	})
}

// read reads the picture of a name, and puts a better name for - in its place.
func (c *predictCommand) read(name *string) (image.Image, error) {
	if *name == "-" {
		*name = "standard input"
		return dataset.DecodePicture(bytes.NewReader(c.stdin))
	}
	if info, err := os.Stat(*name); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: there are no pictures in this folder", *name)
	}
	return dataset.ReadPicture(*name)
}

// expand returns the names of pictures and .npz files that the inputs mean: those in
// folders and lists are put in their place. It leaves - for a picture on the
// standard input, and an input that can't be read for who reads it.
func (c *predictCommand) expand(term *console.Terminal) (names []string, err error) {
	for _, input := range c.Input {
		info, missing := os.Stat(input)
		switch {
		case input == "-" && c.stdin == nil:
			if c.stdin, err = io.ReadAll(os.Stdin); err != nil {
				return nil, fmt.Errorf("standard input: %w", err)
			}
			fallthrough
		case input == "-":
			if kind := filekind.Of(c.stdin); kind == filekind.Text || kind == filekind.Table {
				names = append(names, listed(c.stdin)...)
			} else {
				names = append(names, input)
			}
		case missing == nil && info.IsDir():
			inside, said, err := dataset.PicturesIn(input)
			flags.Say(term.Stderr, said)
			if err != nil || len(inside) == 0 { // which reading the folder as a picture tells
				inside = []string{input}
			}
			names = append(names, inside...)
		case missing == nil && strings.EqualFold(filepath.Ext(input), ".txt"):
			content, err := os.ReadFile(input)
			if err != nil {
				return nil, err
			}
			names = append(names, listed(content)...)
		default:
			names = append(names, input)
		}
	}
	return names, nil
}

// listed returns the lines of a list that are not blank.
func listed(content []byte) (names []string) {
	for line := range strings.Lines(string(content)) {
		if name := strings.TrimSpace(line); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// arrays answers for the samples of an .npz file, and compares with its labels if it
// has them.
func (c *predictCommand) arrays(term *console.Terminal, p *predict.Predictor, path string) error {
	samples, said, err := p.OpenSamples(path)
	if err != nil {
		return err
	}
	flags.Say(term.Stderr, said)
	size := p.Input.Size()
	tally, err := p.EvaluateSamples(term, samples, func(i int, a predict.Answer) error {
		if err := c.printPicture(term, p, fmt.Sprintf("%s:%d", path, i), a, false); err != nil {
			return err
		}
		return c.show(term, samples.Inputs[i*size:][:size], p.Input)
	})
	if err != nil || tally == nil || c.JSON {
		return err
	}
	return output(fmt.Fprintf(term.Stdout, "%s: %s\n", path, figures.Summary(tally, "sample")))
}

// printPicture writes the class and the runners-up that are not negligible.
func (c *predictCommand) printPicture(term *console.Terminal, p *predict.Predictor, name string, a predict.Answer, inverted bool) error {
	if c.JSON {
		line := prediction{Image: name, Class: a.Class, Name: a.Name, Probability: float32(a.Probability), Unsure: a.Unsure(), Inverted: inverted}
		for _, v := range a.Probabilities {
			line.Probabilities = append(line.Probabilities, float32(v))
		}
		if a.Class < 0 {
			line.Value = &a.Value
		}
		return output(0, json.NewEncoder(term.Stdout).Encode(line))
	}
	text := fmt.Sprintf("%s: %s", name, a)
	if a.Probabilities != nil {
		for _, class := range a.Likeliest(4)[1:] {
			if a.Probabilities[class] >= 0.001 {
				text += fmt.Sprintf(", %s (%.1f%%)", p.Classes[class], 100*a.Probabilities[class])
			}
		}
	}
	if a.Unsure() {
		text += fmt.Sprintf(": unsure, below %.0f%%", 100*predict.UnsureBelow)
	}
	return output(fmt.Fprintln(term.Stdout, text))
}

// show draws what the network saw, if that is wanted: beside JSON, on the standard error.
func (c *predictCommand) show(term *console.Terminal, input []float32, shape []int) error {
	w := term.Stdout
	if c.JSON {
		w = term.Stderr
	}
	if !c.Show || len(shape) != 3 {
		return nil
	}
	return output(io.WriteString(w, drawing.Letters(input, shape)))
}
