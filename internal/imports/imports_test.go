// Package imports holds a test alone: which package may import which.
package imports

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/deepfry/deepfry/"

// layers lists the packages from the bottom to the top, with those of the packages
// above them in the list that each may import. Packages of internal/ are below
// all of them, and may import each other; the command is above all.
var layers = []struct {
	name    string
	imports string
}{
	{"fwht", ""},
	{"fastfood", "fwht"},
	{"kernel", "fwht fastfood"},
	{"kernel/machine", "kernel"},
	{"dataset/mnist", ""},
	{"dataset/shapes", ""},
	{"dataset/table", ""},
	{"dataset", "dataset/mnist"},
	{"nn", "fwht fastfood"},
	{"models", "nn"},
	{"checkpoint", "fastfood nn"},
	{"train", "dataset nn checkpoint"},
	{"onnx", "fwht fastfood nn"},
	{"compress", "fastfood dataset nn checkpoint train onnx"},
	{"predict", "kernel/machine dataset/table dataset nn checkpoint train onnx"},
	{"paper", "dataset nn models checkpoint train compress"},
}

// outside says what a package, and all that it imports, may take from outside of
// the standard library. Other packages are free.
var outside = map[string]string{
	"fwht":       "golang.org/x/sys",
	"fastfood":   "golang.org/x/sys",
	"kernel":     "golang.org/x/sys",
	"nn":         "golang.org/x/sys",
	"models":     "golang.org/x/sys",
	"checkpoint": "golang.org/x/sys github.com/nlpodyssey/safetensors",
}

func TestImportsPointDownwards(t *testing.T) {
	allowed := map[string][]string{}
	var below []string
	for _, layer := range layers {
		allowed[layer.name] = strings.Fields(layer.imports)
		for _, name := range allowed[layer.name] {
			if !slices.Contains(below, name) {
				t.Errorf("the table lets %s import %s, which is not below it", layer.name, name)
			}
		}
		below = append(below, layer.name)
	}
	for name, imports := range packages(t) {
		internal := strings.HasPrefix(name, "internal/")
		if _, known := allowed[name]; !known && !internal && !strings.HasPrefix(name, "cmd/") {
			t.Errorf("package %s is new: give it a line in this test's table, at its height", name)
			continue
		}
		for _, path := range imports {
			imported, ours := strings.CutPrefix(path, module)
			if !ours || strings.HasPrefix(imported, "internal/") || strings.HasPrefix(name, "cmd/") {
				continue
			}
			if !slices.Contains(allowed[name], imported) {
				t.Errorf("%s imports %s: it may import %q", name, imported, allowed[name])
			}
		}
	}
}

func TestImportsFromOutside(t *testing.T) {
	all := packages(t)
	for name, modules := range outside {
		for _, path := range reachable(all, name) {
			domain, _, _ := strings.Cut(path, "/")
			if !strings.Contains(domain, ".") || strings.HasPrefix(path, module) {
				continue // the standard library, or ours
			}
			if !slices.ContainsFunc(strings.Fields(modules), func(m string) bool { return strings.HasPrefix(path+"/", m+"/") }) {
				t.Errorf("%s depends on %s: it may depend on %q", name, path, modules)
			}
		}
	}
}

// reachable returns all that a package imports, and what that imports of ours.
func reachable(all map[string][]string, name string) []string {
	var paths []string
	queue := []string{name}
	for seen := map[string]bool{name: true}; len(queue) > 0; queue = queue[1:] {
		for _, path := range all[queue[0]] {
			if !seen[path] {
				seen[path] = true
				paths = append(paths, path)
				queue = append(queue, strings.TrimPrefix(path, module))
			}
		}
	}
	return paths
}

// packages returns what the files of each package of the module import, tests
// apart, whatever machine they are for.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, nested := os.Stat(filepath.Join(path, "go.mod"))
			if path != root && (nested == nil || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(folder)
		if all[name] == nil {
			all[name] = []string{} // a package that imports nothing is one, too
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			all[name] = append(all[name], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all["nn"]) == 0 {
		t.Fatal("the walk did not find package nn")
	}
	return all
}
