package simd

import (
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
)

func TestPeaksCountOperations(t *testing.T) {
	for _, v := range cpu.Available() {
		restore := cpu.Use(v)
		for _, n := range []int{0, 1, 1000, 100000} {
			for _, made := range []int{PeakMultiplyAdds(n), PeakAdditions(n)} {
				if made < n || made > n+2*16*24 {
					t.Errorf("%v: %d operations instead of %d", v, made, n)
				}
			}
		}
		restore()
	}
}

// BenchmarkPeak measures the rate of multiply-adds that Gemm's is a share of.
func BenchmarkPeak(b *testing.B) {
	onVersions(b, func(v cpu.Version) {
		b.Run(v.String(), func(b *testing.B) {
			operations := 0
			for b.Loop() {
				operations = PeakMultiplyAdds(1000000)
			}
			reportRate(b, operations)
		})
	})
}
