package fwht

import "github.com/deepfry/deepfry/internal/par"

// chunkPoints is the number of points that a core takes at a time: enough to
// make handing them out cheap, and few enough for a second-level cache.
const chunkPoints = 1 << 15

// longRow is the least length of a row that all cores work on together, and
// longestPart that of the parts which one core takes whole.
const (
	longRow     = 8 * chunkPoints
	longestPart = longRow / 2
)

// batch is work in chunks that do not depend on the number of cores, so that
// results do not either. Either the chunks are rows of x to transform, or they
// are columns of a pass that joins transforms. A batch is used again and again,
// because the closure body is allocated with it.
type batch[T Float] struct {
	body func(chunk, worker int)
	x    []T

	// Rows of n points.
	n      int
	option Option

	// A pass that joins 8 transforms, as combine does.
	joining bool
	h       int
	scale   T

	scratch [scratchPoints]T // for toSequency and transformTransposed
}

// Batches that nobody uses. They are not in a sync.Pool because the garbage
// collector empties it.
var (
	idle32 = make(chan *batch[float32], 32)
	idle64 = make(chan *batch[float64], 32)
)

// idleBatches returns idle32 or idle64, whichever T says.
func idleBatches[T Float]() chan *batch[T] {
	if idle, ok := any(idle32).(chan *batch[T]); ok {
		return idle
	}
	return any(idle64).(chan *batch[T])
}

// transformRows transforms rows of n points each, on all cores.
func transformRows[T Float](x []T, n int, option Option) {
	if len(x) <= chunkPoints {
		transformRowsAlone(x, n, option)
		return
	}
	b := takeBatch[T]()
	if n < longRow {
		b.runRows(x, n, option)
	} else {
		for i := 0; i < len(x); i += n {
			b.transformLongRow(x[i:i+n], option)
		}
	}
	b.release()
}

// transformRowsAlone transforms rows of n points each, on one core.
func transformRowsAlone[T Float](x []T, n int, option Option) {
	scale := scaleFor[T](n, option)
	if n <= blockLength[T]() {
		blocks(x, n, scale)
	} else {
		for i := 0; i < len(x); i += n {
			transform(x[i:i+n], scale)
		}
	}
	if option&Sequency != 0 {
		for i := 0; i < len(x); i += n {
			toSequency(x[i:i+n], 1)
		}
	}
}

// transformLongRow transforms one row: parts of at most longestPart points
// first, and then the passes that join 8 of them. The additions are those of
// transform, and so are the results.
func (b *batch[T]) transformLongRow(x []T, option Option) {
	part := len(x)
	for part > longestPart {
		part /= 8
	}
	b.runRows(x, part, 0)
	b.scale = 1
	for b.h = part; b.h < len(x); b.h *= 8 {
		if b.h*8 == len(x) {
			b.scale = scaleFor[T](len(x), option)
		}
		b.joining = true
		par.For(len(x)/chunkPoints, par.Workers(), b.body)
	}
	if option&Sequency != 0 {
		toSequency(x, 1)
	}
}

// runRows transforms the rows of x, in chunks of whole rows.
func (b *batch[T]) runRows(x []T, n int, option Option) {
	b.x, b.n, b.option, b.joining = x, n, option, false
	size := max(n, chunkPoints)
	par.For((len(x)+size-1)/size, par.Workers(), b.body)
}

// rows transforms the rows of a chunk.
func (b *batch[T]) rows(chunk int) {
	size := max(b.n, chunkPoints)
	start := chunk * size
	transformRowsAlone(b.x[start:min(start+size, len(b.x))], b.n, b.option)
}

// join does a chunk's columns of a pass.
func (b *batch[T]) join(chunk int) {
	const columns = chunkPoints / 8
	first := chunk * columns // of len(b.x)/8 in all
	start := first/b.h*b.h*8 + first%b.h
	combine(b.x[start:], b.h, columns, 8, b.scale)
}

// takeBatch returns an idle batch, or a new one.
func takeBatch[T Float]() *batch[T] {
	select {
	case b := <-idleBatches[T]():
		return b
	default:
		b := &batch[T]{}
		b.body = func(chunk, _ int) {
			if b.joining {
				b.join(chunk)
			} else {
				b.rows(chunk)
			}
		}
		return b
	}
}

// release gives b back.
func (b *batch[T]) release() {
	b.x = nil
	select {
	case idleBatches[T]() <- b:
	default:
	}
}
