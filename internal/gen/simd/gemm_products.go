package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// ahead is how many rows of B a tile prefetches: memory is far, and B's rows
// may be far apart. It is a scale of address modes.
const ahead = 8

// products2 holds a row of B, of one or two vectors, in the registers after the
// sums, and two elements of A in the two after, so that a broadcast does not
// wait for the products of the one before.
func (t tileShape) products2(rows int, label string, r tileRegisters) {
	t.eachVector(rows, r.c, func(v int, sum Register, c Mem) { PREFETCHT0(c) })
	k, b := Load(Param("k"), GP64()), GP64()
	MOVQ(r.b, b)
	// Where k is small, so is B, and in the caches.
	distance, none := GP64(), GP64()
	XORQ(none, none)
	IMUL3Q(U8(ahead), r.bRow, distance)
	CMPQ(k, U8(8*ahead))
	CMOVQLT(none, distance)
	a := rowPointers(rows, r)
	Label(label + "_k")
	first := rows * t.vectors
	for v := range t.vectors {
		PREFETCHT0(Mem{Base: b, Disp: 4 * t.lanes * v, Index: distance, Scale: 1})
		VMOVUPS(Mem{Base: b, Disp: 4 * t.lanes * v}, t.vector(first+v))
	}
	for i := range rows {
		element := t.vector(first + t.vectors + i%2)
		VBROADCASTSS(a.row(i), element)
		for v := range t.vectors {
			VFMADD231PS(t.vector(first+v), element, t.sum(i, v))
		}
	}
	a.advance(r.aCol)
	ADDQ(r.bRow, b)
	DECQ(k)
	JNZ(LabelRef(label + "_k"))
}

// productsFew holds the elements of A, one for each row, in the registers after
// the sums. A row of B is long, and streams.
func (t tileShape) productsFew(rows int, label string, r tileRegisters) {
	k, b := Load(Param("k"), GP64()), GP64()
	MOVQ(r.b, b)
	a := rowPointers(rows, r)
	Label(label + "_k")
	first := rows * t.vectors
	for i := range rows {
		VBROADCASTSS(a.row(i), t.vector(first+i))
	}
	for v := range t.vectors {
		of := Mem{Base: b, Disp: 4 * t.lanes * v}
		if of.Disp%64 == 0 {
			PREFETCHNTA(Mem{Base: b, Disp: of.Disp, Index: r.bRow, Scale: ahead})
		}
		if rows == 1 {
			VFMADD231PS(of, t.vector(first), t.sum(0, v))
			continue
		}
		VMOVUPS(of, t.vector(first+rows))
		for i := range rows {
			VFMADD231PS(t.vector(first+rows), t.vector(first+i), t.sum(i, v))
		}
	}
	a.advance(r.aCol)
	ADDQ(r.bRow, b)
	DECQ(k)
	JNZ(LabelRef(label + "_k"))
}

// pointers are those to the rows of A: pointer g to row 5g, since five rows are
// within reach of an address mode.
type pointers struct {
	groups []Register
	r      tileRegisters
}

func rowPointers(rows int, r tileRegisters) pointers {
	groups := []Register{Load(Param("a"), GP64())}
	for g := 1; 5*g < rows; g++ {
		next := GP64()
		LEAQ(Mem{Base: groups[g-1], Index: r.aRow, Scale: 4}, next)
		ADDQ(r.aRow, next)
		groups = append(groups, next)
	}
	return pointers{groups, r}
}

// row is the current element of row i.
func (p pointers) row(i int) Mem {
	return nth(p.groups[i/5], i%5, p.r.aRow, p.r.aRow3)
}

// nth is row i, at most 4, from base on.
func nth(base Register, i int, stride, stride3 Register) Mem {
	switch i {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: stride3, Scale: 1}
	default:
		return Mem{Base: base, Index: stride, Scale: uint8(i)}
	}
}

func (p pointers) advance(bytes Register) {
	for _, group := range p.groups {
		ADDQ(bytes, group)
	}
}
