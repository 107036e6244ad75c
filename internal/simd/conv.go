package simd

// MaxConvolve is the most output channels that Stencil.Convolve computes at a
// time.
const MaxConvolve = 14

// Convolve computes a band of channels of a stencil's target from a source:
//
//	dst[o, pixel, sample] = Σ_c Σ_taps weights[c, tap, o] · src[c, the tap's pixel, sample]
//
// with dst [outputs, rows of the band, columns, TileSamples], src [channels, rows
// that the band needs, columns, TileSamples] and weights [channels, kernel,
// TileSamples], of whose last dimension the first outputs count, 1 to MaxConvolve.
// A sum is one chain of multiply-adds from 0 on in that order. What an element of
// C is to Gemm's epilogue, an output is to this one, with RowBias only.
func (s *Stencil) Convolve(b *Band, dst, src, weights []float32, channels, outputs int, e Epilogue) {
	if outputs < 1 || outputs > MaxConvolve || channels < 1 {
		panic("simd: Convolve: bad number of channels")
	}
	if len(dst) < outputs*b.area*TileSamples || len(src) < channels*b.sourceArea*TileSamples || len(weights) < channels*s.kernel*TileSamples {
		panic("simd: Convolve: slice too short")
	}
	if e.ColumnBias != nil || e.RowBias != nil && len(e.RowBias) != outputs {
		panic("simd: Convolve: want one bias of every output channel, or none")
	}
	convolve(s, b, dst, src, weights, channels, outputs, e)
}

// ConvolveBlock returns the number of a convolution's channels that one chain of
// multiply-adds takes, so that it makes the same sums as a call of Gemm for every
// block of channels.
func ConvolveBlock(channels, kernel int) int {
	return blockSize(channels, max(1, blockK/kernel))
}

// CanTile tells whether tiles can be used for a window: whether no output is
// beyond the padding, places fit the kernels' integers, and a channel is no more
// than a chain of Gemm.
func (w *Window) CanTile() bool {
	const limit = 1 << 31 / entryBytes
	inside := func(size, out, kernel, stride, pad int) bool { return (out-1)*stride+kernel <= size+2*pad }
	return inside(w.Height, w.OutHeight, w.KernelH, w.StrideH, w.PadH) && inside(w.Width, w.OutWidth, w.KernelW, w.StrideW, w.PadW) &&
		w.Height < limit/(w.Width+w.PadW) && w.OutHeight < limit/w.OutWidth && w.KernelH <= blockK/w.KernelW
}
