// Package lock has one process at a time work on something. The operating system
// holds the locks, and releases them when a process ends, however it ends.
package lock

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// ErrHeld is that of [Acquire] where another process holds the lock.
var ErrHeld = errors.New("in use")

// Acquire locks path+".lock", a file that it makes and release removes, for whoever
// works on path. While another process (or the same one, by an earlier call) holds
// the lock, it fails with an error, which wraps ErrHeld, that says which. Whoever never calls release keeps
// the function nevertheless: the lock goes with it. Where the file system knows no
// locks, and under WebAssembly, nothing is locked.
func Acquire(path string) (release func(), err error) {
	name := path + ".lock"
	for range 1000 {
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, fmt.Errorf("the lock of %s: %w", path, err)
		}
		locked, err := Try(file)
		if err == nil && !locked {
			holder := readHolder(file)
			file.Close()
			return nil, fmt.Errorf("%s is %w by %s: wait for its end, or work on another file", path, ErrHeld, holder)
		}
		if !isCurrent(file, name) { // the holder before removed it after we opened it
			file.Close()
			continue
		}
		file.Truncate(0) // the process is there for the message alone
		file.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
		return func() { remove(file, name) }, nil
	}
	return nil, fmt.Errorf("the lock of %s: others take and release %s all the time", path, name)
}

// isCurrent tells whether name still means the open file.
func isCurrent(file *os.File, name string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	found, err := os.Stat(name)
	return err == nil && os.SameFile(opened, found)
}

// readHolder returns words for the process that wrote the lock file.
func readHolder(file *os.File) string {
	content, err := io.ReadAll(io.LimitReader(file, 32))
	if process, bad := strconv.Atoi(strings.TrimSpace(string(content))); err == nil && bad == nil {
		return fmt.Sprintf("process %d", process)
	}
	return "another process"
}
