package fastfood

import (
	"fmt"
	"math"

	"github.com/deepfry/deepfry/internal/random"
)

// SamplerVersion goes with a seed: the same seed, sizes, gain and sampler
// version give the same numbers on every machine. It changes whenever Sample
// would give others.
const SamplerVersion = 1

// Sample returns a random Transform whose rows are distributed as the rows of
// a Gaussian matrix with entries of variance gain²/d, where d is the padded
// number of inputs, Dim (Le, Sarlós and Smola, ICML 2013, section 3):
//
//	B_i   a random sign
//	Π     a uniform permutation
//	G_i   standard normal; or, for matrices, random rotations times χ_q/√q, for q rows
//	S_i = gain · s_i / ‖G‖,  s_i from the chi distribution with d degrees of freedom
//
// A row of H̃GΠH̃B has the length ‖G‖/√d, so a row of V has the length
// gain·s_i/√d. For the features of a Gaussian kernel of bandwidth σ the gain
// is √d/σ; for a layer before ReLU it is √2, as in He's initialisation.
//
// Every variate takes a fixed number of draws from a stream of its own block,
// so that neither depends on how many others there are. Errors: as New, and for
// a gain that is not positive and finite, or not so in float32.
func Sample(inputs, outputs int, gain float64, seed uint64, options ...Options) (*Transform, error) {
	if !(gain > 0) || float32(gain) == 0 || math.IsInf(float64(float32(gain)), 0) {
		return nil, fmt.Errorf("fastfood: gain %v: want a positive, finite number", gain)
	}
	t, err := New(inputs, outputs, options...)
	if err != nil {
		return nil, err
	}
	for b := range t.Blocks {
		t.block(b).sample(gain, seed, b)
	}
	return t, nil
}

// Permutation returns Π alone, [blocks, dim], as Sample draws it from the seed. It
// panics unless both are at least 1, and their product at most 2^30.
func Permutation(blocks, dim int, seed uint64) []int32 {
	if blocks < 1 || dim < 1 || blocks > maxSize/dim {
		panic("fastfood: Permutation: want at least one block and one entry, and at most 2^30 in all")
	}
	perm := make([]int32, blocks*dim)
	for b := range blocks {
		permute(perm[b*dim:][:dim], seed, b)
	}
	return perm
}

// permute draws the permutation of a block.
func permute(perm []int32, seed uint64, index int) {
	random.Permute(perm, random.New(seed, random.For("fastfood Π"), index, 0))
}

// sample draws the block's numbers from four streams.
func (k block) sample(gain float64, seed uint64, index int) {
	signs := random.New(seed, random.For("fastfood B"), index, 0)
	for i := range k.b {
		k.b[i] = float32(1 - 2*int(signs.Uint64()>>63))
	}
	permute(k.perm, seed, index)
	normals := random.New(seed, random.For("fastfood G"), index, 0)
	scale := gain / math.Sqrt(k.sampleGroups(normals))
	lengths := random.New(seed, random.For("fastfood S"), index, 0)
	for i := range k.s {
		k.s[i] = float32(float64(scale * random.Chi(lengths, len(k.s))))
	}
}
