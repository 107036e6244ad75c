package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dots are the AVX-512 kernels for few rows of A and contiguous columns of B.
// They transpose blocks of 16 × 16 in registers and store them nowhere, since to
// multiply them with a few rows is less work than that.
//
// A sum waits for one product after the other, so that two sets of sums take
// turns: those of 16 columns and the next 16, or those of two blocks of the
// inner dimension. The latter reads half as many columns of B at a time: long
// columns are often a power of two apart, where few fit in the caches.
type dots struct {
	name    string
	vectors int
	pairs   bool
}

const dotsSignature = "func(rows, k, kNext int, a *float32, aRow, aNext int, b *float32, bCol, bNext int, c *float32, cRow int, " + epilogueSignature

func (d dots) function() {
	TEXT(d.name, NOSPLIT, dotsSignature)
	Pragma("noescape")
	d.documentation()
	rows := Load(Param("rows"), GP64())
	VPTERNLOGD(U8(0xff), Z0, Z0, Z0)
	VPMOVD2M(Z0, K1)
	for n := 3; n > 1; n-- {
		CMPQ(rows, U8(n))
		JEQ(LabelRef(fmt.Sprintf("rows%d", n)))
	}
	for n := 1; n <= 3; n++ {
		d.tile(n)
	}
}

func (d dots) documentation() {
	Doc(
		d.name+" multiplies rows (1 to 3) rows of A by columns of B:",
		"",
		"\tfor i := range rows {",
		"\t\tfor j := range 16 {",
		"\t\t\tsum, next := 0, 0",
		"\t\t\tfor p := range k {",
		"\t\t\t\tsum = fma(a[i*aRow+p], b[j*bCol+p], sum)",
		"\t\t\t}",
		"\t\t\tfor p := range kNext { // at most k",
		"\t\t\t\tnext = fma(a[aNext+i*aRow+p], b[bNext+j*bCol+p], next)",
		"\t\t\t}",
	)
	if d.pairs {
		Doc("\t\t\tc[i*cRow+j] = sum + next // after the epilogue")
	} else {
		Doc("\t\t\tc[i*cRow+j], c[i*cRow+16+j] = sum, next // after the epilogue")
	}
}

// side is one of the two sets of sums.
type side struct {
	k, a, b GPVirtual
	sums    []Register // one for each row
}

func (d dots) tile(rows int) {
	label := fmt.Sprintf("rows%d", rows)
	Label(label)
	for i := range 2 * rows {
		VXORPS(xmm(i), xmm(i), xmm(i))
	}
	first := side{k: Load(Param("k"), GP64()).(GPVirtual), a: Load(Param("a"), GP64()).(GPVirtual), b: Load(Param("b"), GP64()).(GPVirtual)}
	next := side{k: Load(Param("kNext"), GP64()).(GPVirtual), a: bytes("aNext"), b: bytes("bNext")}
	ADDQ(first.a, next.a)
	ADDQ(first.b, next.b)
	t := tileShape{lanes: 16, vectors: d.vectors}
	for i := range rows {
		first.sums = append(first.sums, t.sum(i, 0))
		if d.pairs {
			next.sums = append(next.sums, zmm(rows+i))
		} else {
			next.sums = append(next.sums, t.sum(i, 1))
		}
	}
	m := columns{aRow: bytes("aRow"), bCol: bytes("bCol"), bCol3: GP64()}
	LEAQ(Mem{Base: m.bCol, Index: m.bCol, Scale: 2}, m.bCol3)

	m.loop(label+"_both", next.k, first, next)
	m.rest(label+"_next", next)
	m.loop(label+"_first", first.k, first)
	m.rest(label+"_rest", first)
	t.store(rows, label, Load(Param("c"), GP64()), func() {
		if d.pairs {
			for i := range rows {
				VADDPS(next.sums[i], first.sums[i], first.sums[i])
			}
		}
	})
	VZEROUPPER()
	RET()
}

// columns are strides in bytes.
type columns struct {
	aRow, bCol, bCol3 Register
}

// loop takes steps of 16 along k while as much is left.
func (m columns) loop(label string, k Register, sides ...side) {
	Label(label)
	CMPQ(k, U8(16))
	JL(LabelRef(label + "_done"))
	for _, s := range sides {
		m.block(s, func(from Mem, to Register) {
			further := from
			further.Disp = 128
			PREFETCHNTA(further)
			VMOVUPS(from, to)
		}, func(p int) {})
		ADDQ(U8(64), s.a)
		ADDQ(U8(64), s.b)
		SUBQ(U8(16), s.k)
	}
	JMP(LabelRef(label))
	Label(label + "_done")
}

// rest is the last step, of less than 16.
func (m columns) rest(label string, s side) {
	TESTQ(s.k, s.k)
	JZ(LabelRef(label + "_done"))
	lowMask(s.k, K2)
	m.block(s, func(from Mem, to Register) { VMOVUPS_Z(from, K2, to) }, func(p int) {
		CMPQ(s.k, U8(p))
		JE(LabelRef(label + "_done"))
	})
	Label(label + "_done")
}

// block multiplies a block of 16 × 16 of B, and emits before in front of the
// products of column p of the transposed block.
func (m columns) block(s side, load func(from Mem, to Register), before func(p int)) {
	v := func(i int) Register { return zmm(12 + i) }
	column := GP64()
	MOVQ(s.b, column)
	for j := range 16 {
		load(nth(column, j%4, m.bCol, m.bCol3), v(j))
		if j%4 == 3 {
			LEAQ(Mem{Base: column, Index: m.bCol, Scale: 4}, column)
		}
	}
	transposeBlock(v)
	for p := range 16 {
		if p > 0 {
			before(p)
		}
		for i, sum := range s.sums {
			element := nth(s.a, i, m.aRow, nil)
			element.Disp = 4 * p
			VFMADD231PS_BCST(element, v(p), sum)
		}
	}
}
