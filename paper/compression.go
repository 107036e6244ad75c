// Package paper runs the experiments of Yang et al., Deep Fried Convnets (ICCV 2015),
// at LeNet's scale.
//
// Compression is the comparison of section 6.2.3: a trained network whose
// fully-connected layer is cut by singular value decomposition, with and without
// fine-tuning, beside Adaptive Fastfood; and the curves of the test error against
// the bytes stored.
//
//	err := paper.Compression(ctx, paper.Options{Data: "mnist", Seeds: []uint64{1, 2, 3}, Folder: "runs/paper"})
package paper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/internal/wholefile"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// Options says what Compression runs.
type Options struct {
	Data   string   // mnist, fashion or a folder, as dataset.Open takes it
	Seeds  []uint64 // each a reference network and all trials on it
	Trials []Trial  // nil means Curves
	// Folder keeps the results of what is finished, so that another run goes on
	// from there, and the reference networks.
	Folder string
	// Holdout has settings chosen: the last so many training images are tested on
	// instead of the test images, and not trained on.
	Holdout int
	// Settings of all trials but the reference; nil means those that were chosen on
	// the last 5,000 training images.
	Settings *Settings
	Progress func(text string) // nil, or is told what goes on
}

// Curves lists the trials of the paper's table and of the curves of error against
// bytes: with the reference's convolutions, and with all layers trained.
func Curves() []Trial {
	trials := []Trial{{Form: Dense}}
	for _, rank := range []int{250, 125} { // SVD-half and SVD-quarter
		trials = append(trials, Trial{Form: SVD, Size: rank, Untrained: true}, Trial{Form: SVD, Size: rank})
	}
	add := func(frozen bool, form Form, sizes ...int) {
		for _, size := range sizes {
			trials = append(trials, Trial{Form: form, Size: size, Frozen: frozen})
		}
	}
	add(false, Adaptive, 1024, 2048)
	add(true, DataSVD, 2, 3, 5, 7, 10, 15, 25, 50, 125)
	add(true, LowRank, 2, 5, 10, 25, 50, 125)
	add(true, Adaptive, 256, 512, 1024, 2048, 4096, 8192)
	add(true, Fixed, 256, 512, 1024, 2048, 4096, 8192)
	add(true, Projection, 5, 10, 25, 50, 125)
	add(true, Pooling, 0)
	for _, rows := range []int{2, 4, 8} {
		trials = append(trials, Trial{Form: Block, Size: 1024, Rows: rows, Frozen: true})
	}
	trials = append(trials, Trial{Form: Block, Size: 512, Rows: 4, Frozen: true}, Trial{Form: Block, Size: 2048, Rows: 4, Frozen: true})
	add(true, Monarch, 2, 4, 5, 8, 10, 16, 25, 50, 125)
	for _, t := range []Trial{
		{Form: DataSVD, Size: 5}, {Form: DataSVD, Size: 10}, {Form: DataSVD, Size: 25}, {Form: Adaptive, Size: 512}, {Form: Adaptive, Size: 1024},
		{Form: Adaptive, Size: 2048}, {Form: Block, Size: 1024, Rows: 4}, {Form: Monarch, Size: 5}, {Form: Monarch, Size: 10},
	} {
		t.Frozen, t.Distilled = true, true
		trials = append(trials, t)
	}
	add(false, DataSVD, 5, 7, 10, 25, 50)
	add(false, Monarch, 5, 10, 25)
	trials = append(trials, Trial{Form: Block, Size: 1024, Rows: 4}, Trial{Form: DataSVD, Size: 5, Distilled: true}, Trial{Form: Adaptive, Size: 1024, Distilled: true}, Trial{Form: Block, Size: 1024, Rows: 4, Distilled: true})
	add(false, Adaptive, 512, 4096)
	add(false, LowRank, 10, 50)
	add(false, Pooling, 0)
	add(false, Fixed, 1024)
	add(false, Projection, 25)
	return trials
}

