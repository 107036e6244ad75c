package compress

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/internal/float16"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/deepfry/deepfry/train"
)

// Options says what Compress does.
type Options struct {
	Method Method   // "" means SVD
	Layers []string // names; none means all
	Rank   Rank     // the zero value means half, unless there is a goal
	// Transforms is the number of Fastfood transforms in sequence in place of a
	// layer; 0 means 1, unless there is a goal.
	Transforms int

	// A goal has sizes chosen for every layer. At most one is not zero.
	Budget      float64 // divides the model's weights by at least this
	MaxDrop     float64 // loses at most so many points of accuracy before fine-tuning; needs labels
	TargetBytes int     // of parameters, as they are stored, biases and permutations included

	Data     *Data // nil: only SVD; errors are measured on random inputs
	FineTune int   // epochs for the whole network, on labels or on the original's outputs
	// Rate is the highest learning rate of fine-tuning; 0 means 0.001, but 0.003
	// where a layer has become Fastfood or a random projection, and 0.005 for
	// LowRank.
	Rate float64
	Seed uint64
	// AllowSlower keeps replacements that take longer than the dense layer, on
	// this machine and one sample, instead of refusing them.
	AllowSlower bool
	// Float16 has Save store weights as float16, and sizes in bytes are meant so.
	// An ONNX file that can't be imported keeps all others of its weights as they
	// are.
	Float16 bool

	Progress func(text string) // nil, or is told what goes on
}

// Result is a compressed model.
type Result struct {
	Report  *Report
	Network *nn.Network // nil if the model could not be imported

	model   *Model
	chains  map[string]*nn.Network
	tuned   bool
	float16 bool
}

// ErrNothing is the error where every layer's replacement was refused. The
// report that comes with it says why.
var ErrNothing = errors.New("compress: no layer was replaced")

// compressor is a run of Compress.
type compressor struct {
	Options
	model  *Model
	logits *nn.Network // the model without softmax, or nil
	head   Samples     // what layers are fitted to and searched on
	// samples is how many the network can be run on without data: none if one takes
	// memory out of proportion to the file, which alone says how large it is.
	samples int
}

// Compress replaces fully-connected layers of the model, which stays as it is. It
// fails if options contradict each other, the data do not fit, or, with
// ErrNothing and a result that holds the report alone, if no replacement would be
// smaller and faster.
func (m *Model) Compress(ctx context.Context, o Options) (*Result, error) {
	c := &compressor{Options: o, model: m}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	layers, err := c.candidates(ctx)
	if err != nil {
		return nil, err
	}
	chosen, err := c.choose(ctx, layers)
	if err != nil {
		return nil, err
	}
	result := &Result{model: m, chains: map[string]*nn.Network{}, float16: c.Float16}
	for i, l := range layers {
		if k := chosen[i]; k > 0 {
			result.chains[l.Name] = l.candidates[k].chain
		}
	}
	if m.Network != nil && len(result.chains) > 0 {
		changed, err := rewrite(m.Network, result.chains)
		if err != nil {
			return nil, err
		}
		if result.Network, err = clone(changed); err != nil {
			return nil, err
		}
		if err := c.fineTune(ctx, result); err != nil {
			return nil, err
		}
		if err := c.round(result.Network); err != nil {
			return nil, err
		}
	}
	if result.Report, err = c.report(ctx, result, layers, chosen); err != nil {
		return nil, err
	}
	if len(result.chains) == 0 {
		return result, ErrNothing
	}
	return result, nil
}

