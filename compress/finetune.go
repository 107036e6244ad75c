package compress

import (
	"context"

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

// fineTune trains the whole network on labels, or on the original's outputs.
func (c *compressor) fineTune(ctx context.Context, r *Result) error {
	if c.FineTune == 0 {
		return nil
	}
	network, err := logits(r.Network)
	if err != nil {
		return err
	}
	outputs := network.OutShape().Size()
	loss := train.LossFunc(nil)
	if c.Data.Train.Labels != nil {
		loss = train.Classify(c.Data.Train.Labels, outputs)
	} else {
		loss = train.Imitate(train.Outputs(c.logits, c.Data.Train.Inputs), outputs)
	}
	r.tuned = true
	return train.Rows(ctx, network, c.Data.Train.Inputs, recipe(c.FineTune, c.rate(r)), c.Seed, loss, func(epoch int, loss float64) {
		c.tell("fine-tuning: epoch %d of %d, loss %.4f", epoch, c.FineTune, loss)
	})
}
