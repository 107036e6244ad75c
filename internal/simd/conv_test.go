package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

// drawTileWindow returns a window that can be tiled.
func drawTileWindow(t *rapid.T) *Window {
	size := rapid.IntRange(1, 12)
	w := &Window{
		Channels: rapid.IntRange(1, 7).Draw(t, "channels"),
		Height:   size.Draw(t, "height"), Width: size.Draw(t, "width"),
		StrideH: rapid.IntRange(1, 3).Draw(t, "stride down"), StrideW: rapid.IntRange(1, 3).Draw(t, "stride right"),
	}
	w.KernelH = rapid.IntRange(1, min(5, w.Height)).Draw(t, "kernel height")
	w.KernelW = rapid.IntRange(1, min(5, w.Width)).Draw(t, "kernel width")
	w.PadH = rapid.IntRange(0, w.KernelH-1).Draw(t, "padding above")
	w.PadW = rapid.IntRange(0, w.KernelW-1).Draw(t, "padding left")
	w.OutHeight = (w.Height+2*w.PadH-w.KernelH)/w.StrideH + 1
	w.OutWidth = (w.Width+2*w.PadW-w.KernelW)/w.StrideW + 1
	if !w.CanTile() {
		t.Fatalf("cannot tile %+v", w)
	}
	return w
}

// eachProduct calls visit for every product of a convolution of one channel: the
// pixels of x and y, and the element of the kernel.
func eachProduct(w *Window, visit func(x, y, element int)) {
	for oy := range w.OutHeight {
		for ox := range w.OutWidth {
			for element := range w.KernelH * w.KernelW {
				iy, ix := oy*w.StrideH-w.PadH+element/w.KernelW, ox*w.StrideW-w.PadW+element%w.KernelW
				if iy >= 0 && iy < w.Height && ix >= 0 && ix < w.Width {
					visit(iy*w.Width+ix, oy*w.OutWidth+ox, element)
				}
			}
		}
	}
}

// TestConvolve runs both stencils of random windows band by band.
func TestConvolve(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawTileWindow(rt)
		outputs := rapid.IntRange(1, MaxConvolve).Draw(rt, "outputs")
		bands := rapid.IntRange(1, 13).Draw(rt, "bands")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		e := Epilogue{Accumulate: rapid.Bool().Draw(rt, "accumulate"), ReLU: rapid.Bool().Draw(rt, "ReLU")}
		if rapid.Bool().Draw(rt, "bias") {
			e.RowBias, _ = guarded(r, outputs, 1)
		}
		kernel, x, y := w.KernelH*w.KernelW, w.Height*w.Width, w.OutHeight*w.OutWidth
		weights := random(r, w.Channels*kernel*TileSamples)
		for _, adjoint := range []bool{false, true} {
			s, sourceArea, targetArea := w.Stencil(bands), x, y
			if adjoint {
				s, sourceArea, targetArea = w.Adjoint(bands), y, x
			}
			src := random(r, w.Channels*sourceArea*TileSamples)
			before := random(r, outputs*targetArea*TileSamples)
			sums := make([]float64, len(before))
			eachProduct(w, func(x, y, element int) {
				source, target := x, y
				if adjoint {
					source, target = y, x
				}
				for c := range w.Channels {
					for o := range outputs {
						weight := weights[(c*kernel+element)*TileSamples+o]
						for i := range TileSamples {
							sums[(o*targetArea+target)*TileSamples+i] += float64(weight) * float64(src[(c*sourceArea+source)*TileSamples+i])
						}
					}
				}
			})
			var first []float32
			onVersions(t, func(v cpu.Version) {
				got := convolveBands(t, r, s, src, weights, before, w.Channels, outputs, e)
				for i, sum := range sums {
					if e.Accumulate {
						sum += float64(before[i])
					}
					if e.RowBias != nil {
						sum += float64(e.RowBias[i/targetArea/TileSamples])
					}
					if e.ReLU {
						sum = max(sum, 0)
					}
					if math.Abs(float64(got[i])-sum) > 1e-5*float64(1+w.Channels*kernel) {
						t.Fatalf("%v, adjoint %v: output %d is %v, want %v, for %+v", v, adjoint, i, got[i], sum, *w)
					}
				}
				if v == cpu.Ref {
					return // no fused multiply-adds
				}
				if first == nil {
					first = got
				}
				if !sameBits(got, first) {
					t.Fatalf("%v: other bits than AVX2", v)
				}
			})
		}
	})
}

