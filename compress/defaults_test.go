package compress

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/simd"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// TestDefaults: with labels little accuracy is lost, without them the outputs stay,
// and in both cases much is saved of layers that are larger than need be.
func TestDefaults(t *testing.T) {
	network, data := classifier(t)
	for i, name := range []string{"fc1", "fc2"} { // are made to be of rank 4, or nearly so, and trained as such
		w := network.Param(name + ".weight").Data
		l := &Layer{Name: name, Inputs: len(w) / 48, Outputs: 48, weights: w}
		chain, err := SVD.fit(context.Background(), &target{Layer: l}, 4)
		if err != nil {
			t.Fatal(err)
		}
		linear.Multiply(simd.RowMajor(w, 48, l.Inputs), simd.RowMajor(chain.Params()[1].Data, 48, 4), simd.RowMajor(chain.Params()[0].Data, 4, l.Inputs))
		linear.Subtract(w, normals(len(w), uint64(i)), 0.001)
	}
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data.Train.Labels { // the network's own answers
		data.Train.Labels[i] = answer(network, data.Train.Inputs[i*32:(i+1)*32])
	}
	for i := range data.Test.Labels {
		data.Test.Labels[i] = answer(network, data.Test.Inputs[i*32:(i+1)*32])
	}
	r, err := model.Compress(context.Background(), Options{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if lost := *r.Report.ErrorAfter; lost > 1.5 || r.Report.Method != "auto" || r.Report.WeightsAfter*3 > r.Report.WeightsBefore {
		t.Errorf("with labels: %s, by %s", r.Report.Summary(), r.Report.Method)
	}
	unlabelled := *data
	unlabelled.Train.Labels, unlabelled.Test.Labels = nil, nil
	if r, err = model.Compress(context.Background(), Options{Methods: []Method{SVD}, Data: &unlabelled}); err != nil {
		t.Fatal(err)
	}
	if e := *r.Report.OutputError; e > 0.12 || r.Report.WeightsAfter*3 > r.Report.WeightsBefore {
		t.Errorf("without labels the outputs' error is %v: %s", e, r.Report.Summary())
	}
}

func answer(network *nn.Network, x []float32) int32 {
	y := train.Outputs(network, x)
	return int32(slices.Index(y, slices.Max(y)))
}

// TestDefaultWithoutData cuts a steep layer to its energy, and leaves a flat one, and
// one that is small beside the file, as they are.
func TestDefaultWithoutData(t *testing.T) {
	network, err := nn.New(nn.Description{Name: "three", Input: nn.Shape{120}, Nodes: []nn.Node{
		{Name: "steep", Op: nn.Dense{Out: 100}}, {Name: "flat", Op: nn.Dense{Out: 100}}, {Name: "small", Op: nn.Dense{Out: 2}},
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	steep := layer(120, 100)
	copy(network.Param("steep.weight").Data, steep.weights)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	r, err := model.Compress(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	report := r.Report.Layers
	if l := report[0]; l.Method != "svd" || 2*l.Size > steep.BreakEven() || lostEnergy(steep, r.chains["steep"]) > 0.01 {
		t.Errorf("steep: %s %d", l.Method, l.Size)
	}
	for i, want := range []string{"", "left alone: to keep 99% of its energy takes rank", "left alone: it has 808 bytes, and what saves under"} {
		if l := report[i]; !strings.Contains(l.Note, want) || i > 0 && l.Method != "dense" {
			t.Errorf("%s: %s, %q", l.Name, l.Method, l.Note)
		}
	}
	if r, err = model.Compress(context.Background(), Options{Layers: []string{"flat"}}); !errors.Is(err, ErrNothing) || !strings.Contains(strings.Join(r.Report.Notes, "\n"), "no layer was replaced") {
		t.Errorf("a flat layer alone: %v", err)
	}
}

// TestManyLayers: where layers are so many that each is little, they are worth it all
// the same.
func TestManyLayers(t *testing.T) {
	d := nn.Description{Name: "many", Input: nn.Shape{20}}
	for i := range 150 {
		d.Nodes = append(d.Nodes, nn.Node{Name: "fc" + string(rune('a'+i%26)) + string(rune('a'+i/26)), Op: nn.Dense{Out: 20, Gain: math.Sqrt2}})
	}
	network, err := nn.New(d, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range network.Params() {
		if len(p.Shape) == 2 {
			for i := range p.Data {
				p.Data[i] = p.Data[0] // rank 1
			}
		}
	}
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	r, err := model.Compress(context.Background(), Options{})
	if err != nil || r.Report.WeightsAfter != 150*40 {
		t.Errorf("%v, %v", err, r.Report.Summary())
	}
}

// TestNoLayers: what has no fully-connected layer is nothing to be done, but no error
// of its own.
func TestNoLayers(t *testing.T) {
	network, err := nn.New(nn.Description{Name: "none", Input: nn.Shape{20}, Nodes: []nn.Node{{Name: "relu", Op: nn.ReLU{}}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	r, err := model.Compress(context.Background(), Options{})
	if !errors.Is(err, ErrNothing) {
		t.Fatal(err)
	}
	if err := errors.Join(r.Report.WriteText(&text), r.Report.WriteHTML(&text)); err != nil {
		t.Error(err)
	}
	if y := train.Outputs(network, normals(20, 1)); len(y) != 20 {
		t.Error("the model has changed")
	}
}
