package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The constants of the cosine kernels, in the order of their table.
const (
	cosineOverPi = iota
	cosinePi1
	cosinePi2
	cosinePi3
	cosineLargest
	cosineAbsolute // a mask
	cosineOne
	cosineEven // of the polynomials, highest power first
	cosineOdd  = cosineEven + 5
	cosineAll  = cosineOdd + 4
)

// cosineBits returns the constants, which are those of scaledSinCosRef.
func cosineBits() (bits [cosineAll]uint32) {
	for i, v := range map[int]float32{
		cosineOverPi: 1 / math.Pi, cosinePi1: 0x1.92p+1, cosinePi2: 0x1.fb4p-11, cosinePi3: 0x1.4442d2p-23,
		cosineLargest: 1 << 14, cosineOne: 1,
		cosineEven: -0x1.1a5aaep-22, cosineEven + 1: 0x1.9fa5c8p-16, cosineEven + 2: -0x1.6c1528p-10,
		cosineEven + 3: 0x1.555552p-5, cosineEven + 4: -0.5,
		cosineOdd: 0x1.619d78p-19, cosineOdd + 1: -0x1.9fb654p-13, cosineOdd + 2: 0x1.11104cp-7, cosineOdd + 3: -0x1.555554p-3,
	} {
		bits[i] = math.Float32bits(v)
	}
	bits[cosineAbsolute] = math.MaxInt32
	return bits
}

// cosineKernel writes scaledCos or scaledSinCos for registers of 16 or 8
// floats. Constants are in registers 16 to 31 where there are so many, else in
// memory.
type cosineKernel struct {
	sines    bool
	lanes    int
	v        func(int) Register
	constant func(int) Op
}

func cosines() {
	table := GLOBL("cosineTable", RODATA|NOPTR)
	for i, bits := range cosineBits() {
		for lane := range 8 {
			DATA(32*i+4*lane, U32(bits))
		}
	}
	for _, sines := range []bool{false, true} {
		wide := func(i int) Op { return zmm(16 + i) }
		cosineKernel{sines, 16, zmm, wide}.function("512", table)
		cosineKernel{sines, 8, ymm, func(i int) Op { return table.Offset(32 * i) }}.function("256", table)
	}
}

func (k cosineKernel) wide() bool { return k.lanes == 16 }

// The registers that keep their values through the loop.
const (
	cosineScale   = 13
	cosineOutside = 15 // of the narrow kernels; the wide ones have K2
)

func (k cosineKernel) function(set string, table Mem) {
	name, results := "scaledCos"+set, "cos"
	if k.sines {
		name, results = "scaledSinCos"+set, "sin, cos"
	}
	TEXT(name, NOSPLIT, fmt.Sprintf("func(n int, %s, x *float32, scale float32) (outside uint64)", results))
	Pragma("noescape")
	line := "\t\t_, cos[i] = scaledSinCosRef(x[i], scale)"
	if k.sines {
		line = "\t\tsin[i], cos[i] = scaledSinCosRef(x[i], scale)"
	}
	Doc(fmt.Sprintf("%s equals, for a multiple n > 0 of %d,", name, k.lanes), "",
		"\tfor i := range n {", line,
		"\t\tif !(math.Abs(x[i]) <= scaledLargest) {",
		"\t\t\toutside = 1 // or more; the result for x[i] is then a wrong one",
		"\t\t}",
		"\t}")
	n, offset := Load(Param("n"), GP64()), GP64()
	cos, x := Load(Param("cos"), GP64()), Load(Param("x"), GP64())
	sin := cos
	if k.sines {
		sin = Load(Param("sin"), GP64())
	}
	VBROADCASTSS(Load(Param("scale"), XMM()), k.v(cosineScale))
	k.prepare(table)
	XORQ(offset, offset)
	SHLQ(U8(2), n)
	Label("loop")
	at := func(base Register) Mem { return Mem{Base: base, Index: offset, Scale: 1} }
	k.body(at(x), at(sin), at(cos))
	ADDQ(U8(4*k.lanes), offset)
	CMPQ(offset, n)
	JL(LabelRef("loop"))
	outside := GP64()
	if k.wide() {
		KMOVW(K2, outside.As32())
	} else {
		VMOVMSKPS(ymm(cosineOutside), outside.As32())
	}
	Store(outside, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// prepare loads what stays in registers.
func (k cosineKernel) prepare(table Mem) {
	if !k.wide() {
		VXORPS(ymm(cosineOutside), ymm(cosineOutside), ymm(cosineOutside))
		return
	}
	for i := range cosineAll {
		VBROADCASTSS(table.Offset(32*i), zmm(16+i))
	}
	KXORW(K2, K2, K2)
}

// body computes a register of results, operation by operation as
// scaledSinCosRef does.
func (k cosineKernel) body(x, sin, cos Mem) {
	r, turns, t, square, c, sign := k.v(0), k.v(1), k.v(2), k.v(3), k.v(4), k.v(5)
	VMOVUPS(x, r)
	k.noteOutside(r, t)
	VMULPS(k.constant(cosineOverPi), r, turns)
	VCVTPS2DQ(turns, sign) // rounds to even
	VCVTDQ2PS(sign, turns)
	VPSLLD(U8(31), sign, sign)
	for _, part := range []int{cosinePi1, cosinePi2, cosinePi3} {
		VMULPS(k.constant(part), turns, t)
		VSUBPS(t, r, r)
	}
	VMULPS(r, r, square)
	k.polynomial(square, c, cosineEven, 5)
	VMULPS(square, c, c)
	VADDPS(k.constant(cosineOne), c, c)
	k.store(c, sign, cos)
	if k.sines {
		s := k.v(6)
		k.polynomial(square, s, cosineOdd, 4)
		VMULPS(square, s, s)
		VMULPS(r, s, s)
		VADDPS(r, s, s)
		k.store(s, sign, sin)
	}
}

// noteOutside remembers whether a lane of x is beyond the largest argument, or
// NaN.
func (k cosineKernel) noteOutside(x, t Register) {
	const notLessOrEqual = 0x16 // true for NaNs
	if k.wide() {
		VPANDD(k.constant(cosineAbsolute), x, t)
		VCMPPS(U8(notLessOrEqual), k.constant(cosineLargest), t, K1)
		KORW(K1, K2, K2)
		return
	}
	VANDPS(k.constant(cosineAbsolute), x, t)
	VCMPPS(U8(notLessOrEqual), k.constant(cosineLargest), t, t)
	VORPS(t, ymm(cosineOutside), ymm(cosineOutside))
}

// polynomial evaluates count factors by Horner's scheme.
func (k cosineKernel) polynomial(x, result Register, first, count int) {
	VMULPS(k.constant(first), x, result)
	for i := 1; i < count; i++ {
		VADDPS(k.constant(first+i), result, result)
		if i < count-1 {
			VMULPS(x, result, result)
		}
	}
}

// store turns the sign in odd half turns and multiplies by the scale.
func (k cosineKernel) store(value, sign Register, to Mem) {
	if k.wide() {
		VPXORD(sign, value, value)
	} else {
		VPXOR(sign, value, value)
	}
	VMULPS(k.v(cosineScale), value, value)
	VMOVUPS(value, to)
}
