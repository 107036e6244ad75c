package main

import (
	"fmt"

	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// planes writes kernels that go through the planes of a channel in a batch, for
// batch normalisation. Nothing is fused, so that all versions agree.
func planes() {
	for _, s := range []planeSet{{"512", 16, zmm}, {"256", 8, ymm}} {
		s.sum()
		s.sumSquares()
		s.sumProducts()
		s.normalize()
		s.normalizeBackward()
	}
}

type planeSet struct {
	name   string
	lanes  int // floats in a vector
	vector func(i int) Register
}

// planeGroup is how many pixels a kernel takes at a time, and how many sums take
// turns.
const planeGroup = 16

// begin starts a function of the parameters that all have and others. lines are
// what it does for pixel j of sample i, which lies at at.
func (s planeSet) begin(name, parameters string, lines ...string) {
	TEXT(name+s.name, NOSPLIT, "func(samples, pixels, stride int, mask *int32, "+parameters+")")
	Pragma("noescape")
	doc := []string{
		name + s.name + " works on planes of one channel, each number at least 1:", "",
		"\tfor i := range samples {", "\t\tfor j := range pixels {", "\t\t\tat := i*stride + j",
	}
	for _, line := range lines {
		doc = append(doc, "\t\t\t"+line)
	}
	Doc(append(doc, "\t\t}", "\t}", "",
		fmt.Sprintf("mask[i] is -1 for i from 0 to pixels%%%d-1, and 0 from there to %d.", planeGroup, planeGroup-1))...)
}

// each runs body for every group of pixels, at bytes from the first pixel. left is how
// many there are if the group is the rest of a plane, and nil if it is a whole one.
func (s planeSet) each(body func(at, left Register)) {
	samples, pixels, stride := Load(Param("samples"), GP64()), Load(Param("pixels"), GP64()), bytes("stride")
	plane, at, left := GP64(), GP64(), GP64()
	XORQ(plane, plane)
	Label("plane")
	MOVQ(plane, at)
	MOVQ(pixels, left)
	Label("group")
	SUBQ(U8(planeGroup), left)
	JL(LabelRef("rest"))
	body(at, nil)
	ADDQ(U8(4*planeGroup), at)
	JMP(LabelRef("group"))
	Label("rest")
	ADDQ(U8(planeGroup), left)
	JZ(LabelRef("next"))
	body(at, left)
	Label("next")
	ADDQ(stride, plane)
	DECQ(samples)
	JNZ(LabelRef("plane"))
}

// skip goes on to the next plane if there are no more pixels left than those before.
func skip(left Register, before int) {
	if left != nil && before > 0 {
		CMPQ(left, U8(before))
		JLE(LabelRef("next"))
	}
}

// Sums are of float64. A group of pixels is several vectors of them, each with sums
// of its own in the first registers. Some registers have a fixed use.

func (s planeSet) pieces() int              { return 2 * planeGroup / s.lanes }
func (s planeSet) sumOf(piece int) Register { return s.vector(piece) }
func (s planeSet) mean() Register           { return s.vector(12) }
func (s planeSet) selected() Register       { return s.vector(13) } // of AVX2: the mask of a piece

// half is the mask register of a piece in AVX-512.
func half(piece int) Register { return []Register{K1, K2}[piece] }

// eachPiece runs body for every piece of every group. load converts a piece of the
// group's floats, 0 for those behind a plane; keep makes a value 0 there.
func (s planeSet) eachPiece(sums int, body func(piece int, load func(pointer, to Register), keep func(value Register))) {
	mask := Load(Param("mask"), GP64())
	if s.lanes == 16 {
		loadMask(Mem{Base: mask}, K1, zmm(13))
		KSHIFTRW(U8(8), K1, K2)
	}
	for i := range sums * s.pieces() {
		VXORPD(xmm(i), xmm(i), xmm(i))
	}
	s.each(func(at, left Register) {
		for piece := range s.pieces() {
			skip(left, piece*s.lanes/2)
			disp := piece * 2 * s.lanes
			from := func(pointer Register) Mem { return Mem{Base: pointer, Index: at, Scale: 1, Disp: disp} }
			load := func(pointer, to Register) { VCVTPS2PD(from(pointer), to) }
			keep := func(Register) {}
			switch {
			case left == nil:
			case s.lanes == 16:
				load = func(pointer, to Register) { VCVTPS2PD_Z(from(pointer), half(piece), to) }
				keep = func(value Register) { VMOVAPD_Z(value, half(piece), value) }
			default:
				VPMOVSXDQ(Mem{Base: mask, Disp: disp}, s.selected())
				load = func(pointer, to Register) {
					VMOVDQU(Mem{Base: mask, Disp: disp}, xmm(14))
					VMASKMOVPS(from(pointer), xmm(14), xmm(14))
					VCVTPS2PD(xmm(14), to)
				}
				keep = func(value Register) { VANDPD(s.selected(), value, value) }
			}
			body(piece, load, keep)
		}
	})
}

// storeSums ends a function: sum k of a pixel that is i in its group goes to
// sums[16*k+i].
func (s planeSet) storeSums(sums int) {
	to := Load(Param("sums"), GP64())
	for i := range sums * s.pieces() {
		VMOVUPD(s.sumOf(i), Mem{Base: to, Disp: 4 * s.lanes * i})
	}
	VZEROUPPER()
	RET()
}

func (s planeSet) sum() {
	s.begin("sumPlanes", "x *float32, sums *float64", "sums[j%16] += float64(x[at]) // from 0")
	x := Load(Param("x"), GP64())
	value := s.vector(8)
	s.eachPiece(1, func(piece int, load func(pointer, to Register), _ func(Register)) {
		load(x, value)
		VADDPD(value, s.sumOf(piece), s.sumOf(piece))
	})
	s.storeSums(1)
}

func (s planeSet) sumSquares() {
	s.begin("sumSquaresPlanes", "x *float32, mean float64, sums *float64",
		"d := float64(x[at]) - mean", "sums[j%16] += d * d // from 0")
	x := Load(Param("x"), GP64())
	VBROADCASTSD(isa.Parameter("mean"), s.mean())
	value := s.vector(8)
	s.eachPiece(1, func(piece int, load func(pointer, to Register), keep func(Register)) {
		load(x, value)
		VSUBPD(s.mean(), value, value)
		VMULPD(value, value, value)
		keep(value)
		VADDPD(value, s.sumOf(piece), s.sumOf(piece))
	})
	s.storeSums(1)
}

func (s planeSet) sumProducts() {
	s.begin("sumProductsPlanes", "dy, x *float32, mean float64, sums *float64",
		"sums[j%16] += float64(dy[at]) // from 0, as the next", "sums[16+j%16] += float64(dy[at]) * (float64(x[at]) - mean)")
	dy, x := Load(Param("dy"), GP64()), Load(Param("x"), GP64())
	VBROADCASTSD(isa.Parameter("mean"), s.mean())
	gradient, value := s.vector(8), s.vector(9)
	s.eachPiece(2, func(piece int, load func(pointer, to Register), keep func(Register)) {
		load(dy, gradient)
		load(x, value)
		VSUBPD(s.mean(), value, value)
		VMULPD(gradient, value, value)
		keep(value)
		sum, products := s.sumOf(piece), s.sumOf(s.pieces()+piece)
		VADDPD(gradient, sum, sum)
		VADDPD(value, products, products)
	})
	s.storeSums(2)
}

// eachVector runs body for every vector of floats of every group, with functions
// that load and store what belongs to the plane.
func (s planeSet) eachVector(body func(load func(pointer, to Register), store func(from, pointer Register))) {
	mask := Load(Param("mask"), GP64())
	masks := []Register{K1}
	if s.lanes == 8 {
		masks = []Register{ymm(14), ymm(15)}
	}
	for i, m := range masks {
		loadMask(Mem{Base: mask, Disp: 32 * i}, m, zmm(15))
	}
	s.each(func(at, left Register) {
		for i, m := range masks {
			skip(left, 8*i)
			place := func(pointer Register) Mem { return Mem{Base: pointer, Index: at, Scale: 1, Disp: 32 * i} }
			load := func(pointer, to Register) { VMOVUPS(place(pointer), to) }
			store := func(from, pointer Register) { VMOVUPS(from, place(pointer)) }
			if left != nil {
				load = func(pointer, to Register) { loadMasked(place(pointer), m, to) }
				store = func(from, pointer Register) { storeMasked(from, m, place(pointer)) }
			}
			body(load, store)
		}
	})
	VZEROUPPER()
	RET()
}

// constant returns a vector that a parameter fills.
func (s planeSet) constant(i int, parameter string) Register {
	VBROADCASTSS(isa.Parameter(parameter), s.vector(i))
	return s.vector(i)
}

// normalize relies on the maximum being its second operand, as Go's assembler
// counts the first, if there is a NaN or two zeros.
func (s planeSet) normalize() {
	s.begin("normalizePlanes", "y, x *float32, mean, factor, bias, least float32",
		"y[at] = (x[at]-mean)*factor + bias // or least if that is less than least")
	y, x := Load(Param("y"), GP64()), Load(Param("x"), GP64())
	mean, factor, bias, least := s.constant(8, "mean"), s.constant(9, "factor"), s.constant(10, "bias"), s.constant(11, "least")
	value := s.vector(0)
	s.eachVector(func(load func(pointer, to Register), store func(from, pointer Register)) {
		load(x, value)
		VSUBPS(mean, value, value)
		VMULPS(factor, value, value)
		VADDPS(bias, value, value)
		VMAXPS(value, least, value)
		store(value, y)
	})
}

func (s planeSet) normalizeBackward() {
	s.begin("normalizeBackwardPlanes", "dx, dy, x *float32, mean, factor, constant, slope float32",
		"dx[at] = factor * (dy[at] - constant - (x[at]-mean)*slope)")
	dx, dy, x := Load(Param("dx"), GP64()), Load(Param("dy"), GP64()), Load(Param("x"), GP64())
	mean, factor, constant, slope := s.constant(8, "mean"), s.constant(9, "factor"), s.constant(10, "constant"), s.constant(11, "slope")
	gradient, value := s.vector(0), s.vector(1)
	s.eachVector(func(load func(pointer, to Register), store func(from, pointer Register)) {
		load(x, value)
		VSUBPS(mean, value, value)
		VMULPS(slope, value, value)
		load(dy, gradient)
		VSUBPS(constant, gradient, gradient)
		VSUBPS(value, gradient, gradient)
		VMULPS(factor, gradient, gradient)
		store(gradient, dx)
	})
}
