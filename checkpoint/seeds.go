package checkpoint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/nn"
)

// storedSeeds has fastfood.Permutation draw permutations that are no tensors. A
// file is for good: if SamplerVersion changes, what version 1 draws must stay
// available here.
type storedSeeds struct {
	Sampler int               `json:"sampler"` // fastfood.SamplerVersion
	Seeds   map[string]uint64 `json:"seeds"`   // by the names of parameters
}

// knownSeeds returns the seeds of those permutations that are what they give.
func knownSeeds(params []*nn.Param) map[string]uint64 {
	seeds := map[string]uint64{}
	for _, p := range params {
		if p.Seed != nil && p.Kind == nn.Permutation && slices.Equal(p.Indices, fastfood.Permutation(p.Shape[0], p.Shape[1], *p.Seed)) {
			seeds[p.Name] = *p.Seed
		}
	}
	return seeds
}

func decodeSeeds(text string) (map[string]uint64, error) {
	if text == "" {
		return nil, nil
	}
	var stored storedSeeds
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields() // a newer version may have written them
	if err := decoder.Decode(&stored); err != nil {
		return nil, err
	}
	if stored.Sampler != fastfood.SamplerVersion {
		return nil, fmt.Errorf("they are for version %d of the sampler, and this program has version %d; use the version of Deepfry that wrote the file", stored.Sampler, fastfood.SamplerVersion)
	}
	return stored.Seeds, nil
}
