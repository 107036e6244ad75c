package compress

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
)

// Options says what Compress does. Without sizes and goals it has defaults that
// serve: with labels, at most half a point of accuracy is lost (MaxDrop 0.5); with data
// that have none, the error of the network's outputs is at most 10%; and without data a
// layer becomes an SVD that keeps 99% of its energy, if that takes at most half of the
// break-even rank.
type Options struct {
	// Methods are what may take a layer's place. Of several, which needs a goal, the
	// best is taken for every layer. None means Auto() where there are data and a
	// goal, and else SVD.
	Methods []Method
	// Layers are names, each once; none means all, without those of which a
	// replacement saves under 1% of the file unless sizes, a budget or a target size ask
	// for it.
	Layers     []string
	Rank       Rank
	Transforms int // of Fastfood in sequence in place of a layer

	// A goal has sizes chosen for every layer. At most one is not zero.
	Budget float64 // divides the model's weights by at least this
	// MaxDrop is how many points of accuracy may be lost after fine-tuning, if there is
	// any: with a probability of 90%, by what samples say that nothing was fitted to. It
	// needs labels. With fine-tuning, up to five networks are fine-tuned in search of the
	// smallest.
	MaxDrop     float64
	TargetBytes int // of the file that Save writes, files with its weights included
	// Output is the path that Save will get, whose ending says what file TargetBytes
	// bounds; "" means one of the model's own kind.
	Output string

	// Data are what layers are fitted to, the network is fine-tuned on and choices are
	// made on; nil: only SVD, and errors are measured on random inputs. A fifth (of few, half) of
	// Data.Train, at most 10,000 samples, is held out from fits. Where labels decide,
	// of a drop or of fine-tuning, and there are at least 1,000 test samples, half of
	// those have a say in choices, too, and the report tells the errors of the others.
	Data *Data
	// FineTune is epochs for the whole network, on the original's outputs, and on labels
	// if there are any.
	// The better of before and after is kept.
	FineTune int
	// Rate is the highest learning rate of fine-tuning; 0 means 0.001, but 0.003
	// where a layer has become Fastfood or a random projection, and 0.005 for
	// LowRank.
	Rate float64
	Seed uint64
	// AllowSlower keeps transforms that take clearly longer than the dense layer, on
	// this machine and one sample, instead of refusing them. Products of dense layers
	// have fewer multiply-adds and are never refused for their time.
	AllowSlower bool
	// Precisions are in what Save may store weights, and sizes in bytes are meant so. Of
	// several, which needs TargetBytes, the one is taken that does the least harm in so many
	// bytes. None means float32, or, with TargetBytes, any.
	Precisions []checkpoint.Precision

	Progress func(text string) // nil, or is told what goes on
}

// precisions are all that there are.
var precisions = []checkpoint.Precision{checkpoint.Float32, checkpoint.Float16, checkpoint.Int8}

// What is done where nothing says how much.
const (
	defaultDrop   = 0.5  // points, with labels
	defaultError  = 0.1  // of the network's outputs, with data that have no labels: 99% of their energy is kept
	defaultEnergy = 0.99 // of a layer, without data
)

// prepare checks the options and sets defaults.
func (c *compressor) prepare() error {
	if err := c.checkNumbers(); err != nil {
		return err
	}
	if err := c.checkLayers(); err != nil {
		return err
	}
	if err := c.checkNetwork(); err != nil {
		return err
	}
	if err := c.setDefaults(); err != nil {
		return err
	}
	if m := c.needsData(); m != nil && c.Data == nil {
		return fmt.Errorf("compress: %s is fitted to data: give some; without data there is svd", m.Name())
	}
	for _, m := range c.Methods {
		if err := c.checkMethod(m); err != nil {
			return err
		}
	}
	if c.Data != nil {
		c.split()
		c.warnOfChance()
		c.warnOfClasses()
	}
	return nil
}

