package kernel

import (
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/random"
)

// maxORF bounds the inputs: a block takes 4/3·d³ operations.
const maxORF = 4096

// newORF draws a matrix whose blocks of d rows are orthogonal, with the lengths
// of Gaussian rows (Yu et al., NIPS 2016, section 3).
func newORF(k Kernel, o Options) *dense {
	d, scales := o.Inputs, frequencyScales(k, o)
	t := &dense{inputs: d, n: o.N, weights: make([]float32, o.N*d), phases: o.phases()}
	workers := par.Workers()
	scratch := par.Scratch[float64](workers, d*d+2*d)
	par.For((o.N+d-1)/d, workers, func(b, worker int) {
		q, vectors := scratch[worker][:d*d], scratch[worker][d*d:]
		orthogonal(q, vectors, o.stream("orf directions", b))
		lengths := o.stream("orf lengths", b)
		for i := range min(d, o.N-b*d) {
			length := rowLength(k, d, lengths) * scales[b*d+i]
			for j, v := range q[i*d:][:d] {
				t.weights[(b*d+i)*d+j] = float32(length * v)
			}
		}
	})
	return t
}

// orthogonal fills q [d, d] with a uniformly random orthogonal matrix, as a
// product of d reflections that take e_k to a random direction of the last d-k
// coordinates (Stewart, SIAM Journal on Numerical Analysis 17, 1980, section 3).
// Vectors has 2d numbers of scratch. Products are rounded by conversions, so
// that q is the same on every machine.
func orthogonal(q, vectors []float64, source *rand.PCG) {
	d := len(vectors) / 2
	clear(q)
	for k := d - 1; k >= 0; k-- {
		v, sums := vectors[:d-k], vectors[d:][:d-k]
		squares := 0.0
		for i := range v {
			v[i] = random.Normal(source)
			squares += float64(v[i] * v[i])
		}
		q[k*d+k] = 1
		if squares > 0 {
			reflect(q[k*d+k:], d, v, sums, squares)
		}
	}
}

// reflect multiplies the matrix q, whose rows are stride apart, from the left
// by the reflection that takes e_0 to -v/length, where length is that of v with
// the sign of v_0: I - 2·u·uᵀ/‖u‖² with u = v + length·e_0. Then it turns the sign of
// the first column of q, which was e_0, so that it is v/‖v‖.
func reflect(q []float64, stride int, v, sums []float64, squares float64) {
	length := math.Copysign(math.Sqrt(squares), v[0])
	factor := 1 / (squares + float64(length*v[0])) // 2/‖u‖²
	v[0] += length
	clear(sums)
	for i, u := range v {
		for j, w := range q[i*stride:][:len(sums)] {
			sums[j] += float64(u * w)
		}
	}
	sign := -math.Copysign(1, length)
	for i, u := range v {
		u *= factor
		row := q[i*stride:][:len(sums)]
		for j, sum := range sums {
			row[j] -= float64(u * sum)
		}
		row[0] *= sign
	}
}
