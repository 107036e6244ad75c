package compress

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/train"
)

// Report says what became of a model.
type Report struct {
	// Date, Version, Command and Machine say when, by what and where it was compressed.
	// Compress leaves them empty, so that equal runs give equal reports but for times.
	Date    time.Time `json:"date,omitzero"`
	Version string    `json:"version,omitempty"`
	Command string    `json:"command,omitempty"`
	Machine string    `json:"machine,omitempty"`

	Model         string `json:"model"`
	Method        string `json:"method"` // a method's name, or auto for several
	WeightsBefore int    `json:"weights_before"`
	WeightsAfter  int    `json:"weights_after"`
	Before        *Cost  `json:"before,omitempty"` // of the whole network, if it could be imported
	After         *Cost  `json:"after,omitempty"`
	FileBefore    int    `json:"file_bytes_before"`
	FileAfter     int    `json:"file_bytes_after,omitempty"` // once it is saved

	Data        string   `json:"data,omitempty"`         // "" for random inputs
	Samples     *Split   `json:"samples,omitempty"`      // of the data
	ErrorBefore *float64 `json:"error_before,omitempty"` // percent of test samples classified wrongly
	ErrorAfter  *float64 `json:"error_after,omitempty"`
	FineTune    int      `json:"finetune_epochs,omitempty"`
	// OutputError is that of the network's outputs, likewise, on test samples, or on
	// random inputs. It is absent where outputs are not all finite.
	OutputError *float64 `json:"output_error,omitempty"`

	Layers []LayerReport `json:"layers"`
	Notes  []string      `json:"notes,omitempty"`
}

// Split says how many samples of the data were for what.
type Split struct {
	Fitted int `json:"fitted"` // training samples that layers were fitted to
	Held   int `json:"held"`   // others, on which choices were made
	Chosen int `json:"chosen"` // test samples on which choices were made, too
	Tested int `json:"tested"` // the test samples of which errors are told
}

// LayerReport says what became of a fully-connected layer.
type LayerReport struct {
	Name    string `json:"name"`
	Inputs  int    `json:"inputs"`
	Outputs int    `json:"outputs"`
	Method  string `json:"method"`         // its name; dense: as it was
	Size    int    `json:"size,omitempty"` // rank, features, or Fastfood transforms
	Before  Cost   `json:"before"`
	After   Cost   `json:"after"`
	// Error of the layer's outputs before fine-tuning, on the original's inputs: the
	// root of the sum of squares, over that of the original outputs' deviations from
	// their mean, so that 1 is what the mean would do. It is measured on held-out
	// samples, or on random inputs.
	// It is nil for a layer that was left alone.
	Error *float64 `json:"error,omitempty"`
	Note  string   `json:"note,omitempty"` // why it was refused
	// Tried lists what was considered for the layer.
	Tried []Trial `json:"tried,omitempty"`
}

// Trial is a replacement that was considered for a layer.
type Trial struct {
	Method  string `json:"method"`
	Size    int    `json:"size"`
	Weights int    `json:"weights"`
	// What follows is that of Cost and LayerReport, and absent where the trial was
	// refused before it was made.
	Bytes        int      `json:"bytes,omitempty"`
	MultiplyAdds int      `json:"multiply_adds,omitempty"`
	Microseconds float64  `json:"microseconds,omitempty"`
	Error        *float64 `json:"error,omitempty"`
	// Damage is the error of the whole network's outputs with this replacement
	// alone, where there was a goal.
	Damage *float64 `json:"damage,omitempty"`
	Note   string   `json:"note,omitempty"` // why it was refused
}

// report measures the result.
func (c *compressor) report(r *Result, layers []choices) (*Report, error) {
	report := &Report{Model: c.model.path, Method: nameOf(c.Methods), WeightsBefore: c.totalWeights(), FileBefore: c.model.bytes, FineTune: r.epochs, Notes: slices.Concat(c.model.Refused, c.notes, r.notes)}
	report.WeightsAfter, _ = c.size(layers, r.chosen)
	if c.Data != nil {
		report.Data = c.Data.Name
		report.Samples = &Split{Fitted: len(c.fitted.index), Held: len(c.held.index), Chosen: len(c.fresh.index), Tested: len(c.test.index)}
	}
	for i, l := range layers {
		report.Layers = append(report.Layers, l.report(r.chosen[i], c.hasGoal(), c.Budget > 0 || c.TargetBytes > 0))
	}
	note := func(format string, values ...any) {
		report.Notes = append(report.Notes, fmt.Sprintf(format, values...))
	}
	switch {
	case c.precision == checkpoint.Float32:
	case c.model.file != nil && !r.tuned && IsONNX(cmp.Or(c.Output, c.model.path)):
		note("weights are stored as %s, where the file has them as constants that layers alone take; all else stays as it was", c.precision)
	default:
		note("weights are stored as %s", c.precision)
	}
	if c.model.Network == nil {
		note("the file can't be imported as a network (%v): layers are replaced where they are, and only their own errors are measured, on random inputs; nothing can be said of the whole", c.model.Reason)
		return report, nil
	}
	if c.samples == 0 {
		note("no data, and a sample takes much memory for a file of this size: the whole network was not run, and only its layers' errors are measured, on random inputs")
		return report, nil
	}
	if c.Data == nil {
		note("no data: errors are those on random inputs, and nothing can be said of accuracy")
	}
	if r.Network == nil {
		before := measure(c.model.Network)
		report.Before = &before
		report.Before.Weights -= c.model.repeated
		return report, nil
	}
	if err := c.compare(report, r); err != nil {
		return nil, err
	}
	if report.ErrorBefore != nil && c.MaxDrop > 0 {
		if lost, n := *report.ErrorAfter-*report.ErrorBefore, len(c.test.index); lost > c.MaxDrop {
			note("on the %s test samples %.2f points are lost, where %g were allowed on those that sizes were chosen on: each is %.3g points, so it may be chance; more samples say more, and a smaller drop loses less", thousands.Apart(n), lost, c.MaxDrop, 100/float64(n))
		}
	}
	if c.model.file != nil && c.precision == checkpoint.Float32 { // it stores numbers in its own way
		report.Before.Bytes = c.model.bytes
		_, report.After.Bytes = c.size(layers, r.chosen)
	}
	return report, nil
}

