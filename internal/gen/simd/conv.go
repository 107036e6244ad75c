package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Entries of a tile are the values of 16 samples.
const (
	entryFloats = 16
	entryBytes  = 4 * entryFloats
	entryShift  = 6
)

func conv() {
	convolution{"convolvePairs512", 2, 1, 14, zmm}.function()
	convolution{"convolveSingles512", 1, 1, 14, zmm}.function()
	convolution{"convolveSingles256", 1, 2, 6, ymm}.function()
	tapGradients{"tapGradients512", 5, 5, zmm}.function()
	tapGradients{"tapGradients256", 5, 2, ymm}.function()
}

// convolution is a register tile of output channels × pixels.
type convolution struct {
	name    string
	pixels  int // of the same taps
	parts   int // vectors of an entry
	outputs int // at most
	vector  func(i int) Register
}

func (k convolution) function() {
	TEXT(k.name, NOSPLIT, "func(outputs, count int, pixels, taps *int32, channels int, src *float32, srcChannel int, weights *float32, weightChannel int, dst *float32, dstChannel int, accumulate bool, bias *float32, relu bool)")
	Pragma("noescape")
	doc := []string{fmt.Sprintf("%s computes 1 to %d output channels of pixels:", k.name, k.outputs), ""}
	if k.pixels == 2 {
		doc[0] = fmt.Sprintf("%s computes 1 to %d output channels of pairs of pixels, which share the taps of the first:", k.name, k.outputs)
	}
	Doc(append(doc,
		fmt.Sprintf("\tfor _, p := range pixels[:%scount] {", map[int]string{1: "", 2: "2*"}[k.pixels]),
		"\t\tfor o := range outputs {",
		"\t\t\tfor lane := range 16 {",
		"\t\t\t\tsum := 0",
		"\t\t\t\tfor c := range channels {",
		"\t\t\t\t\tfor _, t := range taps[p.tap:][:p.taps] {",
		"\t\t\t\t\t\tx := src[c*srcChannel+16*p.source+t.source/4+lane]",
		"\t\t\t\t\t\tsum = fma(weights[c*weightChannel+t.weight/4+o], x, sum)",
		"\t\t\t\t\t}",
		"\t\t\t\t}",
		"\t\t\t\tdst[o*dstChannel+16*p.target+lane] = sum // after the epilogue",
		"\t\t\t}",
		"\t\t}",
		"\t}",
		"",
		"The epilogue: sum += dst[...] if accumulate; sum += bias[o] unless it is nil;",
		"sum = max(sum, 0) if relu.",
	)...)
	outputs := Load(Param("outputs"), GP64())
	pixel, count := Load(Param("pixels"), GP64()), Load(Param("count"), GP64())
	for n := k.outputs; n > 1; n-- {
		CMPQ(outputs, U8(n))
		JEQ(LabelRef(fmt.Sprintf("outputs%d", n)))
	}
	for n := 1; n <= k.outputs; n++ {
		label := fmt.Sprintf("outputs%d", n)
		Label(label)
		for i := range n * k.vectors() {
			VXORPS(xmm(i), xmm(i), xmm(i))
		}
		k.products(n, label, pixel)
		k.store(n, label, pixel)
		ADDQ(U8(16*k.pixels), pixel)
		DECQ(count)
		JNZ(LabelRef(label))
		VZEROUPPER()
		RET()
	}
}

// vectors is the number of vectors of an output channel in a tile.
func (k convolution) vectors() int { return k.pixels * k.parts }

// place returns the memory of vector v of a channel, given its pixels'.
func (k convolution) place(pixels []Register, index Register, v int) Mem {
	m := Mem{Base: pixels[v/k.parts], Disp: v % k.parts * entryBytes / k.parts}
	if index != nil {
		m.Index, m.Scale = index, 1
	}
	return m
}

// entries loads the places of the tile's pixels in memory: int32 at the given
// offset of each pixel are their entries' numbers.
func (k convolution) entries(pixel Register, offset int, param string) (places []Register) {
	for i := range k.pixels {
		at := GP64()
		MOVLQSX(Mem{Base: pixel, Disp: 16*i + offset}, at)
		SHLQ(U8(entryShift), at)
		ADDQ(Load(Param(param), GP64()), at)
		places = append(places, at)
	}
	return places
}

