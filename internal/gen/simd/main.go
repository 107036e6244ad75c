// Command simd writes the assembly kernels of package simd, one file of them
// per run.
package main

import (
	"flag"
	"log"
	"maps"
	"slices"

	. "github.com/mmcloughlin/avo/build"
)

// files maps the value of -kernels to the function that writes the kernels.
var files = map[string]func(){
	"conv":     conv,
	"dots":     dots,
	"gemm":     gemm,
	"tile":     tile,
	"window":   window,
	"pool":     pool,
	"vector":   vector,
	"peak":     peaks,
	"planes":   planes,
	"sincos":   sinCos,
	"cosine":   cosines,
	"response": response,
}

func main() {
	name := flag.String("kernels", "", "which kernels to write: one of the names in files")
	flag.Parse()
	write, ok := files[*name]
	if !ok {
		log.Fatalf("simd: -kernels=%q: want one of %v", *name, slices.Sorted(maps.Keys(files)))
	}
	ConstraintExpr("!purego")
	write()
	Generate()
}
