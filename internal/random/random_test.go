package random

import "testing"

func TestStreamsDiffer(t *testing.T) {
	seen := map[uint64][4]int{}
	for seed := range 4 {
		for purpose := range 4 {
			for epoch := range 8 {
				for sample := range 64 {
					key := [4]int{seed, purpose, epoch, sample}
					x := New(uint64(seed), Purpose(purpose), epoch, sample).Uint64()
					if other, ok := seen[x]; ok {
						t.Fatalf("%v and %v start alike", key, other)
					}
					seen[x] = key
				}
			}
		}
	}
}

func TestStreamsAreStable(t *testing.T) {
	if For("shuffle") == For("augment") {
		t.Error("two purposes are one")
	}
	const want = 0xbff10cb8bae3007c
	if got := New(1, For("shuffle"), 2, 3).Uint64(); got != want {
		t.Errorf("the first number of (1, shuffle, 2, 3) is %#x, was %#x: old checkpoints no longer resume", got, uint64(want))
	}
}
