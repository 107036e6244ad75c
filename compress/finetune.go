package compress

import (
	"context"
	"errors"
	"fmt"

	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// rate returns the highest learning rate of fine-tuning: that of the method which
// wants most.
func (c *compressor) rate(r *Result) float64 {
	if c.Rate > 0 {
		return c.Rate
	}
	rate := 0.0
	for _, m := range r.methods {
		rate = max(rate, m.needs().rate)
	}
	return rate
}

// imitation is how much the loss of the original's outputs counts beside that of the
// labels. Outputs say more of a sample than its label does (Hinton, Vinyals and Dean,
// Distilling the Knowledge in a Neural Network, 2015), above all where the original
// knows the labels by heart: an MLP of Fashion-MNIST, cut to 7% of its weights, lost
// 0.52 points after three epochs on outputs, 0.48 on both in equal parts, and 0.40 so.
const imitation = 10

// fineTune trains the whole network on the original's outputs, and on labels if there
// are any, and leaves it as it was if that is no better on rows held out, or if the
// training diverges. When the context ends, so does the training, and the better is kept.
func (c *compressor) fineTune(ctx context.Context, r *Result) error {
	if c.FineTune == 0 {
		return nil
	}
	if len(r.chains) == 0 {
		r.note("fine-tuning was left out, for no layer was replaced")
		return nil
	}
	untuned, err := r.Network.Clone()
	if err != nil {
		return err
	}
	before, err := c.harm(untuned)
	if err != nil {
		return err
	}
	trained := c.train(ctx, r)
	diverged, isDiverged := errors.AsType[*train.DivergedError](trained)
	switch {
	case isDiverged:
		r.note("fine-tuning was left out, for it diverged (%v): try a lower rate", diverged)
	case trained != nil && ctx.Err() == nil:
		return trained
	case trained != nil:
		r.note("fine-tuning was interrupted in epoch %d of %d", r.epochs+1, c.FineTune)
		fallthrough
	default:
		after, err := c.harm(r.Network)
		if err != nil {
			return err
		}
		c.tell("on samples held out: %v before fine-tuning, %v after", before, after)
		if r.tuned = after.lessThan(before); r.tuned {
			return nil
		}
		r.note("fine-tuning was left out, for it makes nothing better on samples held out: %v before it, %v after", before, after)
	}
	r.Network, r.epochs = untuned, 0
	return nil
}

// train trains the network of the result.
func (c *compressor) train(ctx context.Context, r *Result) error {
	network, err := logits(r.Network)
	if err != nil {
		return err
	}
	if c.tuning.Inputs == nil {
		c.tuning = c.fitted.copy()
	}
	outputs := network.OutShape().Size()
	loss := train.Imitate(train.Outputs(c.logits, c.tuning.Inputs), outputs)
	if c.tuning.Labels != nil {
		loss = train.Sum(train.Classify(c.tuning.Labels, outputs), imitation, loss)
	}
	return train.Rows(ctx, network, c.tuning.Inputs, recipe(c.FineTune, c.rate(r)), c.Seed, loss, func(epoch int, loss float64) {
		r.epochs = epoch
		c.tell("fine-tuning: epoch %d of %d, loss %.4f", epoch, c.FineTune, loss)
	})
}

// harm is how bad a network is on rows held out: how many it classifies wrongly,
// and among equals its loss, or, without labels, the error of its outputs.
type harm struct {
	labels       bool
	errors, loss float64
}

func (h harm) lessThan(other harm) bool {
	return h.errors < other.errors || h.errors == other.errors && h.loss < other.loss
}

// String is the error in percent.
func (h harm) String() string {
	if h.labels {
		return fmt.Sprintf("%.2f%% wrong", 100*h.errors)
	}
	return fmt.Sprintf("an output error of %.1f%%", 100*h.errors)
}

func (c *compressor) harm(whole *nn.Network) (harm, error) {
	network, err := logits(whole)
	if err != nil {
		return harm{}, err
	}
	if network, err = c.stored(network); err != nil {
		return harm{}, err
	}
	outputs := network.OutShape().Size()
	held := c.held.copy()
	if len(c.fresh.index) > 0 { // which the original does not know by heart
		held = c.fresh.copy()
	}
	y := train.Outputs(network, held.Inputs)
	if held.Labels == nil {
		e, _ := outputError(y, train.Outputs(c.logits, held.Inputs), outputs)
		return harm{errors: e}, nil
	}
	loss, wrong := nn.SoftmaxCrossEntropy{}.Evaluate(nil, y, held.Labels, outputs)
	return harm{true, float64(wrong) / float64(len(held.Labels)), loss}, nil
}
