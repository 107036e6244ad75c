package onnx

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
)

// oneLayer returns networks that together have every kind of layer.
func oneLayer() []nn.Description {
	image, vector := nn.Shape{4, 9, 8}, nn.Shape{13}
	var all []nn.Description
	add := func(name string, input nn.Shape, ops ...nn.Op) {
		d := nn.Description{Name: name, Input: input}
		for i, op := range ops {
			d.Nodes = append(d.Nodes, nn.Node{Name: fmt.Sprintf("%s%d", op.Kind(), i+1), Op: op})
		}
		all = append(all, d)
	}
	add("conv", image, nn.Conv{Out: 6, Kernel: 3, Pad: 1, Stride: 2, Groups: 2}, nn.Conv{Out: 3, Kernel: 1, NoBias: true})
	add("maxpool", image, nn.MaxPool{Kernel: 3, Stride: 2, Pad: 1})
	add("maxpool ceil", image, nn.MaxPool{Kernel: 3, Stride: 2, Ceil: true})
	add("maxpool pad ceil", image, nn.MaxPool{Kernel: 2, Stride: 2, Pad: 1, Ceil: true})
	add("maxpool far", image, nn.MaxPool{Kernel: 2, Stride: 1, Pads: [4]int{0, 0, 1, 1}})
	add("averagepool", image, nn.AveragePool{Kernel: 3, Stride: 2})
	add("averagepool pad", image, nn.AveragePool{Kernel: 3, Stride: 2, Pad: 1})
	add("averagepool exclude pad", image, nn.AveragePool{Kernel: 3, Stride: 2, Pad: 1, ExcludePad: true})
	add("averagepool ceil", image, nn.AveragePool{Kernel: 3, Stride: 2, Ceil: true})
	add("averagepool pad ceil", image, nn.AveragePool{Kernel: 3, Stride: 2, Pad: 1, Ceil: true})
	add("averagepool exclude pad ceil", image, nn.AveragePool{Kernel: 3, Stride: 2, Pad: 1, ExcludePad: true, Ceil: true})
	add("averagepool far", image, nn.AveragePool{Kernel: 3, Stride: 2, Pads: [4]int{0, 1, 1, 2}})
	add("averagepool near exclude pad", image, nn.AveragePool{Kernel: 2, Stride: 1, Pads: [4]int{1, 1, 0, 0}, ExcludePad: true})
	add("globalaveragepool", image, nn.GlobalAveragePool{}, nn.Dense{Out: 5})
	add("dense", image, nn.Dense{Out: 5}, nn.ReLU{}, nn.Dense{Out: 7, NoBias: true})
	add("fastfood", image, nn.Fastfood{Out: 300})
	add("fastfood blocks", vector, nn.Fastfood{Out: 50}, nn.ReLU{}, nn.Fastfood{Out: 64, NoBias: true}, nn.ReLU{}, nn.Fastfood{Out: 128})
	add("fastfood mixed", nn.Shape{800}, nn.Fastfood{Out: 1000, Padding: "mixed"}, nn.Fastfood{Out: 100, Padding: "mixed"})
	add("fastfood paley", nn.Shape{36}, nn.Fastfood{Out: 30, Padding: "mixed"}, nn.Fastfood{Out: 1})
	add("fastfood one", nn.Shape{1}, nn.Fastfood{Out: 3})
	add("fastfood groups", image, nn.Fastfood{Out: 300, Group: 4}, nn.ReLU{}, nn.Fastfood{Out: 70, NoBias: true, Group: 2, Padding: "mixed"}, nn.Fastfood{Out: 128, Group: 8})
	add("monarch", image, nn.Monarch{Out: 300, Blocks: 12}, nn.ReLU{}, nn.Monarch{Out: 100, Blocks: 10, NoBias: true})
	add("monarch ragged", vector, nn.Monarch{Out: 50, Blocks: 4}, nn.ReLU{}, nn.Monarch{Out: 23, Blocks: 4, NoBias: true}, nn.Monarch{Out: 7, Blocks: 1})
	add("norm", image, nn.LocalResponseNorm{Alpha: 0.3}, nn.LocalResponseNorm{Size: 3, Alpha: 0.1, Beta: 0.6, K: 2})
	add("batchnorm", image, nn.BatchNorm{}, nn.Dense{Out: 6}, nn.BatchNorm{Epsilon: 0.1})
	add("normalize", image, nn.Normalize{}, nn.ReLU{}, nn.Normalize{PerValue: true}, nn.Dense{Out: 3}, nn.ReLU{}, nn.Normalize{})
	add("gelu", image, nn.GELU{}, nn.GELU{Tanh: true})
	add("activations", image, nn.LeakyReLU{Slope: 0.1}, nn.Clip{Min: -1, Max: 2}, nn.Tanh{}, nn.Sigmoid{}, nn.ReLU{})
	add("softmax", vector, nn.SoftmaxLayer{})
	add("softmax image", image, nn.SoftmaxLayer{})
	add("softmax rows", image, nn.SoftmaxLayer{LastAxis: true})
	add("log softmax", vector, nn.SoftmaxLayer{Log: true})
	add("cos", image, nn.Cos{}, nn.CosSin{})
	add("dropout", image, nn.Dropout{Rate: 0.4})
	add("reshape", vector, nn.Dense{Out: 12}, nn.Reshape{Shape: nn.Shape{3, 2, 2}}, nn.Conv{Out: 2, Kernel: 2})
	return append(all, residual())
}

