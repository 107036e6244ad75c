//go:build !purego

package simd

import (
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
)

// BenchmarkPeak measures the rate of multiply-adds that Gemm's is a share of.
func BenchmarkPeak(b *testing.B) {
	onVersions(b, func(v cpu.Version) {
		if v == cpu.Ref {
			return
		}
		b.Run(v.String(), func(b *testing.B) {
			const n = 1000
			for b.Loop() {
				if v == cpu.AVX512 {
					fmaPeak512(n)
				} else {
					fmaPeak256(n)
				}
			}
			if v == cpu.AVX512 {
				reportRate(b, 2*16*24*n)
			} else {
				reportRate(b, 2*8*12*n)
			}
		})
	})
}
