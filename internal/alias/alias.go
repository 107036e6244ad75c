// Package alias tells whether slices share memory.
package alias

import "unsafe"

// Overlap tells whether some element of a lies in the memory of b.
func Overlap[T any](a, b []T) bool {
	return len(a) > 0 && len(b) > 0 &&
		uintptr(unsafe.Pointer(&a[0])) <= uintptr(unsafe.Pointer(&b[len(b)-1])) &&
		uintptr(unsafe.Pointer(&b[0])) <= uintptr(unsafe.Pointer(&a[len(a)-1]))
}
