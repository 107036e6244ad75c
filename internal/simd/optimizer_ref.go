package simd

import "math"

// The float32 conversions keep Go from fusing a product with a sum.

// adamWRef takes the constants that AdamWStep.constants lists.
func adamWRef(param, grad, m, v []float32, c [9]float32) {
	for i, g := range grad {
		mi := float32(c[0]*m[i]) + float32(c[1]*g)
		vi := float32(c[2]*v[i]) + float32(c[3]*float32(g*g))
		m[i], v[i] = mi, vi
		root := float32(math.Sqrt(float64(float32(vi * c[5]))))
		update := float32(mi*c[4])/(root+c[6]) + float32(c[7]*param[i])
		param[i] -= float32(c[8] * update)
	}
}

func momentumRef(param, grad, velocity []float32, s *MomentumStep) {
	for i, g := range grad {
		step := float32(s.Rate * (g + float32(s.Decay*param[i])))
		vi := float32(s.Momentum*velocity[i]) + step
		velocity[i] = vi
		param[i] -= vi
	}
}
