package float16

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestAllFloat16s(t *testing.T) {
	for bits := range 1 << 16 {
		h := uint16(bits)
		v := To(h)
		if v != v {
			if back := From(v); back&0x7c00 != 0x7c00 || back&0x3ff == 0 {
				t.Fatalf("%#x: NaN became %#x", h, back)
			}
			continue
		}
		if back := From(v); back != h {
			t.Fatalf("%#x is %v, which became %#x", h, v, back)
		}
	}
}

// TestFromIsNearest compares with both neighbours.
func TestFromIsNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Float32Range(-65519, 65519), rapid.Float32Range(-1e-4, 1e-4)).Draw(t, "v")
		h := From(v)
		distance := math.Abs(float64(To(h)) - float64(v))
		for _, other := range []uint16{h - 1, h + 1} {
			w := To(other)
			away := math.Abs(float64(w) - float64(v))
			if !math.IsInf(float64(w), 0) && (away < distance || away == distance && h&1 == 1) {
				t.Fatalf("%v became %v, but %v is nearer, or as near and even", v, To(h), w)
			}
		}
	})
	for v, want := range map[float32]float32{1: 1, 65504: 65504, 65519: 65504, 65520: float32(math.Inf(1)), 1e9: float32(math.Inf(1)), -7e4: float32(math.Inf(-1)), 0x1p-25: 0, 0x1.8p-25: 0x1p-24} {
		if got := To(From(v)); got != want {
			t.Errorf("%v became %v, want %v", v, got, want)
		}
		if i := Overflow([]float32{Max, v}); (i == 1) != math.IsInf(float64(want), 0) || i == 0 {
			t.Errorf("%v: the first to overflow is %d", v, i)
		}
		rounded := []float32{v}
		if Round(rounded); rounded[0] != want {
			t.Errorf("%v was rounded to %v, want %v", v, rounded[0], want)
		}
	}
}
