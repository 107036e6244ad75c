// Command simd writes the assembly kernels of package simd, one file of them
// per run.
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
)

// files maps the value of -kernels to the function that writes the kernels.
var files = map[string]func(){
	"gemm":   gemm,
	"window": window,
	"pool":   pool,
	"vector": vector,
	"peak":   peaks,
	"sincos": sinCos,
}

func main() {
	name := flag.String("kernels", "", "which kernels to write: gemm, window, pool, vector, peak or sincos")
	flag.Parse()
	write, ok := files[*name]
	if !ok {
		log.Fatalf("simd: -kernels=%q: want gemm, window, pool, vector, peak or sincos", *name)
	}
	ConstraintExpr("!purego")
	write()
	Generate()
}
