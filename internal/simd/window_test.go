package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

func drawWindow(t *rapid.T) *Window {
	small, size := rapid.IntRange(1, 5), rapid.OneOf(rapid.IntRange(1, 9), rapid.IntRange(8, 40))
	stride := rapid.OneOf(rapid.IntRange(1, 3), rapid.IntRange(1, 20)) // also longer than a vector
	w := &Window{
		Channels: rapid.IntRange(1, 3).Draw(t, "channels"),
		Height:   size.Draw(t, "height"), Width: size.Draw(t, "width"),
		KernelH: small.Draw(t, "kernel height"), KernelW: small.Draw(t, "kernel width"),
		StrideH: stride.Draw(t, "stride down"), StrideW: stride.Draw(t, "stride right"),
		PadH: rapid.IntRange(0, 4).Draw(t, "padding above"), PadW: rapid.IntRange(0, 4).Draw(t, "padding left"),
	}
	if rapid.Bool().Draw(t, "wide") { // so that rows are several vectors with a large stride, too
		w.Channels, w.Height, w.Width = 1, rapid.IntRange(1, 3).Draw(t, "few rows"), rapid.IntRange(1, 500).Draw(t, "wide rows")
	}
	extra := rapid.IntRange(0, 3) // windows that hang over the edge
	w.OutHeight = max(0, w.Height+2*w.PadH-w.KernelH)/w.StrideH + extra.Draw(t, "more output rows")
	w.OutWidth = max(0, w.Width+2*w.PadW-w.KernelW)/w.StrideW + extra.Draw(t, "more output columns")
	return w
}

// eachPixel calls visit for every element of col with the index of its pixel
// in x, or -1 outside.
func eachPixel(w *Window, ld, first, last int, visit func(at, pixel int)) {
	for row := range w.Channels * w.KernelH * w.KernelW {
		kx, ky, c := row%w.KernelW, row/w.KernelW%w.KernelH, row/w.KernelW/w.KernelH
		for oy := first; oy < last; oy++ {
			for ox := range w.OutWidth {
				y, x := oy*w.StrideH-w.PadH+ky, ox*w.StrideW-w.PadW+kx
				pixel := -1
				if y >= 0 && y < w.Height && x >= 0 && x < w.Width {
					pixel = (c*w.Height+y)*w.Width + x
				}
				visit(row*ld+(oy-first)*w.OutWidth+ox, pixel)
			}
		}
	}
}

func TestIm2colCol2im(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWindow(rt)
		first := rapid.IntRange(0, w.OutHeight).Draw(rt, "first")
		last := rapid.IntRange(first, w.OutHeight).Draw(rt, "last")
		ld := (last-first)*w.OutWidth + rapid.IntRange(0, 2).Draw(rt, "extra")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		rows := w.Channels * w.KernelH * w.KernelW
		image := random(r, w.Channels*w.Height*w.Width)
		columns := random(r, rows*ld)
		onVersions(t, func(v cpu.Version) {
			col, check := guarded(r, rows*ld, 5)
			before := append([]float32(nil), col...)
			scratch, checkScratch := guarded(r, w.Im2colScratch(last-first), 3)
			Im2col(col, ld, image, w, first, last, scratch)
			checkScratch(t)
			check(t)
			wantCol(t, w, before, col, image, ld, first, last)

			x, check := guarded(r, len(image), 7)
			want := append([]float32(nil), x...)
			eachPixel(w, ld, first, last, func(at, pixel int) {
				if pixel >= 0 {
					want[pixel] += columns[at]
				}
			})
			Col2im(x, columns, ld, w, first, last)
			check(t)
			if !sameBits(x, want) {
				t.Fatalf("%v: Col2im differs from its definition for %+v, rows %d to %d", v, *w, first, last)
			}
		})
	})
}

// wantCol compares col with the definition, and what lies between its rows
// with what was there before.
func wantCol(t *testing.T, w *Window, want, col, image []float32, ld, first, last int) {
	t.Helper()
	eachPixel(w, ld, first, last, func(at, pixel int) {
		want[at] = 0
		if pixel >= 0 {
			want[at] = image[pixel]
		}
	})
	if !sameBits(col, want) {
		t.Fatalf("%v: Im2col differs from its definition for %+v, rows %d to %d", cpu.Current(), *w, first, last)
	}
}

// TestAdjoint checks ⟨Im2col x, c⟩ = ⟨x, Col2im c⟩.
func TestAdjoint(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWindow(rt)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		ld := w.OutHeight * w.OutWidth
		x, c := random(r, w.Channels*w.Height*w.Width), random(r, w.Channels*w.KernelH*w.KernelW*ld)
		onVersions(t, func(v cpu.Version) {
			col, folded := make([]float32, len(c)), make([]float32, len(x))
			Im2col(col, ld, x, w, 0, w.OutHeight, make([]float32, w.Im2colScratch(w.OutHeight)))
			Col2im(folded, c, ld, w, 0, w.OutHeight)
			left, right := dot(col, c), dot(x, folded)
			if math.Abs(left-right) > 1e-6*float64(1+len(c)) {
				t.Fatalf("%v: ⟨Im2col x, c⟩ = %v, ⟨x, Col2im c⟩ = %v for %+v", v, left, right, *w)
			}
		})
	})
}

func dot(x, y []float32) (sum float64) {
	for i := range x {
		sum += float64(x[i]) * float64(y[i])
	}
	return sum
}

// The convolutions of LeNet, and the first and third of CaffeNet.
var (
	window1 = &Window{Channels: 1, Height: 28, Width: 28, KernelH: 5, KernelW: 5, StrideH: 1, StrideW: 1, OutHeight: 24, OutWidth: 24}
	window2 = &Window{Channels: 20, Height: 12, Width: 12, KernelH: 5, KernelW: 5, StrideH: 1, StrideW: 1, OutHeight: 8, OutWidth: 8}
	window3 = &Window{Channels: 3, Height: 227, Width: 227, KernelH: 11, KernelW: 11, StrideH: 4, StrideW: 4, OutHeight: 55, OutWidth: 55}
	window4 = &Window{Channels: 56, Height: 13, Width: 13, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1, OutHeight: 13, OutWidth: 13}
)

func BenchmarkWindow(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for name, w := range map[string]*Window{"first layer": window1, "second layer": window2, "stride 4": window3, "padding": window4} {
		ld := w.OutHeight * w.OutWidth
		x, c := random(r, w.Channels*w.Height*w.Width), random(r, w.Channels*w.KernelH*w.KernelW*ld)
		onVersions(b, func(v cpu.Version) {
			b.Run("Im2col "+name+"/"+v.String(), func(b *testing.B) {
				b.SetBytes(int64(4 * len(c)))
				scratch := make([]float32, w.Im2colScratch(w.OutHeight))
				for b.Loop() {
					Im2col(c, ld, x, w, 0, w.OutHeight, scratch)
				}
			})
			b.Run("Col2im "+name+"/"+v.String(), func(b *testing.B) {
				b.SetBytes(int64(4 * len(c)))
				for b.Loop() {
					Col2im(x, c, ld, w, 0, w.OutHeight)
				}
			})
		})
	}
}
