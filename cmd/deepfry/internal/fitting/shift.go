package fitting

import (
	"iter"
	"math"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/kernel/machine"
)

// shiftedSource gives images to a machine that are shifted at random, so that it learns
// that this does not change what they show. Each order of them comes with other shifts.
type shiftedSource struct {
	images  *dataset.Images
	options dataset.LoaderOptions
}

// shifted returns images, whose channels, height and width are those of shape, with
// shifts of up to so many pixels along each axis.
func shifted(images *machine.Table, shape *dataset.Images, pixels float64, seed uint64) (*shiftedSource, error) {
	set := *shape
	set.Pixels, set.Labels = make([]byte, 0, images.Len()*images.Columns().Inputs), make([]int32, 0, images.Len())
	for batch, err := range images.Batches(1024) {
		if err != nil {
			return nil, err
		}
		for _, pixel := range batch.X {
			set.Pixels = append(set.Pixels, byte(math.Round(255*float64(pixel))))
		}
		set.Labels = append(set.Labels, batch.Labels...)
	}
	return &shiftedSource{&set, dataset.LoaderOptions{Augment: &dataset.Augmentation{Shift: pixels}, Seed: seed}}, nil
}

func (s *shiftedSource) Columns() machine.Columns {
	return machine.Columns{Inputs: s.images.Channels * s.images.Height * s.images.Width, Classes: s.images.Classes}
}

// Batches shifts the images alike in every pass, as a source has to.
func (s *shiftedSource) Batches(size int) iter.Seq2[machine.Batch, error] {
	return func(yield func(machine.Batch, error) bool) {
		options := s.options
		options.BatchSize = size
		loader, err := dataset.NewLoader(s.images, options)
		if err != nil {
			yield(machine.Batch{}, err)
			return
		}
		for batch, err := range loader.Epoch(0, 0) {
			if err != nil {
				yield(machine.Batch{}, err)
				return
			}
			if !yield(machine.Batch{X: batch.Images, Labels: batch.Labels}, nil) {
				return
			}
		}
	}
}

// Shuffled returns the same images in another order, shifted anew.
func (s *shiftedSource) Shuffled(seed uint64) machine.Source {
	shuffled := *s
	shuffled.options.Seed, shuffled.options.Shuffle = seed, true
	return &shuffled
}
