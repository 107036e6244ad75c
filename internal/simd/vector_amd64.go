//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels vector -pkg simd -out ../simd/vector_amd64.s -stubs ../simd/vector_stubs_amd64.go

import "github.com/deepfry/deepfry/internal/cpu"

// The functions here do whole vectors and return how many floats that were;
// the pure-Go loops, which agree bit for bit, do the rest.

// wholeVectors returns the floats in the whole vectors of n floats.
func wholeVectors(n int) int {
	switch cpu.Current() {
	case cpu.AVX512:
		return n &^ 15
	case cpu.AVX2:
		return n &^ 7
	}
	return 0
}

func addVectors(dst, src []float32) int {
	n := wholeVectors(len(dst))
	switch {
	case n == 0:
	case cpu.Current() == cpu.AVX512:
		add512(n, &dst[0], &src[0])
	default:
		add256(n, &dst[0], &src[0])
	}
	return n
}

func addConstantVectors(x []float32, value float32) int {
	n := wholeVectors(len(x))
	switch {
	case n == 0:
	case cpu.Current() == cpu.AVX512:
		addConstant512(n, &x[0], value)
	default:
		addConstant256(n, &x[0], value)
	}
	return n
}

func multiplyVectors(y, a, b []float32, scale float32) int {
	n := wholeVectors(len(y))
	switch {
	case n == 0:
	case cpu.Current() == cpu.AVX512:
		multiply512(n, &y[0], &a[0], &b[0], scale)
	default:
		multiply256(n, &y[0], &a[0], &b[0], scale)
	}
	return n
}

func reluVectors(y, x []float32) int {
	n := wholeVectors(len(y))
	switch {
	case n == 0:
	case cpu.Current() == cpu.AVX512:
		relu512(n, &y[0], &x[0])
	default:
		relu256(n, &y[0], &x[0])
	}
	return n
}

func reluBackwardVectors(dx, dy, y []float32) int {
	n := wholeVectors(len(dx))
	switch {
	case n == 0:
	case cpu.Current() == cpu.AVX512:
		reluBackward512(n, &dx[0], &dy[0], &y[0])
	default:
		reluBackward256(n, &dx[0], &dy[0], &y[0])
	}
	return n
}

func momentumVectors(param, grad, velocity []float32, s *MomentumStep) int {
	n := wholeVectors(len(param))
	switch {
	case n == 0:
	case cpu.Current() == cpu.AVX512:
		momentum512(n, &param[0], &grad[0], &velocity[0], s.Rate, s.Momentum, s.Decay)
	default:
		momentum256(n, &param[0], &grad[0], &velocity[0], s.Rate, s.Momentum, s.Decay)
	}
	return n
}

func adamWVectors(param, grad, m, v []float32, c [9]float32) int {
	n := wholeVectors(len(param))
	switch {
	case n == 0:
	case cpu.Current() == cpu.AVX512:
		adamW512(n, &param[0], &grad[0], &m[0], &v[0], &c[0])
	default:
		adamW256(n, &param[0], &grad[0], &m[0], &v[0], &c[0])
	}
	return n
}
