package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/dataset/mnist"
	"github.com/deepfry/deepfry/internal/filekind"
)

// debianFashion is where Debian's package dataset-fashion-mnist puts its files.
const debianFashion = "/usr/share/datasets/fashion-mnist"

// Locate returns the folder that holds a dataset. For
// "mnist" and "fashion" these places are tried in turn:
//
//   - the folder of that name in the folder that the environment variable
//     DEEPFRY_DATA names,
//   - the folder deepfry/<name> in the user's cache folder ([os.UserCacheDir]),
//   - mnist: the Go module that ships them ([mnist.Dir]), which may have to be
//     downloaded; fashion: /usr/share/datasets/fashion-mnist, where Debian's
//     package dataset-fashion-mnist puts them.
//
// Any other name is a path: of a folder of IDX files or pictures, of one of several
// sets of IDX files in a folder (data/emnist-letters for the files
// data/emnist-letters-train-images-idx3-ubyte and so on), of an .npz file, or of a list of
// pictures. The folder of the files is returned. The error says where which files were missing and
// how to get them.
func Locate(name string) (dir string, err error) {
	place, err := locate(name)
	return place.dir, err
}

// Files returns the paths of the files that [OpenWith] may read of a dataset, which no
// output should replace: of a list of pictures the list and these, of a folder of pictures
// all that lie in its classes. Of what is no dataset it is the name alone.
func Files(name string) []string {
	p, err := locate(name)
	switch {
	case err != nil:
		return []string{name}
	case p.npz != "":
		return []string{p.npz}
	case p.pictures == nil:
		paths := []string{p.files.trainImages, p.files.trainLabels, p.files.testImages, p.files.testLabels}
		if names, _ := readClassNames(p.dir, p.set); names.from != "" {
			paths = append(paths, names.from)
		}
		return paths
	}
	var paths []string
	if p.pictures.list != "" {
		paths = append(paths, p.pictures.list)
	}
	for _, class := range slices.Concat(p.pictures.train, p.pictures.test, p.pictures.validation) {
		for _, file := range class.files {
			paths = append(paths, file.path)
		}
	}
	return paths
}

// place is where the files of a dataset are.
type place struct {
	dir      string
	set      string // what the names of the IDX files begin with: emnist-letters, or ""
	files    idxFiles
	pictures *foundPictures // of a folder or a list; nil: there are IDX files, or:
	npz      string         // the path of an .npz file
	said     []string
}

func locate(name string) (p place, err error) {
	switch name {
	case "":
		return place{}, errors.New(`dataset: no name: give "mnist", "fashion", or a folder that holds IDX files or pictures`)
	case "mnist", "fashion":
		if p.dir, err = locateKnown(name); err != nil {
			return place{}, err
		}
		p.files, err = find(p.dir, "")
		return p, err
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return locateSet(name, err)
	case info.IsDir():
		return locateFolder(name)
	}
	return locateFile(name)
}

// locateFolder is locate for the path of a folder.
func locateFolder(dir string) (place, error) {
	p, missing := findOnly(dir)
	if missing == nil {
		return p, nil
	} else if errors.Is(missing, errSeveral) {
		return place{}, fmt.Errorf("dataset: %w", missing)
	} else if len(subfolders(dir)) == 0 {
		return place{}, notFound(dir, missing)
	}
	pictures, err := listPictures(dir)
	if err != nil {
		return place{}, fmt.Errorf("%w; nor are there IDX files: %w", err, missing)
	}
	return place{dir: dir, pictures: pictures}, nil
}

// locateSet is locate for a path at which there is nothing: that of a folder, and what
// the names of files in it begin with.
func locateSet(path string, missing error) (p place, err error) {
	if IsNPZ(path) || isList(path) {
		return place{}, fmt.Errorf("dataset: %s: expected a list of pictures or an .npz file: %w", path, missing)
	}
	dir, set := filepath.Split(path)
	dir = filepath.Clean(dir)
	sets, _ := listSets(dir) // what can't be read has none
	if sets[set] == nil {
		if errors.Is(missing, fs.ErrNotExist) {
			missing = fmt.Errorf("no folder %s%s", path, sayNearby(dir))
		}
		return place{}, notFound(path, missing)
	}
	if err := sets[set].check(dir, set); err != nil {
		return place{}, fmt.Errorf("dataset: %w", err)
	}
	return place{dir: dir, set: set, files: sets[set].idxFiles}, nil
}

