package onnx

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/nn"
)

func exported(t testing.TB, network *nn.Network, o Options) *Model {
	t.Helper()
	var file bytes.Buffer
	if err := Export(&file, network, o); err != nil {
		t.Fatal(err)
	}
	m, err := Parse(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func run(network *nn.Network, x []float32, batch int) []float32 {
	return network.NewWorkspace(batch, false).Forward(x)
}

// TestImportOfExports compares networks with what becomes of them in a file and
// back.
func TestImportOfExports(t *testing.T) {
	for _, d := range oneLayer() {
		network := shaken(t, d)
		x := gaussian(3*d.Input.Size(), 1)
		want := run(network, x, 3)
		for _, o := range []Options{{}, {Float16: true}, {Fastfood: Function}, {Fastfood: Matrix, Opset: 13}, {Fastfood: Function, Float16: true}} {
			if d.Name == "dropout" {
				continue // nothing is left of it
			}
			for _, fold := range []bool{false, true} {
				back, err := Import(exported(t, network, o), ImportOptions{FoldBatchNorm: fold})
				if err != nil {
					t.Errorf("%s %+v: %v", d.Name, o, err)
					continue
				}
				tolerance := 1e-5
				if o.Float16 {
					tolerance = 1e-2
				}
				if got := run(back, x, 3); !(difference(got, want) <= tolerance) {
					t.Errorf("%s %+v: outputs differ by %v", d.Name, o, difference(got, want))
				}
				if !fold && o.Fastfood != Matrix && d.Name != "reshape" && !slices.EqualFunc(back.Params(), network.Params(), func(p, q *nn.Param) bool {
					return p.Name == q.Name && fmt.Sprint(p.Shape) == fmt.Sprint(q.Shape)
				}) {
					t.Errorf("%s: parameters have other names or shapes", d.Name)
				}
			}
		}
	}
}
