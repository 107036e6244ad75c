// Package nn holds the layers of deep-fried convolutional networks, networks
// of them, and Fry, which turns fully-connected layers into Fastfood layers.
//
// A Description lists operations; New builds a Network from it, that is, checks
// all shapes and draws initial parameters. A Workspace holds the memory for
// passes over batches, plans them once and then runs them without allocating.
// Batches come first and images are channels × height × width, all in float32
// slices:
//
//	network, err := nn.New(description, seed)
//	workspace := network.NewWorkspace(batch, true)
//	logits := workspace.Forward(images)
//	loss, errors := nn.SoftmaxCrossEntropy{}.Evaluate(workspace.OutputGrad(), logits, labels, 10)
//	workspace.Backward()
//	gradient := workspace.Gradient(network.Param("conv1.weight"))
//	workspace.UpdateStatistics() // if there is a BatchNorm, after the optimizer's step
//
// Results do not depend on the number of cores: samples are independent in
// most passes, and where gradients are summed over samples, a batch is split
// into a fixed number of parts that are added in order.
package nn
