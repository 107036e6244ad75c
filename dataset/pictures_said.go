package dataset

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// passedOver gathers what was found in a folder of pictures and not read, or read
// otherwise than one may think. Paths begin with dir.
type passedOver struct {
	dir string
	// Of the folder, where others lie beside them.
	trainDir, testDir, validationDir string

	endings map[string]int // of files that are no pictures, in lower case
	loose   []string       // pictures that are in no class
	hidden  []string       // pictures whose names begin with a dot
	odd     []string       // pipes, devices and the like that are called as pictures are
	folders []string       // hidden, or of a system
	beside  []string       // folders beside train and test
	empty   []string       // class folders
	links   []string       // to folders that were read already
	within  []string       // folders called train, test and the like in one of a class
	merged  []string       // class folders whose names are that of another one, in NFC
	cases   []string       // classes that differ only in case
}

// add takes over what another part of the folder has.
func (p *passedOver) add(other passedOver) {
	for ending, count := range other.endings {
		p.ending(ending, count)
	}
	theirs := other.lists()
	for i, list := range p.lists() {
		*list = append(*list, *theirs[i]...)
	}
	p.cases = slices.Compact(slices.Sorted(slices.Values(p.cases))) // train and test have the same classes
}

func (p *passedOver) lists() []*[]string {
	return []*[]string{&p.loose, &p.hidden, &p.odd, &p.folders, &p.beside, &p.empty, &p.links, &p.within, &p.merged, &p.cases}
}

func (p *passedOver) ending(ending string, count int) {
	if p.endings == nil {
		p.endings = map[string]int{}
	}
	p.endings[ending] += count
}

// file notes a file that is not read; it is loose if it is in no class. Nobody takes
// those of systems for pictures.
func (p *passedOver) file(path string, loose bool) {
	name := filepath.Base(path)
	switch {
	case strings.HasPrefix(name, "._") || slices.Contains(systemFiles, strings.ToLower(name)):
	case strings.HasPrefix(name, "."):
		if isPicture(name) {
			p.hidden = append(p.hidden, path)
		}
	case !isPicture(name):
		p.ending(strings.ToLower(filepath.Ext(name)), 1)
	case loose:
		p.loose = append(p.loose, path)
	default:
		p.odd = append(p.odd, path)
	}
}

// similarCase notes classes whose names differ only in case.
func (p *passedOver) similarCase(classes []classFolder) {
	first := map[string]string{}
	for _, class := range classes {
		lower := strings.ToLower(class.name)
		if other, found := first[lower]; found {
			p.cases = append(p.cases, other+" and "+class.name)
		} else {
			first[lower] = class.name
		}
	}
}

// lines says it all, a line for each kind.
func (p *passedOver) lines() (lines []string) {
	say := func(paths []string, one, many string) {
		if len(paths) > 0 {
			lines = append(lines, countedLine(relative(p.dir, paths), one, many))
		}
	}
	if len(p.endings) > 0 {
		lines = append(lines, p.endingsLine())
	}
	say(p.loose, "passed over a picture that lies in no class folder", "passed over %d pictures that lie in no class folder")
	say(p.hidden, "passed over a hidden picture", "passed over %d hidden pictures")
	say(p.odd, "passed over a picture that is no regular file", "passed over %d pictures that are no regular files")
	say(p.folders, "passed over a folder that is hidden or the system's", "passed over %d folders that are hidden or the system's")
	if len(p.beside) > 0 {
		lines = append(lines, p.besideLine())
	}
	say(p.empty, "passed over a class folder without a picture", "passed over %d class folders without a picture")
	say(p.links, "passed over a link to a folder that is read elsewhere", "passed over %d links to folders that are read elsewhere")
	say(p.within, "a folder is read as a part of its class", "%d folders are read as parts of their classes")
	if len(p.merged) > 0 {
		lines = append(lines, "folders whose names differ only in the form of their Unicode are one class: "+nameList(relative(p.dir, p.merged), fewNames))
	}
	if len(p.cases) > 0 {
		lines = append(lines, "classes whose names differ only in case are not one: "+nameList(p.cases, fewNames))
	}
	return lines
}

// countedLine names what is said in one of two ways, of which the other takes the number.
func countedLine(names []string, one, many string) string {
	if len(names) > 1 {
		one = fmt.Sprintf(many, len(names))
	}
	return one + ": " + nameList(names, fewNames)
}

// besideLine says what lies beside the folders above the classes, and which those are.
func (p *passedOver) besideLine() string {
	var above []string
	for _, folder := range []struct{ dir, purpose string }{{p.trainDir, ""}, {p.validationDir, " (for validation)"}, {p.testDir, " (for tests)"}} {
		if folder.dir != "" {
			above = append(above, relative(p.dir, []string{folder.dir})[0]+folder.purpose)
		}
	}
	text := fmt.Sprintf("passed over %s: the classes are the folders within %s", nameList(relative(p.dir, p.beside), fewNames), strings.Join(above, " and "))
	if p.testDir == "" {
		text += ", a part of which is for tests"
	}
	return text
}

// endingsLine says which endings files have that were passed over, the most frequent
// ones first.
func (p *passedOver) endingsLine() string {
	endings := slices.SortedFunc(maps.Keys(p.endings), func(a, b string) int {
		if p.endings[a] != p.endings[b] {
			return p.endings[b] - p.endings[a]
		}
		return strings.Compare(a, b)
	})
	var total int
	var names []string
	for _, ending := range endings {
		total += p.endings[ending]
		if ending == "" {
			ending = "no ending"
		}
		names = append(names, ending)
	}
	if total == 1 {
		return "passed over a file that is no picture: " + nameList(names, fewNames)
	}
	return fmt.Sprintf("passed over %d files that are no pictures: %s", total, nameList(names, fewNames))
}

// relative shortens paths, which begin with dir, to what comes after it.
func relative(dir string, paths []string) []string {
	prefix := filepath.Clean(dir) + string(filepath.Separator)
	short := make([]string, len(paths))
	for i, path := range paths {
		short[i] = strings.TrimPrefix(path, prefix)
	}
	return short
}

// How many names are listed.
const (
	fewNames  = 5
	manyNames = 20 // in errors about these
)

// nameList joins names; all but the first ones are counted.
func nameList(names []string, most int) string {
	var list []string
	for _, name := range names[:min(len(names), most)] {
		list = append(list, printable(name))
	}
	text := strings.Join(list, ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return text
}

// printable returns a name, quoted if it would not show as what it is.
func printable(name string) string {
	invisible := func(r rune) bool { return !unicode.IsPrint(r) }
	if !utf8.ValidString(name) || strings.ContainsFunc(name, invisible) || strings.TrimSpace(name) != name {
		return strconv.Quote(name)
	}
	return name
}
