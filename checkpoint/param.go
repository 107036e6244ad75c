package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/deepfry/deepfry/internal/float16"
	"github.com/deepfry/deepfry/internal/quantize"
	"github.com/deepfry/deepfry/nn"
	"github.com/nlpodyssey/safetensors"
)

// Precision says in which numbers a file holds weights.
type Precision string

const (
	Float32 Precision = ""        // as they are
	Float16 Precision = "float16" // the nearest, also of biases and of factors of a normalisation
	// Int8 is numbers of eight bits with a float32 scale for each row: an output of a layer, or a
	// block of a diagonal. Biases and factors of a normalisation are float16, which rounds them
	// much less, unless the largest is too large or too small for that.
	Int8 Precision = "int8"
)

// Round makes the network's parameters those that a file of the precision gives back. It
// fails, and names the parameter, as SaveAs does, and where all numbers are so small that
// they would be 0; it may then have rounded others.
func Round(network *nn.Network, precision Precision) error {
	if err := precision.check(); err != nil {
		return err
	}
	for _, p := range network.Params() {
		var err error
		switch {
		case precision.quantized(p):
			var numbers []int8
			var scales []float32
			if numbers, scales, err = quantize.Rows(p.Data, p.Shape[0]); err == nil {
				p.ForgetInt8()
				copy(p.Data, quantize.Values(numbers, scales))
			}
		case precision.halved(p):
			some := slices.ContainsFunc(p.Data, notZero)
			if err = checkFloat16(p.Data); err == nil {
				if float16.Round(p.Data); some && !slices.ContainsFunc(p.Data, notZero) {
					err = errors.New("all of its numbers are so small that they are 0 as float16: use float32")
				}
			}
		}
		if err != nil {
			return fmt.Errorf("parameter %s: %w", p.Name, err)
		}
	}
	return nil
}

func (precision Precision) check() error {
	switch precision {
	case Float32, Float16, Int8:
		return nil
	}
	return fmt.Errorf("weights as %q: want %q, %q, or nothing for float32", string(precision), Float16, Int8)
}

func notZero(v float32) bool { return v != 0 }

// scaleSuffix is behind a parameter's name in that of the tensor with its scales.
const scaleSuffix = ".scale"

// quantized tells whether a file has the parameter in eight bits.
func (precision Precision) quantized(p *nn.Param) bool {
	return precision == Int8 && (p.Kind == nn.Weight || p.Kind == nn.Diagonal)
}

// halved tells whether a file has the parameter as float16. A variance may have any size.
func (precision Precision) halved(p *nn.Param) bool {
	switch {
	case p.Kind == nn.Permutation || p.Kind == nn.Statistic || precision == Float32:
		return false
	case precision == Float16:
		return true
	}
	return !precision.quantized(p) && fitsFloat16(p.Data)
}

// fitsFloat16 tells whether float16 rounds numbers by at most 2^-11 of themselves or 2^-15
// of the largest.
func fitsFloat16(data []float32) bool {
	var largest float64
	for _, v := range data {
		if v != v {
			return false
		}
		largest = max(largest, math.Abs(float64(v)))
	}
	return largest == 0 || largest >= 1.0/1024 && largest <= float16.Max
}

// paramViews returns a parameter as tensors, by their names.
func paramViews(p *nn.Param, precision Precision) (map[string]safetensors.TensorView, error) {
	if precision.quantized(p) {
		return int8Views(p)
	}
	tensor, err := paramView(p, precision)
	return map[string]safetensors.TensorView{p.Name: tensor}, err
}

func paramView(p *nn.Param, precision Precision) (safetensors.TensorView, error) {
	switch {
	case p.Kind == nn.Permutation:
		return permutationView(p)
	case precision.halved(p):
		content, err := float16Bytes(p.Data)
		if err != nil {
			return safetensors.TensorView{}, err
		}
		return view(safetensors.F16, p.Shape, content)
	}
	return view(safetensors.F32, p.Shape, floatBytes(p.Data))
}

// int8Views returns the numbers of a parameter and the scales of its rows.
func int8Views(p *nn.Param) (map[string]safetensors.TensorView, error) {
	numbers, scales, err := quantize.Rows(p.Data, p.Shape[0])
	if err != nil {
		return nil, err
	}
	content := make([]byte, len(numbers))
	for i, n := range numbers {
		content[i] = byte(n)
	}
	values, err := view(safetensors.I8, p.Shape, content)
	if err != nil {
		return nil, err
	}
	scale, err := view(safetensors.F32, []int{len(scales)}, floatBytes(scales))
	return map[string]safetensors.TensorView{p.Name: values, p.Name + scaleSuffix: scale}, err
}

func permutationView(p *nn.Param) (safetensors.TensorView, error) {
	if slices.Max(p.Indices) > math.MaxUint16 {
		content := make([]byte, 0, 4*len(p.Indices))
		for _, v := range p.Indices {
			content = binary.LittleEndian.AppendUint32(content, uint32(v))
		}
		return view(safetensors.I32, p.Shape, content)
	}
	content := make([]byte, 0, 2*len(p.Indices))
	for _, v := range p.Indices {
		content = binary.LittleEndian.AppendUint16(content, uint16(v))
	}
	return view(safetensors.U16, p.Shape, content)
}

