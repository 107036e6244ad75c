package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dots writes kernels for the dot products of a row of A and rows of B, which
// stream from memory: four rows at a time, with 16 sums each, in one register
// or in two.
func dots() {
	dotSet{"dots512", 16, 4}.function()
	dotSet{"dots256", 8, 4}.function()
	dotSet{"int8Dots512", 16, 1}.function()
	dotSet{"int8Dots256", 8, 1}.function()
}

type dotSet struct {
	name  string
	lanes int // floats in a vector
	size  int // bytes of a number of B: 4 for float32, 1 for int8
}

const (
	dotRows  = 4
	dotLanes = 16
)

func (d dotSet) function() {
	kind := "float32"
	if d.size == 1 {
		kind = "int8"
	}
	TEXT(d.name, NOSPLIT, "func(k, rows int, a *float32, b *"+kind+", bRow int, c *float32, mask *int32)")
	Pragma("noescape")
	d.documentation()
	rows := Load(Param("rows"), GP64())
	b, bRow, c := Load(Param("b"), GP64()), Load(Param("bRow"), GP64()), Load(Param("c"), GP64())
	if d.size == 4 {
		SHLQ(U8(2), bRow)
	}
	bRow3 := GP64()
	LEAQ(Mem{Base: bRow, Index: bRow, Scale: 2}, bRow3)

	Label("rows")
	for i := range dotRows * d.vectors() {
		VXORPS(xmm(i), xmm(i), xmm(i))
	}
	k, a, at := Load(Param("k"), GP64()), Load(Param("a"), GP64()), GP64()
	MOVQ(b, at)
	add := func(load func(from Mem, to Register)) { d.products(a, at, bRow, bRow3, load) }
	Label("k")
	SUBQ(U8(dotLanes), k)
	JL(LabelRef("rest"))
	add(func(from Mem, to Register) { VMOVUPS(from, to) })
	ADDQ(U8(4*dotLanes), a)
	ADDQ(U8(d.size*dotLanes), at)
	JMP(LabelRef("k"))
	Label("rest")
	ADDQ(U8(dotLanes), k)
	JZ(LabelRef("reduce"))
	add(d.loadPart())
	Label("reduce")
	d.reduce(c)

	SUBQ(U8(dotRows), rows)
	JLE(LabelRef("done"))
	LEAQ(Mem{Base: b, Index: bRow, Scale: dotRows}, b)
	ADDQ(U8(4*dotRows), c)
	CMPQ(rows, U8(dotRows))
	JGE(LabelRef("rows"))
	// The last four begin among those before.
	SUBQ(U8(dotRows), rows)
	LEAQ(Mem{Base: c, Index: rows, Scale: 4}, c)
	back := GP64()
	MOVQ(rows, back)
	IMULQ(bRow, back)
	ADDQ(back, b)
	MOVQ(U32(dotRows), rows)
	JMP(LabelRef("rows"))
	Label("done")
	VZEROUPPER()
	RET()
}

// products emits the multiply-adds of 16 columns of a row of A, at a, and of four rows of B,
// the first of which is at the given place.
func (d dotSet) products(a, at, bRow, bRow3 Register, load func(from Mem, to Register)) {
	for v := range d.vectors() {
		load(Mem{Base: a, Disp: 4 * d.lanes * v}, d.row(v))
	}
	for j := range dotRows {
		for v := range d.vectors() {
			from := nth(at, j, bRow, bRow3)
			from.Disp = d.size * d.lanes * v
			if d.size == 4 {
				load(from, d.column())
			} else { // whole vectors: rows are followed by zeros
				VPMOVSXBD(from, d.column())
				VCVTDQ2PS(d.column(), d.column())
			}
			VFMADD231PS(d.column(), d.row(v), d.sum(j, v))
		}
	}
}

func (d dotSet) documentation() {
	element := "b[j*bRow+p]"
	if d.size == 1 {
		element = "float32(b[j*bRow+p])"
	}
	lines := []string{
		d.name + " multiplies a row of A by rows (at least 4) of B:",
		"",
		"\tfor j := range rows {",
		"\t\tvar sums [16]float32",
		"\t\tfor p := range k {",
		"\t\t\tsums[p%16] = fma(a[p], " + element + ", sums[p%16])",
		"\t\t}",
		"\t\tfor i := range 8 {",
		"\t\t\tsums[i] += sums[8+i]",
		"\t\t}",
		"\t\tfor i := range 4 {",
		"\t\t\tsums[i] += sums[4+i]",
		"\t\t}",
		"\t\tc[j] = (sums[0] + sums[1]) + (sums[2] + sums[3])",
		"\t}",
		"",
		fmt.Sprintf("mask[i] is -1 for i from 0 to k%%%d-1, and 0 from there to %d.", dotLanes, dotLanes-1),
	}
	if d.size == 1 {
		lines = append(lines, fmt.Sprintf("Rows of B are read up to a multiple of %d.", dotLanes))
	}
	Doc(lines...)
}

func (d dotSet) vectors() int { return dotLanes / d.lanes }

func (d dotSet) vector(i int) Register {
	if d.lanes == 16 {
		return zmm(i)
	}
	return ymm(i)
}

func (d dotSet) sum(column, v int) Register { return d.vector(column*d.vectors() + v) }
func (d dotSet) row(v int) Register         { return d.vector(dotRows*d.vectors() + v) }
func (d dotSet) column() Register           { return d.vector((dotRows + 1) * d.vectors()) }

// loadPart returns a function that loads what the mask admits, and else zeros.
func (d dotSet) loadPart() func(from Mem, to Register) {
	mask := Load(Param("mask"), GP64())
	if d.lanes == 16 {
		loadMask(Mem{Base: mask}, K1, zmm(15))
		return func(from Mem, to Register) { loadMasked(from, K1, to) }
	}
	for part := range 2 {
		loadMask(Mem{Base: mask, Disp: 32 * part}, ymm(14+part), nil)
	}
	return func(from Mem, to Register) { loadMasked(from, ymm(14+from.Disp/32), to) }
}

// reduce adds up the sums of each column and stores them.
func (d dotSet) reduce(c Register) {
	for j := range dotRows {
		low, high := ymm(j*d.vectors()), ymm(15)
		if d.lanes == 16 {
			VEXTRACTF64X4(U8(1), zmm(j), high)
		} else {
			high = d.sum(j, 1)
		}
		VADDPS(high, low, low)
		VEXTRACTF128(U8(1), low, xmm(15))
		VADDPS(xmm(15), xmm(j*d.vectors()), xmm(j*d.vectors()))
	}
	first := func(j int) Register { return xmm(j * d.vectors()) }
	VHADDPS(first(1), first(0), first(0))
	VHADDPS(first(3), first(2), first(2))
	VHADDPS(first(2), first(0), first(0))
	VMOVUPS(first(0), Mem{Base: c})
}
