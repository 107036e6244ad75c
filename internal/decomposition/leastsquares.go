package decomposition

import (
	"fmt"
	"math"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/simd"
	"gonum.org/v1/gonum/mat"
)

// LeastSquares returns A [targets, features] that makes ‖Z·Aᵀ - Y‖² + λ·‖A‖² least
// for Z [rows, features] and Y [rows, targets], by Cholesky factorization, with λ a
// thousandth of the features' mean square. It returns an error if numbers are not finite.
func LeastSquares(z, y []float32, features, targets int) ([]float32, error) {
	n := len(z) / features
	moment, cross := make([]float32, features*features), make([]float32, features*targets)
	zs := simd.RowMajor(z, n, features)
	linear.Multiply(simd.RowMajor(moment, features, features), zs.T(), zs)
	linear.Multiply(simd.RowMajor(cross, features, targets), zs.T(), simd.RowMajor(y, n, targets))
	sym, trace := mat.NewSymDense(features, nil), 0.0
	for i := range features {
		trace += float64(moment[i*features+i])
		for j := i; j < features; j++ {
			sym.SetSym(i, j, float64(moment[i*features+j]))
		}
	}
	ridge := math.Max(1e-3*trace/float64(features), 1e-20)
	for i := range features {
		sym.SetSym(i, i, sym.At(i, i)+ridge)
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(sym) {
		return nil, fmt.Errorf("least squares of %d features: they are not finite, or depend on each other", features)
	}
	right := mat.NewDense(features, targets, nil)
	for i, v := range cross {
		right.Set(i/targets, i%targets, float64(v))
	}
	var solution mat.Dense
	if err := cholesky.SolveTo(&solution, right); err != nil {
		if _, conditioned := err.(mat.Condition); !conditioned {
			return nil, fmt.Errorf("least squares: %w", err)
		}
	}
	a := make([]float32, targets*features)
	for i := range targets {
		for j := range features {
			a[i*features+j] = float32(solution.At(j, i))
		}
	}
	return a, nil
}
