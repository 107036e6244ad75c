package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/predict"
)

type evalCommand struct {
	Model string `arg:"" help:"A file that train, fit, compress or export wrote, or an ONNX file."`
	Data  string `placeholder:"NAME" help:"mnist, fashion, IDX files, an .npz file, or a folder or list of pictures, as for train. One without pictures for tests is measured whole. Default: the test images of what the network was trained on."`
	JSON  bool   `name:"json" help:"Write JSON."`
	flags.DataOptions
	flags.Standardization
}

func (*evalCommand) Help() string {
	return `Examples:

  deepfry eval runs/lenet-mnist-adaptive-1024-seed1.safetensors
  deepfry eval net.safetensors --data fashion --json
  deepfry eval net.onnx --data samples.npz
  deepfry eval net.onnx --data pictures --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
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
	if err := p.Standardize(c.Standardization.Value()); err != nil {
		return fmt.Errorf("--mean and --std: %w", err)
	}
	r := evaluation{model: c.Model, predictor: p}
	if r.data = cmp.Or(c.Data, p.Data); r.data == "" {
		return console.Hint(errors.New(c.Model+" does not say what it was trained on"), "name the data with --data")
	}
	if p.TakesSamples(r.data) {
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

// images measures a data set of images. A folder that is named is measured whole,
// unless it says which pictures are for tests; of the one that the network was
// trained on, what was held out.
func (c *evalCommand) images(term *console.Terminal, r *evaluation) error {
	p, options := r.predictor, c.DataOptions.Options(nil)
	options.Whole = c.Data != ""
	data, err := p.OpenImages(r.data, options)
	if err != nil && c.Data == "" {
		return console.Hint(fmt.Errorf("%s was trained on %s: %w", c.Model, r.data, err), "if the data are elsewhere now, name them with --data")
	} else if err != nil {
		return err
	}
	flags.Say(term.Stderr, data.Said)
	r.kind = "test image"
	if data.Pictures && options.Whole {
		r.kind = "image"
		if p.TrainedOn == nil && (p.Preparation == predict.Stretched || p.Preparation == predict.Covered) { // trained on a folder
			fmt.Fprintf(term.Stderr, "%s does not say which pictures it was trained on: those count, too\n", c.Model)
		}
	}
	hashes := data.Test.FileHashes()
	if hashes != nil && p.TrainedOn != nil {
		r.untrained = predict.NewTally(len(p.Classes))
	}
	labels, err := p.Labels(data.Test.ClassNames())
	if err != nil {
		return err
	}
	r.all, err = p.Evaluate(term, data.Test, func(i int, a predict.Answer) {
		if r.untrained != nil && !p.TrainedOn[hashes[i]] {
			r.untrained.Add(float64(labels[data.Test.Label(i)]), a)
		}
	})
	return err
}

// samples measures the samples of an .npz file: those for tests, where it has some.
func (c *evalCommand) samples(term *console.Terminal, r *evaluation) error {
	if err := c.ForSamples(r.data); err != nil {
		return err
	}
	samples, said, err := r.predictor.OpenSamples(r.data)
	if err != nil {
		return err
	}
	flags.Say(term.Stderr, said)
	if samples.Labels == nil {
		return console.Hint(fmt.Errorf("%s has no labels: there is nothing to compare with", r.data), "deepfry predict answers without them")
	}
	r.kind = "sample"
	r.all, err = r.predictor.EvaluateSamples(term, samples, nil)
	return err
}
