package main

import (
	"fmt"
	"math/bits"

	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// emitTranspose emits the kernel that transposes a matrix whose elements have
// 4, 8 or 16 bytes: 4 by 4 of them at a time.
func emitTranspose(size int) {
	name := fmt.Sprintf("transpose%dAVX2", size)
	TEXT(name, NOSPLIT, "func(y, x *byte, rows, columns int)")
	Pragma("noescape")
	Doc(
		fmt.Sprintf("%s equals, with elements of %d bytes, for multiples of 4", name, size),
		"greater than 0,",
		"",
		"\tfor i := range rows {",
		"\t\tfor j := range columns {",
		"\t\t\ty[j*rows+i] = x[i*columns+j]",
		"\t\t}",
		"\t}",
	)
	y := Load(Param("y"), GP64())
	x := Load(Param("x"), GP64())
	rows := Load(Param("rows"), GP64())
	columns := Load(Param("columns"), GP64())
	ofX, ofY := strideOf(columns, size), strideOf(rows, size)
	from, to, left := GP64(), GP64(), GP64()

	Label("rows")
	MOVQ(x, from)
	MOVQ(y, to)
	MOVQ(columns, left)
	Label("columns")
	switch size {
	case 4:
		emitTransposeBlock(ofX.lines(from), ofY.lines(to), isa.AVX128.Registers, transpose4)
	case 8:
		emitTransposeBlock(ofX.lines(from), ofY.lines(to), isa.AVX2.Registers, transpose8)
	case 16:
		emitMoves16(ofX.lines(from), ofY.lines(to))
	}
	ADDQ(Imm(uint64(4*size)), from)
	LEAQ(Mem{Base: to, Index: ofY.once, Scale: 4}, to)
	SUBQ(Imm(4), left)
	JNE(LabelRef("columns"))
	LEAQ(Mem{Base: x, Index: ofX.once, Scale: 4}, x)
	ADDQ(Imm(uint64(4*size)), y)
	SUBQ(Imm(4), rows)
	JNE(LabelRef("rows"))
	VZEROUPPER()
	RET()
}

// stride is the distance of the lines of a matrix in bytes, once and three times.
type stride struct{ once, thrice reg.GPVirtual }

func strideOf(elements reg.Register, size int) stride {
	s := stride{GP64(), GP64()}
	MOVQ(elements, s.once)
	SHLQ(Imm(uint64(bits.Len(uint(size))-1)), s.once)
	LEAQ(Mem{Base: s.once, Index: s.once, Scale: 2}, s.thrice)
	return s
}

// lines returns the places of 4 lines.
func (s stride) lines(first reg.Register) [4]Mem {
	return [4]Mem{
		{Base: first}, {Base: first, Index: s.once, Scale: 1},
		{Base: first, Index: s.once, Scale: 2}, {Base: first, Index: s.thrice, Scale: 1},
	}
}

// emitTransposeBlock emits a transposition in 4 registers, by way of 4 others.
func emitTransposeBlock(from, to [4]Mem, registers []register, transpose func(lines, free []register)) {
	lines := registers[:4]
	for i := range lines {
		VMOVUPS(from[i], lines[i])
	}
	transpose(lines, registers[4:8])
	for i := range lines {
		VMOVUPS(lines[i], to[i])
	}
}

// transpose4 emits the transposition of lines with elements of 4 bytes.
func transpose4(lines, free []register) {
	for i := 0; i < 4; i += 2 {
		VUNPCKLPS(lines[i+1], lines[i], free[i])   // columns 0 and 1 of two rows
		VUNPCKHPS(lines[i+1], lines[i], free[i+1]) // columns 2 and 3
	}
	for i := range 2 {
		VUNPCKLPD(free[2+i], free[i], lines[2*i])
		VUNPCKHPD(free[2+i], free[i], lines[2*i+1])
	}
}

// transpose8 is the same for elements of 8 bytes.
func transpose8(lines, free []register) {
	for i := 0; i < 4; i += 2 {
		VUNPCKLPD(lines[i+1], lines[i], free[i])   // columns 0 and 2 of two rows
		VUNPCKHPD(lines[i+1], lines[i], free[i+1]) // columns 1 and 3
	}
	for i := range 2 {
		VPERM2F128(Imm(0x20), free[2+i], free[i], lines[i])
		VPERM2F128(Imm(0x31), free[2+i], free[i], lines[2+i])
	}
}

// emitMoves16 is emitTransposeBlock for elements of 16 bytes.
func emitMoves16(from, to [4]Mem) {
	for i := range from {
		for j := range to {
			element := isa.AVX128.Registers[4*i+j]
			VMOVUPS(from[i].Offset(16*j), element)
			VMOVUPS(element, to[j].Offset(16*i))
		}
	}
}
