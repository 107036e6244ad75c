package main

import (
	"fmt"

	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// maxRadix is the most blocks that combine joins in a pass. More would share a
// set of the first-level cache, where blocks lie a power of two apart.
const maxRadix = 8

// emitCombine emits the kernel that joins transformed blocks. There is a loop
// for each radix.
func (k kernel) emitCombine() {
	k.function("combine", "x *%[1]s, h, columns, radix int, scale %[1]s",
		"equals, for radix 2, 4 or 8 and a multiple",
		fmt.Sprintf("of %d columns greater than 0,", maxRadix/2*k.lanes()),
		"",
		"\tfor j := range columns {",
		"\t\tfor level := 1; level < radix; level *= 2 {",
		"\t\t\tfor i := range radix {",
		"\t\t\t\tif i&level == 0 {",
		"\t\t\t\t\ta, b := x[i*h+j], x[(i+level)*h+j]",
		"\t\t\t\t\tx[i*h+j], x[(i+level)*h+j] = a+b, a-b",
		"\t\t\t\t}",
		"\t\t\t}",
		"\t\t}",
		"\t\tfor i := range radix {",
		"\t\t\tx[i*h+j] *= scale",
		"\t\t}",
		"\t}",
	)
	x := Load(Param("x"), GP64())
	h := Load(Param("h"), GP64())
	columns := Load(Param("columns"), GP64())
	radix := Load(Param("radix"), GP64())
	end := GP64()
	LEAQ(Mem{Base: x, Index: columns, Scale: uint8(k.elementBytes)}, end)
	SHLQ(Imm(uint64(k.elementBytes/8+2)), h) // now in bytes
	scale := k.Registers[maxRadix+1]
	k.broadcast(isa.Parameter("scale"), scale)

	h3, h5, h7 := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: h, Index: h, Scale: 2}, h3)
	LEAQ(Mem{Base: h, Index: h, Scale: 4}, h5)
	LEAQ(Mem{Base: h3, Index: h, Scale: 4}, h7)
	rows := []Mem{
		{Base: x}, {Base: x, Index: h, Scale: 1}, {Base: x, Index: h, Scale: 2}, {Base: x, Index: h3, Scale: 1},
		{Base: x, Index: h, Scale: 4}, {Base: x, Index: h5, Scale: 1}, {Base: x, Index: h3, Scale: 2}, {Base: x, Index: h7, Scale: 1},
	}
	CMPQ(radix, Imm(4))
	JE(LabelRef("radix4"))
	JL(LabelRef("radix2"))
	for radix := maxRadix; radix >= 2; radix /= 2 {
		loop := fmt.Sprintf("radix%d", radix)
		Label(loop)
		k.emitColumns(rows[:radix], scale)
		ADDQ(I32(maxRadix/radix*k.RegisterBytes), x)
		CMPQ(x, end)
		JNE(LabelRef(loop))
		VZEROUPPER()
		RET()
	}
}

// emitColumns emits the levels across rows, where rows[i] is the place of
// x[i·h+j], for as many columns j as fill maxRadix registers.
func (k kernel) emitColumns(rows []Mem, scale register) {
	free := k.Registers[maxRadix]
	for first := 0; first < maxRadix; first += len(rows) {
		data := append([]register(nil), k.Registers[first:first+len(rows)]...)
		at := func(i int) Mem { return rows[i].Offset(first / len(rows) * k.RegisterBytes) }
		for i := range data {
			k.move(at(i), data[i])
		}
		k.levels(data, &free)
		for i := range data {
			k.mul(scale, data[i], data[i])
			k.move(data[i], at(i))
		}
	}
}
