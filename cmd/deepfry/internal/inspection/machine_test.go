package inspection

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/kernel"
	"github.com/deepfry/deepfry/kernel/machine"
	"github.com/deepfry/deepfry/predict"
)

// described returns what is said of a machine with a table's note.
func described(t *testing.T, m *machine.Model, e *table.Encoder) (Machine, string) {
	t.Helper()
	if e != nil {
		note, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		m.Notes[predict.TableKey] = string(note)
	}
	p, err := predict.FromMachine(m, "m")
	if err != nil {
		t.Fatal(err)
	}
	d, err := OfMachine("m.safetensors", p, 12345)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := d.Print(&b); err != nil {
		t.Fatal(err)
	}
	return d, b.String()
}

func TestMachine(t *testing.T) {
	features, err := kernel.NewFeatures(kernel.Gaussian{Gamma: 0.02}, kernel.Options{Inputs: 4, N: 8, Sampling: kernel.RKS, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	e := &table.Encoder{
		Schema: table.Schema{
			Format: table.CSV, Header: true, Fields: 5,
			Targets: []table.Column{{Name: "y", Field: 4, Kind: table.Category, Categories: []string{"no", "yes"}}},
			Weight:  &table.Column{Name: "w", Field: 0, Kind: table.Number},
			Inputs: []table.Column{
				{Name: "length", Field: 1, Kind: table.Number}, {Name: "flag", Field: 2, Kind: table.Number},
				{Name: "color", Field: 3, Kind: table.Category, Categories: []string{"red", "blue"}},
			},
		},
		Impute:  table.ImputeMedian,
		Columns: []table.Scaling{{Curve: &table.Curve{Unit: 3}, Mean: 2, Scale: 0.25, Fill: []float64{1}}, {Scale: 1, Fill: []float64{0}}, {Scale: 1, Fill: []float64{1, 0}}},
	}
	m := &machine.Model{
		Columns: machine.Columns{Inputs: 4, Classes: []string{"no", "yes"}}, Features: features, Weights: make([]float32, 32), Bias: make([]float64, 2), Logits: true,
		Notes: map[string]string{"author": "me", predict.FitKey: predict.Fit{Solver: "logistic", Rows: 320, Ridge: 0.001}.Note()},
	}
	d, text := described(t, m, e)
	want := `
machine   m.safetensors
task      classification of y
classes   2: no, yes
kernel    gaussian, gamma 0.02: a bandwidth of 5.000
features  16 of 8 rks frequencies, by the seed 7
inputs    4 numbers of 3 columns, the median in place of missing values
transform log, of columns of numbers
weight    w
fitted to 320 rows, by logistic, regularisation 0.001
answers   classes, with their probabilities
author    me
file      12,345 bytes

column  kind
length  number    logarithm of it, mean 2, deviation 4; may be missing
flag    number    as it is; may be missing
color   category  2: red, blue; may be missing
`
	if unspaced(text) != unspaced(want) {
		t.Errorf("%s\nwant %s", text, want)
	}
	content, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"task":"classification"`, `"classes":["no","yes"]`, `"kernel":{"kind":"gaussian","gamma":0.02},"bandwidth":5,"features":{"inputs":4,"n":8,"sampling":"rks","seed":7}`,
		`"fit":{"solver":"logistic","rows":320,"ridge":0.001}`, `{"name":"color","kind":"category","categories":["red","blue"],`, `"notes":{"author":"me"}`, `"weight":"w"`, `"transform":"log"`,
	} {
		if !strings.Contains(string(content), part) {
			t.Errorf("no %s in %s", part, content)
		}
	}
}

// unspaced joins the words of each line by one blank.
func unspaced(text string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

// TestOtherMachines: machines without features, and of many columns, of vectors and of
// images.
func TestOtherMachines(t *testing.T) {
	e := &table.Encoder{Schema: table.Schema{Format: table.LIBSVM, Targets: []table.Column{{Name: "label", Field: -1, Kind: table.Number}}}, Impute: table.NoImpute}
	for i := range 50 {
		e.Schema.Inputs = append(e.Schema.Inputs, table.Column{Name: strings.Repeat("9", i+1), Field: -1, Kind: table.Number})
		e.Columns = append(e.Columns, table.Scaling{})
	}
	values := func(inputs int, notes map[string]string) *machine.Model {
		return &machine.Model{Columns: machine.Columns{Inputs: inputs, Outputs: 1}, Weights: make([]float32, inputs), Bias: []float64{0}, Notes: notes}
	}
	for _, c := range []struct {
		machine *machine.Model
		encoder *table.Encoder
		want    []string
	}{
		{values(50, map[string]string{}), e, []string{"kernel none: the machine is linear", "50 numbers of 50 columns, LIBSVM, of which none may be missing", "number constant", "and 10 more: --json has all", "answers values\n"}},
		{&machine.Model{Columns: machine.Columns{Inputs: 1, Outputs: 2}, Weights: make([]float32, 2), Bias: make([]float64, 2), HalfWidth: []float64{1.5, 1234567}}, nil, []string{"answers values, with 95% intervals: ± 1.500, 1234567\n"}},
		{values(3, nil), nil, []string{"task regression\n", "inputs 3 numbers\n"}},
		{
			&machine.Model{Columns: machine.Columns{Inputs: 4, Classes: []string{"0", "1"}}, Weights: make([]float32, 8), Bias: make([]float64, 2), Notes: map[string]string{predict.ImagesKey: `{"Data":"mnist","Channels":1,"Height":2,"Width":2,"Meaning":{"data":"mnist"}}`}}, nil,
			[]string{"inputs images of 1×2×2", "fitted to mnist", "answers classes\n"},
		},
	} {
		_, text := described(t, c.machine, c.encoder)
		for _, want := range c.want {
			if !strings.Contains(unspaced(text)+"\n", want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
}

// TestKernels: every kernel, by landmarks and by features that are drawn.
func TestKernels(t *testing.T) {
	for _, c := range []struct {
		kernel          kernel.Kernel
		kernelText      string
		features, drawn string // "": there are none
	}{
		{kernel.Gaussian{Gamma: 0.5}, "gaussian, gamma 0.5: a bandwidth of 1.000", "16 of 8 fastfood", "fastfood"},
		{kernel.Laplacian{Gamma: 0.25}, "laplacian, gamma 0.25\n", "16 of 8 rks", "rks"},
		{kernel.Mixture{Gamma: 0.5, Delta: 0.25}, "mixture, delta 0.25, gamma 0.5: a bandwidth of 1.000", "", ""},
		{kernel.Matern{Nu: 1.5, Length: 2}, "matern, length 2, nu 1.5: a bandwidth of 2.000", "16 of 8 orf", "orf"},
		{kernel.Polynomial{Degree: 3, Gamma: 0.5, Offset: 1}, "polynomial, degree 3, gamma 0.5, offset 1\n", "8 fastfood features", "fastfood"},
		{kernel.ArcCosine{Order: 1}, "arccosine, order 1\n", "8 fastfood features", "fastfood"},
	} {
		landmarks, err := kernel.NewLandmarks(c.kernel, []float32{1, 2, 3, 4, 5, 6}, 2)
		if err != nil {
			t.Fatal(err)
		}
		m := &machine.Model{Columns: machine.Columns{Inputs: 2, Outputs: 1}, Features: landmarks, Weights: make([]float32, 3), Bias: []float64{0}, Notes: map[string]string{}}
		d, text := described(t, m, nil)
		for _, want := range []string{"kernel " + c.kernelText, "features kernels with 3 landmarks, which the file holds\n"} {
			if !strings.Contains(unspaced(text)+"\n", want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		if content, err := json.Marshal(d); err != nil || !strings.Contains(string(content), `"landmarks":3`) || !strings.Contains(string(content), `"kernel":{"kind":"`+c.kernel.Kind()) || d.Outputs != 3 {
			t.Errorf("%s, %v", content, err)
		}
		if c.features == "" {
			continue
		}
		features, err := kernel.NewFeatures(c.kernel, kernel.Options{Inputs: 2, N: 8, Sampling: kernel.Sampling(c.drawn), Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		m.Features, m.Weights = features, make([]float32, features.Outputs())
		_, text = described(t, m, nil)
		for _, want := range []string{"kernel " + c.kernelText, "features " + c.features} {
			if !strings.Contains(unspaced(text)+"\n", want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
}