func notFound(name string, missing error) error {
	return fmt.Errorf(`dataset: %q is neither "mnist" nor "fashion" nor a folder with the IDX files of a dataset: %w; %s; or, for pictures, a subfolder for each class; nor is it the path of an .npz file or a list of pictures`,
		name, missing, wantedFiles)
}

// locateFile is locate for the path of a file.
func locateFile(path string) (place, error) {
	dir, file := filepath.Dir(path), filepath.Base(path)
	if name := setFile.FindStringSubmatch(file); name != nil {
		return place{}, fmt.Errorf("dataset: %s is one of the four files of a dataset: give %s", path, filepath.Join(dir, name[1]))
	}
	if IsNPZ(path) {
		return place{dir: dir, npz: path}, nil
	}
	if isList(path) {
		pictures, err := picturesOfList(path)
		return place{dir: dir, pictures: pictures}, err
	}
	found := "something else"
	if kind, err := filekind.OfFile(path); err == nil && kind != "" {
		found = kind
	}
	return place{}, fmt.Errorf(`dataset: %s is %s: expected "mnist", "fashion", a folder that holds IDX files or pictures, a list of pictures (%s), or an .npz file`, path, found, strings.Join(listEndings, ", "))
}

func locateKnown(name string) (string, error) {
	var problems []string
	try := func(dir string) bool {
		_, err := find(dir, "")
		if err != nil {
			problems = append(problems, err.Error())
		}
		return err == nil
	}
	advice := "into a folder " + name + " of the folder that DEEPFRY_DATA names"
	if data := os.Getenv("DEEPFRY_DATA"); data == "" {
		problems = append(problems, "DEEPFRY_DATA is not set")
	} else if dir := filepath.Join(data, name); try(dir) {
		return dir, nil
	}
	if cache, err := os.UserCacheDir(); err != nil {
		problems = append(problems, "no cache folder: "+err.Error())
	} else if dir := filepath.Join(cache, "deepfry", name); try(dir) {
		return dir, nil
	} else {
		advice = "into " + dir + " or " + advice
	}
	if name == "fashion" {
		if try(debianFashion) {
			return debianFashion, nil
		}
		advice += " (on Debian and Ubuntu: apt-get install dataset-fashion-mnist)"
	} else if dir, err := mnist.Dir(); err != nil {
		problems = append(problems, err.Error())
	} else if try(dir) {
		return dir, nil
	}
	return "", fmt.Errorf("dataset: %s was not found:\n\t%s\nPut %s, %s", name,
		strings.ReplaceAll(strings.Join(problems, "\n"), "\n", "\n\t"), wantedFiles, advice)
}

// wantedFiles is for error messages.
const wantedFiles = "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and " +
	"t10k-labels-idx1-ubyte (each may be gzipped and end in .gz, and begin as emnist-letters-train-images-idx3-ubyte does)"

// idxFiles holds the paths of the files that make up a dataset.
type idxFiles struct{ trainImages, trainLabels, testImages, testLabels string }

// setFile matches the names of such files, with what comes before train or test: MNIST's
// t10k-images-idx3-ubyte, EMNIST's emnist-letters-train-images-idx3-ubyte.gz, QMNIST's
// qmnist-test-labels-idx2-int, Kuzushiji-49's k49-train-imgs.npz. Some distributions of
// MNIST write a dot before "idx".
var setFile = regexp.MustCompile(`^(?:(.+)-)?(train|test|t10k)-(images|imgs|labels)(?:[-.]idx[0-9]+-[a-z0-9]+(?:\.gz)?|\.npz)$`)

// fileSet is the files in a folder whose names begin alike.
type fileSet struct {
	idxFiles
	twice error // where there are two for one of the four
}

