package fwht

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/deepfry/deepfry/internal/cpu"
)

// fill gives x normally distributed values.
func fill[T Float](x []T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
}

// BenchmarkTransform reports, beside the time, how many times as long as a
// copy of the row a transform takes.
func BenchmarkTransform(b *testing.B) {
	for _, version := range cpu.Available() {
		for n := 64; n <= 1<<20; n *= 4 {
			b.Run(fmt.Sprintf("float32/%s/%d", version, n), func(b *testing.B) { benchmark[float32](b, version, n) })
			b.Run(fmt.Sprintf("float64/%s/%d", version, n), func(b *testing.B) { benchmark[float64](b, version, n) })
		}
	}
}

func benchmark[T Float](b *testing.B, version cpu.Version, n int) {
	defer cpu.Use(version)()
	x, y := make([]T, n), make([]T, n)
	fill(x)
	copying := nanosecondsToCopy(y, x)
	b.SetBytes(int64(n * sizeOf[T]()))
	b.ReportAllocs()
	for b.Loop() {
		Transform(x, Orthonormal) // plain, x would overflow
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/copying, "copies")
}

// BenchmarkTransformRows transforms batches of 2^20 points on all cores.
func BenchmarkTransformRows(b *testing.B) {
	for _, n := range []int{8, 64, 1024, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x := make([]float32, 1<<20)
			fill(x)
			b.SetBytes(int64(4 * len(x)))
			b.ReportAllocs()
			for b.Loop() {
				TransformRows(x, n, Orthonormal)
			}
		})
	}
}

func BenchmarkSequency(b *testing.B) {
	for _, n := range []int{64, 1024, 16384, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x := make([]float32, n)
			fill(x)
			b.SetBytes(int64(4 * n))
			b.ReportAllocs()
			for b.Loop() {
				Transform(x, Orthonormal, Sequency)
			}
		})
	}
}

// nanosecondsToCopy measures one copy for about a millisecond.
func nanosecondsToCopy[T Float](to, from []T) float64 {
	copy(to, from) // so that there is memory behind
	times := max(10, 1<<25/(len(from)*sizeOf[T]()))
	start := time.Now()
	for range times {
		copy(to, from)
	}
	return float64(time.Since(start).Nanoseconds()) / float64(times)
}

// BenchmarkPortable compares the portable kernels with the plain three loops.
// The points are zeros, as any others would grow beyond all bounds; times do not
// depend on them.
func BenchmarkPortable(b *testing.B) {
	defer cpu.Use(cpu.Ref)()
	for _, n := range []int{64, 256, 1024, 4096, 16384, 65536, 1 << 20} {
		x := make([]float32, n)
		threeLoops(x) // so that there is memory behind
		b.Run(fmt.Sprintf("three loops/%d", n), func(b *testing.B) {
			b.SetBytes(int64(4 * n))
			for b.Loop() {
				threeLoops(x)
			}
		})
		b.Run(fmt.Sprintf("ref/%d", n), func(b *testing.B) {
			b.SetBytes(int64(4 * n))
			for b.Loop() {
				Transform(x)
			}
		})
	}
}

// threeLoops is the transform as one writes it first.
func threeLoops(x []float32) {
	for h := 1; h < len(x); h *= 2 {
		for i := 0; i < len(x); i += 2 * h {
			for j := i; j < i+h; j++ {
				x[j], x[j+h] = x[j]+x[j+h], x[j]-x[j+h]
			}
		}
	}
}
