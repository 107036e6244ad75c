package checkpoint

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/nn"
	"github.com/nlpodyssey/safetensors"
)

// torch is a network as PyTorch would describe it, without Fastfood.
func torch(t testing.TB, prefix string) *nn.Network {
	t.Helper()
	n, err := nn.New(nn.Description{Name: "torch", Input: nn.Shape{1, 4, 4}, Nodes: []nn.Node{
		{Name: prefix + "conv1", Op: nn.Conv{Out: 2, Kernel: 3}},
		{Name: prefix + "bn", Op: nn.BatchNorm{}},
		{Name: prefix + "fc1", Op: nn.Dense{Out: 3}},
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ramp returns a tensor of the values 1, 1.5, 2, ..., which every type holds exactly.
func ramp(t testing.TB, dtype safetensors.DType, shape ...int) safetensors.TensorView {
	t.Helper()
	var content []byte
	for i := range nn.Shape(shape).Size() {
		v := 1 + float64(i)/2
		switch dtype {
		case safetensors.F32:
			content = binary.LittleEndian.AppendUint32(content, math.Float32bits(float32(v)))
		case safetensors.BF16:
			content = binary.LittleEndian.AppendUint16(content, uint16(math.Float32bits(float32(v))>>16))
		case safetensors.F64:
			content = binary.LittleEndian.AppendUint64(content, math.Float64bits(v))
		case safetensors.I64:
			content = binary.LittleEndian.AppendUint64(content, uint64(v))
		case safetensors.F16:
			half, err := float16Bytes([]float32{float32(v)})
			if err != nil {
				t.Fatal(err)
			}
			content = append(content, half...)
		}
	}
	tensor, err := view(dtype, shape, content)
	if err != nil {
		t.Fatal(err)
	}
	return tensor
}

// stateDict is what safetensors.torch.save_file writes of such a network.
func stateDict(t testing.TB, prefix string, dtype safetensors.DType) map[string]safetensors.TensorView {
	t.Helper()
	return map[string]safetensors.TensorView{
		prefix + "conv1.weight": ramp(t, dtype, 2, 1, 3, 3), prefix + "conv1.bias": ramp(t, dtype, 2),
		prefix + "bn.weight": ramp(t, dtype, 2), prefix + "bn.bias": ramp(t, dtype, 2),
		prefix + "bn.running_mean": ramp(t, dtype, 2), prefix + "bn.running_var": ramp(t, dtype, 2),
		prefix + "bn.num_batches_tracked": ramp(t, safetensors.I64, 1),
		prefix + "fc1.weight":             ramp(t, dtype, 3, 8), prefix + "fc1.bias": ramp(t, dtype, 3),
	}
}

func serialized(t testing.TB, tensors map[string]safetensors.TensorView) []byte {
	t.Helper()
	content, err := safetensors.Serialize(tensors, map[string]string{"format": "pt"})
	if err != nil {
		t.Fatal(err)
	}
	// PyTorch's counter is a scalar, which the library reads but does not make.
	return bytes.ReplaceAll(content, []byte(`"I64","shape":[1]`), []byte(`"I64","shape":[ ]`))
}

func TestLoadParams(t *testing.T) {
	for _, dtype := range []safetensors.DType{safetensors.F32, safetensors.F16, safetensors.BF16, safetensors.F64} {
		for _, c := range []struct{ file, network string }{{"", ""}, {"module.", ""}, {"_orig_mod.module.model.", ""}, {"model.", "model."}} {
			path := filepath.Join(t.TempDir(), "torch.safetensors")
			if err := os.WriteFile(path, serialized(t, stateDict(t, c.file, dtype)), 0o644); err != nil {
				t.Fatal(err)
			}
			n := torch(t, c.network)
			data := n.Params()[0].Data
			if err := LoadParams(path, n); err != nil {
				t.Errorf("%v, names after %q: %v", dtype, c.file, err)
				continue
			}
			for _, p := range n.Params() {
				for i, v := range p.Data {
					if v != 1+float32(i)/2 {
						t.Fatalf("%v: %s[%d] = %v", dtype, p.Name, i, v)
					}
				}
			}
			if &data[0] != &n.Params()[0].Data[0] {
				t.Error("parameters moved: who shares them does not see the new values")
			}
		}
	}
}

func TestLoadParamsListsWhatIsWrong(t *testing.T) {
	tensors := stateDict(t, "", safetensors.F32)
	delete(tensors, "fc1.bias")
	tensors["fc2.weight"] = ramp(t, safetensors.F32, 1)
	tensors["conv1.weight"] = ramp(t, safetensors.F32, 2, 9)
	tensors["conv1.bias"] = ramp(t, safetensors.I64, 2)
	huge, err := view(safetensors.F64, []int{2}, binary.LittleEndian.AppendUint64(make([]byte, 8), math.Float64bits(1e300)))
	if err != nil {
		t.Fatal(err)
	}
	tensors["bn.bias"] = huge
	n := torch(t, "")
	before := slices.Clone(n.Param("fc1.weight").Data)
	err = decodeParams(serialized(t, tensors), n)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"fc1.bias: the file has no", "fc2.weight: the network has no", "[2,9], want [2,1,3,3]", "conv1.bias: the tensor's type is I64", "bn.bias: entry 1 is 1e+300"} {
		want = strings.ReplaceAll(want, "[2,9], want [2,1,3,3]", nn.Shape{2, 9}.String()+", want "+nn.Shape{2, 1, 3, 3}.String())
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in the error %v", want, err)
		}
	}
	if !slices.Equal(n.Param("fc1.weight").Data, before) {
		t.Error("the network changed nevertheless")
	}

	tensors = stateDict(t, "", safetensors.F32)
	tensors["bn.mean"] = tensors["bn.running_mean"]
	if err := decodeParams(serialized(t, tensors), n); err == nil || !strings.Contains(err.Error(), "bn.mean") {
		t.Errorf("two tensors for a parameter: error %v", err)
	}
	if err := decodeParams(serialized(t, nil), n); err == nil {
		t.Error("no tensors: no error")
	}
}

// TestLoadParamsOfCheckpoints: also Fastfood layers, whose permutation may be a seed.
func TestLoadParamsOfCheckpoints(t *testing.T) {
	want := network(t)
	other, err := nn.New(want.Description, 5)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := Save(path, want, Extra{}); err != nil {
		t.Fatal(err)
	}
	if err := LoadParams(path, other); err != nil {
		t.Fatal(err)
	}
	for i, p := range want.Params() {
		if q := other.Params()[i]; !slices.Equal(q.Data, p.Data) || !slices.Equal(q.Indices, p.Indices) {
			t.Errorf("%s differs", p.Name)
		}
	}
	want.Param("fc1.perm").Indices[0] = want.Param("fc1.perm").Indices[1]
	if err := Save(path, want, Extra{}); err != nil {
		t.Fatal(err)
	}
	if err := LoadParams(path, other); err == nil || other.Param("fc1.perm").Indices[0] == other.Param("fc1.perm").Indices[1] {
		t.Errorf("a permutation that is none: error %v", err)
	}
}

func TestOtherFilesAreNamed(t *testing.T) {
	folder := t.TempDir()
	for content, want := range map[string]string{
		"\x89PNG\r\n\x1a\n.....":  "a PNG picture, not a safetensors file",
		"\x08\x08\x12\x07pytorch": "an ONNX model, not",
		"a,b\n1,2\n":              "a table as text",
		"":                        "an empty file",
		string(serialized(t, stateDict(t, "", safetensors.F32))): "9 tensors (bn.bias, bn.num_batches_tracked, bn.running_mean, ...) without a network",
		"\x00\x01\x02": "not a safetensors file",
	} {
		path := filepath.Join(folder, "file")
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.10q: error %v, want %q", content, err, want)
		}
	}
}

func FuzzDecodeParams(f *testing.F) {
	f.Add(serialized(f, stateDict(f, "module.", safetensors.BF16)))
	f.Add(serialized(f, stateDict(f, "", safetensors.F64)))
	n := torch(f, "")
	f.Fuzz(func(t *testing.T, content []byte) {
		if decodeParams(content, n) == nil {
			n.NewWorkspace(1, false).Forward(make([]float32, 16))
		}
	})
}
