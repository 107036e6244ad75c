package main

import (
	"fmt"
	"strings"

	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// emitProducts emits the pass that sums the gradients of S and B.
func (k kernel) emitProducts() {
	k.function("products", "sums, tile, x *float32, stride, rows int, scale float32, n int", `
for i := range n {
	var sum float32
	for r := range rows {
		sum += tile[i*8+r] * x[r*stride+i]
	}
	sums[i] += scale * sum
}`, "", "where a product and its sum are rounded once.")
	sums, tile, x, stride, rows := pointer("sums"), pointer("tile"), pointer("x"), stride(), pointer("rows")
	n := pointer("n")
	data, rest := k.chunk()
	free, sum, scale := rest[0], rest[1], rest[2]
	VBROADCASTSS(isa.Parameter("scale"), scale)
	Label("chunk")
	k.loadEntries(data, tile)
	k.toRows(data, &free)
	VXORPS(sum, sum, sum)
	eachRow(x, stride, rows, "summed", func(row int, place Mem) {
		VFMADD231PS(place, data[row], sum)
	})
	VFMADD213PS(Mem{Base: sums}, scale, sum)
	VMOVUPS(sum, Mem{Base: sums})
	k.next(n, "chunk", step{sums, 4}, step{tile, entryBytes}, step{x, 4})
}

// emitLevels emits the first levels of the transform of a tile.
func (k kernel) emitLevels() {
	k.function("levels", "tile *float32, n int", `
for i := 0; i < n; i += RUN {
	fwht.TransformColumns(tile[i*8:(i+RUN)*8], RUN, 8)
}`)
	tile, n := pointer("tile"), pointer("n")
	data, rest := k.chunk()
	Label("chunk")
	for i := range data {
		VMOVUPS(Mem{Base: tile, Disp: i * k.RegisterBytes}, data[i])
	}
	k.levels(data, &rest[0])
	k.storeEntries(data, tile)
	k.next(n, "chunk", step{tile, entryBytes})
}

// emitScatter emits the adjoint of permute, but for the levels: there is a loop
// with the gradient of G, and one without.
func (k kernel) emitScatter() {
	k.function("scatter", "v, a *float32, perm *int32, diagonal, inner, dg *float32, n int", `
for i := range n {
	for r := range 8 {
		v[perm[i]*8+r] = diagonal[i] * a[i*8+r]
		if dg != nil {
			dg[i] += a[i*8+r] * inner[perm[i]*8+r]
		}
	}
}`, "", "but for the order of the sums.")
	v, a, perm, diagonal := pointer("v"), pointer("a"), pointer("perm"), pointer("diagonal")
	inner, dg, n := pointer("inner"), pointer("dg"), pointer("n")
	pool := append([]isa.Register(nil), k.Registers...)
	factor := take(&pool)
	move := func(i int, value isa.Register) (place reg.Register) {
		place = offset(perm, i)
		VMOVUPS(entry(a, i), value)
		VBROADCASTSS(Mem{Base: diagonal, Disp: 4 * i}, factor)
		VMULPS(factor, value, factor)
		VMOVUPS(factor, Mem{Base: v, Index: place, Scale: 1})
		return place
	}
	TESTQ(dg, dg)
	JZ(LabelRef("alone"))
	Label("chunk")
	sum := k.sums(0, 3, &pool, func(i int) isa.Register {
		value := take(&pool)
		place := move(i, value)
		VMULPS(Mem{Base: inner, Index: place, Scale: 1}, value, value)
		return value
	})
	VADDPS(Mem{Base: dg}, sum, sum)
	VMOVUPS(sum, Mem{Base: dg})
	k.next(n, "chunk", step{a, entryBytes}, step{perm, 4}, step{diagonal, 4}, step{dg, 4})
	Label("alone")
	for i := range lanes {
		move(i, sum)
	}
	k.next(n, "alone", step{a, entryBytes}, step{perm, 4}, step{diagonal, 4})
}

// emitUnmix is emitScatter for a G of matrices of so many rows.
func (k kernel) emitUnmix(group int) {
	k.function(fmt.Sprintf("unmix%d", group), "v, a *float32, perm *int32, matrices, inner, dg *float32, n int", strings.ReplaceAll(`
for i := range n {
	first, c := i-i%GROUP, i%GROUP
	for r := range 8 {
		sum := matrices[first*GROUP+c] * a[first*8+r]
		for j := 1; j < GROUP; j++ {
			sum += matrices[(first+j)*GROUP+c] * a[(first+j)*8+r]
		}
		v[perm[i]*8+r] = sum
		for j := range GROUP {
			if dg != nil {
				dg[i*GROUP+j] += a[i*8+r] * inner[perm[first+j]*8+r]
			}
		}
	}
}`, "GROUP", fmt.Sprint(group)), "", "but for the order of the sums of dg.")
	v, a, perm, matrices := pointer("v"), pointer("a"), pointer("perm"), pointer("matrices")
	inner, dg, n := pointer("inner"), pointer("dg"), pointer("n")
	all := append([]isa.Register(nil), k.Registers...)
	factor, sum, held := all[0], all[1], all[2:2+min(group, 4)]
	// move emits v for a group from entry i on, and returns where its entries are.
	move := func(i int) (offsets []reg.Register, outputs []Op) {
		outputs = k.groupInputs(held, group, func(r int) Mem { return entry(a, i+r) })
		for c := range group {
			place := offset(perm, i+c)
			offsets = append(offsets, place)
			for r, output := range outputs {
				VBROADCASTSS(Mem{Base: matrices, Disp: 4 * ((i+r)*group + c)}, factor)
				if r == 0 {
					VMULPS(output, factor, sum)
				} else {
					VMULPS(output, factor, factor)
					VADDPS(factor, sum, sum)
				}
			}
			VMOVUPS(sum, Mem{Base: v, Index: place, Scale: 1})
		}
		return offsets, outputs
	}
	TESTQ(dg, dg)
	JZ(LabelRef("alone"))
	Label("chunk")
	var offsets []reg.Register
	var outputs []Op
	for first := 0; first < lanes*group; first += lanes {
		pool := append([]isa.Register(nil), all[2+len(held):]...)
		total := k.sums(0, 3, &pool, func(lane int) isa.Register {
			e := first + lane
			row, column := e/group, e%group
			if row%group == 0 && column == 0 {
				offsets, outputs = move(row)
			}
			value := take(&pool)
			VMOVUPS(Mem{Base: inner, Index: offsets[column], Scale: 1}, value)
			VMULPS(outputs[row%group], value, value)
			return value
		})
		VADDPS(Mem{Base: dg, Disp: 4 * first}, total, total)
		VMOVUPS(total, Mem{Base: dg, Disp: 4 * first})
	}
	k.next(n, "chunk", step{a, entryBytes}, step{perm, 4}, step{matrices, 4 * group}, step{dg, 4 * group})
	Label("alone")
	for i := 0; i < lanes; i += group {
		move(i)
	}
	k.next(n, "alone", step{a, entryBytes}, step{perm, 4}, step{matrices, 4 * group})
}

// sums emits, for 2^levels registers from the first one on, the sums of the
// elements of each as the elements of one. It is a transposition whose levels
// add the two halves, so that half of the registers remain. It goes down into
// one half before it begins the other and so needs few of them; product emits
// register i into one that it takes from the pool.
func (k kernel) sums(first, levels int, pool *[]isa.Register, product func(i int) isa.Register) isa.Register {
	if levels == 0 {
		return product(first)
	}
	level := levels - 1
	a := k.sums(first, level, pool, product)
	b := k.sums(first+1<<level, level, pool, product)
	low := take(pool)
	k.interleave(level, a, b, low, b)
	VADDPS(low, b, a)
	*pool = append(*pool, b, low)
	return a
}

// take removes a register from the pool.
func take(pool *[]isa.Register) isa.Register {
	last := len(*pool) - 1
	r := (*pool)[last]
	*pool = (*pool)[:last]
	return r
}
