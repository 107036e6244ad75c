package predict

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/kernel/machine"
)

// evaluateSamples are answered between two looks at the context.
const evaluateSamples = 256

// Evaluate answers for images whose classes are known and tallies the answers; seen,
// unless it is nil, is called with every image's number and answer. The images'
// classes must be those of the file, as [Predictor.Labels] maps them. It fails if the
// images do not have the size of the input, and where one can't be read.
func (p *Predictor) Evaluate(ctx context.Context, images dataset.Source, seen func(i int, a Answer)) (*Tally, error) {
	if images == nil || images == dataset.Source((*dataset.Images)(nil)) {
		return nil, errors.New("predict: there are no images (nil)")
	}
	channels, height, width := images.Shape()
	found := []int{channels, height, width}
	if channels*height*width != p.Input.Size() || len(p.Input) == 3 && !slices.Equal(p.Input, found) {
		return nil, fmt.Errorf("predict: it takes images of %v, but these are %v (channels, height, width)", p.Input, found)
	}
	labels, err := p.Labels(images.ClassNames())
	if err != nil {
		return nil, err
	}
	loader, err := dataset.NewLoader(images, dataset.LoaderOptions{BatchSize: evaluateSamples})
	if err != nil {
		return nil, err
	}
	tally := NewTally(len(p.Classes))
	var unread error
	batches := func(yield func([]float32) bool) {
		for batch, err := range loader.Epoch(0, 0) {
			if err == nil {
				err = p.standardization.Apply(batch.Images, p.Input)
			}
			if unread = err; err != nil || !yield(batch.Images) {
				return
			}
		}
	}
	err = p.answerAll(ctx, batches, func(i int, a Answer) error {
		tally.Add(float64(labels[images.Label(i)]), a)
		if seen != nil {
			seen(i, a)
		}
		return nil
	})
	if err = cmp.Or(err, unread); err != nil {
		return nil, err
	}
	return tally, nil
}

// answerAll calls do with the number and the answer of every sample of the batches.
func (p *Predictor) answerAll(ctx context.Context, batches iter.Seq[[]float32], do func(i int, a Answer) error) error {
	n := 0
	for inputs := range batches {
		if err := ctx.Err(); err != nil {
			return err
		}
		answers, err := p.Answers(inputs)
		if err != nil {
			return err
		}
		for _, a := range answers {
			if err := do(n, a); err != nil {
				return err
			}
			n++
		}
	}
	return nil
}

// EvaluateRows answers for the rows of a source whose targets are known, as a machine
// is fitted to them, and tallies the answers by the rows' weights. Labels below 0 are of
// classes that are not known, as [Tally.AddWeighted] has them.
func (p *Predictor) EvaluateRows(ctx context.Context, source machine.Source) (Tallies, error) {
	tallies := p.Tallies()
	for batch, err := range source.Batches(evaluateSamples) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		answers, err := p.Answers(batch.X)
		if err != nil {
			return nil, err
		}
		for i, a := range answers {
			weight := 1.0
			if len(batch.Weights) > 0 {
				weight = batch.Weights[i]
			}
			if batch.Labels != nil {
				tallies[0].AddWeighted(float64(batch.Labels[i]), weight, a)
			} else {
				tallies.Add(batch.Y[i*len(tallies):][:len(tallies)], weight, a)
			}
		}
	}
	return tallies, nil
}

// TakesSamples tells whether the data set of this name is read as numbers, by OpenSamples,
// and otherwise as images, by OpenImages: an .npz file is, unless the file says that it
// was trained on images.
func (p *Predictor) TakesSamples(name string) bool {
	return dataset.IsNPZ(name) && (p.Data == "" || len(p.Input) != 3)
}

// OpenSamples reads the samples of an .npz file ([dataset.ReadSamples]): those for
// tests, or all where it does not say which are. Said tells, a line each, what was read
// otherwise than one may think. It fails for labels that are no class of the file, and
// for numbers beyond 0 to 1 where Preparation says that inputs are images.
func (p *Predictor) OpenSamples(path string) (samples *dataset.Samples, said []string, err error) {
	set, err := dataset.ReadSamples(path, p.Input)
	if err != nil {
		return nil, nil, err
	}
	samples = cmp.Or(set.Test, set.Train)
	if p.Classes != nil {
		if err := samples.CheckLabels(len(p.Classes)); err != nil {
			return nil, nil, fmt.Errorf("predict: %s: %w", path, err)
		}
	}
	if low, high := slices.Min(samples.Inputs), slices.Max(samples.Inputs); p.Data != "" && len(p.Input) == 3 && (low < 0 || high > 1) {
		return nil, nil, fmt.Errorf("predict: %s: the inputs are from %v to %v, but it was trained on pixels from 0 to 1: store them as such, or as unsigned bytes from 0 to 255", path, low, high)
	}
	if err := p.standardization.Apply(samples.Inputs, p.Input); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return samples, set.Said, nil
}

