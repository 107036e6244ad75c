package par

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func TestForRunsEveryChunkOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, chunks := range []int{0, 1, 2, 3, 7, 64, 1000} {
		for _, workers := range []int{1, 2, 4, 9} {
			calls := make([]atomic.Int64, chunks)
			For(chunks, workers, func(i, worker int) {
				if worker < 0 || worker >= workers {
					t.Errorf("worker %d of %d", worker, workers)
				}
				calls[i].Add(1)
			})
			for i := range calls {
				if n := calls[i].Load(); n != 1 {
					t.Fatalf("%d chunks, %d workers: chunk %d ran %d times", chunks, workers, i, n)
				}
			}
		}
	}
}

func TestForWorkersDoNotCollide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var busy [4]atomic.Int64
	For(2000, 4, func(_, worker int) {
		if busy[worker].Add(1) != 1 {
			t.Errorf("worker %d runs two chunks at once", worker)
		}
		runtime.Gosched()
		busy[worker].Add(-1)
	})
}

func TestForNestedAndConcurrent(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	var total atomic.Int64
	var callers [8]chan struct{}
	for c := range callers {
		callers[c] = make(chan struct{})
		go func() {
			defer close(callers[c])
			for range 50 {
				For(5, 3, func(_, _ int) {
					For(7, 3, func(_, _ int) { total.Add(1) })
				})
			}
		}()
	}
	for _, c := range callers {
		<-c
	}
	if total.Load() != 8*50*5*7 {
		t.Fatalf("%d calls, want %d", total.Load(), 8*50*5*7)
	}
}

func TestForAllocatesNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var sum atomic.Int64
	body := func(i, _ int) { sum.Add(int64(i)) }
	For(8, 2, body)
	// Not testing.AllocsPerRun, which takes one core, and so no helper. The runtime
	// allocates a little meanwhile: what goroutines sleep on, up to 128 for each core.
	const calls = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		For(8, 2, body)
	}
	runtime.ReadMemStats(&after)
	if n := after.Mallocs - before.Mallocs; n >= calls/2 {
		t.Fatalf("%d allocations in %d calls", n, calls)
	}
}

// TestForWakesSleepers waits until the helpers have gone to sleep.
func TestForWakesSleepers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for range 3 {
		var both sync.WaitGroup
		both.Add(2)
		For(2, 2, func(_, _ int) { // each waits for the other, so both must run
			both.Done()
			both.Wait()
		})
		for _, h := range *pool.Load() {
			for h.state.Load() != &asleep {
				runtime.Gosched()
			}
		}
	}
}

func BenchmarkFor(b *testing.B) {
	body := func(_, _ int) {}
	for b.Loop() {
		For(8, 2, body)
	}
}
