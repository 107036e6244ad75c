package fastfood

import (
	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/simd"
)

// Epilogue is what [Workspace.Forward] does with V·x before it writes it, so
// that it takes no pass over memory of its own:
//
//	y = V·x + Bias, and then max(y, 0) if ReLU
type Epilogue[T fwht.Float] struct {
	Bias []T // [Outputs], or nil
	ReLU bool

	// Map, if it is not nil, gets the outputs of a row from the given column on
	// in memory of the workspace's, instead of their being written: it makes of
	// them what is wanted, such as cosines and sines. All outputs come in such
	// pieces, in any order, several at the same time on different cores.
	Map func(row, column int, outputs []T)
}

// columns returns the epilogue for outputs from one to another.
func (e Epilogue[T]) columns(from, to int) Epilogue[T] {
	if e.Bias != nil {
		e.Bias = e.Bias[from:to]
	}
	return e
}

// apply adds the bias to y and takes the maximum. The versions in assembly,
// which do it while they store, round in the same way.
func (e Epilogue[T]) apply(y []T) {
	if e.Bias != nil {
		add(y, e.Bias)
	}
	if !e.ReLU {
		return
	}
	if y, ok := any(y).([]float32); ok {
		simd.Relu(y, y)
		return
	}
	for i, v := range y {
		if v < 0 {
			y[i] = 0
		}
	}
}
