package checkpoint

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/float16"
	"github.com/deepfry/deepfry/nn"
	"github.com/nlpodyssey/safetensors"
)

func TestFloat16(t *testing.T) {
	want := network(t)
	content := savedAs(t, Float16)
	got, extra, err := Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range want.Params() {
		q := got.Params()[i]
		if !slices.Equal(q.Indices, p.Indices) || len(q.Data) != len(p.Data) {
			t.Errorf("parameter %s came back changed", p.Name)
		}
		for j, v := range p.Data {
			if p.Kind != nn.Statistic {
				v = float16.To(float16.From(v))
			}
			if q.Data[j] != v {
				t.Fatalf("parameter %s: entry %d came back as %v, want %v", p.Name, j, q.Data[j], v)
			}
		}
	}
	if !slices.Equal(extra.Tensors["optimizer"], []float32{1, 2, 3}) {
		t.Errorf("extra tensors came back as %v", extra.Tensors)
	}
	file, err := safetensors.Deserialize(content)
	if err != nil {
		t.Fatal(err)
	}
	for name, dtype := range map[string]safetensors.DType{"conv1.weight": safetensors.F16, "fc1.s": safetensors.F16, "fc2.bias": safetensors.F16, "fc1.perm": safetensors.U16, "norm.variance": safetensors.F32, "optimizer": safetensors.F32} {
		if tensor, ok := file.Tensor(name); !ok || tensor.DType() != dtype {
			t.Errorf("%s has the type %v, want %v", name, tensor.DType(), dtype)
		}
	}

	// What is rounded already stays as it is.
	path := filepath.Join(t.TempDir(), "again.safetensors")
	if err := SaveAs(path, got, extra, Float16); err != nil {
		t.Fatal(err)
	}
	again, _, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range got.Params() {
		if !slices.Equal(again.Params()[i].Data, p.Data) {
			t.Errorf("parameter %s changed when it was stored again", p.Name)
		}
	}
}

func TestFloat16HasALargestNumber(t *testing.T) {
	for v, fails := range map[float32]bool{65504: false, -65519: false, 65520: true, -1e9: true, float32(math.NaN()): true, float32(math.Inf(1)): true} {
		n := network(t)
		n.Param("fc1.g").Data[5] = v
		path := filepath.Join(t.TempDir(), "net.safetensors")
		err := SaveAs(path, n, Extra{}, Float16)
		if !fails {
			if err != nil {
				t.Errorf("%v: error %v", v, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "fc1.g") || !strings.Contains(err.Error(), "entry 5") {
			t.Errorf("%v: error %v, want one that names fc1.g, entry 5", v, err)
		}
		if _, missing := os.Stat(path); missing == nil {
			t.Errorf("%v: a file was written", v)
		}
	}
}

// TestSeedsAreStoredIfTheyAreTrue: a permutation with another seed than its own is
// a tensor; one with its own is none, and keeps its seed for the next file.
func TestSeedsAreStoredIfTheyAreTrue(t *testing.T) {
	n := network(t)
	perm := n.Param("mixed.perm")
	for _, changed := range []bool{false, true} {
		if changed {
			perm.Indices[0], perm.Indices[1] = perm.Indices[1], perm.Indices[0]
		}
		var encoded bytes.Buffer
		if err := Encode(&encoded, n, Extra{}); err != nil {
			t.Fatal(err)
		}
		content := encoded.Bytes()
		file, err := safetensors.Deserialize(content)
		if err != nil {
			t.Fatal(err)
		}
		if _, found := file.Tensor("mixed.perm"); found != changed {
			t.Errorf("changed: %v, but the permutation is a tensor: %v", changed, found)
		}
		back, _, err := Decode(content)
		if err != nil {
			t.Fatal(err)
		}
		got := back.Param("mixed.perm")
		if !slices.Equal(got.Indices, perm.Indices) || (got.Seed == nil) != changed || !changed && *got.Seed != *perm.Seed {
			t.Errorf("changed: %v: the permutation came back with other indices or another seed", changed)
		}
	}
}

// TestOldFile reads a file from before there were seeds and float16, of a network
// that was drawn from the seed 7.
func TestOldFile(t *testing.T) {
	got, extra, err := Load("testdata/old.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	want, err := nn.New(got.Description, 7)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range want.Params() {
		if q := got.Params()[i]; !slices.Equal(q.Data, p.Data) || !slices.Equal(q.Indices, p.Indices) {
			t.Errorf("parameter %s is not what it was", p.Name)
		}
	}
	if extra.Metadata["key"] != "value" || !slices.Equal(extra.Tensors["optimizer"], []float32{1, 2, 3}) {
		t.Errorf("extra content: %+v", extra)
	}
}

// TestSlicesKeepSeeds: a part of a network is stored as compactly as the whole.
func TestSlicesKeepSeeds(t *testing.T) {
	part, err := network(t).Slice(1, 4)
	if err != nil {
		t.Fatal(err)
	}
	seeds := knownSeeds(part.Params())
	if _, known := seeds["mixed.perm"]; !known || len(seeds) != 1 {
		t.Errorf("seeds %v, want that of mixed.perm", seeds)
	}
	if p := part.Param("mixed.perm"); Bytes([]*nn.Param{p}, Float32) != 2*p.Size() || Bytes([]*nn.Param{p}, Int8) != 2*p.Size() {
		t.Error("a permutation does not take 16 bits an entry")
	}
}
