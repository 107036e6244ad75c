package main

import (
	"fmt"
	"math/bits"

	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// emitBlocks emits the kernel that transforms blocks held in registers. There
// is a loop for each size of a block, from two elements to k.blockSize registers.
func (k kernel) emitBlocks() {
	lanes := k.lanes()
	k.function("blocks", "x *%[1]s, n, size int, scale %[1]s",
		"equals, for a size that is a power of two",
		fmt.Sprintf("from 2 to %d and divides n > 0, a multiple of %d,", lanes*k.blockSize(), lanes),
		"",
		"\tfor i := 0; i < n; i += size {",
		"\t\tblock := x[i : i+size]",
		"\t\tfor h := 1; h < size; h *= 2 {",
		"\t\t\tfor j := range block {",
		"\t\t\t\tif j&h == 0 {",
		"\t\t\t\t\tblock[j], block[j+h] = block[j]+block[j+h], block[j]-block[j+h]",
		"\t\t\t\t}",
		"\t\t\t}",
		"\t\t}",
		"\t\tfor j := range block {",
		"\t\t\tblock[j] *= scale",
		"\t\t}",
		"\t}",
	)
	k.emitBlockLoops(true)
}

// emitShortColumns emits the kernel that transforms columns, as many as there are
// elements in a register: it is that of blocks but for the levels in a register.
func (k kernel) emitShortColumns() {
	lanes := k.lanes()
	k.function("shortColumns", "x *%[1]s, n, size int, scale %[1]s",
		"equals, for a size that is a power of two",
		fmt.Sprintf("from %d to %d and divides n > 0,", lanes, lanes*k.blockSize()),
		"",
		"\tfor i := 0; i < n; i += size {",
		fmt.Sprintf("\t\tTransformColumns(x[i:i+size], size/%d, %d)", lanes, lanes),
		"\t}",
		"\tfor i := range n {",
		"\t\tx[i] *= scale",
		"\t}",
	)
	k.emitBlockLoops(false)
}

// emitBlockLoops emits the loops, with or without the levels in a register.
func (k kernel) emitBlockLoops(inLanes bool) {
	lanes := k.lanes()
	x := Load(Param("x"), GP64())
	n := Load(Param("n"), GP64())
	size := Load(Param("size"), GP64())
	end := GP64()
	LEAQ(Mem{Base: x, Index: n, Scale: uint8(k.elementBytes)}, end)

	constants := k.Registers[k.blockSize()+1:]
	scale, signs := k.loadConstants(constants, inLanes)

	least := lanes
	if inLanes {
		least = 2
	}
	for length := least; length < lanes*k.blockSize(); length *= 2 {
		CMPQ(size, I32(length))
		JE(LabelRef(loopLabel(length)))
	}
	for length := lanes * k.blockSize(); length >= least; length /= 2 {
		Label(loopLabel(length))
		registers, levels := max(length/lanes, 1), min(len(signs), bits.Len(uint(length))-1)
		k.emitBlock(x, registers, scale, signs[:levels])
		ADDQ(I32(registers*k.RegisterBytes), x)
		CMPQ(x, end)
		JNE(LabelRef(loopLabel(length)))
		VZEROUPPER()
		RET()
	}
}

func loopLabel(size int) string { return fmt.Sprintf("size%d", size) }

// loadConstants loads the scale, and the signs of each level in a register if
// those levels are wanted.
func (k kernel) loadConstants(constants []register, inLanes bool) (scale register, signs []register) {
	scale = constants[0]
	k.broadcast(isa.Parameter("scale"), scale)
	if !inLanes {
		return scale, nil
	}
	for level := 0; 1<<level < k.lanes(); level++ {
		sign := constants[1+level]
		k.move(k.signs[level], sign)
		signs = append(signs, sign)
	}
	return scale, signs
}

// emitBlock emits the transform of one block at x, or of the small blocks in one
// register, level by level: neighbouring instructions then do not wait for each
// other.
func (k kernel) emitBlock(x reg.Register, registers int, scale register, signs []register) {
	data := append([]register(nil), k.Registers[:registers]...)
	free := k.Registers[k.blockSize()]
	at := func(i int) Mem { return Mem{Base: x, Disp: i * k.RegisterBytes} }
	for i := range data {
		k.move(at(i), data[i])
	}
	for level, sign := range signs {
		k.inLaneLevel(level, data, &free, sign)
	}
	k.levels(data, &free)
	for i := range data {
		k.mul(scale, data[i], data[i])
		k.move(data[i], at(i))
	}
}

// inLaneLevel emits a level whose pairs lie in one register: with partner the
// register that has a and b of each pair exchanged, it is (+1)·a + b in the
// lane of a, and (-1)·b + a in that of b. A product with ±1 is exact, so the
// sum is rounded as a+b and a-b are.
func (k kernel) inLaneLevel(level int, data []register, free *register, sign register) {
	for i := range data {
		partner := *free
		swap(k.elementBytes<<level, data[i], partner)
		k.multiplyAdd(sign, data[i], partner)
		data[i], *free = partner, data[i]
	}
}