// Compression runs trials for every seed and adds what they come to to the record of
// the folder. Results that the record has are not computed again.
func Compression(ctx context.Context, o Options) error {
	data, err := o.data()
	if err != nil {
		return err
	}
	done, err := Read(o.Record())
	if err != nil {
		return err
	}
	trials := o.Trials
	if trials == nil {
		trials = Curves()
	}
	for _, seed := range o.Seeds {
		e := &experiment{seed: seed, data: data}
		for i, t := range trials {
			s := chosen(filepath.Base(o.Data), t)
			if o.Settings != nil && t.Form != Dense {
				s = *o.Settings
			}
			name := fmt.Sprintf("%s, seed %d, trial %d of %d: %v", o.Data, seed, i+1, len(trials), t)
			if slices.ContainsFunc(done, func(r Result) bool { return r.Trial == t && r.Seed == seed && r.Settings == s }) {
				continue
			}
			if err := o.prepare(ctx, e, name); err != nil {
				return err
			}
			r, err := e.run(ctx, t, s, func(epoch int, loss float64) {
				o.tell("%s: epoch %d of %d, loss %.4f", name, epoch, s.Epochs, loss)
			})
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			o.tell("%s: %d weights, %d bytes, %.2f%%", name, r.Weights, r.Bytes, r.Percent())
			done = append(done, r)
			if err := record(o.Record(), done); err != nil {
				return err
			}
		}
	}
	return nil
}

// String is the trial's name in tables.
func (t Trial) String() string {
	s := string(t.Form)
	if t.Size > 0 {
		s += fmt.Sprintf(" %d", t.Size)
	}
	if t.Rows > 0 {
		s += fmt.Sprintf(" × %d", t.Rows)
	}
	if t.Distilled {
		s += ", distilled"
	}
	if t.Frozen {
		s += ", frozen convolutions"
	}
	if t.Untrained {
		s += ", not trained"
	}
	return s
}

// prepare gives an experiment its reference, trained or from the folder.
func (o Options) prepare(ctx context.Context, e *experiment, name string) error {
	if e.reference != nil {
		return nil
	}
	path := filepath.Join(o.Folder, fmt.Sprintf("%s-reference-seed%d.safetensors", o.name(), e.seed))
	reference, _, err := checkpoint.Load(path)
	if err == nil {
		e.reference = reference
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	s := chosen(filepath.Base(o.Data), Trial{Form: Dense})
	d, err := Trial{Form: Dense}.describe(s.Dropout)
	if err != nil {
		return err
	}
	network, err := nn.New(d, e.seed)
	if err != nil {
		return err
	}
	err = train.Rows(ctx, network, e.data.Train.Inputs, s.recipe(), e.seed, train.Classify(e.data.Train.Labels, 10), func(epoch int, loss float64) {
		o.tell("%s: its reference, epoch %d of %d, loss %.4f", name, epoch, s.Epochs, loss)
	})
	if err != nil {
		return err
	}
	e.reference = network
	return checkpoint.Save(path, network, checkpoint.Extra{})
}

func (o Options) tell(format string, values ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, values...))
	}
}

// name is that of the files of a dataset.
func (o Options) name() string {
	name := filepath.Base(o.Data)
	if o.Holdout > 0 {
		name += fmt.Sprintf("-holdout%d", o.Holdout)
	}
	return name
}

// Record is the path of the results, a line of JSON each.
func (o Options) Record() string { return filepath.Join(o.Folder, o.name()+".jsonl") }

// data reads the images.
func (o Options) data() (*compress.Data, error) {
	input := models.LeNet(models.Options{}).Input
	data, err := compress.OpenData(o.Data, input)
	if err != nil {
		return nil, err
	}
	if len(data.Train.Labels) == 0 || len(data.Test.Labels) == 0 {
		return nil, fmt.Errorf("paper: %s has no labels", o.Data)
	}
	if classes := 1 + slices.Max(slices.Concat(data.Train.Labels, data.Test.Labels)); classes > 10 {
		return nil, fmt.Errorf("paper: %s has %d classes, but LeNet tells 10 apart", o.Data, classes)
	}
	if o.Holdout == 0 {
		return data, nil
	}
	n := len(data.Train.Labels)
	if o.Holdout < 1 || o.Holdout >= n {
		return nil, fmt.Errorf("paper: %d images to hold out, of %d", o.Holdout, n)
	}
	cut := n - o.Holdout
	size := input.Size()
	return &compress.Data{Name: data.Name, Train: data.Train.Slice(0, cut, size), Test: data.Train.Slice(cut, n, size)}, nil
}

// record writes results to a file.
func record(path string, results []Result) error {
	var content []byte
	for _, r := range results {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		content = append(append(content, line...), '\n')
	}
	return wholefile.WriteBytes(path, content)
}