// convolveBands returns the whole target, which held before.
func convolveBands(t *testing.T, r *rand.Rand, s *Stencil, src, weights, before []float32, channels, outputs int, e Epilogue) []float32 {
	whole := make([]float32, len(before))
	rowsOf := func(whole, band []float32, channels, from, to int, load bool) { // entries from to to-1 of every channel
		for c := range channels {
			a, b := whole[c*len(whole)/channels:][from*TileSamples:to*TileSamples], band[c*(to-from)*TileSamples:][:(to-from)*TileSamples]
			if load {
				a, b = b, a
			}
			copy(a, b)
		}
	}
	for i := range s.Bands {
		b := &s.Bands[i]
		width, sourceWidth := b.area/b.Rows(), b.sourceArea/max(1, b.SourceRows())
		source := make([]float32, channels*b.sourceArea*TileSamples)
		rowsOf(src, source, channels, b.SourceFirst*sourceWidth, b.SourceLast*sourceWidth, true)
		dst, check := guarded(r, outputs*b.area*TileSamples, 3)
		rowsOf(before, dst, outputs, b.First*width, b.Last*width, true)
		s.Convolve(b, dst, source, weights, channels, outputs, e)
		check(t)
		rowsOf(whole, dst, outputs, b.First*width, b.Last*width, false)
	}
	return whole
}

// TestConvolveEqualsGemm compares with Im2col and Gemm, sample by sample, to the
// bit.
func TestConvolveEqualsGemm(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawTileWindow(rt)
		outputs := rapid.IntRange(1, MaxConvolve).Draw(rt, "outputs")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		e := Epilogue{ReLU: rapid.Bool().Draw(rt, "ReLU")}
		e.RowBias, _ = guarded(r, outputs, 1)
		kernel, in, out := w.KernelH*w.KernelW, w.Channels*w.Height*w.Width, w.OutHeight*w.OutWidth
		x, weights := random(r, TileSamples*in), random(r, outputs*w.Channels*kernel)
		onVersions(t, func(v cpu.Version) {
			want := make([]float32, TileSamples*outputs*out)
			columns := make([]float32, w.Channels*kernel*out)
			scratch := make([]float32, GemmScratch(outputs, out, w.Channels*kernel))
			for i := range TileSamples {
				Im2col(columns, out, x[i*in:][:in], w, 0, w.OutHeight, make([]float32, w.Im2colScratch(w.OutHeight)))
				c := RowMajor(want[i*outputs*out:][:outputs*out], outputs, out)
				Gemm(c, RowMajor(weights, outputs, w.Channels*kernel), RowMajor(columns, w.Channels*kernel, out), e, scratch)
			}

			src, packed := make([]float32, TileSamples*in), make([]float32, w.Channels*kernel*TileSamples)
			LoadTile(src, Samples{x, in, in}, in, 1, 0, TileSamples)
			LoadTile(packed, Samples{weights, w.Channels * kernel, 0}, w.Channels*kernel, 1, 0, outputs)
			dst, got := make([]float32, len(want)), make([]float32, len(want))
			s := w.Stencil(1)
			if b := &s.Bands[0]; b.SourceFirst == 0 && b.SourceLast == w.Height {
				s.Convolve(b, dst, src, packed, w.Channels, outputs, e)
				StoreTile(Samples{got, outputs * out, out}, dst, out, outputs, TileSamples)
				if !sameBits(got, want) {
					t.Fatalf("%v: other bits than Gemm, for %+v", v, *w)
				}
			}
		})
	})
}

