package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tileShape describes a family of register tiles.
type tileShape struct {
	set     string // name of the instruction set in function names
	lanes   int    // floats in a vector
	vectors int    // vectors in a row of the tile
	maxRows int
	panel   int // columns of a panel, which is the step of C between panels
	vector  func(i int) Register
}

const tileSignature = "func(rows, k int, a *float32, aRow, aCol int, b *float32, bRow, bPanel int, c *float32, cRow, panels int, mask *int32, accumulate bool, rowBias, columnBias *float32, relu bool)"

func gemm() {
	wide512 := tileShape{"512", 16, 2, 14, 32, zmm}
	narrow512 := tileShape{"512", 16, 1, 14, 32, zmm}
	wide256 := tileShape{"256", 8, 2, 6, 16, ymm}
	narrow256 := tileShape{"256", 8, 1, 6, 16, ymm}
	wide512.function("gemmWide512")
	narrow512.function("gemmNarrow512")
	wide256.function("gemmWide256")
	narrow256.function("gemmNarrow256")
	transpose()
}

// tileRegisters are the general registers that all tiles of a function share.
type tileRegisters struct {
	aRow, aRow3, aCol GPVirtual // bytes
	bRow, cRow        GPVirtual // bytes
	b, c              GPVirtual // the current panel
	panels            GPVirtual
	columnBias        GPVirtual // of the current panel, or 0
}

func (t tileShape) function(name string) {
	TEXT(name, NOSPLIT, tileSignature)
	Pragma("noescape")
	Doc(
		fmt.Sprintf("%s multiplies rows (1 to %d) rows of A by panels of %d columns of B:", name, t.maxRows, t.vectors*t.lanes),
		"",
		"\tfor q := range panels {",
		"\t\tfor i := range rows {",
		"\t\t\tfor j := range "+fmt.Sprint(t.vectors*t.lanes)+" {",
		"\t\t\t\tsum := 0",
		"\t\t\t\tfor p := range k { // at least 1",
		"\t\t\t\t\tsum = fma(a[i*aRow+p*aCol], b[q*bPanel+p*bRow+j], sum)",
		"\t\t\t\t}",
		fmt.Sprintf("\t\t\t\tc[i*cRow+q*%d+j] = sum // after the epilogue", t.panel),
		"\t\t\t}",
		"\t\t}",
		"\t}",
		"",
		fmt.Sprintf("The last %d columns of a panel are stored where mask[0:%d] is -1.", t.lanes, t.lanes),
		fmt.Sprintf("The epilogue: sum += c[i*cRow+q*%d+j] if accumulate; sum += rowBias[i] and", t.panel),
		fmt.Sprintf("sum += columnBias[q*%d+j] unless they are nil; sum = max(sum, 0) if relu.", t.panel),
	)
	rows := Load(Param("rows"), GP64())
	r := tileRegisters{
		aRow: bytes("aRow"), aCol: bytes("aCol"), bRow: bytes("bRow"), cRow: bytes("cRow"),
		b: Load(Param("b"), GP64()).(GPVirtual), c: Load(Param("c"), GP64()).(GPVirtual),
		panels: Load(Param("panels"), GP64()).(GPVirtual), aRow3: GP64(),
		columnBias: Load(Param("columnBias"), GP64()).(GPVirtual),
	}
	LEAQ(Mem{Base: r.aRow, Index: r.aRow, Scale: 2}, r.aRow3)
	if t.lanes == 16 {
		mask := Load(Param("mask"), GP64())
		VMOVDQU32(Mem{Base: mask}, Z0)
		VPMOVD2M(Z0, K1)
	}
	for n := t.maxRows; n > 1; n-- {
		CMPQ(rows, U8(n))
		JEQ(LabelRef(fmt.Sprintf("rows%d", n)))
	}
	for n := 1; n <= t.maxRows; n++ {
		t.tile(n, r)
	}
}

// bytes loads a stride given in floats.
func bytes(param string) GPVirtual {
	r := Load(Param(param), GP64()).(GPVirtual)
	SHLQ(U8(2), r)
	return r
}

// tile is the loop over panels for one number of rows. Vector registers: the
// accumulators first, row by row, then the vectors of B, then two for elements
// of A, so that a broadcast does not wait for the products of the one before.
func (t tileShape) tile(rows int, r tileRegisters) {
	label := fmt.Sprintf("rows%d", rows)
	Label(label)
	for i := range rows * t.vectors {
		VXORPS(xmm(i), xmm(i), xmm(i))
	}
	t.products(rows, label, r)
	t.store(rows, label, r)
	bPanel := bytes("bPanel")
	ADDQ(bPanel, r.b)
	ADDQ(U32(4*t.panel), r.c)
	DECQ(r.panels)
	JNZ(LabelRef(label))
	VZEROUPPER()
	RET()
}

