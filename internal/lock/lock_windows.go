package lock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Try locks an open file, unless another open file holds its lock, until it is
// closed. The error is that of a file system without locks.
func Try(file *os.File) (bool, error) {
	// A lock keeps others from reading, and is therefore on a byte behind the content.
	at := windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return false, nil
	}
	return false, &os.PathError{Op: "lock", Path: file.Name(), Err: err}
}

// remove closes the file first: Windows keeps open files.
func remove(file *os.File, name string) {
	file.Close()
	os.Remove(name)
}
