package simd

import (
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

func TestTile(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		width, rows := rapid.IntRange(0, 40).Draw(rt, "width"), rapid.IntRange(0, 5).Draw(rt, "rows")
		gap, samples := rapid.IntRange(0, 3).Draw(rt, "gap"), rapid.IntRange(0, TileSamples).Draw(rt, "samples")
		row := width + rapid.IntRange(0, 3).Draw(rt, "between rows")
		sample := rows*row + rapid.IntRange(0, 20).Draw(rt, "between samples")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		// Not a float more than is needed, as the last row may end the memory.
		size := 0
		if width > 0 && rows > 0 && samples > 0 {
			size = (samples-1)*sample + (rows-1)*row + width
		}
		x := random(r, size)
		onVersions(t, func(v cpu.Version) {
			tile, check := guarded(r, rows*(width+gap)*TileSamples, 5)
			LoadTile(tile, Samples{x, sample, row}, width, rows, gap, samples)
			check(t)
			for at, got := range tile {
				i, j, k := at%TileSamples, at/TileSamples%(width+gap), at/TileSamples/(width+gap)
				want := float32(0)
				if i < samples && j < width {
					want = x[i*sample+k*row+j]
				}
				if got != want {
					t.Fatalf("%v: sample %d, column %d, row %d of a tile is %v, want %v", v, i, j, k, got, want)
				}
			}

			y, check := guarded(r, size, 3)
			want := append([]float32(nil), y...)
			tile, _ = guarded(r, rows*width*TileSamples, 2)
			for k := range rows {
				for j := range width {
					for i := range samples {
						want[i*sample+k*row+j] = tile[(k*width+j)*TileSamples+i]
					}
				}
			}
			StoreTile(Samples{y, sample, row}, tile, width, rows, samples)
			check(t)
			if !sameBits(y, want) {
				t.Fatalf("%v: StoreTile differs from its definition", v)
			}
		})
	})
}

func TestSumLanes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		width, rows := rapid.IntRange(0, 40).Draw(rt, "width"), rapid.IntRange(0, 4).Draw(rt, "rows")
		tileRow := width*TileSamples + rapid.IntRange(0, 20).Draw(rt, "between rows")
		dstRow := width + rapid.IntRange(0, 3).Draw(rt, "between rows of dst")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		tile, before := random(r, rows*tileRow), random(r, rows*dstRow)
		var want []float32
		onVersions(t, func(v cpu.Version) {
			dst, check := guarded(r, len(before), 3)
			copy(dst, before)
			SumLanes(dst, dstRow, tile, tileRow, width, rows)
			check(t)
			if want == nil {
				want = append(before[:0:0], dst...)
				for at := range want { // against the plain sum
					j, k := at%dstRow, at/dstRow
					sum := float64(before[at])
					if j < width {
						for _, lane := range tile[k*tileRow+j*TileSamples:][:TileSamples] {
							sum += float64(lane)
						}
					}
					if d := sum - float64(want[at]); d > 1e-5 || d < -1e-5 {
						t.Fatalf("sum %d is %v, want %v", at, want[at], sum)
					}
				}
			}
			if !sameBits(dst, want) {
				t.Fatalf("%v: the sums differ from those of %v", v, cpu.Ref)
			}
		})
	})
}

func BenchmarkTile(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	const size = 20 * 144
	x, tile := random(r, TileSamples*size), NewTile(TileSamples*size)
	onVersions(b, func(v cpu.Version) {
		b.Run("load/"+v.String(), func(b *testing.B) {
			b.SetBytes(4 * TileSamples * size)
			for b.Loop() {
				LoadTile(tile, Samples{x, size, size}, size, 1, 0, TileSamples)
			}
		})
		b.Run("store/"+v.String(), func(b *testing.B) {
			b.SetBytes(4 * TileSamples * size)
			for b.Loop() {
				StoreTile(Samples{x, size, size}, tile, size, 1, TileSamples)
			}
		})
	})
}
