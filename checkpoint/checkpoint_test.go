package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/check"

	"github.com/deepfry/deepfry/nn"
	"github.com/nlpodyssey/safetensors"
)

func network(t testing.TB) *nn.Network {
	t.Helper()
	n, err := nn.New(nn.Description{Name: "net", Input: nn.Shape{1, 6, 6}, Nodes: []nn.Node{
		{Name: "conv1", Op: nn.Conv{Out: 2, Kernel: 3}},
		{Name: "fc1", Op: nn.Fastfood{Out: 40, Learn: "SGB"}},
		{Name: "mixed", Op: nn.Fastfood{Out: 30, Learn: "SGB", Padding: "mixed"}},
		{Name: "norm", Op: nn.BatchNorm{}},
		{Name: "relu", Op: nn.ReLU{}},
		{Name: "normalize", Op: nn.Normalize{}},
		{Name: "gelu", Op: nn.GELU{Tanh: true}},
		{Name: "fc2", Op: nn.Dense{Out: 3}},
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	n.Param("fc1.perm").Seed = nil // as in a network from elsewhere
	n.Param("normalize.deviation").Data[1] = 0.1
	return n
}

func saved(t testing.TB) []byte {
	t.Helper()
	return savedAs(t, Float32)
}

func savedAs(t testing.TB, precision Precision) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "net.safetensors")
	extra := Extra{Tensors: map[string][]float32{"optimizer": {1, 2, 3}}, Metadata: map[string]string{"key": "value"}}
	if err := SaveAs(path, network(t), extra, precision); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestSaveAndLoad(t *testing.T) {
	want := network(t)
	if p := want.Param("norm.variance"); p.Learn || p.Weights() != 0 || want.Param("norm.weight").Weights() != 30 {
		t.Errorf("running statistics learn or count as weights")
	}
	got, extra, err := Decode(saved(t))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Description, want.Description) {
		t.Errorf("description %+v, want %+v", got.Description, want.Description)
	}
	for i, p := range want.Params() {
		q := got.Params()[i]
		if p.Name != q.Name || p.Learn != q.Learn || !slices.Equal(p.Data, q.Data) || !slices.Equal(p.Indices, q.Indices) {
			t.Errorf("parameter %s came back changed", p.Name)
		}
	}
	if !slices.Equal(extra.Tensors["optimizer"], []float32{1, 2, 3}) || len(extra.Tensors) != 1 || extra.Metadata["key"] != "value" || len(extra.Metadata) != 1 {
		t.Errorf("extra content came back as %+v", extra)
	}
}

// TestOtherProgramsCanRead reads the file with nothing but the format's
// definition: a length, a JSON header, data.
func TestOtherProgramsCanRead(t *testing.T) {
	content := saved(t)
	size := binary.LittleEndian.Uint64(content)
	var header map[string]struct {
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	text := strings.Replace(string(content[8:8+size]), `"__metadata__"`, `"metadata"`, 1)
	if err := json.Unmarshal([]byte(text), &header); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		dtype string
		shape []int
	}{"conv1.weight": {"F32", []int{2, 1, 3, 3}}, "fc1.s": {"F32", []int{2, 32}}, "fc1.perm": {"U16", []int{2, 32}}, "fc2.bias": {"F32", []int{3}}, "norm.mean": {"F32", []int{30}}} {
		if got := header[name]; got.DType != want.dtype || !slices.Equal(got.Shape, want.shape) {
			t.Errorf("%s is %+v, want %+v", name, got, want)
		}
	}
}

func TestLargePermutationsTake32Bits(t *testing.T) {
	for dim, want := range map[int]safetensors.DType{1 << 16: safetensors.U16, 1 << 17: safetensors.I32} {
		perm := &nn.Param{Name: "perm", Kind: nn.Permutation, Shape: []int{1, dim}, Indices: make([]int32, dim)}
		for i := range perm.Indices {
			perm.Indices[i] = int32(dim - 1 - i)
		}
		view, err := paramView(perm, Float32)
		if err != nil {
			t.Fatal(err)
		}
		back := &nn.Param{Name: "perm", Kind: nn.Permutation, Shape: []int{1, dim}}
		if err := decodeParam(back, view, nil); err != nil || view.DType() != want || !slices.Equal(back.Indices, perm.Indices) {
			t.Errorf("permutation of %d: type %v (want %v), error %v", dim, view.DType(), want, err)
		}
	}
}

func TestDamagedFilesAreErrors(t *testing.T) {
	content := check.WithoutChecksum(t, saved(t))
	for n := range content {
		if _, _, err := Decode(content[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were accepted", n, len(content))
		}
	}
	replace := func(old, new string) []byte {
		if len(old) != len(new) || !strings.Contains(string(content), old) {
			t.Fatalf("cannot replace %q by %q", old, new)
		}
		return []byte(strings.Replace(string(content), old, new, 1))
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"no description":    {replace(descriptionKey, "deepfry.netwerk"), descriptionKey},
		"unknown layer":     {replace(`\"kind\":\"relu\"`, `\"kind\":\"rely\"`), "rely"},
		"missing parameter": {replace(`"fc2.bias"`, `"fc2.bais"`), "fc2.bias"},
		"other shape":       {replace(`[2,1,3,3]`, `[2,1,1,9]`), "conv1.weight"},
		"other type":        {replace(`"dtype":"U16"`, `"dtype":"I16"`), "fc1.perm"},
		"other layer":       {replace(`{\"out\":3}`, `{\"out\":9}`), "fc2.weight"},
		"unknown seed":      {replace(`\"mixed.perm\":`, `\"moxed.perm\":`), "mixed.perm"},
		"other sampler":     {replace(`\"sampler\":1`, `\"sampler\":2`), "version 2 of the sampler"},
		"seeds as text":     {replace(`\"sampler\":1`, `\"sampler\":t`), "seeds of permutations"},
		"unknown field":     {replace(`\"name\":\"relu\"`, `\"nome\":\"relu\"`), "nome"},
	} {
		if _, _, err := Decode(c.content); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that contains %q", name, err, c.want)
		}
	}
}

// TestFlippedBits: a changed bit is an error, or changes nothing, as in the letters of
// an escape.
func TestFlippedBits(t *testing.T) {
	n, err := nn.New(nn.Description{Name: "<n>", Input: nn.Shape{2}, Nodes: []nn.Node{{Name: "fc", Op: nn.Dense{Out: 2}}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := Encode(&file, n, Extra{Metadata: map[string]string{"a": "b"}, Tensors: map[string][]float32{"c": {1}}}); err != nil {
		t.Fatal(err)
	}
	content, harmless := file.Bytes(), 0
	for i := range 8 * len(content) {
		damaged := bytes.Clone(content)
		damaged[i/8] ^= 1 << (i % 8)
		got, extra, err := Decode(damaged)
		if err != nil {
			continue
		}
		harmless++
		var again bytes.Buffer
		if err := Encode(&again, got, extra); err != nil || !bytes.Equal(again.Bytes(), content) {
			t.Errorf("bit %d of byte %d (%q) changes the network without an error", i%8, i/8, content[i/8])
		}
	}
	if harmless > 10 {
		t.Errorf("%d bits may change without an error", harmless)
	}
	for _, damaged := range [][]byte{content[:len(content)-4], append(bytes.Clone(content), 0, 0, 0, 0)} {
		if _, _, err := Decode(damaged); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%d of %d bytes: error %v", len(damaged), len(content), err)
		}
	}
}

func TestExtraTensorsAreNotDropped(t *testing.T) {
	content := []byte(strings.Replace(string(check.WithoutChecksum(t, saved(t))), `"optimizer":{"dtype":"F32","shape":[3]`, `"optimizer":{"dtype":"U16","shape":[6]`, 1))
	if _, _, err := Decode(content); err == nil || !strings.Contains(err.Error(), "optimizer") {
		t.Errorf("a tensor of integers beside the network: error %v", err)
	}
}

func TestSaveKeepsTheOldFileWhenItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "net.safetensors")
	if err := Save(path, network(t), Extra{}); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	if err := Save(path, network(t), Extra{Tensors: map[string][]float32{"fc2.bias": {1}}}); err == nil {
		t.Error("two tensors of one name: no error")
	}
	for _, key := range []string{descriptionKey, seedsKey} {
		extra := Extra{Metadata: map[string]string{key: "{}"}}
		if err := Save(filepath.Join(t.TempDir(), "net"), network(t), extra); err == nil {
			t.Errorf("metadata in place of %s: no error", key)
		}
	}
	if after, _ := os.ReadFile(path); !slices.Equal(before, after) {
		t.Error("the old file was changed")
	}
	if err := Save(filepath.Join(dir, "no", "such", "folder", "x"), network(t), Extra{}); err == nil {
		t.Error("a missing folder: no error")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("temporary files were left behind: %v", entries)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(saved(f))
	f.Add(check.WithoutChecksum(f, saved(f)))
	f.Add(check.WithoutChecksum(f, savedAs(f, Float16)))
	f.Add(check.WithoutChecksum(f, savedAs(f, Int8)))
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		n, _, err := Decode(content)
		if err != nil {
			return
		}
		values := 0
		for _, layer := range n.Layers() {
			values += layer.Output.Size()
		}
		if values < 1<<20 {
			w := n.NewWorkspace(1, false)
			w.Forward(make([]float32, n.Description.Input.Size()))
		}
	})
}

