package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Predicates of VCMPPS that are true for NaNs and quiet about them, and one
// that is false.
const (
	notLess        = 0x15
	notLessOrEqual = 0x16
	ordered        = 0x07
)

func pool() {
	var even, odd []uint32
	for i := range uint32(16) {
		even, odd = append(even, 2*i), append(odd, 2*i+1)
	}
	evenTable, oddTable := table("evenFloats", even), table("oddFloats", odd)
	pool512(evenTable, oddTable)
	pool256()
	pool3x3(evenTable, oddTable)
}

var poolDoc = []string{
	"\tfor i := range height/2 { // at least 1",
	"\t\tfor j := range width/2 { // at least 1",
	"\t\t\ty[i*width/2+j] = max(x[2*i*width+2*j], x[2*i*width+2*j+1], x[(2*i+1)*width+2*j], x[(2*i+1)*width+2*j+1])",
	"\t\t}",
	"\t}",
	"",
	"with the rule of MaxPool2x2 for NaNs and zeros.",
}

var poolBackwardDoc = []string{
	"\tfor i := range height/2 { // at least 1",
	"\t\tfor j := range width/2 { // at least 1",
	"\t\t\twindow of dx := 0",
	"\t\t\tfirst of the window where !(x < y[i*width/2+j]) := dy[i*width/2+j]",
	"\t\t}",
	"\t}",
}

// plane walks down the pairs of rows of a plane, a vector of outputs at a
// time: large arrays have two rows of 2n floats where small ones have one of n.
type plane struct {
	large, small           []GPVirtual // at the current columns, first rows
	largeStride, smallStep Register    // bytes
	left                   Register    // outputs of a row from the current columns on
}

func newPlane(large, small []string) plane {
	var p plane
	for _, name := range large {
		p.large = append(p.large, Load(Param(name), GP64()).(GPVirtual))
	}
	for _, name := range small {
		p.small = append(p.small, Load(Param(name), GP64()).(GPVirtual))
	}
	p.left = Load(Param("width"), GP64())
	p.largeStride, p.smallStep = GP64(), GP64()
	MOVQ(p.left, p.largeStride)
	SHLQ(U8(2), p.largeStride)
	MOVQ(p.largeStride, p.smallStep)
	SHRQ(U8(1), p.smallStep)
	SHRQ(U8(1), p.left)
	return p
}

// rows runs body once for every pair of rows, with pointers to them.
func (p plane) rows(label string, body func(large, small []Register)) {
	var large, small []Register
	for _, base := range p.large {
		r := GP64()
		MOVQ(base, r)
		large = append(large, r)
	}
	for _, base := range p.small {
		r := GP64()
		MOVQ(base, r)
		small = append(small, r)
	}
	pairs := Load(Param("height"), GP64())
	SHRQ(U8(1), pairs)
	Label(label)
	body(large, small)
	for _, r := range large {
		LEAQ(Mem{Base: r, Index: p.largeStride, Scale: 2}, r)
	}
	for _, r := range small {
		ADDQ(p.smallStep, r)
	}
	DECQ(pairs)
	JNZ(LabelRef(label))
}

// row addresses the upper (0) or lower (1) row of a pair.
func (p plane) row(x Register, lower int) Mem {
	if lower == 0 {
		return Mem{Base: x}
	}
	return Mem{Base: x, Index: p.largeStride, Scale: 1}
}

// advance moves on by a vector of n outputs.
func (p plane) advance(n int) {
	for _, r := range p.large {
		ADDQ(U32(8*n), r)
	}
	for _, r := range p.small {
		ADDQ(U32(4*n), r)
	}
	SUBQ(U8(n), p.left)
}

func table(name string, values []uint32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range values {
		DATA(4*i, U32(v))
	}
	return m
}
