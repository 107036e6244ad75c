// Package checkpoint stores networks in safetensors files.
//
// A file holds the parameters by name, the network's description as JSON in
// its metadata, and whatever else the caller adds: training keeps the state of
// its optimizer there. Permutations are stored as 16-bit integers where that
// is enough.
package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/deepfry/deepfry/internal/wholefile"
	"github.com/deepfry/deepfry/nn"
	"github.com/nlpodyssey/safetensors"
)

// descriptionKey names the network's description in the metadata.
const descriptionKey = "deepfry.network"

// Extra is what a file holds beside a network.
type Extra struct {
	Tensors  map[string][]float32 // names must differ from those of parameters
	Metadata map[string]string
}

// Save writes the network and the extra content to path. It writes a temporary
// file in the same folder, syncs it and renames it, so that a file under path
// is always whole.
func Save(path string, network *nn.Network, extra Extra) error {
	description, err := json.Marshal(network.Description)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if _, taken := extra.Metadata[descriptionKey]; taken {
		return fmt.Errorf("checkpoint: the metadata's %q is the network's description; choose another key", descriptionKey)
	}
	metadata := map[string]string{descriptionKey: string(description)}
	maps.Copy(metadata, extra.Metadata)
	tensors := map[string]safetensors.TensorView{}
	for name, data := range extra.Tensors {
		if tensors[name], err = view(safetensors.F32, []int{len(data)}, floatBytes(data)); err != nil {
			return fmt.Errorf("checkpoint: tensor %s: %w", name, err)
		}
	}
	for _, p := range network.Params() {
		if _, taken := tensors[p.Name]; taken {
			return fmt.Errorf("checkpoint: two tensors are named %s", p.Name)
		}
		if tensors[p.Name], err = paramView(p); err != nil {
			return fmt.Errorf("checkpoint: parameter %s: %w", p.Name, err)
		}
	}
	content, err := safetensors.Serialize(tensors, metadata)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := WriteFile(path, content); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

func paramView(p *nn.Param) (safetensors.TensorView, error) {
	if p.Kind != nn.Permutation {
		return view(safetensors.F32, p.Shape, floatBytes(p.Data))
	}
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

// WriteFile writes content to a temporary file beside path, syncs it and
// renames it to path, so that whoever reads path sees the old content or the
// new one, whole.
func WriteFile(path string, content []byte) error {
	return wholefile.Write(path, func(file *os.File) error {
		_, err := file.Write(content)
		return err
	})
}

// Load reads a file that Save wrote. Besides errors of the file system, it
// fails if the file is not a safetensors file, is cut off, has no description
// or one that this version does not understand, or if a parameter is missing,
// has another shape, or is a permutation that is none.
func Load(path string) (*nn.Network, Extra, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, Extra{}, fmt.Errorf("checkpoint: %w", err)
	}
	network, extra, err := Decode(content)
	if err != nil {
		return nil, Extra{}, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	return network, extra, nil
}

// Decode is Load for content that is in memory.
func Decode(content []byte) (*nn.Network, Extra, error) {
	_, header, err := safetensors.ReadMetadata(content)
	if err != nil {
		return nil, Extra{}, fmt.Errorf("not a whole safetensors file: %w", err)
	}
	file, err := safetensors.Deserialize(content)
	if err != nil {
		return nil, Extra{}, fmt.Errorf("not a whole safetensors file: %w", err)
	}
	stored, ok := header.Metadata()[descriptionKey]
	if !ok {
		return nil, Extra{}, fmt.Errorf("the metadata has no %q: the file holds tensors, but not a network that Deepfry stored", descriptionKey)
	}
	network, err := decodeNetwork(stored, file)
	if err != nil {
		return nil, Extra{}, err
	}
	extra := Extra{Tensors: map[string][]float32{}, Metadata: map[string]string{}}
	for key, value := range header.Metadata() {
		if key != descriptionKey {
			extra.Metadata[key] = value
		}
	}
	for _, tensor := range file.Tensors() {
		if network.Param(tensor.Name) == nil && tensor.TensorView.DType() == safetensors.F32 {
			extra.Tensors[tensor.Name] = floats(tensor.TensorView.Data())
		}
	}
	return network, extra, nil
}

// decodeNetwork builds the network and fills its parameters from the file, so
// that it allocates no more than the file holds.
func decodeNetwork(stored string, file safetensors.SafeTensors) (*nn.Network, error) {
	var description nn.Description
	if err := json.Unmarshal([]byte(stored), &description); err != nil {
		return nil, fmt.Errorf("the network's description: %w", err)
	}
	return nn.Restore(description, func(p *nn.Param) error {
		tensor, ok := file.Tensor(p.Name)
		if !ok {
			return fmt.Errorf("the file has no tensor of that name")
		}
		return decodeParam(p, tensor)
	})
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
		return fmt.Errorf("the tensor's type is %v; want F32, or U16 or I32 for a permutation", dtype)
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

// Bytes is what parameters take in a file: permutations 16 bits an entry, or 32 if
// that is not enough.
func Bytes(params []*nn.Param) int {
	total := 0
	for _, p := range params {
		switch {
		case p.Kind != nn.Permutation:
			total += 4 * p.Size()
		case p.Shape[len(p.Shape)-1] <= math.MaxUint16+1:
			total += 2 * p.Size()
		default:
			total += 4 * p.Size()
		}
	}
	return total
}
