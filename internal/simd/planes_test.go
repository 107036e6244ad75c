package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

// planeResults are what all functions of Planes return or write.
type planeResults struct {
	sums    []float64
	y, relu []float32
	dx      []float32
}

const planeMean, planeFactor, planeBias, planeSlope = 0.25, 3.5, -0.3, 0.7

// onPlanes runs all functions, with whatever was in y before around the planes.
func onPlanes(t testing.TB, p Planes, x, dy, before []float32) (r planeResults) {
	copyOf := func(offset int) []float32 {
		y, check := guarded(rand.New(rand.NewPCG(1, 1)), len(before), offset)
		t.Cleanup(func() { check(t) })
		copy(y, before)
		return y
	}
	r.y, r.relu, r.dx = copyOf(3), copyOf(1), copyOf(0)
	sum, products := p.SumProducts(dy, x, planeMean)
	r.sums = []float64{p.Sum(x), p.SumSquares(x, planeMean), sum, products}
	p.Normalize(r.y, x, planeMean, planeFactor, planeBias, false)
	p.Normalize(r.relu, x, planeMean, planeFactor, planeBias, true)
	p.NormalizeBackward(r.dx, dy, x, planeMean, planeFactor, planeBias, planeSlope)
	return r
}

// verify compares with the definitions in float64, and what lies between the planes
// with what was there before.
func (r planeResults) verify(t testing.TB, p Planes, x, dy, before []float32) {
	var sums [4]float64
	want := planeResults{y: slices.Clone(before), relu: slices.Clone(before), dx: slices.Clone(before)}
	for i := range p.Samples {
		for j := range p.Pixels {
			at := i*p.Stride + j
			v, g := float64(x[at]), float64(dy[at])
			d := v - planeMean
			for k, term := range []float64{v, d * d, g, g * d} {
				sums[k] += term
			}
			y := d*planeFactor + planeBias
			want.y[at], want.relu[at] = float32(y), float32(max(y, 0))
			want.dx[at] = float32(planeFactor * (g - planeBias - d*planeSlope))
		}
	}
	for k, sum := range sums {
		if math.Abs(r.sums[k]-sum) > 1e-12*(1+float64(p.Samples*p.Pixels)) {
			t.Fatalf("%+v: sum %d: %v, want %v", p, k, r.sums[k], sum)
		}
	}
	for k, values := range [][2][]float32{{r.y, want.y}, {r.relu, want.relu}, {r.dx, want.dx}} {
		for i, got := range values[0] {
			if math.Abs(float64(got-values[1][i])) > 1e-5 {
				t.Fatalf("%+v: result %d: value %d is %v, want %v", p, k, i, got, values[1][i])
			}
		}
	}
}

func (r planeResults) equal(other planeResults) bool {
	for k, sum := range r.sums {
		if math.Float64bits(sum) != math.Float64bits(other.sums[k]) {
			return false
		}
	}
	return sameBits(r.y, other.y) && sameBits(r.relu, other.relu) && sameBits(r.dx, other.dx)
}

func TestPlanes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := Planes{Samples: rapid.IntRange(0, 9).Draw(rt, "samples"), Pixels: rapid.IntRange(0, 70).Draw(rt, "pixels")}
		p.Stride = p.Pixels + rapid.IntRange(0, 40).Draw(rt, "between")
		n := max(0, (p.Samples-1)*p.Stride+p.Pixels)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		x, dy, before := random(r, n), random(r, n), random(r, n)
		var want planeResults
		onVersions(t, func(v cpu.Version) {
			got := onPlanes(t, p, x, dy, before)
			got.verify(t, p, x, dy, before)
			if v == cpu.Ref {
				want = got
			} else if !got.equal(want) {
				t.Fatalf("%v: %+v gives other bits than ref", v, p)
			}
		})
	})
}

// TestPlanesIgnoreWhatLiesBetween: not even a NaN there shows, nor an infinity in the
// mean where there are no pixels.
func TestPlanesIgnoreWhatLiesBetween(t *testing.T) {
	nan := float32(math.NaN())
	p := Planes{Samples: 2, Pixels: 3, Stride: 20}
	x := slices.Repeat([]float32{nan}, 40)
	for i := range p.Samples {
		copy(x[i*p.Stride:], []float32{1, 2, 3})
	}
	onVersions(t, func(v cpu.Version) {
		if sum, squares := p.Sum(x), p.SumSquares(x, 2); sum != 12 || squares != 4 {
			t.Errorf("%v: sums %v and %v, want 12 and 4", v, sum, squares)
		}
		if sum, products := p.SumProducts(x, x, math.Inf(-1)); sum != 12 || !math.IsInf(products, 1) {
			t.Errorf("%v: sums %v and %v, want 12 and +Inf", v, sum, products)
		}
		if squares := p.SumSquares(x, math.Inf(1)); !math.IsInf(squares, 1) {
			t.Errorf("%v: %v, want +Inf", v, squares)
		}
	})
}

// TestPlanesKeepSpecialValues: as Relu does.
func TestPlanesKeepSpecialValues(t *testing.T) {
	negative := float32(math.Copysign(0, -1))
	x := []float32{float32(math.NaN()), negative, 0, -1, 2, float32(math.Inf(-1)), float32(math.Inf(1))}
	p := Planes{Samples: 1, Pixels: len(x), Stride: len(x)}
	onVersions(t, func(v cpu.Version) {
		y, want := make([]float32, len(x)), make([]float32, len(x))
		p.Normalize(y, x, 0, 1, negative, false)
		if !sameBits(y, x) {
			t.Errorf("%v: %v, want %v", v, y, x)
		}
		Relu(want, x)
		p.Normalize(y, x, 0, 1, negative, true)
		if !sameBits(y, want) {
			t.Errorf("%v: with ReLU %v, want %v", v, y, want)
		}
	})
}

// TestPlanesOrder has sums whose order shows: 2^53 + 1 is rounded to 2^53.
func TestPlanesOrder(t *testing.T) {
	p := Planes{Samples: 3, Pixels: 32, Stride: 32}
	x := slices.Repeat([]float32{1}, 96)
	x[0] = 1 << 53
	const want = 1<<53 + 15*6 // the other ones of pixels 0 and 16 are lost
	onVersions(t, func(v cpu.Version) {
		if sum := p.Sum(x); sum != want {
			t.Errorf("%v: 2^53 + %v, want 2^53 + 90", v, sum-1<<53)
		}
	})
}

func TestPlanesAllocates(t *testing.T) {
	p := Planes{Samples: 3, Pixels: 20, Stride: 25}
	x := make([]float32, 70)
	onVersions(t, func(v cpu.Version) {
		if n := testing.AllocsPerRun(10, func() {
			p.SumProducts(x, x, p.SumSquares(x, p.Sum(x)))
			p.Normalize(x, x, 1, 2, 3, true)
			p.NormalizeBackward(x, x, x, 1, 2, 3, 4)
		}); n != 0 {
			t.Errorf("%v: %v allocations", v, n)
		}
	})
}

func TestPlanesPanics(t *testing.T) {
	x := make([]float32, 29)
	p := Planes{Samples: 3, Pixels: 10, Stride: 10}
	check.Panics(t, "one float less", "simd: Planes: slice too short", func() { p.Sum(x) })
	check.Panics(t, "dx", "simd: Planes: slice too short", func() { p.NormalizeBackward(x, make([]float32, 30), make([]float32, 30), 0, 0, 0, 0) })
	check.Panics(t, "a negative stride", "simd: Planes: bad size", func() { Planes{2, 1, -1}.Sum(x) })
}
