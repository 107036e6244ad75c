// Package predict answers by what was trained: it knows what a file means that a
// training run, a fit, or an export wrote.
//
// [Open] reads a network (a checkpoint, or an ONNX file) or a kernel machine, with
// the names of its classes and how pictures or the rows of a table become its
// inputs:
//
//	p, err := predict.Open("runs/lenet-mnist-adaptive-1024-seed1.safetensors")
//	answer, err := p.Picture("digit.png")
//	fmt.Println(answer.Name, answer.Probability)
//
// A [Tally] counts how well answers do.
package predict

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/filekind"
	"github.com/deepfry/deepfry/kernel/machine"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/deepfry/deepfry/train"
)

// Predictor answers for a trained file. Many goroutines may use one; its fields
// must not be changed.
type Predictor struct {
	// Meaning is what the file says beside numbers, completed where it is silent.
	Meaning
	// Said tells, a line each, what the file does not say and was assumed.
	Said []string

	// Named says that the file names its classes; otherwise they are numbers.
	Named bool
	// TrainedOn has the hashes of the pictures that a network was trained on, as
	// dataset.Images has them; nil where the file does not say.
	TrainedOn map[uint64]bool
	// Input is the shape of a sample: [channels, height, width] of pictures, or
	// [n] numbers.
	Input nn.Shape
	// Encoder makes inputs of the rows of a table; nil if the file takes none.
	Encoder *table.Encoder
	// Fit says how the machine was fitted; nil where the file does not say.
	Fit *Fit
	// Network or Machine is what answers; the other one is nil.
	Network *nn.Network
	Machine *machine.Model

	standardization dataset.Standardization // of inputs; see Standardize
	prepared        bool                    // the file says what its inputs are

	outputs    int
	normalised bool // the network's outputs are probabilities already
	samples    int  // of a run in many
	one, many  sync.Pool
}

// run computes the outputs of so many samples, [samples, outputs], and the standard
// deviations of a machine that has a posterior. What it returns is good until it is
// called again. One goroutine at a time may call it.
type run func(inputs []float32, samples int) (outputs, deviations []float64)

// Open reads a file: a checkpoint of a network, an ONNX file that can be imported as
// one, or a kernel machine. The errors are those of the file system and of the
// packages that read such files, and one if the parts of the file contradict each
// other.
func Open(path string) (*Predictor, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, errKind(path, filekind.Folder)
	}
	return read(file, path, path)
}

// Read is [Open] for a stream, whose name is for errors. ONNX files must hold their
// weights themselves.
func Read(r io.Reader, name string) (*Predictor, error) { return read(r, name, "") }

// read reads a stream, which is a file's if there is a path.
func read(r io.Reader, name, path string) (*Predictor, error) {
	head := make([]byte, filekind.HeadLength)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("predict: %s: %w", name, err)
	}
	head = head[:n]
	kind := filekind.Of(head)
	if kind == "" && isONNX(name) { // as its writer says, if not its beginning
		kind = filekind.ONNX
	}
	switch {
	case kind == filekind.ONNX && path != "": // its weights may be in other files of its folder
		model, err := onnx.Open(path)
		if err != nil {
			return nil, err
		}
		return fromONNX(model, name)
	case kind == filekind.ONNX || kind == filekind.Safetensors:
		rest, err := io.ReadAll(r)
		if err != nil {
			return nil, fmt.Errorf("predict: %s: %w", name, err)
		}
		return decode(append(head, rest...), kind, name)
	}
	return nil, errKind(name, kind) // of which there may be a lot to read
}

// errKind is the error for a file that is no model.
func errKind(name, kind string) error {
	return fmt.Errorf("predict: %s: expected a network or a kernel machine, as a safetensors or ONNX file, found %s", name, cmp.Or(kind, "something else"))
}

func isONNX(name string) bool { return strings.EqualFold(filepath.Ext(name), ".onnx") }

