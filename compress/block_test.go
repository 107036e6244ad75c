package compress

import (
	"context"
	"testing"

	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// TestBlockFitsBetter: the more rows the matrices in G have, the nearer a fit comes, to a
// layer of random numbers and to one that is nearly of a low rank.
func TestBlockFitsBetter(t *testing.T) {
	testBlockFits(t, &Layer{Name: "fc", Inputs: 32, Outputs: 32, weights: normals(32*32, 7)}, 0.98)
	testBlockFits(t, layer(32, 32), 1.01)
}

func testBlockFits(t *testing.T, l *Layer, most float64) {
	t.Helper()
	original, err := l.dense()
	if err != nil {
		t.Fatal(err)
	}
	target := &target{Layer: l, x: normals(1000*32, 1)}
	target.y = train.Outputs(original, target.x)
	x := normals(300*32, 2)
	y := train.Outputs(original, x)
	diagonal, err := Fastfood.fit(context.Background(), target, 1)
	if err != nil {
		t.Fatal(err)
	}
	last, _ := outputError(train.Outputs(diagonal, x), y, 32)
	for _, rows := range []int{2, 4, 8} {
		chain, err := Block.fit(context.Background(), target, rows)
		if err != nil {
			t.Fatal(err)
		}
		e, _ := outputError(train.Outputs(chain, x), y, 32)
		if !(e < most*last) {
			t.Errorf("matrices of %d rows: the error is %.3f, before %.3f", rows, e, last)
		}
		last = e
	}
}

// TestBlockSizes: those that the padded inputs allow, and no others.
func TestBlockSizes(t *testing.T) {
	for inputs, want := range map[int]int{1: 0, 2: 1, 3: 2, 7: 3, 800: 3} {
		l := layer(inputs, 5)
		sizes := Block.sizes(l)
		if len(sizes) != want {
			t.Errorf("%d inputs: %v, want %d of them", inputs, sizes, want)
		}
		for _, size := range sizes {
			if _, err := nn.New(nn.Description{Name: "block", Input: nn.Shape{inputs}, Nodes: []nn.Node{{Name: "1", Op: Block.ops(l, size)[0]}}}, 1); err != nil {
				t.Error(err)
			}
		}
	}
}
