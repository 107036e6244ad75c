package compress

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/nn"
)

// Options says what Compress does.
type Options struct {
	// Methods are what may take a layer's place: one, or several of which the best
	// is taken for every layer, which needs a goal. None means SVD.
	Methods []Method
	Layers  []string // names; none means all
	Rank    Rank     // the zero value means half, unless there is a goal
	// Transforms is the number of Fastfood transforms in sequence in place of a
	// layer; 0 means 1, unless there is a goal.
	Transforms int

	// A goal has sizes chosen for every layer. At most one is not zero.
	Budget      float64 // divides the model's weights by at least this
	MaxDrop     float64 // loses at most so many points of accuracy before fine-tuning; needs labels
	TargetBytes int     // of the file that Save writes, files with its weights included
	// Output is the path that Save will get, whose ending says what file TargetBytes
	// bounds; "" means one of the model's own kind.
	Output string

	Data     *Data // nil: only SVD; errors are measured on random inputs
	FineTune int   // epochs for the whole network, on labels or on the original's outputs
	// Rate is the highest learning rate of fine-tuning; 0 means 0.001, but 0.003
	// where a layer has become Fastfood or a random projection, and 0.005 for
	// LowRank.
	Rate float64
	Seed uint64
	// AllowSlower keeps transforms that take clearly longer than the dense layer, on
	// this machine and one sample, instead of refusing them. Products of dense layers
	// have fewer multiply-adds and are never refused for their time.
	AllowSlower bool
	// Float16 has Save store weights as float16, and sizes in bytes are meant so.
	// An ONNX file that can't be imported keeps all others of its weights as they
	// are.
	Float16 bool

	Progress func(text string) // nil, or is told what goes on

	maxError float64 // of the network's outputs: the goal where data have no labels
}

// prepare checks the options.
func (c *compressor) prepare() (err error) {
	if len(c.Methods) == 0 {
		c.Methods = []Method{SVD}
	}
	for i, m := range c.Methods {
		if m == nil || slices.Contains(c.Methods[:i], m) {
			return errors.New("compress: a method is nil, or is given twice")
		}
	}
	for _, name := range c.Layers {
		if !slices.ContainsFunc(c.model.Layers, func(l *Layer) bool { return l.Name == name }) {
			var names []string
			for _, l := range c.model.Layers {
				names = append(names, l.Name)
			}
			return fmt.Errorf("compress: there is no fully-connected layer %q; there are: %s", name, strings.Join(names, ", "))
		}
	}
	if err := c.checkGoal(); err != nil {
		return err
	}
	if c.model.Network == nil {
		if c.needsData() != nil || c.Data != nil || c.FineTune > 0 {
			return fmt.Errorf("compress: only svd without data is possible, for the file can't be imported as a network: %w", c.model.Reason)
		}
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
		if m := c.needsData(); m != nil {
			return fmt.Errorf("compress: %s is fitted to data: give some; without data there is svd", m.Name())
		}
		if c.FineTune > 0 {
			return errors.New("compress: fine-tuning needs data: give some")
		}
		return nil
	}
	c.samples = max(1, c.samples)
	return c.checkData()
}

// needsData returns a method that can't be had without data, if that leaves none.
func (c *compressor) needsData() Method {
	for _, m := range c.Methods {
		if !m.needs().data {
			return nil
		}
	}
	return c.Methods[0]
}

func (c *compressor) checkGoal() error {
	goals := 0
	for _, g := range []float64{c.Budget, c.MaxDrop, float64(c.TargetBytes)} {
		if !(g >= 0) || math.IsInf(g, 0) {
			return errors.New("compress: a budget, drop or size is negative or not finite")
		}
		if g > 0 {
			goals++
		}
	}
	if err := c.Rank.check(); err != nil {
		return err
	}
	switch {
	case goals > 1:
		return errors.New("compress: choose one of a budget, a largest drop and a target size")
	case goals == 1 && (c.Rank != Rank{} || c.Transforms > 0):
		return errors.New("compress: a goal chooses the ranks: give one or the other")
	case goals == 0 && len(c.Methods) > 1:
		return errors.New("compress: auto needs a goal: a budget, a largest drop or a target size")
	case c.Budget > 0 && c.Budget <= 1:
		return errors.New("compress: a budget of 4 means a quarter of the weights: want more than 1")
	case c.Rate > 0 && c.FineTune == 0:
		return errors.New("compress: a rate is for fine-tuning: give a number of epochs")
	case c.MaxDrop > 0 && (c.Data == nil || c.Data.Train.Labels == nil):
		return errors.New("compress: a largest drop is measured on labels: give data that have them")
	case c.FineTune < 0 || c.Transforms < 0 || !(c.Rate >= 0 && c.Rate < 1):
		return errors.New("compress: a number of epochs or transforms is negative, or a rate is not from 0 to 1")
	}
	for _, m := range c.Methods {
		if err := c.checkMethod(m, goals == 1); err != nil {
			return err
		}
	}
	return nil
}

// checkMethod returns an error if the options do not fit a method.
func (c *compressor) checkMethod(m Method, goal bool) error {
	needs := m.needs()
	switch {
	case goal && needs.tuning:
		return fmt.Errorf("compress: %s starts from random numbers, so that no goal can be searched: give a rank", m.Name())
	case needs.tuning && c.FineTune == 0:
		return fmt.Errorf("compress: %s starts from random numbers: it needs epochs of fine-tuning", m.Name())
	case needs.transforms && c.Rank != Rank{}:
		return fmt.Errorf("compress: %s has no rank: give a number of transforms", m.Name())
	case !needs.transforms && c.Transforms > 0:
		return fmt.Errorf("compress: a number of transforms is for fastfood, not for %s", m.Name())
	case c.Rank.Energy > 0 && !needs.energy:
		return fmt.Errorf("compress: energy is kept by svd, not by %s: give a rank", m.Name())
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
		for i, label := range s.Labels {
			if label < 0 || int(label) >= classes {
				return fmt.Errorf("compress: label %d is %d, but the network has %d outputs", i, label, classes)
			}
		}
	}
	c.split()
	c.warnOfChance()
	return nil
}

// hasGoal tells whether sizes are to be searched.
func (c *compressor) hasGoal() bool {
	return c.Budget > 0 || c.MaxDrop > 0 || c.TargetBytes > 0 || c.maxError > 0
}
