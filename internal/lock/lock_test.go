package lock

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// TestMain plays another process, which holds a lock until it is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("DEEPFRY_TEST_LOCK"); path != "" {
		release, err := Acquire(path)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("locked")
		io.Copy(io.Discard, os.Stdin) // until it is killed
		release()
	}
	os.Exit(m.Run())
}

func TestLockOfAKilledProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	requireLocks(t, path)
	for range 3 {
		other := exec.Command(os.Args[0])
		other.Env = append(os.Environ(), "DEEPFRY_TEST_LOCK="+path)
		if _, err := other.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		output, err := other.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Start(); err != nil {
			t.Skipf("no second process, as under emulation: %v", err)
		}
		if line, err := bufio.NewReader(output).ReadString('\n'); line != "locked\n" {
			t.Errorf("the other process says %q (%v)", line, err)
		}
		if _, err := Acquire(path); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d", other.Process.Pid)) {
			t.Errorf("locked by process %d: error %v", other.Process.Pid, err)
		}
		other.Process.Kill()
		other.Wait()
	}
	release, err := Acquire(path)
	if err != nil {
		t.Fatalf("after it was killed: %v", err)
	}
	release()
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v (%v)", entries, err)
	}
}

// requireLocks skips a test where nothing can be locked.
func requireLocks(t *testing.T, path string) {
	t.Helper()
	file, err := os.CreateTemp(filepath.Dir(path), "")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := Try(file); err != nil {
		t.Skip(err)
	}
}

// TestOneAtATime has many take and release a lock; only one holds it.
func TestOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	requireLocks(t, path)
	var holders sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				release, err := Acquire(path)
				if err != nil {
					continue
				}
				if !holders.TryLock() {
					t.Error("two hold the lock")
				} else {
					runtime.Gosched()
					holders.Unlock()
				}
				release()
			}
		})
	}
	all.Wait()
}

func TestNoFolder(t *testing.T) {
	if _, err := Acquire(filepath.Join(t.TempDir(), "none", "run")); err == nil || !strings.Contains(err.Error(), "run") {
		t.Errorf("error %v", err)
	}
}
