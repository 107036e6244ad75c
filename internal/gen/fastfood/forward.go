package main

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// emitLoad emits the pass from rows to a tile: there is a loop with the first
// levels of the transform, and one without.
func (k kernel) emitLoad() {
	k.function("load", "tile, x *float32, stride, rows int, diagonal *float32, scale float32, n int, levels bool", `
for i := range n {
	for r := range 8 {
		tile[i*8+r] = 0
		if r < rows {
			tile[i*8+r] = diagonal[i] * scale * x[r*stride+i]
		}
	}
}
for i := 0; levels && i < n; i += RUN {
	fwht.TransformColumns(tile[i*8:(i+RUN)*8], RUN, 8)
}`)
	tile, x, stride, rows := pointer("tile"), pointer("x"), stride(), pointer("rows")
	diagonal, n := pointer("diagonal"), pointer("n")
	_, rest := k.chunk()
	VBROADCASTSS(isa.Parameter("scale"), rest[2])
	k.withLevelsAndWithout(func(loop string, levels bool) {
		data, rest := k.chunk()
		free, factors, scale := rest[0], rest[1], rest[2]
		VMULPS(Mem{Base: diagonal}, scale, factors)
		k.loadRows(data, x, stride, rows, factors, loop+"Loaded")
		k.toEntries(data, &free)
		if levels {
			k.levels(data, &free)
		}
		k.storeEntries(data, tile)
		k.next(n, loop, step{tile, entryBytes}, step{x, 4}, step{diagonal, 4})
	})
}

// withLevelsAndWithout emits two loops, of which the parameter levels chooses.
func (k kernel) withLevelsAndWithout(body func(loop string, levels bool)) {
	CMPB(isa.Parameter("levels"), Imm(0))
	JE(LabelRef("plain"))
	Label("transformed")
	body("transformed", true)
	Label("plain")
	body("plain", false)
}

// emitPermute emits the pass between the transforms, in two loops as well.
func (k kernel) emitPermute() {
	k.function("permute", "outer, inner *float32, perm *int32, diagonal *float32, n int, levels bool", `
for i := range n {
	for r := range 8 {
		outer[i*8+r] = diagonal[i] * inner[perm[i]*8+r]
	}
}
for i := 0; levels && i < n; i += RUN {
	fwht.TransformColumns(outer[i*8:(i+RUN)*8], RUN, 8)
}`)
	outer, inner, perm := pointer("outer"), pointer("inner"), pointer("perm")
	diagonal, n := pointer("diagonal"), pointer("n")
	k.withLevelsAndWithout(func(loop string, levels bool) {
		data, rest := k.chunk()
		free, factor := rest[0], rest[1]
		product := func(i int, to isa.Register) {
			VBROADCASTSS(Mem{Base: diagonal, Disp: 4 * i}, factor.AsY())
			VMULPS(Mem{Base: inner, Index: offset(perm, i), Scale: 1}, factor.AsY(), to.AsY())
		}
		for i := range data {
			if k.RegisterBytes == 32 {
				product(i, data[i])
			} else {
				product(2*i, data[i])
				product(2*i+1, free)
				VINSERTF32X8(Imm(1), free.AsY(), data[i], data[i])
			}
		}
		if levels {
			k.levels(data, &free)
		}
		k.storeEntries(data, outer)
		k.next(n, loop, step{outer, entryBytes}, step{perm, 4}, step{diagonal, 4})
	})
}

