package dataset

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/deepfry/deepfry/internal/spelling"
	"golang.org/x/text/unicode/norm"
)

// checkClassName fails for a folder in dir whose name can't be that of a class: where
// it is no text, two that differ could read alike.
func checkClassName(dir, name string) error {
	problem := ""
	switch {
	case !utf8.ValidString(name):
		problem = "it is not in UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		problem = "it has a control character"
	case strings.Contains(name, `\`):
		problem = "it has a backslash, as if an archive from Windows had been unpacked otherwise than there"
	default:
		return nil
	}
	return fmt.Errorf("dataset: %s: the folder %q can't give its name to a class: %s: rename it", dir, name, problem)
}

// FolderClasses returns the names of the classes of a folder or a list of pictures, in
// order, or nil for other data. The errors are those of [Locate].
func FolderClasses(name string) ([]string, error) {
	place, err := locate(name)
	if err != nil || place.pictures == nil {
		return nil, err
	}
	var names []string
	classes, compare := slices.Concat(place.pictures.train, place.pictures.test), strings.Compare
	if place.pictures.list != "" {
		compare = listedOrder(classes)
	}
	for _, class := range classes {
		names = append(names, class.name)
	}
	slices.SortFunc(names, compare)
	return slices.Compact(names), nil
}

// labelsOf returns the place of each folder's class among classes, which are those of
// where. Names are compared in NFC; a hyphen in a folder's stands for a slash, which no
// folder can have. The error lists both sides.
func labelsOf(dir string, folders []classFolder, classes []string, where string) ([]int32, error) {
	places := map[string]int32{}
	for i, class := range classes {
		name := norm.NFC.String(class)
		if other, found := places[name]; found {
			return nil, fmt.Errorf("dataset: %s has two classes of one name, %d and %d: %q and %q", where, other, i, classes[other], class)
		}
		places[name] = int32(i)
	}
	for i, class := range classes {
		name := strings.ReplaceAll(norm.NFC.String(class), "/", "-")
		if _, taken := places[name]; !taken {
			places[name] = int32(i)
		}
	}
	labels := make([]int32, len(folders))
	var unknown []string
	for i, folder := range folders {
		label, found := places[folder.name]
		if labels[i] = label; !found {
			unknown = append(unknown, folder.name)
		}
	}
	if unknown == nil {
		return labels, nil
	}
	text := fmt.Sprintf("dataset: %s: %s: there is no class of this name in %s, whose classes are %s", dir, nameList(unknown, manyNames), where, nameList(classes, manyNames))
	for _, name := range unknown[:min(len(unknown), 3)] {
		if class := spelling.Nearest(name, classes); class != "" {
			text += fmt.Sprintf("; if %s is the class %s, rename it", printable(name), printable(class))
		}
	}
	return nil, fmt.Errorf("%s", text)
}
