package simd

// AdamWStep holds the constants of one step of AdamW (Loshchilov and Hutter,
// Decoupled Weight Decay Regularization, ICLR 2019, algorithm 2).
type AdamWStep struct {
	Rate, Beta1, Beta2, Epsilon, Decay float32
	// Bias corrections after t steps: 1/(1-Beta1^t) and 1/(1-Beta2^t).
	Correction1, Correction2 float32
}

// constants lists the factors in the order in which the kernels need them.
func (s *AdamWStep) constants() [9]float32 {
	return [9]float32{s.Beta1, 1 - s.Beta1, s.Beta2, 1 - s.Beta2, s.Correction1, s.Correction2, s.Epsilon, s.Decay, s.Rate}
}

// AdamW makes one step:
//
//	m = β1·m + (1-β1)·grad
//	v = β2·v + (1-β2)·grad²
//	param -= rate·(m·c1/(√(v·c2) + ε) + decay·param)
//
// Every operation is rounded to float32 on its own, in the order written, so
// that all kernel versions agree bit for bit.
func AdamW(param, grad, m, v []float32, step *AdamWStep) {
	if len(param) != len(grad) || len(param) != len(m) || len(param) != len(v) {
		panic("simd: AdamW: slices of different lengths")
	}
	done := adamWVectors(param, grad, m, v, step.constants())
	adamWRef(param[done:], grad[done:], m[done:], v[done:], step.constants())
}

// MomentumStep holds the constants of one step of gradient descent with
// momentum.
type MomentumStep struct{ Rate, Momentum, Decay float32 }

// Momentum makes one step of gradient descent as Caffe's SGDSolver does:
//
//	velocity = momentum·velocity + rate·(grad + decay·param)
//	param -= velocity
//
// All kernel versions agree bit for bit.
func Momentum(param, grad, velocity []float32, step *MomentumStep) {
	if len(param) != len(grad) || len(param) != len(velocity) {
		panic("simd: Momentum: slices of different lengths")
	}
	done := momentumVectors(param, grad, velocity, step)
	momentumRef(param[done:], grad[done:], velocity[done:], step)
}
