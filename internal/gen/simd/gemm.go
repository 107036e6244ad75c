package main

import (
	"fmt"

	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tileShape describes a family of register tiles: one kernel with a loop for
// each number of rows.
type tileShape struct {
	name             string
	lanes            int // floats in a vector
	vectors          int // vectors in a row of the tile
	minRows, maxRows int
	products         func(t tileShape, rows int, label string, r tileRegisters)
}

const (
	epilogueSignature = "accumulate bool, rowBias, columnBias *float32, relu bool)"
	tileSignature     = "func(rows, k int, a *float32, aRow, aCol int, b *float32, bRow, bPanel int, c *float32, cRow, panels int, mask *int32, " + epilogueSignature
)

func gemm() {
	for _, t := range []tileShape{
		{"gemmWide512", 16, 2, 1, 14, tileShape.products2},
		{"gemmNarrow512", 16, 1, 1, 14, tileShape.products2},
		{"gemmFew512", 16, 8, 2, 3, tileShape.productsFew},
		{"gemmRow512", 16, 16, 1, 1, tileShape.productsFew},
		{"gemmWide256", 8, 2, 1, 6, tileShape.products2},
		{"gemmNarrow256", 8, 1, 1, 6, tileShape.products2},
		{"gemmFew256", 8, 4, 2, 3, tileShape.productsFew},
		{"gemmRow256", 8, 8, 1, 1, tileShape.productsFew},
	} {
		t.function()
	}
	transpose8()
	transpose16()
	copyPanels("copyPanels512", 64, zmm)
	copyPanels("copyPanels256", 32, ymm)
}

func (t tileShape) columns() int { return t.vectors * t.lanes }

// tileRegisters are the general registers that all tiles of a function share.
type tileRegisters struct {
	aRow, aRow3, aCol, bRow GPVirtual // bytes
	b, c                    GPVirtual // the current panel
}

func (t tileShape) function() {
	TEXT(t.name, NOSPLIT, tileSignature)
	Pragma("noescape")
	t.documentation()
	rows := Load(Param("rows"), GP64())
	r := tileRegisters{
		aRow: bytes("aRow"), aRow3: GP64(), aCol: bytes("aCol"), bRow: bytes("bRow"),
		b: Load(Param("b"), GP64()).(GPVirtual), c: Load(Param("c"), GP64()).(GPVirtual),
	}
	LEAQ(Mem{Base: r.aRow, Index: r.aRow, Scale: 2}, r.aRow3)
	if t.lanes == 16 {
		loadMask(Mem{Base: Load(Param("mask"), GP64())}, t.mask(), Z0)
	}
	for n := t.maxRows; n > t.minRows; n-- {
		CMPQ(rows, U8(n))
		JEQ(LabelRef(fmt.Sprintf("rows%d", n)))
	}
	for n := t.minRows; n <= t.maxRows; n++ {
		t.tile(n, r)
	}
}

func (t tileShape) documentation() {
	rows := fmt.Sprintf("rows (%d to %d) rows", t.minRows, t.maxRows)
	if t.maxRows == 1 {
		rows = "a row"
	}
	Doc(
		fmt.Sprintf("%s multiplies %s of A by panels of %d columns of B:", t.name, rows, t.columns()),
		"",
		"\tfor q := range panels {",
		"\t\tfor i := range rows {",
		fmt.Sprintf("\t\t\tfor j := range %d {", t.columns()),
		"\t\t\t\tsum := 0",
		"\t\t\t\tfor p := range k { // at least 1",
		"\t\t\t\t\tsum = fma(a[i*aRow+p*aCol], b[q*bPanel+p*bRow+j], sum)",
		"\t\t\t\t}",
		fmt.Sprintf("\t\t\t\tc[i*cRow+q*%d+j] = sum // after the epilogue", t.columns()),
		"\t\t\t}",
		"\t\t}",
		"\t}",
		"",
		fmt.Sprintf("The last %d columns of a panel are stored where mask[0:%d] is -1.", t.lanes, t.lanes),
		fmt.Sprintf("The epilogue: sum += c[i*cRow+q*%d+j] if accumulate; sum += rowBias[i] and", t.columns()),
		fmt.Sprintf("sum += columnBias[q*%d+j] unless they are nil; sum = max(sum, 0) if relu.", t.columns()),
	)
}

// bytes loads a stride given in floats.
func bytes(param string) GPVirtual {
	r := Load(Param(param), GP64()).(GPVirtual)
	SHLQ(U8(2), r)
	return r
}

// tile is the loop over panels for one number of rows. The sums are in the
// first vector registers, row by row.
func (t tileShape) tile(rows int, r tileRegisters) {
	label := fmt.Sprintf("rows%d", rows)
	Label(label)
	for i := range rows * t.vectors {
		VXORPS(xmm(i), xmm(i), xmm(i))
	}
	t.products(t, rows, label, r)
	t.store(rows, label, r.c, func() {})
	bPanel := bytes("bPanel")
	ADDQ(bPanel, r.b)
	ADDQ(U32(4*t.columns()), r.c)
	DECQ(isa.Parameter("panels"))
	JNZ(LabelRef(label))
	VZEROUPPER()
	RET()
}

// vector is a register by its number.
func (t tileShape) vector(i int) Register {
	if t.lanes == 16 {
		return zmm(i)
	}
	return ymm(i)
}

// sum is the register of vector v of row i of the tile.
func (t tileShape) sum(i, v int) Register { return t.vector(i*t.vectors + v) }

// spare is one of the last four registers, which hold no sums.
func (t tileShape) spare(i int) Register { return t.vector(2*t.lanes - 4 + i) }

// store applies the epilogue to the sums and writes them to C. Vectors of the
// bias and of C go to spare registers. The argument is emitted after the first
// step.
func (t tileShape) store(rows int, label string, c Register, afterAccumulation func()) {
	if t.lanes == 8 {
		loadMask(Mem{Base: Load(Param("mask"), GP64())}, t.mask(), nil)
	}
	accumulate := Load(Param("accumulate"), GP8())
	TESTB(accumulate, accumulate)
	JZ(LabelRef(label + "_accumulated"))
	t.eachVector(rows, c, func(v int, sum Register, c Mem) {
		t.load(v, c, t.spare(v%2))
		VADDPS(t.spare(v%2), sum, sum)
	})
	Label(label + "_accumulated")
	afterAccumulation()

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

	columnBias := Load(Param("columnBias"), GP64())
	TESTQ(columnBias, columnBias)
	JZ(LabelRef(label + "_column_bias"))
	for v := range t.vectors {
		t.load(v, Mem{Base: columnBias, Disp: 4 * t.lanes * v}, t.spare(v%2))
		for i := range rows {
			VADDPS(t.spare(v%2), t.sum(i, v), t.sum(i, v))
		}
	}
	ADDQ(U32(4*t.columns()), isa.Parameter("columnBias"))
	Label(label + "_column_bias")

	relu := Load(Param("relu"), GP8())
	TESTB(relu, relu)
	JZ(LabelRef(label + "_relu"))
	zero := xmm(2*t.lanes - 4) // of spare(0)
	VXORPS(zero, zero, zero)
	for i := range rows * t.vectors {
		// The maximum is its second operand, the sum, if there is a NaN or two
		// zeros.
		VMAXPS(t.vector(i), t.spare(0), t.vector(i))
	}
	Label(label + "_relu")
	t.eachVector(rows, c, func(v int, sum Register, c Mem) { t.save(v, sum, c) })
}

// eachVector calls body for every vector of the tile, at c in C.
func (t tileShape) eachVector(rows int, c Register, body func(v int, sum Register, c Mem)) {
	row, cRow := GP64(), bytes("cRow")
	MOVQ(c, row)
	for i := range rows {
		for v := range t.vectors {
			body(v, t.sum(i, v), Mem{Base: row, Disp: 4 * t.lanes * v})
		}
		if i < rows-1 {
			ADDQ(cRow, row)
		}
	}
}

// mask selects the columns of the last vector that are there.
func (t tileShape) mask() Register {
	if t.lanes == 16 {
		return K1
	}
	return t.spare(3)
}

// load loads vector v of a row of the tile, of which the last is masked.
func (t tileShape) load(v int, from Mem, to Register) {
	if v == t.vectors-1 {
		loadMasked(from, t.mask(), to)
	} else {
		VMOVUPS(from, to)
	}
}

func (t tileShape) save(v int, from Register, to Mem) {
	if v == t.vectors-1 {
		storeMasked(from, t.mask(), to)
	} else {
		VMOVUPS(from, to)
	}
}
