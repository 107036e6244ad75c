package compress

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/deepfry/deepfry/train"
)

var int8s = []checkpoint.Precision{checkpoint.Int8}

// TestInt8 stores with and without replaced layers, in both kinds of files. The report's
// errors and bytes are those of the files.
func TestInt8(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{
		{Layers: []string{"fc1"}, Rank: Rank{N: 12}}, {Methods: []Method{Monarch}, Rank: Rank{N: 4}}, {Methods: []Method{Block}, Rank: Rank{N: 4}},
		{TargetBytes: 1 << 20}, // nothing but eight bits
		{Rank: Rank{N: 8}, FineTune: 1},
	} {
		o.Data, o.AllowSlower, o.Precisions = data, true, int8s
		r, err := model.Compress(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(r.Report.Notes, "weights are stored as int8") {
			t.Errorf("notes %q", r.Report.Notes)
		}
		if bytes := checkpoint.Bytes(r.Network.Params(), checkpoint.Int8); r.Report.After.Bytes != bytes {
			t.Errorf("the report has %d bytes, want %d", r.Report.After.Bytes, bytes)
		}
		path := filepath.Join(t.TempDir(), "net.safetensors")
		if err := r.Save(path); err != nil {
			t.Fatal(err)
		}
		stored, _, err := checkpoint.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		want := train.Outputs(r.Network, data.Test.Inputs)
		if got := errorPercent(stored, data.Test); got != *r.Report.ErrorAfter || !slices.Equal(train.Outputs(stored, data.Test.Inputs), want) {
			t.Errorf("the report has an error of %v%%, the file %v%%", *r.Report.ErrorAfter, got)
		}
		path = filepath.Join(t.TempDir(), "net.onnx")
		if err := r.Save(path); err != nil {
			t.Fatal(err)
		}
		file, err := onnx.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		back, err := onnx.Import(file, onnx.ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if e := linear.RelativeError(train.Outputs(back, data.Test.Inputs), want); e > 1e-5 {
			t.Errorf("the ONNX file's outputs differ by %v", e)
		}
	}
}

// TestPrecisionIsChosen: the fewer bytes there are, the fewer bits numbers have, and what is
// chosen does no more harm than what was asked for.
func TestPrecisionIsChosen(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	whole := checkpoint.Bytes(network.Params(), checkpoint.Float32)
	for _, target := range []int{whole / 2, whole / 4} {
		o := Options{Data: data, AllowSlower: true, TargetBytes: target + 3000, Methods: []Method{SVD}, Output: "net.safetensors"}
		r, err := model.Compress(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if r.precision == checkpoint.Float32 {
			t.Errorf("%d bytes: weights are float32", target)
		}
		for _, l := range r.Report.Layers {
			if l.Method == "dense" && len(l.Tried) > 0 && l.Note != "left alone: the goal is reached without it" {
				t.Errorf("%d bytes: %s stays, with the note %q", target, l.Name, l.Note)
			}
		}
		o.Precisions = []checkpoint.Precision{checkpoint.Float32}
		other, err := model.Compress(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		reference := train.Outputs(network, data.Test.Inputs)
		chosen := linear.RelativeError(train.Outputs(r.Network, data.Test.Inputs), reference)
		if asked := linear.RelativeError(train.Outputs(other.Network, data.Test.Inputs), reference); !(chosen < asked) {
			t.Errorf("%d bytes: the error is %v, and %v with float32", target, chosen, asked)
		}
	}
}

// TestInt8OfOldFiles: operators that have no scales for rows can't be used.
func TestInt8OfOldFiles(t *testing.T) {
	network, err := nn.New(nn.Description{Name: "net", Input: nn.Shape{32}, Nodes: []nn.Node{
		{Name: "fc1", Op: nn.Dense{Out: 48}}, {Name: "relu", Op: nn.ReLU{}}, {Name: "fc2", Op: nn.Dense{Out: 40}},
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	model := openChanged(t, network, func(content string) string { return content })
	model.file.Opset[""] = 12
	if _, err := model.Compress(context.Background(), Options{Precisions: int8s, Rank: Rank{N: 8}}); err == nil || !strings.Contains(err.Error(), "the file has opset 12: want 13 or more") {
		t.Errorf("error %v", err)
	}
	r, err := model.Compress(context.Background(), Options{TargetBytes: 5000, AllowSlower: true, Output: "net.onnx"})
	if err != nil || r.precision != checkpoint.Float16 || !strings.Contains(strings.Join(r.Report.Notes, "\n"), "int8 was left out") {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := model.Compress(context.Background(), Options{TargetBytes: 5000, Precisions: append(int8s, int8s...)}); err == nil {
		t.Error("int8, said twice, is taken")
	}
}

// TestPrecisionOfWhatOverflows: where outputs are not finite, no precision is nearest; what
// fits is taken.
func TestPrecisionOfWhatOverflows(t *testing.T) {
	d := nn.Description{Name: "net", Input: nn.Shape{40}}
	for i := range 9 {
		d.Nodes = append(d.Nodes, nn.Node{Name: fmt.Sprintf("fc%d", i), Op: nn.Dense{Out: 40}})
	}
	network, err := nn.New(d, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range network.Params() {
		linear.Scale(p.Data, 1e5)
	}
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	target := checkpoint.Bytes(network.Params(), checkpoint.Float32) / 3
	r, err := model.Compress(context.Background(), Options{TargetBytes: target, AllowSlower: true, Methods: []Method{SVD}, Output: "net.safetensors"})
	if err != nil || r == nil {
		t.Fatal(err)
	}
}

// TestPrecisionsThatThereAreNot names them.
func TestPrecisionsThatThereAreNot(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]Options{
		`precisions ["int4"]: want some of`: {Precisions: []checkpoint.Precision{"int4"}, Rank: Rank{N: 4}},
		"want one of [8 4 2]":               {Methods: []Method{Block}, Rank: Rank{N: 3}, Data: data},
	} {
		if _, err := model.Compress(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if err := checkpoint.SaveAs(filepath.Join(t.TempDir(), "net.safetensors"), network, checkpoint.Extra{}, "int4"); err == nil || !strings.Contains(err.Error(), `weights as "int4"`) {
		t.Errorf("error %v", err)
	}
}
