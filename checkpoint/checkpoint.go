// Package checkpoint stores networks in safetensors files.
//
// A file holds the parameters by name, the network's description as JSON in
// its metadata, and whatever else the caller adds: training keeps the state of
// its optimizer there. Numbers are float32 or, half as large, float16, or, a quarter
// as large, int8 with scales. A permutation that the network drew is stored as its seed,
// in the metadata; any other one is a tensor of 16-bit integers, or of 32-bit ones if it
// is longer than 65,536.
//
// A file has a checksum in its metadata, so that a changed bit is an error; files
// from before there was one are read without. A program that changes the content
// must remove the metadata's "deepfry.checksum" and "deepfry.format". Equal content
// gives equal bytes.
package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/internal/tensorfile"
	"github.com/deepfry/deepfry/internal/wholefile"
	"github.com/deepfry/deepfry/nn"
	"github.com/nlpodyssey/safetensors"
)

// Keys of the metadata.
const (
	descriptionKey = tensorfile.NetworkKey // the network's description
	seedsKey       = "deepfry.seeds"       // the seeds of permutations
)

var ourKeys = []string{descriptionKey, seedsKey}

// Extra is what a file holds beside a network.
type Extra struct {
	Tensors  map[string][]float32 // names must differ from those of parameters
	Metadata map[string]string
}

// Save writes the network and the extra content to path. It writes a temporary
// file in the same folder, syncs it and renames it, so that a file under path
// is always whole.
func Save(path string, network *nn.Network, extra Extra) error {
	return SaveAs(path, network, extra, Float32)
}

// SaveAs is Save with weights in fewer bits. Load makes float32 of them again. Statistics
// and extra tensors stay float32. It fails, and names the parameter, if a value is not finite
// or, for Float16, beyond the largest one, 65504.
func SaveAs(path string, network *nn.Network, extra Extra, precision Precision) error {
	return save(path, func(w io.Writer) error { return encode(w, network, extra, precision) })
}

func save(path string, encode func(io.Writer) error) error {
	if err := wholefile.Write(path, func(file *os.File) error { return encode(file) }); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// Encode writes what Save has in its file. Equal networks and extra content give
// equal bytes.
func Encode(w io.Writer, network *nn.Network, extra Extra) error {
	return encode(w, network, extra, Float32)
}

// encode writes the file with parameters of the given precision.
func encode(w io.Writer, network *nn.Network, extra Extra, precision Precision) error {
	if err := precision.check(); err != nil {
		return err
	}
	seeds := knownSeeds(network.Params())
	metadata, err := encodeMetadata(network, seeds, extra.Metadata)
	if err != nil {
		return err
	}
	tensors := map[string]safetensors.TensorView{}
	for name, data := range extra.Tensors {
		if tensors[name], err = view(safetensors.F32, []int{len(data)}, floatBytes(data)); err != nil {
			return fmt.Errorf("tensor %s: %w", name, err)
		}
	}
	for _, p := range network.Params() {
		if _, taken := tensors[p.Name]; taken {
			return fmt.Errorf("two tensors are named %s", p.Name)
		}
		if _, known := seeds[p.Name]; known {
			continue
		}
		views, err := paramViews(p, precision)
		if err != nil {
			return fmt.Errorf("parameter %s: %w", p.Name, err)
		}
		for name, tensor := range views { // the parameter, and perhaps its scales
			if _, taken := tensors[name]; taken {
				return fmt.Errorf("two tensors are named %s", name)
			}
			tensors[name] = tensor
		}
	}
	return tensorfile.Write(w, tensors, metadata)
}

// encodeMetadata adds what is ours to the caller's metadata.
func encodeMetadata(network *nn.Network, seeds map[string]uint64, extra map[string]string) (map[string]string, error) {
	description, err := json.Marshal(network.Description)
	if err != nil {
		return nil, err
	}
	metadata := map[string]string{descriptionKey: string(description)}
	if len(seeds) > 0 {
		text, err := json.Marshal(storedSeeds{fastfood.SamplerVersion, seeds})
		if err != nil {
			return nil, err
		}
		metadata[seedsKey] = string(text)
	}
	for _, key := range ourKeys {
		if _, taken := extra[key]; taken {
			return nil, fmt.Errorf("the metadata's %q is a part of the network; choose another key", key)
		}
	}
	maps.Copy(metadata, extra)
	return metadata, nil
}

// Load reads a file that Save wrote. Besides errors of the file system, it
// fails if the file is not a safetensors file, is cut off or damaged, has no
// description or one that this version does not understand, or if a parameter is
// missing, has another shape, or is a permutation that is none or comes from another
// version of the sampler, or if another tensor is not float32.
func Load(path string) (*nn.Network, Extra, error) {
	content, err := tensorfile.ReadFile(path)
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
	file, err := tensorfile.Read(content)
	if err != nil {
		return nil, Extra{}, err
	}
	stored, ok := file.Metadata[descriptionKey]
	if !ok {
		return nil, Extra{}, fmt.Errorf("want a network that Deepfry stored, with %q in the metadata; the safetensors file holds %s", descriptionKey, file.Describe())
	}
	network, err := decodeNetwork(stored, file.Metadata[seedsKey], file.Tensors)
	if err != nil {
		return nil, Extra{}, err
	}
	extra := Extra{Tensors: map[string][]float32{}, Metadata: map[string]string{}}
	for key, value := range file.Metadata {
		if !slices.Contains(ourKeys, key) {
			extra.Metadata[key] = value
		}
	}
	for name, tensor := range file.Tensors {
		if network.Param(name) != nil || isScale(name, network, file.Tensors) {
			continue
		}
		if tensor.DType() != safetensors.F32 {
			return nil, Extra{}, fmt.Errorf("tensor %s is no parameter of the network, and its type is %v: such tensors must be F32; remove it from the file", name, tensor.DType())
		}
		extra.Tensors[name] = floats(tensor.Data())
	}
	return network, extra, nil
}

// decodeNetwork builds the network and fills its parameters from the file, so
// that it allocates no more than the file holds.
func decodeNetwork(stored, storedSeeds string, tensors map[string]safetensors.TensorView) (*nn.Network, error) {
	var description nn.Description
	if err := json.Unmarshal([]byte(stored), &description); err != nil {
		return nil, fmt.Errorf("the network's description: %w", err)
	}
	seeds, err := decodeSeeds(storedSeeds)
	if err != nil {
		return nil, fmt.Errorf("the seeds of permutations: %w", err)
	}
	return nn.Restore(description, func(p *nn.Param) error { return fill(p, tensors, seeds) })
}

// fill sets a parameter to the tensor of its name, or draws it from its seed.
func fill(p *nn.Param, tensors map[string]safetensors.TensorView, seeds map[string]uint64) error {
	tensor, ok := tensors[p.Name]
	if seed, found := seeds[p.Name]; found && !ok && p.Kind == nn.Permutation {
		// The layer's diagonals, of the same shape, came before.
		p.Seed, p.Indices = &seed, fastfood.Permutation(p.Shape[0], p.Shape[1], seed)
		return nil
	}
	if !ok {
		return errors.New("the file has no tensor of that name")
	}
	var scales *safetensors.TensorView
	if found, ok := tensors[p.Name+scaleSuffix]; ok {
		scales = &found
	}
	return decodeParam(p, tensor, scales)
}

// isScale tells whether a tensor has the scales of a parameter of eight bits.
func isScale(name string, network *nn.Network, tensors map[string]safetensors.TensorView) bool {
	of, suffix := strings.CutSuffix(name, scaleSuffix)
	return suffix && network.Param(of) != nil && tensors[of].DType() == safetensors.I8
}