func (t tileShape) products(rows int, label string, r tileRegisters) {
	k := Load(Param("k"), GP64())
	b := GP64()
	MOVQ(r.b, b)
	// a[g] points at row 5g: five rows are within reach of an address mode.
	a := []Register{Load(Param("a"), GP64())}
	for g := 1; 5*g < rows; g++ {
		next := GP64()
		LEAQ(Mem{Base: a[g-1], Index: r.aRow, Scale: 4}, next)
		ADDQ(r.aRow, next)
		a = append(a, next)
	}
	row := func(i int) Mem {
		switch base := a[i/5]; i % 5 {
		case 0:
			return Mem{Base: base}
		case 3:
			return Mem{Base: base, Index: r.aRow3, Scale: 1}
		default:
			return Mem{Base: base, Index: r.aRow, Scale: uint8(i % 5)}
		}
	}
	Label(label + "_k")
	first := rows * t.vectors
	for v := range t.vectors {
		VMOVUPS(Mem{Base: b, Disp: 4 * t.lanes * v}, t.vector(first+v))
	}
	for i := range rows {
		element := t.vector(first + t.vectors + i%2)
		VBROADCASTSS(row(i), element)
		for v := range t.vectors {
			VFMADD231PS(t.vector(first+v), element, t.vector(i*t.vectors+v))
		}
	}
	for _, base := range a {
		ADDQ(r.aCol, base)
	}
	ADDQ(r.bRow, b)
	DECQ(k)
	JNZ(LabelRef(label + "_k"))
}

// store applies the epilogue to the sums and writes them to C. Vectors of the
// bias and of C go to spare registers.
func (t tileShape) store(rows int, label string, r tileRegisters) {
	if t.lanes == 8 {
		VMOVDQU(Mem{Base: Load(Param("mask"), GP64())}, t.mask())
	}
	accumulate := Load(Param("accumulate"), GP8())
	TESTB(accumulate, accumulate)
	JZ(LabelRef(label + "_accumulated"))
	t.eachVector(rows, r, func(v int, sum Register, c Mem) {
		t.load(v, c, t.spare(v))
		VADDPS(t.spare(v), sum, sum)
	})
	Label(label + "_accumulated")

	rowBias := Load(Param("rowBias"), GP64())
	TESTQ(rowBias, rowBias)
	JZ(LabelRef(label + "_row_bias"))
	for i := range rows {
		VBROADCASTSS(Mem{Base: rowBias, Disp: 4 * i}, t.spare(i%2))
		for v := range t.vectors {
			VADDPS(t.spare(i%2), t.sum(i, v), t.sum(i, v))
		}
	}
	Label(label + "_row_bias")

	TESTQ(r.columnBias, r.columnBias)
	JZ(LabelRef(label + "_column_bias"))
	for v := range t.vectors {
		t.load(v, Mem{Base: r.columnBias, Disp: 4 * t.lanes * v}, t.spare(v))
		for i := range rows {
			VADDPS(t.spare(v), t.sum(i, v), t.sum(i, v))
		}
	}
	ADDQ(U32(4*t.panel), r.columnBias)
	Label(label + "_column_bias")

	relu := Load(Param("relu"), GP8())
	TESTB(relu, relu)
	JZ(LabelRef(label + "_relu"))
	zero := xmm(2 * t.maxRows)
	VXORPS(zero, zero, zero)
	for i := range rows * t.vectors {
		// The maximum is its second operand, the sum, if there is a NaN or two
		// zeros.
		VMAXPS(t.vector(i), t.spare(0), t.vector(i))
	}
	Label(label + "_relu")
	t.eachVector(rows, r, func(v int, sum Register, c Mem) { t.save(v, sum, c) })
}

// eachVector calls body for every vector of the tile, at c in C.
func (t tileShape) eachVector(rows int, r tileRegisters, body func(v int, sum Register, c Mem)) {
	c := GP64()
	MOVQ(r.c, c)
	for i := range rows {
		for v := range t.vectors {
			body(v, t.sum(i, v), Mem{Base: c, Disp: 4 * t.lanes * v})
		}
		if i < rows-1 {
			ADDQ(r.cRow, c)
		}
	}
}

// sum is the register of a vector of row i of the tile.
func (t tileShape) sum(i, v int) Register { return t.vector(i*t.vectors + v) }

// spare and mask are registers that no longer hold A and B when a tile is
// stored.
func (t tileShape) spare(i int) Register { return t.vector(2*t.maxRows + i) }
func (t tileShape) mask() Register       { return t.spare(3) } // of AVX2; AVX-512 has it in K1

// load loads vector v of a row of the tile, of which the last is masked.
func (t tileShape) load(v int, from Mem, to Register) {
	switch masked := v == t.vectors-1; {
	case masked && t.lanes == 16:
		VMOVUPS_Z(from, K1, to)
	case masked:
		VMASKMOVPS(from, t.mask(), to)
	default:
		VMOVUPS(from, to)
	}
}

func (t tileShape) save(v int, from Register, to Mem) {
	switch masked := v == t.vectors-1; {
	case masked && t.lanes == 16:
		VMOVUPS(from, K1, to)
	case masked:
		VMASKMOVPS(from, t.mask(), to)
	default:
		VMOVUPS(from, to)
	}
}
