package kernel

import (
	"fmt"
	"testing"
)

// BenchmarkFeatures reports the time of a row.
func BenchmarkFeatures(b *testing.B) {
	const rows = 256
	for _, size := range [][2]int{{64, 2048}, {512, 4096}, {784, 8192}, {1024, 16384}} {
		for _, o := range []Options{{Sampling: Fastfood, Phase: true}, {Sampling: Fastfood}, {Sampling: SORF, Phase: true}, {Sampling: RKS, Phase: true}} {
			o.Inputs, o.N = size[0], size[1]
			b.Run(fmt.Sprintf("%s/phase=%v/%dx%d", o.Sampling, o.Phase, o.Inputs, o.N), func(b *testing.B) {
				benchmarkPlan(b, Gaussian{1}, o, rows)
			})
		}
	}
}

func benchmarkPlan(b *testing.B, k Kernel, o Options, rows int) {
	f, err := NewFeatures(k, o)
	if err != nil {
		b.Fatal(err)
	}
	x, z := randomRows(rows, o.Inputs, 1), make([]float32, rows*f.Outputs())
	run := f.Plan(rows)
	b.ReportAllocs()
	for b.Loop() {
		run(z, x, rows)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows)/1000, "µs/row")
}

// BenchmarkGram computes a matrix of 2000 × 2000 kernels.
func BenchmarkGram(b *testing.B) {
	const rows, d = 2000, 16
	x, g := randomRows(rows, d, 1), make([]float32, rows*rows)
	for _, k := range []Kernel{Gaussian{0.1}, Laplacian{0.1}, Matern{1.5, 2}} {
		b.Run(k.Kind(), func(b *testing.B) {
			for b.Loop() {
				Gram(g, k, x, d)
			}
		})
	}
}
