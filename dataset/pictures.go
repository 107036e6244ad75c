package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// foundPictures are those of a folder, a subfolder for each class, or of a list, as they
// were found: what options choose of them is a pictureSet.
type foundPictures struct {
	dir  string
	list string   // the path of the list, which lies in dir; "" for a folder
	said []string // of the list
	// Above the classes, or the path of the list; "" where there is none.
	trainDir, testDir, validationDir string
	train, test, validation          []classFolder
	passed                           passedOver
}

// classFolder holds the pictures of a class, at least one.
type classFolder struct {
	name  string        // in NFC
	files []pictureFile // in order of their names, folder by folder
}

type pictureFile struct {
	path   string
	nested bool // in a folder within that of its class
}

// Names of the folders above those of the classes, in any case, best first.
var (
	trainFolders      = []string{"train", "training"}
	testFolders       = []string{"test", "testing"}
	validationFolders = []string{"val", "valid", "validation", "dev"}
)

// isPart tells whether a folder of this name is above the classes, or may be.
func isPart(name string) bool {
	return slices.Contains(slices.Concat(trainFolders, testFolders, validationFolders), strings.ToLower(name))
}

// pictureEndings are those of the formats that ReadPicture knows.
var pictureEndings = []string{".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".gif", ".webp",
	".tif", ".tiff", ".bmp", ".dib", ".pbm", ".pgm", ".ppm", ".pnm", ".pam"}

// What systems put beside pictures, in lower case. Hidden ones begin with a dot.
var (
	systemFolders = []string{"__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found", "__pycache__"}
	systemFiles   = []string{"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
)

// listPictures finds the pictures of a folder, as Open describes it.
func listPictures(dir string) (*foundPictures, error) {
	f := &foundPictures{dir: dir, passed: passedOver{dir: dir}}
	var err error
	if f.trainDir, f.train, err = f.above(trainFolders); err != nil {
		return nil, err
	}
	if f.trainDir != "" || onlyTests(dir) {
		if f.testDir, f.test, err = f.above(testFolders); err != nil {
			return nil, err
		}
		if f.validationDir, f.validation, err = f.above(validationFolders); err != nil {
			return nil, err
		}
		if f.testDir == "" { // where there is one of the two, it is for tests
			f.testDir, f.test, f.validationDir, f.validation = f.validationDir, f.validation, "", nil
		}
	}
	if f.trainDir == "" && f.testDir == "" {
		f.trainDir = dir
		if f.train, err = listClasses(dir, dir, &f.passed); err != nil {
			return nil, err
		}
	} else if err := f.beside(); err != nil {
		return nil, err
	}
	if len(f.train)+len(f.test) == 0 {
		return nil, f.fewClasses(nil)
	}
	return f, nil
}

// place is the folder or the list, for messages.
func (f *foundPictures) place() string { return cmp.Or(f.list, f.dir) }

// fewClasses is the error of a folder or list that has too few classes to train on.
func (f *foundPictures) fewClasses(classes []classFolder) error {
	var found []string
	for _, class := range classes {
		found = append(found, class.name)
	}
	if f.list != "" {
		return fmt.Errorf("dataset: %s: expected pictures of at least two classes to train on, found %d: %s", f.list, len(found), nameList(found, fewNames))
	}
	text := fmt.Sprintf("dataset: %s: expected subfolders with the pictures of a class each, at least two, found %d", f.trainDir, len(found))
	if len(found) > 0 {
		text += ": " + nameList(found, fewNames)
	}
	for _, line := range f.passed.lines() {
		text += "; " + line
	}
	return errors.New(text)
}

// above finds the first folder that has one of the names and classes in it: a class
// may be called train, too. It returns "" if there is none.
func (f *foundPictures) above(wanted []string) (string, []classFolder, error) {
	names := subfolders(f.dir)
	for _, want := range wanted {
		for _, name := range names {
			if !strings.EqualFold(name, want) {
				continue
			}
			dir, passed := filepath.Join(f.dir, name), passedOver{dir: f.dir}
			classes, err := listClasses(f.dir, dir, &passed)
			if err != nil {
				return "", nil, err
			}
			if len(classes) > 0 {
				f.passed.add(passed)
				return dir, classes, nil
			}
		}
	}
	return "", nil, nil
}

// onlyTests tells whether all folders in dir are called as those above the classes
// for tests are.
func onlyTests(dir string) bool {
	return !slices.ContainsFunc(subfolders(dir), func(name string) bool {
		return !slices.Contains(slices.Concat(testFolders, validationFolders), strings.ToLower(name))
	})
}

// beside notes what lies beside the folders above the classes, and is passed over.
func (f *foundPictures) beside() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	for _, entry := range entries {
		path := filepath.Join(f.dir, entry.Name())
		if path == f.trainDir || path == f.testDir || path == f.validationDir {
			continue
		}
		switch mode, _ := target(entry, path); {
		case !mode.IsDir():
			f.passed.file(path, true)
		case isPassedOver(entry.Name()):
			f.passed.folders = append(f.passed.folders, path)
		default:
			f.passed.beside = append(f.passed.beside, path)
		}
	}
	f.passed.trainDir, f.passed.testDir, f.passed.validationDir = f.trainDir, f.testDir, f.validationDir
	return nil
}

