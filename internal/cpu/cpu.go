// Package cpu decides, once at start-up, which version of the kernels runs.
//
// The environment variable DEEPFRY_CPU caps the choice: ref, avx2 or avx512.
package cpu

import (
	"errors"
	"os"
)

// Version is an instruction set for which kernels exist. Versions are ordered:
// a machine that runs one also runs every smaller one.
type Version int

const (
	Ref    Version = iota // pure Go, on every machine
	AVX2                  // AVX2 and FMA
	AVX512                // AVX-512 F, BW, DQ and VL, and all of AVX2
)

var names = [...]string{Ref: "ref", AVX2: "avx2", AVX512: "avx512"}

func (v Version) String() string { return names[v] }

// best is the largest version that this machine and this build can run.
var best = detect()

// current is the version in use: best, capped by DEEPFRY_CPU. If that names no
// version, limitError says so.
var current, limitError = limit(os.Getenv("DEEPFRY_CPU"))

// invalid is current if DEEPFRY_CPU names no version.
const invalid Version = -1

// limit returns the version in use for a value of DEEPFRY_CPU.
func limit(name string) (Version, error) {
	if name == "" {
		return best, nil
	}
	for v, n := range names {
		if n == name {
			return min(best, Version(v)), nil
		}
	}
	return invalid, errors.New("DEEPFRY_CPU is " + name + "; want ref, avx2 or avx512")
}

// Err returns an error if DEEPFRY_CPU names no version.
func Err() error { return limitError }

// Current returns the version whose kernels run. It panics if DEEPFRY_CPU names
// none: a run that was meant to be capped must not go on uncapped.
func Current() Version {
	if current == invalid {
		panic(limitError)
	}
	return current
}

// Available lists the versions that this machine and this build can run,
// smallest first, DEEPFRY_CPU apart.
func Available() []Version {
	var versions []Version
	for v := Ref; v <= best; v++ {
		versions = append(versions, v)
	}
	return versions
}

// Use makes v the version in use and returns a function that restores the one
// before. It is for tests and benchmarks that compare versions in one process,
// and must not run while kernels do.
func Use(v Version) (restore func()) {
	if v > best {
		panic("cpu: this machine cannot run kernels for " + v.String())
	}
	before := current
	current = v
	return func() { current = before }
}
