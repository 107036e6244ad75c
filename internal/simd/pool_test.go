package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

// few holds values that meet each other often, among them all special ones.
var few = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 2, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}

func special(r *rand.Rand, x []float32) {
	for i := range x {
		x[i] = few[r.IntN(len(few))]
	}
}

func TestMaxPool2x2(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		height, width := 2*rapid.IntRange(0, 5).Draw(rt, "height/2"), 2*rapid.IntRange(0, 40).Draw(rt, "width/2")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		x, _ := guarded(r, height*width, 9)
		if rapid.Bool().Draw(rt, "special values") {
			special(r, x)
		}
		dy := random(r, height*width/4)
		wantY, wantDX := make([]float32, len(dy)), make([]float32, len(x))
		maxPool2x2Ref(wantY, x, height, width)
		maxPool2x2BackwardRef(wantDX, dy, wantY, x, height, width)
		verifyPool(t, wantDX, dy, wantY, x, width)
		onVersions(t, func(v cpu.Version) {
			y, checkY := guarded(r, len(dy), 3)
			dx, checkDX := guarded(r, len(x), 5)
			MaxPool2x2(y, x, height, width)
			MaxPool2x2Backward(dx, dy, y, x, height, width)
			checkY(t)
			checkDX(t)
			if !sameBits(y, wantY) || !sameBits(dx, wantDX) {
				t.Fatalf("%v differs from ref for %d × %d", v, height, width)
			}
		})
	})
}

// verifyPool checks the reference against the definition, window by window.
func verifyPool(t *testing.T, dx, dy, y, x []float32, width int) {
	for i := range y {
		corner := i/(width/2)*2*width + i%(width/2)*2
		at := []int{corner, corner + 1, corner + width, corner + width + 1}
		best, nan := at[0], false
		for _, p := range at {
			nan = nan || x[p] != x[p]
			if x[p] > x[best] {
				best = p
			}
		}
		if nan {
			best = at[0]
		}
		if nan != (y[i] != y[i]) || !nan && y[i] != x[best] {
			t.Fatalf("window %d: maximum %v", i, y[i])
		}
		for _, p := range at {
			if want := map[bool]float32{true: dy[i]}[p == best]; dx[p] != want {
				t.Fatalf("window %d: gradient %v, want %v", i, dx[p], want)
			}
		}
	}
}

func TestMaxPool(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		side := func(name string) (size, kernel, stride, pad, out int) {
			kernel, stride = 3, 2
			if rapid.Bool().Draw(rt, name+" kernel") {
				kernel, stride = rapid.IntRange(1, 4).Draw(rt, "kernel"), rapid.IntRange(1, 3).Draw(rt, "stride")
			}
			pad = rapid.IntRange(0, kernel-1).Draw(rt, "padding")
			size = rapid.IntRange(1, 50).Draw(rt, name)
			// The last window starts inside the sample.
			return size, kernel, stride, pad, rapid.IntRange(1, (size+pad-1)/stride+1).Draw(rt, "windows")
		}
		var w Window
		w.Height, w.KernelH, w.StrideH, w.PadH, w.OutHeight = side("height")
		w.Width, w.KernelW, w.StrideW, w.PadW, w.OutWidth = side("width")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		x, _ := guarded(r, w.Height*w.Width, 7)
		if rapid.Bool().Draw(rt, "special values") {
			special(r, x)
		}
		onVersions(t, func(v cpu.Version) {
			y, check := guarded(r, w.OutHeight*w.OutWidth, 3)
			index := make([]int32, len(y)+1)
			index[len(y)] = -5
			MaxPool(y, index[:len(y)], x, &w)
			check(t)
			if index[len(y)] != -5 {
				t.Fatalf("%v wrote behind the indices", v)
			}
			for i := range y {
				want := w.maximumByDefinition(x, i/w.OutWidth, i%w.OutWidth)
				if index[i] != want || !sameBits(y[i:i+1], x[want:want+1]) {
					t.Fatalf("%v: window %d of %+v: x[%d] = %v, want x[%d] = %v", v, i, w, index[i], y[i], want, x[want])
				}
			}
		})
	})
}

// maximumByDefinition returns the index of the window's first NaN, or else of
// its first maximum.
func (w *Window) maximumByDefinition(x []float32, oy, ox int) int32 {
	at := -1
	for i, v := range x {
		row, column := i/w.Width-oy*w.StrideH+w.PadH, i%w.Width-ox*w.StrideW+w.PadW
		if row < 0 || row >= w.KernelH || column < 0 || column >= w.KernelW {
			continue
		}
		if v != v {
			return int32(i)
		}
		if at < 0 || v > x[at] {
			at = i
		}
	}
	return int32(at)
}

func BenchmarkMaxPool(b *testing.B) {
	for _, width := range []int{55, 27, 13} {
		w := Window{Height: width, Width: width, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, OutHeight: width / 2, OutWidth: width / 2}
		x := random(rand.New(rand.NewPCG(1, 1)), width*width)
		y, index := make([]float32, w.OutHeight*w.OutWidth), make([]int32, w.OutHeight*w.OutWidth)
		onVersions(b, func(v cpu.Version) {
			b.Run(fmt.Sprintf("%d/%v", width, v), func(b *testing.B) {
				b.SetBytes(4 * int64(width) * int64(width))
				for b.Loop() {
					MaxPool(y, index, x, &w)
				}
			})
		})
	}
}

func BenchmarkMaxPool2x2(b *testing.B) {
	const height, width = 24, 24
	r := rand.New(rand.NewPCG(1, 1))
	x, y := random(r, height*width), make([]float32, height*width/4)
	dx, dy := make([]float32, len(x)), random(r, len(y))
	onVersions(b, func(v cpu.Version) {
		b.Run("forward/"+v.String(), func(b *testing.B) {
			b.SetBytes(4 * height * width)
			for b.Loop() {
				MaxPool2x2(y, x, height, width)
			}
		})
		b.Run("backward/"+v.String(), func(b *testing.B) {
			b.SetBytes(4 * height * width)
			for b.Loop() {
				MaxPool2x2Backward(dx, dy, y, x, height, width)
			}
		})
	})
}
