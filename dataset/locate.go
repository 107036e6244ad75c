package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/deepfry/deepfry/dataset/mnist"
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
// Any other name is the path of a folder of IDX files or pictures. The error says
// where which files were missing and how to get them.
func Locate(name string) (dir string, err error) {
	place, err := locate(name)
	return place.dir, err
}

// place is where the files of a dataset are.
type place struct {
	dir      string
	files    idxFiles
	pictures *pictureFolder // nil: there are IDX files
}

func locate(name string) (p place, err error) {
	switch name {
	case "":
		return place{}, errors.New(`dataset: no name: give "mnist", "fashion", or a folder that holds IDX files or pictures`)
	case "mnist", "fashion":
		if p.dir, err = locateKnown(name); err != nil {
			return place{}, err
		}
		p.files, err = find(p.dir)
		return p, err
	}
	p.dir = name
	var missing error
	if p.files, missing = find(name); missing == nil {
		return p, nil
	}
	if len(subfolders(name)) > 0 {
		if p.pictures, err = listPictures(name); err != nil {
			return place{}, fmt.Errorf("%w; nor are there IDX files: %w", err, missing)
		}
		return p, nil
	}
	return place{}, fmt.Errorf(`dataset: %q is neither "mnist" nor "fashion" nor a folder with the IDX files of a dataset: %w; %s; or, for pictures, a subfolder for each class`,
		name, missing, wantedFiles)
}

func locateKnown(name string) (string, error) {
	var problems []string
	try := func(dir string) bool {
		_, err := find(dir)
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
	"t10k-labels-idx1-ubyte (each may be gzipped and end in .gz)"

// idxFiles holds the paths of the files that make up a dataset.
type idxFiles struct{ trainImages, trainLabels, testImages, testLabels string }

// find returns the files of a dataset in dir.
func find(dir string) (idxFiles, error) {
	if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return idxFiles{}, fmt.Errorf("no folder %s", dir)
	} else if err != nil {
		return idxFiles{}, err
	} else if !info.IsDir() {
		return idxFiles{}, fmt.Errorf("%s is not a folder", dir)
	}
	var paths [4]string
	for i, name := range [4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"} {
		paths[i] = findFile(dir, name)
		if paths[i] == "" {
			return idxFiles{}, fmt.Errorf("no file %s[.gz] in the folder %s", name, dir)
		}
	}
	return idxFiles{paths[0], paths[1], paths[2], paths[3]}, nil
}

// findFile returns the path of the file in dir, or "". The dot that some
// distributions of MNIST write before "idx" is welcome.
func findFile(dir, name string) string {
	dotted := strings.Replace(name, "-idx", ".idx", 1)
	for _, variant := range []string{name, name + ".gz", dotted, dotted + ".gz"} {
		path := filepath.Join(dir, variant)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}
