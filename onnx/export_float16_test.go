package onnx

import (
	"strings"
	"testing"

	"github.com/deepfry/deepfry/nn"
)

// TestFloat16HasALargestNumber: what float16 can't hold is an error, not an infinity.
func TestFloat16HasALargestNumber(t *testing.T) {
	network, err := nn.New(nn.Description{Name: "net", Input: nn.Shape{4}, Nodes: []nn.Node{
		{Name: "fc1", Op: nn.Fastfood{Out: 4}}, {Name: "fc2", Op: nn.Dense{Out: 3}},
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	model, err := FromNetwork(network, Options{Weights: Float16})
	if err != nil {
		t.Fatal(err)
	}
	linears, _ := model.Linears()
	last := linears[len(linears)-1]
	large := chainOf(t, 4, []nn.Op{nn.Dense{Out: 3, NoBias: true}}, []float32{11: -1e5})
	if err := model.Replace(last, large, Float16); err == nil || !strings.Contains(err.Error(), "entry 11 is -100000") {
		t.Errorf("Replace: error %v", err)
	}
	model, err = FromNetwork(network, Options{})
	if err != nil {
		t.Fatal(err)
	}
	linears, _ = model.Linears()
	if err := model.Replace(linears[len(linears)-1], large, 0); err != nil {
		t.Errorf("Replace by float32: %v", err)
	}
	network.Param("fc2.bias").Data[1] = 1e6 // which stays float32
	for value, fails := range map[float32]bool{65504: false, 65520: true} {
		network.Param("fc1.g").Data[2] = value
		if _, err := FromNetwork(network, Options{}); err != nil {
			t.Errorf("%v as float32: %v", value, err)
		}
		_, err := FromNetwork(network, Options{Weights: Float16})
		if fails != (err != nil) || fails && !strings.Contains(err.Error(), "fc1.g.float16: entry 2") {
			t.Errorf("%v: error %v", value, err)
		}
	}
}
