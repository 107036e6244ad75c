package simd

import (
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
