package nn_test

import (
	"fmt"

	"github.com/deepfry/deepfry/nn"
)

// A network, its fried version and a training step.
func Example() {
	description := nn.Description{Name: "small", Input: nn.Shape{1, 12, 12}, Nodes: []nn.Node{
		{Name: "conv1", Op: nn.Conv{Out: 8, Kernel: 5}},
		{Name: "pool1", Op: nn.MaxPool{Kernel: 2, Stride: 2}},
		{Name: "fc1", Op: nn.Dense{Out: 256}},
		{Name: "relu1", Op: nn.ReLU{}},
		{Name: "fc2", Op: nn.Dense{Out: 10}},
	}}
	fried, err := nn.Fry(description, nn.FryOptions{Learn: "SGB"})
	if err != nil {
		panic(err)
	}
	network, err := nn.New(fried, 1)
	if err != nil {
		panic(err)
	}
	for _, layer := range network.Layers() {
		fmt.Println(layer.Name, layer.Kind, layer.Output, layer.Weights)
	}

	images, labels := make([]float32, 2*12*12), []int32{3, 7}
	workspace := network.NewWorkspace(2, true)
	logits := workspace.Forward(images)
	loss, _ := nn.SoftmaxCrossEntropy{}.Evaluate(workspace.OutputGrad(), logits, labels, 10)
	workspace.Backward()
	gradient := workspace.Gradient(network.Param("fc2.bias"))
	fmt.Printf("loss %.2f, gradient of fc2.bias[3] %.2f\n", loss/2, gradient[3])
	// Output:
	// conv1 conv 8×8×8 200
	// pool1 maxpool 8×4×4 0
	// fc1 fastfood 256 768
	// relu1 relu 256 0
	// fc2 dense 10 2560
	// loss 2.30, gradient of fc2.bias[3] -0.40
}

func ExampleFry() {
	fried, err := nn.Fry(nn.Description{Name: "mlp", Input: nn.Shape{784}, Nodes: []nn.Node{
		{Name: "fc1", Op: nn.Dense{Out: 500}},
		{Name: "relu1", Op: nn.ReLU{}},
		{Name: "fc2", Op: nn.Dense{Out: 10}},
	}}, nn.FryOptions{Outputs: 1024, Learn: "SGB", NonLinearity: "cos"})
	if err != nil {
		panic(err)
	}
	for _, node := range fried.Nodes {
		fmt.Println(node.Name, node.Op.Kind())
	}
	// Output:
	// fc1 fastfood
	// relu1 cos
	// fc2 dense
}
