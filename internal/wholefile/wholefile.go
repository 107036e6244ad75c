// Package wholefile writes files that are never seen half-written.
package wholefile

import (
	"os"
	"path/filepath"
)

// Write has a temporary file beside path written, syncs it and renames it to
// path, so that whoever reads path sees the old content or the new one, whole.
// If it fails, path is as it was.
func Write(path string, write func(*os.File) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
		}
	}()
	if err = write(file); err != nil {
		return err
	}
	if err = file.Chmod(0o644); err != nil {
		return err
	}
	if err = file.Sync(); err != nil {
		return err
	}
	if err = file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// WriteBytes is Write for content that is in memory.
func WriteBytes(path string, content []byte) error {
	return Write(path, func(file *os.File) error {
		_, err := file.Write(content)
		return err
	})
}
