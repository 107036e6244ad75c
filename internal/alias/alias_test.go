package alias

import "testing"

func TestOverlap(t *testing.T) {
	x, other := make([]float32, 10), make([]float32, 10)
	for _, c := range []struct {
		a, b []float32
		want bool
	}{
		{x, x, true}, {x[:5], x[4:], true}, {x[4:], x[:5], true}, {x[2:3], x, true}, {x, x[2:3], true},
		{x[:5], x[5:], false}, {x[5:], x[:5], false}, {x, other, false}, {x, nil, false}, {x[3:3], x, false},
	} {
		if got := Overlap(c.a, c.b); got != c.want {
			t.Errorf("%d and %d numbers: %v, want %v", len(c.a), len(c.b), got, c.want)
		}
	}
}
