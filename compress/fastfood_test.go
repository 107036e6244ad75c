package compress

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// TestFitSteps: few samples are not fitted to for fewer steps, nor for many more.
func TestFitSteps(t *testing.T) {
	batch := train.Default().BatchSize
	for _, n := range []int{1, 3, 100, batch, batch + 1, 1000, fitSamples} {
		perEpoch := (n + batch - 1) / batch
		if steps := fitEpochs(n, batch) * perEpoch; steps < fitSteps || steps >= fitSteps+perEpoch {
			t.Errorf("%d samples: %d steps", n, steps)
		}
	}
	if steps := fitEpochs(fitSamples, batch) * fitSamples / batch; steps != fitSteps {
		t.Errorf("all samples: %d steps", steps)
	}
}

// TestFitOfConstants: a mean far from zero, or one that is all, does not matter.
func TestFitOfConstants(t *testing.T) {
	l := layer(32, 24)
	for i := range l.bias {
		l.bias[i] = 1000
	}
	original, err := l.dense()
	if err != nil {
		t.Fatal(err)
	}
	target := &target{Layer: l, x: normals(600*32, 1)}
	target.y = train.Outputs(original, target.x)
	chain, err := Fastfood.fit(context.Background(), target, 2)
	if err != nil {
		t.Fatal(err)
	}
	x := normals(100*32, 2)
	if e, _ := outputError(train.Outputs(chain, x), train.Outputs(original, x), 24); e > 0.6 {
		t.Errorf("beside a large mean the error is %v", e)
	}
	clear(l.weights)
	target.y = train.Outputs(original, target.x)
	if chain, err = Fastfood.fit(context.Background(), target, 2); err != nil {
		t.Fatal(err)
	}
	if e := linear.RelativeError(train.Outputs(chain, x), train.Outputs(original, x)); e > 1e-6 {
		t.Errorf("of a constant the error is %v", e)
	}
}

// TestUselessFit: what was fitted to few samples of white noise says nothing of
// others, and is refused.
func TestUselessFit(t *testing.T) {
	network, err := nn.New(nn.Description{Name: "noise", Input: nn.Shape{64}, Nodes: []nn.Node{{Name: "fc", Op: nn.Dense{Out: 64, Gain: math.Sqrt2}}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	data := &Data{Name: "noise", Train: Samples{Inputs: normals(15*64, 1)}, Test: Samples{Inputs: normals(15*64, 2)}}
	r, err := model.Compress(context.Background(), Options{Methods: []Method{Fastfood}, Transforms: 2, Data: data, AllowSlower: true})
	if !errors.Is(err, ErrNothing) || !strings.Contains(r.Report.Layers[0].Note, "no nearer to the layer's than their mean") {
		t.Errorf("%v, %q", err, r.Report.Layers[0].Note)
	}
}
