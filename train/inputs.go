package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/nn"
)

// MeasureInputs sets the statistics of a new network's first layer, an nn.Normalize, to
// the mean and the deviation of each channel of a training set, over all pixels of all
// images, in one pass; it does nothing to a network that begins otherwise. A channel that
// is constant has the deviation 1. The network must not be in use. It fails if images and
// network do not fit, as [New] does, if an image can't be read, and with the context's
// error.
func MeasureInputs(ctx context.Context, network *nn.Network, images dataset.Source) error {
	if err := checkFit(network, images); err != nil {
		return err
	}
	first := network.Description.Nodes[0]
	if _, ok := first.Op.(nn.Normalize); !ok {
		return nil
	}
	mean, deviation := network.Param(first.Name+".mean").Data, network.Param(first.Name+".deviation").Data
	size, channels := network.Description.Input.Size(), len(mean)
	// Sums of whole numbers are exact in any order: squares of 2⁴⁸ pixels fit.
	sums, squares := make([]atomic.Uint64, channels), make([]atomic.Uint64, channels)
	failures := make([]error, images.Len())
	buffers := make([][]byte, par.Workers())
	par.For(images.Len(), len(buffers), func(i, worker int) {
		if failures[i] = ctx.Err(); failures[i] != nil {
			return
		}
		if buffers[worker] == nil {
			buffers[worker] = make([]byte, size)
		}
		image, err := images.Image(i, buffers[worker])
		if failures[i] = err; err != nil {
			return
		}
		for c := range channels {
			var sum, square uint64
			for _, v := range image[c*size/channels : (c+1)*size/channels] {
				sum += uint64(v)
				square += uint64(v) * uint64(v)
			}
			sums[c].Add(sum)
			squares[c].Add(square)
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, err := range failures {
		if err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	n := float64(images.Len()) * float64(size/channels)
	if n == 0 {
		return errors.New("train: there are no images to measure")
	}
	for c := range channels {
		m := float64(sums[c].Load()) / n
		variance := float64(squares[c].Load())/n - float64(m*m)
		mean[c], deviation[c] = float32(m/255), 1
		if variance > 1e-9*255*255 {
			deviation[c] = float32(math.Sqrt(variance) / 255)
		}
	}
	return nil
}
