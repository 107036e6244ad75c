package wholefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
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

// TestMain plays a process that is killed while it writes.
func TestMain(m *testing.M) {
	if path := os.Getenv("DEEPFRY_TEST_WRITE"); path != "" {
		Write(path, func(f *os.File) error {
			f.WriteString("half")
			fmt.Println("writing")
			_, err := io.Copy(io.Discard, os.Stdin) // until it is killed
			return err
		})
	}
	os.Exit(m.Run())
}

// names returns what is in a folder.
func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestStaleFilesAreRemoved(t *testing.T) {
	if runtime.GOOS == "js" {
		t.Skip("no processes")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	others := []string{".file.0123456789abcdef", ".file.123.tmp", ".file2.0123456789abcdef.tmp"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), "DEEPFRY_TEST_WRITE="+path)
	if _, err := writer.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	output, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Skipf("no second process, as under emulation: %v", err)
	}
	if line, err := bufio.NewReader(output).ReadString('\n'); line != "writing\n" {
		t.Fatalf("the other process says %q (%v)", line, err)
	}
	for _, step := range []struct {
		kill bool
		want int
	}{{false, len(others) + 2}, {true, len(others) + 1}} {
		if step.kill {
			writer.Process.Kill()
			writer.Wait()
		}
		if err := WriteBytes(path, []byte("new")); err != nil {
			t.Fatal(err)
		}
		if found := names(t, folder); len(found) != step.want {
			t.Errorf("killed: %v, files %q, want %d", step.kill, found, step.want)
		}
	}
}

func TestWritersAtOnce(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 20 {
				if err := WriteBytes(path, bytes.Repeat([]byte{byte(i)}, 1000)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	content, err := os.ReadFile(path)
	if err != nil || len(content) != 1000 || len(bytes.Trim(content, string(content[:1]))) > 0 {
		t.Errorf("%d bytes of several writers (%v)", len(content), err)
	}
	if found := names(t, folder); len(found) != 1 {
		t.Errorf("files %q", found)
	}
}

func TestLinksStayLinks(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"a": filepath.Join("deep", "file"), "b": "a", "deep/c": filepath.Join("..", "missing"), "d": "d"} {
		if err := os.Symlink(to, filepath.Join(folder, filepath.FromSlash(link))); err != nil {
			t.Skip(err)
		}
	}
	for link, file := range map[string]string{"a": "deep/file", "b": "deep/file", "deep/c": "missing"} {
		if err := WriteBytes(filepath.Join(folder, link), []byte(link)); err != nil {
			t.Fatal(err)
		}
		if content, err := os.ReadFile(filepath.Join(folder, file)); string(content) != link {
			t.Errorf("%s leads to %q (%v)", link, content, err)
		}
		if info, err := os.Lstat(filepath.Join(folder, link)); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more (%v)", link, err)
		}
	}
	if err := WriteBytes(filepath.Join(folder, "d"), nil); err == nil {
		t.Error("a link to itself: no error")
	}
	if found := names(t, filepath.Join(folder, "deep")); len(found) != 2 {
		t.Errorf("files %q", found)
	}
}

func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has others")
	}
	folder := t.TempDir()
	for _, mode := range []os.FileMode{0o600, 0o664, 0o644} {
		path := filepath.Join(folder, mode.String())
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := WriteBytes(path, []byte("new")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%v became %v (%v)", mode, info.Mode(), err)
		}
	}
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	path := filepath.Join(folder, "protected")
	if err := os.WriteFile(path, []byte("old"), 0o444); err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(path, nil); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a file that may not be written: error %v", err)
	}
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(folder, 0o755)
	if err := WriteBytes(filepath.Join(folder, "new"), nil); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "the folder "+folder) {
		t.Errorf("a folder that takes no files: error %v", err)
	}
}

func TestWhatIsNoFile(t *testing.T) {
	folder := t.TempDir()
	if err := WriteBytes(folder, nil); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: error %v", err)
	}
	path := filepath.Join(folder, "file")
	if err := Write(path, func(f *os.File) error { f.Close(); return nil }); !errors.Is(err, os.ErrClosed) || strings.Contains(err.Error(), ".tmp") || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that can't be synced: error %v", err)
	}
	if err := WriteBytes(filepath.Join(folder, "none", "file"), nil); err == nil || !strings.Contains(err.Error(), "no folder") {
		t.Errorf("in a missing folder: error %v", err)
	}
	if _, err := os.Stat("/dev/full"); err == nil { // where every disk is full
		if err := WriteBytes("/dev/full", []byte("a")); err == nil {
			t.Error("/dev/full: no error")
		}
		if err := WriteBytes(os.DevNull, []byte("a")); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
			t.Errorf("the device became %v (%v)", info.Mode(), err)
		}
	}
}

func TestCheckOutput(t *testing.T) {
	folder := t.TempDir()
	input, other := filepath.Join(folder, "input"), filepath.Join(folder, "other")
	for _, path := range []string{input, other} {
		if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	hard, soft := filepath.Join(folder, "hard"), filepath.Join(folder, "soft")
	if err := errors.Join(os.Link(input, hard), os.Symlink(input, soft)); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		path      string
		overwrite bool
		want      string // in the error
	}{
		{filepath.Join(folder, "new"), false, ""},
		{other, false, "--overwrite"},
		{other, true, ""},
		{input, true, "the input"},
		{hard, true, "the input"},
		{soft, true, "the input"},
		{folder + "/./input", true, "the input"},
		{folder, true, "is a folder"},
		{filepath.Join(folder, "none", "new"), false, "no folder"},
		{filepath.Join(input, "new"), false, "not a directory"},
		{os.DevNull, false, ""},
	} {
		err := CheckOutput(c.path, c.overwrite, other+"2", input)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, overwrite %v: error %v, want %q", c.path, c.overwrite, err, c.want)
		}
	}
	if found := names(t, folder); len(found) != 4 {
		t.Errorf("files %q", found)
	}
}
