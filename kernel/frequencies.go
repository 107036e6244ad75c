package kernel

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/random"
)

// hasCosines says whether features are cosines and sines, as they are for the
// kernels of differences.
func hasCosines(k Kernel) bool { return k.geometry() != innerProducts }

// fewInputs are so few that blocks of structured samplings, as small as they
// are, take longer than dense products.
const fewInputs = 48

// choose checks sampling and phase against the kernel, and chooses a sampling
// if there is none.
func (o *Options) choose(k Kernel) error {
	if _, mixture := k.(Mixture); mixture {
		return errors.New("kernel: a mixture has no random features: take landmarks, or one of its kernels")
	}
	_, laplacian := k.(Laplacian)
	_, linear := k.(Linear)
	_, polynomial := k.(Polynomial)
	if o.Sampling == "" {
		switch {
		case laplacian:
			o.Sampling = RKS
		case o.Inputs < fewInputs:
			o.Sampling = ORF
		case polynomial, linear:
			o.Sampling = SORF
		default:
			o.Sampling = Fastfood
		}
	}
	switch o.Sampling {
	case RKS, Fastfood, ORF, SORF:
	case Sparse:
		if !linear {
			return fmt.Errorf("kernel: the sampling sparse is for random projections, the features of the linear kernel; for the %s kernel take rks, fastfood, orf or sorf", k.Kind())
		}
	default:
		return fmt.Errorf("kernel: sampling %q: want rks, fastfood, orf, sorf or sparse", o.Sampling)
	}
	if o.Phase && !hasCosines(k) {
		return fmt.Errorf("kernel: phases belong to cosines, but the features of the %s kernel have none", k.Kind())
	}
	if laplacian && o.Sampling != RKS {
		return fmt.Errorf("kernel: the frequencies of the laplacian kernel are independent Cauchy numbers, which the sampling rks draws and %s cannot; for exp(-‖x-y‖/ℓ), with the Euclidean distance, take Matern with Nu 0.5, which has all samplings", o.Sampling)
	}
	return nil
}

// newTransform draws the random numbers.
func newTransform(k Kernel, o Options) (transform, error) {
	if k, ok := k.(Polynomial); ok {
		return newProducts(k, o)
	}
	switch o.Sampling {
	case Fastfood:
		return newFastfood(k, o)
	case SORF:
		return newSORF(k, o)
	}
	if o.N > maxNumbers/o.Inputs {
		return nil, fmt.Errorf("kernel: n = %d frequencies of %d inputs: at most %d numbers are supported", o.N, o.Inputs, maxNumbers)
	}
	switch {
	case o.Sampling == Sparse:
		return newSparse(o), nil
	case o.Sampling == RKS:
		return newRKS(k, o), nil
	case o.Inputs > maxORF:
		return nil, fmt.Errorf("kernel: the sampling orf takes too long for %d inputs: at most %d are supported; sorf has no such bound", o.Inputs, maxORF)
	}
	return newORF(k, o), nil
}

// frequencyScales returns the factors of the n rows of a standard Gaussian
// matrix that make of them what features are functions of.
func frequencyScales(k Kernel, o Options) []float64 {
	scales := make([]float64, o.N)
	source := o.stream("scales", 0)
	n := float64(o.N)
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
			scales[i] = [...]float64{1, math.Sqrt(2 / n), math.Sqrt(math.Sqrt(2 / n))}[k.Order]
		case Linear:
			scales[i] = 1 / math.Sqrt(n)
		case projection:
			scales[i] = k.scale / math.Sqrt(n)
		}
	}
	return scales
}

// rowLength draws the length of a row that has been made with the length 1, and
// d entries: that of a Gaussian row. Features that are homogeneous in the row,
// of degree p, depend on it by a factor, for which its mean does: (E χ_d^2p)^1/2p.
func rowLength(k Kernel, d int, source *rand.PCG) float64 {
	squared := float64(d)
	switch k := k.(type) {
	case Linear, projection:
		return math.Sqrt(squared)
	case ArcCosine:
		if k.Order == 2 {
			return math.Sqrt(math.Sqrt(squared * (squared + 2)))
		}
		return math.Sqrt(squared)
	}
	return random.Chi(source, d)
}
