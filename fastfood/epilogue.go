package fastfood

import "github.com/deepfry/deepfry/internal/simd"

// Epilogue is what [Workspace.Forward] does with V·x before it writes it, so
// that it takes no pass over memory of its own:
//
//	y = V·x + Bias, and then max(y, 0) if ReLU
type Epilogue struct {
	Bias []float32 // [Outputs], or nil
	ReLU bool

	// Map, if it is not nil, gets the outputs of a row from the given column on
	// in memory of the workspace's, instead of their being written: it makes of
	// them what is wanted, such as cosines and sines. All outputs come in such
	// pieces, in any order, several at the same time on different cores.
	Map func(row, column int, outputs []float32)
}

// columns returns the epilogue for outputs from one to another.
func (e Epilogue) columns(from, to int) Epilogue {
	if e.Bias != nil {
		e.Bias = e.Bias[from:to]
	}
	return e
}

// apply adds the bias to y and takes the maximum. The versions in assembly,
// which do it while they store, round in the same way.
func (e Epilogue) apply(y []float32) {
	if e.Bias != nil {
		simd.Add(y, e.Bias)
	}
	if e.ReLU {
		simd.Relu(y, y)
	}
}
