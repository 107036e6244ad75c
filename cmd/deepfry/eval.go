package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/predict"
)

type evalCommand struct {
	Model     string `arg:"" help:"A file that train, fit, compress or export wrote, or an ONNX file."`
	Data      string `placeholder:"NAME" help:"mnist, fashion, IDX files, an .npz file, or a folder of pictures, as for train. A folder without pictures for tests is measured whole. Default: the test images of what the network was trained on."`
	Transpose bool   `help:"Turn the images of IDX and .npz files, as EMNIST's need it. Default: as they were when the network was trained on them."`
	SkipBad   int    `placeholder:"N" help:"Pass over up to N pictures that can't be read."`
	JSON      bool   `name:"json" help:"Write JSON."`
}

func (*evalCommand) Help() string {
	return `Examples:

  deepfry eval runs/lenet-mnist-adaptive-1024-seed1.safetensors
  deepfry eval net.safetensors --data fashion --json
  deepfry eval net.onnx --data samples.npz
  deepfry eval net.safetensors --data pictures

Folders are matched with the network's classes by their names. Of a folder, the
figure for the pictures that the network was not trained on stands beside that of
all, where the file knows them.`
}

func (c *evalCommand) Run(term *console.Terminal) error {
	p, err := predict.Open(c.Model)
	if err != nil {
		return err
	}
	if p.Encoder != nil || p.Classes == nil {
		return console.Hint(fmt.Errorf("%s answers for the rows of tables, or by values: eval measures classes of images", c.Model), "deepfry predict compares its answers with a table's targets")
	}
	r := evaluation{model: c.Model, predictor: p, data: c.Data}
	if r.data == "" {
		if r.data, err = c.trainedOn(p); err != nil {
			return err
		}
	}
	if isNPZ(r.data) {
		err = c.samples(term, &r)
	} else {
		err = c.images(term, &r)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(term.Stdout).Encode(r.json())
	}
	return r.print(term.Stdout)
}

func isNPZ(name string) bool { return strings.EqualFold(filepath.Ext(name), ".npz") }

// trainedOn returns the data that the file names, or mnist for a file of MNIST's
// size that does not say any.
func (c *evalCommand) trainedOn(p *predict.Predictor) (string, error) {
	if p.Data != "" {
		return p.Data, nil
	}
	if p.Network != nil && slices.Equal(p.Input, []int{1, 28, 28}) && c.Data == "" {
		return "mnist", nil
	}
	return "", console.Hint(errors.New(c.Model+" does not say what it was trained on"), "name the data with --data")
}

// images measures a data set of images.
func (c *evalCommand) images(term *console.Terminal, r *evaluation) error {
	p := r.predictor
	options := dataset.Options{Input: p.Input}
	data, err := dataset.OpenWith(r.data, options)
	if err != nil {
		return err
	}
	for _, line := range data.Said {
		fmt.Fprintln(term.Stderr, line)
	}
	r.kind = "test image"
	r.all, err = p.Evaluate(term, data.Test, nil)
	return err
}

// samples measures the samples of an .npz file: those for tests, where it has some.
func (c *evalCommand) samples(term *console.Terminal, r *evaluation) error {
	return os.ErrInvalid
}
