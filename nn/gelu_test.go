package nn

import (
	"math"
	"testing"
)

// TestGELUValues compares with numbers from elsewhere:
//
//	from mpmath import mp, mpf, ncdf, npdf, tanh, sqrt, pi, diff
//	mp.dps = 40
//	print(x*ncdf(x), ncdf(x) + x*npdf(x))
//	f = lambda x: x/2*(1 + tanh(sqrt(2/pi)*(x + mpf("0.044715")*x**3)))
//	print(f(x), diff(f, x))
func TestGELUValues(t *testing.T) {
	for _, c := range []struct {
		op          Op
		x, y, slope float64
	}{
		{GELU{}, 0.5, 0.345731230637, 0.867495124656},
		{GELU{}, -1.25, -0.132062217084, -0.122661583069},
		{GELU{}, 3, 2.99595030591, 1.0119456472},
		{GELU{}, -10, -7.61985302416e-23, -7.61840009646e-22},
		{GELU{Tanh: true}, 0.5, 0.345714009825, 0.867369903535},
		{GELU{Tanh: true}, -1.25, -0.13228579703, -0.12249263225},
		{GELU{Tanh: true}, 3, 2.99636260792, 1.01158416663},
		{GELU{}, 1e30, 1e30, 1}, {GELU{}, -1e30, 0, 0}, {GELU{Tanh: true}, 1e30, 1e30, 1}, {GELU{Tanh: true}, -1e30, 0, 0},
	} {
		layer, err := c.op.Build("gelu", []Shape{{1}})
		if err != nil {
			t.Fatal(err)
		}
		l := layer.(*activation)
		y := l.function(float32(c.x))
		for _, pair := range [][2]float64{{float64(y), c.y}, {float64(l.slope(float32(c.x), y)), c.slope}} {
			if !(math.Abs(pair[0]-pair[1]) <= 2e-7*math.Abs(pair[1])) {
				t.Errorf("%+v at %v: %v, want %v", c.op, c.x, pair[0], pair[1])
			}
		}
	}
}
