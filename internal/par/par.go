// Package par runs independent chunks of work on all cores.
//
// A caller splits its work into chunks whose bounds do not depend on the
// number of cores, so that results do not either.
//
// It is made for calls of some microseconds. A cache line takes a quarter of a
// microsecond from one core to another on some machines, so a call should move
// few: one to each helper and back, if all take the same time.
package par

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// job is one call of For.
type job struct {
	body   func(chunk, worker int)
	shares []share // of the caller, then of the helpers
}

// share is the chunks with which a worker begins. Others take of them when
// they have done theirs.
type share struct {
	next   atomic.Int64 // the first chunk that nobody has taken
	end    int64
	job    *job
	worker int
	hired  *helper  // nil: nobody was free
	_      [88]byte // no two in one pair of cache lines
}

// helper is a goroutine of the pool.
type helper struct {
	share atomic.Pointer[share] // what it works on, or nil while it looks for work, or asleep
	wake  chan struct{}
	_     [112]byte
}

// asleep stands for the share of a helper that has to be woken.
var asleep share

var (
	pool     atomic.Pointer[[]*helper]
	poolGrow sync.Mutex
	idleJobs = make(chan *job, 64)
)

// Workers returns the number of goroutines that a For started now may use.
// The worker numbers that it passes are smaller.
func Workers() int { return runtime.GOMAXPROCS(0) }

// For calls body(chunk, worker) once for every chunk from 0 to chunks-1, on at
// most workers goroutines, and returns when all calls have. At any moment no
// two calls have the same worker number, which is less than workers, so that a
// body can use it to pick scratch memory. A worker begins with neighbouring
// chunks, in a like call with the same ones. For allocates nothing once its pool
// has started, as long as body is a function that exists already: create it
// once rather than at every call. A panic in body ends the program, since it may
// be in another goroutine: check what can be wrong before.
func For(chunks, workers int, body func(chunk, worker int)) {
	workers = min(chunks, workers, Workers())
	if workers <= 1 {
		for i := range chunks {
			body(i, 0)
		}
		return
	}
	j := takeJob(workers)
	j.body = body
	for i := range j.shares {
		s := &j.shares[i]
		s.next.Store(int64(i * chunks / workers))
		s.end = int64((i + 1) * chunks / workers)
	}
	j.hire()
	j.work(0)
	for i := range j.shares {
		j.shares[i].wait()
	}
	j.body = nil
	select {
	case idleJobs <- j:
	default:
	}
}

// takeJob returns a job with so many shares.
func takeJob(workers int) *job {
	var j *job
	select {
	case j = <-idleJobs:
	default:
		j = &job{}
	}
	if cap(j.shares) < workers {
		j.shares = make([]share, workers)
		for i := range j.shares {
			j.shares[i].job, j.shares[i].worker = j, i
		}
	}
	j.shares = j.shares[:workers]
	return j
}

// hire gives shares to helpers that are free. One that is not is not waited
// for, so that nested and concurrent calls of For cannot wait for each other.
func (j *job) hire() {
	next := 1
	for _, h := range helpers(len(j.shares) - 1) {
		if next == len(j.shares) {
			break
		}
		s := &j.shares[next]
		switch {
		case h.share.CompareAndSwap(nil, s):
		case h.share.CompareAndSwap(&asleep, s):
			h.wake <- struct{}{}
		default:
			continue
		}
		s.hired = h
		next++
	}
}

// work does the worker's share, and then what is left of the others'.
func (j *job) work(worker int) {
	for i := range j.shares {
		s := &j.shares[(worker+i)%len(j.shares)]
		for s.next.Load() < s.end {
			if chunk := s.next.Add(1) - 1; chunk < s.end {
				j.body(int(chunk), worker)
			}
		}
	}
}

// A goroutine that waits looks so many times for what it waits for before it
// goes to sleep, about 50 µs in all, and after so many glances lets other
// goroutines run. Waking it would take as long, more than many a call of For
// does, and the next call mostly follows at once.
const (
	patience = 300
	glances  = 50
)

// wait returns when the helper that was hired for the share has left.
func (s *share) wait() {
	h := s.hired
	if h == nil {
		return
	}
	s.hired = nil
	for range patience {
		for range glances {
			if h.share.Load() != s {
				return
			}
		}
		runtime.Gosched()
	}
	for h.share.Load() == s {
		time.Sleep(50 * time.Microsecond)
	}
}

// helpers returns the pool, which has at least n of them.
func helpers(n int) []*helper {
	if p := pool.Load(); p != nil && len(*p) >= n {
		return *p
	}
	poolGrow.Lock()
	defer poolGrow.Unlock()
	var all []*helper
	if p := pool.Load(); p != nil {
		all = append(all, *p...)
	}
	for len(all) < n {
		h := &helper{wake: make(chan struct{}, 1)}
		all = append(all, h)
		go h.run()
	}
	pool.Store(&all)
	return all
}

func (h *helper) run() {
	for {
		s := h.await()
		s.job.work(s.worker)
		h.share.Store(nil)
	}
}

// await returns the next share.
func (h *helper) await() *share {
	for range patience {
		for range glances {
			if s := h.share.Load(); s != nil {
				return s
			}
		}
		runtime.Gosched()
	}
	if h.share.CompareAndSwap(nil, &asleep) {
		<-h.wake
	}
	return h.share.Load()
}
