// The program fastfood writes the assembly of the package of that name: for
// every register width the passes over a tile, forward (forward.go) and
// backward (backward.go).
//
// A tile holds 8 rows of a batch side by side: entry i of all of them is 32
// bytes. What differs from row to row is in the lanes, so that a permutation
// moves whole vectors. The registers of AVX-512 hold two entries (chunk.go).
//
// Run it with go generate in the folder of the package.
package main

import (
	"fmt"
	"strings"

	"github.com/deepfry/deepfry/internal/gen/isa"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	signs := signs()
	for _, w := range []isa.Width{isa.AVX2, isa.AVX512} {
		k := kernel{w, signs}
		k.emitLoad()
		k.emitPermute()
		for _, group := range groups {
			k.emitMix(group)
		}
		k.emitStore()
		k.emitProducts()
		k.emitLevels()
	}
	kernel{isa.AVX2, signs}.emitScatter()
	for _, group := range groups {
		kernel{isa.AVX2, signs}.emitUnmix(group)
		kernel{isa.AVX2, signs}.emitMixRow(group)
	}
	kernel{isa.AVX2, signs}.emitGather()
	Generate()
}

// groups are how many rows the matrices in G may have.
var groups = []int{2, 4, 8}

// kernel emits the functions for one register width.
type kernel struct {
	isa.Width
	signs Mem // 8 times +1 and 8 times -1
}

func signs() Mem {
	table := GLOBL("signs", RODATA|NOPTR)
	for lane := range 16 {
		DATA(4*lane, F32(1-lane/8*2))
	}
	return table
}

// lanes is the number of rows in a tile, and entryBytes the size of an entry.
const (
	lanes      = 8
	entryBytes = 4 * lanes
)

// run returns the number of entries that are done at a time, a chunk: the
// float32 in a register.
func (k kernel) run() int { return k.RegisterBytes / 4 }

// function starts a function, whose name says the width, and documents it by
// the loop that it equals, in which RUN stands for the length of a chunk.
func (k kernel) function(name, parameters, loop string, ending ...string) {
	name += k.Name
	TEXT(name, NOSPLIT, "func("+parameters+")")
	Pragma("noescape")
	condition := ""
	if strings.Contains(parameters, "rows") {
		condition = fmt.Sprintf(" and 1 to %d rows", lanes)
	}
	doc := []string{fmt.Sprintf("%s equals, for n > 0 a multiple of %d%s,", name, k.run(), condition), ""}
	for line := range strings.SplitSeq(strings.Trim(loop, "\n"), "\n") {
		doc = append(doc, "\t"+strings.ReplaceAll(line, "RUN", fmt.Sprint(k.run())))
	}
	Doc(append(doc, ending...)...)
}

// pointer loads a parameter that is a pointer or a number.
func pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

// stride loads the parameter stride, in bytes.
func stride() reg.GPVirtual {
	s := pointer("stride")
	SHLQ(Imm(2), s)
	return s
}

// entry returns the place of an entry from a pointer on.
func entry(pointer reg.Register, i int) Mem { return Mem{Base: pointer, Disp: i * entryBytes} }

// offset loads perm[i], as the distance in bytes from the start of a tile.
func offset(perm reg.Register, i int) reg.Register {
	offset := GP64()
	MOVLQSX(Mem{Base: perm, Disp: 4 * i}, offset)
	SHLQ(Imm(5), offset) // times entryBytes
	return offset
}

// next emits the end of a loop over n entries, in which a chunk moves each
// pointer on by so many bytes an entry.
func (k kernel) next(n reg.Register, loop string, advance ...step) {
	for _, s := range advance {
		ADDQ(I32(s.bytes*k.run()), s.pointer)
	}
	SUBQ(Imm(uint64(k.run())), n)
	JNE(LabelRef(loop))
	VZEROUPPER()
	RET()
}

type step struct {
	pointer reg.Register
	bytes   int
}
