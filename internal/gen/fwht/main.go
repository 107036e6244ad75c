// The program fwht writes the assembly of the package of that name: for every
// register width and precision a kernel that transforms blocks in registers
// (blocks.go), and one that joins transformed blocks (combine.go).
//
// Run it with go generate in the folder of the package.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("!purego")
	for _, p := range []precision{float32s(), float64s()} {
		for _, w := range []width{avx2, avx512} {
			k := kernel{p, w}
			k.emitBlocks()
			k.emitCombine()
		}
	}
	Generate()
}

// kernel emits the functions for one precision and one register width.
type kernel struct {
	precision
	width
}

// lanes returns the number of elements in a register.
func (k kernel) lanes() int { return k.registerBytes / k.elementBytes }

// function starts a function, whose name says the precision and the width, and
// documents it.
func (k kernel) function(name, parameters string, doc ...string) {
	name = fmt.Sprintf("%s%s%s", name, k.precision.name, k.width.name)
	TEXT(name, NOSPLIT, "func("+fmt.Sprintf(parameters, k.element)+")")
	Pragma("noescape")
	doc[0] = name + " " + doc[0]
	Doc(doc...)
}

// butterfly emits (a, b) -> (a+b, a-b), where *a and *b are the registers that
// hold the two. It uses *free, which it exchanges for a register that has
// become free.
func (k kernel) butterfly(a, b, free *register) {
	k.add(*b, *a, *free)
	k.sub(*b, *a, *b)
	*a, *free = *free, *a
}

// levels emits all the levels across registers: the transform of each lane.
func (k kernel) levels(data []register, free *register) {
	for h := 1; h < len(data); h *= 2 {
		for i := range data {
			if i&h == 0 {
				k.butterfly(&data[i], &data[i+h], free)
			}
		}
	}
}
