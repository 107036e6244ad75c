package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/fwht"
)

// Form is how a Fastfood layer is written.
type Form string

const (
	// Ops is a subgraph of operators that every runtime has.
	Ops Form = ""
	// Function is, for a diagonal G, a node deepfry.Fastfood and a function that defines it as that
	// subgraph, so that viewers show one box.
	Function Form = "function"
	// Matrix is the dense layer that computes the same: faster than the others
	// for small layers, and larger.
	Matrix Form = "dense"
)

// The function's name; its version counts changes of what its inputs and
// attributes mean.
const (
	ourDomain       = "deepfry"
	ourFunction     = "Fastfood"
	functionVersion = 1
)

// fastfoodValues names the values from which the subgraph computes
//
//	y = S·H̃·G·Π·H̃·B·x + bias
//
// with H̃ = Ha ⊗ Hb: for a vector as a matrix X of a rows and b columns, H̃x is
// Ha·X·Hb, as both are symmetric.
type fastfoodValues struct {
	x          string // [N, inputs]
	pads       string // 0, 0, 0, d-inputs; "" for none
	one        string // the shape -1, 1, a, b
	b          string // [blocks, a, b]
	ha, hb     string // [a, a], [b, b]
	flat       string // the shape -1, blocks·d
	perm       string // [blocks·d], of all blocks
	g          string // [blocks·d]; or, for matrices, transposed, [groups, group, group]
	groups     string // the shape -1, groups, group; "" for a diagonal
	blocks     string // the shape -1, blocks, a, b
	start, end string // the first output and that behind the last, n; "" for all
	axis       string // 1
	outputs    int    // n
	s, bias    string // [n]; bias may be ""
}

// fastfoodOps adds the subgraph and returns its output.
func (b *builder) fastfoodOps(name string, v fastfoodValues) string {
	y := v.x
	add := func(operation, part string, inputs ...string) {
		y = b.node(operation, name+"/"+part, inputs)
	}
	transform := func(part string) {
		add("MatMul", part+"_columns", y, v.hb)
		add("MatMul", part+"_rows", v.ha, y)
	}
	if v.pads != "" {
		add("Pad", "pad", y, v.pads)
	}
	add("Reshape", "matrix", y, v.one)
	add("Mul", "B", y, v.b)
	transform("H1")
	add("Reshape", "vector", y, v.flat)
	y = b.node("Gather", name+"/permute", []string{y, v.perm}, IntAttribute("axis", 1))
	if v.groups == "" {
		add("Mul", "G", y, v.g)
	} else { // a product for every matrix, of all samples: [groups, N, group]
		turn := func(part string) {
			y = b.node("Transpose", name+"/"+part, []string{y}, IntsAttribute("perm", 1, 0, 2))
		}
		add("Reshape", "groups", y, v.groups)
		turn("to_groups")
		add("MatMul", "G", y, v.g)
		turn("to_samples")
	}
	add("Reshape", "matrices", y, v.blocks)
	transform("H2")
	add("Reshape", "outputs", y, v.flat)
	if v.end != "" && b.opset < 10 {
		y = b.slice(name+"/crop", y, 0, int64(v.outputs), 1)
	} else if v.end != "" {
		add("Slice", "crop", y, v.start, v.end, v.axis)
	}
	add("Mul", "S", y, v.s)
	if v.bias != "" {
		add("Add", "bias", y, v.bias)
	}
	return y
}

