package par

import "unsafe"

// gap is how many bytes at least lie between the memory of two workers: they
// share no cache line, nor what a processor fetches ahead.
const gap = 4096

// Scratch returns memory for n values for each worker.
func Scratch[T any](workers, n int) [][]T {
	stride := n + gap/int(unsafe.Sizeof(*new(T)))
	all := make([]T, workers*stride)
	scratch := make([][]T, workers)
	for i := range scratch {
		scratch[i] = all[i*stride:][:n:n]
	}
	return scratch
}
