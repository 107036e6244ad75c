package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// elementwise is a loop over slices of the same length. Kernels multiply and
// add in two roundings, as the Go loops do, so that all versions agree.
type elementwise struct {
	name, signature string
	doc             []string
	slices          []string // pointers, stepped through together
	constants       []string // float32 parameters, in vector registers from 7 on
	table           int      // or as many floats behind the pointer constants
	body            func(v func(int) Register, at func(slice string) Mem)
}

func vector() {
	for _, e := range []elementwise{
		{"add", "func(n int, dst, src *float32)",
			[]string{"dst[i] += src[i]"},
			[]string{"dst", "src"}, nil, 0, add},
		{"addConstant", "func(n int, x *float32, value float32)",
			[]string{"x[i] += value"},
			[]string{"x"}, []string{"value"}, 0, addConstant},
		{"multiply", "func(n int, y, a, b *float32, scale float32)",
			[]string{"y[i] = a[i] * b[i] * scale"},
			[]string{"y", "a", "b"}, []string{"scale"}, 0, multiply},
		{"relu", "func(n int, y, x *float32)",
			[]string{"y[i] = x[i] // or 0 if x[i] < 0"},
			[]string{"y", "x"}, nil, 0, relu},
		{"reluBackward", "func(n int, dx, dy, y *float32)",
			[]string{"dx[i] = dy[i] // or 0 unless y[i] > 0"},
			[]string{"dx", "dy", "y"}, nil, 0, reluBackward},
		{"momentum", "func(n int, param, grad, velocity *float32, rate, momentum, decay float32)",
			[]string{"velocity[i] = momentum*velocity[i] + rate*(grad[i]+decay*param[i])", "param[i] -= velocity[i]"},
			[]string{"param", "grad", "velocity"}, []string{"rate", "momentum", "decay"}, 0, momentum},
		{"adamW", "func(n int, param, grad, m, v, constants *float32)",
			[]string{
				"m[i] = c[0]*m[i] + c[1]*grad[i]",
				"v[i] = c[2]*v[i] + c[3]*(grad[i]*grad[i])",
				"param[i] -= c[8] * (m[i]*c[4]/(sqrt(v[i]*c[5])+c[6]) + c[7]*param[i])",
			},
			[]string{"param", "grad", "m", "v"}, nil, 9, adamW},
	} {
		e.kernel("512", 16, 64)
		e.kernel("256", 8, 32)
	}
}

func (e elementwise) kernel(set string, lanes, size int) {
	TEXT(e.name+set, NOSPLIT, e.signature)
	Pragma("noescape")
	doc := []string{e.name + set + fmt.Sprintf(" works on n floats, a positive multiple of %d:", lanes), "", "\tfor i := range n {"}
	for _, line := range e.doc {
		doc = append(doc, "\t\t"+line)
	}
	Doc(append(doc, "\t}")...)
	v := ymm
	if lanes == 16 {
		v = zmm
	}
	n, offset := Load(Param("n"), GP64()), GP64()
	SHLQ(U8(2), n)
	pointers := map[string]Register{}
	for _, name := range e.slices {
		pointers[name] = Load(Param(name), GP64())
	}
	e.loadConstants(v)
	XORQ(offset, offset)
	Label("loop")
	e.body(v, func(slice string) Mem { return Mem{Base: pointers[slice], Index: offset, Scale: 1} })
	ADDQ(U8(size), offset)
	CMPQ(offset, n)
	JL(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// loadConstants fills the vectors from 7 on.
func (e elementwise) loadConstants(v func(int) Register) {
	for i, name := range e.constants {
		value := Load(Param(name), XMM())
		VBROADCASTSS(value, v(7+i))
	}
	if e.table > 0 {
		table := Load(Param("constants"), GP64())
		for i := range e.table {
			VBROADCASTSS(Mem{Base: table, Disp: 4 * i}, v(7+i))
		}
	}
}

func add(v func(int) Register, at func(string) Mem) {
	VMOVUPS(at("dst"), v(0))
	VADDPS(at("src"), v(0), v(0))
	VMOVUPS(v(0), at("dst"))
}

func addConstant(v func(int) Register, at func(string) Mem) {
	VADDPS(at("x"), v(7), v(0))
	VMOVUPS(v(0), at("x"))
}

func multiply(v func(int) Register, at func(string) Mem) {
	VMOVUPS(at("a"), v(0))
	VMULPS(at("b"), v(0), v(0))
	VMULPS(v(7), v(0), v(0))
	VMOVUPS(v(0), at("y"))
}

// relu relies on the maximum being its second operand, the one in memory, if
// there is a NaN or two zeros.
func relu(v func(int) Register, at func(string) Mem) {
	VXORPS(xmm(1), xmm(1), xmm(1))
	VMAXPS(at("x"), v(1), v(0))
	VMOVUPS(v(0), at("y"))
}

func reluBackward(v func(int) Register, at func(string) Mem) {
	const less = 0x11 // false for NaNs
	VXORPS(xmm(1), xmm(1), xmm(1))
	if v(0).Size() == 64 {
		VCMPPS(U8(less), at("y"), v(1), K1)
		VMOVUPS_Z(at("dy"), K1, v(0))
	} else {
		VCMPPS(U8(less), at("y"), v(1), v(0))
		VANDPS(at("dy"), v(0), v(0))
	}
	VMOVUPS(v(0), at("dx"))
}

func momentum(v func(int) Register, at func(string) Mem) {
	rate, momentum, decay := v(7), v(8), v(9)
	VMOVUPS(at("param"), v(0))
	VMULPS(v(0), decay, v(1))
	VADDPS(at("grad"), v(1), v(1))
	VMULPS(v(1), rate, v(1))
	VMULPS(at("velocity"), momentum, v(2))
	VADDPS(v(1), v(2), v(2))
	VMOVUPS(v(2), at("velocity"))
	VSUBPS(v(2), v(0), v(0))
	VMOVUPS(v(0), at("param"))
}

func adamW(v func(int) Register, at func(string) Mem) {
	c := func(i int) Register { return v(7 + i) }
	VMOVUPS(at("grad"), v(0))
	VMULPS(at("m"), c(0), v(1))
	VMULPS(v(0), c(1), v(2))
	VADDPS(v(2), v(1), v(1))
	VMOVUPS(v(1), at("m"))
	VMULPS(v(0), v(0), v(0))
	VMULPS(v(0), c(3), v(0))
	VMULPS(at("v"), c(2), v(2))
	VADDPS(v(0), v(2), v(2))
	VMOVUPS(v(2), at("v"))

	VMULPS(c(5), v(2), v(2))
	VSQRTPS(v(2), v(2))
	VADDPS(c(6), v(2), v(2))
	VMULPS(c(4), v(1), v(1))
	VDIVPS(v(2), v(1), v(1))
	VMOVUPS(at("param"), v(0))
	VMULPS(v(0), c(7), v(2))
	VADDPS(v(2), v(1), v(1))
	VMULPS(c(8), v(1), v(1))
	VSUBPS(v(1), v(0), v(0))
	VMOVUPS(v(0), at("param"))
}
