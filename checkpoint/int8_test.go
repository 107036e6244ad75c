package checkpoint

import (
	"bytes"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/float16"
	"github.com/deepfry/deepfry/internal/quantize"
	"github.com/deepfry/deepfry/internal/tensorfile"
	"github.com/deepfry/deepfry/nn"
	"github.com/nlpodyssey/safetensors"
)

func TestInt8(t *testing.T) {
	want := network(t)
	content := savedAs(t, Int8)
	got, extra, err := Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range want.Params() {
		data := p.Data
		if p.Kind == nn.Weight || p.Kind == nn.Diagonal {
			numbers, scales, err := quantize.Rows(p.Data, p.Shape[0])
			if err != nil {
				t.Fatal(err)
			}
			data = quantize.Values(numbers, scales)
		} else if p.Kind == nn.Bias {
			data = slices.Clone(data)
			float16.Round(data)
		}
		if q := got.Params()[i]; !slices.Equal(q.Indices, p.Indices) || !slices.Equal(q.Data, data) {
			t.Errorf("parameter %s is not what it is rounded to", p.Name)
		}
	}
	if len(extra.Tensors) != 1 || !slices.Equal(extra.Tensors["optimizer"], []float32{1, 2, 3}) {
		t.Errorf("extra tensors came back as %v", extra.Tensors)
	}
	path := filepath.Join(t.TempDir(), "again.safetensors")
	if err := SaveAs(path, got, extra, Int8); err != nil {
		t.Fatal(err)
	}
	again, err := tensorfile.ReadFile(path)
	if err != nil || !bytes.Equal(again, content) {
		t.Errorf("what is rounded already was stored as something else (%v)", err)
	}
	if bytes := Bytes(want.Params(), Int8); len(content) < bytes || len(content) > bytes+4096 {
		t.Errorf("a file of %d bytes for parameters of %d", len(content), bytes)
	}
}

// TestInt8Biases: those that float16 does not hold stay what they are.
func TestInt8Biases(t *testing.T) {
	for v, kept := range map[float32]bool{0: true, 1e5: true, -1e5: true, 1e-7: true, float32(math.Inf(1)): true, 0.1: false, 3000.3: false} {
		n := network(t)
		bias := n.Param("fc2.bias").Data
		clear(bias)
		bias[1] = v
		path := filepath.Join(t.TempDir(), "net.safetensors")
		if err := SaveAs(path, n, Extra{}, Int8); err != nil {
			t.Fatal(err)
		}
		back, _, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		got := back.Param("fc2.bias").Data[1]
		if err := Round(n, Int8); err != nil || got != bias[1] {
			t.Errorf("%v came back as %v, and is rounded to %v (%v)", v, got, bias[1], err)
		}
		if same := got == v; same != kept || math.Abs(float64(got-v)) > 1e-3*math.Abs(float64(v)) {
			t.Errorf("%v came back as %v", v, got)
		}
	}
}

// TestInt8Outputs: few samples, for which products read the numbers themselves, give what
// many do, and what changed parameters say counts.
func TestInt8Outputs(t *testing.T) {
	got, _, err := Decode(savedAs(t, Int8))
	if err != nil {
		t.Fatal(err)
	}
	const n = 8
	size := got.Description.Input.Size()
	x := make([]float32, n*size)
	for i := range x {
		x[i] = float32(math.Sin(float64(i)))
	}
	compare := func(when string) (all []float32) {
		t.Helper()
		all = slices.Clone(got.NewWorkspace(n, false).Forward(x))
		classes := len(all) / n
		for i := range n {
			for j, v := range got.NewWorkspace(1, false).Forward(x[i*size : (i+1)*size]) {
				if d := math.Abs(float64(v - all[i*classes+j])); !(d <= 1e-4) {
					t.Errorf("%s: sample %d alone gives %v, among others %v", when, i, v, all[i*classes+j])
				}
			}
		}
		return all
	}
	before := compare("loaded")
	w := got.NewWorkspace(1, true) // for training, which changes weights
	for _, p := range got.Params() {
		for i := range p.Data {
			if p.Kind == nn.Weight {
				p.Data[i] *= 2
			}
		}
	}
	if after := compare("changed"); slices.Equal(before, after) {
		t.Error("weights do not count")
	}
	_ = w
}

// TestInt8Errors: what can't be rounded, and files whose numbers have no scales.
func TestInt8Errors(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1)} {
		n := network(t)
		n.Param("fc1.g").Data[5] = float32(v)
		err := SaveAs(filepath.Join(t.TempDir(), "net.safetensors"), n, Extra{}, Int8)
		if err == nil || !strings.Contains(err.Error(), "fc1.g") || !strings.Contains(err.Error(), "entry 5") {
			t.Errorf("%v: error %v, want one that names fc1.g, entry 5", v, err)
		}
	}
	file, err := tensorfile.Read(savedAs(t, Int8))
	if err != nil {
		t.Fatal(err)
	}
	two, _ := view(safetensors.F32, []int{2}, make([]byte, 8))
	for name, change := range map[string]func(map[string]safetensors.TensorView){
		"no scales":  func(tensors map[string]safetensors.TensorView) { delete(tensors, "fc2.weight.scale") },
		"two scales": func(tensors map[string]safetensors.TensorView) { tensors["fc2.weight.scale"] = two },
	} {
		tensors := maps.Clone(file.Tensors)
		change(tensors)
		var changed bytes.Buffer
		metadata := maps.Clone(file.Metadata)
		maps.DeleteFunc(metadata, func(key, _ string) bool {
			return strings.HasSuffix(key, "checksum") || strings.HasSuffix(key, "format")
		})
		if err := tensorfile.Write(&changed, tensors, metadata); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Decode(changed.Bytes()); err == nil || !strings.Contains(err.Error(), "want 3 numbers of F32 called fc2.weight.scale") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
