package main

import (
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