// report says what became of the layer whose candidate k was chosen, for a goal or
// not, which may be a size.
func (l choices) report(k int, goal, size bool) LayerReport {
	is := l.candidates[k]
	r := LayerReport{Name: l.Name, Inputs: l.Inputs, Outputs: l.Outputs, Method: is.name(), Size: is.size, Before: l.before, After: is.cost}
	if is.measured {
		r.Error = new(is.error)
	}
	notes := slices.Clone(l.notes)
	if len(l.candidates) == 1 && len(l.refused) > 0 {
		last := l.refused[len(l.refused)-1]
		notes = append(notes, fmt.Sprintf("%s %s refused: %s", last.name(), thousands.Apart(last.size), last.reason))
	}
	switch {
	case k == 0 && len(l.candidates) > 1 && size:
		notes = append(notes, "left alone: the goal is reached without it")
	case k == 0 && len(l.candidates) > 1:
		notes = append(notes, "no size of it was within the goal")
	}
	r.Note = strings.Join(notes, "; ")
	for _, t := range slices.Concat(l.candidates[1:], l.refused) {
		trial := Trial{Method: t.name(), Size: t.size, Weights: t.cost.Weights, Bytes: t.cost.Bytes, MultiplyAdds: t.cost.MultiplyAdds, Microseconds: t.cost.Microseconds, Note: t.reason}
		if t.measured {
			trial.Error = new(t.error)
		}
		if t.measured && goal {
			trial.Damage = new(t.damage)
		}
		r.Tried = append(r.Tried, trial)
	}
	return r
}

// compare measures the new network beside the old one.
func (c *compressor) compare(report *Report, r *Result) error {
	before, after, reference, y, err := c.runBoth(report, r)
	if err != nil {
		return err
	}
	before.Weights, after.Weights = before.Weights-c.model.repeated, after.Weights-c.model.repeated
	after.Bytes = c.storedBytes(r.Network)
	report.Before, report.After = &before, &after
	e, kind := outputError(y, reference, c.logits.OutShape().Size())
	if math.IsNaN(e) || math.IsInf(e, 0) {
		report.Notes = append(report.Notes, "the network's outputs are not all finite numbers: nothing is said of their error")
		return nil
	}
	if kind != varied {
		report.Notes = append(report.Notes, "the network's outputs are "+string(kind))
	}
	report.OutputError = &e
	return nil
}

// runBoth returns what both networks cost, and their outputs on random inputs or test
// samples, on which it counts errors.
func (c *compressor) runBoth(report *Report, r *Result) (before, after Cost, reference, y []float32, err error) {
	if c.Data == nil {
		x := c.damageInputs()
		if before, reference, err = run(c.model.Network, x); err == nil {
			after, y, err = run(r.Network, x)
		}
		return before, after, reference, y, err
	}
	network, err := logits(r.Network)
	if err != nil {
		return before, after, nil, nil, err
	}
	if c.Data.Test.Labels != nil {
		report.ErrorBefore, report.ErrorAfter = new(c.test.errorPercent(c.logits)), new(c.test.errorPercent(network))
	}
	if len(c.fresh.index) > 0 {
		report.Notes = append(report.Notes, fmt.Sprintf("errors are those of %s test samples: choices were made on the other %s, and on %s training samples", thousands.Apart(len(c.test.index)), thousands.Apart(len(c.fresh.index)), thousands.Apart(len(c.held.index))))
	}
	x := c.test.head(1000).copy().Inputs
	return measure(c.model.Network), measure(r.Network), train.Outputs(c.logits, x), train.Outputs(network, x), nil
}
