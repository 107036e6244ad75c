package main

import (
	"fmt"
	"strings"

	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// emitGather emits the permutation of a single row, of which every number moves
// by itself: instructions that gather take as long, and longer for long rows.
func (k kernel) emitGather() {
	k.function("gather", "permuted, mixed, u *float32, perm *int32, diagonal *float32, n int", `
for i := range n {
	permuted[i] = u[perm[i]]
	mixed[i] = diagonal[i] * u[perm[i]]
}`)
	permuted, mixed, u := pointer("permuted"), pointer("mixed"), pointer("u")
	perm, diagonal, n := pointer("perm"), pointer("diagonal"), pointer("n")
	data, rest := k.chunk()
	Label("chunk")
	quarter := func(first int, to isa.Register) {
		for lane := range 4 {
			index := GP64()
			MOVLQZX(Mem{Base: perm, Disp: 4 * (first + lane)}, index)
			from := Mem{Base: u, Index: index, Scale: 4}
			if lane == 0 {
				VMOVSS(from, to.AsX())
			} else {
				VINSERTPS(Imm(uint64(lane<<4)), from, to.AsX(), to.AsX())
			}
		}
	}
	quarter(0, data[0])
	quarter(4, data[1])
	VINSERTF128(Imm(1), data[1].AsX(), data[0].AsY(), data[0].AsY())
	VMOVUPS(data[0], Mem{Base: permuted})
	VMULPS(Mem{Base: diagonal}, data[0], rest[0])
	VMOVUPS(rest[0], Mem{Base: mixed})
	k.next(n, "chunk", step{permuted, 4}, step{mixed, 4}, step{perm, 4}, step{diagonal, 4})
}

// emitMixRow emits the product of a single row with a G of matrices of so many rows, by
// horizontal additions, which add pairs.
func (k kernel) emitMixRow(group int) {
	k.function(fmt.Sprintf("mixRow%d", group), "mixed, permuted, matrices *float32, n int", strings.ReplaceAll(`
for i := range n {
	var products [GROUP]float32
	for c := range products {
		products[c] = matrices[i*GROUP+c] * permuted[i-i%GROUP+c]
	}
	mixed[i] = products[0] + products[1] // of GROUP by pairs, and these by pairs
}`, "GROUP", fmt.Sprint(group)))
	mixed, permuted, matrices, n := pointer("mixed"), pointer("permuted"), pointer("matrices"), pointer("n")
	r := k.Registers
	Label("chunk")
	input := r[8]
	for i := range group { // 8 numbers of G each
		switch {
		case group == 2: // of two groups, each twice
			VMOVUPS(Mem{Base: permuted, Disp: 16 * i}, input.AsX())
			VPERMPD(Imm(0b01_01_00_00), input, input)
		case group == 4 && i%2 == 0:
			VBROADCASTF128(Mem{Base: permuted, Disp: 8 * i}, input)
		case i == 0:
			VMOVUPS(Mem{Base: permuted}, input)
		}
		VMULPS(Mem{Base: matrices, Disp: 32 * i}, input, r[i])
	}
	for i := 0; i < group; i += 2 {
		VHADDPS(r[i+1], r[i], r[i])
	}
	for i := 0; i < group && group > 2; i += 4 {
		VHADDPS(r[i+2], r[i], r[i])
	}
	switch group {
	case 2: // entries 0 1 4 5 | 2 3 6 7
		VPERMPD(Imm(0b11_01_10_00), r[0], r[0])
	case 4: // entries 0 2 4 6 | 1 3 5 7
		VEXTRACTF128(Imm(1), r[0], r[1].AsX())
		VUNPCKLPS(r[1].AsX(), r[0].AsX(), r[2].AsX())
		VUNPCKHPS(r[1].AsX(), r[0].AsX(), r[3].AsX())
		VINSERTF128(Imm(1), r[3].AsX(), r[2], r[0])
	case 8: // the lower halves of entries 0 to 3 | the upper ones; and of entries 4 to 7
		VPERM2F128(Imm(0x20), r[4], r[0], r[1])
		VPERM2F128(Imm(0x31), r[4], r[0], r[2])
		VADDPS(r[2], r[1], r[0])
	}
	VMOVUPS(r[0], Mem{Base: mixed})
	k.next(n, "chunk", step{mixed, 4}, step{permuted, 4}, step{matrices, 4 * group})
}
