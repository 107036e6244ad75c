package simd

func convolveRef(s *Stencil, b *Band, dst, src, weights []float32, channels, outputs int, e Epilogue) {
	for _, p := range b.pixels {
		for o := range outputs {
			var sums [TileSamples]float32
			for c := range channels {
				for _, t := range s.taps[p.tap:][:p.taps] {
					weight := weights[c*s.kernel*TileSamples+int(t.weight)/4+o]
					x := src[(c*b.sourceArea+int(p.source))*TileSamples+int(t.source)/4:]
					for i, x := range x[:TileSamples] {
						sums[i] += float32(weight * x)
					}
				}
			}
			at := dst[(o*b.area+int(p.target))*TileSamples:][:TileSamples]
			storeRef(at, sums[:], e.slice(o, 0, 1, TileSamples))
		}
	}
}

func tapGradientsRef(s *tapSums, taps []tap) {
	for o := range s.outputs {
		for _, t := range taps {
			sums := s.sums[o*s.sumsOutput+int(t.weight)/4:][:TileSamples]
			clear(sums)
			for i := range s.rows * s.columns {
				dy := s.dy[o*s.dyOutput+i*TileSamples:][:TileSamples]
				x := s.x[int(t.source)/4+i/s.columns*s.xRow+i%s.columns*s.xPixel:][:TileSamples]
				for lane := range sums {
					sums[lane] += float32(dy[lane] * x[lane])
				}
			}
		}
	}
}
