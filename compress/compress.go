package compress

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/deepfry/deepfry/train"
)

// Result is a compressed model.
type Result struct {
	Report  *Report
	Network *nn.Network // nil if the model could not be imported

	model     *Model
	chosen    []int // of every layer's candidates
	chains    map[string]*nn.Network
	methods   []Method // of the chains
	tuned     bool
	epochs    int // of fine-tuning
	notes     []string
	precision checkpoint.Precision
}

// ErrNothing is the error where every layer's replacement was refused. The
// report that comes with it says why.
var ErrNothing = errors.New("compress: no layer was replaced")

// compressor is a run of Compress.
type compressor struct {
	Options
	maxError  float64              // of the network's outputs: the goal where data have no labels
	precision checkpoint.Precision // in which everything is stored
	explicit  bool                 // whether the options ask for what saves little, too
	model     *Model
	logits    *nn.Network // the model without softmax, or nil
	// The sets that split tells of.
	held, fitted, fresh, test rows
	tuning                    Samples // fitted in one piece, once it is fine-tuned on
	notes                     []string
	// samples is how many the network can be run on without data: none if one takes
	// memory out of proportion to the file, which alone says how large it is.
	samples int
}

// Compress replaces fully-connected layers of the model, which stays as it is. It
// fails if options contradict each other, the data do not fit, a goal is out of
// reach, or, with ErrNothing and a result that holds the report alone, if no
// replacement would be smaller and faster. If the context ends during fine-tuning,
// the result, with the context's error, is the better of before and then.
func (m *Model) Compress(ctx context.Context, o Options) (*Result, error) {
	c := &compressor{Options: o, model: m}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	layers, err := c.candidates(ctx)
	if err != nil {
		return nil, err
	}
	result, err := c.choose(ctx, layers)
	if err != nil {
		return nil, err
	}
	nothing := len(result.chains) == 0 && c.precision == checkpoint.Float32
	if len(result.chains) == 0 {
		c.note("no layer was replaced")
	}
	if result.Report, err = c.report(result, layers); err != nil {
		return nil, err
	}
	if nothing {
		return result, ErrNothing
	}
	return result, ctx.Err()
}

func (c *compressor) tell(format string, values ...any) {
	if c.Progress != nil {
		c.Progress(fmt.Sprintf(format, values...))
	}
}

// round makes the network what is stored, so that errors are those of the file.
func (c *compressor) round(network *nn.Network) error {
	if err := checkpoint.Round(network, c.precision); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	return nil
}

// note adds a line to the report.
func (r *Result) note(format string, values ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, values...))
}

// Save writes the compressed model: an ONNX file if path ends in .onnx, and a
// checkpoint, without what only training needs, if it ends in .safetensors. An ONNX
// file that was not fine-tuned stays as it is, to the byte, but for the layers that
// were replaced, and for weights that become float16 or int8. Otherwise it is written anew,
// with its input and output, its texts and, where that can be written, its opset.
func (r *Result) Save(path string) error {
	if len(r.chains) == 0 && r.precision == checkpoint.Float32 {
		return ErrNothing
	}
	if err := r.save(path); err != nil {
		return err
	}
	now, bytes, err := written(path)
	if err != nil {
		return err
	}
	r.Report.FileAfter = bytes
	if was := r.model.file; was != nil && now != nil && r.tuned {
		r.Report.Notes = append(r.Report.Notes, notKept(was, now))
	}
	if before := r.Report.FileBefore; bytes > before {
		r.Report.Notes = append(r.Report.Notes, fmt.Sprintf("the file has grown, from %s bytes to %s", thousands.Apart(before), thousands.Apart(bytes)))
	}
	return nil
}

// notKept says what a file that was written anew does not keep of the one before.
func notKept(was, now *onnx.Model) string {
	note := "the file was written anew, for fine-tuning changes all layers: it keeps the input, the output and the texts; other names, nodes and functions are new"
	if now.Opset[""] != was.Opset[""] {
		note += fmt.Sprintf("; opset %d has become %d", was.Opset[""], now.Opset[""])
	}
	if len(was.ExternalFiles()) > 0 && len(now.ExternalFiles()) == 0 {
		note += "; weights that were in other files are in it"
	}
	return note
}

// written returns a file that was saved, if it is an ONNX file, and how many bytes it has
// together with those beside it that hold its weights.
func written(path string) (file *onnx.Model, bytes int, err error) {
	files := []string{path}
	if IsONNX(path) {
		if file, err = onnx.Open(path); err != nil {
			return nil, 0, err
		}
		files = append(files, file.ExternalFiles()...)
	}
	bytes, err = filesBytes(files...)
	return file, bytes, err
}

// weightTypes are the types of an ONNX file's weights.
var weightTypes = map[checkpoint.Precision]onnx.DataType{checkpoint.Float16: onnx.Float16, checkpoint.Int8: onnx.Int8}

func (r *Result) save(path string) error {
	if !IsONNX(path) && !strings.EqualFold(filepath.Ext(path), ".safetensors") {
		return fmt.Errorf("compress: %s: name a file that ends in .onnx or .safetensors", path)
	}
	if !IsONNX(path) {
		if r.Network == nil {
			return fmt.Errorf("compress: %s: only networks become checkpoints, and the file can't be imported as one: %w", path, r.model.Reason)
		}
		extra, err := train.Inference(r.model.extra)
		if err != nil {
			return err
		}
		return checkpoint.SaveAs(path, r.Network, extra, r.precision)
	}
	if r.model.file == nil || r.tuned {
		extra, err := train.Inference(r.model.extra)
		if err != nil {
			return err
		}
		// Who ran the old file can run the new one.
		file, err := onnx.FromNetwork(r.Network, onnx.Options{Weights: weightTypes[r.precision], Metadata: extra.Metadata, Like: r.model.file})
		if err != nil {
			return err
		}
		return file.Save(path)
	}
	file := r.model.file.Clone()
	for _, name := range slices.Sorted(maps.Keys(r.chains)) {
		if err := file.Replace(r.model.linears[name], r.chains[name], weightTypes[r.precision]); err != nil {
			return err
		}
	}
	if r.precision != checkpoint.Float32 {
		if err := file.Store(weightTypes[r.precision]); err != nil {
			return err
		}
	}
	return file.Save(path)
}
