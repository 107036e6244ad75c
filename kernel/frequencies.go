package kernel

import (
	"math"

	"github.com/deepfry/deepfry/internal/random"
)

// frequencyScales returns the factors of the n rows of a standard Gaussian
// matrix that make of them the kernel's frequencies.
func frequencyScales(k Kernel, o Options) []float64 {
	scales := make([]float64, o.N)
	source := o.stream("scales", 0)
	for i := range scales {
		switch k := k.(type) {
		case Gaussian: // normal of variance 2γ = 1/σ²
			scales[i] = math.Sqrt(2 * k.Gamma)
		case Matern: // Student's t with 2ν degrees of freedom, over ℓ
			degrees := 2 * k.Nu
			scales[i] = math.Sqrt(degrees) / (k.Length * random.Chi(source, int(degrees)))
		default:
			scales[i] = 1
		}
	}
	return scales
}
