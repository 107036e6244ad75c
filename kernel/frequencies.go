package kernel

import (
	"errors"
	"fmt"
	"math"

	"github.com/deepfry/deepfry/internal/random"
)

// hasCosines says whether features are cosines and sines, as they are for the
// kernels of differences.
func hasCosines(k Kernel) bool { return k.geometry() != products }

// choose checks sampling and phase against the kernel, and chooses a sampling
// if there is none.
func (o *Options) choose(k Kernel) error {
	_, laplacian := k.(Laplacian)
	if o.Sampling == "" {
		o.Sampling = Fastfood
		if laplacian {
			o.Sampling = RKS
		}
	}
	if o.Phase && !hasCosines(k) {
		return fmt.Errorf("kernel: phases belong to cosines, but the features of the %s kernel have none", k.Kind())
	}
	if laplacian && o.Sampling != RKS {
		return errors.New("kernel: the Laplacian kernel has independent Cauchy frequencies, which only the sampling rks draws; for exp(-‖x-y‖/ℓ), with the Euclidean distance, take Matern with Nu 0.5, which has all samplings")
	}
	return nil
}

// newTransform draws the frequencies.
func newTransform(k Kernel, o Options) (transform, error) {
	scales := frequencyScales(k, o)
	switch o.Sampling {
	case Fastfood:
		return newFastfood(o, scales)
	case SORF:
		return newSORF(o, scales)
	}
	if o.N > maxNumbers/o.Inputs {
		return nil, fmt.Errorf("kernel: n = %d frequencies of %d inputs: at most %d numbers are supported", o.N, o.Inputs, maxNumbers)
	}
	switch o.Sampling {
	case RKS:
		return newRKS(k, o, scales), nil
	case ORF:
		if o.Inputs > maxORF {
			return nil, fmt.Errorf("kernel: sampling orf for %d inputs takes too long: at most %d are supported; sorf has no bound", o.Inputs, maxORF)
		}
		return newORF(o, scales), nil
	}
	return nil, fmt.Errorf("kernel: sampling %q: want rks, fastfood, orf or sorf", o.Sampling)
}

// frequencyScales returns the factors of the n rows of a standard Gaussian
// matrix that make of them what features are functions of.
func frequencyScales(k Kernel, o Options) []float64 {
	scales := make([]float64, o.N)
	source := o.stream("scales", 0)
	for i := range scales {
		switch k := k.(type) {
		case Gaussian: // normal of variance 2γ = 1/σ²
			scales[i] = math.Sqrt(2 * k.Gamma)
		case Laplacian:
			scales[i] = k.Gamma
		case Matern: // Student's t with 2ν degrees of freedom, over ℓ
			degrees := 2 * k.Nu
			scales[i] = math.Sqrt(degrees) / (k.Length * random.Chi(source, int(degrees)))
		case ArcCosine: // features are √(2/n)·max(0, ω·x)^order
			scales[i] = [...]float64{1, math.Sqrt(2 / float64(o.N)), math.Sqrt(math.Sqrt(2 / float64(o.N)))}[k.Order]
		case Linear:
			scales[i] = 1 / math.Sqrt(float64(o.N))
		}
	}
	return scales
}
