package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

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

func floatBytes(data []float32) []byte {
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

func decodeParam(p *nn.Param, tensor safetensors.TensorView) error {
	shape := make(nn.Shape, len(tensor.Shape()))
	for i, n := range tensor.Shape() {
		shape[i] = int(n)
	}
	if !slices.Equal(shape, p.Shape) {
		return fmt.Errorf("the tensor's shape is %v, want %v", shape, nn.Shape(p.Shape))
	}
	content := tensor.Data()
	switch dtype := tensor.DType(); {
	case p.Kind != nn.Permutation && dtype == safetensors.F32:
		p.Data = floats(content)
	case p.Kind != nn.Permutation && dtype == safetensors.F16:
		p.Data = make([]float32, len(content)/2)
		for i := range p.Data {
			p.Data[i] = float16.To(binary.LittleEndian.Uint16(content[2*i:]))
		}
	case p.Kind == nn.Permutation && dtype == safetensors.U16:
		p.Indices = make([]int32, len(content)/2)
		for i := range p.Indices {
			p.Indices[i] = int32(binary.LittleEndian.Uint16(content[2*i:]))
		}
	case p.Kind == nn.Permutation && dtype == safetensors.I32:
		p.Indices = make([]int32, len(content)/4)
		for i := range p.Indices {
			p.Indices[i] = int32(binary.LittleEndian.Uint32(content[4*i:]))
		}
	default:
		return fmt.Errorf("the tensor's type is %v; want F32 or F16, or U16 or I32 for a permutation", dtype)
	}
	return nil
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
