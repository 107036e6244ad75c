//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package lock

import (
	"errors"
	"os"
)

// Try fails: there are no locks here.
func Try(file *os.File) (bool, error) {
	return false, &os.PathError{Op: "lock", Path: file.Name(), Err: errors.ErrUnsupported}
}

func remove(file *os.File, name string) {
	file.Close()
	os.Remove(name)
}