func TestTapGradients(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawTileWindow(rt)
		outputs := rapid.IntRange(1, MaxGradient).Draw(rt, "outputs")
		rows := rapid.IntRange(1, w.OutHeight).Draw(rt, "rows of a band")
		samples := rapid.IntRange(1, TileSamples).Draw(rt, "samples")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		kernel, in, out := w.KernelH*w.KernelW, w.Height*w.Width, w.OutHeight*w.OutWidth
		row := w.Channels*kernel + 1
		x, dy, before := random(r, TileSamples*w.Channels*in), random(r, TileSamples*outputs*out), random(r, outputs*row)
		want, wantBias := make([]float64, len(before)), make([]float64, outputs)
		for i, v := range before {
			want[i] = float64(v)
		}
		for i := range samples {
			for o := range outputs {
				for _, v := range dy[(i*outputs+o)*out:][:out] {
					wantBias[o] += float64(v)
				}
				for c := range w.Channels {
					eachProduct(w, func(xi, yi, element int) {
						want[o*row+c*kernel+element] += float64(x[(i*w.Channels+c)*in+xi]) * float64(dy[(i*outputs+o)*out+yi])
					})
				}
			}
		}
		var first []float32
		onVersions(t, func(v cpu.Version) {
			g := w.TapGradients(w.Channels, rows)
			dw, check := guarded(r, len(before), 3)
			copy(dw, before)
			db := make([]float32, outputs)
			tile := NewTile(g.XSize(w.Channels))
			for i := range tile {
				tile[i] = guard // what was there must not matter
			}
			scratch, checkScratch := guarded(r, g.Scratch(), 5)
			for top := 0; top < w.OutHeight; top += rows {
				bottom := min(top+rows, w.OutHeight)
				g.LoadX(tile, Samples{x, w.Channels * in, in}, w.Channels, top, bottom, samples)
				pixels := (bottom - top) * w.OutWidth
				d := make([]float32, outputs*pixels*TileSamples)
				LoadTile(d, Samples{dy[top*w.OutWidth:], outputs * out, out}, pixels, outputs, 0, samples)
				g.Add(dw, row, d, tile, w.Channels, outputs, top, bottom, scratch)
				SumPixels(db, d, pixels)
			}
			check(t)
			checkScratch(t)
			got := append(dw, db...)
			for i, want := range append(want, wantBias...) {
				if math.Abs(float64(got[i])-want) > 1e-5*float64(1+samples*out) {
					t.Fatalf("%v: gradient %d is %v, want %v, for %+v", v, i, got[i], want, *w)
				}
			}
			if v == cpu.Ref {
				return
			}
			if first == nil {
				first = append(first, got...)
			}
			if !sameBits(got, first) {
				t.Fatalf("%v: other bits than AVX2", v)
			}
		})
	})
}

// The convolutions of LeNet, and of CaffeNet those of a group.
var convolutions = map[string]struct {
	window  *Window
	outputs int
}{
	"lenet conv1":    {window1, 10},
	"lenet conv2":    {window2, 13},
	"caffenet conv1": {&Window{3, 227, 227, 11, 11, 4, 4, 0, 0, 55, 55}, 14},
	"caffenet conv2": {&Window{48, 27, 27, 5, 5, 1, 1, 2, 2, 27, 27}, 13},
	"caffenet conv3": {&Window{256, 13, 13, 3, 3, 1, 1, 1, 1, 13, 13}, 14},
}

// BenchmarkConvolve computes rows in the middle of the target: as many as give 64
// pixels.
func BenchmarkConvolve(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for name, c := range convolutions {
		for _, adjoint := range []bool{false, true} {
			w := c.window
			s := w.Stencil((w.OutHeight*w.OutWidth + 63) / 64)
			if adjoint {
				s = w.Adjoint((w.Height*w.Width + 63) / 64)
			}
			band := &s.Bands[len(s.Bands)/2]
			channels := ConvolveBlock(w.Channels, s.kernel)
			src, dst := NewTile(channels*band.sourceArea*TileSamples), NewTile(c.outputs*band.area*TileSamples)
			copy(src, random(r, len(src)))
			weights := NewTile(channels * s.kernel * TileSamples)
			products := 0
			for _, p := range band.pixels {
				products += int(p.taps) * channels * c.outputs * TileSamples
			}
			onVersions(b, func(v cpu.Version) {
				b.Run(fmt.Sprintf("%s/adjoint=%v/%v", name, adjoint, v), func(b *testing.B) {
					for b.Loop() {
						s.Convolve(band, dst, src, weights, channels, c.outputs, Epilogue{ReLU: true})
					}
					b.ReportMetric(2*float64(products)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
				})
			})
		}
	}
}

func BenchmarkTapGradients(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for name, c := range convolutions {
		w := c.window
		rows := min((255+w.OutWidth)/w.OutWidth, w.OutHeight)
		if w.StrideH > 1 {
			rows = 1
		}
		channels := min(w.Channels, 20)
		g := w.TapGradients(channels, rows)
		x, dy := NewTile(g.XSize(channels)), NewTile(MaxGradient*rows*w.OutWidth*TileSamples)
		copy(x, random(r, len(x)))
		kernel := w.KernelH * w.KernelW * channels
		dw, scratch := NewTile(MaxGradient*kernel), NewTile(g.Scratch())
		onVersions(b, func(v cpu.Version) {
			b.Run(fmt.Sprintf("%s/%v", name, v), func(b *testing.B) {
				for b.Loop() {
					g.Add(dw, kernel, dy, x, channels, MaxGradient, 0, rows, scratch)
				}
				products := float64(kernel*MaxGradient*TileSamples) * float64(rows*w.OutWidth)
				b.ReportMetric(2*products*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		})
	}
}
