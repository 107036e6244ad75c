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
)

// job is one call of For.
type job struct {
	body   func(chunk, worker int)
	shares []share       // of the caller, then of the helpers
	done   chan struct{} // receives from a helper whose caller sleeps
}

// share is the chunks with which a worker begins. Others take of them when
// they have done theirs.
type share struct {
	next   atomic.Int64 // the first chunk that nobody has taken
	end    int64
	job    *job
	worker int
	hired  *helper // nil: nobody was free
	// What a helper's state says of this share.
	offered, working, awaited state
	_                         [64]byte // no two in one pair of cache lines
}

// state is what a helper does with a share. A state is known by its address, so
// that it says of which share it is: the next one may be another caller's.
//
//	nil → offered (hire)      offered → working (await)   working → nil (run)
//	nil → asleep (await)      asleep → offered (hire, which wakes the helper)
//	offered → nil (wait: the caller needs it no more)
//	working → awaited (wait: the caller sleeps)           awaited → nil (run, which wakes it)
type state struct{ share *share }

// helper is a goroutine of the pool.
type helper struct {
	state atomic.Pointer[state] // nil while it looks for work; or asleep
	wake  chan struct{}
	_     [112]byte
}

// asleep is the state of a helper that has to be woken.
var asleep state

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
// once rather than at every call. A panic in body ends the program if it is in
// another goroutine: check what can be wrong before. One in the caller's own
// goes on when the others have left.
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
	defer j.finish()
	j.hire()
	j.work(0)
}

// finish waits for the helpers and gives the job back.
func (j *job) finish() {
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
		j = &job{done: make(chan struct{}, 1)}
	}
	if cap(j.shares) < workers {
		j.shares = make([]share, workers)
		for i := range j.shares {
			s := &j.shares[i]
			s.job, s.worker = j, i
			s.offered, s.working, s.awaited = state{s}, state{s}, state{s}
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
		case h.state.CompareAndSwap(nil, &s.offered):
		case h.state.CompareAndSwap(&asleep, &s.offered):
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

// patience is how often a goroutine that waits looks for what it waits for before
// it goes to sleep: some 100 µs. Waking it would take as long, more than many a
// call of For does, and the next call mostly follows at once. It does not yield
// meanwhile: caller and helper would end up on one of Go's processors, in turns,
// while the thread of the other one sleeps.
const patience = 200_000

// wait returns when the helper that was hired for the share has left. If it has
// not even begun, which takes long where it had to be woken, it is not needed
// any more: all chunks are taken.
func (s *share) wait() {
	h := s.hired
	if h == nil {
		return
	}
	s.hired = nil
	if h.state.CompareAndSwap(&s.offered, nil) {
		return
	}
	for range patience {
		if h.state.Load() != &s.working {
			return
		}
	}
	if h.state.CompareAndSwap(&s.working, &s.awaited) {
		<-s.job.done
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
		if h.state.Swap(nil) == &s.awaited {
			s.job.done <- struct{}{}
		}
	}
}

// await returns the next share, on which the helper is now to work.
func (h *helper) await() *share {
	for {
		for range patience {
			if offer := h.state.Load(); offer != nil && h.state.CompareAndSwap(offer, &offer.share.working) {
				return offer.share
			}
		}
		if h.state.CompareAndSwap(nil, &asleep) {
			<-h.wake
		}
	}
}