// checkNumbers returns an error for numbers that say nothing, or too much together.
func (c *compressor) checkNumbers() error {
	goals := 0
	for _, g := range []float64{c.Budget, c.MaxDrop, float64(c.TargetBytes)} {
		if !(g >= 0) || math.IsInf(g, 0) {
			return fmt.Errorf("compress: a budget of %v, a drop of %v or a size of %d is negative or not finite", c.Budget, c.MaxDrop, c.TargetBytes)
		}
		if g > 0 {
			goals++
		}
	}
	if err := c.Rank.check(); err != nil {
		return err
	}
	const mostTransforms = 1024
	switch {
	case goals > 1:
		return errors.New("compress: choose one of a budget, a largest drop and a target size")
	case c.Budget > 0 && c.Budget <= 1:
		return errors.New("compress: a budget of 4 means a quarter of the weights: want more than 1")
	case c.MaxDrop >= 100:
		return fmt.Errorf("compress: a drop of %v points: want less than 100, for example 0.5", c.MaxDrop)
	case c.FineTune < 0 || c.Transforms < 0 || c.Transforms > mostTransforms:
		return fmt.Errorf("compress: %d epochs, %d transforms: want none or more, and at most %d transforms", c.FineTune, c.Transforms, mostTransforms)
	case !(c.Rate >= 0 && c.Rate < 1):
		return fmt.Errorf("compress: a rate of %v: want one from 0 to 1", c.Rate)
	case c.Rate > 0 && c.FineTune == 0:
		return errors.New("compress: a rate is for fine-tuning: give a number of epochs")
	case c.Rank != Rank{} && c.Transforms > 0:
		return errors.New("compress: a rank and a number of transforms: choose one of them")
	case slices.ContainsFunc(c.Precisions, func(p checkpoint.Precision) bool { return !slices.Contains(precisions, p) }):
		return fmt.Errorf("compress: precisions %q: want some of %q", c.Precisions, precisions)
	case len(c.Precisions) > 1 && c.TargetBytes == 0:
		return errors.New("compress: several precisions: want one, or a target size, which chooses")
	case goals == 1 && c.hasSize():
		return errors.New("compress: a goal chooses the ranks: give one or the other")
	}
	return nil
}

