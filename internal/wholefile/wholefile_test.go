package wholefile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	content := func(text string, err error) func(*os.File) error {
		return func(f *os.File) error {
			_, failed := f.WriteString(text)
			return errors.Join(failed, err)
		}
	}
	if err := Write(path, content("old", nil)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := Write(path, content("half", broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the writing function", err)
	}
	if found, err := os.ReadFile(path); err != nil || string(found) != "old" {
		t.Errorf("after a failure the file is %q (%v)", found, err)
	}
	if err := Write(path, content("new", nil)); err != nil {
		t.Fatal(err)
	}
	if found, err := os.ReadFile(path); err != nil || string(found) != "new" {
		t.Errorf("the file is %q (%v)", found, err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("%d files are left (%v)", len(left), err)
	}
}
