// The program fwht writes the assembly of the package of that name: for every
// register width and precision a kernel that transforms blocks in registers
// (blocks.go) or short columns, one that joins transformed blocks (combine.go), and one that
// multiplies by small matrices of other orders (paley.go).
//
// Run it with go generate in the folder of the package.
package main

import (
	"fmt"

	"github.com/deepfry/deepfry/internal/gen/isa"
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("!purego")
	for _, p := range []precision{float32s(), float64s()} {
		for _, w := range []isa.Width{isa.AVX2, isa.AVX512} {
			k := kernel{p, w}
			k.emitBlocks()
			k.emitShortColumns()
			k.emitCombine()
			k.emitPaley(k.lanes(), k.move)
		}
		p.emitNarrowPaley()
	}
	for _, size := range []int{4, 8, 16} {
		emitTranspose(size)
	}
	Generate()
}

// kernel emits the functions for one precision and one register width.
type kernel struct {
	precision
	isa.Width
}

// lanes returns the number of elements in a register.
func (k kernel) lanes() int { return k.RegisterBytes / k.elementBytes }

// blockSize returns the registers of the largest block: half of all.
func (k kernel) blockSize() int { return len(k.Registers) / 2 }

// function starts a function, whose name says the precision and the width, and
// documents it. It has no variables on the stack.
func (k kernel) function(name, parameters string, doc ...string) {
	k.begin(name, parameters, NOSPLIT, doc...)
}

// begin is function for any attributes.
func (k kernel) begin(name, parameters string, attributes attr.Attribute, doc ...string) {
	name = fmt.Sprintf("%s%s%s", name, k.name, k.Name)
	TEXT(name, attributes, "func("+fmt.Sprintf(parameters, k.element)+")")
	Pragma("noescape")
	doc[0] = name + " " + doc[0]
	Doc(doc...)
}

// levels emits all the levels across registers.
func (k kernel) levels(data []register, free *register) {
	isa.Levels(k.add, k.sub, data, free)
}