// EvaluateSamples answers for samples and tallies the answers; the tally is nil if they
// have no labels, or there are no classes. Seen, unless it is nil, is called with every
// sample's number and answer, and its error ends the work.
func (p *Predictor) EvaluateSamples(ctx context.Context, samples *dataset.Samples, seen func(i int, a Answer) error) (*Tally, error) {
	var tally *Tally
	if samples.Labels != nil && p.Classes != nil {
		tally = NewTally(len(p.Classes))
	}
	err := p.answerAll(ctx, slices.Chunk(samples.Inputs, evaluateSamples*p.Input.Size()), func(i int, a Answer) error {
		if tally != nil {
			tally.Add(float64(samples.Labels[i]), a)
		}
		if seen == nil {
			return nil
		}
		return seen(i, a)
	})
	if err != nil {
		return nil, err
	}
	return tally, nil
}

// OpenImages opens a data set to measure on ([dataset.OpenWith]) or to train on again,
// with the options and such as the file gives:
//
//   - the folders of a folder of pictures are matched with the classes by their names.
//     Where the file names none, folders called by whole numbers are outputs; others are
//     taken in order if they are as many as the outputs, which Said tells;
//   - its pictures are prepared as for an answer;
//   - what Meaning.Data names is read as it was for the training.
//
// It fails if names do not match, and for images whose height and width are swapped
// where those of the training were not, or the other way around.
func (p *Predictor) OpenImages(name string, options dataset.Options) (*dataset.Dataset, error) {
	options.Input = p.Input
	folders, err := dataset.FolderClasses(name)
	if err != nil {
		return nil, err
	}
	said := ""
	if folders != nil {
		if options.Classes, said, err = p.matchFolders(folders); err != nil {
			return nil, fmt.Errorf("predict: %s: %w", name, err)
		}
		if p.Preparation == Digit || p.Preparation == Ink {
			options.Prepare = p.PrepareBytes
		}
		options.Cover = p.Preparation == Covered
	}
	if DataName(name) == p.Data {
		options = p.again(options)
	}
	data, err := dataset.OpenWith(name, options)
	if err != nil {
		return nil, err
	}
	if said != "" {
		data.Said = append(data.Said, said)
	}
	switch {
	case data.Pictures || p.Sideways == data.Sideways && !(p.Sideways && options.Transpose):
		return data, nil
	case p.Sideways:
		return nil, fmt.Errorf("predict: the network was trained on EMNIST's images as its files hold them, with height and width swapped, and those of %s are not: leave out --transpose, or train it with --transpose", name)
	}
	return nil, fmt.Errorf("predict: the network was trained on upright images, and those of %s have height and width swapped: --transpose turns them upright", name)
}

// matchFolders returns the classes that the folders of pictures are to be matched with.
func (p *Predictor) matchFolders(folders []string) (classes []string, said string, err error) {
	isOutput := func(name string) bool { return slices.Contains(p.Classes, name) } // they are called 0, 1, ...
	switch {
	case p.Named || !slices.ContainsFunc(folders, func(name string) bool { return !isOutput(name) }):
		return p.Classes, "", nil
	case len(folders) == len(p.Classes):
		return folders, "the file does not name its classes: they are taken in the order of the folders' names: " + listed(folders), nil
	}
	return nil, "", fmt.Errorf("the file does not name its %d classes, so that the folders must be as many, or be called 0 to %d; found %d: %s",
		len(p.Classes), len(p.Classes)-1, len(folders), listed(folders))
}

// Labels returns, for each of the named classes of a data set, its number among the
// classes of the file. Where the file does not name its classes, numbers stay. The
// error lists both sides if a class is not known.
func (p *Predictor) Labels(classes []string) ([]int, error) {
	labels := make([]int, len(classes))
	var unknown []string
	for i, name := range classes {
		labels[i] = i
		if p.Named {
			labels[i] = slices.Index(p.Classes, name)
		} else if i >= len(p.Classes) {
			labels[i] = -1
		}
		if labels[i] < 0 {
			unknown = append(unknown, name)
		}
	}
	if unknown != nil {
		return nil, fmt.Errorf("predict: the data have classes that the file does not know: %s; the file's are %s", listed(unknown), listed(p.Classes))
	}
	return labels, nil
}

// listed writes the first of many names.
func listed(names []string) string {
	const most = 40
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
