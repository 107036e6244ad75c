package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Vector registers of the kernels; those from scratch on are free.
const (
	best       = 0 // the largest pixels so far
	bestIndex  = 1
	index      = 2 // of the pixels that are compared
	rowIndex   = 3 // of the windows' first pixels
	pixel      = 4 // to 6: three pixels side by side
	toNext     = 7 // pixel of the row
	toNextRow  = 8 // from the last pixel of a row of the window to the first of the next
	toNextRows = 9 // from a row of windows to the next
	scratch    = 10
	evens      = 14 // AVX-512: permutations
	odds       = 15
)

// windows3x3 takes the maxima of as many windows at a time as a vector has
// lanes. The last windows of a row are a whole vector too, some of which the
// one before has done already.
type windows3x3 struct {
	set                  string
	lanes                int
	v                    func(int) Register
	evenTable            Mem // 0, 2, 4 and so on
	y, index, x          GPVirtual
	j                    GPVirtual // the current column
	yStride, xStride     GPVirtual // bytes
	yRow, indexRow, xRow GPVirtual // at the current column and row
}

func pool3x3(evenTable, oddTable Mem) {
	for _, k := range []windows3x3{
		{set: "512", lanes: 16, v: zmm}, {set: "256", lanes: 8, v: ymm}, {set: "128", lanes: 4, v: xmm},
	} {
		k.evenTable = evenTable
		k.kernel(oddTable)
	}
}

func (k windows3x3) kernel(oddTable Mem) {
	name := "maxPoolOverlap" + k.set
	TEXT(name, NOSPLIT, "func(y *float32, index *int32, x *float32, height, width, yStride, xStride, base int)")
	Pragma("noescape")
	Doc(
		name+" takes the maxima of windows, with the rule of MaxPool for NaNs and equal values:",
		"",
		"\tfor i := range height { // at least 1",
		fmt.Sprintf("\t\tfor j := range width { // at least %d", k.lanes),
		"\t\t\tat := the index of the maximum of x[(2*i+r)*xStride+2*j+c], r and c from 0 to 2",
		"\t\t\ty[i*yStride+j], index[i*yStride+j] = x[at], base+at",
		"\t\t}",
		"\t}",
	)
	load := func(name string) GPVirtual { return Load(Param(name), GP64()).(GPVirtual) }
	k.y, k.index, k.x = load("y"), load("index"), load("x")
	k.yStride, k.xStride, k.j = bytes("yStride"), bytes("xStride"), GP64()
	k.yRow, k.indexRow, k.xRow = GP64(), GP64(), GP64()
	if k.lanes == 16 {
		VMOVUPS(k.evenTable, k.v(evens))
		VMOVUPS(oddTable, k.v(odds))
	}
	k.steps()
	XORQ(k.j, k.j)

	Label("columns")
	k.rows()
	ADDQ(U8(k.lanes), k.j)
	last := load("width")
	CMPQ(k.j, last)
	JGE(LabelRef("done"))
	SUBQ(U8(k.lanes), last)
	CMPQ(k.j, last)
	CMOVQGT(last, k.j)
	JMP(LabelRef("columns"))
	Label("done")
	VZEROUPPER()
	RET()
}

// steps sets the vectors that are the same everywhere.
func (k windows3x3) steps() {
	stride, step := Load(Param("xStride"), GP64()), GP64()
	LEAQ(Mem{Base: stride, Disp: -2}, step)
	k.broadcast(step, toNextRow)
	ADDQ(stride, stride)
	k.broadcast(stride.(GPVirtual), toNextRows)
	MOVQ(U32(1), step)
	k.broadcast(step, toNext)
}

func (k windows3x3) broadcast(value GPVirtual, to int) {
	VMOVD(value.As32(), xmm(to))
	VPBROADCASTD(xmm(to), k.v(to))
}

