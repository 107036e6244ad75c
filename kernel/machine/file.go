package machine

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/internal/tensorfile"
	"github.com/deepfry/deepfry/internal/wholefile"
	"github.com/deepfry/deepfry/kernel"
	"github.com/nlpodyssey/safetensors"
)

// descriptionKey names the model's description in a file's metadata.
const descriptionKey = tensorfile.MachineKey

// ErrNotModel is in the error of Load and Decode where a safetensors file is whole,
// but holds something else, such as a network (package checkpoint).
var ErrNotModel = errors.New("not a machine that Deepfry stored")

// description is the JSON in the metadata. Random features are stored as what
// they were drawn by.
type description struct {
	Columns   columnsJSON       `json:"columns"`
	UnitRows  bool              `json:"unit_rows,omitempty"`
	Features  json.RawMessage   `json:"features,omitempty"`  // absent: the inputs themselves
	Landmarks json.RawMessage   `json:"landmarks,omitempty"` // the kernel, where features are kernels with rows
	Logits    bool              `json:"logits,omitempty"`
	HalfWidth []float64         `json:"half_width,omitempty"`
	Posterior *posteriorJSON    `json:"posterior,omitempty"`
	Notes     map[string]string `json:"notes,omitempty"`
}

type columnsJSON struct {
	Inputs  int      `json:"inputs"`
	Outputs int      `json:"outputs,omitempty"`
	Classes []string `json:"classes,omitempty"`
}

type posteriorJSON struct {
	Rows  float64   `json:"rows"`
	Noise []float64 `json:"noise"`
}

// Save writes the model to path, as a safetensors file. It writes a temporary file
// in the same folder and renames it, so that a file under path is always whole.
func (m *Model) Save(path string) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := wholefile.Write(path, func(file *os.File) error { return m.encode(file) }); err != nil {
		return fmt.Errorf("machine: %w", err)
	}
	return nil
}

// Encode writes what Save has in its file. It fails if the model is not valid, or
// has features that are not of package kernel. Equal models give equal bytes.
func (m *Model) Encode(w io.Writer) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := m.encode(w); err != nil {
		return fmt.Errorf("machine: %w", err)
	}
	return nil
}

func (m *Model) encode(w io.Writer) error {
	d := description{
		Columns: columnsJSON(m.Columns), UnitRows: m.Scaling.UnitRows, Logits: m.Logits, HalfWidth: m.HalfWidth, Notes: m.Notes,
	}
	var err error
	switch f := m.features().(type) {
	case identity:
	case *kernel.Features:
		d.Features, err = json.Marshal(f)
	case *kernel.Landmarks:
		d.Landmarks, err = kernel.MarshalKernel(f.Kernel())
	default:
		err = fmt.Errorf("features of type %T cannot be stored: want those of package kernel", m.Features)
	}
	if err != nil {
		return err
	}
	n, targets := m.features().Outputs(), m.Columns.Targets()
	tensors := map[string]safetensors.TensorView{}
	add := func(name string, data []float32, shape ...uint64) {
		if err == nil {
			tensors[name], err = safetensors.NewTensorView(safetensors.F32, shape, floatBytes(data))
		}
	}
	if tensors["bias"], err = safetensors.NewTensorView(safetensors.F64, []uint64{uint64(targets)}, doubleBytes(m.Bias)); err != nil {
		return err
	}
	add("weight", m.Weights, uint64(targets), uint64(n))
	if f, ok := m.Features.(*kernel.Landmarks); ok {
		add("landmarks", f.Rows(), uint64(n), uint64(m.Columns.Inputs))
	}
	mean := m.Scaling.Mean // always there, so that the file is as long as the inputs are many
	if mean == nil {
		mean = make([]float32, m.Columns.Inputs)
	}
	add("scaling.mean", mean, uint64(len(mean)))
	if m.Scaling.Scale != nil {
		add("scaling.scale", m.Scaling.Scale, uint64(len(mean)))
	}
	if p := m.posterior; p != nil {
		d.Posterior = &posteriorJSON{p.rows, p.noise}
		factor := slices.Concat(p.factor.l.panels...)
		add("posterior.mean", p.mean, uint64(n))
		add("posterior.factor", factor, uint64(len(factor)))
	}
	text, jsonError := json.Marshal(d)
	if err = errors.Join(err, jsonError); err != nil {
		return err
	}
	return tensorfile.Write(w, tensors, map[string]string{descriptionKey: string(text)})
}

// Load reads a file that Save wrote. Besides errors of the file system, it fails
// if the file is not a safetensors file, is cut off or damaged, holds something else
// (ErrNotModel), or if a tensor is missing, has another shape than the description
// says, or is not finite.
func Load(path string) (*Model, error) {
	content, err := tensorfile.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("machine: %w", err)
	}
	m, err := Decode(content)
	if err != nil {
		return nil, fmt.Errorf("machine: %s: %w", path, err)
	}
	return m, nil
}

// Decode is Load for content that is in memory.
func Decode(content []byte) (*Model, error) {
	file, err := tensorfile.Read(content)
	if err != nil {
		return nil, err
	}
	text, ok := file.Metadata[descriptionKey]
	if !ok {
		return nil, fmt.Errorf("%w, but %s", ErrNotModel, file.Describe())
	}
	var d description
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields() // a newer version may have written them
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("the machine's description: %w", err)
	}
	r := &reader{tensors: file.Tensors}
	m, err := r.model(&d)
	if err = errors.Join(r.err, err); err != nil {
		return nil, err
	}
	return m, m.Validate()
}

// reader reads tensors and keeps the first error.
type reader struct {
	tensors map[string]safetensors.TensorView
	err     error
}

