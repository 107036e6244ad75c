package onnx

import (
	"testing"

	"github.com/deepfry/deepfry/nn"
)

// TestExportedNames has layers and parameters of the names that are asked for.
func TestExportedNames(t *testing.T) {
	network := shaken(t, nn.Description{Name: "names", Input: nn.Shape{4}, Nodes: []nn.Node{
		{Name: "image", Op: nn.Dense{Out: 3}}, {Name: "logits", Op: nn.Dense{Out: 2}},
	}})
	x := gaussian(3*4, 1)
	for _, o := range []Options{{Input: "image", Output: "logits"}, {Output: "image.weight"}, {Input: "logits"}, {}} {
		m := exported(t, network, o)
		input, output := o.Input, o.Output
		if input == "" {
			input = "input"
		}
		if output == "" {
			output = m.Outputs[0].Name
		}
		if m.Inputs[0].Name != input || m.Outputs[0].Name != output {
			t.Errorf("%+v: from %s to %s", o, m.Inputs[0].Name, m.Outputs[0].Name)
		}
		names := map[string]bool{input: true}
		for _, n := range m.Nodes() {
			for _, out := range n.Outputs {
				if names[out] {
					t.Errorf("%+v: two values have the name %s", o, out)
				}
				names[out] = true
			}
		}
		back, err := Import(m, ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(run(back, x, 3), run(network, x, 3)); !(d <= 1e-5) {
			t.Errorf("%+v: outputs differ by %v", o, d)
		}
	}
}