// subfolders returns the names of the folders in dir, sorted, but for hidden ones and
// those of systems.
func subfolders(dir string) (names []string) {
	entries, _ := os.ReadDir(dir) // what can't be read has none
	for _, entry := range entries {
		if mode, err := target(entry, filepath.Join(dir, entry.Name())); err == nil && mode.IsDir() && !isPassedOver(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return names
}

// isPassedOver tells whether a folder of this name is hidden, or a system's.
func isPassedOver(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains(systemFolders, strings.ToLower(name))
}

// isPicture tells whether a file of this name is read.
func isPicture(name string) bool {
	return slices.Contains(pictureEndings, strings.ToLower(filepath.Ext(name)))
}

// target returns the type of what an entry of a folder is, or links to.
func target(entry os.DirEntry, path string) (fs.FileMode, error) {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.Type(), nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return fs.ModeSymlink, err
	}
	return info.Mode().Type(), nil
}

// listClasses returns the classes in dir, which is root or below it, sorted by name.
// Folders whose names are one in NFC are one class.
func listClasses(root, dir string, passed *passedOver) ([]classFolder, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	var classes []classFolder
	places := map[string]int{}
	for _, entry := range entries {
		name, path := entry.Name(), filepath.Join(dir, entry.Name())
		if mode, _ := target(entry, path); !mode.IsDir() {
			passed.file(path, true)
			continue
		} else if isPassedOver(name) {
			passed.folders = append(passed.folders, path)
			continue
		} else if err := checkClassName(dir, name); err != nil {
			return nil, err
		}
		files, err := listClass(root, dir, path, passed)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			passed.empty = append(passed.empty, path)
			continue
		}
		name = norm.NFC.String(name)
		place, twin := places[name]
		if !twin {
			places[name] = len(classes)
			classes = append(classes, classFolder{name, files})
			continue
		}
		passed.merged = append(passed.merged, filepath.Join(dir, name))
		classes[place].files = append(classes[place].files, files...)
	}
	slices.SortFunc(classes, func(a, b classFolder) int { return strings.Compare(a.name, b.name) })
	passed.similarCase(classes)
	return classes, nil
}

// listClass returns the pictures in the folder of a class, at any depth. The folder
// is in above, which is root or below it.
func listClass(root, above, dir string, passed *passedOver) ([]pictureFile, error) {
	w := classWalk{passed: passed, seen: map[string]bool{}}
	for _, path := range []string{root, above} {
		real, err := realPath(path)
		if err != nil {
			return nil, err
		}
		w.above = append(w.above, real)
	}
	err := w.folder(dir, false)
	return w.files, err
}

// classWalk goes through the folders of a class.
type classWalk struct {
	passed *passedOver
	above  []string        // real paths of folders that hold all classes
	seen   map[string]bool // real paths of the folders that were read
	files  []pictureFile
}

// folder reads a folder, unless that is a second time, or a link to one in which
// all classes are.
func (w *classWalk) folder(dir string, nested bool) error {
	real, err := realPath(dir)
	if err != nil {
		return err
	}
	holdsAll := func(above string) bool { return isAbove(real, above) }
	if w.seen[real] || slices.ContainsFunc(w.above, holdsAll) {
		w.passed.links = append(w.passed.links, dir)
		return nil
	}
	w.seen[real] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	for _, entry := range entries {
		name, path := entry.Name(), filepath.Join(dir, entry.Name())
		mode, err := target(entry, path)
		switch {
		case mode.IsDir() && isPassedOver(name):
			w.passed.folders = append(w.passed.folders, path)
		case mode.IsDir():
			if isPart(name) {
				w.passed.within = append(w.passed.within, path)
			}
			if err := w.folder(path, true); err != nil {
				return err
			}
		case !strings.HasPrefix(name, ".") && isPicture(name) && (mode.IsRegular() || err != nil):
			w.files = append(w.files, pictureFile{path, nested}) // a link that leads nowhere is a bad file
		default:
			w.passed.file(path, false)
		}
	}
	return nil
}

// realPath returns the path without links.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", fmt.Errorf("dataset: %w", err)
	}
	return path, nil
}

// isAbove tells whether path is dir or below it; both are real paths.
func isAbove(dir, path string) bool {
	separator := string(filepath.Separator)
	return strings.HasPrefix(path+separator, strings.TrimSuffix(dir, separator)+separator)
}
