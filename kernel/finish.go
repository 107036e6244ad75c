package kernel

import (
	"math"

	"github.com/deepfry/deepfry/internal/simd"
)

// finish returns the function that makes a piece of features out of products.
// The features of a row go to *z.
func (f *Features) finish(z *[]float32) finish {
	n := float64(f.options.N)
	row := func(r int) []float32 { return (*z)[r*f.outputs:][:f.outputs] }
	part := func(r, column int, products []float32) []float32 { return row(r)[column:][:len(products)] }
	switch k := f.kernel.(type) {
	case ArcCosine:
		function := [...]func(z, products []float32){f.step, relu, squaredRelu}[k.Order]
		return func(r, column int, products []float32) { function(part(r, column, products), products) }
	case Polynomial: // z has been started
		return func(r, column int, products []float32) {
			z := part(r, column, products)
			simd.Multiply(z, z, products, 1)
		}
	case Linear:
		return func(r, column int, products []float32) { copy(part(r, column, products), products) }
	}
	if f.options.Phase {
		scale := float32(math.Sqrt(2 / n))
		return func(r, column int, products []float32) {
			simd.ScaledCos(part(r, column, products), products, scale)
		}
	}
	scale := float32(1 / math.Sqrt(n))
	return func(r, column int, products []float32) {
		cosines, sines := part(r, column, products), part(r, f.options.N+column, products)
		simd.ScaledSinCos(sines, cosines, products, scale)
	}
}

// step writes √(2/n) where a product is positive, and else 0, or NaN where it is none.
func (f *Features) step(z, products []float32) {
	one := float32(math.Sqrt(2 / float64(f.options.N)))
	for i, p := range products {
		z[i] = p - p
		if p > 0 {
			z[i] = one
		}
	}
}

func relu(z, products []float32) { simd.Relu(z, products) }

func squaredRelu(z, products []float32) {
	simd.Relu(z, products)
	simd.Multiply(z, z, z, 1)
}
