package simd

import "math"

// The float32 conversions keep Go from fusing a product with a sum.

func addSquaresRef(dst, x []float32) {
	for i, v := range x {
		dst[i] += float32(v * v)
	}
}

func responseNormRef(y, x, sums []float32, k, scale float32) {
	for i, s := range sums {
		y[i] = x[i] / threeQuarters(k+float32(scale*s))
	}
}

// threeQuarters returns t^(3/4) as all kernels compute it.
func threeQuarters(t float32) float32 {
	root := float32(math.Sqrt(float64(t)))
	return root * float32(math.Sqrt(float64(root)))
}

func responseNormBackwardRef(dx, ratios, dy, y, sums []float32, k, scale float32) {
	for i, s := range sums {
		t := k + float32(scale*s)
		ratio := float32(dy[i]*y[i]) / t
		dx[i], ratios[i] = dy[i]/threeQuarters(t), ratio
	}
}

func subtractProductsRef(dst, x, y []float32, factor float32) {
	for i, v := range x {
		dst[i] -= float32(float32(factor*v) * y[i])
	}
}
