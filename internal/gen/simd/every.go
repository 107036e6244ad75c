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
	v := everyVectors{s.vector(0), s.vector(1), s.vector(2), s.vector(3), s.vector(4), s.vector(5)}
	s.numbers(lanes, v)
	dst, src, every := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("every"), GP64())
	dstStride, srcStride, height := bytes("dstStride"), bytes("srcStride"), Load(Param("height"), GP64())
	step := GP64()
	IMUL3Q(U32(4*s.lanes), every, step)

	Label("row")
	from, to, width := GP64(), GP64(), Load(Param("width"), GP64())
	MOVQ(src, from)
	MOVQ(dst, to)
	Label("columns")
	s.collect(v, from, every, width)
	s.setMask(width)
	storeMasked(v.out, s.mask(), Mem{Base: to})
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

// everyVectors are the registers of a kernel.
type everyVectors struct {
	out             Register
	data            Register // a vector of src
	element, number Register // what to take for each lane of out: an element, and the number of its vector
	current, one    Register // the number of the vector in data, and the step to the next
}

// collect puts out together for the width floats that are left of a row.
func (s everySet) collect(v everyVectors, from, every, width Register) {
	at, left := GP64(), GP64() // floats of src up to the last that is needed
	MOVQ(from, at)
	LEAQ(Mem{Base: width, Disp: -1}, left)
	IMULQ(every, left)
	INCQ(left)
	for _, r := range []Register{v.out, v.current} {
		x := r.(Vec).AsX()
		VXORPS(x, x, x)
	}
	vectors := GP64()
	MOVQ(every, vectors)
	Label("vector")
	CMPQ(left, U8(s.lanes))
	JL(LabelRef("part"))
	VMOVUPS(Mem{Base: at}, v.data)
	JMP(LabelRef("loaded"))
	Label("part")
	s.setMask(left)
	loadMasked(Mem{Base: at}, s.mask(), v.data)
	Label("loaded")
	s.take(v)
	VPADDD(v.one, v.current, v.current)
	ADDQ(U8(4*s.lanes), at)
	SUBQ(U8(s.lanes), left)
	JLE(LabelRef("taken"))
	DECQ(vectors)
	JNZ(LabelRef("vector"))
	Label("taken")
}

// numbers sets element, number and one.
func (s everySet) numbers(lanes Mem, v everyVectors) {
	shift := map[int]uint64{16: 4, 8: 3}[s.lanes]
	VPBROADCASTD(isa.Parameter("every"), v.element)
	VPMULLD(lanes, v.element, v.element)
	VPSRLD(U8(shift), v.element, v.number)
	VPSLLD(U8(shift), v.number, v.one)
	VPSUBD(v.one, v.element, v.element)
	if s.lanes == 16 {
		VPTERNLOGD(U8(0xff), v.one, v.one, v.one)
	} else {
		VPCMPEQD(v.one, v.one, v.one)
	}
	VPSRLD(U8(31), v.one, v.one)
}

// take takes the elements of the current vector.
func (s everySet) take(v everyVectors) {
	if s.lanes == 16 {
		VPCMPEQD(v.current, v.number, K2)
		VPERMPS(v.data, v.element, K2, v.out)
		return
	}
	mask := s.vector(6)
	VPCMPEQD(v.current, v.number, mask)
	VPERMPS(v.data, v.element, v.data)
	VBLENDVPS(mask, v.data, v.out, v.out)
}