func view(dtype safetensors.DType, shape []int, content []byte) (safetensors.TensorView, error) {
	unsigned := make([]uint64, len(shape))
	for i, n := range shape {
		unsigned[i] = uint64(n)
	}
	return safetensors.NewTensorView(dtype, unsigned, content)
}

// floatBytes returns the bytes of the file. They are the data's own where memory has them
// in the same order, so that saving takes no copy of a large network.
func floatBytes(data []float32) []byte {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), 4*len(data))
	}
	content := make([]byte, 0, 4*len(data))
	for _, v := range data {
		content = binary.LittleEndian.AppendUint32(content, math.Float32bits(v))
	}
	return content
}

// float16Bytes fails on what float16 can't hold.
func float16Bytes(data []float32) ([]byte, error) {
	if err := checkFloat16(data); err != nil {
		return nil, err
	}
	content := make([]byte, 0, 2*len(data))
	for _, v := range data {
		content = binary.LittleEndian.AppendUint16(content, float16.From(v))
	}
	return content, nil
}

// decodeParam sets a parameter to a tensor, of which another one has the scales if it is
// of eight bits.
func decodeParam(p *nn.Param, tensor safetensors.TensorView, scales *safetensors.TensorView) (err error) {
	shape := make(nn.Shape, len(tensor.Shape()))
	for i, n := range tensor.Shape() {
		shape[i] = int(n)
	}
	if !slices.Equal(shape, p.Shape) {
		return fmt.Errorf("the tensor's shape is %v, want %v", shape, nn.Shape(p.Shape))
	}
	switch {
	case p.Kind == nn.Permutation:
		p.Indices, err = decodeIndices(tensor)
	case tensor.DType() == safetensors.I8:
		err = decodeInt8(p, tensor, scales)
	default:
		p.Data, err = decodeValues(tensor)
	}
	return err
}

func decodeInt8(p *nn.Param, tensor safetensors.TensorView, scales *safetensors.TensorView) error {
	if scales == nil || scales.DType() != safetensors.F32 || !slices.Equal(scales.Shape(), tensor.Shape()[:1]) {
		return fmt.Errorf("the tensor's type is I8: want %d numbers of F32 called %s%s beside it", p.Shape[0], p.Name, scaleSuffix)
	}
	numbers := make([]int8, len(tensor.Data()))
	for i, b := range tensor.Data() {
		numbers[i] = int8(b)
	}
	p.SetInt8(numbers, floats(scales.Data()))
	return nil
}

// decodeValues makes float32 of floating-point numbers, the nearest one of a float64.
func decodeValues(tensor safetensors.TensorView) ([]float32, error) {
	content := tensor.Data()
	data := make([]float32, len(content)/int(tensor.DType().Size()))
	switch tensor.DType() {
	case safetensors.F32:
		return floats(content), nil
	case safetensors.F16:
		for i := range data {
			data[i] = float16.To(binary.LittleEndian.Uint16(content[2*i:]))
		}
	case safetensors.BF16: // the upper half of a float32
		for i := range data {
			data[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(content[2*i:])) << 16)
		}
	case safetensors.F64:
		for i := range data {
			v := math.Float64frombits(binary.LittleEndian.Uint64(content[8*i:]))
			data[i] = float32(v)
			if math.IsInf(float64(data[i]), 0) && !math.IsInf(v, 0) {
				return nil, fmt.Errorf("entry %d is %v, beyond the largest float32, %v", i, v, math.MaxFloat32)
			}
		}
	default:
		return nil, fmt.Errorf("the tensor's type is %v; want F32, F16, BF16, F64 or I8", tensor.DType())
	}
	return data, nil
}

// checkFloat16 fails on what float16 can't hold.
func checkFloat16(data []float32) error {
	if i := float16.Overflow(data); i >= 0 {
		return fmt.Errorf("entry %d is %v, but the largest float16 is %v: store the network as float32", i, data[i], float16.Max)
	}
	return nil
}

func decodeIndices(tensor safetensors.TensorView) ([]int32, error) {
	content := tensor.Data()
	indices := make([]int32, len(content)/int(tensor.DType().Size()))
	switch tensor.DType() {
	case safetensors.U16:
		for i := range indices {
			indices[i] = int32(binary.LittleEndian.Uint16(content[2*i:]))
		}
	case safetensors.I32:
		for i := range indices {
			indices[i] = int32(binary.LittleEndian.Uint32(content[4*i:]))
		}
	default:
		return nil, fmt.Errorf("the tensor's type is %v; want U16 or I32 for a permutation", tensor.DType())
	}
	return indices, nil
}

func floats(content []byte) []float32 {
	data := make([]float32, len(content)/4)
	for i := range data {
		data[i] = math.Float32frombits(binary.LittleEndian.Uint32(content[4*i:]))
	}
	return data
}

// Bytes is what parameters take in a file of that precision: permutations 16 bits an entry,
// or 32 if that is not enough, though a seed may stand for them.
func Bytes(params []*nn.Param, precision Precision) int {
	total := 0
	for _, p := range params {
		size := 4
		switch {
		case precision.quantized(p):
			size, total = 1, total+4*p.Shape[0]
		case p.Kind == nn.Permutation && p.Shape[len(p.Shape)-1] <= math.MaxUint16+1, precision.halved(p):
			size = 2
		}
		total += size * p.Size()
	}
	return total
}
