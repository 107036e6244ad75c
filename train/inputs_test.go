package train

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
)

// TestMeasureInputs compares with sums in float64; one channel is constant.
func TestMeasureInputs(t *testing.T) {
	const n, plane = 50, 12
	images := &dataset.Images{Channels: 3, Height: 3, Width: 4, Classes: []string{"a"}, Labels: make([]int32, n), Pixels: make([]byte, n*3*plane)}
	source := rand.New(rand.NewPCG(1, 2))
	for i := range images.Pixels {
		images.Pixels[i] = []byte{byte(source.IntN(256)), byte(200 + source.IntN(9)), 77}[i/plane%3]
	}
	network, err := nn.New(nn.Description{Name: "x", Input: nn.Shape{3, 3, 4}, Nodes: []nn.Node{{Name: "n", Op: nn.Normalize{}}, {Name: "fc", Op: nn.Dense{Out: 2}}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := MeasureInputs(context.Background(), network, images); err != nil {
		t.Fatal(err)
	}
	for c := range 3 {
		var mean, square float64
		for i := range n {
			for j := range plane {
				v := float64(images.Pixels[(i*3+c)*plane+j]) / 255
				mean += v / (n * plane)
				square += v * v / (n * plane)
			}
		}
		deviation := math.Sqrt(square - mean*mean)
		if c == 2 {
			deviation = 1
		}
		gotMean, gotDeviation := float64(network.Param("n.mean").Data[c]), float64(network.Param("n.deviation").Data[c])
		if math.Abs(gotMean-mean) > 1e-6 || math.Abs(gotDeviation-deviation) > 1e-5 {
			t.Errorf("channel %d: %v and %v, want %v and %v", c, gotMean, gotDeviation, mean, deviation)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := MeasureInputs(ctx, network, images); err == nil {
		t.Error("a context that has ended is no error")
	}
	if err := MeasureInputs(context.Background(), network, images.Slice(0, 0)); err == nil {
		t.Error("no images are no error")
	}
}
