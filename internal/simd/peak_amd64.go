//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels peak -pkg simd -out ../simd/peak_amd64.s -stubs ../simd/peak_stubs_amd64.go

import "github.com/deepfry/deepfry/internal/cpu"

func peakMultiplyAdds(operations int) int {
	switch cpu.Current() {
	case cpu.AVX512:
		return rounds(operations, 2*16*24, multiplyAddPeak512)
	case cpu.AVX2:
		return rounds(operations, 2*8*12, multiplyAddPeak256)
	}
	return peakMultiplyAddsRef(operations)
}

func peakAdditions(operations int) int {
	switch cpu.Current() {
	case cpu.AVX512:
		return rounds(operations, 16*24, addPeak512)
	case cpu.AVX2:
		return rounds(operations, 8*12, addPeak256)
	}
	return peakAdditionsRef(operations)
}

// rounds calls loop, whose every round makes the given number of operations.
func rounds(operations, each int, loop func(n int)) int {
	n := operations/each + 1
	loop(n)
	return n * each
}
