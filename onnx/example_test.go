package onnx_test

import (
	"bytes"
	"fmt"

	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
)

func ExampleExport() {
	d, err := nn.Fry(models.LeNet(models.Options{}), nn.FryOptions{Outputs: 1024, Learn: "SGB"})
	if err != nil {
		fmt.Println(err)
		return
	}
	network, err := nn.New(d, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	var float32s, float16s bytes.Buffer
	if err := onnx.Export(&float32s, network, onnx.Options{}); err != nil {
		fmt.Println(err)
	}
	if err := onnx.Export(&float16s, network, onnx.Options{Weights: onnx.Float16, Fastfood: onnx.Function}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(network.Weights(), "weights,", float32s.Len()/1024, "KiB, or", float16s.Len()/1024, "KiB as float16")
	// Output: 38812 weights, 165 KiB, or 91 KiB as float16
}

func ExampleImport() {
	model, err := onnx.Open("testdata/residual-17.onnx") // from PyTorch
	if err != nil {
		fmt.Println(err)
		return
	}
	network, err := onnx.Import(model, onnx.ImportOptions{FoldBatchNorm: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(network.Description.Input, "to", network.OutShape(), "by", len(network.Description.Nodes), "layers")
	logits := network.NewWorkspace(1, false).Forward(make([]float32, network.Description.Input.Size()))
	fmt.Println(len(logits), "logits")
	// Output:
	// 3×16×16 to 10 by 17 layers
	// 10 logits
}

func ExampleModel_Replace() {
	model, err := onnx.Open("testdata/mlp-17.onnx")
	if err != nil {
		fmt.Println(err)
		return
	}
	layers, _ := model.Linears()
	for _, l := range layers {
		fmt.Println(l.Name, l.Inputs, l.Outputs, l.Bytes())
	}
	// Two matrices of rank 4 take the place of one: here, of random numbers.
	l := layers[1]
	factors, err := nn.New(nn.Description{Input: nn.Shape{l.Inputs}, Nodes: []nn.Node{
		{Name: "a", Op: nn.Dense{Out: 4, NoBias: true}}, {Name: "b", Op: nn.Dense{Out: l.Outputs, NoBias: true}},
	}}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = model.Replace(l, factors, 0)
	var file bytes.Buffer
	fmt.Println(err, model.Write(&file), len(model.Nodes()), "nodes")
	// Output:
	// 0 20 48 3840
	// 2 48 32 6144
	// 4 32 5 640
	// <nil> <nil> 6 nodes
}
