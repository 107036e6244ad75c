// Package random gives streams of random numbers that are keyed by what they
// are for, so that prefetching, the number of cores and a resumed run do not
// change them.
package random

import (
	"hash/fnv"
	"math/rand/v2"
)

// Purpose separates the streams of one seed. Make one from a name by For.
type Purpose uint64

// For returns the purpose of the given name, such as "shuffle".
func For(name string) Purpose {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	return Purpose(h.Sum64())
}

// Seed starts the stream of (seed, purpose, epoch, sample) in source. It
// allocates nothing.
func Seed(source *rand.PCG, seed uint64, purpose Purpose, epoch, sample int) {
	a := mix(seed ^ mix(uint64(purpose)))
	b := mix(a ^ mix(uint64(epoch)))
	source.Seed(a^mix(uint64(sample)), mix(b^uint64(sample)))
}

// New returns the stream of (seed, purpose, epoch, sample).
func New(seed uint64, purpose Purpose, epoch, sample int) *rand.PCG {
	source := new(rand.PCG)
	Seed(source, seed, purpose, epoch, sample)
	return source
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014,
// section 5): a bijection in which every input bit changes half the output
// bits on average.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
