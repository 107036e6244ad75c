package paper

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// TestWeights has the counts that follow from the shapes: those of the paper's
// LeNet, 405,000 in fully-connected layers, among them.
func TestWeights(t *testing.T) {
	for _, c := range []struct {
		trial   Trial
		weights int
	}{
		{Trial{Form: Dense}, 405000},
		{Trial{Form: SVD, Size: 250}, 330000}, // 800·250 + 250·500 + 500·10
		{Trial{Form: SVD, Size: 125}, 167500},
		{Trial{Form: DataSVD, Size: 25}, 37500},
		{Trial{Form: LowRank, Size: 10}, 18000},
		{Trial{Form: Adaptive, Size: 1024}, 13312}, // 3·1,024 + 1,024·10
		{Trial{Form: Fixed, Size: 2048}, 26624},
		{Trial{Form: Block, Size: 1024, Rows: 4}, 6*1024 + 10240},
		{Trial{Form: Monarch, Size: 10}, 18000}, // 10·(800 + 500) + 500·10
		{Trial{Form: Projection, Size: 25}, 3*1024 + 25*500 + 5000},
		{Trial{Form: Pooling}, 500},
	} {
		d, err := c.trial.describe(0.5)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := nn.Inspect(d)
		if err != nil {
			t.Fatal(err)
		}
		weights := 0
		for _, l := range layers[convolutions:] {
			weights += l.Weights
		}
		if weights != c.weights {
			t.Errorf("%v: %d weights, want %d", c.trial, weights, c.weights)
		}
	}
}

// TestEveryTrialHasSettings: what is trained has epochs and a rate.
func TestEveryTrialHasSettings(t *testing.T) {
	for _, data := range []string{"mnist", "fashion"} {
		for _, trial := range Curves() {
			if s := chosen(data, trial); !trial.Untrained && (s.Epochs < 1 || !(s.Rate > 0)) {
				t.Errorf("%s, %v: %+v", data, trial, s)
			}
		}
	}
}

// patches returns images of noise with a bright patch, whose place is the label.
func patches(n int, seed uint64) (pixels, labels []byte) {
	source := rand.New(rand.NewPCG(seed, 1))
	for range n {
		label := source.IntN(10)
		image := make([]byte, 28*28)
		for i := range image {
			image[i] = byte(source.IntN(60))
			if row, column := i/28, i%28; row/14 == label/5 && column/5 == label%5 {
				image[i] += 150
			}
		}
		pixels, labels = append(pixels, image...), append(labels, byte(label))
	}
	return pixels, labels
}

