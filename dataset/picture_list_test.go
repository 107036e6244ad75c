package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPicturesIn(t *testing.T) {
	picture := greyPNG(1)
	dir := writeFiles(t, map[string][]byte{
		"b.png": picture, "a/2.JPG": picture, "a/deep/1.png": picture, "test/x.png": picture,
		".hidden.png": picture, "__MACOSX/b.png": picture, "photo.heic": picture, "notes.txt": nil,
	})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip(err)
	}
	for _, dir := range []string{dir, link, dir + string(filepath.Separator)} {
		paths, said, err := PicturesIn(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, path := range paths {
			name, err := filepath.Rel(filepath.Clean(dir), path)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, filepath.ToSlash(name))
		}
		if want := []string{"a/2.JPG", "a/deep/1.png", "b.png", "test/x.png"}; !slices.Equal(names, want) {
			t.Errorf("%q, want %q", names, want)
		}
		if all := strings.Join(said, "\n"); len(said) != 3 || !strings.Contains(all, ".heic") || !strings.Contains(all, "__MACOSX") || !strings.Contains(all, ".hidden.png") {
			t.Errorf("said %q", said)
		}
	}
	if _, _, err := PicturesIn(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that is not there: no error")
	}
}
