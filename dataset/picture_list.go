package dataset

import (
	"path/filepath"
)

// PicturesIn returns the paths of the pictures in a folder and those within it, in the
// order of their names, and lines that say what was passed over, as [Dataset] has
// them: files of other kinds, what is hidden or a system's, links to folders that were
// read already.
func PicturesIn(dir string) (paths, said []string, err error) {
	passed := passedOver{dir: filepath.Clean(dir)}
	w := classWalk{passed: &passed, seen: map[string]bool{}}
	if err := w.folder(filepath.Clean(dir), false); err != nil {
		return nil, nil, err
	}
	for _, file := range w.files {
		paths = append(paths, file.path)
	}
	passed.within = nil // folders mean nothing here
	return paths, passed.lines(), nil
}
