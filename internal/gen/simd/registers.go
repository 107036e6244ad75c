package main

import (
	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Of AVX-512's 32 vector registers AVX2 has the first 16.

func xmm(i int) Register { return isa.AVX512.Registers[i].AsX() }
func ymm(i int) Register { return isa.AVX512.Registers[i].AsY() }
func zmm(i int) Register { return isa.AVX512.Registers[i] }

// A mask of floats is a mask register in AVX-512 and a vector in AVX2. In memory
// it is int32, -1 where a float is selected and 0 elsewhere.

func isMaskRegister(mask Register) bool { return mask.Kind() == KindOpmask }

// loadMask loads a mask from memory; AVX-512 needs a spare vector for that.
func loadMask(from Mem, mask, spare Register) {
	if isMaskRegister(mask) {
		VMOVDQU32(from, spare)
		VPMOVD2M(spare, mask)
	} else {
		VMOVDQU(from, mask)
	}
}

// loadMasked loads the floats that a mask selects, and zeros for the others.
func loadMasked(from Mem, mask, to Register) {
	if isMaskRegister(mask) {
		VMOVUPS_Z(from, mask, to)
	} else {
		VMASKMOVPS(from, mask, to)
	}
}

// storeMasked stores the floats that a mask selects.
func storeMasked(from, mask Register, to Mem) {
	if isMaskRegister(mask) {
		VMOVUPS(from, mask, to)
	} else {
		VMASKMOVPS(from, mask, to)
	}
}
