package machine

import (
	"errors"

	"github.com/deepfry/deepfry/internal/decomposition"
)

// spectrum is the leading part of the covariance of centred features on a sample,
// C = Σ σ_i·e_i·e_iᵀ.
type spectrum struct {
	values  []float64 // σ, descending
	vectors []float32 // e [len(values), n], orthonormal
}

// newSpectrum computes the count leading eigenpairs of zᵀ·z/rows for z [rows, n],
// whose rows are centred, but for those that are rounding. Count is at most rows and n.
func newSpectrum(z []float32, rows, n, count int, seed uint64) (*spectrum, error) {
	d, err := decomposition.Leading(z, n, count, seed)
	if err != nil {
		return nil, errors.New("machine: the spectrum of features cannot be computed: they are not finite, or too large for float32")
	}
	s := &spectrum{values: d.Energies}
	for len(s.values) > 0 && !(s.values[len(s.values)-1] > 1e-7*s.values[0]) {
		s.values = s.values[:len(s.values)-1]
	}
	s.vectors = d.Vectors[:len(s.values)*n]
	for i := range s.values {
		s.values[i] /= float64(rows)
	}
	return s, nil
}
