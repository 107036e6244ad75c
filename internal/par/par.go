// Package par runs independent chunks of work on all cores.
//
// A caller splits its work into chunks whose bounds do not depend on the
// number of cores, so that results do not either.
package par

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// job is one call of For: chunks are handed out by a counter.
type job struct {
	body    func(chunk, worker int)
	chunks  int64
	next    atomic.Int64  // the first chunk that nobody has taken
	joined  atomic.Int64  // goroutines that have joined, which number the workers
	pending atomic.Int64  // the caller, and invitations whose work is not over
	done    chan struct{} // receives when the last helper has left
}

var (
	invitations = make(chan *job, 256)
	idleJobs    = make(chan *job, 64)
	started     atomic.Int64
	startMutex  sync.Mutex
)

// Workers returns the number of goroutines that a For started now may use.
// The worker numbers that it passes are smaller.
func Workers() int { return runtime.GOMAXPROCS(0) }

// For calls body(chunk, worker) once for every chunk from 0 to chunks-1, on at
// most workers goroutines, and returns when all calls have. At any moment no
// two calls have the same worker number, which is less than workers, so that a
// body can use it to pick scratch memory. For allocates nothing once its pool
// has started, as long as body is a function that exists already: create it
// once rather than at every call. A panic in body ends the program, since it may
// be in another goroutine: check what can be wrong before.
func For(chunks, workers int, body func(chunk, worker int)) {
	helpers := min(chunks, workers, Workers()) - 1
	if helpers <= 0 {
		for i := range chunks {
			body(i, 0)
		}
		return
	}
	startPool(int64(helpers))
	j := takeJob()
	j.body, j.chunks = body, int64(chunks)
	j.next.Store(0)
	j.joined.Store(0)
	j.pending.Store(int64(helpers) + 1) // the caller holds one itself
	for range helpers {
		select {
		case invitations <- j:
		default: // the pool has enough to do
			j.pending.Add(-1)
		}
	}
	j.work()
	if j.pending.Add(-1) > 0 {
		j.wait()
	}
	j.body = nil
	select {
	case idleJobs <- j:
	default:
	}
}

// work takes chunks until none is left.
func (j *job) work() {
	worker := int(j.joined.Add(1)) - 1
	for {
		i := j.next.Add(1) - 1
		if i >= j.chunks {
			return
		}
		j.body(int(i), worker)
	}
}

// answer works on an invitation and tells the caller when it was the last.
func (j *job) answer() {
	j.work()
	if j.pending.Add(-1) == 0 {
		j.done <- struct{}{}
	}
}

// patience is how often a goroutine looks for work before it goes to sleep:
// about 50 µs. Waking it takes as long, more than many a call of For does, and
// the next call mostly follows at once.
const patience = 500

// wait returns when all helpers have left. Meanwhile it answers invitations,
// its own among them, so that nested calls of For cannot wait for each other.
func (j *job) wait() {
	for range patience {
		select {
		case <-j.done:
			return
		case other := <-invitations:
			other.answer()
		default:
			runtime.Gosched()
		}
	}
	for {
		select {
		case <-j.done:
			return
		case other := <-invitations:
			other.answer()
		}
	}
}

func takeJob() *job {
	select {
	case j := <-idleJobs:
		return j
	default:
		return &job{done: make(chan struct{}, 1)}
	}
}

// nextInvitation waits for one.
func nextInvitation() *job {
	for range patience {
		select {
		case j := <-invitations:
			return j
		default:
			runtime.Gosched()
		}
	}
	return <-invitations
}

// startPool makes sure that at least n goroutines answer invitations.
func startPool(n int64) {
	if started.Load() >= n {
		return
	}
	startMutex.Lock()
	defer startMutex.Unlock()
	for started.Load() < n {
		started.Add(1)
		go func() {
			for {
				nextInvitation().answer()
			}
		}()
	}
}
