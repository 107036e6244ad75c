package kernel

import (
	"cmp"
	"errors"
	"fmt"
	"math"
)

// Kernel is a positive semi-definite function of two rows of numbers. The
// types of this package are all that there are: [Gaussian], [Laplacian], [Mixture],
// [Matern], [ArcCosine], [Polynomial] and [Linear]; pointers to them are none.
type Kernel interface {
	// Kind is the kernel's name in descriptions, such as "gaussian".
	Kind() string
	// At returns k(x, y), computed in float64. It panics if the lengths of x and
	// y differ, and is only meaningful if Validate returns nil.
	At(x, y []float32) float64
	// Validate returns an error that names a parameter out of its range.
	Validate() error

	// geometry says of what k(x, y) is a function, and at of what value.
	geometry() geometry
	at(g float64, xx, yy float64) float64
}

// geometry is what a kernel sees of two rows.
type geometry int

const (
	innerProducts    geometry = iota // x·y, with xx = ‖x‖² and yy = ‖y‖²
	squaredDistances                 // ‖x-y‖²
	absoluteSums                     // ‖x-y‖₁ = Σ|x_i - y_i|
	mixed                            // two of them
)

// Gaussian is the kernel exp(-γ‖x-y‖²), also known as RBF. In terms of a
// bandwidth σ, γ = 1/(2σ²): see [GammaOf].
type Gaussian struct {
	Gamma float64 `json:"gamma"`
}

// GammaOf returns the γ = 1/(2σ²) of a Gaussian kernel of bandwidth σ, and NaN, which
// no kernel is valid with, for one that is not positive.
func GammaOf(bandwidth float64) float64 {
	if !(bandwidth > 0) {
		return math.NaN()
	}
	return 1 / (2 * bandwidth * bandwidth)
}

// Laplacian is the kernel exp(-γ‖x-y‖₁), with the sum of absolute differences
// (as in scikit-learn). The one with the Euclidean distance, exp(-‖x-y‖/ℓ), is
// Matern with Nu = 1/2.
type Laplacian struct {
	Gamma float64 `json:"gamma"`
}

// Mixture is the mean of a Gaussian and a Laplacian kernel,
// (exp(-γ‖x-y‖²) + exp(-δ‖x-y‖₁))/2: a function of it is the sum of one that is smooth and
// one that is not. It has no random features, but [Landmarks].
type Mixture struct {
	Gamma float64 `json:"gamma"` // γ, positive
	Delta float64 `json:"delta"` // δ, positive
}

// Matern is the kernel of smoothness ν = 1/2, 3/2 or 5/2 and length scale ℓ. With
// r = √(2ν)·‖x-y‖/ℓ it is
//
//	ν = 1/2: exp(-r)    ν = 3/2: (1 + r)·exp(-r)    ν = 5/2: (1 + r + r²/3)·exp(-r)
//
// (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006,
// section 4.2.1). The greater ν, the smoother; ν → ∞ is a Gaussian of σ = ℓ.
type Matern struct {
	Nu     float64 `json:"nu"`
	Length float64 `json:"length"`
}

// ArcCosine is the kernel of an infinitely wide layer with Gaussian weights
// (Cho and Saul, NIPS 2009): with the angle θ between x and y,
//
//	k(x, y) = ‖x‖^q·‖y‖^q·J_q(θ)/π
//	J_0 = π - θ
//	J_1 = sin θ + (π - θ)·cos θ
//	J_2 = 3·sin θ·cos θ + (π - θ)·(1 + 2·cos²θ)
//
// for the order q. The layer's non-linearity is a step for order 0, ReLU for
// 1, and ReLU squared for 2. A row of zeros has the angle π/2 to every other.
type ArcCosine struct {
	Order int `json:"order"`
}

// Polynomial is the kernel (γ·x·y + c)^p, with the offset c ≥ 0 and the degree p
// from 1 to 16.
type Polynomial struct {
	Degree int     `json:"degree"`
	Gamma  float64 `json:"gamma"`
	Offset float64 `json:"offset"`
}

// Linear is the kernel x·y. Its features are a random projection.
type Linear struct{}

func (Gaussian) Kind() string   { return "gaussian" }
func (Laplacian) Kind() string  { return "laplacian" }
func (Mixture) Kind() string    { return "mixture" }
func (Matern) Kind() string     { return "matern" }
func (ArcCosine) Kind() string  { return "arccosine" }
func (Polynomial) Kind() string { return "polynomial" }
func (Linear) Kind() string     { return "linear" }

func (k Gaussian) At(x, y []float32) float64  { return at(k, x, y) }
func (k Laplacian) At(x, y []float32) float64 { return at(k, x, y) }
func (k Matern) At(x, y []float32) float64    { return at(k, x, y) }
func (k Mixture) At(x, y []float32) float64 {
	return (at(Gaussian{k.Gamma}, x, y) + at(Laplacian{k.Delta}, x, y)) / 2
}
func (k ArcCosine) At(x, y []float32) float64  { return at(k, x, y) }
func (k Polynomial) At(x, y []float32) float64 { return at(k, x, y) }
func (k Linear) At(x, y []float32) float64     { return at(k, x, y) }

