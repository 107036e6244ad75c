package compress

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/internal/simd"
	"github.com/deepfry/deepfry/nn"
	"gonum.org/v1/gonum/mat"
)

// Method is a way to replace a fully-connected layer y = W·x + b. A new one is a
// file that implements it, and an entry of registry.
type Method interface {
	// Name is what flags and reports call it.
	Name() string

	needs() needs
	// sizes lists the sizes to try where there is a goal, the largest first.
	sizes(l *Layer) []int
	// ops are the layers of a replacement, from the layer's inputs to its outputs.
	ops(l *Layer, size int) []nn.Op
	// fit makes a replacement with these layers.
	fit(ctx context.Context, t *target, size int) (*nn.Network, error)
}

// needs says what a method takes and does not take.
type needs struct {
	data       bool    // it is fitted to data
	tuning     bool    // it starts from random numbers: fine-tuning alone makes it useful
	transforms bool    // Options.Transforms is its size, not Options.Rank
	energy     bool    // Rank.Energy may say its size
	rate       float64 // the highest learning rate of fine-tuning; what is far from the original has far to go
}

// registry has all methods. Flags and reports name them as they do themselves.
var registry = []Method{SVD, Fastfood, RandomProjection, LowRank}

// Auto returns the methods that a search can compare: all but those that have to be
// trained first.
func Auto() []Method {
	return slices.DeleteFunc(slices.Clone(registry), func(m Method) bool { return m.needs().tuning })
}

// auto is the name of several methods.
const auto = "auto"

// ParseMethods returns the method of a name, svd, fastfood, rp or lowrank, or, for
// auto, all that Auto returns.
func ParseMethods(name string) ([]Method, error) {
	if name == auto {
		return Auto(), nil
	}
	var names []string
	for _, m := range registry {
		if m.Name() == name {
			return []Method{m}, nil
		}
		names = append(names, m.Name())
	}
	return nil, fmt.Errorf("there is no method %q; there are %s and %s", name, strings.Join(names, ", "), auto)
}

// nameOf is ParseMethods's inverse.
func nameOf(methods []Method) string {
	if len(methods) == 1 {
		return methods[0].Name()
	}
	return auto
}

// leastSquares returns A [outputs, features] that makes ‖Z·Aᵀ - Y‖² + λ‖A‖² least.
func leastSquares(z, y []float32, features, outputs int) ([]float32, error) {
	n := len(z) / features
	moment, cross := make([]float32, features*features), make([]float32, features*outputs)
	zs := simd.RowMajor(z, n, features)
	product(simd.RowMajor(moment, features, features), zs.T(), zs)
	product(simd.RowMajor(cross, features, outputs), zs.T(), simd.RowMajor(y, n, outputs))
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
		return nil, fmt.Errorf("compress: the %d random features depend on each other", features)
	}
	right := mat.NewDense(features, outputs, nil)
	for i, v := range cross {
		right.Set(i/outputs, i%outputs, float64(v))
	}
	var solution mat.Dense
	if err := cholesky.SolveTo(&solution, right); err != nil {
		if _, conditioned := err.(mat.Condition); !conditioned {
			return nil, fmt.Errorf("compress: %w", err)
		}
	}
	a := make([]float32, outputs*features)
	for i := range outputs {
		for j := range features {
			a[i*features+j] = float32(solution.At(j, i))
		}
	}
	return a, nil
}
