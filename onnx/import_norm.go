package onnx

// PyTorch writes local response normalisation as a score of operators, some of
// them in the branches of an If:
//
//	y = x / (alpha·mean + k)^beta
//
// where mean is the result of an AveragePool of kernel [size, 1, 1] over x·x, a
// sample of which has been given a dimension before that of its channels.

// responseNormOf returns the LRN node that a Div of that form stands for, or nil.
func (g *graph) responseNormOf(n *Node) *Node {
	if n.Type != "Div" || len(n.Inputs) != 2 || len(n.Outputs) != 1 {
		return nil
	}
	x := n.Inputs[0]
	sum, beta := g.withConstant(g.makers[n.Inputs[1]], "Pow")
	scaled, k := g.withConstant(sum, "Add")
	mean, alpha := g.withConstant(scaled, "Mul")
	pool := g.behind(mean, "AveragePool")
	if pool == nil {
		return nil
	}
	kernel, err := pool.Ints("kernel_shape", nil)
	if err != nil || len(kernel) != 3 || kernel[0]%2 != 1 || kernel[1] != 1 || kernel[2] != 1 {
		return nil
	}
	square := g.behind(g.makers[pool.input(0)], "Mul")
	if square == nil || len(square.Inputs) != 2 || square.Inputs[0] != x || square.Inputs[1] != x {
		return nil
	}
	return NewNode("LRN", n.Name, []string{x}, n.Outputs, IntAttribute("size", kernel[0]),
		FloatAttribute("alpha", alpha), FloatAttribute("beta", beta), FloatAttribute("bias", k))
}

// behind goes back from a node through operators that only change the shape, to
// one of that operation.
func (g *graph) behind(n *Node, operation string) *Node {
	for range maxDepth {
		if n == nil || n.Type == operation {
			return n
		}
		name := n.input(0)
		switch n.Type {
		case "Reshape", "Squeeze", "Unsqueeze", "Pad", "Identity":
		case "If": // its branches take values from outside
			name = ""
			err := eachInner(n.message, n.at, 0, func(inner string) {
				if maker := g.makers[inner]; maker != nil && maker.Type == operation {
					name = inner
				}
			})
			if err != nil {
				return nil
			}
		default:
			return nil
		}
		n = g.makers[name]
	}
	return nil
}