// rows goes down the rows, a vector of windows from column j on.
func (k windows3x3) rows() {
	base, height := Load(Param("base"), GP64()).(GPVirtual), Load(Param("height"), GP64())
	LEAQ(Mem{Base: base, Index: k.j, Scale: 2}, base)
	k.broadcast(base, rowIndex)
	VPADDD(k.evenTable, k.v(rowIndex), k.v(rowIndex))
	LEAQ(Mem{Base: k.y, Index: k.j, Scale: 4}, k.yRow)
	LEAQ(Mem{Base: k.index, Index: k.j, Scale: 4}, k.indexRow)
	LEAQ(Mem{Base: k.x, Index: k.j, Scale: 8}, k.xRow)

	Label("row")
	k.loadRow(Mem{Base: k.xRow})
	VMOVAPS(k.v(pixel), k.v(best))
	VMOVAPS(k.v(rowIndex), k.v(bestIndex))
	VMOVAPS(k.v(rowIndex), k.v(index))
	k.next(pixel+1, toNext)
	k.next(pixel+2, toNext)
	for row := 1; row < 3; row++ {
		k.loadRow(Mem{Base: k.xRow, Index: k.xStride, Scale: uint8(row)})
		k.next(pixel, toNextRow)
		k.next(pixel+1, toNext)
		k.next(pixel+2, toNext)
	}
	VMOVUPS(k.v(best), Mem{Base: k.yRow})
	VMOVUPS(k.v(bestIndex), Mem{Base: k.indexRow})
	VPADDD(k.v(toNextRows), k.v(rowIndex), k.v(rowIndex))
	ADDQ(k.yStride, k.yRow)
	ADDQ(k.yStride, k.indexRow)
	LEAQ(Mem{Base: k.xRow, Index: k.xStride, Scale: 2}, k.xRow)
	DECQ(height)
	JNZ(LabelRef("row"))
}

// loadRow fills pixel to pixel+2. It reads no more than the windows hold.
func (k windows3x3) loadRow(at Mem) {
	low, high := k.v(scratch), k.v(scratch+1)
	VMOVUPS(at, low)
	VMOVUPS(at.Offset(4*k.lanes), high)
	k.separate(low, high, k.v(pixel), nil)
	VMOVUPS(at.Offset(4), low)
	VMOVUPS(at.Offset(4+4*k.lanes), high)
	k.separate(low, high, k.v(pixel+1), k.v(pixel+2))
}

// separate takes the even and, unless that is nil, the odd floats of two
// vectors.
func (k windows3x3) separate(low, high, even, odd Register) {
	if k.lanes == 16 {
		VMOVAPS(k.v(evens), even)
		VPERMI2PS(high, low, even)
		if odd != nil {
			VMOVAPS(k.v(odds), odd)
			VPERMI2PS(high, low, odd)
		}
		return
	}
	VSHUFPS(U8(0x88), high, low, even)
	if odd != nil {
		VSHUFPS(U8(0xdd), high, low, odd)
	}
	if k.lanes == 8 { // the halves of the register were shuffled apart
		VPERMPD(U8(0xd8), even, even)
		if odd != nil {
			VPERMPD(U8(0xd8), odd, odd)
		}
	}
}

// next compares the next pixel, whose index is a step further, with the best.
func (k windows3x3) next(pixel, step int) {
	VPADDD(k.v(step), k.v(index), k.v(index))
	if k.lanes == 16 {
		VCMPPS(U8(ordered), k.v(best), k.v(best), K1)
		VCMPPS(U8(notLessOrEqual), k.v(best), k.v(pixel), K1, K2)
		VMOVAPS(k.v(pixel), K2, k.v(best))
		VMOVDQA32(k.v(index), K2, k.v(bestIndex))
		return
	}
	VCMPPS(U8(ordered), k.v(best), k.v(best), k.v(scratch))
	VCMPPS(U8(notLessOrEqual), k.v(best), k.v(pixel), k.v(scratch+1))
	VANDPS(k.v(scratch), k.v(scratch+1), k.v(scratch))
	VBLENDVPS(k.v(scratch), k.v(pixel), k.v(best), k.v(best))
	VBLENDVPS(k.v(scratch), k.v(index), k.v(bestIndex), k.v(bestIndex))
}
