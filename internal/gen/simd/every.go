package main

import (
	"fmt"

	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// every writes kernels that copy every so manyth float of rows.
func every() {
	var numbers []uint32
	for i := range uint32(16) {
		numbers = append(numbers, i)
	}
	lanes := table("laneNumbers", numbers)
	everySet{tileSet{"512", 16, zmm}}.function(lanes)
	everySet{tileSet{"256", 8, ymm}}.function(lanes)
}

// everySet has masks and their registers in common with tileSet.
type everySet struct{ tileSet }

// function puts a vector of dst together from vectors of src, as many as the
// distance of the floats: lane k of dst is element k*every%lanes of vector
// k*every/lanes.
func (s everySet) function(lanes Mem) {
	TEXT("copyEvery"+s.name, NOSPLIT, "func(dst *float32, dstStride int, src *float32, srcStride, every, width, height int, masks *int32)")
	Pragma("noescape")
	Doc(
		fmt.Sprintf("copyEvery%s copies every so manyth float of rows:", s.name),
		"",
		"\tfor i := range height { // at least 1",
		"\t\tfor j := range width { // at least 1",
		"\t\t\tdst[i*dstStride+j] = src[i*srcStride+j*every]",
		"\t\t}",
		"\t}",
		"",
		fmt.Sprintf("masks[%d-n:] holds n times -1, then zeros.", s.lanes),
	)
	out, data, element, number, current, one := s.vector(0), s.vector(1), s.vector(2), s.vector(3), s.vector(4), s.vector(5)
	s.numbers(lanes, element, number, one)
	dst, src, every := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("every"), GP64())
	dstStride, srcStride, height := bytes("dstStride"), bytes("srcStride"), Load(Param("height"), GP64())
	step := GP64()
	IMUL3Q(U32(4*s.lanes), every, step)

	Label("row")
	from, to, width := GP64(), GP64(), Load(Param("width"), GP64())
	MOVQ(src, from)
	MOVQ(dst, to)
	Label("columns")
	at, left := GP64(), GP64() // floats of src up to the last that is needed
	MOVQ(from, at)
	LEAQ(Mem{Base: width, Disp: -1}, left)
	IMULQ(every, left)
	INCQ(left)
	VXORPS(out.(Vec).AsX(), out.(Vec).AsX(), out.(Vec).AsX())
	VXORPS(current.(Vec).AsX(), current.(Vec).AsX(), current.(Vec).AsX())
	vectors := GP64()
	MOVQ(every, vectors)
	Label("vector")
	CMPQ(left, U8(s.lanes))
	JL(LabelRef("part"))
	VMOVUPS(Mem{Base: at}, data)
	JMP(LabelRef("loaded"))
	Label("part")
	s.setMask(left)
	loadMasked(Mem{Base: at}, s.mask(), data)
	Label("loaded")
	s.take(data, element, number, current, out)
	VPADDD(one, current, current)
	ADDQ(U8(4*s.lanes), at)
	SUBQ(U8(s.lanes), left)
	JLE(LabelRef("taken"))
	DECQ(vectors)
	JNZ(LabelRef("vector"))
	Label("taken")
	s.setMask(width)
	storeMasked(out, s.mask(), Mem{Base: to})
	ADDQ(step, from)
	ADDQ(U8(4*s.lanes), to)
	SUBQ(U8(s.lanes), width)
	JG(LabelRef("columns"))
	ADDQ(srcStride, src)
	ADDQ(dstStride, dst)
	DECQ(height)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// numbers sets, lane by lane, the elements to take and the numbers of their
// vectors, and ones.
func (s everySet) numbers(lanes Mem, element, number, one Register) {
	shift := map[int]uint64{16: 4, 8: 3}[s.lanes]
	VPBROADCASTD(isa.Parameter("every"), element)
	VPMULLD(lanes, element, element)
	VPSRLD(U8(shift), element, number)
	VPSLLD(U8(shift), number, one)
	VPSUBD(one, element, element)
	if s.lanes == 16 {
		VPTERNLOGD(U8(0xff), one, one, one)
	} else {
		VPCMPEQD(one, one, one)
	}
	VPSRLD(U8(31), one, one)
}

// take takes the elements of the current vector.
func (s everySet) take(data, element, number, current, out Register) {
	if s.lanes == 16 {
		VPCMPEQD(current, number, K2)
		VPERMPS(data, element, K2, out)
		return
	}
	mask := s.vector(6)
	VPCMPEQD(current, number, mask)
	VPERMPS(data, element, data)
	VBLENDVPS(mask, data, out, out)
}