// tensor returns the numbers of a tensor that must have the given shape.
func (r *reader) tensor(name string, shape ...int) []float32 {
	if r.err != nil {
		return nil
	}
	t, ok := r.tensors[name]
	if !ok {
		r.err = fmt.Errorf("there is no tensor %q", name)
		return nil
	}
	same := t.DType() == safetensors.F32 && len(shape) == len(t.Shape())
	for i, n := range shape {
		same = same && t.Shape()[i] == uint64(n)
	}
	if !same {
		r.err = fmt.Errorf("tensor %q is %v %v: want F32 %v", name, t.DType(), t.Shape(), shape)
		return nil
	}
	data := make([]float32, len(t.Data())/4)
	for i := range data {
		data[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data()[4*i:]))
	}
	if notFinite(data) >= 0 {
		r.err = fmt.Errorf("tensor %q is not finite", name)
	}
	return data
}

// bias reads float64, or float32, which earlier versions wrote.
func (r *reader) bias(targets int) []float64 {
	bias := make([]float64, targets)
	t := r.tensors["bias"]
	if t.DType() != safetensors.F64 || !slices.Equal(t.Shape(), []uint64{uint64(targets)}) {
		for k, v := range r.tensor("bias", targets) {
			bias[k] = float64(v)
		}
		return bias
	}
	for k := range bias {
		bias[k] = math.Float64frombits(binary.LittleEndian.Uint64(t.Data()[8*k:]))
	}
	return bias // Validate looks whether they are finite
}

// model allocates no more than the file holds, before features are made.
func (r *reader) model(d *description) (*Model, error) {
	m := &Model{Columns: Columns(d.Columns), Logits: d.Logits, HalfWidth: d.HalfWidth, Notes: d.Notes}
	if err := m.Columns.validate(); err != nil {
		return nil, err
	}
	m.Scaling = Scaling{Mean: r.tensor("scaling.mean", m.Columns.Inputs), UnitRows: d.UnitRows}
	if _, ok := r.tensors["scaling.scale"]; ok {
		m.Scaling.Scale = r.tensor("scaling.scale", m.Columns.Inputs)
	}
	targets := m.Columns.Targets()
	m.Bias = r.bias(targets)
	if r.err != nil {
		return nil, nil
	}
	var err error
	switch {
	case d.Landmarks != nil && (d.Features != nil || d.Posterior != nil):
		err = errors.New("the description has landmarks beside random features or a posterior: want one of them")
	case d.Features != nil:
		m.Features, err = r.features(d, targets)
	case d.Landmarks != nil:
		m.Features, err = r.landmarks(d, targets)
	}
	if err != nil {
		return nil, err
	}
	n := m.features().Outputs()
	m.Weights = r.tensor("weight", targets, n)
	if d.Posterior != nil && r.err == nil {
		if m.posterior, err = r.posterior(d.Posterior, targets, n); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// features makes the features, unless there would be more of them than weights.
func (r *reader) features(d *description, targets int) (*kernel.Features, error) {
	var size struct{ Inputs, N int }
	if err := json.Unmarshal(d.Features, &size); err != nil {
		return nil, fmt.Errorf("the features' description: %w", err)
	}
	weights, ok := r.tensors["weight"]
	if !ok || size.Inputs != d.Columns.Inputs || size.N > len(weights.Data())/4/targets {
		return nil, fmt.Errorf("the description has %d frequencies of %d inputs, which does not fit the tensor \"weight\" or the table's %d inputs", size.N, size.Inputs, d.Columns.Inputs)
	}
	features := new(kernel.Features)
	if err := json.Unmarshal(d.Features, features); err != nil {
		return nil, fmt.Errorf("the features' description: %w", err)
	}
	return features, nil
}

// landmarks returns the map to kernels with as many rows as there are weights.
func (r *reader) landmarks(d *description, targets int) (*kernel.Landmarks, error) {
	k, err := kernel.UnmarshalKernel(d.Landmarks)
	if err != nil {
		return nil, err
	}
	weights := r.tensors["weight"]
	rows := r.tensor("landmarks", len(weights.Data())/4/targets, d.Columns.Inputs)
	if r.err != nil {
		return nil, r.err
	}
	return kernel.NewLandmarks(k, rows, d.Columns.Inputs)
}

func (r *reader) posterior(d *posteriorJSON, targets, n int) (*posterior, error) {
	if !(d.Rows >= 1) || len(d.Noise) != targets {
		return nil, fmt.Errorf("the posterior is of %v rows, with %d deviations of noise: want at least 1, and %d", d.Rows, len(d.Noise), targets)
	}
	for _, noise := range d.Noise {
		if !(noise >= 0) {
			return nil, fmt.Errorf("the posterior's noise is %v: want no negative numbers", d.Noise)
		}
	}
	p := &posterior{rows: d.Rows, noise: d.Noise, mean: r.tensor("posterior.mean", n), factor: &factor{l: &lower[float32]{n: n}}}
	l := p.factor.l
	length := 0
	for i := range tiles(n) {
		length += l.height(i) * l.width(i)
	}
	data := r.tensor("posterior.factor", length)
	for i := 0; i < tiles(n) && r.err == nil; i++ {
		size := l.height(i) * l.width(i)
		l.panels = append(l.panels, data[:size])
		data = data[size:]
	}
	return p, nil
}

func doubleBytes(data []float64) []byte {
	content := make([]byte, 0, 8*len(data))
	for _, v := range data {
		content = binary.LittleEndian.AppendUint64(content, math.Float64bits(v))
	}
	return content
}

func floatBytes(data []float32) []byte {
	content := make([]byte, 0, 4*len(data))
	for _, v := range data {
		content = binary.LittleEndian.AppendUint32(content, math.Float32bits(v))
	}
	return content
}