// prepare checks the options.
func (c *compressor) prepare() (err error) {
	if c.Method == "" {
		c.Method = SVD
	}
	if !slices.Contains([]Method{SVD, Fastfood, RandomProjection, LowRank, Auto}, c.Method) {
		return fmt.Errorf("compress: there is no method %q; there are svd, fastfood, rp, lowrank and auto", c.Method)
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
		if c.Method != SVD || c.Data != nil || c.FineTune > 0 {
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
		if c.Method != SVD {
			return fmt.Errorf("compress: %s is fitted to data: give some; without data there is svd", c.Method)
		}
		if c.FineTune > 0 {
			return errors.New("compress: fine-tuning needs data: give some")
		}
		return nil
	}
	c.samples = max(1, c.samples)
	return c.checkData()
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
	case goals == 1 && c.Method == LowRank:
		return errors.New("compress: lowrank starts from random numbers, so that no goal can be searched: give a rank")
	case goals == 0 && c.Method == Auto:
		return errors.New("compress: auto needs a goal: a budget, a largest drop or a target size")
	case c.Budget > 0 && c.Budget <= 1:
		return errors.New("compress: a budget of 4 means a quarter of the weights: want more than 1")
	case c.Method == Fastfood && c.Rank != Rank{}:
		return errors.New("compress: fastfood has no rank: give a number of transforms")
	case c.Method != Fastfood && c.Transforms > 0:
		return fmt.Errorf("compress: a number of transforms is for fastfood, not for %s", c.Method)
	case c.Rate > 0 && c.FineTune == 0:
		return errors.New("compress: a rate is for fine-tuning: give a number of epochs")
	case c.Rank.Energy > 0 && c.Method != SVD:
		return errors.New("compress: energy is kept by svd alone: give a rank")
	case c.Method == LowRank && c.FineTune == 0:
		return errors.New("compress: lowrank starts from random numbers: it needs epochs of fine-tuning")
	case c.MaxDrop > 0 && (c.Data == nil || c.Data.Train.Labels == nil):
		return errors.New("compress: a largest drop is measured on labels: give data that have them")
	case c.FineTune < 0 || c.Transforms < 0 || !(c.Rate >= 0 && c.Rate < 1):
		return errors.New("compress: a number of epochs or transforms is negative, or a rate is not from 0 to 1")
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
	c.head = c.Data.Train.Slice(0, min(searchSamples, len(c.Data.Train.Inputs)/input), input)
	return nil
}

func (c *compressor) tell(format string, values ...any) {
	if c.Progress != nil {
		c.Progress(fmt.Sprintf(format, values...))
	}
}

// hasGoal tells whether sizes are to be searched.
func (c *compressor) hasGoal() bool { return c.Budget > 0 || c.MaxDrop > 0 || c.TargetBytes > 0 }

// rate returns the highest learning rate of fine-tuning. What is far from the
// original has far to go.
func (c *compressor) rate(r *Result) float64 {
	switch {
	case c.Rate > 0:
		return c.Rate
	case c.Method == LowRank:
		return train.Default().Optimizer.Rate
	}
	for _, chain := range r.chains {
		if chain.Description.Nodes[0].Op.Kind() == (nn.Fastfood{}).Kind() {
			return 0.003
		}
	}
	return 0.001
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

// round makes the network what is stored, if that is float16, so that errors are
// those of the file.
func (c *compressor) round(network *nn.Network) error {
	if !c.Float16 {
		return nil
	}
	for _, p := range network.Params() {
		if p.Kind == nn.Statistic {
			continue
		}
		if i := float16.Overflow(p.Data); i >= 0 {
			return fmt.Errorf("compress: parameter %s: entry %d is %v, but the largest float16 is %v: use float32", p.Name, i, p.Data[i], float16.Max)
		}
		float16.Round(p.Data)
	}
	return nil
}

// Save writes the compressed model: an ONNX file if path ends in .onnx, and else
// a checkpoint, without what only training needs. An ONNX file that was not
// fine-tuned stays as it is, to the byte, but for the layers that were replaced;
// otherwise, and as float16 if it can be imported, it is written anew.
func (r *Result) Save(path string) error {
	if len(r.chains) == 0 {
		return ErrNothing
	}
	if err := r.save(path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	r.Report.FileAfter = int(info.Size())
	return nil
}

func (r *Result) save(path string) error {
	if !IsONNX(path) {
		if r.Network == nil {
			return fmt.Errorf("compress: %s: only networks become checkpoints, and the file can't be imported as one: %w", path, r.model.Reason)
		}
		extra, err := train.Inference(r.model.extra)
		if err != nil {
			return err
		}
		if r.float16 {
			return checkpoint.SaveFloat16(path, r.Network, extra)
		}
		return checkpoint.Save(path, r.Network, extra)
	}
	if r.model.file == nil || r.tuned {
		extra, err := train.Inference(r.model.extra)
		if err != nil {
			return err
		}
		// Who ran the old file can run the new one.
		file, err := onnx.FromNetwork(r.Network, onnx.Options{Float16: r.float16, Metadata: extra.Metadata, Like: r.model.file})
		if err != nil {
			return err
		}
		return file.Save(path)
	}
	file := r.model.file.Clone()
	for _, name := range slices.Sorted(maps.Keys(r.chains)) {
		if err := file.Replace(r.model.linears[name], r.chains[name], r.float16); err != nil {
			return err
		}
	}
	if r.float16 && r.Network != nil {
		if err := file.StoreFloat16(); err != nil {
			return err
		}
	}
	return file.Save(path)
}
