package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// peaks writes the loops that measure what a core can do at most.
func peaks() {
	for _, w := range []struct {
		name      string
		registers int
		vector    func(int) Register
	}{{"512", 24, zmm}, {"256", 12, ymm}} {
		peak("multiplyAddPeak"+w.name, "multiply-adds", w.registers, w.vector, func(r Register) { VFMADD231PS(r, r, r) })
		peak("addPeak"+w.name, "additions", w.registers, w.vector, func(r Register) { VADDPS(r, r, r) })
	}
}

// peak issues independent operations and nothing else.
func peak(name, operations string, registers int, vector func(int) Register, operation func(Register)) {
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("%s makes n times %d independent %s of vectors.", name, registers, operations))
	n := Load(Param("n"), GP64())
	for i := range registers {
		VXORPS(xmm(i), xmm(i), xmm(i))
	}
	Label("loop")
	for i := range registers {
		operation(vector(i))
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
