package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/predict"
	"github.com/deepfry/deepfry/train"
)

// networkKind is the input of a run's networks, and the pictures that become it.
type networkKind struct {
	input    nn.Shape             // of the network; nil: as the model has it
	pictures *dataset.Description // of a folder, as its pictures are; nil for other data
}

// chooseNetwork completes --model, and chooses the input of the network, as far as they
// follow from flags and, for a folder, from its pictures.
func (c *trainCommand) chooseNetwork() (kind networkKind, err error) {
	if kind.input, err = flags.ParseImageShape(c.Input); err != nil {
		return kind, err
	}
	c.Input = strings.ReplaceAll(kind.input.String(), "×", "x") // however it was written, for the name
	if c.Init != "" {
		err = c.openInitial(&kind)
		return kind, err
	}
	c.sideBySide = c.Model == ""
	folders, err := dataset.FolderClasses(c.Data)
	if err != nil || folders == nil {
		return kind, err
	}
	if c.sideBySide {
		c.Model = "smallvgg"
	}
	if c.Model == "smallvgg" {
		c.pictures = nn.Shape{3, 64, 64} // for now: the name of the run to resume depends on the recipe
	}
	options := c.DataOptions.Options(nil)
	options.Split = c.splitToResume()
	if kind.pictures, err = dataset.Describe(c.Data, options); err != nil {
		return kind, err
	}
	switch {
	case kind.input != nil:
	case c.Model == "smallvgg":
		kind.input = inputFor(kind.pictures)
	default:
		d, err := models.ByName(c.Model, models.Options{})
		if err != nil {
			return kind, err
		}
		kind.input = d.Input
	}
	if c.Model == "smallvgg" {
		c.pictures = kind.input
	}
	c.characters = flags.AreCharacters(kind.pictures)
	return kind, nil
}

// openInitial reads the network of --init, whose name stands for that of a model.
func (c *trainCommand) openInitial(kind *networkKind) (err error) {
	if c.Model != "" || c.FC != "" || c.Input != "" || c.Classifier != "dense" || c.Padding != "power-of-two" || c.Dropout != nil {
		return errors.New("--init: the file's network has layers and an input of its own: leave out --model, --fc, --classifier, --padding, --input and --dropout")
	}
	if c.initial, err = predict.Open(c.Init); err != nil {
		return fmt.Errorf("--init: %w", err)
	}
	if c.initial.Network == nil {
		return fmt.Errorf("--init: %s is a kernel machine: want a network", c.Init)
	}
	if kind.input = c.initial.Input; len(kind.input) != 3 {
		return fmt.Errorf("--init: the network of %s takes %v numbers: want one that takes images, channels × height × width", c.Init, kind.input)
	}
	content, err := os.ReadFile(c.Init)
	if err != nil {
		return fmt.Errorf("--init: %w", err)
	}
	hash := fnv.New32a() // so that the run of another file of this name is not resumed
	hash.Write(content)  // never fails
	c.Model = fmt.Sprintf("%s-%08x", strings.TrimSuffix(filepath.Base(c.Init), filepath.Ext(c.Init)), hash.Sum32())
	folders, err := dataset.FolderClasses(c.Data)
	if err == nil && folders != nil {
		c.pictures = kind.input
		if kind.pictures, err = dataset.Describe(c.Data, c.DataOptions.Options(nil)); err == nil {
			c.characters = flags.AreCharacters(kind.pictures)
		}
	}
	return err
}

// reclassified returns the network of --init, with a new classifier where its classes
// are not the data's.
func (c *trainCommand) reclassified(data *dataset.Dataset) (*nn.Network, error) {
	classes, network := data.Train.ClassNames(), c.initial.Network
	nodes := network.Description.Nodes
	if _, softmax := nodes[len(nodes)-1].Op.(nn.SoftmaxLayer); !softmax && c.initial.Named && slices.Equal(c.initial.Classes, classes) {
		return network, nil
	}
	network, err := network.Reclassify(len(classes), c.Seed)
	if err != nil {
		return nil, fmt.Errorf("--init %s: %w", c.Init, err)
	}
	c.newClassifier = true
	return network, nil
}

