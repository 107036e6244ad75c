package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tile writes the kernels that bring samples side by side and back, for 16
// samples with AVX-512, and for 8, half of an entry, with AVX2.
func tile() {
	for _, set := range []tileSet{{"512", 16, zmm}, {"256", 8, ymm}} {
		set.load()
		set.store()
		set.sum()
	}
}

type tileSet struct {
	name   string
	lanes  int
	vector func(i int) Register
}

func (s tileSet) load() {
	name := "loadTile" + s.name
	TEXT(name, NOSPLIT, "func(tile, x *float32, sample, row, width, rows, gap, samples int, masks *int32)")
	Pragma("noescape")
	Doc(
		fmt.Sprintf("%s brings rows of 0 to %d samples side by side, and zeros behind every row:", name, s.lanes),
		"",
		"\tentry := 0",
		"\tfor r := range rows {",
		"\t\tfor j := range width + gap { // width at least 1",
		fmt.Sprintf("\t\t\tfor i := range %d {", s.lanes),
		"\t\t\t\ttile[16*entry+i] = 0",
		"\t\t\t\tif i < samples && j < width {",
		"\t\t\t\t\ttile[16*entry+i] = x[i*sample+r*row+j]",
		"\t\t\t\t}",
		"\t\t\t}",
		"\t\t\tentry++",
		"\t\t}",
		"\t}",
		"",
		fmt.Sprintf("masks[%d-n:] holds n times -1, then zeros.", s.lanes),
	)
	to, x := Load(Param("tile"), GP64()), Load(Param("x"), GP64())
	sample, row, rows := bytes("sample"), bytes("row"), Load(Param("rows"), GP64())
	samples := Load(Param("samples"), GP64())
	Label("row")
	from, width := GP64(), Load(Param("width"), GP64())
	MOVQ(x, from)
	Label("columns")
	s.loadSamples(from, sample, row, samples, width)
	s.storeEntries(s.transpose(), to, width)
	ADDQ(U8(4*s.lanes), from)
	SUBQ(U8(s.lanes), width)
	JG(LabelRef("columns"))

	gap := Load(Param("gap"), GP64())
	VXORPS(xmm(0), xmm(0), xmm(0))
	Label("gap")
	DECQ(gap)
	JL(LabelRef("next"))
	VMOVUPS(s.vector(0), Mem{Base: to})
	ADDQ(U8(entryBytes), to)
	JMP(LabelRef("gap"))
	Label("next")
	ADDQ(row, x)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// loadSamples loads up to a vector of a row of each sample, and zeros for
// samples that are not there.
func (s tileSet) loadSamples(from, sample, row, samples, width Register) {
	s.setMask(width)
	for i := range s.lanes {
		VXORPS(xmm(i), xmm(i), xmm(i))
	}
	at := GP64()
	MOVQ(from, at)
	for i := range s.lanes {
		CMPQ(samples, U8(i))
		JE(LabelRef("loaded"))
		loadMasked(Mem{Base: at}, s.mask(), s.vector(i))
		PREFETCHT1(Mem{Base: at, Index: row, Scale: 1})
		ADDQ(sample, at)
	}
	Label("loaded")
}

// storeEntries stores as many entries as columns are left, at most a vector's,
// and takes to past them.
func (s tileSet) storeEntries(data []Register, to, width Register) {
	for i := range s.lanes {
		VMOVUPS(data[i], Mem{Base: to})
		ADDQ(U8(entryBytes), to)
		if i < s.lanes-1 {
			CMPQ(width, U8(i+1))
			JE(LabelRef("stored"))
		}
	}
	Label("stored")
}

func (s tileSet) store() {
	name := "storeTile" + s.name
	TEXT(name, NOSPLIT, "func(y *float32, sample, row int, tile *float32, width, rows, samples int, masks *int32)")
	Pragma("noescape")
	Doc(
		fmt.Sprintf("%s parts 1 to %d samples:", name, s.lanes),
		"",
		"\tfor r := range rows {",
		"\t\tfor j := range width { // at least 1",
		"\t\t\tfor i := range samples {",
		"\t\t\t\ty[i*sample+r*row+j] = tile[16*(r*width+j)+i]",
		"\t\t\t}",
		"\t\t}",
		"\t}",
		"",
		fmt.Sprintf("masks[%d-n:] holds n times -1, then zeros.", s.lanes),
	)
	from, y := Load(Param("tile"), GP64()), Load(Param("y"), GP64())
	sample, row, rows := bytes("sample"), bytes("row"), Load(Param("rows"), GP64())
	samples := Load(Param("samples"), GP64())
	Label("row")
	to, width := GP64(), Load(Param("width"), GP64())
	MOVQ(y, to)
	Label("columns")
	for i := range s.lanes {
		VMOVUPS(Mem{Base: from}, s.vector(i))
		ADDQ(U8(entryBytes), from)
		if i < s.lanes-1 {
			CMPQ(width, U8(i+1))
			JE(LabelRef("loaded"))
		}
	}
	Label("loaded")
	s.storeSamples(s.transpose(), to, sample, row, samples, width)
	ADDQ(U8(4*s.lanes), to)
	SUBQ(U8(s.lanes), width)
	JG(LabelRef("columns"))
	ADDQ(row, y)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// storeSamples stores up to a vector of a row of each sample.
func (s tileSet) storeSamples(data []Register, to, sample, row, samples, width Register) {
	s.setMask(width)
	at := GP64()
	MOVQ(to, at)
	for i := range s.lanes {
		storeMasked(data[i], s.mask(), Mem{Base: at})
		PREFETCHT1(Mem{Base: at, Index: row, Scale: 1})
		if i < s.lanes-1 {
			CMPQ(samples, U8(i+1))
			JE(LabelRef("stored"))
			ADDQ(sample, at)
		}
	}
	Label("stored")
}

// mask is a register that neither data nor transpositions are in when it is
// needed.
func (s tileSet) mask() Register {
	if s.lanes == 16 {
		return K1
	}
	return s.vector(15)
}

// setMask makes a mask of the first n elements, of which there are more than
// the mask has if n is larger.
func (s tileSet) setMask(n Register) {
	masks, count := Load(Param("masks"), GP64()), GP64()
	MOVQ(U32(s.lanes), count)
	CMPQ(n, count)
	CMOVQLT(n, count)
	NEGQ(count)
	loadMask(Mem{Base: masks, Index: count, Scale: 4, Disp: 4 * s.lanes}, s.mask(), Z31)
}

// transpose transposes the matrix whose rows are the first registers, as many
// as there are lanes, and returns the registers of the columns.
func (s tileSet) transpose() (columns []Register) {
	if s.lanes == 8 {
		transposeRegisters()
		// The mask's register is a column now.
		for i := range 8 {
			columns = append(columns, ymm(i))
			VMOVAPS(ymm(8+i), ymm(i))
		}
		return columns
	}
	transposeBlock(zmm)
	for i := range 16 {
		columns = append(columns, zmm(i))
	}
	return columns
}

func (s tileSet) sum() {
	name := "sumLanes" + s.name
	TEXT(name, NOSPLIT, "func(dst *float32, dstRow int, tile *float32, tileRow, width, rows int, masks *int32)")
	Pragma("noescape")
	Doc(
		name+" adds up entries:",
		"",
		"\tfor r := range rows {",
		"\t\tfor j := range width { // at least 1",
		"\t\t\tlane := tile[r*tileRow+16*j:][:16]",
		"\t\t\tfor n := 8; n > 0; n /= 2 {",
		"\t\t\t\tfor i := range n {",
		"\t\t\t\t\tlane[i] += lane[i+n] // in a copy",
		"\t\t\t\t}",
		"\t\t\t}",
		"\t\t\tdst[r*dstRow+j] += lane[0]",
		"\t\t}",
		"\t}",
		"",
		fmt.Sprintf("masks[%d-n:] holds n times -1, then zeros.", s.lanes),
	)
	from, dst := Load(Param("tile"), GP64()), Load(Param("dst"), GP64())
	rows := Load(Param("rows"), GP64())
	Label("row")
	at, to, width := GP64(), GP64(), Load(Param("width"), GP64())
	MOVQ(from, at)
	MOVQ(dst, to)
	Label("columns")
	for i := range s.lanes {
		s.loadEntry(at, i)
		if i < s.lanes-1 {
			CMPQ(width, U8(i+1))
			JE(LabelRef("loaded"))
		}
	}
	Label("loaded")
	s.reduce()
	s.setMask(width)
	loadMasked(Mem{Base: to}, s.mask(), s.vector(1))
	VADDPS(s.vector(1), s.vector(0), s.vector(0))
	storeMasked(s.vector(0), s.mask(), Mem{Base: to})
	ADDQ(U32(entryBytes*s.lanes), at)
	ADDQ(U8(4*s.lanes), to)
	SUBQ(U8(s.lanes), width)
	JG(LabelRef("columns"))
	ADDQ(bytes("tileRow"), from)
	ADDQ(bytes("dstRow"), dst)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// loadEntry loads entry i, of which AVX2 adds up the halves.
func (s tileSet) loadEntry(at Register, i int) {
	VMOVUPS(Mem{Base: at, Disp: i * entryBytes}, s.vector(i))
	if s.lanes == 8 {
		VADDPS(Mem{Base: at, Disp: i*entryBytes + 32}, s.vector(i), s.vector(i))
	}
}

// reduce adds up every register's lanes: register i becomes lane i of register
// 0. A step takes two registers and leaves the sums of halves in the first.
func (s tileSet) reduce() {
	a, b := s.vector(s.lanes), s.vector(s.lanes+1)
	step := func(i, j int, low, high func(x, y, to Register)) {
		low(s.vector(i), s.vector(j), a)
		high(s.vector(i), s.vector(j), b)
		VADDPS(b, a, s.vector(i))
	}
	shuffle := func(choice uint64) func(x, y, to Register) {
		return func(x, y, to Register) { VSHUFF32X4(U8(choice), y, x, to) }
	}
	permute := func(choice uint64) func(x, y, to Register) {
		return func(x, y, to Register) { VPERM2F128(U8(choice), y, x, to) }
	}
	quarter := s.lanes / 4 // entries k, 4+k, ... lie in the 128-bit lanes of register k at last
	for k := range 4 {
		if quarter == 4 {
			step(k, 4+k, shuffle(0b01_00_01_00), shuffle(0b11_10_11_10))
			step(8+k, 12+k, shuffle(0b01_00_01_00), shuffle(0b11_10_11_10))
			step(k, 8+k, shuffle(0b10_00_10_00), shuffle(0b11_01_11_01))
		} else {
			step(k, 4+k, permute(0x20), permute(0x31))
		}
	}
	for k := range 2 {
		step(2*k, 2*k+1, func(x, y, to Register) { VUNPCKLPS(y, x, to) }, func(x, y, to Register) { VUNPCKHPS(y, x, to) })
	}
	step(0, 2, func(x, y, to Register) { VUNPCKLPD(y, x, to) }, func(x, y, to Register) { VUNPCKHPD(y, x, to) })
}