// products sums over channels and taps. Vector registers: the accumulators
// first, channel by channel, then the pixels, then two for weights, so that a
// broadcast does not wait for the products of the one before.
func (k convolution) products(outputs int, label string, pixel Register) {
	source := k.entries(pixel, 0, "src")
	first, end := GP64(), GP64()
	MOVLQSX(Mem{Base: pixel, Disp: 8}, first)
	MOVLQSX(Mem{Base: pixel, Disp: 12}, end)
	TESTQ(end, end)
	JZ(LabelRef(label + "_done"))
	SHLQ(U8(3), first)
	ADDQ(Load(Param("taps"), GP64()), first)
	LEAQ(Mem{Base: first, Index: end, Scale: 8}, end)
	channels, weights := Load(Param("channels"), GP64()), Load(Param("weights"), GP64())
	srcChannel, weightChannel := bytes("srcChannel"), bytes("weightChannel")

	Label(label + "_channel")
	tap := GP64()
	MOVQ(first, tap)
	Label(label + "_tap")
	x, w := GP64(), GP64()
	MOVLQSX(Mem{Base: tap}, x)
	MOVLQSX(Mem{Base: tap, Disp: 4}, w)
	at := outputs * k.vectors()
	for v := range k.vectors() {
		VMOVUPS(k.place(source, x, v), k.vector(at+v))
	}
	for o := range outputs {
		weight := k.vector(at + k.vectors() + o%2)
		VBROADCASTSS(Mem{Base: weights, Index: w, Scale: 1, Disp: 4 * o}, weight)
		for v := range k.vectors() {
			VFMADD231PS(k.vector(at+v), weight, k.sum(o, v))
		}
	}
	ADDQ(U8(8), tap)
	CMPQ(tap, end)
	JNE(LabelRef(label + "_tap"))
	for _, s := range source {
		ADDQ(srcChannel, s)
	}
	ADDQ(weightChannel, weights)
	DECQ(channels)
	JNZ(LabelRef(label + "_channel"))
	Label(label + "_done")
}

func (k convolution) sum(o, v int) Register { return k.vector(o*k.vectors() + v) }

// store applies the epilogue to the sums and writes them.
func (k convolution) store(outputs int, label string, pixel Register) {
	target := k.entries(pixel, 4, "dst")
	spare := func(i int) Register { return k.vector(k.outputs*k.vectors() + i) }
	dstChannel := bytes("dstChannel")

	accumulate := Load(Param("accumulate"), GP8())
	TESTB(accumulate, accumulate)
	JZ(LabelRef(label + "_accumulated"))
	var from []Register
	for _, t := range target {
		f := GP64()
		MOVQ(t, f)
		from = append(from, f)
	}
	for o := range outputs {
		for v := range k.vectors() {
			VADDPS(k.place(from, nil, v), k.sum(o, v), k.sum(o, v))
		}
		if o < outputs-1 {
			advance(from, dstChannel)
		}
	}
	Label(label + "_accumulated")

	bias := Load(Param("bias"), GP64())
	TESTQ(bias, bias)
	JZ(LabelRef(label + "_biased"))
	for o := range outputs {
		VBROADCASTSS(Mem{Base: bias, Disp: 4 * o}, spare(o%2))
		for v := range k.vectors() {
			VADDPS(spare(o%2), k.sum(o, v), k.sum(o, v))
		}
	}
	Label(label + "_biased")

	relu := Load(Param("relu"), GP8())
	TESTB(relu, relu)
	JZ(LabelRef(label + "_relu"))
	zero := xmm(k.outputs * k.vectors())
	VXORPS(zero, zero, zero)
	for i := range outputs * k.vectors() {
		// The maximum is its second operand, the sum, if there is a NaN or two
		// zeros.
		VMAXPS(k.vector(i), spare(0), k.vector(i))
	}
	Label(label + "_relu")
	for o := range outputs {
		for v := range k.vectors() {
			VMOVUPS(k.sum(o, v), k.place(target, nil, v))
		}
		if o < outputs-1 {
			advance(target, dstChannel)
		}
	}
}

func advance(pointers []Register, step Register) {
	for _, p := range pointers {
		ADDQ(step, p)
	}
}
