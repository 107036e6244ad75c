package dataset

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"sync/atomic"

	"github.com/deepfry/deepfry/internal/random"
)

// Batch is a number of images for one step of training. [Loader.Epoch] lends
// it until the next iteration.
type Batch struct {
	Images  []float32 // [n, channels, height, width]: pixel/255
	Labels  []int32   // [n]
	Samples []int     // [n]: index of each image in the set, a key for random streams
	Epoch   int
	Index   int // number of the batch in its epoch, from 0
}

// LoaderOptions says how a set is dealt out.
type LoaderOptions struct {
	BatchSize int           // images of a batch, at least 1
	Seed      uint64        // of the order and of the augmentation
	Shuffle   bool          // a new order in each epoch; otherwise that of the set, as for evaluation
	Augment   *Augmentation // nil: none
	DropLast  bool          // leave out the last batch of an epoch where it is smaller than the others
}

// Loader deals out a set in batches and prepares the next two on a goroutine
// of its own. Neither the time that this takes nor the number of cores changes
// what is in a batch: that depends on the set, the options and the numbers of
// the epoch and the batch alone.
type Loader struct {
	set       *Images
	options   LoaderOptions
	augmenter *augmenter // nil: none
	batches   int
	order     []int    // [set.Len()]: the permutation of the current epoch
	buffers   [3]Batch // one at the caller, two ahead
	running   atomic.Bool
}

// forShuffle is the purpose of the random streams of the order.
var forShuffle = random.For("shuffle")

// NewLoader returns a loader of set, which must not change from now on. It
// returns an error where an option is out of range, where the fields of the set
// contradict each other, or where DropLast leaves no batch at all.
func NewLoader(set *Images, o LoaderOptions) (*Loader, error) {
	if err := set.check(); err != nil {
		return nil, err
	}
	if o.BatchSize < 1 {
		return nil, fmt.Errorf("dataset: expected a batch size of at least 1, found %d", o.BatchSize)
	}
	if o.DropLast && o.BatchSize > set.Len() {
		return nil, fmt.Errorf("dataset: no batch of %d images is full, as the set holds %d: choose smaller batches or keep the last", o.BatchSize, set.Len())
	}
	o.BatchSize = min(o.BatchSize, set.Len())
	l := &Loader{set: set, options: o, batches: set.Len() / o.BatchSize, order: make([]int, set.Len())}
	if !o.DropLast && set.Len()%o.BatchSize > 0 {
		l.batches++
	}
	if o.Augment != nil {
		if err := o.Augment.check(); err != nil {
			return nil, err
		}
		l.augmenter = newAugmenter(*o.Augment, set.Channels, set.Height, set.Width)
	}
	for i := range l.buffers {
		l.buffers[i] = Batch{
			Images:  make([]float32, o.BatchSize*set.size()),
			Labels:  make([]int32, o.BatchSize),
			Samples: make([]int, o.BatchSize),
		}
	}
	return l, nil
}

// Batches returns the number of batches of an epoch.
func (l *Loader) Batches() int { return l.batches }

// Epoch returns the batches of an epoch from number first on: none where first
// is [Loader.Batches] or more. They equal those that the whole epoch has under
// these numbers, bit for bit, so that a training run can be resumed anywhere.
//
// A batch is valid until the next iteration. An epoch of a loader must end, by
// itself or by leaving its loop, before another of the same loader begins.
func (l *Loader) Epoch(epoch, first int) iter.Seq[*Batch] {
	if first < 0 {
		panic("dataset: negative number of a batch")
	}
	return func(yield func(*Batch) bool) {
		if !l.running.CompareAndSwap(false, true) {
			panic("dataset: two epochs of one loader at a time")
		}
		defer l.running.Store(false)
		l.arrange(epoch)
		free, ready := make(chan *Batch, len(l.buffers)), make(chan *Batch, len(l.buffers))
		for i := range l.buffers {
			free <- &l.buffers[i]
		}
		go l.prefetch(epoch, first, free, ready)
		defer func() { // the goroutine ends when it finds free closed
			close(free)
			for range free {
			}
			for range ready {
			}
		}()
		for batch := range ready {
			if !yield(batch) {
				return
			}
			free <- batch
		}
	}
}

// arrange sets the order of an epoch, which depends on its number and the seed.
func (l *Loader) arrange(epoch int) {
	for i := range l.order {
		l.order[i] = i
	}
	if l.options.Shuffle {
		rand.New(random.New(l.options.Seed, forShuffle, epoch, 0)).Shuffle(len(l.order), func(i, j int) {
			l.order[i], l.order[j] = l.order[j], l.order[i]
		})
	}
}

// prefetch fills the free buffers with the batches from first on and passes
// them to ready, until the epoch or free ends.
func (l *Loader) prefetch(epoch, first int, free <-chan *Batch, ready chan<- *Batch) {
	defer close(ready)
	for index := first; index < l.batches; index++ {
		batch, ok := <-free
		if !ok {
			return
		}
		l.fill(batch, epoch, index)
		ready <- batch
	}
}

// fill prepares a batch.
func (l *Loader) fill(batch *Batch, epoch, index int) {
	start := index * l.options.BatchSize
	samples := l.order[start:min(start+l.options.BatchSize, len(l.order))]
	n, size := len(samples), l.set.size()
	batch.Images, batch.Labels, batch.Samples = batch.Images[:n*size], batch.Labels[:n], batch.Samples[:n]
	batch.Epoch, batch.Index = epoch, index
	copy(batch.Samples, samples)
	for i, sample := range samples {
		batch.Labels[i] = l.set.Labels[sample]
		dst, src := batch.Images[i*size:(i+1)*size], l.set.image(sample)
		if l.augmenter != nil {
			l.augmenter.apply(dst, src, l.options.Seed, epoch, sample)
			continue
		}
		for j, pixel := range src {
			dst[j] = unit[pixel]
		}
	}
}
