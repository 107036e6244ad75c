package nn

import (
	"github.com/deepfry/deepfry/internal/quantize"
	"github.com/deepfry/deepfry/internal/simd"
)

// ParamKind says what role a parameter has. The optimizer's rates and decay
// go by it.
type ParamKind string

const (
	Weight      ParamKind = "weight"      // of a convolution or a dense layer
	Bias        ParamKind = "bias"        // added to outputs, not counted among weights
	Diagonal    ParamKind = "diagonal"    // S, G or B of a Fastfood layer
	Permutation ParamKind = "permutation" // Π of a Fastfood layer: integers, never learnt
	Scale       ParamKind = "scale"       // factors of channels in a normalisation
	Statistic   ParamKind = "statistic"   // of data, for a normalisation: never learnt; see Workspace.UpdateStatistics for running ones
)

// Param is a named parameter of a layer. Workspaces are planned for the memory of
// Data and Indices, and for Learn, as they find them: once there is one, values in
// Data may change, but nothing else.
type Param struct {
	Name  string // such as conv1.weight, unique in a network
	Kind  ParamKind
	Shape []int

	Data    []float32 // the values, row-major; nil for a permutation; see ForgetInt8
	Indices []int32   // the entries of a permutation, else nil
	// Seed is what Indices were drawn from, by fastfood.Permutation; nil where that
	// is not known. It is a hint: whoever stores it instead of them compares first.
	Seed *uint64

	// Learn says whether training changes the parameter. A fixed parameter
	// counts like a learnt one and is stored like one. It stays false for
	// permutations and statistics.
	Learn bool

	// int8 is what Data stand for in eight bits, for products that memory holds up; nil
	// where it is not so stored, or a workspace for training may have changed Data.
	int8 *simd.Int8Matrix
}

// SetInt8 sets Data to numbers of 8 bits times a scale for each row, an entry of the
// first dimension. A dense layer then reads the numbers themselves where samples are few,
// until there is a workspace for training. Call it before there are workspaces, which keep
// the Data that they find. It panics if there are more or fewer numbers, or scales, than
// the shape says.
func (p *Param) SetInt8(numbers []int8, scales []float32) {
	if len(numbers) != p.Size() || len(scales) != p.Shape[0] {
		panic("nn: SetInt8: numbers or scales do not fit the shape")
	}
	p.Data, p.int8 = quantize.Values(numbers, scales), nil
	if len(p.Shape) == 2 && p.Kind == Weight {
		p.int8 = simd.NewInt8Matrix(numbers, scales, p.Shape[0], p.Shape[1])
	}
}

// ForgetInt8 undoes what SetInt8 says of how Data are read. Whoever changes Data himself
// calls it, but in training, where NewWorkspace has.
func (p *Param) ForgetInt8() { p.int8 = nil }

// newParam returns a parameter that learns, still without values.
func newParam(name string, kind ParamKind, shape ...int) *Param {
	return &Param{Name: name, Kind: kind, Shape: shape, Learn: true}
}

// Size returns the number of entries.
func (p *Param) Size() int { return Shape(p.Shape).Size() }

// allocate sets all values to zero.
func (p *Param) allocate() {
	if p.Kind == Permutation {
		p.Indices = make([]int32, p.Size())
	} else {
		p.Data = make([]float32, p.Size())
	}
}

// Weights returns how many numbers of the parameter count as weights: as in
// the literature, all of a layer's but its biases, its permutation and its statistics.
func (p *Param) Weights() int {
	if p.Kind == Weight || p.Kind == Diagonal || p.Kind == Scale {
		return p.Size()
	}
	return 0
}

// present returns the parameters that are not nil.
func present(params ...*Param) []*Param {
	var found []*Param
	for _, p := range params {
		if p != nil {
			found = append(found, p)
		}
	}
	return found
}