// listSets returns the sets of files in dir, by what their names begin with.
func listSets(dir string) (map[string]*fileSet, error) {
	entries, err := os.ReadDir(dir) // an unzipped file comes before its like in .gz
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no folder %s", dir)
	} else if err != nil {
		return nil, err
	}
	sets := map[string]*fileSet{}
	for _, entry := range entries {
		name := setFile.FindStringSubmatch(entry.Name())
		if name == nil || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		set := sets[name[1]]
		if set == nil {
			set = &fileSet{}
			sets[name[1]] = set
		}
		slot := map[[2]bool]*string{
			{true, false}: &set.trainImages, {true, true}: &set.trainLabels,
			{false, false}: &set.testImages, {false, true}: &set.testLabels,
		}[[2]bool{name[2] == "train", name[3] == "labels"}]
		if *slot == "" {
			*slot = path
		} else if plainName(*slot) != plainName(path) {
			set.twice = fmt.Errorf("%s and %s are in the folder %s: move one of them away", filepath.Base(*slot), entry.Name(), dir)
		}
	}
	return sets, nil
}

// plainName is the same for a file and its gzipped copy, with or without a dot.
func plainName(path string) string {
	return strings.Replace(strings.TrimSuffix(filepath.Base(path), ".gz"), ".idx", "-idx", 1)
}

// find returns the files of a set in dir.
func find(dir, set string) (idxFiles, error) {
	sets, err := listSets(dir)
	if err != nil {
		return idxFiles{}, err
	}
	if sets[set] == nil {
		sets[set] = &fileSet{}
	}
	return sets[set].idxFiles, sets[set].check(dir, set)
}

// check returns an error that names a file which is missing.
func (s *fileSet) check(dir, set string) error {
	all := []string{s.trainImages, s.trainLabels, s.testImages, s.testLabels}
	wanted := []string{"train-images-idx3-ubyte[.gz]", "train-labels-idx1-ubyte[.gz]", "t10k-images-idx3-ubyte[.gz]", "t10k-labels-idx1-ubyte[.gz]"}
	for i, path := range all {
		if path != "" {
			continue
		}
		name := wanted[i]
		if set != "" {
			name = set + "-" + strings.Replace(name, "t10k", "test", 1)
		}
		if set == "qmnist" {
			name = strings.Replace(name, "idx1-ubyte", "idx2-int", 1)
		}
		if slices.ContainsFunc(all, IsNPZ) {
			name = strings.Replace(name[:strings.LastIndex(name, "-idx")]+".npz", "images", "imgs", 1)
		}
		return fmt.Errorf("no file %s in the folder %s", name, dir)
	}
	return s.twice
}

// errSeveral is that of a folder with more than one dataset.
var errSeveral = errors.New("there are several datasets")

// findOnly returns the one set of files in dir, or that without a name before train.
func findOnly(dir string) (place, error) {
	sets, err := listSets(dir)
	if err != nil {
		return place{}, err
	}
	var complete []string // sorted, so that "" is the first
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		if err := sets[name].check(dir, name); err == nil {
			complete = append(complete, name)
		} else {
			problems = append(problems, err.Error())
		}
	}
	switch {
	case len(complete) == 0 && len(problems) == 0:
		return place{}, fmt.Errorf("%w%s", (&fileSet{}).check(dir, ""), sayNearby(dir))
	case len(complete) == 0:
		return place{}, errors.New(strings.Join(problems, "; "))
	case len(complete) > 1 && complete[0] != "":
		return place{}, fmt.Errorf("%w in the folder %s: give one of %s", errSeveral, dir, joinPaths(dir, complete))
	}
	p := place{dir: dir, set: complete[0], files: sets[complete[0]].idxFiles}
	if len(complete) > 1 {
		p.said = []string{fmt.Sprintf("of the folder %s, the files without a name before train and t10k are read; there are others for %s", dir, joinPaths(dir, complete[1:]))}
	}
	return p, nil
}

// sayNearby tells what could have been meant: the datasets in dir and its subfolders.
func sayNearby(dir string) string {
	folders := subfolders(dir)
	folders = folders[:min(len(folders), 100)] // in a home folder there may be many
	var paths []string
	for _, folder := range append([]string{""}, folders...) {
		folder = filepath.Join(dir, folder)
		sets, _ := listSets(folder) // what can't be read has none
		for _, name := range slices.Sorted(maps.Keys(sets)) {
			if sets[name].check(folder, name) == nil {
				paths = append(paths, filepath.Join(folder, name))
			}
		}
	}
	if len(paths) == 0 {
		return ""
	}
	const most = 20
	return ", but there is " + strings.Join(paths[:min(len(paths), most)], ", ")
}

func joinPaths(dir string, names []string) string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = filepath.Join(dir, name)
	}
	return strings.Join(paths, ", ")
}
