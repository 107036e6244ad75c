package main

import (
	"encoding/json"
	"fmt"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/train"
)

type evalCommand struct {
	Checkpoint string `arg:"" help:"A file that train wrote."`
	Data       string `placeholder:"NAME" help:"mnist, fashion or a folder of IDX files. Default: what the network was trained on."`
	JSON       bool   `name:"json" help:"Write JSON."`
}

func (c *evalCommand) Run(term *terminal) error {
	network, extra, err := checkpoint.Load(c.Checkpoint)
	if err != nil {
		return err
	}
	name := c.Data
	if name == "" {
		name = trainedOn(extra)
	}
	data, err := dataset.Open(name)
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
		return json.NewEncoder(term.out).Encode(struct {
			train.Evaluation
			Weights int    `json:"weights"`
			Data    string `json:"data"`
		}{result, network.Weights(), name})
	}
	_, err = fmt.Fprintf(term.out, "%.2f%% error: %d of %s test images of %s wrong, mean loss %.4f; %s weights\n",
		result.ErrorPercent, result.Errors, grouped(result.Images), name, result.Loss, grouped(network.Weights()))
	return err
}

// trainedOn returns the data set that a checkpoint names, or mnist.
func trainedOn(extra checkpoint.Extra) string {
	notes, err := train.Notes(extra)
	if err != nil || notes["data"] == "" {
		return "mnist"
	}
	return notes["data"]
}
