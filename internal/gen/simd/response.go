package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func response() {
	for _, e := range []elementwise{
		{"addSquares", "func(n int, dst, x *float32)",
			[]string{"dst[i] += x[i] * x[i]"},
			[]string{"dst", "x"}, nil, 0, addSquares},
		{"responseNorm", "func(n int, y, x, sums *float32, k, scale float32)",
			[]string{"t := k + scale*sums[i]", "y[i] = x[i] / (sqrt(t) * sqrt(sqrt(t)))"},
			[]string{"y", "x", "sums"}, []string{"k", "scale"}, 0, responseNorm},
		{"responseNormBackward", "func(n int, dx, ratios, dy, y, sums *float32, k, scale float32)",
			[]string{"t := k + scale*sums[i]", "dx[i] = dy[i] / (sqrt(t) * sqrt(sqrt(t)))", "ratios[i] = dy[i] * y[i] / t"},
			[]string{"dx", "ratios", "dy", "y", "sums"}, []string{"k", "scale"}, 0, responseNormBackward},
		{"subtractProducts", "func(n int, dst, x, y *float32, factor float32)",
			[]string{"dst[i] -= factor * x[i] * y[i]"},
			[]string{"dst", "x", "y"}, []string{"factor"}, 0, subtractProducts},
	} {
		e.kernel("512", 16, 64)
		e.kernel("256", 8, 32)
	}
}

func addSquares(v func(int) Register, at func(string) Mem) {
	VMOVUPS(at("x"), v(0))
	VMULPS(v(0), v(0), v(0))
	VADDPS(at("dst"), v(0), v(0))
	VMOVUPS(v(0), at("dst"))
}

// normPower sets v(0) to t = k + scale·sums and v(1) to t^(3/4).
func normPower(v func(int) Register, at func(string) Mem) {
	k, scale := v(7), v(8)
	VMULPS(at("sums"), scale, v(0))
	VADDPS(v(0), k, v(0))
	VSQRTPS(v(0), v(1))
	VSQRTPS(v(1), v(2))
	VMULPS(v(2), v(1), v(1))
}

func responseNorm(v func(int) Register, at func(string) Mem) {
	normPower(v, at)
	VMOVUPS(at("x"), v(3))
	VDIVPS(v(1), v(3), v(3))
	VMOVUPS(v(3), at("y"))
}

func responseNormBackward(v func(int) Register, at func(string) Mem) {
	normPower(v, at)
	VMOVUPS(at("dy"), v(3))
	VMULPS(at("y"), v(3), v(4))
	VDIVPS(v(1), v(3), v(3))
	VMOVUPS(v(3), at("dx"))
	VDIVPS(v(0), v(4), v(4))
	VMOVUPS(v(4), at("ratios"))
}

func subtractProducts(v func(int) Register, at func(string) Mem) {
	VMULPS(at("x"), v(7), v(0))
	VMULPS(at("y"), v(0), v(0))
	VMOVUPS(at("dst"), v(1))
	VSUBPS(v(0), v(1), v(1))
	VMOVUPS(v(1), at("dst"))
}