// fastfood adds a transform and a bias, which may be "", and returns the output.
// The input is [N, inputs].
func (b *builder) fastfood(name, x string, t *fastfood.Transform, bias string, form Form) string {
	if form == Matrix {
		return b.gemm(name, x, t.Outputs, t.Inputs, t.Matrix(), bias)
	}
	rows, columns, ha, hb := hadamardFactors(t.Dim)
	d, all := t.Dim, t.Blocks*t.Dim
	v := fastfoodValues{
		x: x, ha: b.hadamard(t.Dim, rows, ha), hb: b.hadamard(t.Dim, columns, hb),
		b:    b.weight(name+".b", []int{t.Blocks, rows, columns}, t.B, scales{}),
		perm: b.permutation(name+".perm", t),
		s:    b.outputDiagonal(name+".s", t),
		bias: bias, outputs: t.Outputs,
	}
	perBlock := scales{dims: []int{t.Blocks, len(t.G) / t.Blocks}}
	if group := t.Group; group > 1 {
		form = Ops // the function has a diagonal
		v.g = b.arranged(t.G, name+".g", []int{all / group, group, group}, transposeGroups(t.G, group), perBlock)
		v.groups = b.ints(-1, int64(all/group), int64(group))
	} else {
		v.g = b.weight(name+".g", []int{all}, t.G, perBlock)
	}
	one, blocks := []int64{-1, 1, int64(rows), int64(columns)}, []int64{-1, int64(t.Blocks), int64(rows), int64(columns)}
	pads, flat, end := []int64{0, 0, 0, int64(d - t.Inputs)}, []int64{-1, int64(all)}, []int64{int64(t.Outputs)}
	if form == Function {
		if bias == "" {
			v.bias = b.constant(name+".bias", []int{1}, []float32{0})
		}
		return b.node(ourDomain+"."+ourFunction, name, []string{x, v.s, v.g, v.b, v.perm, v.ha, v.hb, v.bias},
			IntsAttribute("pads", pads...), IntsAttribute("matrix", one...), IntsAttribute("matrices", blocks...),
			IntsAttribute("vector", flat...), IntsAttribute("outputs", end...))
	}
	v.one, v.blocks, v.flat = b.ints(one...), b.ints(blocks...), b.ints(flat...)
	if t.Inputs < d && b.opset < 11 {
		v.x = b.node("Pad", name+"/pad", []string{x}, IntsAttribute("pads", pads...))
	} else if t.Inputs < d {
		v.pads = b.ints(pads...)
	}
	if t.Outputs < all {
		v.start, v.end, v.axis = b.ints(0), b.ints(end...), b.ints(1)
	}
	return b.fastfoodOps(name, v)
}

// outputDiagonal adds S, for the outputs that there are.
func (b *builder) outputDiagonal(name string, t *fastfood.Transform) string {
	if b.weights != Int8 || t.Blocks == 1 || t.Outputs == len(t.S) {
		blocks := scales{dims: []int{1, t.Outputs}}
		if t.Outputs == len(t.S) {
			blocks.dims = []int{t.Blocks, t.Dim}
		}
		return b.weight(name, []int{t.Outputs}, t.S[:t.Outputs], blocks)
	}
	all := b.weight(name, []int{len(t.S)}, t.S, scales{dims: []int{t.Blocks, t.Dim}})
	return b.slice(name+"/outputs", all, 0, int64(t.Outputs), 0)
}

// transposeGroups returns matrices of so many rows with their rows as columns.
func transposeGroups(matrices []float32, group int) []float32 {
	turned := make([]float32, 0, len(matrices))
	for first := 0; first < len(matrices); first += group * group {
		turned = append(turned, transposeMatrix(matrices[first:][:group*group], group, group)...)
	}
	return turned
}

// permutation adds the permutation of all blocks' values behind one another: beside weights
// of eight bits, of numbers of 16 bits, if they are enough, which are cast.
func (b *builder) permutation(name string, t *fastfood.Transform) string {
	indices := make([]int32, len(t.Perm))
	for i, p := range t.Perm {
		indices[i] = p + int32(i/t.Dim*t.Dim)
	}
	if b.weights != Int8 || len(indices) > math.MaxUint16+1 {
		name = b.unique(name)
		b.tensors = append(b.tensors, newIndexTensor(name, indices))
		return name
	}
	var raw []byte
	for _, v := range indices {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
	}
	stored := b.unique(name + ".uint16")
	b.tensors = append(b.tensors, newTensor(stored, Uint16, []int{len(indices)}, raw))
	return b.node("Cast", name, []string{stored}, IntAttribute("to", int64(Int32)))
}

// hadamard adds a factor of the matrix of order d, or finds it. Beside weights of eight
// bits, it is of such numbers too, which are 1 and -1 and lose nothing.
func (b *builder) hadamard(d, order int, factor []float32) string {
	name := fmt.Sprintf("hadamard_%d", order)
	if d&(d-1) != 0 { // which of the matrices of that order, depends on d
		name = fmt.Sprintf("hadamard_%d_of_%d", order, d)
	}
	if b.weights != Int8 || b.activations != Float {
		for _, t := range b.tensors {
			if t.Name == name && len(t.raw) == len(factor)*typeSizes[b.activations] {
				return name
			}
		}
		return b.constant(name, []int{order, order}, factor)
	}
	for _, n := range b.nodes {
		if n.Name == name {
			return name
		}
	}
	signs := make([]byte, len(factor))
	for i, v := range factor {
		signs[i] = 1
		if v < 0 {
			signs[i] = 0xff
		}
	}
	stored, scale := b.unique(name+".int8"), b.unique(name+".scale")
	b.tensors = append(b.tensors, newTensor(stored, Int8, []int{order, order}, signs), NewTensor(scale, nil, []float32{max(factor[0], -factor[0])}))
	return b.node("DequantizeLinear", name, []string{stored, scale})
}

