package main

import (
	"fmt"

	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

type register = isa.Register

// swap emits to = from with neighbouring runs of that many bytes exchanged.
func swap(bytes int, from, to register) {
	switch bytes {
	case 4:
		VPERMILPS(Imm(0b10_11_00_01), from, to)
	case 8:
		VPERMILPS(Imm(0b01_00_11_10), from, to)
	case 16:
		VPERMPD(Imm(0b01_00_11_10), from, to)
	case 32:
		VSHUFF64X2(Imm(0b01_00_11_10), from, from, to)
	default:
		panic(fmt.Sprintf("no instruction swaps runs of %d bytes", bytes))
	}
}

// precision is an element type and its instructions. In the order of Go's
// assembler, which is back to front, add(b, a, d) is d = a + b, sub(b, a, d)
// is d = a - b, and multiplyAdd(b, a, d) is d = a·b + d.
type precision struct {
	name, element              string
	elementBytes               int
	move, broadcast            isa.Emitter
	add, sub, mul, multiplyAdd isa.Emitter

	// signs[i] is a vector of +1 and -1 in turns, in runs of 2^i. It is 64
	// bytes long; narrower registers take its start.
	signs []Mem
}

func float32s() precision {
	return precision{
		name: "Float32", element: "float32", elementBytes: 4,
		move: VMOVUPS, broadcast: VBROADCASTSS,
		add: VADDPS, sub: VSUBPS, mul: VMULPS, multiplyAdd: VFMADD231PS,
		signs: signs("signsFloat32", 4, func(v float64) Constant { return F32(v) }),
	}
}

func float64s() precision {
	return precision{
		name: "Float64", element: "float64", elementBytes: 8,
		move: VMOVUPD, broadcast: VBROADCASTSD,
		add: VADDPD, sub: VSUBPD, mul: VMULPD, multiplyAdd: VFMADD231PD,
		signs: signs("signsFloat64", 8, func(v float64) Constant { return F64(v) }),
	}
}

// signs defines the constants of precision.signs.
func signs(name string, elementBytes int, constant func(float64) Constant) []Mem {
	table := GLOBL(name, RODATA|NOPTR)
	lanes := 64 / elementBytes
	var rows []Mem
	for h := 1; h < lanes; h *= 2 {
		start := 64 * len(rows)
		rows = append(rows, table.Offset(start))
		for lane := range lanes {
			sign := 1.0
			if lane&h != 0 {
				sign = -1
			}
			DATA(start+lane*elementBytes, constant(sign))
		}
	}
	return rows
}
