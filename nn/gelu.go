package nn

import "math"

// GELU computes y = x·Φ(x), where Φ is the distribution function of the standard
// normal distribution (Hendrycks and Gimpel, arXiv:1606.08415). With Tanh it is
// their approximation
//
//	y = x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
type GELU struct {
	Tanh bool `json:"tanh,omitempty"`
}

func (GELU) Kind() string { return "gelu" }

// Build fails unless there is one input.
func (a GELU) Build(_ string, in []Shape) (Layer, error) {
	if a.Tanh {
		return newActivation(in, geluTanh, geluTanhSlope)
	}
	return newActivation(in, gelu, geluSlope)
}

// normal returns Φ(x). 1 + erf would leave nothing of it where x is far below 0.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func gelu(x float32) float32 { return float32(float64(x) * normal(float64(x))) }

// geluSlope is Φ(x) + x·φ(x) with the normal density φ.
func geluSlope(x, _ float32) float32 {
	v := float64(x)
	return float32(normal(v) + v*math.Exp(-v*v/2)/(math.Sqrt2*math.SqrtPi))
}

// The constants of the approximation.
const (
	geluScale = math.Sqrt2 / math.SqrtPi
	geluCubic = 0.044715
)

func geluTanh(x float32) float32 {
	v := float64(x)
	return float32(v / 2 * (1 + math.Tanh(geluScale*(v+geluCubic*v*v*v))))
}

func geluTanhSlope(x, _ float32) float32 {
	v := float64(x)
	t := math.Tanh(geluScale * (v + geluCubic*v*v*v))
	return float32((1+t)/2 + v/2*(1-t*t)*geluScale*(1+3*geluCubic*v*v))
}
