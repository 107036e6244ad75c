package nn

// Epilogue is what a layer does with its outputs before it writes them, in place
// of the elementwise layer behind it, which then takes no pass over memory.
// Whether layers are fused so is the workspace's affair: a network's
// description says nothing of it.
type Epilogue struct {
	ReLU bool

	// Map, unless it is nil, gets outputs of a sample from the given column on,
	// instead of their being written to Y.Value. Outputs may come in pieces, in
	// any order, several at the same time on different cores.
	Map func(sample, column int, outputs []float32)
}

// elementwise is a layer that can be done as an epilogue. The pass that it
// returns has no Forward.
type elementwise interface {
	Layer
	planEpilogue(b *Binding) (Epilogue, Pass)
}

// fuses says whether layers of these kinds, the second one behind the first,
// are done as one.
func fuses(first, second Layer) bool {
	switch second.(type) {
	case *relu:
		switch first.(type) {
		case *conv, *dense, *fastfoodLayer, *monarch, *batchNorm:
			return true
		}
	case *cosine, *cosSin:
		switch first.(type) {
		case *dense, *fastfoodLayer:
			return true
		}
	}
	return false
}
