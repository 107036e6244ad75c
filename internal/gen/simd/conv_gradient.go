package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tapGradients is a register tile of output channels × taps. In AVX2 it does
// half of the lanes.
type tapGradients struct {
	name          string
	outputs, taps int // at most
	vector        func(i int) Register
}

func (k tapGradients) function() {
	TEXT(k.name, NOSPLIT, "func(outputs, taps, groups int, sums *float32, sumsOutput int, dy *float32, dyOutput int, x *float32, offsets *int32, xPixel, xRow, rows, columns int)")
	Pragma("noescape")
	Doc(
		fmt.Sprintf("%s sums products over pixels, for 1 to %d output channels and groups of 1 to %d taps:", k.name, k.outputs, k.taps),
		"",
		"\tfor o := range outputs {",
		"\t\tfor _, t := range offsets[:groups*taps] {",
		fmt.Sprintf("\t\t\tfor lane := range %d {", k.lanes()),
		"\t\t\t\tsum := 0",
		"\t\t\t\tfor i := range rows {",
		"\t\t\t\t\tfor j := range columns {",
		"\t\t\t\t\t\tx := x[t.source/4+i*xRow+j*xPixel+lane]",
		"\t\t\t\t\t\tsum = fma(dy[o*dyOutput+16*(i*columns+j)+lane], x, sum)",
		"\t\t\t\t\t}",
		"\t\t\t\t}",
		"\t\t\t\tsums[o*sumsOutput+t.weight/4+lane] = sum",
		"\t\t\t}",
		"\t\t}",
		"\t}",
	)
	outputs, taps := Load(Param("outputs"), GP64()), Load(Param("taps"), GP64())
	offsets, groups := Load(Param("offsets"), GP64()), Load(Param("groups"), GP64())
	SHLQ(U8(3), outputs)
	ADDQ(taps, outputs)
	for o := k.outputs; o > 0; o-- {
		for t := k.taps; t > 0; t-- {
			CMPQ(outputs, U8(8*o+t))
			JEQ(LabelRef(fmt.Sprintf("tile%dx%d", o, t)))
		}
	}
	RET()
	for o := 1; o <= k.outputs; o++ {
		for t := 1; t <= k.taps; t++ {
			k.tile(o, t, offsets, groups)
		}
	}
}

func (k tapGradients) lanes() int { return int(k.vector(0).Size()) / 4 }

// tile has the accumulators in the first registers, output by output, then the
// outputs' gradients, then a tap or two. If that is more registers than there
// are, it takes the gradients one after the other.
func (k tapGradients) tile(outputs, taps int, offsets, groups Register) {
	label := fmt.Sprintf("tile%dx%d", outputs, taps)
	Label(label)
	for i := range outputs * taps {
		VXORPS(xmm(i), xmm(i), xmm(i))
	}
	x := k.sources(taps, offsets)
	dy, dyOutput, dyOutput3 := Load(Param("dy"), GP64()), bytes("dyOutput"), GP64()
	LEAQ(Mem{Base: dyOutput, Index: dyOutput, Scale: 2}, dyOutput3)
	gradient := func(o int) Mem { return nth(dy, o, dyOutput, dyOutput3) }
	xPixel, skip, rows := bytes("xPixel"), bytes("xRow"), Load(Param("rows"), GP64())
	width := GP64()
	MOVQ(xPixel, width)
	IMULQ(Load(Param("columns"), GP64()), width)
	SUBQ(width, skip)
	i := GP64()
	XORQ(i, i)

	Label(label + "_row")
	columns := Load(Param("columns"), GP64())
	Label(label + "_column")
	k.products(outputs, taps, gradient, x, i)
	ADDQ(xPixel, i)
	ADDQ(U8(entryBytes), dy)
	DECQ(columns)
	JNZ(LabelRef(label + "_column"))
	ADDQ(skip, i)
	DECQ(rows)
	JNZ(LabelRef(label + "_row"))

	k.store(outputs, taps, offsets)
	ADDQ(U8(8*taps), offsets)
	DECQ(groups)
	JNZ(LabelRef(label))
	VZEROUPPER()
	RET()
}

// sources are where the taps begin in x.
func (k tapGradients) sources(taps int, offsets Register) (x []Register) {
	base := Load(Param("x"), GP64())
	for t := range taps {
		at := GP64()
		MOVLQSX(Mem{Base: offsets, Disp: 8 * t}, at)
		ADDQ(base, at)
		x = append(x, at)
	}
	return x
}

// store writes the accumulators to the weights' places.
func (k tapGradients) store(outputs, taps int, offsets Register) {
	sums, sumsOutput := Load(Param("sums"), GP64()), bytes("sumsOutput")
	for t := range taps {
		to := GP64()
		MOVLQSX(Mem{Base: offsets, Disp: 8*t + 4}, to)
		ADDQ(sums, to)
		for o := range outputs {
			VMOVUPS(k.vector(o*taps+t), Mem{Base: to})
			if o < outputs-1 {
				ADDQ(sumsOutput, to)
			}
		}
	}
}

// products adds a pixel's products to the accumulators. Either the gradients or
// the taps stay in registers meanwhile, the others come one after the other.
func (k tapGradients) products(outputs, taps int, gradient func(o int) Mem, x []Register, i Register) {
	at := outputs * taps
	pixel := func(t int) Mem { return Mem{Base: x[t], Index: i, Scale: 1} }
	if outputs > taps {
		for t := range taps {
			VMOVUPS(pixel(t), k.vector(at+t))
		}
		for o := range outputs {
			passing := k.vector(at + taps + o%2)
			VMOVUPS(gradient(o), passing)
			for t := range taps {
				VFMADD231PS(k.vector(at+t), passing, k.vector(o*taps+t))
			}
		}
		return
	}
	for o := range outputs {
		VMOVUPS(gradient(o), k.vector(at+o))
	}
	for t := range taps {
		passing := k.vector(at + outputs + t%2)
		VMOVUPS(pixel(t), passing)
		for o := range outputs {
			VFMADD231PS(k.vector(at+o), passing, k.vector(o*taps+t))
		}
	}
}
