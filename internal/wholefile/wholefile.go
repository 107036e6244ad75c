// Package wholefile writes files that are never seen half-written.
package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/deepfry/deepfry/internal/lock"
)

// Write has a temporary file beside path written, syncs it and renames it to
// path, so that whoever reads path sees the old content or the new one, whole.
// If it fails, path is as it was. A file keeps its permissions, and one that may not
// be written is not replaced; a link stays one, to the new content; what is no file,
// such as a terminal, is written to. Temporary files that killed processes left of
// the same path are removed.
func Write(path string, write func(*os.File) error) error {
	if isDevice(os.Stat(path)) {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(file), file.Close())
	}
	path, old, err := target(path)
	if err != nil {
		return err
	}
	removeStale(path)
	file, err := create(path, old)
	if err != nil {
		return err
	}
	if err = write(file); err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = replace(file, path)
	}
	if err != nil {
		file.Close()
		os.Remove(file.Name())
		return &failure{err, strings.ReplaceAll(err.Error(), file.Name(), path)}
	}
	if folder, err := os.Open(filepath.Dir(path)); err == nil {
		folder.Sync() // the new name, too, outlives a power cut; not all systems can
		folder.Close()
	}
	return nil
}

// failure is an error that names the file in the place of the temporary one.
type failure struct {
	err  error
	text string
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

// WriteBytes is Write for content that is in memory.
func WriteBytes(path string, content []byte) error {
	return Write(path, func(file *os.File) error {
		_, err := file.Write(content)
		return err
	})
}

// CheckOutput tells before the work whether Write to path will fail for a reason that
// is there already, and whether it would replace what it should not: one of the
// inputs, by whatever name, or without overwrite any file.
func CheckOutput(path string, overwrite bool, inputs ...string) error {
	info, err := os.Stat(path)
	if isDevice(info, err) {
		return nil
	}
	if err == nil && !info.IsDir() {
		for _, input := range inputs {
			if isInput(path, info, input) {
				return fmt.Errorf("%s is the input %s itself, or in it: want another file for the output", path, input)
			}
		}
		if !overwrite {
			return fmt.Errorf("%s is there already: %w (--overwrite replaces it)", path, fs.ErrExist)
		}
	}
	path, old, err := target(path)
	if err != nil {
		return err
	}
	file, err := create(path, old)
	if err != nil {
		return err
	}
	file.Close()
	return os.Remove(file.Name())
}

// isInput tells whether a file is an input, is in an input that is a folder, or is what
// comes on the standard input, which is called "-".
func isInput(path string, file fs.FileInfo, input string) bool {
	other, err := os.Stat(input)
	if input == "-" {
		other, err = os.Stdin.Stat()
	}
	switch {
	case err != nil:
		return false
	case !other.IsDir():
		return os.SameFile(file, other)
	}
	path, err = realPath(path)
	if err != nil {
		return false
	}
	for above := filepath.Dir(path); ; above = filepath.Dir(above) {
		if folder, err := os.Stat(above); err == nil && os.SameFile(folder, other) {
			return true
		}
		if above == filepath.Dir(above) {
			return false
		}
	}
}

func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// isDevice takes what os.Stat returns: is there something that is neither a file nor
// a folder?
func isDevice(info fs.FileInfo, err error) bool {
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// target follows links, also to what is not there yet, and returns the path to write
// and the file that is there, or nil. It fails for a folder, and for a file that may
// not be written, which renaming would replace nevertheless.
func target(path string) (string, fs.FileInfo, error) {
	for range 40 {
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return path, nil, nil
		case err != nil:
			return "", nil, err
		case info.IsDir():
			return "", nil, fmt.Errorf("%s is a folder: want the name of a file", path)
		case info.Mode()&fs.ModeSymlink == 0:
			file, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return "", nil, fmt.Errorf("%s may not be replaced: %w", path, reason(err))
			}
			return path, info, file.Close()
		}
		link, err := os.Readlink(path)
		if err != nil {
			return "", nil, err
		}
		if !filepath.IsAbs(link) {
			folder, err := filepath.EvalSymlinks(filepath.Dir(path)) // where ".." begins
			if err != nil {
				return "", nil, err
			}
			link = filepath.Join(folder, link)
		}
		path = link
	}
	return "", nil, fmt.Errorf("%s: too many links", path)
}

// create makes a temporary file with the permissions of old, or what the umask
// leaves of 0644, and locks it until it is closed.
func create(path string, old fs.FileInfo) (*os.File, error) {
	for range 1000 {
		name := fmt.Sprintf("%s%016x%s", prefix(path), rand.Uint64(), suffix)
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("%s: there is no folder %s: %w", path, filepath.Dir(path), reason(err))
		case err != nil:
			return nil, fmt.Errorf("%s: no new file can be made in the folder %s: %w", path, filepath.Dir(path), reason(err))
		}
		// Without locks (an error) nobody takes it for a stale one.
		locked, err := lock.Try(file)
		if _, missing := os.Lstat(name); err == nil && (!locked || missing != nil) {
			file.Close() // taken for one, before it was locked
			continue
		}
		if old == nil {
			return file, nil
		}
		if err := file.Chmod(old.Mode().Perm()); err != nil {
			file.Close()
			os.Remove(name)
			return nil, err
		}
		return file, nil
	}
	return nil, fmt.Errorf("%s: no temporary file can be made beside it", path)
}

// reason returns an error without the name of a temporary file.
func reason(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// Temporary files are named prefix, 16 hexadecimal digits, suffix.
const suffix = ".tmp"

func prefix(path string) string {
	return filepath.Dir(path) + string(filepath.Separator) + "." + filepath.Base(path) + "."
}

// removeStale removes the temporary files of path that no process holds: the lock of
// a killed one is gone.
func removeStale(path string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return
	}
	for _, entry := range entries {
		name := filepath.Dir(path) + string(filepath.Separator) + entry.Name()
		rest, ours := strings.CutPrefix(name, prefix(path))
		digits, whole := strings.CutSuffix(rest, suffix)
		if !ours || !whole || len(digits) != 16 || strings.Trim(digits, "0123456789abcdef") != "" || !entry.Type().IsRegular() {
			continue
		}
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		locked, err := lock.Try(file)
		if runtime.GOOS == "windows" {
			file.Close() // open files can't be removed
		}
		if locked && err == nil {
			os.Remove(name)
		}
		file.Close()
	}
}

// replace renames the file and closes it: in this order, so that nobody takes it for
// a stale one in between, but on Windows, which does not rename open files.
func replace(file *os.File, path string) error {
	if runtime.GOOS != "windows" {
		if err := os.Rename(file.Name(), path); err != nil {
			return err
		}
		file.Close() // it is synced: nothing can fail any more
		return nil
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
