package onnx

import (
	"fmt"
	"math"
	"strings"

	"github.com/deepfry/deepfry/internal/float16"
	"github.com/deepfry/deepfry/nn"
)

// Before opset 20 there is no operator for GELU, and it is written as
//
//	y = x/2·(1 + erf(x/√2)), or approximated by
//	y = x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
//
// with the factors in any order.
const (
	geluErfScale  = math.Sqrt2 / 2
	geluTanhScale = math.Sqrt2 / math.SqrtPi
	geluCubic     = 0.044715
)

// geluOf returns the Gelu node for a product of that form, of which n is the last
// operator, or for ONNX Runtime's own operator; or nil.
func (g *graph) geluOf(n *Node) *Node {
	if len(n.Outputs) != 1 {
		return nil
	}
	if n.Domain == "com.microsoft" && n.Type == "Gelu" && len(n.Inputs) == 1 {
		return NewNode("Gelu", n.Name, n.Inputs, n.Outputs)
	}
	var found *Node
	g.eachSigmoid(n.Outputs[0], productDepth, func(sigmoid string, inner *Node) {
		x, approximate := g.errorFunctionOf(inner.input(0)), "none"
		if inner.Type == "Tanh" {
			x, approximate = g.cubicOf(inner.input(0)), "tanh"
		}
		number, xs, sigmoids := g.product(n.Outputs[0], x, sigmoid, productDepth)
		if x != "" && near(number, 0.5) && xs == 1 && sigmoids == 1 {
			found = NewNode("Gelu", operatorsName(n), []string{x}, n.Outputs, stringAttribute("approximate", approximate))
		}
	})
	return found
}

// eachSigmoid visits the factors 1 + erf(…) and 1 + tanh(…) of a product, with the
// node of the Erf or Tanh.
func (g *graph) eachSigmoid(name string, depth int, visit func(sigmoid string, inner *Node)) {
	n := g.makers[name]
	if n == nil || n.Domain != "" || len(n.Inputs) != 2 || depth == 0 {
		return
	}
	for _, input := range n.Inputs {
		switch maker := g.makers[input]; {
		case maker == nil:
		case n.Type == "Mul" || n.Type == "Div":
			g.eachSigmoid(input, depth-1, visit)
		case n.Type == "Add" && maker.Domain == "" && (maker.Type == "Erf" || maker.Type == "Tanh"):
			if other, one := g.withNumber(n); other == input && one == 1 {
				visit(name, maker)
			}
		}
	}
}

// errorFunctionOf returns x where a name stands for x/√2, or "".
func (g *graph) errorFunctionOf(name string) string {
	x, factor := g.scaled(g.makers[name])
	if !near(factor, geluErfScale) {
		return ""
	}
	return x
}

// cubicOf returns x where a name stands for √(2/π)·(x + 0.044715·x³), or "".
func (g *graph) cubicOf(name string) string {
	name, factor := g.scaled(g.makers[name])
	sum := g.makers[name]
	if !near(factor, geluTanhScale) || sum == nil || sum.Domain != "" || sum.Type != "Add" || len(sum.Inputs) != 2 {
		return ""
	}
	for i, x := range sum.Inputs {
		if number, xs, _ := g.product(sum.Inputs[1-i], x, x, productDepth); near(number, geluCubic) && xs == 3 {
			return x
		}
	}
	return ""
}

// withNumber returns the inputs of a node that has two, of which one is a constant
// number: the other one, and the number; or "".
func (g *graph) withNumber(n *Node) (name string, number float32) {
	if len(n.Inputs) != 2 {
		return "", 0
	}
	for i, input := range n.Inputs {
		if number, ok := g.number(input); ok {
			return n.Inputs[1-i], number
		}
	}
	return "", 0
}

// scaled returns x and the number of a node that multiplies x by it or divides by
// its inverse, or "".
func (g *graph) scaled(n *Node) (x string, number float64) {
	if n == nil || n.Domain != "" || n.Type != "Mul" && n.Type != "Div" {
		return "", 0
	}
	x, v := g.withNumber(n)
	switch {
	case x == "" || n.Type == "Mul":
		return x, float64(v)
	case x == n.Inputs[0]:
		return x, 1 / float64(v)
	}
	return "", 0
}

// product takes a value apart: it is number·x^xs·other^others. The number is NaN if
// there are other factors.
func (g *graph) product(name, x, other string, depth int) (number float64, xs, others int) {
	switch n := g.makers[name]; {
	case name == x:
		return 1, 1, 0
	case name == other:
		return 1, 0, 1
	case n == nil || n.Domain != "" || depth == 0 || len(n.Inputs) != 2:
	case n.Type == "Mul" || n.Type == "Div":
		if name, factor := g.scaled(n); name != "" {
			number, xs, others = g.product(name, x, other, depth-1)
			return number * factor, xs, others
		}
		if n.Type == "Mul" {
			left, xs, others := g.product(n.Inputs[0], x, other, depth-1)
			right, moreXs, moreOthers := g.product(n.Inputs[1], x, other, depth-1)
			return left * right, xs + moreXs, others + moreOthers
		}
	case n.Type == "Pow":
		if power, ok := g.number(n.Inputs[1]); ok && (power == 2 || power == 3) {
			number, xs, others = g.product(n.Inputs[0], x, other, depth-1)
			return math.Pow(number, float64(power)), xs * int(power), others * int(power)
		}
	}
	return math.NaN(), 0, 0
}

// productDepth is how far back the factors of a product are looked for.
const productDepth = 4

// near says whether a constant is meant to be a number: it has a few digits of it,
// or it or its inverse has been rounded to float16.
func near(v, want float64) bool {
	rounded := func(v, want float64) bool { return float32(v) == float16.To(float16.From(float32(want))) }
	return math.Abs(v-want) <= 1e-5*want || rounded(v, want) || rounded(1/v, 1/want)
}

// operatorsName is the name that a layer gets for the operators that it is made of:
// that of what PyTorch calls act/Mul_1 is act.
func operatorsName(n *Node) string {
	if i := strings.LastIndexByte(n.Name, '/'); i > 0 && strings.HasPrefix(n.Name[i+1:], n.Type) {
		return n.Name[:i]
	}
	return n.Name
}

func (im *importer) gelu(n *Node) (value, error) {
	approximate, err := n.Text("approximate", "none")
	if err == nil && approximate != "none" && approximate != "tanh" {
		err = fmt.Errorf("approximate %q: want none or tanh", approximate)
	}
	if err != nil {
		return value{}, err
	}
	return im.simple(nn.GELU{Tanh: approximate == "tanh"})(n)
}
