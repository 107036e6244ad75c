package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Mask registers: K1 for outputs, K2 and K3 for the two vectors of a large
// row; K4 and K5 are free. Z28 to Z31 hold permutations.
func pool512(evenTable, oddTable Mem) {
	var low, high []uint32
	for i := range uint32(16) {
		low, high = append(low, i/2+i%2*16), append(high, 8+i/2+i%2*16)
	}
	lowTable, highTable := table("lowPairs", low), table("highPairs", high)

	TEXT("maxPool512", NOSPLIT, "func(y, x *float32, height, width int)")
	Pragma("noescape")
	Doc(append([]string{"maxPool512 takes the maxima of windows:", ""}, poolDoc...)...)
	p := newPlane([]string{"x"}, []string{"y"})
	VMOVUPS(evenTable, Z30)
	VMOVUPS(oddTable, Z31)
	p.columns512(func(large, small []Register) {
		p.loadWindows512(large[0])
		for i := 1; i < 4; i++ {
			VCMPPS(U8(ordered), Z0, Z0, K4)
			VCMPPS(U8(notLessOrEqual), Z0, zmm(i), K4, K5)
			VMOVAPS(zmm(i), K5, Z0)
		}
		VMOVUPS(Z0, K1, Mem{Base: small[0]})
	})

	TEXT("maxPoolBackward512", NOSPLIT, "func(dx, dy, y, x *float32, height, width int)")
	Pragma("noescape")
	Doc(append([]string{"maxPoolBackward512 sends gradients to the maxima of windows:", ""}, poolBackwardDoc...)...)
	p = newPlane([]string{"dx", "x"}, []string{"dy", "y"})
	VMOVUPS(lowTable, Z28)
	VMOVUPS(highTable, Z29)
	VMOVUPS(evenTable, Z30)
	VMOVUPS(oddTable, Z31)
	p.columns512(func(large, small []Register) {
		p.loadWindows512(large[1])
		VMOVUPS_Z(Mem{Base: small[0]}, K1, Z8)
		VMOVUPS_Z(Mem{Base: small[1]}, K1, Z9)
		KXNORW(K5, K5, K5) // windows whose maximum is still to come
		for i := range 4 {
			VCMPPS(U8(notLess), Z9, zmm(i), K5, K4)
			VMOVAPS_Z(Z8, K4, zmm(i))
			KANDNW(K5, K4, K5)
		}
		p.storeWindows512(large[0])
	})
}

func (p plane) columns512(body func(large, small []Register)) {
	Label("columns")
	setMasks(p.left)
	p.rows("rows", body)
	p.advance(16)
	JG(LabelRef("columns"))
	VZEROUPPER()
	RET()
}

// setMasks sets K1 to min(n, 16) ones, and K2 and K3 to twice as many.
func setMasks(n Register) {
	limit, bits := GP64(), GP64()
	MOVQ(U32(16), limit)
	MOVQ(n, RCX)
	CMPQ(RCX, limit)
	CMOVQGT(limit, RCX)
	MOVQ(U32(1), bits)
	SHLQ(CL, bits)
	DECQ(bits)
	KMOVW(bits.As32(), K1)
	INCQ(bits)
	SHLQ(CL, bits)
	DECQ(bits)
	KMOVW(bits.As32(), K2)
	SHRQ(U8(16), bits)
	KMOVW(bits.As32(), K3)
}

// loadWindows512 fills Z0 to Z3 with the four pixels of 16 windows.
func (p plane) loadWindows512(x Register) {
	for row := range 2 {
		at, even, odd := p.row(x, row), zmm(2*row), zmm(2*row+1)
		VMOVUPS_Z(at, K2, even)
		VMOVUPS_Z(at.Offset(64), K3, Z4)
		VMOVAPS(even, odd)
		VPERMT2PS(Z4, Z30, even)
		VPERMT2PS(Z4, Z31, odd)
	}
}

// storeWindows512 writes Z0 to Z3 where loadWindows512 reads them.
func (p plane) storeWindows512(x Register) {
	for row := range 2 {
		at, even, odd := p.row(x, row), zmm(2*row), zmm(2*row+1)
		VMOVAPS(even, Z4)
		VPERMT2PS(odd, Z28, Z4)
		VPERMT2PS(odd, Z29, even)
		VMOVUPS(Z4, K2, at)
		VMOVUPS(even, K3, at.Offset(64))
	}
}
