package compress

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/deepfry/deepfry/train"
)

// pixelNetwork has two convolutions of one pixel, of which the second has strides and
// weights of rank 2.
func pixelNetwork(t *testing.T) *nn.Network {
	t.Helper()
	network, err := nn.New(nn.Description{Name: "pixels", Input: nn.Shape{3, 7, 9}, Nodes: []nn.Node{
		{Name: "conv", Op: nn.Conv{Out: 12, Kernel: 3}}, {Name: "relu", Op: nn.ReLU{}},
		{Name: "narrow", Op: nn.Conv{Out: 10, Kernel: 1, NoBias: true}},
		{Name: "wide", Op: nn.Conv{Out: 14, Kernel: 1, Stride: 2}},
		{Name: "out", Op: nn.Dense{Out: 4}},
	}}, 5)
	if err != nil {
		t.Fatal(err)
	}
	left, right := normals(14*2, 1), normals(2*10, 2)
	w := network.Param("wide.weight").Data
	for i := range w {
		w[i] = left[i/10*2]*right[i%10] + left[i/10*2+1]*right[10+i%10]
	}
	copy(network.Param("wide.bias").Data, normals(14, 3))
	return network
}

// TestPixelwise cuts a convolution of one pixel to the rank that it has: in memory
// and in an ONNX file, with data and without.
func TestPixelwise(t *testing.T) {
	network := pixelNetwork(t)
	x := normals(40*network.Description.Input.Size(), 4)
	want := train.Outputs(network, x)
	file, err := onnx.FromNetwork(network, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pixels.onnx")
	if err := file.Save(path); err != nil {
		t.Fatal(err)
	}
	model, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []*Data{nil, {Train: Samples{Inputs: x}, Test: Samples{Inputs: x}}} {
		r, err := model.Compress(context.Background(), Options{Layers: []string{"wide"}, Rank: Rank{N: 2}, Data: data})
		if err != nil {
			t.Fatal(err)
		}
		if e := linear.RelativeError(train.Outputs(r.Network, x), want); e > 1e-5 {
			t.Errorf("data %v: relative error %g", data != nil, e)
		}
		if l := r.Report.Layers[1]; l.After.Weights != 2*(10+14) || l.After.MultiplyAdds != 3*4*2*(10+14) || l.Before.MultiplyAdds != 3*4*10*14 {
			t.Errorf("the report has %+v", l)
		}
		out := filepath.Join(t.TempDir(), "out.onnx")
		if err := r.Save(out); err != nil {
			t.Fatal(err)
		}
		again, err := Open(out, nil)
		if err != nil {
			t.Fatal(err)
		}
		if e := linear.RelativeError(train.Outputs(again.Network, x), want); e > 1e-5 {
			t.Errorf("data %v: the file's relative error is %g", data != nil, e)
		}
	}
}

// TestPixelVectors has the inputs of a layer by their definition.
func TestPixelVectors(t *testing.T) {
	l := &Layer{Inputs: 2, image: nn.Shape{2, 3, 5}, stride: 2}
	x := make([]float32, 2*l.image.Size())
	for i := range x {
		x[i] = float32(i)
	}
	var want []float32
	for image := range 2 {
		for _, y := range []int{0, 2} {
			for _, column := range []int{0, 2, 4} {
				at := image*30 + y*5 + column
				want = append(want, float32(at), float32(at+15))
			}
		}
	}
	if got := l.vectors(x, 1000); !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if got := len(l.vectors(x, 4)); got != 2*3 { // every fourth of 12, as the third of all images would be the same
		t.Errorf("%d numbers of at most 4 vectors, want 6", got)
	}
}
