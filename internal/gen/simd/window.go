package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func window() {
	rows("copyRows512", false, 16)
	rows("addRows512", true, 16, 8, 4, 1)
	rows("copyRows256", false, 8, 4, 1)
	rows("addRows256", true, 8, 4, 1)
	every()
}

// rows uses the widest vector that fits. Only a copy by AVX-512 uses a mask for
// the rest: AVX2's masked stores are slow, and in a sum, a masked load of dst
// would wait for a store to the next row where their unused parts overlap.
func rows(name string, add bool, widths ...int) {
	TEXT(name, NOSPLIT, "func(dst *float32, dstStride, dstPlane int, src *float32, srcStride, srcPlane, width, height, planes int)")
	Pragma("noescape")
	assign := "="
	if add {
		assign = "+="
	}
	Doc(
		name+" works on planes of height rows of width floats, each at least 1:",
		"",
		"\tfor p := range planes {",
		"\t\tfor i := range height {",
		"\t\t\tfor j := range width {",
		fmt.Sprintf("\t\t\t\tdst[p*dstPlane+i*dstStride+j] %s src[p*srcPlane+i*srcStride+j]", assign),
		"\t\t\t}",
		"\t\t}",
		"\t}",
		"",
		"It goes down the rows, a vector of columns at a time, as rows are often no longer.",
	)
	dstPlane, srcPlane := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	dstStride, srcStride := bytes("dstStride"), bytes("srcStride")
	planes := Load(Param("planes"), GP64())
	Label("plane")
	dst, src := GP64(), GP64()
	MOVQ(dstPlane, dst)
	MOVQ(srcPlane, src)
	width := Load(Param("width"), GP64())
	for _, lanes := range widths {
		label := fmt.Sprintf("columns%d", lanes)
		Label(label)
		CMPQ(width, U8(lanes))
		JL(LabelRef(label + "_done"))
		d, s, height := GP64(), GP64(), Load(Param("height"), GP64())
		MOVQ(dst, d)
		MOVQ(src, s)
		Label(label + "_row")
		addOrCopy(lanes, d, s, add)
		ADDQ(srcStride, s)
		ADDQ(dstStride, d)
		DECQ(height)
		JNZ(LabelRef(label + "_row"))
		ADDQ(U8(4*lanes), src)
		ADDQ(U8(4*lanes), dst)
		SUBQ(U8(lanes), width)
		JMP(LabelRef(label))
		Label(label + "_done")
	}
	if widths[len(widths)-1] == 16 {
		copyRest(dst, src, dstStride, srcStride, width)
	}
	ADDQ(bytes("dstPlane"), dstPlane)
	ADDQ(bytes("srcPlane"), srcPlane)
	DECQ(planes)
	JNZ(LabelRef("plane"))
	VZEROUPPER()
	RET()
}

// copyRest copies the last columns, less than 16.
func copyRest(dst, src, dstStride, srcStride, width Register) {
	TESTQ(width, width)
	JZ(LabelRef("rest_done"))
	lowMask(width, K1)
	height := Load(Param("height"), GP64())
	Label("rest_row")
	VMOVUPS_Z(Mem{Base: src}, K1, zmm(0))
	VMOVUPS(zmm(0), K1, Mem{Base: dst})
	ADDQ(srcStride, src)
	ADDQ(dstStride, dst)
	DECQ(height)
	JNZ(LabelRef("rest_row"))
	Label("rest_done")
}

func addOrCopy(lanes int, d, s Register, add bool) {
	at, from := Mem{Base: d}, Mem{Base: s}
	if lanes == 1 {
		VMOVSS(from, X0)
		if add {
			VADDSS(at, X0, X0)
		}
		VMOVSS(X0, at)
		return
	}
	value := map[int]Register{4: xmm(0), 8: ymm(0), 16: zmm(0)}[lanes]
	VMOVUPS(from, value)
	if add {
		VADDPS(at, value, value)
	}
	VMOVUPS(value, at)
}
