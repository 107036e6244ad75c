// Package check holds what tests of several packages share.
package check

import (
	"runtime"
	"testing"
)

// Allocations fails the test if calls of f on two cores allocate, after the
// first one. testing.AllocsPerRun takes one core, where nothing is handed to
// another goroutine. The runtime itself allocates a little: what goroutines sleep
// on, up to 128 for each core. So there must be 1,000 calls or so.
func Allocations(t *testing.T, name string, calls int, f func()) {
	t.Helper()
	if testing.Short() {
		return // the race detector makes 1,000 calls long, and allocates itself
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		f()
	}
	runtime.ReadMemStats(&after)
	if n := after.Mallocs - before.Mallocs; n > 400 || n >= uint64(calls)/2 {
		t.Errorf("%s: %d allocations in %d calls", name, n, calls)
	}
}
