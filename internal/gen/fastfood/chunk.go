package main

import (
	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A chunk is 8 registers. As rows, register r has as many entries of row r as
// it has lanes. As entries, register i of AVX2 is entry i; a register of AVX-512
// has two entries: those that follow each other in memory, or, before they
// become rows,
//
//	0|4  1|5  2|6  3|7  8|12  9|13  10|14  11|15.

// chunk returns the registers of a chunk, and the rest.
func (k kernel) chunk() (data, rest []isa.Register) {
	return append(data, k.Registers[:lanes]...), append(rest, k.Registers[lanes:]...)
}

// storeEntries stores a chunk of entries.
func (k kernel) storeEntries(data []isa.Register, tile reg.Register) {
	for i := range data {
		VMOVUPS(data[i], Mem{Base: tile, Disp: i * k.RegisterBytes})
	}
}

// loadEntries loads a chunk of entries in the order for toRows.
func (k kernel) loadEntries(data []isa.Register, tile reg.Register) {
	for i := range data {
		if k.RegisterBytes == 32 {
			VMOVUPS(entry(tile, i), data[i])
			continue
		}
		first := i/4*8 + i%4
		VMOVUPS(entry(tile, first), data[i].AsY())
		VINSERTF32X8(Imm(1), entry(tile, first+4), data[i], data[i])
	}
}

// loadRows loads the rows that there are, times the factors, and goes on at the
// label. The other rows are zeros.
func (k kernel) loadRows(data []isa.Register, x, stride, rows reg.Register, factors isa.Register, label string) {
	for _, r := range data {
		VXORPS(r, r, r)
	}
	eachRow(x, stride, rows, label, func(row int, place Mem) {
		VMULPS(place, factors, data[row])
	})
}

// toEntries turns rows into entries.
func (k kernel) toEntries(data []isa.Register, free *isa.Register) {
	if k.RegisterBytes == 32 {
		k.transpose(data, 3, free)
		return
	}
	// In 128-bit lanes: rows i and i+4, columns 0-7 and 8-15, become one register.
	exchange(data, 4, 0b01_00_01_00, 0b11_10_11_10, free)
	k.transpose(data, 2, free) // entries i and i+4, of rows 0-3 and of rows 4-7
	exchange(data, 1, 0b10_00_10_00, 0b11_01_11_01, free)
	for i := 0; i < len(data); i += 4 { // 0|1  4|5  2|3  6|7
		data[i+1], data[i+2] = data[i+2], data[i+1]
	}
}

// exchange chooses 128-bit lanes of each two registers at a distance, two of
// either, once for the first and once for the second.
func exchange(data []isa.Register, distance int, first, second uint64, free *isa.Register) {
	for i := range data {
		if i&distance == 0 {
			a, b := &data[i], &data[i+distance]
			VSHUFF32X4(Imm(first), *b, *a, *free)
			VSHUFF32X4(Imm(second), *b, *a, *b)
			*a, *free = *free, *a
		}
	}
}

// toRows turns entries into rows.
func (k kernel) toRows(data []isa.Register, free *isa.Register) { k.transpose(data, 3, free) }

// transpose emits levels of a transposition.
func (k kernel) transpose(data []isa.Register, levels int, free *isa.Register) {
	for level := range levels {
		for i := range data {
			if h := 1 << level; i&h == 0 {
				a, b := &data[i], &data[i+h]
				k.interleave(level, *a, *b, *free, *b)
				*a, *free = *free, *a
			}
		}
	}
	// The first two levels leave columns 1 and 2 of four in each other's place.
	for i := 1; i < len(data); i += 4 {
		data[i], data[i+1] = data[i+1], data[i]
	}
}

// interleave emits a level for two registers: low and high get the runs of
// 2^level elements of a and b in turns. In the first two levels those are the
// lower runs of each 128 bits and the upper ones; from then on, the even and
// the odd ones.
func (k kernel) interleave(level int, a, b, low, high isa.Register) {
	switch {
	case level == 0:
		VUNPCKLPS(b, a, low)
		VUNPCKHPS(b, a, high)
	case level == 1:
		VUNPCKLPD(b, a, low)
		VUNPCKHPD(b, a, high)
	case k.RegisterBytes == 32:
		VPERM2F128(Imm(0x20), b, a, low)
		VPERM2F128(Imm(0x31), b, a, high)
	default:
		VSHUFF32X4(Imm(0b10_00_10_00), b, a, low)
		VSHUFF32X4(Imm(0b11_01_11_01), b, a, high)
	}
}

// levels emits the first levels of the transform, those within a chunk of
// entries. Where a pair (a, b) lies in one register, it becomes
// (a, b)·(+1, -1) + (b, a), which is rounded as a+b and a-b are.
func (k kernel) levels(data []isa.Register, free *isa.Register) {
	if k.RegisterBytes == 64 {
		for i := range data {
			VSHUFF64X2(Imm(0b01_00_11_10), data[i], data[i], *free)
			VFMADD231PS(k.signs, data[i], *free)
			data[i], *free = *free, data[i]
		}
	}
	isa.Levels(VADDPS, VSUBPS, data, free)
}

// eachRow emits body for the rows 0, 1, … of a matrix, until all that there
// are have been done.
func eachRow(first, stride, rows reg.Register, label string, body func(row int, place Mem)) {
	place := GP64()
	MOVQ(first, place)
	for row := range lanes {
		body(row, Mem{Base: place})
		if row < lanes-1 {
			CMPQ(rows, Imm(uint64(row+1)))
			JE(LabelRef(label))
			ADDQ(stride, place)
		}
	}
	Label(label)
}
