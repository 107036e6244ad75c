//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels conv -pkg simd -out ../simd/conv_amd64.s -stubs ../simd/conv_stubs_amd64.go

import (
	"unsafe"

	"github.com/deepfry/deepfry/internal/cpu"
)

func convolve(s *Stencil, b *Band, dst, src, weights []float32, channels, outputs int, e Epilogue) {
	if cpu.Current() == cpu.Ref {
		convolveRef(s, b, dst, src, weights, channels, outputs, e)
		return
	}
	sourceChannel, weightChannel, channel := b.sourceArea*TileSamples, s.kernel*TileSamples, b.area*TileSamples
	taps := (*int32)(unsafe.Pointer(unsafe.SliceData(s.taps)))
	pixels := b.pixels
	if cpu.Current() == cpu.AVX512 {
		bias := unsafe.SliceData(e.RowBias)
		if b.pairs > 0 {
			convolvePairs512(outputs, b.pairs, &pixels[0].source, taps, channels, unsafe.SliceData(src), sourceChannel,
				&weights[0], weightChannel, &dst[0], channel, e.Accumulate, bias, e.ReLU)
		}
		if pixels = pixels[2*b.pairs:]; len(pixels) > 0 {
			convolveSingles512(outputs, len(pixels), &pixels[0].source, taps, channels, unsafe.SliceData(src), sourceChannel,
				&weights[0], weightChannel, &dst[0], channel, e.Accumulate, bias, e.ReLU)
		}
		return
	}
	parts := (outputs + 5) / 6
	for i := range parts {
		o, next := i*outputs/parts, (i+1)*outputs/parts
		bias := unsafe.SliceData(e.slice(o, 0, next-o, 0).RowBias)
		convolveSingles256(next-o, len(pixels), &pixels[0].source, taps, channels, unsafe.SliceData(src), sourceChannel,
			&weights[o], weightChannel, &dst[o*channel], channel, e.Accumulate, bias, e.ReLU)
	}
}

func tapGradients(s *tapSums, taps []tap) {
	if cpu.Current() == cpu.Ref {
		tapGradientsRef(s, taps)
		return
	}
	most := 5
	if cpu.Current() == cpu.AVX2 {
		most = 2
	}
	// As few groups as can be, of two sizes at most.
	groups := (len(taps) + most - 1) / most
	size := len(taps) / groups
	larger := len(taps) % groups
	tapGroups(s, taps[:larger*(size+1)], larger, size+1)
	tapGroups(s, taps[larger*(size+1):], groups-larger, size)
}

// tapGroups computes the sums of groups of so many taps.
func tapGroups(s *tapSums, taps []tap, groups, size int) {
	switch {
	case groups == 0:
	case cpu.Current() == cpu.AVX512:
		tapGradients512(s.outputs, size, groups, &s.sums[0], s.sumsOutput, &s.dy[0], s.dyOutput,
			&s.x[0], &taps[0].source, s.xPixel, s.xRow, s.rows, s.columns)
	default:
		for half := 0; half < TileSamples; half += 8 {
			tapGradients256(s.outputs, size, groups, &s.sums[half], s.sumsOutput, &s.dy[half], s.dyOutput,
				&s.x[half], &taps[0].source, s.xPixel, s.xRow, s.rows, s.columns)
		}
	}
}