// checkLayers returns an error unless the layers are the model's, each named once.
func (c *compressor) checkLayers() error {
	for i, name := range c.Layers {
		if slices.Contains(c.Layers[:i], name) {
			return fmt.Errorf("compress: layer %q is named twice", name)
		}
		if !slices.ContainsFunc(c.model.Layers, func(l *Layer) bool { return l.Name == name }) {
			names := []string{}
			for _, l := range c.model.Layers {
				names = append(names, l.Name)
			}
			return fmt.Errorf("compress: there is no fully-connected layer %q; there are: %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// checkNetwork returns an error if what is asked for takes a network, or data, that
// are not there.
func (c *compressor) checkNetwork() (err error) {
	switch {
	case c.model.Network == nil && (c.needsData() != nil || c.Data != nil || c.FineTune > 0):
		return fmt.Errorf("compress: only svd and monarch without data are possible, for the file can't be imported as a network: %w", c.model.Reason)
	case c.MaxDrop > 0 && (c.Data == nil || c.Data.Train.Labels == nil):
		return errors.New("compress: a largest drop is measured on labels: give data that have them")
	case c.Data == nil && c.FineTune > 0:
		return errors.New("compress: fine-tuning needs data: give some")
	case c.model.Network == nil:
		return nil
	}
	if c.logits, err = logits(c.model.Network); err != nil {
		return err
	}
	size, err := nn.WorkspaceBytes(c.logits.Description, 1, false)
	if err != nil {
		return err
	}
	perSample := int(size) + 4*c.logits.Description.Input.Size()
	c.samples = min(64, (4<<20+2*c.model.bytes)/perSample)
	if c.Data == nil {
		return nil
	}
	c.samples = max(1, c.samples)
	return c.checkData()
}

// setDefaults sets what the options leave open.
func (c *compressor) setDefaults() error {
	if len(c.Precisions) == 0 {
		c.Precisions = []checkpoint.Precision{checkpoint.Float32}
		if c.TargetBytes > 0 {
			c.Precisions = precisions
		}
	}
	if m := c.model.file; m != nil && m.Opset[""] < onnx.MinInt8Opset && c.FineTune == 0 {
		others := slices.DeleteFunc(slices.Clone(c.Precisions), func(p checkpoint.Precision) bool { return p == checkpoint.Int8 })
		if len(others) == 0 {
			return fmt.Errorf("compress: int8: the file has opset %d: want %d or more, or fine-tune, which has the file written anew", m.Opset[""], onnx.MinInt8Opset)
		}
		if len(others) < len(c.Precisions) {
			c.note("int8 was left out: the file has opset %d, and it takes %d; fine-tuning has the file written anew", m.Opset[""], onnx.MinInt8Opset)
		}
		c.Precisions = others
	}
	c.precision = c.Precisions[0]
	c.explicit = c.hasSize() || c.Budget > 0 || c.TargetBytes > 0 || len(c.Layers) > 0
	switch {
	case c.hasSize() || c.hasGoal() || c.Data == nil:
	case c.Data.Train.Labels != nil:
		c.MaxDrop = defaultDrop
	default:
		c.maxError = defaultError
	}
	if len(c.Methods) == 0 {
		c.Methods = []Method{SVD}
		if c.hasGoal() && c.Data != nil {
			c.Methods = Auto()
		}
	}
	for i, m := range c.Methods {
		if m == nil || slices.Contains(c.Methods[:i], m) {
			return errors.New("compress: a method is nil, or is given twice")
		}
	}
	if len(c.Methods) > 1 && c.hasSize() {
		return fmt.Errorf("compress: %s chooses sizes itself: give a goal instead, a budget, a largest drop or a target size, or a single method", auto)
	}
	return nil
}

// needsData returns a method that can't be had without data, if that leaves none.
func (c *compressor) needsData() Method {
	for _, m := range c.Methods {
		if m != nil && !m.needs().data {
			return nil
		}
	}
	if len(c.Methods) == 0 {
		return nil
	}
	return c.Methods[0]
}

// checkMethod returns an error if the options do not fit a method.
func (c *compressor) checkMethod(m Method) error {
	needs := m.needs()
	switch {
	case needs.tuning && !c.hasSize():
		return fmt.Errorf("compress: %s starts from random numbers, so that no goal can be searched: give a rank", m.Name())
	case needs.tuning && c.FineTune == 0:
		return fmt.Errorf("compress: %s starts from random numbers: it needs epochs of fine-tuning", m.Name())
	case needs.transforms && c.Rank != Rank{}:
		return fmt.Errorf("compress: %s has no rank: give a number of transforms", m.Name())
	case !needs.transforms && c.Transforms > 0:
		return fmt.Errorf("compress: a number of transforms is for fastfood, not for %s", m.Name())
	case c.Rank.Energy > 0 && !needs.energy:
		return fmt.Errorf("compress: energy is kept by svd, not by %s: give a rank", m.Name())
	case m == Block && c.Rank != Rank{} && !slices.Contains(groups, c.Rank.N):
		return fmt.Errorf("compress: the rank of block is the rows of its matrices: want one of %v", groups)
	}
	return nil
}

func (c *compressor) checkData() error {
	input, classes := c.model.Network.Description.Input.Size(), c.logits.OutShape().Size()
	for _, s := range []Samples{c.Data.Train, c.Data.Test} {
		n := len(s.Inputs) / input
		if n < 1 || len(s.Inputs) != n*input {
			return fmt.Errorf("compress: %d numbers are not samples of %v, or there are none", len(s.Inputs), c.model.Network.Description.Input)
		}
		for i, v := range s.Inputs {
			if d := v - v; d != 0 { // infinite or not a number
				return fmt.Errorf("compress: sample %d has the value %v: want finite numbers", i/input, v)
			}
		}
		if s.Labels != nil && len(s.Labels) != n {
			return fmt.Errorf("compress: %d labels for %d samples", len(s.Labels), n)
		}
		if err := s.CheckLabels(classes); err != nil {
			return fmt.Errorf("compress: %w", err)
		}
	}
	return nil
}

// hasGoal tells whether sizes are to be searched, and hasSize whether they are given.
func (c *compressor) hasGoal() bool {
	return c.Budget > 0 || c.MaxDrop > 0 || c.TargetBytes > 0 || c.maxError > 0
}

func (c *compressor) hasSize() bool { return c.Rank != Rank{} || c.Transforms > 0 }