func (Gaussian) geometry() geometry   { return squaredDistances }
func (Laplacian) geometry() geometry  { return absoluteSums }
func (Mixture) geometry() geometry    { return mixed }
func (Matern) geometry() geometry     { return squaredDistances }
func (ArcCosine) geometry() geometry  { return innerProducts }
func (Polynomial) geometry() geometry { return innerProducts }
func (Linear) geometry() geometry     { return innerProducts }

func (k Gaussian) at(square, _, _ float64) float64 { return math.Exp(-k.Gamma * square) }

func (k Laplacian) at(sum, _, _ float64) float64 { return math.Exp(-k.Gamma * sum) }

func (k Mixture) at(_, _, _ float64) float64 {
	panic("kernel: a mixture is no function of one distance")
}

func (k Matern) at(square, _, _ float64) float64 {
	r := math.Sqrt(2*k.Nu*square) / k.Length
	switch k.Nu {
	case 0.5:
		return math.Exp(-r)
	case 1.5:
		return (1 + r) * math.Exp(-r)
	default:
		return (1 + r + r*r/3) * math.Exp(-r)
	}
}

func (k ArcCosine) at(product, xx, yy float64) float64 {
	lengths := math.Sqrt(xx * yy)
	cosine := 0.0
	if lengths != 0 { // also where it is NaN
		cosine = min(1, max(-1, product/lengths))
	}
	angle := math.Acos(cosine)
	sine := math.Sqrt(1 - cosine*cosine)
	switch k.Order {
	case 0:
		return (math.Pi - angle) / math.Pi
	case 1:
		return lengths * (sine + (math.Pi-angle)*cosine) / math.Pi
	default:
		return lengths * lengths * (3*sine*cosine + (math.Pi-angle)*(1+2*cosine*cosine)) / math.Pi
	}
}

func (k Polynomial) at(product, _, _ float64) float64 {
	base := k.Gamma*product + k.Offset
	value := base
	for range k.Degree - 1 {
		value *= base
	}
	return value
}

func (Linear) at(product, _, _ float64) float64 { return product }

func (k Gaussian) Validate() error  { return positive("gaussian", "gamma", k.Gamma) }
func (k Laplacian) Validate() error { return positive("laplacian", "gamma", k.Gamma) }
func (k Mixture) Validate() error {
	return cmp.Or(positive("mixture", "gamma", k.Gamma), positive("mixture", "delta", k.Delta))
}

func (k Matern) Validate() error {
	if k.Nu != 0.5 && k.Nu != 1.5 && k.Nu != 2.5 {
		return fmt.Errorf("kernel: matern: nu %v: want 0.5, 1.5 or 2.5", k.Nu)
	}
	return positive("matern", "length", k.Length)
}

func (k ArcCosine) Validate() error {
	if k.Order < 0 || k.Order > 2 {
		return fmt.Errorf("kernel: arccosine: order %d: want 0, 1 or 2", k.Order)
	}
	return nil
}

const maxDegree = 16

func (k Polynomial) Validate() error {
	if k.Degree < 1 || k.Degree > maxDegree {
		return fmt.Errorf("kernel: polynomial: degree %d: want 1 to %d", k.Degree, maxDegree)
	}
	if !(k.Offset >= 0) || math.IsInf(k.Offset, 0) {
		return fmt.Errorf("kernel: polynomial: offset %v: want 0 or more, and finite", k.Offset)
	}
	return positive("polynomial", "gamma", k.Gamma)
}

func (Linear) Validate() error { return nil }

func positive(kind, parameter string, value float64) error {
	if !(value > 0) || math.IsInf(value, 0) {
		return fmt.Errorf("kernel: %s: %s %v: want a positive, finite number", kind, parameter, value)
	}
	return nil
}

func validate(k Kernel) error {
	if k == nil {
		return errors.New("kernel: there is no kernel")
	}
	switch k.(type) {
	case Gaussian, Laplacian, Mixture, Matern, ArcCosine, Polynomial, Linear:
		return k.Validate()
	}
	return fmt.Errorf("kernel: %T is no kernel: want one such as Gaussian{Gamma: 1}, and no pointer to it", k)
}

// at computes k(x, y) from the rows.
func at(k Kernel, x, y []float32) float64 {
	if len(x) != len(y) {
		panic("kernel: At: rows of different lengths")
	}
	var sum, xx, yy float64
	for i, v := range x {
		a, b := float64(v), float64(y[i])
		switch k.geometry() {
		case innerProducts:
			sum += a * b
			xx += a * a
			yy += b * b
		case squaredDistances:
			sum += (a - b) * (a - b)
		case absoluteSums:
			sum += math.Abs(a - b)
		}
	}
	return k.at(sum, xx, yy)
}