// done says what networks and recipe do to the images.
func (c *trainCommand) done(recipe train.Recipe, options models.Options) (text string) {
	normalises := options.Normalize
	if c.initial != nil {
		normalises = slices.ContainsFunc(c.initial.Network.Description.Nodes, func(n nn.Node) bool { return n.Op.Kind() == nn.Normalize{}.Kind() })
	}
	if normalises {
		text += ", normalised by the network"
	}
	if recipe.Augment != nil {
		text += ", augmented"
	}
	if c.characters && recipe.Augment != nil && !recipe.Augment.Flip {
		text += " but not mirrored, as the classes are called as digits or letters are"
	}
	return text
}

// inputFlag is the flag that says what the networks take, or "".
func (c *trainCommand) inputFlag() string {
	switch {
	case c.Init != "":
		return "--init " + c.Init
	case c.Input != "":
		return fmt.Sprintf("--model %s with --input %s", c.Model, c.Input)
	}
	return ""
}

// inputFor is the input of a small network for pictures: square, with a side of about
// the geometric mean of their sides, at most 64, which small networks learn in minutes.
func inputFor(pictures *dataset.Description) nn.Shape {
	side := 64
	for side > 16 && side*side > pictures.Middle[0]*pictures.Middle[1] {
		side -= 4
	}
	return nn.Shape{pictures.Channels, side, side}
}

// complete chooses model and input for images that are not from a folder: their own.
func (k *networkKind) complete(c *trainCommand, data *dataset.Dataset) {
	channels, height, width := data.Train.Shape()
	found := nn.Shape{channels, height, width}
	if c.Model == "" {
		c.Model = "smallvgg"
		if slices.Equal(found, nn.Shape{1, 28, 28}) {
			c.Model = "lenet"
		}
	}
	if k.input == nil && slices.Contains(flags.AnySize, c.Model) {
		k.input = found
	}
}

// line says, in one, what becomes of the images.
func (k *networkKind) line(data *dataset.Dataset, recipe train.Recipe, done string) string {
	channels, height, width := data.Train.Shape()
	text := fmt.Sprintf("images of %d×%d×%d", channels, height, width)
	if k.pictures != nil {
		text = fmt.Sprintf("pictures of about %d×%d → %d×%d×%d", k.pictures.Middle[1], k.pictures.Middle[0], channels, height, width)
		if data.Cover {
			text += ", the middle of them in their proportions"
		}
		if k.pictures.Channels > channels {
			text += fmt.Sprintf(", without their colours, which --input 3x%dx%d keeps", height, width)
		}
	}
	return fmt.Sprintf("%s; %s in batches of %d", text+done, lengthOf(recipe), recipe.BatchSize)
}

// measureInputs measures the inputs of the networks that begin anew, once for all.
func measureInputs(ctx context.Context, contestants []*contestant, data *dataset.Dataset) error {
	var measured *nn.Network
	for _, k := range contestants {
		network := k.trainer.Network
		if !k.fresh {
			continue
		}
		if measured == nil {
			if err := train.MeasureInputs(ctx, network, data.Train); err != nil {
				return err
			}
			measured = network
			continue
		}
		for _, p := range measured.Layers()[0].Params { // statistics, if there are any, have the same names
			if q := network.Param(p.Name); p.Kind == nn.Statistic && q != nil {
				copy(q.Data, p.Data)
			}
		}
	}
	return nil
}

// trainingOf names, for messages, networks that train side by side.
func trainingOf(fcs []string, recipe train.Recipe) string {
	text := fmt.Sprintf("training %s with batches of %d", strings.Join(fcs, " beside "), recipe.BatchSize)
	if recipe.Parts > 1 {
		text += fmt.Sprintf(" in %d parts", recipe.Parts)
	}
	return text
}

// limit bounds the memory of networks.
func (c *trainCommand) limit() flags.MemoryLimit {
	if c.Memory == nil {
		return flags.MemoryLimit{Memory: 8}
	}
	return flags.MemoryLimit{Memory: *c.Memory}
}