// residual has forks, joins and two large fully-connected layers.
func residual() nn.Description {
	return nn.Description{Name: "residual", Input: nn.Shape{3, 12, 12}, Nodes: []nn.Node{
		{Name: "conv1", Op: nn.Conv{Out: 8, Kernel: 3, Pad: 1, NoBias: true}},
		{Name: "bn1", Op: nn.BatchNorm{}},
		{Name: "relu1", Op: nn.ReLU{}},
		{Name: "conv2", Op: nn.Conv{Out: 8, Kernel: 3, Pad: 1}},
		{Name: "sum", Op: nn.Add{}, From: []string{"relu1", "conv2"}},
		{Name: "both", Op: nn.Concat{}, From: []string{"sum", "conv2", nn.Input}},
		{Name: "three", Op: nn.Add{}, From: []string{"both", "both", "both"}},
		{Name: "pool", Op: nn.MaxPool{Kernel: 2, Stride: 2}},
		{Name: "fc1", Op: nn.Dense{Out: 300}},
		{Name: "relu2", Op: nn.ReLU{}},
		{Name: "fc2", Op: nn.Fastfood{Out: 300}},
		{Name: "vectors", Op: nn.Concat{}, From: []string{"fc1", "fc2"}},
		{Name: "fc3", Op: nn.Dense{Out: 10}},
	}}
}

// shaken builds a network all of whose parameters have values of their own.
func shaken(t testing.TB, d nn.Description) *nn.Network {
	t.Helper()
	network, err := nn.New(d, 3)
	if err != nil {
		t.Fatal(err)
	}
	source := rand.New(rand.NewPCG(1, 2))
	for _, p := range network.Params() {
		if p.Kind != nn.Weight && p.Kind != nn.Diagonal {
			for i := range p.Data {
				p.Data[i] = 0.5 + source.Float32()
			}
		}
	}
	return network
}

func gaussian(n int, seed uint64) []float32 {
	source := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(source.NormFloat64())
	}
	return x
}

// difference returns the largest one, in units of the largest value wanted.
func difference(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var worst, scale float64
	for i, w := range want {
		scale = max(scale, math.Abs(float64(w)))
		d := math.Abs(float64(got[i]) - float64(w))
		if !(d <= worst) {
			worst = d
		}
	}
	return worst / scale
}

// job is a model for ONNX Runtime with the output that it should have.
type job struct {
	name      string
	Model     string               `json:"model"`
	Output    string               `json:"output"`
	Inputs    map[string]jobTensor `json:"inputs"`
	want      []float32
	like      *job // whose outputs it should have, in place of want
	tolerance float64
}

type jobTensor struct {
	File string `json:"file"`
	Dims []int  `json:"dims"`
	Type string `json:"type,omitempty"` // none: float32
}

