package onnx

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/nn"
)

// goldens returns the files that PyTorch wrote (testdata/make_golden.py).
func goldens(t testing.TB) []string {
	files, err := filepath.Glob("testdata/*.onnx")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d files (%v)", len(files), err)
	}
	return files
}

// golden reads a model, an input of three samples and PyTorch's output.
func golden(t testing.TB, file string) (m *Model, x, want []float32) {
	t.Helper()
	m, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSuffix(strings.TrimSuffix(file, "-13.onnx"), "-17.onnx")
	return m, readFloats(t, name+".in"), readFloats(t, name+".out")
}

func TestImportOfPyTorch(t *testing.T) {
	for _, file := range goldens(t) {
		m, x, want := golden(t, file)
		for _, o := range []ImportOptions{{}, {Logits: true}, {Logits: true, FoldBatchNorm: true}} {
			network, err := Import(m, o)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			got := slices.Clone(run(network, x, 3))
			for i := range 3 {
				if !o.Logits {
					break
				}
				row := got[i*len(got)/3 : (i+1)*len(got)/3]
				switch {
				case strings.Contains(file, "vgg"):
					nn.Softmax(row)
				case strings.Contains(file, "lenet"):
					nn.Softmax(row)
					for j, p := range row {
						row[j] = float32(math.Log(float64(p)))
					}
				}
			}
			if d := difference(got, want); !(d <= 1e-5) {
				t.Errorf("%s %+v: outputs differ from PyTorch's by %.2g of their scale", file, o, d)
			}
			for _, node := range network.Description.Nodes {
				if _, ok := node.Op.(nn.BatchNorm); ok && o.FoldBatchNorm && !strings.Contains(file, "operations") { // where it is behind a Tanh
					t.Errorf("%s: %s was not folded", file, node.Name)
				}
			}
		}
	}
}

// TestNamesOfPyTorch finds layers by the names that they have there.
func TestNamesOfPyTorch(t *testing.T) {
	m, _, _ := golden(t, "testdata/lenet-17.onnx")
	network, err := Import(m, ImportOptions{Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, shape := range map[string]string{"conv1.weight": "[4 1 5 5]", "conv2.bias": "[6]", "fc1.weight": "[30 96]", "fc2.bias": "[10]"} {
		if p := network.Param(name); p == nil || fmt.Sprint(p.Shape) != shape {
			t.Errorf("parameter %s: %v, want the shape %s", name, p, shape)
		}
	}
	if !slices.Equal(network.Description.Input, nn.Shape{1, 28, 28}) || len(network.Description.Nodes) != 9 {
		t.Errorf("%+v, want 9 layers", network.Description)
	}
}

// TestPyTorchInONNXRuntime has ONNX Runtime run what PyTorch wrote: as it was,
// with every fully-connected layer rewritten to an equal one, and imported, trained
// for three steps and exported again.
func TestPyTorchInONNXRuntime(t *testing.T) {
	j := newJobs(t)
	for _, file := range goldens(t) {
		m, x, want := golden(t, file)
		dims := append([]int{3}, m.Inputs[0].Dims[1:]...)
		j.add(t, file+" as it was", file, "x", dims, x, want, 1e-4)

		layers, _ := m.Linears()
		for _, l := range layers {
			w, err := l.Weights()
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Replace(l, products(t, l.Inputs, w, identity(l.Outputs)), 0); err != nil {
				t.Fatal(err)
			}
		}
		j.add(t, file+" rewritten", j.save(t, m), "x", dims, x, want, 1e-4)

		m, _, _ = golden(t, file)
		network, err := Import(m, ImportOptions{Logits: true})
		if err != nil {
			t.Fatal(err)
		}
		tune(network, x)
		j.network(t, network, Options{})
	}
	j.run(t)
}

// tune makes a few steps of training that make the first output large.
func tune(network *nn.Network, x []float32) {
	w := network.NewWorkspace(3, true)
	for range 3 {
		logits := w.Forward(x)
		nn.SoftmaxCrossEntropy{}.Evaluate(w.OutputGrad(), logits, make([]int32, 3), len(logits)/3)
		w.Backward()
		for _, p := range network.Params() {
			for i, g := range w.Gradient(p) {
				if p.Learn {
					p.Data[i] -= 0.01 * g
				}
			}
		}
		w.UpdateStatistics()
	}
}

// TestImportsLearn trains what PyTorch wrote: the loss falls.
func TestImportsLearn(t *testing.T) {
	for _, file := range goldens(t) {
		m, x, _ := golden(t, file)
		if strings.Contains(file, "operations") {
			continue // its normalisation by three samples is another network's
		}
		network, err := Import(m, ImportOptions{Logits: true, FoldBatchNorm: true})
		if err != nil {
			t.Fatal(err)
		}
		loss := func() float64 {
			logits := run(network, x, 3)
			total, _ := nn.SoftmaxCrossEntropy{}.Evaluate(nil, logits, make([]int32, 3), len(logits)/3)
			return total
		}
		before := loss()
		tune(network, x)
		if after := loss(); !(after < before) {
			t.Errorf("%s: the loss was %v and is %v after three steps", file, before, after)
		}
	}
}
