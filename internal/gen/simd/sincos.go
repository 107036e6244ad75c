package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The constants of sinCos.
const (
	twoOverPi = iota
	halfPiHigh
	halfPiLow
	largest
	absolute // a mask
	one
	two           // an integer
	sineFactors   // of the polynomials, highest power first
	cosineFactors = sineFactors + 4
	constants     = cosineFactors + 5
)

// sinCosBits returns the constants, which are those of sinCosRef.
func sinCosBits() (bits [constants]uint64) {
	for i, v := range []float64{2 / math.Pi, 0x1.921fb544p+00, 0x1.0b4611a626331p-34, 1 << 20} {
		bits[twoOverPi+i] = math.Float64bits(v)
	}
	bits[absolute], bits[one], bits[two] = math.MaxInt64, math.Float64bits(1), 2
	for i, n := range []int{9, 7, 5, 3, 10, 8, 6, 4, 2} {
		sign := 1.0
		if n/2%2 == 1 {
			sign = -1
		}
		bits[sineFactors+i] = math.Float64bits(sign / math.Gamma(float64(n+1)))
	}
	return bits
}

// sinCosKernel writes sinCos for registers of 8 or 4 doubles. The constants
// take 16 registers of the 32 that the wide ones are; for the narrow ones they
// stay in memory.
type sinCosKernel struct {
	lanes    int
	v, half  func(int) Register // half of a register holds as many floats
	constant func(int) Op
}

func sinCos() {
	table := GLOBL("sinCosTable", RODATA|NOPTR)
	for i, bits := range sinCosBits() {
		for lane := range 4 {
			DATA(32*i+8*lane, U64(bits))
		}
	}
	sinCosKernel{8, zmm, ymm, func(i int) Op { return zmm(16 + i) }}.function("sinCos512", table)
	sinCosKernel{4, ymm, xmm, func(i int) Op { return table.Offset(32 * i) }}.function("sinCos256", table)
}

func (k sinCosKernel) wide() bool { return k.lanes == 8 }

func (k sinCosKernel) function(name string, table Mem) {
	TEXT(name, NOSPLIT, "func(n int, sin, cos, x *float32) (outside uint64)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s equals, for a multiple n > 0 of %d,", name, k.lanes), "",
		"\tfor i := range n {",
		"\t\tsin[i], cos[i] = sinCosRef(x[i])",
		"\t\tif !(math.Abs(x[i]) <= sinCosLargest) {",
		"\t\t\toutside = 1 // or more; the result for x[i] is then a wrong one",
		"\t\t}",
		"\t}")
	n := Load(Param("n"), GP64())
	sin, cos, x := Load(Param("sin"), GP64()), Load(Param("cos"), GP64()), Load(Param("x"), GP64())
	if k.wide() {
		for i := range constants {
			VBROADCASTSD(table.Offset(32*i), zmm(16+i))
		}
		KXORW(K2, K2, K2)
	} else {
		VXORPD(ymm(15), ymm(15), ymm(15))
	}
	offset := GP64()
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
		VMOVMSKPD(ymm(15), outside.As32())
	}
	Store(outside, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// body computes as many sines and cosines as there are lanes, operation by
// operation as sinCosRef does.
func (k sinCosKernel) body(x, sin, cos Mem) {
	r, turns, square, s, c, t, quadrant := k.v(0), k.v(1), k.v(2), k.v(3), k.v(4), k.v(5), k.v(6)
	VCVTPS2PD(x, r)
	k.noteOutside(r, t)

	VMULPD(k.constant(twoOverPi), r, turns)
	if k.wide() { // both round to even
		VCVTPD2DQ(turns, k.half(7))
	} else {
		VCVTPD2DQY(turns, k.half(7))
	}
	VCVTDQ2PD(k.half(7), turns)
	VPMOVSXDQ(k.half(7), quadrant)
	VMULPD(k.constant(halfPiHigh), turns, t)
	VSUBPD(t, r, r)
	VMULPD(k.constant(halfPiLow), turns, t)
	VSUBPD(t, r, r)

	VMULPD(r, r, square)
	k.polynomial(square, s, sineFactors, 4)
	VMULPD(square, s, s)
	VMULPD(r, s, s)
	VADDPD(r, s, s)
	k.polynomial(square, c, cosineFactors, 5)
	VMULPD(square, c, c)
	VADDPD(k.constant(one), c, c)
	k.place(quadrant, s, c, t)
	k.store(s, sin)
	k.store(c, cos)
}

// noteOutside remembers whether a lane of x is beyond the largest argument, or
// NaN.
func (k sinCosKernel) noteOutside(x, t Register) {
	const notLessOrEqual = 0x16 // true for NaNs
	if k.wide() {
		VPANDQ(k.constant(absolute), x, t)
		VCMPPD(U8(notLessOrEqual), k.constant(largest), t, K1)
		KORW(K1, K2, K2)
		return
	}
	VANDPD(k.constant(absolute), x, t)
	VCMPPD(U8(notLessOrEqual), k.constant(largest), t, t)
	VORPD(t, ymm(15), ymm(15))
}

// polynomial evaluates count factors by Horner's scheme.
func (k sinCosKernel) polynomial(x, result Register, first, count int) {
	VMULPD(k.constant(first), x, result)
	for i := 1; i < count; i++ {
		VADDPD(k.constant(first+i), result, result)
		if i < count-1 {
			VMULPD(x, result, result)
		}
	}
}

// place exchanges s and c in odd quadrants, and turns the sine's sign in
// quadrants 2 and 3 and the cosine's in 1 and 2.
func (k sinCosKernel) place(quadrant, s, c, t Register) {
	swapped, ones := k.v(8), k.v(9)
	if k.wide() {
		VPSLLQ(U8(63), quadrant, t)
		VPMOVQ2M(t, K1)
		VBLENDMPD(c, s, K1, swapped)
		VBLENDMPD(s, c, K1, c)
		VPTERNLOGD(U8(255), ones, ones, ones)
	} else {
		VPSLLQ(U8(63), quadrant, t)
		VBLENDVPD(t, c, s, swapped)
		VBLENDVPD(t, s, c, c)
		VPCMPEQD(ones, ones, ones)
	}
	k.flip(quadrant, swapped, t)
	VPSUBQ(ones, quadrant, quadrant) // + 1
	k.flip(quadrant, c, t)
	VMOVAPD(swapped, s)
}

// flip changes the sign of value where bit 1 of quadrant is set.
func (k sinCosKernel) flip(quadrant, value, t Register) {
	if k.wide() {
		VPANDQ(k.constant(two), quadrant, t)
		VPSLLQ(U8(62), t, t)
		VPXORQ(t, value, value)
		return
	}
	VPAND(k.constant(two), quadrant, t)
	VPSLLQ(U8(62), t, t)
	VPXOR(t, value, value)
}

// store rounds to floats.
func (k sinCosKernel) store(value Register, to Mem) {
	if k.wide() {
		VCVTPD2PS(value, k.half(10))
	} else {
		VCVTPD2PSY(value, k.half(10))
	}
	VMOVUPS(k.half(10), to)
}