func decode(content []byte, kind, name string) (*Predictor, error) {
	if kind == filekind.ONNX {
		model, err := onnx.Parse(content)
		if err != nil {
			return nil, fmt.Errorf("predict: %s: %w", name, err)
		}
		return fromONNX(model, name)
	}
	m, err := machine.Decode(content)
	if err == nil {
		return FromMachine(m, name)
	}
	if !errors.Is(err, machine.ErrNotModel) {
		return nil, fmt.Errorf("predict: %s: %w", name, err)
	}
	network, extra, err := checkpoint.Decode(content)
	if err != nil {
		return nil, fmt.Errorf("predict: %s: %w", name, err)
	}
	return fromNetwork(network, extra, name)
}

func fromONNX(model *onnx.Model, name string) (*Predictor, error) {
	network, err := onnx.Import(model, onnx.ImportOptions{})
	if err != nil {
		return nil, fmt.Errorf("predict: %s: %w", name, err)
	}
	return fromNetwork(network, checkpoint.Extra{Metadata: model.Metadata}, name)
}

// fromNetwork returns the predictor of a network that was read with extra content.
func fromNetwork(network *nn.Network, extra checkpoint.Extra, name string) (*Predictor, error) {
	notes, err := train.Notes(extra)
	if err != nil && !errors.Is(err, train.ErrNoState) {
		return nil, fmt.Errorf("predict: %s: %w", name, err)
	}
	p, err := FromNetwork(network, notes, name)
	if err == nil {
		p.TrainedOn, err = train.TrainedOn(extra)
	}
	return p, err
}

// FromNetwork returns a predictor for a network in memory. Notes are those of its
// training (see [Meaning]), or nil; the name is for errors.
func FromNetwork(network *nn.Network, notes map[string]string, name string) (*Predictor, error) {
	meaning, err := ReadMeaning(notes)
	if err != nil {
		return nil, fmt.Errorf("predict: %s: %w", name, err)
	}
	outputs := network.OutShape().Size()
	if len(meaning.Classes) > outputs {
		return nil, fmt.Errorf("predict: %s: %d classes are named, but the network has %d outputs", name, len(meaning.Classes), outputs)
	}
	p := &Predictor{Meaning: meaning, Input: network.Description.Input, Network: network, outputs: outputs, normalised: endsInSoftmax(network)}
	p.complete(outputs)
	p.start(networkSamples, func(samples int) run {
		workspace := network.NewWorkspace(samples, false)
		wide := make([]float64, samples*outputs)
		return func(inputs []float32, samples int) ([]float64, []float64) {
			for i, v := range workspace.Forward(inputs) {
				wide[i] = float64(v)
			}
			return wide[:samples*outputs], nil
		}
	})
	return p, nil
}

// start has runs of one sample and of many made when they are needed.
func (p *Predictor) start(samples int, plan func(samples int) run) {
	p.samples = samples
	p.one.New = func() any { return plan(1) }
	p.many.New = func() any { return plan(samples) }
}

// Samples that are computed at a time: enough for a network's activations to stay
// in the cache, and for a machine's products to be large.
const (
	networkSamples = 64
	machineSamples = 256
)

// complete fills in what the file does not say.
func (p *Predictor) complete(outputs int) {
	p.prepared = p.Preparation != "" || p.Data != ""
	if p.Preparation == "" && len(p.Input) == 3 {
		p.Preparation = p.likelyPreparation()
		if !p.idx {
			p.Said = append(p.Said, fmt.Sprintf("the file does not say how pictures become its input of %v: taken %v", p.Input, p.Preparation))
		}
	}
	p.Named = p.Classes != nil
	if outputs == 1 && p.Classes == nil { // a value, not a class
		return
	}
	p.Classes = slices.Clone(p.Classes)
	for i := len(p.Classes); i < outputs; i++ {
		name := strconv.Itoa(i)
		if p.Named { // other names may be numbers
			name = "output " + name
		}
		p.Classes = append(p.Classes, name)
	}
}

func endsInSoftmax(network *nn.Network) bool {
	nodes := network.Description.Nodes
	last, ok := nodes[len(nodes)-1].Op.(nn.SoftmaxLayer)
	return ok && !last.Log // the softmax of logarithms of probabilities is those
}

