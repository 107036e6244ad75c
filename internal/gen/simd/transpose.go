package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transpose writes an AVX2 kernel that both instruction sets use. The last
// block of columns steps back so that it is whole.
func transpose() {
	TEXT("transpose8", NOSPLIT, "func(dst *float32, dstStride int, src *float32, srcStride, rows, cols int)")
	Pragma("noescape")
	Doc(
		"transpose8 turns 8 rows of src into columns:",
		"",
		"\tfor j := range cols { // at least 8",
		"\t\tfor i := range 8 {",
		"\t\t\tdst[j*dstStride+i] = src[min(i, rows-1)*srcStride+j]",
		"\t\t}",
		"\t}",
	)
	srcStride := bytes("srcStride")
	rows := Load(Param("rows"), GP64())
	src := []Register{Load(Param("src"), GP64())}
	for i := 1; i < 8; i++ {
		row, step := GP64(), GP64()
		XORQ(step, step)
		CMPQ(rows, U8(i))
		CMOVQGT(srcStride, step)
		LEAQ(Mem{Base: src[i-1], Index: step, Scale: 1}, row)
		src = append(src, row)
	}
	j := GP64()
	XORQ(j, j)

	Label("block")
	for i := range 8 {
		VMOVUPS(Mem{Base: src[i], Index: j, Scale: 4}, ymm(i))
	}
	transposeRegisters()
	storeColumns(j)

	ADDQ(U8(8), j)
	cols := Load(Param("cols"), GP64())
	CMPQ(j, cols)
	JGE(LabelRef("done"))
	SUBQ(U8(8), cols)
	CMPQ(j, cols)
	CMOVQGT(cols, j)
	JMP(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	RET()
}

// transposeRegisters transposes Y0 to Y7, rows of 8, into the columns Y8 to
// Y15: pairs, then quadruples, within the 128-bit lanes, then the lanes.
func transposeRegisters() {
	for i := 0; i < 8; i += 2 {
		VUNPCKLPS(ymm(i+1), ymm(i), ymm(8+i)) // columns 0, 1, 4, 5
		VUNPCKHPS(ymm(i+1), ymm(i), ymm(9+i)) // columns 2, 3, 6, 7
	}
	for half := 0; half < 8; half += 4 {
		low0, high0, low1, high1 := ymm(8+half), ymm(9+half), ymm(10+half), ymm(11+half)
		VUNPCKLPD(low1, low0, ymm(half))
		VUNPCKHPD(low1, low0, ymm(half+1))
		VUNPCKLPD(high1, high0, ymm(half+2))
		VUNPCKHPD(high1, high0, ymm(half+3))
	}
	for i := range 4 {
		VPERM2F128(U8(0x20), ymm(4+i), ymm(i), ymm(8+i))
		VPERM2F128(U8(0x31), ymm(4+i), ymm(i), ymm(12+i))
	}
}

// storeColumns writes Y8 to Y15 to rows j to j+7 of dst.
func storeColumns(j Register) {
	stride := bytes("dstStride")
	dst := GP64()
	MOVQ(stride, dst)
	IMULQ(j, dst)
	base := Load(Param("dst"), GP64())
	ADDQ(base, dst)
	for i := range 8 {
		VMOVUPS(ymm(8+i), Mem{Base: dst})
		if i < 7 {
			ADDQ(stride, dst)
		}
	}
}
