package main

import (
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// In the last, narrower columns, Y13 is the mask for outputs, and Y14 and Y15
// are those for the two vectors of a large row.
func pool256() {
	masks := table("laneMasks", append(slices.Repeat([]uint32{0xffffffff}, 16), make([]uint32, 16)...))

	TEXT("maxPool256", NOSPLIT, "func(y, x *float32, height, width int)")
	Pragma("noescape")
	Doc(append([]string{"maxPool256 takes the maxima of windows:", ""}, poolDoc...)...)
	p := newPlane([]string{"x"}, []string{"y"})
	p.columns256(masks, func(large, small []Register, masked bool) {
		p.loadWindows256(large[0], masked)
		for i := 1; i < 4; i++ {
			VCMPPS(U8(ordered), Y0, Y0, Y4)
			VCMPPS(U8(notLessOrEqual), Y0, ymm(i), Y5)
			VANDPS(Y4, Y5, Y5)
			VBLENDVPS(Y5, ymm(i), Y0, Y0)
		}
		store(Y0, Mem{Base: small[0]}, Y13, masked)
	})

	TEXT("maxPoolBackward256", NOSPLIT, "func(dx, dy, y, x *float32, height, width int)")
	Pragma("noescape")
	Doc(append([]string{"maxPoolBackward256 sends gradients to the maxima of windows:", ""}, poolBackwardDoc...)...)
	p = newPlane([]string{"dx", "x"}, []string{"dy", "y"})
	p.columns256(masks, func(large, small []Register, masked bool) {
		p.loadWindows256(large[1], masked)
		load(Mem{Base: small[0]}, Y8, Y13, masked)
		load(Mem{Base: small[1]}, Y9, Y13, masked)
		VPCMPEQD(Y7, Y7, Y7) // windows whose maximum is still to come
		for i := range 4 {
			VCMPPS(U8(notLess), Y9, ymm(i), Y6)
			VANDPS(Y7, Y6, Y6)
			VANDPS(Y8, Y6, ymm(i))
			VANDNPS(Y7, Y6, Y7)
		}
		p.storeWindows256(large[0], masked)
	})
}

func (p plane) columns256(masks Mem, body func(large, small []Register, masked bool)) {
	Label("columns")
	CMPQ(p.left, U8(8))
	JL(LabelRef("last"))
	p.rows("rows", func(large, small []Register) { body(large, small, false) })
	p.advance(8)
	JMP(LabelRef("columns"))
	Label("last")
	TESTQ(p.left, p.left)
	JZ(LabelRef("done"))
	p.setMasks256(masks)
	p.rows("rows_last", func(large, small []Register) { body(large, small, true) })
	Label("done")
	VZEROUPPER()
	RET()
}

// setMasks256 reads from the table at n floats before its zeros.
func (p plane) setMasks256(masks Mem) {
	base, back := GP64(), GP64()
	LEAQ(masks, base)
	MOVQ(p.left, back)
	NEGQ(back)
	VMOVUPS(Mem{Base: base, Index: back, Scale: 4, Disp: 64}, Y13)
	VMOVUPS(Mem{Base: base, Index: back, Scale: 8, Disp: 64}, Y14)
	VMOVUPS(Mem{Base: base, Index: back, Scale: 8, Disp: 96}, Y15)
}

// loadWindows256 fills Y0 to Y3 with the four pixels of 8 windows.
func (p plane) loadWindows256(x Register, masked bool) {
	for row := range 2 {
		at, even, odd := p.row(x, row), ymm(2*row), ymm(2*row+1)
		load(at, Y4, Y14, masked)
		load(at.Offset(32), Y5, Y15, masked)
		VSHUFPS(U8(0x88), Y5, Y4, even)
		VSHUFPS(U8(0xdd), Y5, Y4, odd)
		VPERMPD(U8(0xd8), even, even)
		VPERMPD(U8(0xd8), odd, odd)
	}
}

// storeWindows256 writes Y0 to Y3 where loadWindows256 reads them.
func (p plane) storeWindows256(x Register, masked bool) {
	for row := range 2 {
		at, even, odd := p.row(x, row), ymm(2*row), ymm(2*row+1)
		VUNPCKLPS(odd, even, Y4)
		VUNPCKHPS(odd, even, Y5)
		VPERM2F128(U8(0x20), Y5, Y4, Y6)
		VPERM2F128(U8(0x31), Y5, Y4, Y7)
		store(Y6, at, Y14, masked)
		store(Y7, at.Offset(32), Y15, masked)
	}
}

func load(at Mem, to, mask Register, masked bool) {
	if masked {
		loadMasked(at, mask, to)
	} else {
		VMOVUPS(at, to)
	}
}

func store(from Register, at Mem, mask Register, masked bool) {
	if masked {
		storeMasked(from, mask, at)
	} else {
		VMOVUPS(from, at)
	}
}
