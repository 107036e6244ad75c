package kernel

import (
	"math"

	"github.com/deepfry/deepfry/internal/simd"
)

// finish returns the function that makes a piece of features out of products.
// The features of a row go to *z.
func (f *Features) finish(z *[]float32) finish {
	n := f.options.N
	row := func(r int) []float32 { return (*z)[r*f.outputs:][:f.outputs] }
	if f.options.Phase {
		scale := float32(math.Sqrt(2 / float64(n)))
		return func(r, column int, products []float32) {
			cosines := row(r)[column:][:len(products)]
			simd.SinCos(products, cosines, products)
			for i := range cosines {
				cosines[i] *= scale
			}
		}
	}
	scale := float32(1 / math.Sqrt(float64(n)))
	return func(r, column int, products []float32) {
		cosines, sines := row(r)[column:][:len(products)], row(r)[n+column:][:len(products)]
		simd.SinCos(sines, cosines, products)
		for i := range cosines {
			cosines[i] *= scale
			sines[i] *= scale
		}
	}
}