// emitMix is emitPermute for a G of matrices of so many rows.
func (k kernel) emitMix(group int) {
	k.function(fmt.Sprintf("mix%d", group), "outer, inner *float32, perm *int32, matrices *float32, n int, levels bool", strings.ReplaceAll(`
for i := range n {
	for r := range 8 {
		var products [GROUP]float32
		for c := range products {
			products[c] = matrices[i*GROUP+c] * inner[perm[i-i%GROUP+c]*8+r]
		}
		outer[i*8+r] = products[0] + products[1] // of GROUP by pairs, and these by pairs
	}
}
for i := 0; levels && i < n; i += RUN {
	fwht.TransformColumns(outer[i*8:(i+RUN)*8], RUN, 8)
}`, "GROUP", fmt.Sprint(group)))
	outer, inner, perm := pointer("outer"), pointer("inner"), pointer("perm")
	matrices, n := pointer("matrices"), pointer("n")
	k.withLevelsAndWithout(func(loop string, levels bool) {
		data, rest := k.chunk()
		free, terms := rest[0], rest[1:4]
		var inputs []Op // of the group that is being done
		// sum emits the sum of products c to end-1 of entry i.
		var sum func(i, c, end int, to isa.Register)
		sum = func(i, c, end int, to isa.Register) {
			if end-c == 1 {
				VBROADCASTSS(Mem{Base: matrices, Disp: 4 * (i*group + c)}, to.AsY())
				VMULPS(inputs[c], to.AsY(), to.AsY())
				return
			}
			half := (c + end) / 2
			term := terms[bits.Len(uint(end-c))-2]
			sum(i, c, half, to)
			sum(i, half, end, term)
			VADDPS(term.AsY(), to.AsY(), to.AsY())
		}
		product := func(i int, to isa.Register) {
			if i%group == 0 {
				inputs = k.groupInputs(rest[4:], group, func(c int) Mem {
					return Mem{Base: inner, Index: offset(perm, i+c), Scale: 1}
				})
			}
			sum(i, 0, group, to)
		}
		for i := range data {
			if k.RegisterBytes == 32 {
				product(i, data[i])
			} else {
				product(2*i, data[i])
				product(2*i+1, free)
				VINSERTF32X8(Imm(1), free.AsY(), data[i], data[i])
			}
		}
		if levels {
			k.levels(data, &free)
		}
		k.storeEntries(data, outer)
		k.next(n, loop, step{outer, entryBytes}, step{perm, 4}, step{matrices, 4 * group})
	})
}

// groupInputs returns the entries that a matrix takes, in registers if they are enough.
func (k kernel) groupInputs(registers []isa.Register, group int, place func(c int) Mem) (inputs []Op) {
	for c := range group {
		if group > len(registers) {
			inputs = append(inputs, place(c))
			continue
		}
		VMOVUPS(place(c), registers[c].AsY())
		inputs = append(inputs, registers[c].AsY())
	}
	return inputs
}

// emitStore emits the pass from a tile to rows.
func (k kernel) emitStore() {
	k.function("store", "y *float32, stride, rows int, add bool, tile, diagonal *float32, scale float32, bias *float32, least float32, n int", `
for i := range n {
	for r := range rows {
		v := diagonal[i] * tile[i*8+r] * scale
		if bias != nil {
			v += bias[i]
		}
		if v < least {
			v = least
		}
		if add {
			v += y[r*stride+i]
		}
		y[r*stride+i] = v
	}
}`)
	y, stride, rows, tile := pointer("y"), stride(), pointer("rows"), pointer("tile")
	diagonal, bias, n := pointer("diagonal"), pointer("bias"), pointer("n")
	data, rest := k.chunk()
	free, factors, scale, least := rest[0], rest[1], rest[2], rest[3]
	VBROADCASTSS(isa.Parameter("scale"), scale)
	VBROADCASTSS(isa.Parameter("least"), least)
	Label("chunk")
	k.loadEntries(data, tile)
	k.toRows(data, &free)
	VMOVUPS(Mem{Base: diagonal}, factors)
	for _, r := range data {
		VMULPS(factors, r, r)
		VMULPS(scale, r, r)
	}
	TESTQ(bias, bias)
	JZ(LabelRef("biased"))
	VMOVUPS(Mem{Base: bias}, factors)
	for _, r := range data {
		VADDPS(factors, r, r)
	}
	ADDQ(I32(4*k.run()), bias)
	Label("biased")
	for _, r := range data {
		VMAXPS(r, least, r) // NaN stays
	}
	CMPB(isa.Parameter("add"), Imm(0))
	JE(LabelRef("overwrite"))
	eachRow(y, stride, rows, "added", func(row int, place Mem) {
		VADDPS(place, data[row], data[row])
		VMOVUPS(data[row], place)
	})
	JMP(LabelRef("stored"))
	Label("overwrite")
	eachRow(y, stride, rows, "stored", func(row int, place Mem) {
		VMOVUPS(data[row], place)
	})
	k.next(n, "chunk", step{y, 4}, step{tile, entryBytes}, step{diagonal, 4})
}