// FromMachine returns a predictor for a machine in memory. Its notes, by [TableKey] or
// [ImagesKey], say what it takes, or it takes vectors; the name is for errors.
func FromMachine(m *machine.Model, name string) (*Predictor, error) {
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("predict: %s: %w", name, err)
	}
	p := &Predictor{Machine: m, Input: nn.Shape{m.Columns.Inputs}, outputs: m.Columns.Targets()}
	if err := p.readMachine(); err != nil {
		return nil, fmt.Errorf("predict: %s: %w", name, err)
	}
	p.start(machineSamples, func(samples int) run {
		predictor, targets := m.NewPredictor(samples), m.Columns.Targets()
		y, s := make([]float64, samples*targets), make([]float64, samples*targets)
		return func(inputs []float32, samples int) ([]float64, []float64) {
			y, s := y[:samples*targets], s[:samples*targets]
			if m.Noise() == nil || m.Columns.Classes != nil {
				predictor.Predict(y, inputs)
				return y, nil
			}
			predictor.PredictDeviation(y, s, inputs)
			return y, s
		}
	})
	return p, nil
}

// Standardize has the values of pictures, images and .npz files standardised before the
// network sees them, which one from elsewhere may want; call it before anything else. It
// fails if the numbers do not fit the input (see [dataset.Standardization]), and for a
// file that says what it was trained on or how its inputs are prepared: Deepfry's own
// take values from 0 to 1.
func (p *Predictor) Standardize(s dataset.Standardization) error {
	if s.IsZero() {
		return nil
	}
	if p.Machine != nil || p.prepared {
		return errors.New("predict: the file says how its inputs are prepared, and they must not be standardised: a mean and a deviation are for networks from elsewhere")
	}
	if err := s.Check(p.Input); err != nil {
		return err
	}
	p.standardization = s
	return nil
}

// Answers returns an answer for each of the samples, [n, Input]. It panics if their
// length is no multiple of a sample's. It fails if an output is not finite.
func (p *Predictor) Answers(inputs []float32) ([]Answer, error) {
	size := p.Input.Size()
	if len(inputs)%size != 0 {
		panic("predict: the inputs are no whole number of samples")
	}
	answers := make([]Answer, 0, len(inputs)/size)
	for part := range slices.Chunk(inputs, p.samples*size) {
		samples := len(part) / size
		pool := &p.many
		if samples == 1 {
			pool = &p.one
		}
		r := pool.Get().(run)
		outputs, deviations := r(part, samples)
		for i := range samples {
			first, end := i*p.outputs, (i+1)*p.outputs
			var s []float64
			if deviations != nil {
				s = deviations[first:end]
			}
			answer, err := p.answer(outputs[first:end], s)
			if err != nil {
				return nil, fmt.Errorf("%w, for sample %d", err, len(answers))
			}
			answers = append(answers, answer)
		}
		pool.Put(r)
	}
	return answers, nil
}

// Answer is [Predictor.Answers] for one sample.
func (p *Predictor) Answer(input []float32) (Answer, error) {
	if len(input) != p.Input.Size() {
		panic("predict: the input is not one sample")
	}
	answers, err := p.Answers(input)
	if err != nil {
		return Answer{}, err
	}
	return answers[0], nil
}

// answer makes an answer of the outputs of a sample, and of their deviations if there
// are any.
func (p *Predictor) answer(outputs, deviations []float64) (Answer, error) {
	for _, v := range outputs {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Answer{}, errors.New("predict: the output is not finite: the file is damaged, or the run that wrote it diverged")
		}
	}
	if p.Classes == nil {
		return p.estimate(outputs, deviations), nil
	}
	a := Answer{Scores: make([]float32, len(outputs)), Class: slices.Index(outputs, slices.Max(outputs))}
	a.Name = p.Classes[a.Class]
	for i, v := range outputs {
		a.Scores[i] = float32(v)
	}
	if !p.HasProbabilities() {
		return a, nil
	}
	a.Probabilities = make([]float64, len(outputs))
	sum := 0.0
	for i, v := range outputs {
		a.Probabilities[i] = v
		if !p.normalised {
			a.Probabilities[i] = math.Exp(v - outputs[a.Class])
		}
		sum += a.Probabilities[i]
	}
	for i := range a.Probabilities {
		a.Probabilities[i] /= sum
	}
	a.Probability = a.Probabilities[a.Class]
	return a, nil
}
