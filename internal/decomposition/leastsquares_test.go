package decomposition

import (
	"math"
	"testing"

	"github.com/deepfry/deepfry/internal/linear"
)

// TestLeastSquares has the gradient of what is made least, which is zero there:
// Zᵀ·(Z·Aᵀ - Y) + λ·Aᵀ.
func TestLeastSquares(t *testing.T) {
	const rows, features, targets = 120, 30, 4
	z, y := normals(rows*features, 1), normals(rows*targets, 2)
	a, err := LeastSquares(z, y, features, targets)
	if err != nil {
		t.Fatal(err)
	}
	ridge := 1e-3 * linear.Dot(z, z) / features
	for k := range targets {
		for j := range features {
			gradient := ridge * float64(a[k*features+j])
			for i := range rows {
				f := linear.Dot(z[i*features:][:features], a[k*features:][:features])
				gradient += float64(z[i*features+j]) * (f - float64(y[i*targets+k]))
			}
			if math.Abs(gradient) > 1e-4 {
				t.Fatalf("gradient %v of target %d, feature %d", gradient, k, j)
			}
		}
	}
	z[5] = float32(math.NaN())
	if _, err := LeastSquares(z, y, features, targets); err == nil {
		t.Error("no error for features that are not numbers")
	}
}