// makeData writes the four IDX files.
func makeData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range []string{"train", "t10k"} {
		n := []int{150, 60}[i]
		pixels, labels := patches(n, uint64(i))
		header := func(numbers ...uint32) (content []byte) {
			for _, v := range numbers {
				content = binary.BigEndian.AppendUint32(content, v)
			}
			return content
		}
		for file, content := range map[string][]byte{
			"-images-idx3-ubyte": append(header(0x803, uint32(n), 28, 28), pixels...),
			"-labels-idx1-ubyte": append(header(0x801, uint32(n)), labels...),
		} {
			if err := os.WriteFile(filepath.Join(dir, name+file), content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// quick is an experiment with a reference that has hardly been trained.
func quick(t *testing.T) *experiment {
	t.Helper()
	d, err := Trial{Form: Dense}.describe(0)
	if err != nil {
		t.Fatal(err)
	}
	e := &experiment{seed: 1}
	if e.reference, err = nn.New(d, 1); err != nil {
		t.Fatal(err)
	}
	if e.data, err = compress.OpenData(makeData(t), d.Input); err != nil {
		t.Fatal(err)
	}
	s := Settings{Epochs: 2, Rate: 0.003}
	if err := train.Rows(context.Background(), e.reference, e.data.Train.Inputs, s.recipe(), 1, train.Classify(e.data.Train.Labels, 10), nil); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestForms runs each form, and sees that frozen convolutions are the reference's.
func TestForms(t *testing.T) {
	e := quick(t)
	conv := slices.Clone(e.reference.Param("conv2.weight").Data)
	for _, form := range []Form{SVD, DataSVD, LowRank, Adaptive, Fixed, Block, Monarch, Projection, Pooling} {
		trial := Trial{Form: form, Size: 32, Frozen: true}
		if form == Block {
			trial.Rows = 4
		}
		network, err := e.network(context.Background(), trial, 0)
		if err != nil {
			t.Fatalf("%v: %v", trial, err)
		}
		if !slices.Equal(network.Param("conv2.weight").Data, conv) {
			t.Errorf("%v: the convolutions are not the reference's", trial)
		}
		r, err := e.run(context.Background(), trial, Settings{Epochs: 1, Rate: 0.005}, nil)
		if err != nil {
			t.Fatalf("%v: %v", trial, err)
		}
		if r.Images != 60 || r.Errors > 60 || r.Bytes < 4*r.Weights-3*1024 || r.LearntBytes > r.Bytes {
			t.Errorf("%v: %+v", trial, r)
		}
		if r.Int8Errors > 60 || r.Int8Bytes >= r.Bytes/2 || r.Int8Bytes < r.Weights {
			t.Errorf("%v: %d errors and %d bytes as int8", trial, r.Int8Errors, r.Int8Bytes)
		}
		if (form == Fixed || form == Projection) != (r.LearntBytes < 4*r.Weights) {
			t.Errorf("%v: %d bytes learnt, %d weights", trial, r.LearntBytes, r.Weights)
		}
	}
	if !slices.Equal(e.reference.Param("conv2.weight").Data, conv) {
		t.Error("trials changed the reference")
	}
}

// TestSVDIsThatOfCompress compares with the network that compress returns.
func TestSVDIsThatOfCompress(t *testing.T) {
	e := quick(t)
	for _, form := range []Form{SVD, DataSVD} {
		network, err := e.network(context.Background(), Trial{Form: form, Size: 250}, 0)
		if err != nil {
			t.Fatal(err)
		}
		o := compress.Options{Layers: []string{hiddenLayer}, Rank: compress.Rank{Part: 0.5}, Seed: 1, AllowSlower: true}
		if form == DataSVD {
			o.Data = e.data
		}
		half, err := must(compress.FromNetwork(e.reference)).Compress(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := train.Outputs(network, e.data.Test.Inputs), train.Outputs(half.Network, e.data.Test.Inputs); !slices.Equal(got, want) {
			t.Errorf("%s: outputs differ", form)
		}
	}
}

// TestCompressionGoesOn ends a run in the middle of a line.
func TestCompressionGoesOn(t *testing.T) {
	settings := &Settings{Epochs: 1, Rate: 0.005}
	o := Options{Data: makeData(t), Seeds: []uint64{1, 2}, Folder: t.TempDir(), Settings: settings}
	o.Trials = []Trial{{Form: Adaptive, Size: 1024, Frozen: true}, {Form: SVD, Size: 5, Untrained: true}}
	if err := Compression(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(o.Record())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(whole), "\n"); n != 4 {
		t.Fatalf("%d lines, want 4:\n%s", n, whole)
	}
	if err := os.WriteFile(o.Record(), whole[:len(whole)-20], 0o666); err != nil {
		t.Fatal(err)
	}
	computed := 0
	o.Progress = func(string) { computed++ }
	if err := Compression(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(o.Record()); string(again) != string(whole) {
		t.Errorf("the record is now\n%s\nwant\n%s", again, whole)
	}
	if computed != 1 { // an untrained trial tells its result alone
		t.Errorf("%d messages, want that of one result", computed)
	}
	groups := Summarise(must(Read(o.Record())))
	if len(groups) != 4 || len(groups[0].Errors) != 2 || groups[0].Form != Adaptive || groups[0].Int8 || !groups[1].Int8 {
		t.Errorf("groups %+v", groups)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestDistillation: what learns the reference's outputs is nearer to them, and eight bits
// change the reference for no other trial.
func TestDistillation(t *testing.T) {
	e := quick(t)
	before := slices.Clone(e.reference.Param("fc2.weight").Data)
	if _, err := e.run(context.Background(), Trial{Form: Dense}, Settings{}, nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(e.reference.Param("fc2.weight").Data, before) {
		t.Error("the reference was rounded")
	}
	var distances []float64
	for _, distilled := range []bool{false, true} {
		trial := Trial{Form: Adaptive, Size: 1024, Distilled: distilled}
		network, err := e.network(context.Background(), trial, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.train(context.Background(), network, e.data, trial, Settings{Epochs: 15, Rate: 0.005}, nil); err != nil {
			t.Fatal(err)
		}
		distances = append(distances, linear.RelativeError(train.Outputs(network, e.data.Test.Inputs), train.Outputs(e.reference, e.data.Test.Inputs)))
	}
	if !(distances[1] < distances[0]) {
		t.Errorf("the distance from the reference's outputs is %v without, %v with distillation", distances[0], distances[1])
	}
}

// TestCompareInterpolates has a curve that falls by 1 with every doubling.
func TestCompareInterpolates(t *testing.T) {
	group := func(form Form, bytes int, errors ...float64) Group {
		g := Group{Trial: Trial{Form: form, Size: bytes}, Bytes: bytes, Errors: map[uint64]float64{}}
		for i, e := range errors {
			g.Errors[uint64(i)] = e
		}
		return g
	}
	groups := []Group{
		group(DataSVD, 400, 8, 9), group(DataSVD, 100, 10, 11), group(LowRank, 200, 1, 1),
		group(Adaptive, 50, 9, 9), group(Adaptive, 200, 8.5, 9.7), group(Adaptive, 800, 1, 1),
	}
	got := Compare(groups, Adaptive, DataSVD, false, false)
	if len(got) != 1 || got[0].Bytes != 200 || got[0].Seeds != 2 {
		t.Fatalf("comparisons %+v, want one at 200 bytes", got)
	}
	// 8.5 - 9 and 9.7 - 10
	if c := got[0]; math.Abs(c.Difference+0.4) > 1e-9 || math.Abs(c.StandardError-0.1) > 1e-9 || c.Verdict() != "better" {
		t.Errorf("difference %v ± %v, %s; want -0.4 ± 0.1, better", c.Difference, c.StandardError, c.Verdict())
	}
}

// TestDataErrors has data that LeNet can't be measured on.
func TestDataErrors(t *testing.T) {
	dir := makeData(t)
	path := filepath.Join(dir, "t10k-labels-idx1-ubyte")
	labels := must(os.ReadFile(path))
	if err := os.WriteFile(path, append(labels[:len(labels)-1], 10), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Data: dir}, {Data: makeData(t), Holdout: 150}, {Data: filepath.Join(dir, "nowhere")}} {
		if err := Compression(context.Background(), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
