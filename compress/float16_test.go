package compress

import (
	"context"
	"fmt"
	"math"
	"os"
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

// TestFloat16 compresses to a size in bytes of float16 numbers. The report's errors
// and bytes are those of the files.
func TestFloat16(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{
		{Methods: []Method{SVD}, TargetBytes: 4500}, {Methods: []Method{Fastfood}, Transforms: 1}, {Layers: []string{"fc2"}, Rank: Rank{N: 12}}, {Rank: Rank{N: 8}, FineTune: 1},
	} {
		o.Data, o.AllowSlower, o.Precisions = data, true, []checkpoint.Precision{checkpoint.Float16}
		r, err := model.Compress(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		report := r.Report
		fried := o.Transforms > 0
		permutations, bytes, layers := 0, 0, 0
		for _, p := range r.Network.Params() {
			permutations += len(p.Indices)
			bytes += 2 * p.Size()
		}
		for _, l := range report.Layers {
			layers += l.After.Bytes
			if l.Before.Bytes != 4*(l.Inputs*l.Outputs+l.Outputs) {
				t.Errorf("%s had %d bytes", l.Name, l.Before.Bytes)
			}
		}
		if report.After.Bytes != bytes || layers != bytes || o.TargetBytes > 0 && bytes > o.TargetBytes {
			t.Errorf("the report has %d bytes, the sum of its layers %d, the network %d", report.After.Bytes, layers, bytes)
		}

		path := filepath.Join(t.TempDir(), "net.safetensors")
		if err := r.Save(path); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		floats := bytes - 2*permutations // a seed stands for permutations
		if header := len(content) - floats; header < 0 || header > 2000 {
			t.Errorf("%d bytes for %d of numbers", len(content), floats)
		}
		stored, _, err := checkpoint.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := errorPercent(stored, data.Test); got != *report.ErrorAfter {
			t.Errorf("the report has an error of %v%%, the file %v%%", *report.ErrorAfter, got)
		}
		if !slices.Equal(train.Outputs(stored, data.Test.Inputs), train.Outputs(r.Network, data.Test.Inputs)) {
			t.Error("the file's network is not the result's")
		}

		path = filepath.Join(t.TempDir(), "net.onnx")
		if err := r.Save(path); err != nil {
			t.Fatal(err)
		}
		file, err := onnx.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if report.FileAfter >= 2*report.WeightsBefore && !fried {
			t.Errorf("an ONNX file of %d bytes", report.FileAfter)
		}
		if fried {
			continue // plain operators, which are not read as a layer
		}
		back, err := onnx.Import(file, onnx.ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if e := linear.RelativeError(train.Outputs(back, data.Test.Inputs), train.Outputs(stored, data.Test.Inputs)); e > 1e-6 {
			t.Errorf("the ONNX file's outputs differ by %v", e)
		}
	}
}

func TestFloat16Overflow(t *testing.T) {
	network, data := classifier(t)
	network.Param("fc3.bias").Data[2] = 70000
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Layers: []string{"fc1"}, Data: data, AllowSlower: true, Precisions: []checkpoint.Precision{checkpoint.Float16}}
	if _, err := model.Compress(context.Background(), o); err == nil || !strings.Contains(err.Error(), "fc3.bias: entry 2 is 70000") {
		t.Errorf("error %v, want one that names fc3.bias", err)
	}
}

// TestFloat16OfWhatCannotBeImported: the weights of other layers become float16, too.
func TestFloat16OfWhatCannotBeImported(t *testing.T) {
	network, err := nn.New(nn.Description{Name: "net", Input: nn.Shape{32}, Nodes: []nn.Node{
		{Name: "fc1", Op: nn.Dense{Out: 48, Gain: math.Sqrt2}}, {Name: "relu", Op: nn.ReLU{}}, {Name: "fc2", Op: nn.Dense{Out: 40}},
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	model := openChanged(t, network, func(content string) string { return strings.Replace(content, "Relu", "Rely", 1) })
	if model.Network != nil {
		t.Fatal("an unknown operator was imported")
	}
	var sizes []int
	for _, half := range []bool{false, true} {
		precisions := []checkpoint.Precision{checkpoint.Float32}
		if half {
			precisions[0] = checkpoint.Float16
		}
		r, err := model.Compress(context.Background(), Options{Layers: []string{"fc1"}, Rank: Rank{N: 8}, AllowSlower: true, Precisions: precisions})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Save(filepath.Join(dir, fmt.Sprint(half, ".onnx"))); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, r.Report.FileAfter)
		fc1, fc2 := r.Report.Layers[0], r.Report.Layers[1]
		first, second := 4*8*(32+48), 4*48*40 // biases stay
		if half {
			first, second = first/2, second/2
		}
		if fc1.After.Bytes != first || fc2.After.Bytes != second {
			t.Errorf("float16 %v: %d and %d bytes, want %d and %d", half, fc1.After.Bytes, fc2.After.Bytes, first, second)
		}
	}
	if saved := sizes[0] - sizes[1]; saved < 2*(8*(32+48)+48*40)-300 || saved > 2*(8*(32+48)+48*40) {
		t.Errorf("float16 saves %d bytes of %d", saved, sizes[0])
	}
}