// jobOutput is what an output of a job turns out to be.
type jobOutput struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Dims []int  `json:"dims"`
}

// jobs are to run in one process.
type jobs struct {
	folder string
	all    []*job
}

func floatFile(t testing.TB, path string, values []float32) string {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFloats(t testing.TB, path string) []float32 {
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return values
}

func (j *jobs) add(t testing.TB, name, model, input string, dims []int, x, want []float32, tolerance float64) {
	path := filepath.Join(j.folder, fmt.Sprint(len(j.all)))
	inputs := map[string]jobTensor{input: {File: floatFile(t, path+".in", x), Dims: dims}}
	j.all = append(j.all, &job{name: name, Model: model, Output: path + ".out", Inputs: inputs, want: want, tolerance: tolerance})
}

// same adds a model that must have the outputs of another job, of the same names, types
// and dimensions; nil: it is such another job itself.
func (j *jobs) same(t testing.TB, name, model string, feeds map[string]*Tensor, like *job, tolerance float64) *job {
	path := filepath.Join(j.folder, fmt.Sprint(len(j.all)))
	added := &job{name: name, Model: model, Output: path + ".out", Inputs: map[string]jobTensor{}, like: like, tolerance: tolerance}
	for name, x := range feeds {
		file := path + "." + name
		if err := os.WriteFile(file, x.raw, 0o644); err != nil {
			t.Fatal(err)
		}
		added.Inputs[name] = jobTensor{file, x.Dims, x.Type.String()}
	}
	j.all = append(j.all, added)
	return added
}

// outputs reads what a job has written: numbers as float32, and what they are.
func (j *job) outputs(t testing.TB) (values []float32, outputs []jobOutput) {
	text, errA := os.ReadFile(j.Output + ".json")
	raw, errB := os.ReadFile(j.Output)
	if err := errors.Join(errA, errB, json.Unmarshal(text, &outputs)); err != nil {
		t.Fatal(err)
	}
	for _, o := range outputs {
		x := &Tensor{Name: o.Name, Dims: o.Dims}
		for _, kind := range []DataType{Float, Double, Float16, Int32, Uint8} {
			if kind.String() == o.Type {
				x.Type = kind
			}
		}
		size := x.Size() * typeSizes[x.Type]
		x.raw, raw = raw[:size], raw[size:]
		numbers, err := numbersOf(x)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range numbers {
			values = append(values, float32(v))
		}
	}
	return values, outputs
}

// save writes a model without waiting for the disk, as Model.Save does.
func (j *jobs) save(t testing.TB, m *Model) string {
	t.Helper()
	file, err := os.Create(filepath.Join(j.folder, fmt.Sprintf("%d.onnx", len(j.all))))
	if err == nil {
		err = errors.Join(m.Write(file), file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

// network exports a network and has its output on batches of 1 and 7 compared.
func (j *jobs) network(t testing.TB, network *nn.Network, o Options) {
	t.Helper()
	d := network.Description
	name := fmt.Sprintf("%s %+v", d.Name, o)
	model, err := FromNetwork(network, o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	path := j.save(t, model)
	tolerance := 1e-4
	if o.Weights != 0 {
		tolerance = roundingOf[o.Weights]
	}
	x := gaussian(7*d.Input.Size(), 5)
	want := append([]float32(nil), network.NewWorkspace(7, false).Forward(x)...)
	for _, batch := range []int{1, 7} {
		j.add(t, fmt.Sprintf("%s batch %d", name, batch), path, "input", append([]int{batch}, d.Input...),
			x[:batch*d.Input.Size()], want[:batch*len(want)/7], tolerance)
	}
}

// run compares all outputs with those of ONNX Runtime.
func (j *jobs) run(t *testing.T) {
	list, err := json.Marshal(j.all)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(j.folder, "jobs.json")
	if err := os.WriteFile(file, list, 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", "testdata/onnxruntime.js", file)
	command.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(os.Getenv(runtimeVariable), "node_modules"))
	if output, err := command.CombinedOutput(); err != nil {
		for _, job := range j.all { // which has stopped it
			_, errA := os.Stat(job.Output)
			if _, errB := os.Stat(job.Output + ".error"); errA != nil && errB != nil {
				t.Fatalf("%s: %v: %s", job.name, err, output)
			}
		}
		t.Fatalf("%v: %s", err, output)
	}
	for _, job := range j.all {
		if message, err := os.ReadFile(job.Output + ".error"); err == nil {
			t.Errorf("%s: %s", job.name, message)
			continue
		}
		got, outputs := job.outputs(t)
		if job.like != nil {
			want, others := job.like.outputs(t)
			if fmt.Sprint(outputs) != fmt.Sprint(others) {
				t.Errorf("%s: the outputs are %v, want %v", job.name, outputs, others)
			}
			job.want = want
		} else if job.want == nil {
			job.want = got
		}
		d := difference(got, job.want)
		if !(d <= job.tolerance) {
			t.Errorf("%s: ONNX Runtime differs by %.2g of the output's scale, want at most %v", job.name, d, job.tolerance)
		} else {
			t.Logf("%s: %.1e", job.name, d)
		}
	}
}

// runtimeVariable names a folder with npm's onnxruntime-node in node_modules.
const runtimeVariable = "DEEPFRY_ONNXRUNTIME"

func newJobs(t *testing.T) *jobs {
	if os.Getenv(runtimeVariable) == "" {
		t.Skipf("%s names no folder with onnxruntime-node", runtimeVariable)
	}
	return &jobs{folder: t.TempDir()}
}

func TestExportsInONNXRuntime(t *testing.T) {
	j := newJobs(t)
	for _, d := range oneLayer() {
		network := shaken(t, d)
		for _, o := range []Options{{}, {Weights: Float16}, {Weights: Int8}, {Fastfood: Function}, {Fastfood: Matrix}, {Opset: 13, Fastfood: Function, Weights: Float16}, {Opset: 26}} {
			j.network(t, network, o)
		}
	}
	for _, fry := range []nn.FryOptions{{}, {Outputs: 1024}, {Outputs: 2048}, {Outputs: 800, Padding: "mixed"}, {Outputs: 1024, NonLinearity: "cos", Classifier: true}, {NonLinearity: "cossin"}} {
		d := models.LeNet(models.Options{ConvReLU: true})
		if fry != (nn.FryOptions{}) {
			var err error
			if d, err = nn.Fry(d, fry); err != nil {
				t.Fatal(err)
			}
		}
		for _, o := range []Options{{}, {Weights: Float16}, {Weights: Int8}, {Fastfood: Function, Weights: Int8}} {
			j.network(t, shaken(t, d), o)
		}
	}
	for _, d := range normalisedModels(t) {
		for _, o := range []Options{{}, {Weights: Float16}, {Fastfood: Function, Opset: 13}, {Opset: 26}} {
			j.network(t, shaken(t, d), o)
		}
	}
	j.run(t)
}

// normalisedModels are networks whose first layer has a mean and a deviation for each
// channel, dense and fried, in colour and in grey.
func normalisedModels(t testing.TB) []nn.Description {
	var all []nn.Description
	for _, c := range []struct {
		name  string
		input nn.Shape
	}{{"lenet", nn.Shape{3, 32, 32}}, {"lenet", nil}, {"smallvgg", nn.Shape{3, 24, 20}}, {"smallvgg", nn.Shape{1, 28, 28}}} {
		d, err := models.ByName(c.name, models.Options{Input: c.input, Normalize: true, Dropout: new(0.)})
		if err != nil {
			t.Fatal(err)
		}
		fried, err := nn.Fry(d, nn.FryOptions{Outputs: 600, Learn: "SGB"})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d, fried)
	}
	return all
}

func TestCaffeNetInONNXRuntime(t *testing.T) {
	j := newJobs(t)
	d := models.CaffeNet(models.Options{})
	j.network(t, shaken(t, d), Options{})
	fried, err := nn.Fry(d, nn.FryOptions{Outputs: 16384})
	if err != nil {
		t.Fatal(err)
	}
	j.network(t, shaken(t, fried), Options{Weights: Float16})
	j.run(t)
}
