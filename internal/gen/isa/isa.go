// Package isa holds what the generators of kernels for several register widths
// share: the registers, and the levels of the Walsh-Hadamard transform across
// them.
package isa

import (
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Register is a vector register.
type Register = reg.VecPhysical

// Width is a register width.
type Width struct {
	Name          string
	RegisterBytes int
	Registers     []Register // all
}

// AVX2 and AVX512 are the widths for which kernels exist. AVX128 is half of AVX2.
var (
	AVX128 = Width{"AVX128", 16, narrow(Register.AsX)}
	AVX2   = Width{"AVX2", 32, narrow(Register.AsY)}
	AVX512 = Width{"AVX512", 64, []Register{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}}
)

// narrow returns a part of each of the first 16 registers, as many as there are
// without AVX-512.
func narrow(as func(Register) reg.Register) []Register {
	var parts []Register
	for _, r := range AVX512.Registers[:16] {
		parts = append(parts, as(r).(Register))
	}
	return parts
}

// Emitter emits an instruction, whose operands are in the order of Go's
// assembler: back to front, the destination last.
type Emitter func(operands ...Op)

// Levels emits all the levels across registers: the transform of each lane.
// Each pair becomes (a+b, a-b). It uses *free, which it exchanges for a
// register that has become free.
func Levels(add, sub Emitter, data []Register, free *Register) {
	for h := 1; h < len(data); h *= 2 {
		for i := range data {
			if i&h == 0 {
				butterfly(add, sub, &data[i], &data[i+h], free)
			}
		}
	}
}

// butterfly emits (a, b) -> (a+b, a-b), where *a and *b are the registers that
// hold the two.
func butterfly(add, sub Emitter, a, b, free *Register) {
	add(*b, *a, *free)
	sub(*b, *a, *b)
	*a, *free = *free, *a
}

// Parameter returns the place of a parameter in memory.
func Parameter(name string) Mem {
	basic, err := build.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return basic.Addr
}
