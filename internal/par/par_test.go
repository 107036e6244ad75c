package par

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deepfry/deepfry/internal/check"
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
	var sum atomic.Int64
	body := func(i, _ int) { sum.Add(int64(i)) }
	check.Allocations(t, "For", 1000, func() { For(8, 2, body) })
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

// TestForWhileTheOtherSleeps has one end long after the other: the caller goes
// to sleep while the helper works, and the helper while the caller does.
func TestForWhileTheOtherSleeps(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for slow := range 2 {
		var calls atomic.Int64
		For(2, 2, func(_, worker int) {
			if worker == slow {
				time.Sleep(5 * time.Millisecond)
			}
			calls.Add(1)
		})
		if calls.Load() != 2 {
			t.Errorf("%d of 2 calls when For returned", calls.Load())
		}
	}
}

// TestForPanicsInTheCaller waits for the helper even then.
func TestForPanicsInTheCaller(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var running atomic.Int64
	func() {
		defer func() { recover() }()
		For(2, 2, func(_, worker int) {
			if worker == 0 {
				panic("a chunk of the caller's")
			}
			running.Add(1)
			time.Sleep(5 * time.Millisecond)
			running.Add(-1)
		})
	}()
	if running.Load() != 0 {
		t.Error("a helper still runs after the caller's panic")
	}
}

// TestForWithChangingCores lowers and raises GOMAXPROCS between calls.
func TestForWithChangingCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, cores := range []int{4, 1, 3, 2, 4} {
		runtime.GOMAXPROCS(cores)
		for range 20 {
			var calls atomic.Int64
			For(9, 4, func(_, _ int) { calls.Add(1) })
			if calls.Load() != 9 {
				t.Fatalf("%d cores: %d of 9 calls", cores, calls.Load())
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