// hadamardFactors returns orthonormal matrices A and B, of about equal order,
// with H̃ = A ⊗ B of order d.
func hadamardFactors(d int) (rows, columns int, a, b []float32) {
	source := rand.New(rand.NewPCG(1, 2))
	for _, columns := range divisors(d) {
		rows := d / columns
		a, b := hadamardBlocks(d, columns)
		// Not every divisor of a mixed order goes with a factor. Whole numbers
		// are summed exactly, so a random vector tells.
		x := make([]float32, d)
		for i := range x {
			x[i] = float32(source.IntN(3) - 1)
		}
		want := slices.Clone(x)
		if err := fwht.TransformMixed(want); err != nil {
			panic("onnx: " + err.Error()) // the transform has been validated
		}
		if slices.Equal(timesFactors(x, a, b, rows, columns), want) {
			scale(a, rows)
			scale(b, columns)
			return rows, columns, a, b
		}
	}
	panic("onnx: a transform without factors") // 1 and d are factors
}

// divisors returns the divisors of d, those near its root first.
func divisors(d int) []int {
	var found []int
	for n := 1; n <= d; n++ {
		if d%n == 0 {
			found = append(found, n)
		}
	}
	slices.SortStableFunc(found, func(m, n int) int { return m + d/m - n - d/n })
	return found
}

// hadamardBlocks reads what the factors A ⊗ B would be, if there are any, off
// rows of H.
func hadamardBlocks(d, columns int) (a, b []float32) {
	row := make([]float32, d)
	transform := func(i int) {
		clear(row)
		row[i] = 1
		if err := fwht.TransformMixed(row); err != nil {
			panic("onnx: " + err.Error())
		}
	}
	for i := 0; i < d; i += columns {
		transform(i)
		for j := 0; j < d; j += columns {
			a = append(a, row[j]) // A[i,j]·B[0,0]
		}
	}
	for i := range columns {
		transform(i)
		for j := range columns {
			b = append(b, row[j]*a[0]) // A[0,0]·B[i,j], and B[0,0]² is 1
		}
	}
	return a, b
}

// timesFactors returns A·X·B for x as a matrix X.
func timesFactors(x, a, b []float32, rows, columns int) []float32 {
	half, y := make([]float32, len(x)), make([]float32, len(x))
	for i := range rows {
		for k := range columns {
			for j := range columns {
				half[i*columns+j] += x[i*columns+k] * b[k*columns+j]
			}
		}
	}
	for i := range rows {
		for k := range rows {
			for j := range columns {
				y[i*columns+j] += a[i*rows+k] * half[k*columns+j]
			}
		}
	}
	return y
}

func scale(matrix []float32, order int) {
	for i := range matrix {
		matrix[i] *= float32(1 / math.Sqrt(float64(order)))
	}
}

// fastfoodFunction returns the definition of deepfry.Fastfood as a field of a
// model. Shapes are attributes of the node, which Constant nodes refer to.
func fastfoodFunction(opset int) []byte {
	b := &builder{taken: map[string]bool{}, opset: int64(opset)}
	v := fastfoodValues{x: "x", s: "S", g: "G", b: "B", perm: "perm", ha: "Ha", hb: "Hb", bias: "bias"}
	attributes := []string{"pads", "matrix", "matrices", "vector", "outputs"}
	for i, value := range []*string{&v.pads, &v.one, &v.blocks, &v.flat, &v.end} {
		reference := appendInt(appendText(appendText(nil, attributeName, "value_ints"), attributeReference, attributes[i]), attributeType, kindInts)
		*value = b.node("Constant", attributes[i], nil, reference)
	}
	v.start = b.node("Constant", "first", nil, IntsAttribute("value_ints", 0))
	v.axis = b.node("Constant", "axis", nil, IntsAttribute("value_ints", 1))
	output := b.fastfoodOps("fastfood", v)

	f := appendText(nil, functionName, ourFunction)
	for _, input := range []string{v.x, v.s, v.g, v.b, v.perm, v.ha, v.hb, v.bias} {
		f = appendText(f, functionInput, input)
	}
	f = appendText(f, functionOutput, output)
	for _, a := range attributes {
		f = appendText(f, functionAttribute, a)
	}
	for _, n := range b.nodes {
		f = appendMessage(f, functionNode, n.message)
	}
	f = appendText(f, functionDoc, "y = S·H·G·Π·H·B·x + bias, a fully-connected layer as two Walsh-Hadamard transforms H = Ha ⊗ Hb (Yang et al., Deep Fried Convnets, ICCV 2015)")
	f = appendMessage(f, functionOpset, operatorSet("", int64(opset)))
	return appendMessage(nil, modelFunctions, appendText(f, functionDomain, ourDomain))
}

func operatorSet(domain string, version int64) []byte {
	return appendInt(appendText(nil, opsetDomain, domain), opsetVersion, version)
}
