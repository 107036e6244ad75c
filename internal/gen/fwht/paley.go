package main

import (
	"fmt"

	"github.com/deepfry/deepfry/internal/gen/isa"
	"github.com/deepfry/deepfry/internal/paley"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// emitPaley emits the kernel that multiplies by the small matrices of package
// paley. There is a loop for each order m; it does a register of columns at a
// time. With (x0, x1) a pair of rows and
//
//	u = x0 + x1,  v = x0 - x1
//
// the results are y0 = C·u + v and y1 = C·v - u: the vectors u and v of all
// pairs go to the stack, the products by C are summed in registers. Of each
// register, moveColumns loads and stores so many columns, the first ones; the
// others are 0.
func (k kernel) emitPaley(lanes int, moveColumns isa.Emitter) {
	k.begin("paley", "x *%[1]s, h, columns, order int, scale %[1]s", 0,
		"equals, for order 12, 20, 28 or 36, where H is",
		fmt.Sprintf("the matrix of that order, and a multiple of %d columns greater than 0,", lanes),
		"",
		"\tfor j := range columns {",
		"\t\ty := scale * H * x[j], x[h+j], …, x[(order-1)*h+j]",
		"\t\tx[j], x[h+j], …, x[(order-1)*h+j] = y",
		"\t}",
		"",
		"with the additions of paleyRef in the same order.",
	)
	x := Load(Param("x"), GP64())
	h := Load(Param("h"), GP64())
	columns := Load(Param("columns"), GP64())
	order := Load(Param("order"), GP64())
	SHLQ(Imm(uint64(k.elementBytes/8+2)), h) // now in bytes
	scale := k.Registers[len(k.Registers)-1]
	k.broadcast(isa.Parameter("scale"), scale)

	// Aligned registers on the stack.
	largest := paley.Orders[len(paley.Orders)-1]
	stack := GP64()
	LEAQ(AllocLocal((largest+1)*k.RegisterBytes), stack)
	ADDQ(I32(k.RegisterBytes-1), stack)
	ANDQ(I32(-k.RegisterBytes), stack)

	for _, m := range paley.Orders[1:] {
		CMPQ(order, Imm(uint64(m)))
		JE(LabelRef(fmt.Sprintf("order%d", m)))
	}
	for _, m := range paley.Orders {
		loop := fmt.Sprintf("order%d", m)
		Label(loop)
		k.emitPaleyColumns(m, x, h, stack, scale, moveColumns)
		ADDQ(I32(lanes*k.elementBytes), x)
		SUBQ(I32(lanes), columns)
		JNE(LabelRef(loop))
		VZEROUPPER()
		RET()
	}
}

// emitNarrowPaley emits kernels for as many columns as half a register of AVX2
// has, and for fewer.
func (p precision) emitNarrowPaley() {
	if p.elementBytes == 8 {
		p.broadcast = VMOVDDUP // VBROADCASTSD has no such form
	}
	moves := []isa.Emitter{VMOVUPS, VMOVSD, VMOVSS} // of 16, 8 and 4 bytes
	for columns := 16 / p.elementBytes; columns >= 1; columns /= 2 {
		half := isa.AVX128
		half.Name = fmt.Sprintf("x%d", columns)
		kernel{p, half}.emitPaley(columns, moves[0])
		moves = moves[1:]
	}
}

// emitPaleyColumns emits the product by the matrix of order m for a register of
// columns.
func (k kernel) emitPaleyColumns(m int, x, h, stack reg.Register, scale register, moveColumns isa.Emitter) {
	u := func(i int) Mem { return Mem{Base: stack, Disp: i * k.RegisterBytes} }
	v := func(i int) Mem { return u(m/2 + i) }
	row := GP64()
	MOVQ(x, row)
	for i := range m / 2 { // registers in turns, so that pairs do not wait
		x0, x1, sum := k.Registers[3*(i%4)], k.Registers[3*(i%4)+1], k.Registers[3*(i%4)+2]
		moveColumns(Mem{Base: row}, x0)
		moveColumns(Mem{Base: row, Index: h, Scale: 1}, x1)
		k.add(x1, x0, sum)
		k.sub(x1, x0, x0)
		k.move(sum, u(i))
		k.move(x0, v(i))
		LEAQ(Mem{Base: row, Index: h, Scale: 2}, row)
	}
	MOVQ(x, row)
	store := func(sum register) {
		k.mul(scale, sum, sum)
		moveColumns(sum, Mem{Base: row})
		LEAQ(Mem{Base: row, Index: h, Scale: 2}, row)
	}
	k.emitConference(m, u, func(i int, term, to register) { k.add(v(i), term, to) }, store)
	LEAQ(Mem{Base: x, Index: h, Scale: 1}, row)
	k.emitConference(m, v, func(i int, term, to register) { k.sub(u(i), term, to) }, store)
}

// emitConference emits C·x, to which begin adds something with the first term
// of each row, and stores the results one after another. It does as many rows of
// C at a time as there are registers for their sums.
func (k kernel) emitConference(m int, x func(int) Mem, begin func(i int, term, to register), store func(sum register)) {
	const others = 5 // a, b, their sum and difference, and the scale
	sums, rest := k.Registers[:len(k.Registers)-others], k.Registers[len(k.Registers)-others:]
	a, b, sum, difference := rest[0], rest[1], rest[2], rest[3]
	terms := paley.Terms(m)
	size := len(terms)
	if size > len(sums) {
		size /= 2
	}
	for first := 0; first < len(terms); first += size {
		for pair := range terms[0] {
			k.move(x(2*pair), a)
			k.move(x(2*pair+1), b)
			k.add(b, a, sum)
			k.sub(b, a, difference)
			for i := first; i < first+size; i++ {
				t, to := terms[i][pair], sums[i-first]
				value := [...]register{paley.Sum: sum, paley.Difference: difference, paley.First: a, paley.Second: b}[t%paley.Negative]
				switch {
				case pair == 0:
					begin(i, value, to)
				case t < paley.Negative:
					k.add(value, to, to)
				default:
					k.sub(value, to, to)
				}
			}
		}
		for _, sum := range sums[:size] {
			store(sum)
		}
	}
}