// TestEncodeIsWhatSaveWrites: also that what is equal is stored equally.
func TestEncodeIsWhatSaveWrites(t *testing.T) {
	extra := Extra{Tensors: map[string][]float32{"optimizer": {1, 2, 3}}, Metadata: map[string]string{"key": "value"}}
	for range 3 {
		var full, half bytes.Buffer
		if err := errors.Join(Encode(&full, network(t), extra), encode(&half, network(t), extra, Float16)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(full.Bytes(), saved(t)) || !bytes.Equal(half.Bytes(), savedAs(t, Float16)) {
			t.Error("Encode and Save differ")
		}
	}
	broken := errors.New("broken")
	if err := Encode(failing{broken}, network(t), extra); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the writer", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestSavingTakesNoCopy: a run saves often, and what it holds is bounded.
func TestSavingTakesNoCopy(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("memory has another order of bytes than files")
	}
	large, err := nn.New(nn.Description{Name: "net", Input: nn.Shape{1000}, Nodes: []nn.Node{{Name: "fc", Op: nn.Dense{Out: 300}}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	extra := Extra{Tensors: map[string][]float32{"optimizer": make([]float32, 300_000), "none": nil}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = Encode(io.Discard, large, extra)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err != nil || took > 100_000 {
		t.Errorf("saving 2.4 MB took %d bytes of memory (%v)", took, err)
	}
}
