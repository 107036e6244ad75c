package compress

import (
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/train"
)

// target is a layer and what its replacements are fitted to.
type target struct {
	*Layer
	x, y []float32 // inputs and outputs [n, Inputs or Outputs] on data, or nil
	seed uint64

	found *basis    // of the outputs, once svd wants it
	mean  []float32 // of y, then
}

// recipe is that of fine-tuning and of fits: the default one of training, with
// another rate, and without decay, which would pull a trained network away.
func recipe(epochs int, rate float64) train.Recipe {
	r := train.Default()
	r.Epochs, r.Optimizer.Rate, r.Optimizer.Decay = epochs, rate, 0
	return r
}

// randomInputs are used where there are no data.
func randomInputs(n, size int, seed uint64) []float32 {
	source := rand.New(random.New(seed, random.For("random inputs"), 0, 0))
	x := make([]float32, n*size)
	for i := range x {
		x[i] = float32(source.NormFloat64())
	}
	return x
}
