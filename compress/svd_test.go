package compress

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// TestEnergyIsKept: the rank that is found keeps the part, and the one below does not,
// of W, and on data of the outputs; by gonum and by iteration.
func TestEnergyIsKept(t *testing.T) {
	for _, sizes := range [][2]int{{60, 40}, {40, 60}, {300, 280}} {
		l := layer(sizes[0], sizes[1])
		original, err := l.dense()
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range []bool{false, true} {
			target := &target{Layer: l}
			if data {
				target.x = normals(600*l.Inputs, 1)
				target.y = train.Outputs(original, target.x)
			}
			for _, part := range []float64{0.5, 0.95, 0.999} {
				rank, found := target.rankFor(part, l.BreakEven())
				if !found {
					t.Errorf("%v, data %v: no rank for %v", sizes, data, part)
					continue
				}
				for _, r := range []int{rank, rank - 1} {
					if r == 0 {
						continue
					}
					chain, err := SVD.fit(context.Background(), target, r)
					if err != nil {
						t.Fatal(err)
					}
					lost := lostEnergy(l, chain)
					if data {
						e, _ := outputError(train.Outputs(chain, target.x), target.y, l.Outputs)
						lost = e * e
					}
					if kept := lost <= (1-part)*1.001+1e-6; kept != (r == rank) {
						t.Errorf("%v, data %v: rank %d loses %.5f of the energy, and %d was found to keep %v", sizes, data, r, lost, rank, part)
					}
				}
			}
		}
	}
}

// TestEnergyOfFewDirections has inputs that vary in six directions, so that six are
// enough for the outputs, whatever else W has.
func TestEnergyOfFewDirections(t *testing.T) {
	l := &Layer{Inputs: 64, Outputs: 48, weights: normals(64*48, 3)}
	x, latent := make([]float32, 400*64), normals(400*6, 1)
	for i := range 400 {
		for k := range 6 {
			linear.Subtract(x[i*64:(i+1)*64], normals(64, uint64(50+k)), latent[i*6+k])
		}
	}
	original, err := l.dense()
	if err != nil {
		t.Fatal(err)
	}
	if rank, found := (&target{Layer: l, x: x, y: train.Outputs(original, x)}).rankFor(0.999, 20); rank > 6 || !found {
		t.Errorf("rank %d, found %v", rank, found)
	}
}

// lostEnergy returns ‖W - Ŵ‖²/‖W‖².
func lostEnergy(l *Layer, chain *nn.Network) float64 {
	first, second := chain.Params()[0], chain.Params()[1]
	rank := first.Shape[0]
	var lost float64
	for i := range l.Outputs {
		row := append([]float32(nil), l.weights[i*l.Inputs:(i+1)*l.Inputs]...)
		for k := range rank {
			linear.Subtract(row, first.Data[k*l.Inputs:(k+1)*l.Inputs], second.Data[i*rank+k])
		}
		lost += linear.Dot(row, row)
	}
	return lost / linear.Dot(l.weights, l.weights)
}

// TestEnergyBeyondBreakEven refuses a flat spectrum, and names the rank where it is
// known.
func TestEnergyBeyondBreakEven(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{{60, "to keep 90% of its energy takes rank 54; the break-even is rank 29"}, {300, "to keep 90% of its energy takes more than rank 149; the break-even is rank 149"}} {
		d := nn.Description{Name: "flat", Input: nn.Shape{c.width}, Nodes: []nn.Node{{Name: "fc", Op: nn.Dense{Out: c.width}}}}
		network, err := nn.New(d, 1)
		if err != nil {
			t.Fatal(err)
		}
		w := network.Param("fc.weight").Data
		clear(w)
		for i := range c.width {
			w[i*c.width+(i*7)%c.width] = float32(math.Sqrt(1 + float64(i%3)/10))
		}
		model, err := FromNetwork(network)
		if err != nil {
			t.Fatal(err)
		}
		r, err := model.Compress(context.Background(), Options{Rank: Rank{Energy: 0.9}})
		if err != ErrNothing || !strings.Contains(r.Report.Layers[0].Note, c.want) {
			t.Errorf("%d: %v, %q", c.width, err, r.Report.Layers[0].Note)
		}
	}
}
