package flags

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/kernel"
)

// KernelChoice says which a kernel and the features that stand for it.
type KernelChoice struct {
	Kernel   string `default:"auto" placeholder:"KERNEL" help:"linear, gaussian, laplacian, matern:NU (0.5, 1.5 or 2.5), arccosine:ORDER (0, 1 or 2) or polynomial:DEGREE; mixture, the mean of a Gaussian and a Laplacian kernel; or auto, which tries the first three and, for numbers, the mixture."`
	Features string `enum:"auto,landmarks,fastfood,rks,orf,sorf" default:"auto" help:"${enum}. landmarks: kernels with rows of the table, which the model file keeps. The others draw frequencies at random. auto: landmarks for ridge on tables, and else fastfood, but orf for less than 48 inputs, and rks for the Laplacian kernel."`
	Gamma    string `default:"auto" placeholder:"G" help:"Of exp(-G‖x-y‖²), and what corresponds to it in other kernels, on standardised columns: a number, or auto, which cross-validation chooses."`
}

// Sampling returns the option of features.
func (f KernelChoice) Sampling() kernel.Sampling {
	if f.Features == "auto" || f.Features == "landmarks" {
		return ""
	}
	return kernel.Sampling(f.Features)
}

// Make returns the kernel with the given γ. That of Matern kernels is 1/(2ℓ²):
// with it, the kernel becomes the Gaussian one when ν grows.
func (f KernelChoice) Make(gamma float64) (kernel.Kernel, error) {
	name, text, given := strings.Cut(f.Kernel, ":")
	parameter, parseErr := strconv.ParseFloat(text, 64)
	or := func(value float64) float64 {
		if given {
			return parameter
		}
		return value
	}
	var k kernel.Kernel
	switch name {
	case "auto", "linear", "mixture": // kernels that Make is not asked for
		k = kernel.Gaussian{Gamma: gamma}
	case "gaussian":
		k = kernel.Gaussian{Gamma: gamma}
	case "laplacian":
		k = kernel.Laplacian{Gamma: gamma}
	case "matern":
		k = kernel.Matern{Nu: or(1.5), Length: 1 / math.Sqrt(2*gamma)}
	case "arccosine":
		k = kernel.ArcCosine{Order: int(or(1))}
	case "polynomial":
		k = kernel.Polynomial{Degree: int(or(2)), Gamma: gamma, Offset: 1}
	default:
		return nil, fmt.Errorf("--kernel %s: there are auto, linear, gaussian, laplacian, matern:NU, arccosine:ORDER and polynomial:DEGREE", f.Kernel)
	}
	whole := name == "arccosine" || name == "polynomial"
	if given && (parseErr != nil || name == "gaussian" || name == "laplacian" || whole && parameter != math.Trunc(parameter)) {
		return nil, fmt.Errorf("--kernel %s: want matern:NU, arccosine:ORDER or polynomial:DEGREE with a number, for example matern:1.5", f.Kernel)
	}
	if err := k.Validate(); err != nil {
		return nil, fmt.Errorf("--kernel %s: %w", f.Kernel, err)
	}
	return k, nil
}

// HasGamma tells whether γ matters to the kernel.
func (f KernelChoice) HasGamma() bool { return !strings.HasPrefix(f.Kernel, "arccosine") }

// GammaFlag returns the number that the flag gives, or 0 for auto.
func (f KernelChoice) GammaFlag() (float64, error) {
	if f.Gamma == "auto" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(f.Gamma, 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("--gamma %s: want auto or a positive number", f.Gamma)
	}
	return v, nil
}

// Validate fails if flags are wrong, so that this shows before a long fit.
func (f KernelChoice) Validate() error {
	gamma, err := f.GammaFlag()
	if err != nil {
		return err
	}
	if gamma == 0 {
		gamma = 1
	}
	k, err := f.Make(gamma)
	if err != nil {
		return err
	}
	_, err = kernel.NewFeatures(k, kernel.Options{Inputs: 1, N: 64, Sampling: f.Sampling()})
	return err
}

// GammaOf returns the γ for which distances of rows of about σ matter: 1/(2σ²)
// of distances, 1/(σ·√inputs) of sums of differences, and 1/σ² of products.
func (f KernelChoice) GammaOf(bandwidth float64, inputs int) float64 {
	switch {
	case f.Kernel == "laplacian":
		return 1 / (bandwidth * math.Sqrt(float64(inputs)))
	case strings.HasPrefix(f.Kernel, "polynomial"):
		return 1 / (bandwidth * bandwidth)
	}
	return kernel.GammaOf(bandwidth)
}
