package machine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/check"

	"github.com/deepfry/deepfry/kernel"
	"github.com/nlpodyssey/safetensors"
)

func fitted(t testing.TB, posterior bool) (*Model, *Table) {
	t.Helper()
	table := friedman(t, 300, 1, 1)
	summary, err := Survey(context.Background(), table, 10, 1)
	if err != nil {
		t.Fatal(err)
	}
	p := Problem{Train: table, Scaling: Standardize(summary), Features: features(t, 10, 20, 3)}
	p.Scaling.UnitRows = true
	m, _, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{1e-3}, Posterior: posterior})
	if err != nil {
		t.Fatal(err)
	}
	m.Notes = map[string]string{"target": "price, €"}
	return m, table
}

func encoded(t testing.TB, m *Model) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := m.Encode(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestFileRoundTrip(t *testing.T) {
	m, table := fitted(t, true)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	back, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if back.Notes["target"] != m.Notes["target"] {
		t.Errorf("notes %v", back.Notes)
	}
	rows := table.Len()
	results := func(m *Model) []float64 {
		y, s := make([]float64, rows), make([]float64, rows)
		m.NewPredictor(rows).PredictDeviation(y, s, table.all.X)
		return append(y, s...)
	}
	if !slices.Equal(results(back), results(m)) {
		t.Error("predictions changed")
	}
	if !bytes.Equal(encoded(t, m), encoded(t, back)) {
		t.Error("a model that was read is stored differently")
	}
}

func TestFileOfClasses(t *testing.T) {
	table := digits(t, 100, 4, 3, 1, 1)
	m, _, err := Logistic(context.Background(), Problem{Train: table}, LogisticOptions{})
	if err != nil {
		t.Fatal(err)
	}
	content := encoded(t, m)
	back, err := Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	if !back.Logits || !slices.Equal(back.Columns.Classes, []string{"a", "b", "c"}) {
		t.Errorf("%+v", back)
	}
	a, b, y := make([]int32, 100), make([]int32, 100), make([]float64, 300)
	m.NewPredictor(100).Classify(a, y, table.all.X)
	back.NewPredictor(100).Classify(b, y, table.all.X)
	if !slices.Equal(a, b) || slices.Equal(a, make([]int32, 100)) {
		t.Errorf("classes %v and %v", a, b)
	}
}

// TestFeaturesCostASeed checks the size of a file.
func TestFeaturesCostASeed(t *testing.T) {
	m := &Model{Columns: Columns{Inputs: 784, Outputs: 1}, Bias: []float64{0}}
	f, err := kernel.NewFeatures(kernel.Gaussian{Gamma: 0.01}, kernel.Options{Inputs: 784, N: 8192, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	m.Features, m.Weights = f, make([]float32, f.Outputs())
	if content := encoded(t, m); len(content) > 4*(f.Outputs()+784)+1000 {
		t.Errorf("%d bytes", len(content))
	}
}

func TestDamagedFiles(t *testing.T) {
	m, _ := fitted(t, true)
	content := check.WithoutChecksum(t, encoded(t, m))
	for length := 0; length < len(content); length += 1 + length/16 {
		if _, err := Decode(content[:length]); err == nil {
			t.Errorf("%d of %d bytes are read without an error", length, len(content))
		}
	}
	for _, test := range []struct{ old, new, want string }{
		{`\"inputs\":10`, `\"inputs\":11`, "want F32 [11]"},
		{`\"inputs\":10`, `\"inputs\":-1`, "-1 input columns"},
		{`\"outputs\":1`, `\"outputs\":2`, "want F32 [2]"},
		{`\"n\":20`, `\"n\":30`, "want F32"},
		{`\"n\":20`, `\"n\":999999999`, "does not fit"},
		{`\"n\":20`, `\"n\":-5`, "kernel"},
		{`\"rows\":300`, `\"rows\":-30`, "posterior"},
		{`\"sampler\":1`, `\"sampler\":9`, "sampler version"},
		{`\"columns\"`, `\"scale\":\"log\",\"columns\"`, "unknown field"},
		{`posterior.factor`, `posterior.fuctor`, "no tensor"},
		{`deepfry.machine`, `deepfry.network`, "not a machine"},
	} {
		damaged := replaceInHeader(content, test.old, test.new)
		if damaged == nil {
			t.Errorf("%s is not in the header", test.old)
			continue
		}
		if _, err := Decode(damaged); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s -> %s: %v, want %q", test.old, test.new, err, test.want)
		}
	}
	for i := range len(m.Weights) { // NaN in the first tensors' numbers
		damaged := slices.Clone(content)
		copy(damaged[len(damaged)-4*(i+1):], []byte{0, 0, 0xc0, 0x7f})
		if _, err := Decode(damaged); err == nil || !strings.Contains(err.Error(), "finite") {
			t.Fatalf("NaN: %v", err)
		}
	}
	other, err := safetensors.Serialize(map[string]safetensors.TensorView{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(other); !errors.Is(err, ErrNotModel) || !strings.Contains(err.Error(), "0 tensors") {
		t.Error(err)
	}
	if _, err := Decode([]byte("\x89PNG\r\n\x1a\n....")); err == nil || errors.Is(err, ErrNotModel) || !strings.Contains(err.Error(), "a PNG picture") {
		t.Error(err)
	}
}

// TestFlippedBits: a changed bit is an error, or changes nothing, as in the letters of
// an escape.
func TestFlippedBits(t *testing.T) {
	m := &Model{Columns: Columns{Inputs: 2, Outputs: 1}, Weights: []float32{1, 2}, Bias: []float64{3}, Notes: map[string]string{"a": "<b>"}}
	content := encoded(t, m)
	for i := range 8 * len(content) {
		damaged := bytes.Clone(content)
		damaged[i/8] ^= 1 << (i % 8)
		if got, err := Decode(damaged); err == nil && !bytes.Equal(encoded(t, got), content) {
			t.Errorf("bit %d of byte %d (%q) changes the machine without an error", i%8, i/8, content[i/8])
		}
	}
}

// replaceInHeader also corrects the header's length, the first 8 bytes.
func replaceInHeader(content []byte, old, new string) []byte {
	if !bytes.Contains(content, []byte(old)) {
		return nil
	}
	damaged := bytes.Replace(content, []byte(old), []byte(new), 1)
	length := int(content[0]) | int(content[1])<<8 | int(content[2])<<16
	length += len(damaged) - len(content)
	damaged[0], damaged[1], damaged[2] = byte(length), byte(length>>8), byte(length>>16)
	return damaged
}

func TestForeignFeaturesAreNotStored(t *testing.T) {
	m := &Model{Columns: Columns{Inputs: 2, Outputs: 1}, Features: foreign{}, Weights: make([]float32, 2), Bias: make([]float64, 1)}
	if err := m.Encode(io.Discard); err == nil || !strings.Contains(err.Error(), "cannot be stored") {
		t.Error(err)
	}
}

type foreign struct{}

func (foreign) Inputs() int  { return 2 }
func (foreign) Outputs() int { return 2 }
func (foreign) Plan(int) func(z, x []float32, rows int) {
	return func(z, x []float32, _ int) { copy(z, x) }
}

func FuzzDecode(f *testing.F) {
	m, _ := fitted(f, true)
	content := encoded(f, m)
	f.Add(content)
	f.Add(check.WithoutChecksum(f, content))
	f.Add(content[:200])
	table := friedman(f, 30, 1, 1)
	m = mustRidge(f, Problem{Train: table, Features: landmarks(f, kernel.Gaussian{Gamma: 1}, table, 5)}, 1e-3)
	f.Add(check.WithoutChecksum(f, encoded(f, m)))
	f.Fuzz(func(t *testing.T, content []byte) {
		m, err := Decode(content)
		if err != nil {
			return
		}
		if err := m.Validate(); err != nil {
			t.Errorf("a model that was read is not valid: %v", err)
		}
	})
}
