package dataset

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"sync/atomic"

	"github.com/deepfry/deepfry/internal/par"
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

// Loader deals out a source in batches and prepares the next two on goroutines
// of its own: on as many as there are cores where images are read from files or
// augmented. Neither the time that this takes nor the number of cores changes
// what is in a batch: that depends on the source, the options and the numbers of
// the epoch and the batch alone.
type Loader struct {
	source  Source
	size    int // numbers of an image
	options LoaderOptions
	workers []imageWorker
	batches int
	order   []int    // [source.Len()]: the permutation of the current epoch
	buffers [3]Batch // one at the caller, two ahead
	running atomic.Bool

	// Of the batch that is being prepared.
	filling  *Batch
	failures []error // [BatchSize]
	prepare  func(i, worker int)
}

// imageWorker is what a goroutine needs to prepare images.
type imageWorker struct {
	augmenter *augmenter // nil: none
	buffer    []byte     // of an image, for a source that is not in memory
}

// forShuffle is the purpose of the random streams of the order.
var forShuffle = random.For("shuffle")

// NewLoader returns a loader of a source, which must not change from now on. It
// returns an error where an option is out of range, where what the source says
// contradicts itself, or where DropLast leaves no batch at all.
func NewLoader(source Source, o LoaderOptions) (*Loader, error) {
	if err := checkSource(source); err != nil {
		return nil, err
	}
	n := source.Len()
	if o.BatchSize < 1 {
		return nil, fmt.Errorf("dataset: expected a batch size of at least 1, found %d", o.BatchSize)
	}
	if o.DropLast && o.BatchSize > n {
		return nil, fmt.Errorf("dataset: no batch of %d images is full, as the set holds %d: choose smaller batches or keep the last", o.BatchSize, n)
	}
	o.BatchSize = min(o.BatchSize, n)
	channels, height, width := source.Shape()
	l := &Loader{source: source, size: channels * height * width, options: o, batches: n / o.BatchSize, order: make([]int, n)}
	if !o.DropLast && n%o.BatchSize > 0 {
		l.batches++
	}
	if o.Augment != nil {
		if err := o.Augment.Check(); err != nil {
			return nil, err
		}
	}
	_, inMemory := source.(*Images)
	workers := 1 // copying is not worth more
	if o.Augment != nil || !inMemory {
		workers = min(par.Workers(), o.BatchSize)
	}
	l.failures = make([]error, o.BatchSize)
	l.prepare = func(i, worker int) { l.failures[i] = l.image(&l.workers[worker], l.filling, i) }
	l.workers = make([]imageWorker, workers)
	for i := range l.workers {
		if o.Augment != nil {
			l.workers[i].augmenter = newAugmenter(*o.Augment, channels, height, width)
		}
		if !inMemory {
			l.workers[i].buffer = make([]byte, l.size)
		}
	}
	for i := range l.buffers {
		l.buffers[i] = Batch{
			Images:  make([]float32, o.BatchSize*l.size),
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
// these numbers, bit for bit, so that a training run can be resumed anywhere. An
// error of the source ends the epoch and comes without a batch.
//
// A batch is valid until the next iteration. An epoch of a loader must end, by
// itself or by leaving its loop, before another of the same loader begins.
func (l *Loader) Epoch(epoch, first int) iter.Seq2[*Batch, error] {
	if first < 0 {
		panic("dataset: negative number of a batch")
	}
	return func(yield func(*Batch, error) bool) {
		if !l.running.CompareAndSwap(false, true) {
			panic("dataset: two epochs of one loader at a time")
		}
		defer l.running.Store(false)
		l.arrange(epoch)
		free, ready := make(chan *Batch, len(l.buffers)), make(chan *Batch, len(l.buffers))
		var failed error // set before ready is closed
		for i := range l.buffers {
			free <- &l.buffers[i]
		}
		go func() {
			defer close(ready)
			failed = l.prefetch(epoch, first, free, ready)
		}()
		defer func() { // the goroutine ends when it finds free closed
			close(free)
			for range free {
			}
			for range ready {
			}
		}()
		for batch := range ready {
			if !yield(batch, nil) {
				return
			}
			free <- batch
		}
		if failed != nil {
			yield(nil, failed)
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
// them to ready, until the epoch or free ends, or an image can't be read.
func (l *Loader) prefetch(epoch, first int, free <-chan *Batch, ready chan<- *Batch) error {
	for index := first; index < l.batches; index++ {
		batch, ok := <-free
		if !ok {
			return nil
		}
		if err := l.fill(batch, epoch, index); err != nil {
			return err
		}
		ready <- batch
	}
	return nil
}

// fill prepares a batch.
func (l *Loader) fill(batch *Batch, epoch, index int) error {
	start := index * l.options.BatchSize
	samples := l.order[start:min(start+l.options.BatchSize, len(l.order))]
	n := len(samples)
	batch.Images, batch.Labels, batch.Samples = batch.Images[:n*l.size], batch.Labels[:n], batch.Samples[:n]
	batch.Epoch, batch.Index = epoch, index
	copy(batch.Samples, samples)
	l.filling = batch
	par.For(n, len(l.workers), l.prepare)
	for _, err := range l.failures[:n] {
		if err != nil { // the first image's, whatever the number of cores
			return err
		}
	}
	return nil
}

// image prepares image i of a batch.
func (l *Loader) image(w *imageWorker, batch *Batch, i int) error {
	sample := batch.Samples[i]
	src, err := l.source.Image(sample, w.buffer)
	if err != nil {
		return err
	}
	batch.Labels[i] = l.source.Label(sample)
	dst := batch.Images[i*l.size : (i+1)*l.size]
	if w.augmenter != nil {
		w.augmenter.apply(dst, src, l.options.Seed, batch.Epoch, sample)
		return nil
	}
	for j, pixel := range src {
		dst[j] = unit[pixel]
	}
	return nil
}
