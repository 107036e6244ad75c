package dataset

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// IsText tells whether content is text, such as a list of names, and no picture.
func IsText(content []byte) bool { return utf8.Valid(content) && !bytes.ContainsRune(content, 0) }

// PicturesIn returns the pictures of a folder and those within it, by the endings of
// their names, sorted; what is hidden is passed over.
func PicturesIn(dir string) (paths []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".") && path != dir
		switch {
		case err != nil:
			return err
		case hidden && entry.IsDir():
			return fs.SkipDir
		case !hidden && entry.Type().IsRegular() && slices.Contains(pictureEndings, strings.ToLower(filepath.Ext(path))):
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	return paths, nil
}
