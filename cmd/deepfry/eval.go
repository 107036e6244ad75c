package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/train"
)

type evalCommand struct {
	Checkpoint string `arg:"" help:"A file that train wrote."`
	Data       string `placeholder:"NAME" help:"mnist, fashion, a folder of IDX files, or one of pictures, as for train. Default: what the network was trained on."`
	JSON       bool   `name:"json" help:"Write JSON."`
}

func (*evalCommand) Help() string {
	return `Examples:

  deepfry eval runs/lenet-mnist-adaptive-1024-seed1.safetensors
  deepfry eval net.safetensors --data fashion --json
  deepfry eval net.safetensors --data pictures`
}

func (c *evalCommand) Run(term *console.Terminal) error {
	network, extra, err := checkpoint.Load(c.Checkpoint)
	if err != nil {
		return err
	}
	name := c.Data
	if name == "" {
		if name, err = trainedOn(extra); err != nil {
			return err
		}
	}
	data, err := dataset.OpenWith(name, dataset.Options{Input: network.Description.Input})
	if err != nil {
		return err
	}
	evaluator, err := train.NewEvaluator(network, data.Test)
	if err != nil {
		return err
	}
	result, err := evaluator.Run(term)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(term.Stdout).Encode(struct {
			train.Evaluation
			Weights int    `json:"weights"`
			Data    string `json:"data"`
		}{result, network.Weights(), name})
	}
	_, err = fmt.Fprintf(term.Stdout, "%.2f%% error: %d of %s test images of %s wrong, mean loss %.4f; %s weights\n",
		result.ErrorPercent, result.Errors, console.Grouped(result.Images), name, result.Loss, console.Grouped(network.Weights()))
	return err
}

// trainedOn returns the data set that a checkpoint names, or mnist for one that
// no training run wrote.
func trainedOn(extra checkpoint.Extra) (string, error) {
	notes, err := train.Notes(extra)
	switch {
	case errors.Is(err, train.ErrNoState):
		return "mnist", nil
	case err != nil:
		return "", console.Hint(err, "name the data with --data")
	case notes["data"] == "":
		return "", errors.New("the checkpoint does not say what it was trained on: name the data with --data")
	}
	return notes["data"], nil
}
