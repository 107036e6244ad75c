package compress

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// monarchLayer returns a layer whose matrix is a Monarch of so many blocks.
func monarchLayer(t *testing.T, inputs, outputs, blocks int) *Layer {
	chain, err := newChain(inputs, 7, []nn.Op{nn.Monarch{Out: outputs, Blocks: blocks}})
	if err != nil {
		t.Fatal(err)
	}
	l := &Layer{Name: "fc", Inputs: inputs, Outputs: outputs, bias: normals(outputs, 2)}
	identity := make([]float32, inputs*inputs)
	for i := range inputs {
		identity[i*inputs+i] = 1
	}
	l.weights = transposed(train.Outputs(chain, identity), inputs, outputs)
	return l
}

func transposed(m []float32, rows, columns int) []float32 {
	t := make([]float32, len(m))
	for i := range rows {
		for j := range columns {
			t[j*rows+i] = m[i*columns+j]
		}
	}
	return t
}

// TestMonarchFindsAMonarch: a matrix that is one is found, with data and without, for
// blocks of one size and of several.
func TestMonarchFindsAMonarch(t *testing.T) {
	for _, s := range [][3]int{{36, 24, 6}, {35, 22, 4}, {8, 8, 8}, {12, 9, 1}} {
		l := monarchLayer(t, s[0], s[1], s[2])
		original, err := l.dense()
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range []bool{false, true} {
			target := &target{Layer: l}
			if data {
				target.x = normals(400*l.Inputs, 1)
				for i := range target.x {
					target.x[i] += 3
				}
				target.y = train.Outputs(original, target.x)
			}
			chain, err := Monarch.fit(context.Background(), target, s[2])
			if err != nil {
				t.Fatal(err)
			}
			x := normals(100*l.Inputs, 5)
			// The least squares of a fit to data have a ridge of a thousandth.
			if e, _ := outputError(train.Outputs(chain, x), train.Outputs(original, x), l.Outputs); e > 0.01 || !data && e > 1e-5 {
				t.Errorf("%v, data %v: the error is %v", s, data, e)
			}
		}
	}
}

// TestMonarchTilesAreBest: without data the error of a tile is what its other singular
// values leave, whose squares are ‖W‖² less the greatest eigenvalue of WᵀW.
func TestMonarchTilesAreBest(t *testing.T) {
	l := layer(20, 12)
	chain, err := Monarch.fit(context.Background(), &target{Layer: l}, 4)
	if err != nil {
		t.Fatal(err)
	}
	right, left := chain.Params()[0].Data, chain.Params()[1].Data
	for tileRow := range 4 {
		for tileColumn := range 4 {
			var lost, all float64
			tile := make([][]float64, 3)
			for i := range 3 {
				for j := range 5 {
					w := float64(l.weights[(3*tileRow+i)*20+5*tileColumn+j])
					made := float64(left[(3*tileRow+i)*4+tileColumn]) * float64(right[tileRow*20+5*tileColumn+j])
					lost, all, tile[i] = lost+(w-made)*(w-made), all+w*w, append(tile[i], w)
				}
			}
			if want := all - greatestEigenvalue(tile); math.Abs(lost-want) > 1e-4*all {
				t.Errorf("tile %d, %d: %v of %v is lost, want %v", tileRow, tileColumn, lost, all, want)
			}
		}
	}
}

// greatestEigenvalue returns that of AᵀA, by powers.
func greatestEigenvalue(a [][]float64) float64 {
	v := make([]float64, len(a[0]))
	for i := range v {
		v[i] = 1 + float64(i)
	}
	var value float64
	for range 2000 {
		next := make([]float64, len(v))
		for _, row := range a {
			var sum float64
			for j, x := range row {
				sum += x * v[j]
			}
			for j, x := range row {
				next[j] += x * sum
			}
		}
		value = 0
		for _, x := range next {
			value += x * x
		}
		value = math.Sqrt(value)
		for j := range v {
			v[j] = next[j] / value
		}
	}
	return value
}

// TestMonarchOfDataIsBetterThere: what is fitted to inputs of few directions does less
// harm on others of the kind than what is fitted to W alone.
func TestMonarchOfDataIsBetterThere(t *testing.T) {
	l := layer(40, 30)
	original, err := l.dense()
	if err != nil {
		t.Fatal(err)
	}
	directions := normals(6*40, 11)
	inputs := func(n int, seed uint64) []float32 {
		x, factors := normals(n*40, seed), normals(n*6, seed+1)
		for i := range n {
			for j := range 40 {
				x[i*40+j] = 0.1*x[i*40+j] + 1
				for d := range 6 {
					x[i*40+j] += factors[i*6+d] * directions[d*40+j]
				}
			}
		}
		return x
	}
	x := inputs(500, 1)
	with, err := Monarch.fit(context.Background(), &target{Layer: l, x: x, y: train.Outputs(original, x)}, 5)
	if err != nil {
		t.Fatal(err)
	}
	without, err := Monarch.fit(context.Background(), &target{Layer: l}, 5)
	if err != nil {
		t.Fatal(err)
	}
	x = inputs(200, 21)
	y := train.Outputs(original, x)
	good, _ := outputError(train.Outputs(with, x), y, 30)
	bad, _ := outputError(train.Outputs(without, x), y, 30)
	if !(good < 0.8*bad) {
		t.Errorf("the error is %v with data, %v without", good, bad)
	}
}

// TestMonarchSizes: every size that is tried can be built, and has fewer weights than
// the one before.
func TestMonarchSizes(t *testing.T) {
	for _, s := range [][2]int{{1, 1}, {10, 9}, {500, 10}, {784, 300}, {1024, 1024}} {
		l := layer(s[0], s[1])
		last := l.Weights() + 1
		for _, size := range Monarch.sizes(l) {
			weights, err := weightsOf(Monarch, l, size)
			if err != nil || weights >= last {
				t.Errorf("%v: %d blocks: %d weights after %d, %v", s, size, weights, last, err)
			}
			last = weights
		}
	}
}

// TestMonarchSaysItsBlocks: where 30 blocks of 128 inputs would leave some empty, there are 26
// of 5, and the report says so.
func TestMonarchSaysItsBlocks(t *testing.T) {
	network, err := nn.New(nn.Description{Name: "net", Input: nn.Shape{128}, Nodes: []nn.Node{{Name: "fc1", Op: nn.Dense{Out: 128}}, {Name: "fc2", Op: nn.Dense{Out: 10}}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	r, err := model.Compress(context.Background(), Options{Methods: []Method{Monarch}, Rank: Rank{N: 30}, Layers: []string{"fc1"}, AllowSlower: true})
	if err != nil {
		t.Fatal(err)
	}
	if l := r.Report.Layers[0]; l.Size != 26 || l.After.Weights != 26*256 {
		t.Errorf("size %d with %d weights, want 26 blocks", l.Size, l.After.Weights)
	}
	r, err = model.Compress(context.Background(), Options{Methods: []Method{Monarch}, AllowSlower: true})
	if !errors.Is(err, ErrNothing) || !strings.Contains(r.Report.Layers[0].Note, "give a rank") {
		t.Errorf("without a size: error %v, %+v", err, r)
	}
}
