package checkpoint

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/internal/tensorfile"
	"github.com/deepfry/deepfry/nn"
	"github.com/nlpodyssey/safetensors"
)

// LoadParams sets all parameters of a network to the tensors of any safetensors file,
// such as a state_dict of PyTorch's. Names and shapes must be those of the network's
// parameters, which are PyTorch's: conv1.weight [out,in,kh,kw], fc1.weight [out,in].
// Types are F32, F16, BF16 or F64, which is rounded. These differences do not matter:
//
//   - Prefixes that all names have: "module.", "model." and "_orig_mod.".
//   - BatchNorm's running_mean and running_var are mean and variance here.
//   - BatchNorm's num_batches_tracked is ignored: nothing here depends on it.
//
// If tensors are missing, left over, or of another shape or type, the error lists
// them all, and the network stays as it was.
func LoadParams(path string, network *nn.Network) error {
	content, err := tensorfile.ReadFile(path)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := decodeParams(content, network); err != nil {
		return fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	return nil
}

// decodeParams is LoadParams for content that is in memory.
func decodeParams(content []byte, network *nn.Network) error {
	file, err := tensorfile.Read(content)
	if err != nil {
		return err
	}
	seeds, err := decodeSeeds(file.Metadata[seedsKey])
	if err != nil {
		return fmt.Errorf("the seeds of permutations: %w", err)
	}
	tensors, err := ourNames(file.Tensors, network)
	if err != nil {
		return err
	}
	filled, err := fillAll(network, tensors, seeds)
	if err != nil {
		return err
	}
	for _, p := range network.Params() {
		q := filled[p.Name]
		p.ForgetInt8()
		copy(p.Data, q.Data)
		copy(p.Indices, q.Indices)
		if p.Kind == nn.Permutation {
			p.Seed = q.Seed
		}
	}
	return nil
}

// fillAll returns parameters like the network's, by name, with values from the file.
func fillAll(network *nn.Network, tensors map[string]safetensors.TensorView, seeds map[string]uint64) (map[string]*nn.Param, error) {
	var wrong []error
	filled := map[string]*nn.Param{}
	for _, p := range network.Params() {
		q := &nn.Param{Name: p.Name, Kind: p.Kind, Shape: p.Shape}
		if err := fill(q, tensors, seeds); err != nil {
			wrong = append(wrong, fmt.Errorf("parameter %s: %w", p.Name, err))
		}
		filled[p.Name] = q
	}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		if filled[name] == nil && !isScale(name, network, tensors) {
			wrong = append(wrong, fmt.Errorf("tensor %s: the network has no parameter of that name", name))
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("the file does not fit the network %s:\n%w", network.Description.Name, errors.Join(wrong...))
	}
	// Restore also finds permutations that are none.
	_, err := nn.Restore(network.Description, func(p *nn.Param) error {
		p.Data, p.Indices = filled[p.Name].Data, filled[p.Name].Indices
		return nil
	})
	return filled, err
}

// ourNames gives tensors the names that the network's parameters have.
func ourNames(tensors map[string]safetensors.TensorView, network *nn.Network) (map[string]safetensors.TensorView, error) {
	prefix := sharedPrefix(tensors)
	for _, p := range network.Params() {
		if strings.HasPrefix(p.Name, prefix) {
			prefix = "" // a layer's own name
			break
		}
	}
	renamed := map[string]safetensors.TensorView{}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		ours := strings.TrimPrefix(name, prefix)
		layer, last := "", ours
		if dot := strings.LastIndexByte(ours, '.'); dot >= 0 {
			layer, last = ours[:dot+1], ours[dot+1:]
		}
		switch last {
		case "num_batches_tracked":
			continue
		case "running_mean":
			ours = layer + "mean"
		case "running_var":
			ours = layer + "variance"
		}
		if _, taken := renamed[ours]; taken {
			return nil, fmt.Errorf("tensor %s: another one stands for the parameter %s, too", name, ours)
		}
		renamed[ours] = tensors[name]
	}
	return renamed, nil
}

// sharedPrefix returns what wrappers of PyTorch's put before all names.
func sharedPrefix(tensors map[string]safetensors.TensorView) string {
	shared := ""
	for again := len(tensors) > 0; again; {
		again = false
		for _, wrapper := range []string{"module.", "model.", "_orig_mod."} {
			all := true
			for name := range tensors {
				all = all && strings.HasPrefix(name, shared+wrapper)
			}
			if all {
				shared, again = shared+wrapper, true
			}
		}
	}
	return shared
}
