package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/deepfry/deepfry/internal/float16"
	"github.com/deepfry/deepfry/nn"
	"github.com/nlpodyssey/safetensors"
)

// paramView returns a parameter as a tensor of the given type, F32 or F16.
func paramView(p *nn.Param, dtype safetensors.DType) (safetensors.TensorView, error) {
	switch {
	case p.Kind == nn.Permutation:
		return permutationView(p)
	case dtype == safetensors.F16 && p.Kind != nn.Statistic: // a variance may have any size
		content, err := float16Bytes(p.Data)
		if err != nil {
			return safetensors.TensorView{}, err
		}
		return view(safetensors.F16, p.Shape, content)
	}
	return view(safetensors.F32, p.Shape, floatBytes(p.Data))
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
	if i := float16.Overflow(data); i >= 0 {
		return nil, fmt.Errorf("entry %d is %v, but the largest float16 is %v: store the network as float32", i, data[i], float16.Max)
	}
	content := make([]byte, 0, 2*len(data))
	for _, v := range data {
		content = binary.LittleEndian.AppendUint16(content, float16.From(v))
	}
	return content, nil
}

func decodeParam(p *nn.Param, tensor safetensors.TensorView) (err error) {
	shape := make(nn.Shape, len(tensor.Shape()))
	for i, n := range tensor.Shape() {
		shape[i] = int(n)
	}
	if !slices.Equal(shape, p.Shape) {
		return fmt.Errorf("the tensor's shape is %v, want %v", shape, nn.Shape(p.Shape))
	}
	if p.Kind == nn.Permutation {
		p.Indices, err = decodeIndices(tensor)
	} else {
		p.Data, err = decodeValues(tensor)
	}
	return err
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
		return nil, fmt.Errorf("the tensor's type is %v; want F32, F16, BF16 or F64", tensor.DType())
	}
	return data, nil
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

// Bytes is what parameters take in a file of Save: permutations 16 bits an entry, or
// 32 if that is not enough, though a seed may stand for them.
func Bytes(params []*nn.Param) int { return storedBytes(params, safetensors.F32) }

// BytesFloat16 is Bytes for a file of SaveFloat16.
func BytesFloat16(params []*nn.Param) int { return storedBytes(params, safetensors.F16) }

func storedBytes(params []*nn.Param, dtype safetensors.DType) int {
	total := 0
	for _, p := range params {
		size := 4
		switch {
		case p.Kind == nn.Permutation && p.Shape[len(p.Shape)-1] <= math.MaxUint16+1,
			dtype == safetensors.F16 && p.Kind != nn.Permutation && p.Kind != nn.Statistic:
			size = 2
		}
		total += size * p.Size()
	}
	return total
}
