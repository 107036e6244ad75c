package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transpose8 writes the AVX2 kernel. The last block of columns steps back so
// that it is whole.
func transpose8() {
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

// transpose16 writes the AVX-512 kernel. The last block of columns steps back,
// too, and rows that are not there are those of the last one.
func transpose16() {
	TEXT("transpose16", NOSPLIT, "func(dst *float32, dstStride int, src *float32, srcStride, rows, cols int)")
	Pragma("noescape")
	Doc(
		"transpose16 turns up to 16 rows of src into columns:",
		"",
		"\tfor j := range cols { // at least 16",
		"\t\tfor i := range rows { // 1 to 16",
		"\t\t\tdst[j*dstStride+i] = src[i*srcStride+j]",
		"\t\t}",
		"\t}",
	)
	dst, dstStride, dstStride3 := Load(Param("dst"), GP64()), bytes("dstStride"), GP64()
	src, srcStride := Load(Param("src"), GP64()), bytes("srcStride")
	rows, cols := Load(Param("rows"), GP64()), Load(Param("cols"), GP64())
	LEAQ(Mem{Base: dstStride, Index: dstStride, Scale: 2}, dstStride3)
	lowMask(rows, K1)

	Label("block")
	row, next := GP64(), GP64()
	MOVQ(src, row)
	for i := range 16 {
		if i > 0 {
			LEAQ(Mem{Base: row, Index: srcStride, Scale: 1}, next)
			CMPQ(rows, U8(i))
			CMOVQGT(next, row)
		}
		VMOVUPS(Mem{Base: row}, zmm(i))
	}
	transposeBlock(zmm)
	for j := range 16 {
		column := nth(dst, j%4, dstStride, dstStride3)
		VMOVUPS(zmm(j), K1, column)
		if j%4 == 3 {
			LEAQ(Mem{Base: dst, Index: dstStride, Scale: 4}, dst)
		}
	}
	SUBQ(U8(16), cols)
	JLE(LabelRef("done"))
	ADDQ(U8(64), src)
	CMPQ(cols, U8(16))
	JGE(LabelRef("block"))
	back := GP64()
	LEAQ(Mem{Base: cols, Disp: -16}, back)
	LEAQ(Mem{Base: src, Index: back, Scale: 4}, src)
	IMULQ(dstStride, back)
	ADDQ(back, dst)
	MOVQ(U64(16), cols)
	JMP(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	RET()
}

// lowMask selects the first n lanes of 16.
func lowMask(n, mask Register) {
	bits := GP32()
	MOVL(U32(0xffff), bits)
	BZHIL(n.(GP).As32(), bits, bits)
	KMOVW(bits, mask)
}

// transposeBlock transposes vectors 0 to 15 of v with the help of 16 to 19:
// pairs, then quadruples, within the 128-bit lanes, then the lanes.
func transposeBlock(v func(int) Register) {
	for i := 0; i < 16; i += 4 {
		VUNPCKLPS(v(i+1), v(i), v(16))
		VUNPCKHPS(v(i+1), v(i), v(17))
		VUNPCKLPS(v(i+3), v(i+2), v(18))
		VUNPCKHPS(v(i+3), v(i+2), v(19))
		VUNPCKLPD(v(18), v(16), v(i))
		VUNPCKHPD(v(18), v(16), v(i+1))
		VUNPCKLPD(v(19), v(17), v(i+2))
		VUNPCKHPD(v(19), v(17), v(i+3))
	}
	// Lane l of vector i+j holds rows i to i+3 of column 4l+j.
	const even, odd, low, high = 0x88, 0xdd, 0x44, 0xee
	for j := range 4 {
		VSHUFF32X4(U8(low), v(4+j), v(j), v(16))
		VSHUFF32X4(U8(high), v(4+j), v(j), v(17))
		VSHUFF32X4(U8(low), v(12+j), v(8+j), v(18))
		VSHUFF32X4(U8(high), v(12+j), v(8+j), v(19))
		VSHUFF32X4(U8(even), v(18), v(16), v(j))
		VSHUFF32X4(U8(odd), v(18), v(16), v(4+j))
		VSHUFF32X4(U8(even), v(19), v(17), v(8+j))
		VSHUFF32X4(U8(odd), v(19), v(17), v(12+j))
	}
}

// copyPanels writes kernels that gather panels of two vectors.
func copyPanels(name string, size int, vector func(int) Register) {
	TEXT(name, NOSPLIT, "func(dst *float32, dstPanel int, src *float32, srcStride, rows, panels int)")
	Pragma("noescape")
	floats := size / 2
	Doc(
		name+" copies rows panel by panel:",
		"",
		"\tfor p := range rows {",
		"\t\tfor q := range panels {",
		fmt.Sprintf("\t\t\tcopy(dst[q*dstPanel+p*%d:][:%d], src[p*srcStride+q*%d:])", floats, floats, floats),
		"\t\t}",
		"\t}",
	)
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	dstPanel, srcStride := bytes("dstPanel"), bytes("srcStride")
	rows, panels := Load(Param("rows"), GP64()), Load(Param("panels"), GP64())
	Label("row")
	to, from, panel := GP64(), GP64(), GP64()
	MOVQ(dst, to)
	MOVQ(src, from)
	MOVQ(panels, panel)
	Label("panel")
	for d := 0; d < 2*size; d += 64 {
		// Rows are far apart, so that processors do not foresee the next one.
		PREFETCHNTA(Mem{Base: from, Disp: d, Index: srcStride, Scale: ahead})
	}
	VMOVUPS(Mem{Base: from}, vector(0))
	VMOVUPS(Mem{Base: from, Disp: size}, vector(1))
	VMOVUPS(vector(0), Mem{Base: to})
	VMOVUPS(vector(1), Mem{Base: to, Disp: size})
	ADDQ(U32(2*size), from)
	ADDQ(dstPanel, to)
	DECQ(panel)
	JNZ(LabelRef("panel"))
	ADDQ(srcStride, src)
	ADDQ(U32(2*size), dst)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}
